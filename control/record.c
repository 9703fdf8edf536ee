// SPDX-License-Identifier: BSD-3-Clause
#include "record.h"

#include <joingate/verify.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define BEFORE_MAX 4294967294 // a cut-off's time is held in 32 bits

static bool plain(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		c == '-' || c == '_' || c == '.' || c == '@';
}

// Append "/name" with foreign bytes escaped; the result is always NUL-terminated.
static bool path_add(char path[JG_PATH_MAX], size_t *used, struct jg_str name)
{
	static const char hex[] = "0123456789ABCDEF";
	if (*used + 1 >= JG_PATH_MAX)
		return false;
	path[(*used)++] = '/';
	for (uint32_t i = 0; i < name.len; i++) {
		unsigned char c = (unsigned char)name.p[i];
		if (*used + 4 > JG_PATH_MAX)
			return false;
		if (plain(c)) {
			path[(*used)++] = (char)c;
		} else {
			path[(*used)++] = '%';
			path[(*used)++] = hex[c >> 4];
			path[(*used)++] = hex[c & 15];
		}
	}
	path[*used] = '\0';
	return true;
}

static size_t path_start(char path[JG_PATH_MAX], const char *kind, unsigned vendor)
{
	return (size_t)snprintf(path, JG_PATH_MAX, "%s/%s", kind, jg_vendor_name(vendor));
}

bool jg_path_app(char path[JG_PATH_MAX], unsigned vendor, struct jg_str key)
{
	size_t used = path_start(path, "app", vendor);
	return path_add(path, &used, key);
}

bool jg_path_floor(char path[JG_PATH_MAX], unsigned vendor, struct jg_str key)
{
	size_t used = path_start(path, "floor", vendor);
	return path_add(path, &used, key);
}

bool jg_path_override(char path[JG_PATH_MAX], unsigned vendor, struct jg_str app,
	struct jg_str room, struct jg_str id)
{
	size_t used = path_start(path, "override", vendor);
	return path_add(path, &used, app) && path_add(path, &used, room) &&
		path_add(path, &used, id);
}

struct jg_str jg_str_of(const json_t *value)
{
	return (struct jg_str){json_string_value(value), (uint32_t)json_string_length(value)};
}

char *jg_text_of(const json_t *value)
{
	return json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
}

void jg_text_free(char *text)
{
	json_malloc_t get;
	json_free_t put;
	if (text == NULL)
		return;
	explicit_bzero(text, strlen(text));
	json_get_alloc_funcs(&get, &put);
	put(text);
}

// The mistakes of a parse as one sentence: there is no file whose lines would help.
static void join_problems(const struct jg_problems *problems, struct jg_error *err)
{
	size_t used = 0;
	for (uint32_t i = 0; i < problems->n && used < sizeof(err->text); i++) {
		if (problems->list[i].warning)
			continue;
		int n = snprintf(err->text + used, sizeof(err->text) - used, "%s%s",
			used == 0 ? "" : "; ", problems->list[i].text);
		used += n > 0 ? (size_t)n : 0;
	}
	if (used == 0)
		jg_error_set(err, "out of memory");
}

struct jg_config *jg_record_app(struct jg_str value, struct jg_error *err)
{
	json_error_t where;
	json_t *app = json_loadb(value.p, value.len, JSON_REJECT_DUPLICATES, &where);
	json_t *root = json_pack("{s:[o]}", "apps", app);
	char *text = root == NULL ? NULL : jg_text_of(root);
	json_decref(root);
	if (text == NULL) {
		jg_error_set(err, "an app that is not one JSON object");
		return NULL;
	}
	struct jg_problems problems = {0};
	struct jg_config *config = jg_config_parse(
		(struct jg_str){text, (uint32_t)strlen(text)}, "", JG_CONFIG_APPS, &problems);
	jg_text_free(text);
	if (config == NULL)
		join_problems(&problems, err);
	jg_problems_free(&problems);
	return config;
}

json_t *jg_record_app_json(const struct jg_app *app, bool secrets)
{
	char *text = jg_config_app_render(app, secrets);
	json_t *json = text == NULL ? NULL : json_loads(text, 0, NULL);
	jg_text_free(text);
	return json;
}

