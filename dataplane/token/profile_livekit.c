// SPDX-License-Identifier: BSD-3-Clause
// LiveKit: one token says who joins which room and what may be done there.
#include "ancestors.h"
#include "format_jwt.h"
#include "profile.h"
#include "verifier.h"

#define IDENTITY_MAX 256
#define ROOM_MAX 256

enum livekit_slot {
	SUB = JG_SLOT_VENDOR,
	IDENTITY,
	NAME,
	KIND,
	KIND_DETAILS,
	METADATA,
	ATTRIBUTES,
	VIDEO,
	SIP,
	AGENT,
	INFERENCE,
	OBSERVABILITY,
	ROOM_CONFIG,
	ROOM_PRESET,
	SHA256,
	ROOM,
	ROOM_JOIN,
	CAN_SUBSCRIBE,
	CAN_PUBLISH,
	CAN_PUBLISH_DATA,
	CAN_PUBLISH_SOURCES,
	DESTINATION_ROOM,
	CAN_UPDATE_OWN_METADATA, // from here on: members that are plain switches
	HIDDEN,
	RECORDER,
	AGENT_WORKER,
	CAN_SUBSCRIBE_METRICS,
	CAN_MANAGE_AGENT_SESSION,
	ROOM_ADMIN,
	ROOM_CREATE,
	ROOM_LIST,
	ROOM_RECORD,
	INGRESS_ADMIN,
	SIP_ADMIN,
	SIP_CALL,
	AGENT_ADMIN,
	AGENT_SIMULATION_ADMIN,
	AGENT_DATABASE_ADMIN,
	INFERENCE_PERFORM,
	OBSERVABILITY_WRITE,
	SLOTS
};
static_assert(SLOTS <= JG_CLAIMS_MAX, "a bit for each");

enum {
	LEVEL_TOP,
	LEVEL_VIDEO,
	LEVEL_SIP,
	LEVEL_AGENT,
	LEVEL_INFERENCE,
	LEVEL_OBSERVABILITY
};

