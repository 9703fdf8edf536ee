// SPDX-License-Identifier: BSD-3-Clause
#include "request.h"

static int hex4(const char *p)
{
	int value = 0;
	for (int i = 0; i < 4; i++) {
		char c = p[i];
		int digit = c >= '0' && c <= '9' ? c - '0'
			: c >= 'a' && c <= 'f'	 ? c - 'a' + 10
			: c >= 'A' && c <= 'F'	 ? c - 'A' + 10
						 : -1;
		if (digit < 0)
			return -1;
		value = value * 16 + digit;
	}
	return value;
}

// JSON allows \ud800 alone, jansson does not: such an escape becomes that of U+FFFD.
static void mend_surrogates(char *line, size_t len)
{
	for (size_t i = 0; i + 1 < len; i++) {
		if (line[i] != '\\')
			continue;
		i++; // what is escaped
		if (line[i] != 'u' || len - i < 5)
			continue;
		int unit = hex4(line + i + 1);
		if (unit < 0xd800 || unit > 0xdfff)
			continue;
		bool high = unit < 0xdc00;
		int next = high && len - i >= 11 && line[i + 5] == '\\' && line[i + 6] == 'u'
			? hex4(line + i + 7)
			: -1;
		if (next >= 0xdc00 && next <= 0xdfff)
			i += 10;
		else
			memcpy(line + i + 1, "fffd", 4);
	}
}

static bool is_listed(const char *const *names, const char *name)
{
	for (; *names != NULL; names++)
		if (strcmp(*names, name) == 0)
			return true;
	return false;
}

json_t *line_parse(char *line, size_t len, const char *const *names, struct jg_error *err)
{
	json_error_t error;
	if (memmem(line, len, "\\u", 2) != NULL)
		mend_surrogates(line, len);
	json_t *json = json_loadb(line, len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);
	if (!json_is_object(json)) {
		// jansson quotes what stands there; that may be a token.
		const char *quoted = strstr(error.text, " near ");
		if (json == NULL)
			jg_error_set(err, "not JSON: %.*s, column %d; expected one object a line",
				quoted != NULL ? (int)(quoted - error.text)
					       : (int)strlen(error.text),
				error.text, error.column);
		else
			jg_error_set(err, "not a JSON object; expected one object a line");
		json_decref(json);
		return NULL;
	}
	const char *name;
	json_t *value;
	json_object_foreach(json, name, value)
	{
		if (!is_listed(names, name)) {
			jg_error_set(
				err, "unknown field \"%.64s\"; see --help for the fields", name);
			json_decref(json);
			return NULL;
		}
	}
	return json;
}

bool line_text(const json_t *json, const char *name, struct jg_str *text, struct jg_error *err)
{
	const json_t *value = json_object_get(json, name);
	*text = (struct jg_str){NULL, 0};
	if (value == NULL || json_is_null(value))
		return true;
	if (!json_is_string(value)) {
		jg_error_set(err, "field \"%s\" is not text", name);
		return false;
	}
	*text = (struct jg_str){json_string_value(value), (uint32_t)json_string_length(value)};
	return true;
}

bool line_number(
	const json_t *json, const char *name, int64_t *number, bool *is_null, struct jg_error *err)
{
	const json_t *value = json_object_get(json, name);
	if (is_null != NULL)
		*is_null = json_is_null(value);
	if (value == NULL || json_is_null(value))
		return true;
	if (!json_is_integer(value)) {
		jg_error_set(err, "field \"%s\" is not a whole number", name);
		return false;
	}
	*number = json_integer_value(value);
	return true;
}

unsigned request_vendor(const struct jg_config *config, struct jg_str app)
{
	for (uint32_t i = 0; config != NULL && app.p != NULL && i < config->apps_n; i++)
		if (jg_str_eq(config->apps[i].key, app))
			return config->apps[i].vendor;
	return JG_VENDOR_LIVEKIT;
}

struct word {
	const char *name;
	uint8_t value;
};

static bool word_value(const json_t *json, const char *name, const struct word *words,
	uint8_t *value, struct jg_error *err)
{
	struct jg_str text;
	if (!line_text(json, name, &text, err))
		return false;
	*value = words[0].value;
	if (text.p == NULL)
		return true;
	for (; words->name != NULL; words++) {
		if (strlen(words->name) == text.len && memcmp(words->name, text.p, text.len) == 0) {
			*value = words->value;
			return true;
		}
	}
	jg_error_set(err, "field \"%s\" is \"%.32s\", which is none of its words", name, text.p);
	return false;
}

static bool read_fields(
	struct request_line *parsed, const struct jg_config *config, struct jg_error *err)
{
	static const struct word types[] = {{"join", JG_REQUEST_JOIN},
		{"reconnect", JG_REQUEST_RECONNECT}, {"refresh", JG_REQUEST_REFRESH}, {NULL, 0}};
	static const struct word services[] = {
		{"rtc", JG_SERVICE_RTC}, {"rtm", JG_SERVICE_RTM}, {NULL, 0}};
	struct jg_request *request = &parsed->request;
	const json_t *json = parsed->json;
	struct jg_str vendor;
	if (!line_text(json, "token", &request->token, err) ||
		!line_text(json, "vendor", &vendor, err) ||
		!line_text(json, "app", &request->app, err) ||
		!line_text(json, "room", &request->room, err) ||
		!line_text(json, "identity", &request->identity, err) ||
		!word_value(json, "type", types, &request->type, err) ||
		!word_value(json, "service", services, &request->service, err) ||
		!line_number(json, "now", &parsed->now, NULL, err))
		return false;
	if (request->token.p == NULL) {
		jg_error_set(err, "no field \"token\"");
		return false;
	}
	if (request->app.len == 0)
		request->app.p = NULL;
	request->vendor = (uint8_t)(vendor.p != NULL ? jg_vendor_find(vendor)
						     : request_vendor(config, request->app));
	if (request->vendor == JG_VENDOR_NONE)
		jg_error_set(err,
			"field \"vendor\" is \"%.32s\"; expected livekit, stream, opentok, vonage "
			"or agora",
			vendor.p);
	return request->vendor != JG_VENDOR_NONE;
}

bool request_parse(struct request_line *parsed, char *line, size_t len,
	const struct jg_config *config, struct jg_error *err)
{
	static const char *const names[] = {
		"token", "vendor", "app", "room", "identity", "service", "type", "now", NULL};
	*parsed = (struct request_line){.now = JG_TIME_NONE};
	parsed->json = line_parse(line, len, names, err);
	if (parsed->json == NULL)
		return false;
	if (read_fields(parsed, config, err))
		return true;
	request_fini(parsed);
	return false;
}

void request_fini(struct request_line *parsed)
{
	json_decref(parsed->json);
	parsed->json = NULL;
}