static bool capabilities_of(const json_t *list, uint64_t *mask, struct jg_error *err)
{
	size_t i;
	json_t *name;
	if (!json_is_array(list)) {
		jg_error_set(err, "capabilities is not a list of names");
		return false;
	}
	json_array_foreach(list, i, name)
	{
		int bit = json_is_string(name) ? jg_capability_find(jg_str_of(name)) : -1;
		if (bit < 0) {
			jg_error_set(err,
				"capabilities[%zu] is \"%.40s\"; there is none of that name", i,
				json_is_string(name) ? json_string_value(name) : "not a string");
			return false;
		}
		*mask |= UINT64_C(1) << bit;
	}
	return true;
}

// The vendor and app of a record; false with err.
static bool app_of(const json_t *json, uint8_t *vendor, struct jg_str *app, struct jg_error *err)
{
	const json_t *name = json_object_get(json, "vendor");
	unsigned number = json_is_string(name) ? jg_vendor_find(jg_str_of(name)) : JG_VENDOR_NONE;
	*vendor = (uint8_t)number;
	*app = jg_str_of(json_object_get(json, "app"));
	if (number == JG_VENDOR_NONE)
		jg_error_set(err,
			"vendor is missing or unknown; expected livekit, stream, opentok, "
			"vonage or agora");
	else if (app->p == NULL || app->len < 1 || app->len > 128)
		jg_error_set(err, "app is missing; expected its key, 1..128 bytes");
	else
		return true;
	return false;
}