// clang-format off
static const struct jg_json_member top_members[] = {
	JG_JSON_MEMBER("iss", JG_SLOT_KEY, 0), JG_JSON_MEMBER("sub", SUB, 0),
	JG_JSON_MEMBER("exp", JG_SLOT_EXP, 0), JG_JSON_MEMBER("nbf", JG_SLOT_NBF, 0),
	JG_JSON_MEMBER("iat", JG_SLOT_IAT, 0), JG_JSON_MEMBER("jti", JG_SLOT_JTI, 0),
	JG_JSON_MEMBER("identity", IDENTITY, 0), JG_JSON_MEMBER("name", NAME, 0),
	JG_JSON_MEMBER("kind", KIND, 0), JG_JSON_MEMBER("kindDetails", KIND_DETAILS, 0),
	JG_JSON_MEMBER("metadata", METADATA, 0), JG_JSON_MEMBER("attributes", ATTRIBUTES, 0),
	JG_JSON_MEMBER("video", VIDEO, LEVEL_VIDEO), JG_JSON_MEMBER("sip", SIP, LEVEL_SIP),
	JG_JSON_MEMBER("agent", AGENT, LEVEL_AGENT),
	JG_JSON_MEMBER("inference", INFERENCE, LEVEL_INFERENCE),
	JG_JSON_MEMBER("observability", OBSERVABILITY, LEVEL_OBSERVABILITY),
	JG_JSON_MEMBER("roomConfig", ROOM_CONFIG, 0), JG_JSON_MEMBER("roomPreset", ROOM_PRESET, 0),
	JG_JSON_MEMBER("sha256", SHA256, 0), JG_JSON_MEMBER(JG_ANCESTORS_CLAIM, JG_SLOT_ANCESTORS, 0),
};
static const struct jg_json_member video_members[] = {
	JG_JSON_MEMBER("room", ROOM, 0), JG_JSON_MEMBER("roomJoin", ROOM_JOIN, 0),
	JG_JSON_MEMBER("canSubscribe", CAN_SUBSCRIBE, 0), JG_JSON_MEMBER("canPublish", CAN_PUBLISH, 0),
	JG_JSON_MEMBER("canPublishData", CAN_PUBLISH_DATA, 0),
	JG_JSON_MEMBER("canPublishSources", CAN_PUBLISH_SOURCES, 0),
	JG_JSON_MEMBER("destinationRoom", DESTINATION_ROOM, 0),
	JG_JSON_MEMBER("canUpdateOwnMetadata", CAN_UPDATE_OWN_METADATA, 0),
	JG_JSON_MEMBER("hidden", HIDDEN, 0), JG_JSON_MEMBER("recorder", RECORDER, 0),
	JG_JSON_MEMBER("agent", AGENT_WORKER, 0),
	JG_JSON_MEMBER("canSubscribeMetrics", CAN_SUBSCRIBE_METRICS, 0),
	JG_JSON_MEMBER("canManageAgentSession", CAN_MANAGE_AGENT_SESSION, 0),
	JG_JSON_MEMBER("roomAdmin", ROOM_ADMIN, 0), JG_JSON_MEMBER("roomCreate", ROOM_CREATE, 0),
	JG_JSON_MEMBER("roomList", ROOM_LIST, 0), JG_JSON_MEMBER("roomRecord", ROOM_RECORD, 0),
	JG_JSON_MEMBER("ingressAdmin", INGRESS_ADMIN, 0),
};
static const struct jg_json_member sip_members[] = {
	JG_JSON_MEMBER("admin", SIP_ADMIN, 0), JG_JSON_MEMBER("call", SIP_CALL, 0),
};
static const struct jg_json_member agent_members[] = {
	JG_JSON_MEMBER("admin", AGENT_ADMIN, 0),
	JG_JSON_MEMBER("simulationAdmin", AGENT_SIMULATION_ADMIN, 0),
	JG_JSON_MEMBER("databaseAdmin", AGENT_DATABASE_ADMIN, 0),
};
static const struct jg_json_member inference_members[] = {
	JG_JSON_MEMBER("perform", INFERENCE_PERFORM, 0),
};
static const struct jg_json_member observability_members[] = {
	JG_JSON_MEMBER("write", OBSERVABILITY_WRITE, 0),
};
static const struct jg_json_level levels[] = {
	[LEVEL_TOP] = {top_members, JG_ARRAY_SIZE(top_members)},
	[LEVEL_VIDEO] = {video_members, JG_ARRAY_SIZE(video_members)},
	[LEVEL_SIP] = {sip_members, JG_ARRAY_SIZE(sip_members)},
	[LEVEL_AGENT] = {agent_members, JG_ARRAY_SIZE(agent_members)},
	[LEVEL_INFERENCE] = {inference_members, JG_ARRAY_SIZE(inference_members)},
	[LEVEL_OBSERVABILITY] = {observability_members, JG_ARRAY_SIZE(observability_members)},
};
// clang-format on

#define TEXT (JG_TYPE(NULL) | JG_TYPE(STRING))
#define SWITCH (JG_TYPE(NULL) | JG_TYPE(TRUE) | JG_TYPE(FALSE))
#define OBJECT (JG_TYPE(NULL) | JG_TYPE(OBJECT))
#define LIST (JG_TYPE(NULL) | JG_TYPE(ARRAY))

