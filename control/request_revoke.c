// SPDX-License-Identifier: BSD-3-Clause
// revoke and unrevoke: cut-offs at every scope.
#include "request.h"

#include <joingate/verify.h>

#include <stdio.h>
#include <stdlib.h>

#define USERS_MAX 100000
#define SETTLE_STEPS 4 // of the store, before a list; more would hold up others

// "now" is the next full second, so that what was issued in this one dies too; Stream compares a
// token of the same second as still good (token-formats.md section 3).
static int64_t now_for(struct jg_engine *engine, unsigned vendor)
{
	int64_t now = jg_engine_now(engine);
	return vendor == JG_VENDOR_STREAM ? now : now + 1;
}

// "Now" is not what lowers a cut-off: this gate's clock may be behind the one that set it.
static void keep_newer(const struct jg_engine *engine, struct jg_cut_off *cut_off)
{
	int64_t stands = jg_cut_offs_before(jg_state_cut_offs(engine->state), cut_off);
	if (stands != JG_TIME_NONE && stands > cut_off->before)
		cut_off->before = stands;
}

static bool has_secret(const struct jg_app *app, struct jg_str id)
{
	for (uint32_t i = 0; i < app->secrets_n; i++)
		if (jg_str_eq(app->secrets[i].id, id))
			return true;
	return false;
}

// One JSON object as in the configuration's cut_offs[], from the request's members.
static json_t *subject(
	struct jg_ask *ask, const struct jg_app *app, const char *scope, int64_t before)
{
	static const char *const fields[] = {"user", "room", "secret", "token_id"};
	json_t *json = json_object();
	(void)json_object_set_new(json, "vendor", json_string(jg_vendor_name(app->vendor)));
	(void)json_object_set_new(json, "app", json_stringn(app->key.p, app->key.len));
	(void)json_object_set_new(json, "scope", json_string(scope));
	(void)json_object_set_new(
		json, "before", before == JG_TIME_NONE ? json_null() : json_integer(before));
	for (size_t i = 0; i < JG_ARRAY_SIZE(fields); i++) {
		json_t *value = json_object_get(ask->request, fields[i]);
		if (value != NULL)
			(void)json_object_set(json, fields[i], value);
	}
	return json;
}

// Takes detail and cut_offs.
static void commit(
	struct jg_ask *ask, json_t *detail, struct jg_cut_off *cut_offs, uint32_t n, bool list)
{
	static const char *const names[2][JG_SCOPE_COUNT + 1] = {
		{
#define X(code, symbol, name, fields) [code] = "revoke " name,
			JG_SCOPES(X)
#undef X
				[JG_SCOPE_COUNT] = "revoke users",
		},
		{
#define X(code, symbol, name, fields) [code] = "unrevoke " name,
			JG_SCOPES(X)
#undef X
				[JG_SCOPE_COUNT] = "unrevoke users",
		},
	};
	int64_t before = cut_offs[0].before;
	bool undo = before == JG_TIME_NONE;
	(void)json_object_set_new(ask->reply, "cut_offs", json_integer((json_int_t)n));
	(void)json_object_set_new(ask->reply, "before", undo ? json_null() : json_integer(before));
	jg_ask_cut_off(
		ask, names[undo][list ? JG_SCOPE_COUNT : cut_offs[0].scope], detail, cut_offs, n);
}

static void revoke_users(
	struct jg_ask *ask, const struct jg_app *app, json_t *users, int64_t before, bool now)
{
	size_t n = json_array_size(users);
	if (n < 1 || n > USERS_MAX) {
		jg_ask_fail(ask, JG_FAILURE_INVALID, "users is a list of %zu; expected 1..%d", n,
			USERS_MAX);
		return;
	}
	struct jg_cut_off *cut_offs = calloc(n, sizeof(*cut_offs));
	if (cut_offs == NULL) {
		jg_ask_fail(ask, JG_FAILURE_UNAVAILABLE, "out of memory");
		return;
	}
	bool ok = true;
	for (size_t i = 0; i < n && ok; i++) {
		cut_offs[i] = (struct jg_cut_off){
			.scope = JG_SCOPE_USER,
			.vendor = app->vendor,
			.app = app->key,
			.user = jg_str_of(json_array_get(users, i)),
			.before = before,
		};
		ok = cut_offs[i].user.len >= 1 && cut_offs[i].user.len <= 1024;
		if (ok && now)
			keep_newer(ask->engine, &cut_offs[i]);
		if (!ok)
			jg_ask_fail(ask, JG_FAILURE_INVALID,
				"users[%zu] is no user; expected a string of 1..1024 bytes", i);
	}
	if (!ok) {
		free(cut_offs);
		return;
	}
	json_t *detail = subject(ask, app, "user", before);
	(void)json_object_set(detail, "users", users);
	commit(ask, detail, cut_offs, (uint32_t)n, true);
}

