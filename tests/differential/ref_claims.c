// SPDX-License-Identifier: BSD-3-Clause
// What claims mean: format paper sections 2 (LiveKit) and 3 (Stream).
#include "ref_claims.h"

#include "ref.h"

#include <math.h>
#include <string.h>
#include <strings.h>

#define LIMIT_TIME 9007199254740992.0

// null counts as absent for LiveKit; elsewhere it is a wrong type.
const json_t *ref_claim(struct ref_case *c, const json_t *object, const char *name, json_type type)
{
	const json_t *value = json_object_get(object, name);
	if (value == NULL || (json_is_null(value) && c->request->vendor == JG_VENDOR_LIVEKIT))
		return NULL;
	const bool boolean = type == JSON_TRUE && json_is_boolean(value);
	if (!boolean && json_typeof(value) != type) {
		ref_fail(c, REF_CLAIM, REF_R(BAD_CLAIM));
		return NULL;
	}
	return value;
}

const char *ref_string_claim(struct ref_case *c, const json_t *object, const char *name)
{
	const json_t *value = ref_claim(c, object, name, JSON_STRING);
	return value == NULL ? NULL : json_string_value(value);
}

static bool truth(struct ref_case *c, const json_t *object, const char *name, bool otherwise)
{
	const json_t *value = ref_claim(c, object, name, JSON_TRUE);
	return value == NULL ? otherwise : json_is_true(value);
}

const int64_t *ref_time_claim(struct ref_case *c, const char *name, int64_t *out)
{
	const json_t *value = json_object_get(c->verdict->payload, name);
	if (value == NULL || (json_is_null(value) && c->request->vendor == JG_VENDOR_LIVEKIT))
		return NULL;
	const double number = json_real_value(value);
	if (!json_is_real(value) || number > LIMIT_TIME || number < -LIMIT_TIME) {
		// A time that is none may as well be said when the times are judged.
		ref_fail(c, REF_CLAIM, REF_R(BAD_CLAIM));
		ref_loose(c, REF_TIME, REF_R(BAD_CLAIM));
		if (json_is_real(value) && strcmp(name, "exp") == 0)
			ref_loose(c, REF_TIME, REF_R(EXPIRED));
		if (json_is_real(value) && number < 0)
			ref_open(c, "times below -2^53");
		return NULL;
	}
	*out = (int64_t)floor(number);
	if (number < 0 && number != floor(number))
		ref_open(c, "fractions of negative times");
	return out;
}

void ref_missing(struct ref_case *c, const char *name)
{
	const json_t *value = json_object_get(c->verdict->payload, name);
	ref_fail(c, REF_CLAIM, REF_R(MISSING_CLAIM));
	if (value != NULL)
		ref_loose(c, REF_CLAIM, REF_R(BAD_CLAIM));
}

static void livekit_times(struct ref_case *c)
{
	int64_t exp, nbf, iat;
	const int64_t now = c->world->now;
	const int64_t *e = ref_time_claim(c, "exp", &exp), *n = ref_time_claim(c, "nbf", &nbf);
	const int64_t *i = ref_time_claim(c, "iat", &iat);
	if (e != NULL && now >= exp + ref_late(c))
		ref_fail(c, REF_TIME, REF_R(EXPIRED) | (exp < 0 ? REF_R(BAD_CLAIM) : 0));
	if (n != NULL && now < nbf - ref_leeway(c))
		ref_fail(c, REF_TIME, REF_R(NOT_YET_VALID));
	const json_t *raw = json_object_get(c->verdict->payload, "exp");
	if (raw == NULL || json_is_null(raw))
		ref_missing(c, "exp");
	c->verdict->expires_at = e != NULL ? exp : JG_TIME_NONE;
	c->verdict->issued_at = i != NULL ? iat : n != NULL ? nbf : JG_TIME_NONE;
}

static void strings_only(struct ref_case *c, const json_t *array)
{
	size_t at;
	json_t *value;
	json_array_foreach(array, at, value)
	{
		if (json_is_null(value))
			ref_open(c, "null inside a list");
		else if (!json_is_string(value))
			ref_fail(c, REF_CLAIM, REF_R(BAD_CLAIM));
	}
}