// A wrong type anywhere in a known claim refuses; null is as absent.
static const struct jg_claim_rule type_rules[] = {
	{"sub", SUB, TEXT},
	{JG_ANCESTORS_CLAIM, JG_SLOT_ANCESTORS, JG_TYPE(STRING)},
	{"jti", JG_SLOT_JTI, TEXT},
	{"identity", IDENTITY, TEXT},
	{"name", NAME, TEXT},
	{"kind", KIND, TEXT},
	{"kindDetails", KIND_DETAILS, LIST},
	{"metadata", METADATA, TEXT},
	{"attributes", ATTRIBUTES, OBJECT},
	{"video", VIDEO, OBJECT},
	{"sip", SIP, OBJECT},
	{"agent", AGENT, OBJECT},
	{"inference", INFERENCE, OBJECT},
	{"observability", OBSERVABILITY, OBJECT},
	{"roomConfig", ROOM_CONFIG, OBJECT},
	{"roomPreset", ROOM_PRESET, TEXT},
	{"sha256", SHA256, TEXT},
	{"video.room", ROOM, TEXT},
	{"video.roomJoin", ROOM_JOIN, SWITCH},
	{"video.canSubscribe", CAN_SUBSCRIBE, SWITCH},
	{"video.canPublish", CAN_PUBLISH, SWITCH},
	{"video.canPublishData", CAN_PUBLISH_DATA, SWITCH},
	{"video.canPublishSources", CAN_PUBLISH_SOURCES, LIST},
	{"video.destinationRoom", DESTINATION_ROOM, TEXT},
	{"video.canUpdateOwnMetadata", CAN_UPDATE_OWN_METADATA, SWITCH},
	{"video.hidden", HIDDEN, SWITCH},
	{"video.recorder", RECORDER, SWITCH},
	{"video.agent", AGENT_WORKER, SWITCH},
	{"video.canSubscribeMetrics", CAN_SUBSCRIBE_METRICS, SWITCH},
	{"video.canManageAgentSession", CAN_MANAGE_AGENT_SESSION, SWITCH},
	{"video.roomAdmin", ROOM_ADMIN, SWITCH},
	{"video.roomCreate", ROOM_CREATE, SWITCH},
	{"video.roomList", ROOM_LIST, SWITCH},
	{"video.roomRecord", ROOM_RECORD, SWITCH},
	{"video.ingressAdmin", INGRESS_ADMIN, SWITCH},
	{"sip.admin", SIP_ADMIN, SWITCH},
	{"sip.call", SIP_CALL, SWITCH},
	{"agent.admin", AGENT_ADMIN, SWITCH},
	{"agent.simulationAdmin", AGENT_SIMULATION_ADMIN, SWITCH},
	{"agent.databaseAdmin", AGENT_DATABASE_ADMIN, SWITCH},
	{"inference.perform", INFERENCE_PERFORM, SWITCH},
	{"observability.write", OBSERVABILITY_WRITE, SWITCH},
};

// Switches that stand for capabilities and nothing else.
static const uint64_t switch_capabilities[SLOTS - CAN_UPDATE_OWN_METADATA] = {
#define SWITCH_OF(slot) [(slot)-CAN_UPDATE_OWN_METADATA]
	SWITCH_OF(CAN_UPDATE_OWN_METADATA) = JG_CAPABILITY(UPDATE_OWN_METADATA),
	SWITCH_OF(HIDDEN) = JG_CAPABILITY(HIDDEN),
	SWITCH_OF(RECORDER) = JG_CAPABILITY(RECORDER),
	SWITCH_OF(AGENT_WORKER) = JG_CAPABILITY(AGENT_WORKER),
	SWITCH_OF(CAN_SUBSCRIBE_METRICS) = JG_CAPABILITY(SUBSCRIBE_METRICS),
	SWITCH_OF(CAN_MANAGE_AGENT_SESSION) = JG_CAPABILITY(MANAGE_AGENT_SESSION),
	SWITCH_OF(ROOM_ADMIN) = JG_CAPABILITY(ROOM_ADMIN) | JG_CAPABILITY(FORCE_DISCONNECT) |
		JG_CAPABILITY(FORCE_UNPUBLISH) | JG_CAPABILITY(FORCE_MUTE),
	SWITCH_OF(ROOM_CREATE) = JG_CAPABILITY(ROOM_CREATE),
	SWITCH_OF(ROOM_LIST) = JG_CAPABILITY(ROOM_LIST),
	SWITCH_OF(ROOM_RECORD) = JG_CAPABILITY(ROOM_RECORD),
	SWITCH_OF(INGRESS_ADMIN) = JG_CAPABILITY(INGRESS_ADMIN),
	SWITCH_OF(SIP_ADMIN) = JG_CAPABILITY(SIP_ADMIN),
	SWITCH_OF(SIP_CALL) = JG_CAPABILITY(SIP_CALL),
	SWITCH_OF(AGENT_ADMIN) = JG_CAPABILITY(AGENT_ADMIN),
	SWITCH_OF(AGENT_SIMULATION_ADMIN) = JG_CAPABILITY(AGENT_SIMULATION_ADMIN),
	SWITCH_OF(AGENT_DATABASE_ADMIN) = JG_CAPABILITY(AGENT_DATABASE_ADMIN),
	SWITCH_OF(INFERENCE_PERFORM) = JG_CAPABILITY(INFERENCE),
	SWITCH_OF(OBSERVABILITY_WRITE) = JG_CAPABILITY(OBSERVABILITY_WRITE),
#undef SWITCH_OF
};

