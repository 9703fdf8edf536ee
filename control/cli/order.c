// SPDX-License-Identifier: BSD-3-Clause
#include "order.h"

#include "request.h"

#include <stdlib.h>

struct word {
	const char *name;
	uint8_t value;
};

static const struct word formats[] = {{"jwt-hs256", JG_FORMAT_JWT_HS256},
	{"jwt-rs256", JG_FORMAT_JWT_RS256}, {"t1", JG_FORMAT_T1},
	{"agora-007", JG_FORMAT_AGORA_007}, {"agora-006", JG_FORMAT_AGORA_006}, {NULL, 0}};
static const struct word services[] = {{"rtc", JG_SERVICE_RTC}, {"rtm", JG_SERVICE_RTM}, {NULL, 0}};
static const struct word types[] = {{"user", JG_TOKEN_USER}, {"server", JG_TOKEN_SERVER},
	{"call", JG_TOKEN_CALL}, {"development", JG_TOKEN_DEVELOPMENT}, {NULL, 0}};

static bool read_word(const json_t *json, const char *name, const struct word *words,
	uint8_t *value, struct jg_error *err)
{
	struct jg_str text;
	if (!line_text(json, name, &text, err))
		return false;
	if (text.p == NULL)
		return true;
	for (; words->name != NULL; words++) {
		if (strcmp(words->name, text.p) == 0) {
			*value = words->value;
			return true;
		}
	}
	jg_error_set(err, "field \"%s\" is \"%.32s\", which is none of its words", name, text.p);
	return false;
}

static bool find_bit(const char *name, size_t len, uint64_t *bit, struct jg_error *err)
{
	int number = jg_capability_find((struct jg_str){name, (uint32_t)len});
	if (number < 0) {
		jg_error_set(err, "\"%.48s\" is not a capability", name);
		return false;
	}
	*bit = UINT64_C(1) << number;
	return true;
}

bool order_read_capabilities(const json_t *json, uint64_t *mask, struct jg_error *err)
{
	const json_t *list = json_object_get(json, "capabilities");
	*mask = 0;
	if (list == NULL || json_is_null(list))
		return true;
	if (!json_is_array(list)) {
		jg_error_set(err, "field \"capabilities\" is not a list");
		return false;
	}
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *name = json_array_get(list, i);
		uint64_t bit;
		if (!json_is_string(name)) {
			jg_error_set(
				err, "field \"capabilities\" holds something that is not text");
			return false;
		}
		if (!find_bit(json_string_value(name), json_string_length(name), &bit, err))
			return false;
		*mask |= bit;
	}
	return true;
}

static bool read_expires(struct order *order, json_t *object, struct jg_error *err)
{
	const char *name;
	json_t *end;
	uint32_t n = 0;
	if (object == NULL || json_is_null(object))
		return true;
	if (!json_is_object(object)) {
		jg_error_set(err, "field \"capability_expires\" is not an object");
		return false;
	}
	json_object_foreach(object, name, end)
	{
		struct jg_capability_expiry *expiry = &order->expires[n];
		if (!find_bit(name, strlen(name), &expiry->capabilities, err))
			return false;
		if (!json_is_integer(end)) {
			jg_error_set(err, "the end of \"%.48s\" is not a whole number", name);
			return false;
		}
		expiry->expires_at = json_integer_value(end);
		n++;
	}
	order->mint.capability_expires = order->expires;
	order->mint.capability_expires_n = n;
	return true;
}

static struct jg_str as_text(const char *p)
{
	return (struct jg_str){p, p == NULL ? 0 : (uint32_t)strlen(p)};
}

// An object as text; an empty one is as absent.
static bool read_object(
	json_t *json, const char *name, char **text, struct jg_str *to, struct jg_error *err)
{
	json_t *object = json_object_get(json, name);
	if (object == NULL || json_is_null(object) ||
		(json_is_object(object) && json_object_size(object) == 0))
		return true;
	if (!json_is_object(object)) {
		jg_error_set(err, "field \"%s\" is not an object", name);
		return false;
	}
	*text = json_dumps(object, JSON_COMPACT);
	if (*text == NULL)
		jg_error_set(err, "field \"%s\" cannot be written", name);
	*to = as_text(*text);
	return *text != NULL;
}

// A list of words, or one text with spaces as tokens have it.
static bool read_layout(struct order *order, const json_t *json, struct jg_error *err)
{
	const json_t *list = json_object_get(json, "layout_classes");
	if (!json_is_array(list))
		return line_text(json, "layout_classes", &order->mint.layout_classes, err);
	size_t len = 1;
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *word = json_array_get(list, i);
		if (!json_is_string(word) || strchr(json_string_value(word), ' ') != NULL) {
			jg_error_set(
				err, "field \"layout_classes\" holds something that is no word");
			return false;
		}
		len += json_string_length(word) + 1;
	}
	order->layout_classes = calloc(1, len);
	if (order->layout_classes == NULL) {
		jg_error_set(err, "out of memory");
		return false;
	}
	size_t used = 0;
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *word = json_array_get(list, i);
		size_t n = json_string_length(word);
		if (i > 0)
			order->layout_classes[used++] = ' ';
		memcpy(order->layout_classes + used, json_string_value(word), n);
		used += n;
	}
	order->mint.layout_classes = (struct jg_str){order->layout_classes, (uint32_t)used};
	return true;
}