static uint64_t sources(struct ref_case *c, const json_t *list)
{
	static const struct {
		const char *name;
		uint64_t bit;
	} known[] = {
		{"camera", JG_CAPABILITY(PUBLISH_CAMERA)},
		{"microphone", JG_CAPABILITY(PUBLISH_MICROPHONE)},
		{"screen_share", JG_CAPABILITY(PUBLISH_SCREEN_SHARE)},
		{"screen_share_audio", JG_CAPABILITY(PUBLISH_SCREEN_SHARE_AUDIO)},
		{"unknown", JG_CAPABILITY(PUBLISH_OTHER)},
	};
	if (list == NULL || json_array_size(list) == 0)
		return JG_CAPABILITY_PUBLISH;
	strings_only(c, list);
	uint64_t bits = 0;
	size_t at;
	json_t *value;
	json_array_foreach(list, at, value) for (size_t k = 0; k < sizeof(known) / sizeof(known[0]);
						 k++) if (json_is_string(value) &&
		strcmp(json_string_value(value), known[k].name) == 0) bits |= known[k].bit;
	return bits;
}

static uint64_t flags(
	struct ref_case *c, const json_t *object, const struct ref_flag *flag, size_t n)
{
	uint64_t bits = 0;
	for (size_t i = 0; i < n; i++)
		if (truth(c, object, flag[i].name, false))
			bits |= flag[i].bits;
	return bits;
}

static void livekit_video(struct ref_case *c, const json_t *video)
{
	static const struct ref_flag plain[] = {
		{"canUpdateOwnMetadata", JG_CAPABILITY(UPDATE_OWN_METADATA)},
		{"hidden", JG_CAPABILITY(HIDDEN)},
		{"recorder", JG_CAPABILITY(RECORDER)},
		{"agent", JG_CAPABILITY(AGENT_WORKER)},
		{"canSubscribeMetrics", JG_CAPABILITY(SUBSCRIBE_METRICS)},
		{"canManageAgentSession", JG_CAPABILITY(MANAGE_AGENT_SESSION)},
		{"roomAdmin",
			JG_CAPABILITY(ROOM_ADMIN) | JG_CAPABILITY(FORCE_DISCONNECT) |
				JG_CAPABILITY(FORCE_UNPUBLISH) | JG_CAPABILITY(FORCE_MUTE)},
		{"roomCreate", JG_CAPABILITY(ROOM_CREATE)},
		{"roomList", JG_CAPABILITY(ROOM_LIST)},
		{"roomRecord", JG_CAPABILITY(ROOM_RECORD)},
		{"ingressAdmin", JG_CAPABILITY(INGRESS_ADMIN)},
	};
	uint64_t bits = flags(c, video, plain, sizeof(plain) / sizeof(plain[0]));
	const bool publish = truth(c, video, "canPublish", true);
	const bool join = truth(c, video, "roomJoin", false);
	bits |= join ? JG_CAPABILITY(JOIN) : 0;
	bits |= truth(c, video, "canSubscribe", true) ? JG_CAPABILITY(SUBSCRIBE) : 0;
	bits |= truth(c, video, "canPublishData", publish) ? JG_CAPABILITY(PUBLISH_DATA) : 0;
	const uint64_t allowed = sources(c, ref_claim(c, video, "canPublishSources", JSON_ARRAY));
	bits |= publish ? allowed : 0;
	(void)ref_string_claim(c, video, "destinationRoom");
	const char *room = ref_string_claim(c, video, "room");
	if (room != NULL && strlen(room) > 256)
		ref_fail(c, REF_CLAIM, REF_R(BAD_CLAIM));
	if (join && (room == NULL || room[0] == '\0'))
		ref_fail(c, REF_CLAIM, REF_R(MISSING_CLAIM));
	if (!join)
		ref_fail(c, REF_JOIN, REF_R(NO_JOIN));
	c->verdict->room = room == NULL ? "" : room;
	ref_grant(c, bits, JG_TIME_NONE);
}

