// SPDX-License-Identifier: BSD-3-Clause
// rotate add|promote|retire|remove|show: from one secret to the next without a restart.
#include "request.h"

#include <stdlib.h>

// The app's secret of this id in its JSON, and its place; NULL when there is none.
static json_t *find_secret(json_t *app, const char *id, size_t *place)
{
	size_t i;
	json_t *secret;
	json_array_foreach(json_object_get(app, "secrets"), i, secret)
	{
		if (strcmp(json_string_value(json_object_get(secret, "id")), id) == 0) {
			*place = i;
			return secret;
		}
	}
	return NULL;
}

static bool is_active(const json_t *secret)
{
	return strcmp(json_string_value(json_object_get(secret, "status")), "active") == 0;
}

static unsigned count_active(const json_t *app)
{
	size_t i;
	json_t *secret;
	unsigned n = 0;
	json_array_foreach(json_object_get(app, "secrets"), i, secret) n += is_active(secret);
	return n;
}

// The new secret verifies at once and signs nothing yet: minters switch, then it is promoted.
static bool rotate_add(struct jg_ask *ask, json_t *app, const char *id)
{
	static const char *const fields[] = {
		"secret", "public_key", "private_key", "not_before", "not_after"};
	size_t place;
	if (find_secret(app, id, &place) != NULL) {
		jg_ask_fail(ask, JG_FAILURE_EXISTS, "the app has a secret %.64s already", id);
		return false;
	}
	json_t *fresh = json_pack("{s:s, s:s}", "id", id, "status", "verify-only");
	for (size_t i = 0; i < JG_ARRAY_SIZE(fields); i++) {
		json_t *value = json_object_get(ask->request, fields[i]);
		if (value != NULL)
			(void)json_object_set(fresh, fields[i], value);
	}
	(void)json_array_append_new(json_object_get(app, "secrets"), fresh);
	return true;
}

// Active and first, so that minters that take the first one take it; the others only verify.
static bool rotate_promote(json_t *app, json_t *secret, size_t place)
{
	size_t i;
	json_t *other;
	json_t *list = json_object_get(app, "secrets");
	json_array_foreach(list, i, other) if (is_active(other))(void)
		json_object_set_new(other, "status", json_string("verify-only"));
	(void)json_object_set_new(secret, "status", json_string("active"));
	json_incref(secret);
	(void)json_array_remove(list, place);
	(void)json_array_insert_new(list, 0, secret);
	return true;
}

static bool rotate_retire(struct jg_ask *ask, const json_t *app, json_t *secret, const char *id)
{
	if (is_active(secret) && count_active(app) == 1) {
		jg_ask_fail(ask, JG_FAILURE_CONFLICT,
			"%.64s is the only active secret; promote another one first", id);
		return false;
	}
	(void)json_object_set_new(secret, "status", json_string("retired"));
	return true;
}

static bool rotate_remove(struct jg_ask *ask, json_t *app, json_t *secret, size_t place)
{
	const char *status = json_string_value(json_object_get(secret, "status"));
	if (strcmp(status, "retired") != 0) {
		jg_ask_fail(ask, JG_FAILURE_CONFLICT, "the secret is %s; retire it first", status);
		return false;
	}
	(void)json_array_remove(json_object_get(app, "secrets"), place);
	return true;
}

static bool edit(struct jg_ask *ask, const char *verb, json_t *app, const char *id)
{
	size_t place = 0;
	json_t *secret = find_secret(app, id, &place);
	if (strcmp(verb, "add") == 0)
		return rotate_add(ask, app, id);
	if (secret == NULL) {
		jg_ask_fail(ask, JG_FAILURE_NOT_FOUND, "the app has no secret %.64s", id);
		return false;
	}
	if (strcmp(verb, "promote") == 0)
		return rotate_promote(app, secret, place);
	if (strcmp(verb, "retire") == 0)
		return rotate_retire(ask, app, secret, id);
	if (strcmp(verb, "remove") == 0)
		return rotate_remove(ask, app, secret, place);
	jg_ask_fail(ask, JG_FAILURE_INVALID,
		"there is no rotate %.40s; expected add, promote, retire, remove or show", verb);
	return false;
}

// When the secret last verified a token on any worker of this gate; null: not since `since`.
static void put_last_use(const struct jg_ask *ask, const struct jg_app *app, json_t *secret)
{
	uint32_t number;
	int64_t since;
	struct jg_str id = jg_str_of(json_object_get(secret, "id"));
	if (!jg_state_secret(ask->engine->state, app->vendor, app->key, id, &number, &since))
		return;
	int64_t last = 0;
	for (unsigned i = 0; i < ask->engine->members_n && number < JG_COUNTER_KEYS; i++) {
		const struct jg_counters *counters = ask->engine->members[i].counters;
		int64_t used =
			counters == NULL ? 0 : (int64_t)jg_count_read(&counters->key_used[number]);
		last = used > last ? used : last;
	}
	bool tracked = number < JG_COUNTER_KEYS;
	(void)json_object_set_new(
		secret, "tracked_since", tracked ? json_integer(since) : json_null());
	(void)json_object_set_new(
		secret, "last_used", tracked && last >= since ? json_integer(last) : json_null());
}

// Each secret with its status, window and last use, without itself.
static void show(struct jg_ask *ask, const struct jg_state_app *found)
{
	json_t *list = json_array();
	json_t *app = jg_record_app_json(found->app, false);
	size_t i;
	json_t *secret;
	json_array_foreach(json_object_get(app, "secrets"), i, secret)
	{
		(void)json_object_del(secret, "secret");
		(void)json_object_del(secret, "private_key");
		(void)json_object_del(secret, "public_key");
		put_last_use(ask, found->app, secret);
		(void)json_array_append(list, secret);
	}
	json_decref(app);
	(void)json_object_set_new(ask->reply, "secrets", list);
}

void jg_ask_rotate(struct jg_ask *ask)
{
	struct jg_state_app found;
	const char *verb = jg_ask_string(ask, "verb");
	if (verb == NULL || !jg_ask_app(ask, &found))
		return;
	if (strcmp(verb, "show") == 0) {
		show(ask, &found);
		return;
	}
	const char *id = jg_ask_string(ask, "secret_id");
	if (id == NULL)
		return;
	json_t *app = jg_record_app_json(found.app, true);
	if (!edit(ask, verb, app, id)) {
		json_decref(app);
		return;
	}
	char what[32];
	snprintf(what, sizeof(what), "rotate %s", verb);
	json_t *detail = json_pack("{s:s, s:s%, s:s}", "vendor", jg_vendor_name(found.app->vendor),
		"app", found.app->key.p, (size_t)found.app->key.len, "secret_id", id);
	// The old record is gone after this: look it up anew.
	if (jg_ask_put_app(ask, what, found.app, app, detail) && jg_ask_app(ask, &found))
		show(ask, &found);
	json_decref(detail);
}