bool jg_record_override(
	struct jg_override_record *record, struct jg_str value, struct jg_error *err)
{
	*record = (struct jg_override_record){0};
	json_t *json =
		json_loadb(value.p, value.len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
	if (!json_is_object(json)) {
		json_decref(json);
		jg_error_set(err, "an override that is not one JSON object");
		return false;
	}
	struct jg_override *o = &record->override;
	const json_t *capabilities = json_object_get(json, "capabilities");
	record->json = json;
	o->room = jg_str_of(json_object_get(json, "room"));
	o->identity = jg_str_of(json_object_get(json, "identity"));
	o->name = jg_str_of(json_object_get(json, "name"));
	o->metadata = jg_str_of(json_object_get(json, "metadata"));
	o->set_capabilities = capabilities != NULL;
	bool ok = app_of(json, &o->vendor, &o->app, err);
	if (ok &&
		(o->room.p == NULL || o->identity.len == 0 || o->room.len > 1024 ||
			o->identity.len > 1024)) {
		jg_error_set(err,
			"room and identity name the participant; each at most 1024 bytes, "
			"identity not empty");
		ok = false;
	}
	if (ok && capabilities != NULL)
		ok = capabilities_of(capabilities, &o->capabilities, err);
	if (ok && capabilities == NULL && o->name.p == NULL && o->metadata.p == NULL) {
		jg_error_set(err, "nothing to override; expected capabilities, name or metadata");
		ok = false;
	}
	if (!ok)
		jg_record_override_fini(record);
	return ok;
}

void jg_record_override_fini(struct jg_override_record *record)
{
	json_decref(record->json);
	*record = (struct jg_override_record){0};
}

bool jg_record_floor(
	struct jg_floor *floor, json_t **json, struct jg_str value, struct jg_error *err)
{
	*json = json_loadb(value.p, value.len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
	const json_t *before = json_object_get(*json, "before");
	floor->before = json_integer_value(before);
	bool ok = app_of(*json, &floor->vendor, &floor->app, err);
	if (ok && (floor->before < 1 || floor->before > BEFORE_MAX)) {
		jg_error_set(err, "a floor whose before is no time");
		ok = false;
	}
	if (!ok)
		json_decref(*json);
	return ok;
}

char *jg_record_floor_text(const struct jg_floor *floor)
{
	json_t *json = json_pack("{s:s, s:s%, s:I}", "vendor", jg_vendor_name(floor->vendor), "app",
		floor->app.p, (size_t)floor->app.len, "before", (json_int_t)floor->before);
	char *text = json == NULL ? NULL : jg_text_of(json);
	json_decref(json);
	return text;
}

static const char *const scope_names[] = {
#define X(code, symbol, name, fields) [code] = (name),
	JG_SCOPES(X)
#undef X
};

int jg_scope_find(const char *name)
{
	for (int i = 0; i < JG_SCOPE_COUNT; i++)
		if (name != NULL && strcmp(scope_names[i], name) == 0)
			return i;
	return -1;
}

const char *jg_scope_name(unsigned scope)
{
	return scope < JG_SCOPE_COUNT ? scope_names[scope] : "?";
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool token_id_of(struct jg_str text, uint8_t id[16])
{
	if (text.len != 32)
		return false;
	for (unsigned i = 0; i < 16; i++) {
		int high = hex_digit(text.p[2 * i]);
		int low = hex_digit(text.p[2 * i + 1]);
		if (high < 0 || low < 0)
			return false;
		id[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

// The members that name a scope's subject, each at most max bytes.
static bool subject_of(struct jg_cut_off *c, const json_t *json, struct jg_error *err)
{
	c->user = jg_str_of(json_object_get(json, "user"));
	c->room = jg_str_of(json_object_get(json, "room"));
	c->secret = jg_str_of(json_object_get(json, "secret"));
	bool user = c->user.p != NULL && c->user.len <= 1024;
	bool room = c->room.p != NULL && c->room.len <= 1024;
	bool ok = false;
	switch ((enum jg_scope)c->scope) {
	case JG_SCOPE_APP:
		ok = true;
		break;
	case JG_SCOPE_USER:
		ok = user && c->user.len > 0;
		break;
	case JG_SCOPE_ROOM:
		ok = room && c->room.len > 0;
		break;
	case JG_SCOPE_PARTICIPANT:
		ok = user && room && c->user.len > 0 && c->room.len > 0;
		break;
	case JG_SCOPE_SECRET:
		ok = c->secret.len >= 1 && c->secret.len <= 64;
		break;
	case JG_SCOPE_TOKEN:
		ok = token_id_of(jg_str_of(json_object_get(json, "token_id")), c->token_id);
		break;
	case JG_SCOPE_COUNT:
		break;
	}
	static const char *const fields[] = {
#define X(code, symbol, name, text) [code] = (text),
		JG_SCOPES(X)
#undef X
	};
	if (!ok)
		jg_error_set(err,
			"scope %s: expected %s (user and room: 1..1024 bytes, secret: its id, "
			"token_id: 32 hex digits)",
			scope_names[c->scope], fields[c->scope]);
	return ok;
}

bool jg_record_cut_off(struct jg_cut_off *cut_off, const json_t *json, struct jg_error *err)
{
	*cut_off = (struct jg_cut_off){0};
	int scope = jg_scope_find(json_string_value(json_object_get(json, "scope")));
	if (scope < 0) {
		jg_error_set(err,
			"scope is missing or unknown; expected app, user, room, "
			"participant, secret or token");
		return false;
	}
	cut_off->scope = (uint8_t)scope;
	const json_t *before = json_object_get(json, "before");
	cut_off->before = json_is_null(before) ? JG_TIME_NONE : json_integer_value(before);
	if (before == NULL || (!json_is_null(before) && !json_is_integer(before)) ||
		(!json_is_null(before) && (cut_off->before < 1 || cut_off->before > BEFORE_MAX))) {
		jg_error_set(err,
			"before is not a time; expected seconds since 1970, 1..4294967294, "
			"or null to undo");
		return false;
	}
	return app_of(json, &cut_off->vendor, &cut_off->app, err) && subject_of(cut_off, json, err);
}

static void put(json_t *json, const char *name, struct jg_str text)
{
	if (text.p != NULL)
		(void)json_object_set_new(json, name, json_stringn(text.p, text.len));
}

json_t *jg_record_cut_off_json(const struct jg_cut_off *cut_off)
{
	json_t *json = json_object();
	char id[33];
	put(json, "vendor",
		(struct jg_str){jg_vendor_name(cut_off->vendor),
			(uint32_t)strlen(jg_vendor_name(cut_off->vendor))});
	put(json, "app", cut_off->app);
	(void)json_object_set_new(json, "scope", json_string(jg_scope_name(cut_off->scope)));
	put(json, "user", cut_off->user);
	put(json, "room", cut_off->room);
	put(json, "secret", cut_off->secret);
	if (cut_off->scope == JG_SCOPE_TOKEN) {
		for (unsigned i = 0; i < 16; i++)
			snprintf(id + 2 * i, 3, "%02x", cut_off->token_id[i]);
		(void)json_object_set_new(json, "token_id", json_string(id));
	}
	(void)json_object_set_new(json, "before",
		cut_off->before == JG_TIME_NONE ? json_null() : json_integer(cut_off->before));
	return json;
}
