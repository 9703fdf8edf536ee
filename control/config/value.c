// SPDX-License-Identifier: BSD-3-Clause
// One setting's value, from JSON into its member.
#include "settings.h"

#include <joingate/verify.h>

static bool is_secret(const struct setting *setting)
{
	return setting->kind == KIND_SECRET;
}

// What stands there, without giving a secret away.
static void describe(const struct setting *setting, json_t *value, char *text, size_t size)
{
	switch (json_typeof(value)) {
	case JSON_OBJECT:
		(void)snprintf(text, size, "an object");
		return;
	case JSON_ARRAY:
		(void)snprintf(text, size, "a list");
		return;
	case JSON_STRING:
		if (is_secret(setting))
			(void)snprintf(text, size, "text");
		else
			(void)snprintf(text, size, "\"%.32s%s\"", json_string_value(value),
				json_string_length(value) > 32 ? "..." : "");
		return;
	case JSON_INTEGER:
		(void)snprintf(text, size, "%lld", (long long)json_integer_value(value));
		return;
	case JSON_REAL:
		(void)snprintf(text, size, "%g", json_real_value(value));
		return;
	default:
		(void)snprintf(text, size, "%s",
			json_is_null(value)	      ? "null"
				: json_is_true(value) ? "true"
						      : "false");
	}
}

static const char *shape(const struct setting *setting)
{
	switch (setting->kind) {
	case KIND_INTEGER:
	case KIND_TIME:
		return "a whole number, ";
	case KIND_TEXT:
	case KIND_SECRET:
		return "text, ";
	case KIND_CONTENT:
	case KIND_KEY_FILE:
	case KIND_PATH:
		return "a file name, ";
	case KIND_WORD:
	case KIND_VENDOR:
	case KIND_SCOPE:
	case KIND_BOOLEAN:
	case KIND_TOKEN_ID:
	case KIND_LISTEN:
	case KIND_POLICY:
		return "";
	case KIND_ROLES:
		return "an object of ";
	default:
		return "a list of ";
	}
}

void jg_config_unexpected(struct loader *loader, const struct setting *setting, json_t *value,
	const struct place *place)
{
	char is[64], expected[128];
	describe(setting, value, is, sizeof(is));
	jg_config_expected(setting, expected, sizeof(expected));
	jg_config_mistake(loader, place, "is %s; expected %s%s", is, shape(setting), expected);
}

struct jg_str jg_config_copy(struct loader *loader, const char *text, size_t len)
{
	char *copy = jg_config_memory_get(loader->config->memory, 1, len + 1);
	if (copy == NULL) {
		loader->out_of_memory = true;
		return (struct jg_str){NULL, 0};
	}
	memcpy(copy, text, len);
	return (struct jg_str){copy, (uint32_t)len};
}

static void store(const struct setting *setting, char *to, int64_t number)
{
	char *member = to + setting->offset;
	uint8_t narrow = (uint8_t)number;
	int32_t middle = (int32_t)number;
	switch (setting->size) {
	case sizeof(narrow):
		memcpy(member, &narrow, sizeof(narrow));
		return;
	case sizeof(middle):
		memcpy(member, &middle, sizeof(middle));
		return;
	default:
		assert(setting->size == sizeof(number));
		memcpy(member, &number, sizeof(number));
	}
}

static void store_text(const struct setting *setting, char *to, struct jg_str text)
{
	assert(setting->size == sizeof(text));
	memcpy(to + setting->offset, &text, sizeof(text));
}

static void read_number(struct loader *loader, const struct setting *setting, json_t *value,
	char *to, const struct place *place)
{
	if (json_is_null(value) && strcmp(setting->preset, "null") == 0) {
		store(setting, to, setting->kind == KIND_TIME ? JG_TIME_NONE : -1);
		return;
	}
	if (!json_is_integer(value)) {
		jg_config_unexpected(loader, setting, value, place);
		return;
	}
	int64_t number = json_integer_value(value);
	char expected[128];
	jg_config_expected(setting, expected, sizeof(expected));
	if (number < setting->min || number > setting->max)
		jg_config_mistake(
			loader, place, "is %lld; expected %s", (long long)number, expected);
	else
		store(setting, to, number);
}

// A string of the setting's length; NULL when it is not one.
static const char *text_of(struct loader *loader, const struct setting *setting, json_t *value,
	const struct place *place)
{
	if (!json_is_string(value)) {
		jg_config_unexpected(loader, setting, value, place);
		return NULL;
	}
	int64_t len = (int64_t)json_string_length(value);
	bool file = setting->kind == KIND_CONTENT || setting->kind == KIND_KEY_FILE;
	if (file && len >= 1 && len <= 4095)
		return json_string_value(value);
	char expected[128];
	jg_config_expected(setting, expected, sizeof(expected));
	if (file)
		(void)snprintf(expected, sizeof(expected), "1..4095 bytes");
	if (file || len < setting->min || len > setting->max) {
		jg_config_mistake(
			loader, place, "is %lld bytes; expected %s", (long long)len, expected);
		return NULL;
	}
	return json_string_value(value);
}