static const struct {
	struct jg_str name;
	uint64_t capability;
} sources[] = {
	{{"camera", 6}, JG_CAPABILITY(PUBLISH_CAMERA)},
	{{"microphone", 10}, JG_CAPABILITY(PUBLISH_MICROPHONE)},
	{{"screen_share", 12}, JG_CAPABILITY(PUBLISH_SCREEN_SHARE)},
	{{"screen_share_audio", 18}, JG_CAPABILITY(PUBLISH_SCREEN_SHARE_AUDIO)},
	{{"unknown", 7}, JG_CAPABILITY(PUBLISH_OTHER)}, // tracks without a source
};

static bool is_on(const struct jg_claims *claims, unsigned slot, bool absent)
{
	return jg_claims_empty(claims, slot) ? absent
					     : (claims->of_type[JG_JSON_TRUE] >> slot & 1) != 0;
}

// The sources a list names; every source when it is empty.
static __attribute__((noinline)) uint64_t listed_sources(
	struct jg_scratch *scratch, const struct jg_claims *claims)
{
	struct jg_json_walk walk = jg_json_walk_of(claims, &claims->slot[CAN_PUBLISH_SOURCES]);
	struct jg_claim value;
	uint64_t listed = 0;
	bool empty = true;
	for (; jg_json_next(&walk, NULL, &value); empty = false) {
		if (value.type != JG_JSON_STRING)
			continue;
		struct jg_str name = jg_claim_string(scratch, claims, &value);
		for (size_t i = 0; i < JG_ARRAY_SIZE(sources); i++)
			if (jg_str_eq(name, sources[i].name))
				listed |= sources[i].capability;
	}
	return empty ? JG_CAPABILITY_PUBLISH : listed;
}

static inline uint64_t capabilities_of(struct jg_scratch *scratch, const struct jg_claims *claims)
{
	uint64_t capabilities = JG_CAPABILITY(JOIN);
	bool publish = is_on(claims, CAN_PUBLISH, true);
	if (is_on(claims, CAN_SUBSCRIBE, true))
		capabilities |= JG_CAPABILITY(SUBSCRIBE);
	if (publish)
		capabilities |= jg_claims_empty(claims, CAN_PUBLISH_SOURCES)
			? JG_CAPABILITY_PUBLISH
			: listed_sources(scratch, claims);
	if (is_on(claims, CAN_PUBLISH_DATA, publish))
		capabilities |= JG_CAPABILITY(PUBLISH_DATA);
	uint64_t on = claims->of_type[JG_JSON_TRUE] >> CAN_UPDATE_OWN_METADATA;
	for (; on != 0; on &= on - 1)
		capabilities |= switch_capabilities[__builtin_ctzll(on)];
	return capabilities;
}