static void revoke(struct jg_ask *ask, int64_t before)
{
	struct jg_state_app found;
	const char *scope = jg_ask_string(ask, "scope");
	if (scope == NULL || !jg_ask_app(ask, &found))
		return;
	bool now = before == 0;
	if (now)
		before = now_for(ask->engine, found.app->vendor);
	json_t *users = json_object_get(ask->request, "users");
	if (users != NULL && strcmp(scope, "user") == 0) {
		revoke_users(ask, found.app, users, before, now);
		return;
	}
	struct jg_cut_off *cut_off = calloc(1, sizeof(*cut_off));
	json_t *json = subject(ask, found.app, scope, before);
	if (cut_off == NULL) {
		jg_ask_fail(ask, JG_FAILURE_UNAVAILABLE, "out of memory");
	} else if (!jg_record_cut_off(cut_off, json, &ask->err)) {
		ask->failure = JG_FAILURE_INVALID;
	} else if (cut_off->scope == JG_SCOPE_SECRET && before != JG_TIME_NONE &&
		!has_secret(found.app, cut_off->secret)) {
		jg_ask_fail(ask, JG_FAILURE_NOT_FOUND, "the app has no secret %.64s",
			cut_off->secret.p);
	} else {
		if (now)
			keep_newer(ask->engine, cut_off);
		if (cut_off->before != JG_TIME_NONE)
			(void)json_object_set_new(json, "before", json_integer(cut_off->before));
		commit(ask, json, cut_off, 1, false);
		return;
	}
	free(cut_off);
	json_decref(json);
}

void jg_ask_revoke(struct jg_ask *ask)
{
	const json_t *before = json_object_get(ask->request, "before");
	int64_t when = json_integer_value(before);
	if (json_is_null(before)) {
		revoke(ask, JG_TIME_NONE);
	} else if (before != NULL && (!json_is_integer(before) || when < 1 || when > 4294967294)) {
		jg_ask_fail(ask, JG_FAILURE_INVALID,
			"before is not a time; expected seconds since 1970, 1..4294967294, or "
			"null");
	} else {
		revoke(ask, when); // 0: now
	}
}

void jg_ask_unrevoke(struct jg_ask *ask)
{
	revoke(ask, JG_TIME_NONE);
}

static int list_one(void *arg, const struct jg_cut_off *cut_off, struct jg_error *err)
{
	(void)err;
	return json_array_append_new(arg, jg_record_cut_off_json(cut_off));
}

void jg_ask_cut_offs(struct jg_ask *ask)
{
	struct jg_state_app found;
	struct jg_store *store = ask->engine->store;
	const json_t *limit = json_object_get(ask->request, "limit");
	json_int_t n = limit == NULL ? 1000 : json_integer_value(limit);
	if (!jg_ask_app(ask, &found))
		return;
	if (n < 1 || n > 100000) {
		jg_ask_fail(ask, JG_FAILURE_INVALID, "limit is out of range; expected 1..100000");
		return;
	}
	if (store == NULL) {
		jg_ask_fail(ask, JG_FAILURE_UNAVAILABLE,
			"there is no store: the cut-offs are those of the configuration file");
		return;
	}
	for (unsigned i = 0; i < SETTLE_STEPS && store->unsettled > 0; i++) {
		if (store->ops->settle(store, &ask->err) != 0) {
			ask->failure = JG_FAILURE_UNAVAILABLE;
			return;
		}
	}
	if (store->unsettled > 0) {
		jg_ask_fail(ask, JG_FAILURE_UNAVAILABLE,
			"many cut-offs came in lately and are still being sorted (unsettled %llu "
			"in "
			"status); they are in force, ask for their list later",
			(unsigned long long)store->unsettled);
		return;
	}
	json_t *list = json_array();
	const struct jg_cut_off_filter filter = {
		.vendor = found.app->vendor,
		.app = found.app->key,
		.older_than = JG_TIME_NONE,
		.limit = (uint32_t)n,
	};
	const struct jg_store_sink sink = {.arg = list, .cut_off = list_one};
	if (store->ops->cut_offs(store, &filter, &sink, &ask->err) != 0)
		ask->failure = JG_FAILURE_UNAVAILABLE;
	(void)json_object_set_new(ask->reply, "list", list);
}