static void livekit_identity(struct ref_case *c, bool join)
{
	const char *identity = ref_string_claim(c, c->verdict->payload, "sub");
	const char *jti = ref_string_claim(c, c->verdict->payload, "jti");
	if (identity == NULL || identity[0] == '\0')
		identity = jti;
	if (identity == NULL || identity[0] == '\0') {
		ref_fail(c, REF_CLAIM, REF_R(MISSING_CLAIM));
		// The vendor's server looks for the join grant first.
		ref_loose(c, REF_CLAIM, join ? 0 : REF_R(NO_JOIN));
		identity = "";
	}
	if (strlen(identity) > 256)
		ref_fail(c, REF_CLAIM, REF_R(BAD_CLAIM));
	c->verdict->identity = identity;
}

static const char *livekit_kind(const char *kind)
{
	static const char *const known[] = {
		"ingress", "egress", "sip", "agent", "connector", "bridge"};
	for (size_t i = 0; kind != NULL && i < sizeof(known) / sizeof(known[0]); i++)
		if (strcasecmp(kind, known[i]) == 0)
			return known[i];
	return "standard";
}

static void livekit_attributes(struct ref_case *c)
{
	json_t *attributes = json_object_get(c->verdict->payload, "attributes");
	if (ref_claim(c, c->verdict->payload, "attributes", JSON_OBJECT) == NULL)
		return;
	const char *key;
	json_t *value;
	json_object_foreach(attributes, key, value)
	{
		if (json_is_null(value))
			ref_open(c, "null inside attributes");
		else if (!json_is_string(value))
			ref_fail(c, REF_CLAIM, REF_R(BAD_CLAIM));
	}
	c->verdict->attributes = attributes;
}

void ref_livekit_claims(struct ref_case *c)
{
	static const struct ref_flag sip[] = {
		{"admin", JG_CAPABILITY(SIP_ADMIN)}, {"call", JG_CAPABILITY(SIP_CALL)}};
	static const struct ref_flag agent[] = {{"admin", JG_CAPABILITY(AGENT_ADMIN)},
		{"simulationAdmin", JG_CAPABILITY(AGENT_SIMULATION_ADMIN)},
		{"databaseAdmin", JG_CAPABILITY(AGENT_DATABASE_ADMIN)}};
	static const struct ref_flag inference[] = {{"perform", JG_CAPABILITY(INFERENCE)}};
	static const struct ref_flag observe[] = {{"write", JG_CAPABILITY(OBSERVABILITY_WRITE)}};
	static const char *const strings[] = {"identity", "roomPreset", "sha256"};
	const json_t *p = c->verdict->payload;

	livekit_times(c);
	const json_t *video = ref_claim(c, p, "video", JSON_OBJECT);
	if (video != NULL)
		livekit_video(c, video);
	else
		ref_fail(c, REF_JOIN, REF_R(NO_JOIN));
	livekit_identity(c, (c->verdict->capabilities & JG_CAPABILITY(JOIN)) != 0);
	ref_grant(c, flags(c, ref_claim(c, p, "sip", JSON_OBJECT), sip, 2), JG_TIME_NONE);
	ref_grant(c, flags(c, ref_claim(c, p, "agent", JSON_OBJECT), agent, 3), JG_TIME_NONE);
	ref_grant(
		c, flags(c, ref_claim(c, p, "inference", JSON_OBJECT), inference, 1), JG_TIME_NONE);
	ref_grant(c, flags(c, ref_claim(c, p, "observability", JSON_OBJECT), observe, 1),
		JG_TIME_NONE);
	for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++)
		(void)ref_string_claim(c, p, strings[i]);
	(void)ref_claim(c, p, "roomConfig", JSON_OBJECT);
	const json_t *details = ref_claim(c, p, "kindDetails", JSON_ARRAY);
	if (details != NULL)
		strings_only(c, details);
	livekit_attributes(c);
	const char *name = ref_string_claim(c, p, "name");
	const char *metadata = ref_string_claim(c, p, "metadata");
	c->verdict->name = name == NULL ? "" : name;
	c->verdict->metadata = metadata == NULL ? "" : metadata;
	c->verdict->kind = livekit_kind(ref_string_claim(c, p, "kind"));
}