// Tokens that say who, where and that they may join, and no more than switches decide about. Lists,
// kinds and what refuses are looked at one by one.
static bool outline(const struct jg_claims *types, struct jg_outline *outline)
{
	static const uint8_t texts[] = {[JG_VALUE_KEY] = JG_SLOT_KEY,
		[JG_VALUE_IDENTITY] = SUB,
		[JG_VALUE_ROOM] = ROOM,
		[JG_VALUE_NAME] = NAME,
		[JG_VALUE_METADATA] = METADATA};
	const uint64_t read = UINT64_C(1) << ATTRIBUTES | UINT64_C(1) << KIND_DETAILS |
		UINT64_C(1) << KIND | UINT64_C(1) << CAN_PUBLISH_SOURCES |
		UINT64_C(1) << JG_SLOT_ANCESTORS;
	const uint64_t wanted =
		UINT64_C(1) << JG_SLOT_KEY | UINT64_C(1) << SUB | UINT64_C(1) << ROOM;
	if (!jg_jwt_outline(&jg_livekit_schema, types, wanted, read, outline) ||
		!jg_claims_is(types, JG_SLOT_EXP, JG_JSON_NUMBER) ||
		jg_claims_empty(types, VIDEO) || !is_on(types, ROOM_JOIN, false))
		return false;
	for (unsigned i = 0; i < JG_ARRAY_SIZE(texts); i++)
		if (jg_claims_is(types, texts[i], JG_JSON_STRING))
			outline->slot[i] = texts[i];
	outline->capabilities = capabilities_of(NULL, types);
	return true;
}

const struct jg_json_schema jg_livekit_schema = {
	.levels = levels,
	.n = JG_ARRAY_SIZE(levels),
	.number = JG_SCHEMA_LIVEKIT,
	.rules = type_rules,
	.rules_n = JG_ARRAY_SIZE(type_rules),
	.outline = outline,
};

static bool equal_ignoring_case(struct jg_str a, struct jg_str lower)
{
	if (a.len != lower.len)
		return false;
	for (uint32_t i = 0; i < a.len; i++) {
		char c = a.p[i];
		if ((c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c) != lower.p[i])
			return false;
	}
	return true;
}

static const struct jg_str kinds[] = {{"standard", 8}, {"ingress", 7}, {"egress", 6}, {"sip", 3},
	{"agent", 5}, {"connector", 9}, {"bridge", 6}};

// Text that is no kind counts as standard, as absence does.
static struct jg_str kind_of(struct jg_str text)
{
	if (text.len == 0)
		return kinds[0];
	for (size_t i = 0; i < JG_ARRAY_SIZE(kinds); i++)
		if (equal_ignoring_case(text, kinds[i]))
			return kinds[i];
	return kinds[0];
}

static bool check_types(struct jg_burst *b, struct jg_record *r)
{
	static const struct {
		uint8_t slot;
		const char *name;
	} of_strings[] = {{ATTRIBUTES, "attributes"}, {KIND_DETAILS, "kindDetails"},
		{CAN_PUBLISH_SOURCES, "video.canPublishSources"}};
	const uint64_t lists = UINT64_C(1) << ATTRIBUTES | UINT64_C(1) << KIND_DETAILS |
		UINT64_C(1) << CAN_PUBLISH_SOURCES;
	if (!jg_jwt_check_claims(b, r, true))
		return false;
	if ((r->claims->present & lists) == 0)
		return true;
	for (size_t i = 0; i < JG_ARRAY_SIZE(of_strings); i++) {
		unsigned slot = of_strings[i].slot;
		if (jg_claims_empty(r->claims, slot) ||
			jg_jwt_all_strings(r->claims, &r->claims->slot[slot], true))
			continue;
		jg_refuse_claim(r, of_strings[i].name);
		return false;
	}
	return true;
}

