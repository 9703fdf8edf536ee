// SPDX-License-Identifier: BSD-3-Clause
// app add|set|remove|list|show and policy set|show|diff.
#include "request.h"

#include <stdlib.h>

// Files named by a request would be read with the gate's rights: joingatectl reads them itself.
static bool names_files(const json_t *app)
{
	size_t i;
	const json_t *secret;
	json_array_foreach(json_object_get(app, "secrets"), i, secret)
	{
		if (json_object_get(secret, "secret_file") != NULL ||
			json_object_get(secret, "public_key_file") != NULL ||
			json_object_get(secret, "private_key_file") != NULL)
			return true;
	}
	return false;
}

// What the audit trail may know of an app: all but its secrets.
static json_t *public_form(const json_t *app)
{
	json_t *copy = json_deep_copy(app);
	size_t i;
	json_t *secret;
	json_array_foreach(json_object_get(copy, "secrets"), i, secret)
	{
		(void)json_object_del(secret, "secret");
		(void)json_object_del(secret, "private_key");
	}
	return copy;
}

// The app of a request's JSON, parsed and with its defaults; NULL: failed.
static struct jg_config *parse_app(struct jg_ask *ask, const json_t *app)
{
	if (!json_is_object(app) || names_files(app)) {
		jg_ask_fail(ask, JG_FAILURE_INVALID,
			"object is missing or names files; expected an app as in the "
			"configuration's "
			"apps[], with the secrets themselves");
		return NULL;
	}
	char *text = jg_text_of(app);
	struct jg_config *config = text == NULL
		? NULL
		: jg_record_app((struct jg_str){text, (uint32_t)strlen(text)}, &ask->err);
	jg_text_free(text);
	if (config == NULL)
		ask->failure = JG_FAILURE_INVALID;
	return config;
}

static void put(struct jg_ask *ask, const char *what, const struct jg_app *app)
{
	json_t *json = jg_record_app_json(app, true);
	json_t *detail = public_form(json);
	(void)jg_ask_put_app(ask, what, app, json, detail);
	json_decref(detail);
}

static void app_add(struct jg_ask *ask)
{
	struct jg_state_app there;
	struct jg_config *config = parse_app(ask, json_object_get(ask->request, "object"));
	if (config == NULL)
		return;
	const struct jg_app *app = &config->apps[0];
	if (jg_state_find(ask->engine->state, app->vendor, app->key, &there))
		jg_ask_fail(ask, JG_FAILURE_EXISTS,
			"there is an app %s %.128s already; use app set to change it",
			jg_vendor_name(app->vendor), app->key.p);
	else
		put(ask, "app add", app);
	jg_config_free(config);
}

// Members given replace those of the app; vendor and key stay.
static void app_set(struct jg_ask *ask)
{
	struct jg_state_app found;
	json_t *given = json_object_get(ask->request, "object");
	if (!jg_ask_app(ask, &found))
		return;
	json_t *merged = jg_record_app_json(found.app, true);
	static const char *const fields[] = {"secrets", "policy"};
	bool any = false;
	for (size_t i = 0; i < JG_ARRAY_SIZE(fields); i++) {
		json_t *value = json_object_get(given, fields[i]);
		if (value != NULL)
			(void)json_object_set(merged, fields[i], value);
		any |= value != NULL;
	}
	struct jg_config *config = any ? parse_app(ask, merged) : NULL;
	if (!any)
		jg_ask_fail(ask, JG_FAILURE_INVALID,
			"object has neither secrets nor policy; nothing to set");
	if (config != NULL)
		put(ask, "app set", &config->apps[0]);
	jg_config_free(config);
	json_decref(merged);
}

static void app_remove(struct jg_ask *ask)
{
	struct jg_state_app found;
	if (!jg_ask_app(ask, &found))
		return;
	json_t *full = jg_record_app_json(found.app, false);
	json_t *detail = public_form(full);
	(void)jg_ask_put_app(ask, "app remove", found.app, NULL, detail);
	json_decref(detail);
	json_decref(full);
}

struct listing {
	const struct jg_state *state;
	json_t *apps;
};

static int list_app(void *arg, const struct jg_state_app *found)
{
	const struct listing *listing = arg;
	const struct jg_app *app = found->app;
	int64_t floor = jg_state_floor(listing->state, app->vendor, app->key);
	unsigned status[3] = {0};
	for (uint32_t i = 0; i < app->secrets_n; i++)
		status[app->secrets[i].status % 3]++;
	json_t *line = json_object();
	(void)json_object_set_new(line, "vendor", json_string(jg_vendor_name(app->vendor)));
	(void)json_object_set_new(line, "app", json_stringn(app->key.p, app->key.len));
	(void)json_object_set_new(line, "active", json_integer(status[JG_SECRET_ACTIVE]));
	(void)json_object_set_new(line, "verify_only", json_integer(status[JG_SECRET_VERIFY_ONLY]));
	(void)json_object_set_new(line, "retired", json_integer(status[JG_SECRET_RETIRED]));
	(void)json_object_set_new(line, "index", json_integer(found->index));
	if (floor != 0)
		(void)json_object_set_new(line, "collected_before", json_integer(floor));
	return json_array_append_new(listing->apps, line);
}