static int64_t default_life(unsigned vendor)
{
	return vendor == JG_VENDOR_LIVEKIT ? 6 * 3600 : 86400;
}

static bool read_times(struct order *order, const json_t *json, int64_t now, struct jg_error *err)
{
	struct jg_mint *mint = &order->mint;
	bool timeless, endless;
	int64_t ttl = 0, salt = 0;
	mint->issued_at = now;
	mint->not_before = mint->expires_at = JG_TIME_NONE;
	if (!line_number(json, "issued_at", &mint->issued_at, &timeless, err) ||
		!line_number(json, "not_before", &mint->not_before, NULL, err) ||
		!line_number(json, "expires_at", &mint->expires_at, &endless, err) ||
		!line_number(json, "ttl", &ttl, NULL, err) ||
		!line_number(json, "salt", &salt, NULL, err))
		return false;
	if (timeless)
		mint->issued_at = JG_TIME_NONE;
	if (json_object_get(json, "ttl") != NULL && json_object_get(json, "expires_at") != NULL) {
		jg_error_set(err, "fields \"ttl\" and \"expires_at\" are both given");
		return false;
	}
	if (ttl < 0 || ttl > INT32_MAX || salt < 0 || salt > UINT32_MAX) {
		jg_error_set(err, "field \"%s\" is out of range", ttl == 0 ? "salt" : "ttl");
		return false;
	}
	mint->salt = (uint32_t)salt;
	int64_t start = timeless ? now : mint->issued_at;
	if (json_object_get(json, "ttl") != NULL)
		mint->expires_at = start + ttl;
	else if (mint->expires_at == JG_TIME_NONE && !endless && mint->vendor != JG_VENDOR_STREAM)
		mint->expires_at = start + default_life(mint->vendor);
	return true;
}

// The app by its key; without one, the only app (of the vendor).
static bool find_app(struct order *order, const json_t *json, const struct jg_config *config,
	struct jg_error *err)
{
	struct jg_mint *mint = &order->mint;
	struct jg_str vendor;
	if (!line_text(json, "vendor", &vendor, err) || !line_text(json, "app", &mint->app, err))
		return false;
	unsigned wanted = vendor.p == NULL ? JG_VENDOR_NONE : jg_vendor_find(vendor);
	if (vendor.p != NULL && wanted == JG_VENDOR_NONE) {
		jg_error_set(err, "field \"vendor\" is \"%.32s\", which is none", vendor.p);
		return false;
	}
	const struct jg_app *found = NULL;
	uint32_t n = 0;
	for (uint32_t i = 0; i < config->apps_n; i++) {
		const struct jg_app *app = &config->apps[i];
		bool fits = (wanted == JG_VENDOR_NONE || app->vendor == wanted) &&
			(mint->app.len == 0 || jg_str_eq(app->key, mint->app));
		found = fits && n == 0 ? app : found;
		n += fits;
	}
	if (found == NULL || (n > 1 && mint->app.len == 0)) {
		jg_error_set(err,
			n > 1 ? "no field \"app\", and there are several apps"
			      : "there is no such app");
		return false;
	}
	mint->app = found->key;
	mint->vendor = found->vendor;
	return true;
}

static bool read_all(struct order *order, json_t *json, const struct jg_config *config, int64_t now,
	struct jg_error *err)
{
	struct jg_mint *mint = &order->mint;
	if (!find_app(order, json, config, err) || !line_text(json, "key", &mint->key, err) ||
		!line_text(json, "identity", &mint->identity, err) ||
		!line_text(json, "name", &mint->name, err) ||
		!line_text(json, "room", &mint->room, err) ||
		!line_text(json, "role", &mint->role, err) ||
		!line_text(json, "kind", &mint->kind, err) ||
		!line_text(json, "metadata", &mint->metadata, err) ||
		!read_word(json, "format", formats, &mint->format, err) ||
		!read_word(json, "service", services, &mint->service, err))
		return false;
	// A Stream token that names a room is a call token unless something else is said.
	mint->type = mint->vendor == JG_VENDOR_STREAM && mint->room.len > 0 ? JG_TOKEN_CALL
									    : JG_TOKEN_USER;
	if (!read_word(json, "type", types, &mint->type, err) ||
		!order_read_capabilities(json, &mint->capabilities, err) ||
		!read_expires(order, json_object_get(json, "capability_expires"), err) ||
		!read_object(json, "attributes", &order->attributes, &mint->attributes, err) ||
		!read_object(json, "claims", &order->claims, &mint->claims, err) ||
		!read_layout(order, json, err) ||
		!order_read_permissions(json, &mint->rtm_permissions, err) ||
		!order_read_services(order, json, err) || !read_times(order, json, now, err))
		return false;
	// A role says what these may do; a verdict lists it too.
	if (mint->role.len > 0)
		mint->capabilities = 0;
	if (mint->key.len == 0)
		mint->key.p = NULL;
	return true;
}

bool order_read(struct order *order, json_t *json, const struct jg_config *config, int64_t now,
	struct jg_error *err)
{
	memset(order, 0, sizeof(*order));
	if (read_all(order, json, config, now, err))
		return true;
	order_fini(order);
	return false;
}

void order_fini(struct order *order)
{
	free(order->attributes);
	free(order->claims);
	free(order->layout_classes);
	free((void *)(uintptr_t)order->mint.rtm_permissions.p);
	order_free_services(order);
	memset(order, 0, sizeof(*order));
}
