// SPDX-License-Identifier: BSD-3-Clause
// What a refreshed token has to be: design "Refresh", format paper section 2 for LiveKit's claims.
#include "ref.h"

#include <string.h>

static bool carried(const struct ref_case *c, const char *name)
{
	static const char *const livekit[] = {
		"name", "kind", "metadata", "attributes", "video", "roomConfig", "roomPreset"};
	static const char *const times[] = {"exp", "iat", "nbf", "expire_time", "jg_ancestors"};
	if (c->request->vendor != JG_VENDOR_LIVEKIT) {
		for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++)
			if (strcmp(name, times[i]) == 0)
				return false;
		return true;
	}
	for (size_t i = 0; i < sizeof(livekit) / sizeof(livekit[0]); i++)
		if (strcmp(name, livekit[i]) == 0)
			return true;
	return strcmp(name, "jti") == 0 && c->app->policy.require_jti;
}

static json_t *expected_payload(const struct ref_case *c)
{
	json_t *payload = json_object(), *value;
	const char *name;
	const int64_t issued = c->verdict->issued_at == JG_TIME_NONE ? 0 : c->verdict->issued_at;
	json_object_foreach(c->verdict->payload, name, value)
	{
		if (carried(c, name))
			json_object_set(payload, name, value);
	}
	if (c->request->vendor == JG_VENDOR_LIVEKIT) {
		json_object_set_new(payload, "iss", json_string(c->app->key));
		json_object_set_new(payload, "sub", json_string(c->verdict->identity));
		json_object_set_new(payload, "nbf", json_real((double)c->world->now));
	}
	json_object_set_new(payload, "iat", json_real((double)issued));
	json_object_set_new(payload, "exp", json_real((double)ref_successor_end(c)));
	return payload;
}

// The whole payload, but for the ancestors, which have been read as such.
static bool same_payload(const struct ref_case *c, json_t *got)
{
	json_t *want = expected_payload(c), *rest = json_copy(got);
	json_object_del(rest, "jg_ancestors");
	const bool same = json_equal(want, rest);
	json_decref(want);
	json_decref(rest);
	return same;
}

static bool same_ancestors(const struct ref_verdict *before, const struct ref_verdict *next)
{
	return next->ancestors_len == before->ancestors_len + REF_ID &&
		memcmp(next->ancestors, before->ancestors, before->ancestors_len) == 0 &&
		memcmp(next->ancestors + before->ancestors_len, before->id, REF_ID) == 0;
}

const char *ref_refreshed(const struct ref_world *world, const struct ref_request *request,
	const struct ref_verdict *verdict, const struct ref_request *successor,
	const struct ref_verdict *next)
{
	struct ref_verdict copy = *verdict;
	struct ref_case c = {.world = world, .request = request, .verdict = &copy};
	c.app = ref_find(&c, verdict->app);
	const int64_t issued = verdict->issued_at == JG_TIME_NONE ? 0 : verdict->issued_at;
	const bool t1 = successor->token_len > 4 && memcmp(successor->token, "T1==", 4) == 0;
	if (ref_reasons(next) != 0)
		return "it is not admitted";
	if (strcmp(next->key, verdict->key) != 0)
		return "another secret signed it";
	if (next->issued_at != issued || next->expires_at != ref_successor_end(&c))
		return "its times";
	if (strcmp(next->identity, verdict->identity) != 0 ||
		strcmp(next->room, verdict->room) != 0)
		return "it is for another participant";
	if ((next->capabilities & ~verdict->capabilities) != 0)
		return "it grants more";
	if (!same_ancestors(verdict, next))
		return "its ancestors";
	if (!t1 && !same_payload(&c, next->payload))
		return "its payload";
	if (t1 &&
		(strcmp(next->role, verdict->role) != 0 ||
			strcmp(next->metadata, verdict->metadata) != 0 ||
			strcmp(next->layout_classes, verdict->layout_classes) != 0))
		return "its fields";
	return NULL;
}