static void app_show(struct jg_ask *ask)
{
	struct jg_state_app found;
	if (jg_ask_app(ask, &found))
		(void)json_object_set_new(
			ask->reply, "object", jg_record_app_json(found.app, false));
}

void jg_ask_apps(struct jg_ask *ask)
{
	const char *verb = jg_ask_string(ask, "verb");
	if (verb == NULL)
		return;
	if (strcmp(verb, "add") == 0) {
		app_add(ask);
	} else if (strcmp(verb, "set") == 0) {
		app_set(ask);
	} else if (strcmp(verb, "remove") == 0) {
		app_remove(ask);
	} else if (strcmp(verb, "show") == 0) {
		app_show(ask);
	} else if (strcmp(verb, "list") == 0) {
		struct listing listing = {ask->engine->state, json_array()};
		(void)jg_state_apps(listing.state, &listing, list_app);
		(void)json_object_set_new(ask->reply, "apps", listing.apps);
	} else {
		jg_ask_fail(ask, JG_FAILURE_INVALID,
			"there is no app %.40s; expected add, set, "
			"remove, list or show",
			verb);
	}
}

// Members whose value differs: {"leeway": {"from": 60, "to": 30}}.
static json_t *differences(const json_t *from, json_t *to)
{
	json_t *result = json_object();
	const char *name;
	json_t *value;
	json_object_foreach(to, name, value)
	{
		json_t *old = json_object_get(from, name);
		if (!json_equal(old, value))
			(void)json_object_set_new(
				result, name, json_pack("{s:O?, s:O}", "from", old, "to", value));
	}
	return result;
}

// The app with the request's policy merged over its own; NULL: failed.
static struct jg_config *merged_policy(struct jg_ask *ask, const struct jg_app *app)
{
	json_t *given = json_object_get(ask->request, "policy");
	if (!json_is_object(given)) {
		jg_ask_fail(ask, JG_FAILURE_INVALID,
			"policy is missing; expected an object as in the configuration's "
			"apps[].policy");
		return NULL;
	}
	json_t *merged = jg_record_app_json(app, true);
	json_t *policy = json_object_get(merged, "policy");
	// null gives a member its default back
	const char *name;
	json_t *value;
	json_object_foreach(given, name, value)
	{
		if (json_is_null(value))
			(void)json_object_del(policy, name);
		else
			(void)json_object_set(policy, name, value);
	}
	struct jg_config *config = parse_app(ask, merged);
	json_decref(merged);
	return config;
}

static void policy_set(struct jg_ask *ask, const struct jg_app *app, bool apply)
{
	struct jg_config *config = merged_policy(ask, app);
	if (config == NULL)
		return;
	json_t *old = jg_record_app_json(app, false);
	json_t *fresh = jg_record_app_json(&config->apps[0], false);
	json_t *changes =
		differences(json_object_get(old, "policy"), json_object_get(fresh, "policy"));
	if (apply) {
		json_t *detail =
			json_pack("{s:s, s:s%, s:O}", "vendor", jg_vendor_name(app->vendor), "app",
				app->key.p, (size_t)app->key.len, "changes", changes);
		(void)jg_ask_put_app(
			ask, "policy set", app, jg_record_app_json(&config->apps[0], true), detail);
		json_decref(detail);
	}
	(void)json_object_set_new(ask->reply, "changes", changes);
	json_decref(old);
	json_decref(fresh);
	jg_config_free(config);
}

void jg_ask_policy(struct jg_ask *ask)
{
	struct jg_state_app found;
	const char *verb = jg_ask_string(ask, "verb");
	if (verb == NULL || !jg_ask_app(ask, &found))
		return;
	if (strcmp(verb, "set") == 0) {
		policy_set(ask, found.app, true);
	} else if (strcmp(verb, "diff") == 0) {
		policy_set(ask, found.app, false);
	} else if (strcmp(verb, "show") == 0) {
		json_t *app = jg_record_app_json(found.app, false);
		(void)json_object_set(ask->reply, "policy", json_object_get(app, "policy"));
		json_decref(app);
	} else {
		jg_ask_fail(ask, JG_FAILURE_INVALID,
			"there is no policy %.40s; expected set, show or diff", verb);
	}
}