// The server's order: a token that may join at all must say who, then where. "identity" is never
// trusted: sub, else jti, overwrites it.
static bool find_participant(struct jg_burst *b, struct jg_record *r)
{
	struct jg_scratch *scratch = &b->verifier->scratch;
	struct jg_str identity = jg_claims_string(scratch, r->claims, SUB);
	if (identity.len == 0)
		identity = jg_claims_string(scratch, r->claims, JG_SLOT_JTI);
	r->verdict->identity = identity;
	r->verdict->room = jg_claims_string(scratch, r->claims, ROOM);
	if (r->verdict->room.len > ROOM_MAX)
		jg_refuse_length(r, "video.room", r->verdict->room.len, ROOM_MAX);
	else if (identity.len > IDENTITY_MAX)
		jg_refuse_length(r, "sub", identity.len, IDENTITY_MAX);
	else if (r->exp == JG_TIME_NONE)
		jg_refuse_missing(r, "exp");
	else if (jg_claims_empty(r->claims, VIDEO))
		jg_refuse_no_join(r, "video");
	else if (!is_on(r->claims, ROOM_JOIN, false))
		jg_refuse_no_join(r, "video.roomJoin");
	else if (identity.len == 0)
		jg_refuse_missing(r, "sub");
	else if (r->verdict->room.len == 0)
		jg_refuse_missing(r, "video.room");
	return r->reason == JG_REASON_OK;
}

static inline __attribute__((always_inline)) void take_texts(
	struct jg_burst *b, struct jg_record *r, bool escaped)
{
	static const uint8_t values[] = {
		JG_VALUE_IDENTITY, JG_VALUE_ROOM, JG_VALUE_NAME, JG_VALUE_METADATA};
	struct jg_verdict *verdict = r->verdict;
	struct jg_str *const texts[] = {
		&verdict->identity, &verdict->room, &verdict->name, &verdict->metadata};
	const unsigned there = r->reading.values;
#pragma GCC unroll 4
	for (unsigned i = 0; i < JG_ARRAY_SIZE(values); i++) {
		enum jg_value value = (enum jg_value)values[i];
		if ((there >> value & 1) != 0)
			*texts[i] =
				escaped ? jg_jwt_value(b, r, value) : jg_jwt_raw_value(r, value);
	}
}

static __attribute__((noinline)) void take_escaped_texts(struct jg_burst *b, struct jg_record *r)
{
	take_texts(b, r, true);
}

static void take_reading(struct jg_burst *b, struct jg_record *r)
{
	r->verdict->kind = kinds[0];
	r->capabilities = r->reading.capabilities;
	if ((r->text.flags & JG_TEXT_BACKSLASH) == 0)
		take_texts(b, r, false);
	else
		take_escaped_texts(b, r);
}

static __attribute__((noinline)) void take_claims(struct jg_burst *b, struct jg_record *r)
{
	struct jg_scratch *scratch = &b->verifier->scratch;
	if (!check_types(b, r) || !find_participant(b, r))
		return;
	struct jg_verdict *verdict = r->verdict;
	verdict->name = jg_claims_string(scratch, r->claims, NAME);
	verdict->metadata = jg_claims_string(scratch, r->claims, METADATA);
	verdict->kind = kind_of(jg_claims_string(scratch, r->claims, KIND));
	if (!jg_claims_empty(r->claims, ATTRIBUTES))
		verdict->attributes = jg_claim_text(r->claims, &r->claims->slot[ATTRIBUTES]);
	r->capabilities = capabilities_of(scratch, r->claims);
}

void jg_livekit_claims(struct jg_burst *b, struct jg_record *r)
{
	if (r->claims == NULL)
		take_reading(b, r);
	else
		take_claims(b, r);
}

// The room and identity in the token count; where the request names some they must be these.
void jg_livekit_session(struct jg_burst *b, struct jg_record *r)
{
	(void)b;
	const struct jg_request *request = r->request;
	if (request->room.p != NULL && !jg_str_eq(request->room, r->verdict->room))
		jg_refuse_mismatch(r, JG_REASON_ROOM_MISMATCH, "room");
	else if (request->identity.p != NULL && !jg_str_eq(request->identity, r->verdict->identity))
		jg_refuse_mismatch(r, JG_REASON_IDENTITY_MISMATCH, "identity");
}