static void stream_times(struct ref_case *c)
{
	int64_t exp, nbf, iat;
	const int64_t now = c->world->now;
	if (ref_time_claim(c, "exp", &exp) != NULL) {
		if (now >= exp + ref_late(c))
			ref_fail(c, REF_TIME, REF_R(EXPIRED) | (exp < 0 ? REF_R(BAD_CLAIM) : 0));
		c->verdict->expires_at = exp;
	}
	if (ref_time_claim(c, "nbf", &nbf) != NULL && now < nbf - ref_leeway(c))
		ref_fail(c, REF_TIME, REF_R(NOT_YET_VALID));
	if (ref_time_claim(c, "iat", &iat) != NULL) {
		if (now < iat - ref_leeway(c))
			ref_fail(c, REF_TIME, REF_R(NOT_YET_VALID));
		c->verdict->issued_at = iat;
	}
}

static void stream_call(struct ref_case *c)
{
	const json_t *calls = ref_claim(c, c->verdict->payload, "call_cids", JSON_ARRAY);
	const char *room = c->request->room;
	c->verdict->room = room == NULL ? "" : room;
	if (calls == NULL)
		return;
	strings_only(c, calls);
	bool listed = room == NULL;
	size_t at;
	json_t *value;
	json_array_foreach(calls, at, value) if (room != NULL && json_is_string(value) &&
		strcmp(json_string_value(value), room) == 0) listed = true;
	if (!listed)
		ref_fail(c, REF_MATCH, REF_R(ROOM_MISMATCH));
}

static void stream_revoked(struct ref_case *c, const char *user)
{
	const int64_t issued = c->verdict->issued_at; // JG_TIME_NONE lies before every date
	if (issued < c->app->revoke_before && c->app->revoke_before != 0)
		ref_fail(c, REF_REVOKED, REF_R(REVOKED));
	for (size_t i = 0; i < c->app->users_n; i++)
		if (strcmp(c->app->users[i].user, user) == 0 && issued < c->app->users[i].before)
			ref_fail(c, REF_REVOKED, REF_R(REVOKED));
}

void ref_stream_claims(struct ref_case *c, bool development)
{
	const json_t *p = c->verdict->payload;
	stream_times(c);
	if (development && json_object_size(p) > 1)
		ref_open(c, "more than user_id in a development token");
	const json_t *server = ref_claim(c, p, "server", JSON_TRUE);
	const char *user = ref_string_claim(c, p, "user_id");
	if (json_is_true(server)) {
		ref_fail(c, REF_JOIN, REF_R(NO_JOIN));
		ref_loose(c, REF_CLAIM, REF_R(NO_JOIN));
	}
	if (user == NULL || user[0] == '\0') {
		const json_t *raw = json_object_get(p, "user_id");
		if (raw == NULL || json_is_string(raw) || json_is_null(raw)) {
			ref_missing(c, "user_id");
			ref_loose(c, REF_CLAIM, REF_R(NO_JOIN));
		}
		user = "";
	}
	const char *role = ref_string_claim(c, p, "role");
	stream_call(c);
	if (c->request->identity != NULL && strcmp(user, c->request->identity) != 0)
		ref_fail(c, REF_MATCH, REF_R(IDENTITY_MISMATCH));
	stream_revoked(c, user);
	c->verdict->identity = user;
	c->verdict->role = role == NULL ? "" : role;
	const uint64_t own = c->app->policy.default_capabilities;
	const uint64_t usual = JG_CAPABILITY(JOIN) | JG_CAPABILITY(SUBSCRIBE) |
		JG_CAPABILITY(SIGNAL) | (JG_CAPABILITY_PUBLISH & ~JG_CAPABILITY(PUBLISH_OTHER));
	ref_grant(c, own != 0 ? own : usual, JG_TIME_NONE);
}
