// SPDX-License-Identifier: BSD-3-Clause
// An app as JSON, as it would stand in a file.
#include "settings.h"

#include <joingate/verify.h>

static json_t *text(struct jg_str s)
{
	return json_stringn(s.p, s.len);
}

static json_t *bits(uint64_t mask)
{
	json_t *list = json_array();
	for (unsigned bit = 0; bit < JG_CAPABILITY_COUNT; bit++)
		if (mask & (UINT64_C(1) << bit))
			json_array_append_new(list, json_string(jg_capability_name(bit)));
	return list;
}

static json_t *time_or_null(int64_t time)
{
	return time == JG_TIME_NONE ? json_null() : json_integer(time);
}

static void put_secret(json_t *object, const char *name, struct jg_str secret, bool shown)
{
	if (secret.p != NULL)
		json_object_set_new(object, name, shown ? text(secret) : json_null());
}

static json_t *render_secret(const struct jg_secret *secret, bool secrets)
{
	static const char *const status[] = {"active", "verify-only", "retired"};
	json_t *object = json_object();
	assert(secret->status < JG_ARRAY_SIZE(status));
	json_object_set_new(object, "id", text(secret->id));
	put_secret(object, "secret", secret->secret, secrets);
	put_secret(object, "public_key", secret->public_key, true);
	put_secret(object, "private_key", secret->private_key, secrets);
	json_object_set_new(object, "status", json_string(status[secret->status]));
	json_object_set_new(object, "not_before", time_or_null(secret->not_before));
	json_object_set_new(object, "not_after", time_or_null(secret->not_after));
	return object;
}

static json_t *words_of(enum kind kind, uint64_t mask)
{
	static const char *const sources[] = {
		"camera", "microphone", "screen_share", "screen_share_audio", "other"};
	static const char *const claims[] = {"exp", "iat", "jti"};
	json_t *list = json_array();
	if (kind == KIND_SOURCES) {
		for (unsigned i = 0; i < JG_ARRAY_SIZE(sources); i++)
			if (mask & (JG_CAPABILITY(PUBLISH_CAMERA) << i))
				json_array_append_new(list, json_string(sources[i]));
	} else {
		for (unsigned i = 0; i < JG_ARRAY_SIZE(claims); i++)
			if (mask & (UINT64_C(1) << i))
				json_array_append_new(list, json_string(claims[i]));
	}
	return list;
}

static json_t *render_policy(const struct jg_policy *policy)
{
	json_t *object = json_object();
	json_t *roles = json_object();
	json_t *rooms = json_array();
	for (uint32_t i = 0; i < policy->roles_n; i++)
		json_object_setn_new(roles, policy->roles[i].role.p, policy->roles[i].role.len,
			bits(policy->roles[i].capabilities));
	for (uint32_t i = 0; i < policy->rooms_n; i++) {
		json_t *room = json_object();
		json_object_set_new(room, "pattern", text(policy->rooms[i].pattern));
		json_object_set_new(room, "deny", bits(policy->rooms[i].deny));
		json_array_append_new(rooms, room);
	}
	json_object_set_new(object, "auth_checks", json_boolean(policy->auth_checks));
	json_object_set_new(object, "default_capabilities", bits(policy->default_capabilities));
	json_object_set_new(object, "deny", bits(policy->deny));
	json_object_set_new(object, "require", bits(policy->require));
	json_object_set_new(
		object, "publish_sources", words_of(KIND_SOURCES, policy->publish_sources));
	json_object_set_new(object, "roles", roles);
	json_object_set_new(
		object, "leeway", policy->leeway < 0 ? json_null() : json_integer(policy->leeway));
	json_object_set_new(object, "max_lifetime", json_integer(policy->max_lifetime));
	json_object_set_new(
		object, "required_claims", words_of(KIND_CLAIMS, policy->required_claims));
	json_object_set_new(object, "rooms", rooms);
	json_object_set_new(object, "reconnect_grace", json_integer(policy->reconnect_grace));
	json_object_set_new(object, "refresh", json_boolean(policy->refresh));
	json_object_set_new(object, "refresh_until", json_integer(policy->refresh_until));
	return object;
}

char *jg_config_app_render(const struct jg_app *app, bool secrets)
{
	json_t *object = json_object();
	json_t *list = json_array();
	for (uint32_t i = 0; i < app->secrets_n; i++)
		json_array_append_new(list, render_secret(&app->secrets[i], secrets));
	json_object_set_new(object, "vendor", json_string(jg_vendor_name(app->vendor)));
	json_object_set_new(object, "key", text(app->key));
	json_object_set_new(object, "secrets", list);
	json_object_set_new(object, "policy", render_policy(&app->policy));
	char *rendered = json_dumps(object, JSON_COMPACT);
	json_decref(object);
	return rendered;
}