static void read_text(struct loader *loader, const struct setting *setting, json_t *value, char *to,
	const struct place *place)
{
	const char *text = text_of(loader, setting, value, place);
	struct jg_str copy = {"", 0}; // a mistake here is not also one of absence
	if (text == NULL) {
		store_text(setting, to, copy);
		return;
	}
	if (setting->kind == KIND_CONTENT || setting->kind == KIND_KEY_FILE)
		jg_config_content(loader, setting, text, &copy, place);
	else if (setting->kind == KIND_PATH)
		jg_config_path(loader, text, &copy);
	else
		copy = jg_config_copy(loader, text, strlen(text));
	if (is_secret(setting) && loader->open_to_others &&
		strcmp(setting->path, "public_key") != 0) {
		loader->open_to_others = false;
		jg_config_warning(loader, place,
			"stands in a file that every user can read or change; run: chmod 600 on "
			"it");
	}
	store_text(setting, to, copy);
}

// The number of a word in "a|b|c", -1 when it is none.
static int word_number(const char *words, const char *word)
{
	size_t len = strlen(word);
	for (int number = 0;; number++) {
		size_t n = strcspn(words, "|");
		if (n == len && memcmp(words, word, n) == 0)
			return number;
		if (words[n] == '\0')
			return -1;
		words += n + 1;
	}
}

static int scope_number(const char *word)
{
#define X(code, symbol, name, fields)  \
	if (strcmp(word, (name)) == 0) \
		return code;
	JG_SCOPES(X)
#undef X
	return -1;
}

static void read_word(struct loader *loader, const struct setting *setting, json_t *value, char *to,
	const struct place *place)
{
	int number = -1;
	if (json_is_string(value)) {
		const char *word = json_string_value(value);
		struct jg_str name = {word, (uint32_t)json_string_length(value)};
		if (setting->kind == KIND_SCOPE)
			number = scope_number(word);
		else if (setting->kind == KIND_WORD)
			number = word_number(setting->unit, word);
		else if (jg_vendor_find(name) != JG_VENDOR_NONE)
			number = (int)jg_vendor_find(name);
	}
	if (number < 0)
		jg_config_unexpected(loader, setting, value, place);
	else
		store(setting, to, number);
}

static void read_boolean(struct loader *loader, const struct setting *setting, json_t *value,
	char *to, const struct place *place)
{
	if (!json_is_boolean(value))
		jg_config_unexpected(loader, setting, value, place);
	else
		store(setting, to, json_is_true(value));
}

static void read_listen(struct loader *loader, const struct setting *setting, json_t *value,
	char *to, const struct place *place)
{
	struct jg_address address = {0};
	if (!json_is_string(value) ||
		(json_string_length(value) > 0 &&
			!jg_address_parse_listen(json_string_value(value), &address)))
		jg_config_unexpected(loader, setting, value, place);
	else
		memcpy(to + setting->offset, &address, sizeof(address));
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static void read_token_id(struct loader *loader, const struct setting *setting, json_t *value,
	char *to, const struct place *place)
{
	const char *text = json_is_string(value) ? json_string_value(value) : "";
	uint8_t id[16] = {1}; // a mistake here is not also one of absence
	bool good = strlen(text) == 2 * sizeof(id);
	for (size_t i = 0; good && i < sizeof(id); i++) {
		int high = hex_digit(text[2 * i]);
		int low = hex_digit(text[2 * i + 1]);
		good = high >= 0 && low >= 0;
		id[i] = (uint8_t)(high * 16 + low);
	}
	memcpy(to + setting->offset, id, sizeof(id));
	if (!good)
		jg_config_unexpected(loader, setting, value, place);
}

static void read_mask(struct loader *loader, const struct setting *setting, json_t *value, char *to,
	const struct place *place)
{
	if (!json_is_array(value)) {
		jg_config_unexpected(loader, setting, value, place);
		return;
	}
	uint64_t mask;
	jg_config_mask(loader, setting->kind, value, &mask, place);
	store(setting, to, (int64_t)mask);
}

void jg_config_value(struct loader *loader, const struct setting *setting, json_t *value, char *to,
	const struct place *place)
{
	switch ((enum kind)setting->kind) {
	case KIND_INTEGER:
	case KIND_TIME:
		read_number(loader, setting, value, to, place);
		return;
	case KIND_BOOLEAN:
		read_boolean(loader, setting, value, to, place);
		return;
	case KIND_WORD:
	case KIND_VENDOR:
	case KIND_SCOPE:
		read_word(loader, setting, value, to, place);
		return;
	case KIND_TEXT:
	case KIND_SECRET:
	case KIND_CONTENT:
	case KIND_KEY_FILE:
	case KIND_PATH:
		read_text(loader, setting, value, to, place);
		return;
	case KIND_LISTEN:
		read_listen(loader, setting, value, to, place);
		return;
	case KIND_TOKEN_ID:
		read_token_id(loader, setting, value, to, place);
		return;
	case KIND_CAPABILITIES:
	case KIND_SOURCES:
	case KIND_CLAIMS:
		read_mask(loader, setting, value, to, place);
		return;
	default:
		jg_config_list(loader, setting, value, to, place);
	}
}
