// SPDX-License-Identifier: BSD-3-Clause
// LiveKit: capabilities back to grants, as few of them as the vendor's defaults allow.
#include "mint_jwt.h"

#define MODERATOR                                                      \
	(JG_CAPABILITY(ROOM_ADMIN) | JG_CAPABILITY(FORCE_DISCONNECT) | \
		JG_CAPABILITY(FORCE_UNPUBLISH) | JG_CAPABILITY(FORCE_MUTE))
#define DEFAULTS                                                                  \
	(JG_CAPABILITY(JOIN) | JG_CAPABILITY(SUBSCRIBE) | JG_CAPABILITY_PUBLISH | \
		JG_CAPABILITY(PUBLISH_DATA))

/** A capability that one boolean member stands for. */
struct grant {
	uint64_t capability;
	struct jg_put_word word;
};

// clang-format off
#define VIDEO(X) \
	X(ROOM_ADMIN, "roomAdmin") X(ROOM_CREATE, "roomCreate") X(ROOM_LIST, "roomList") \
	X(ROOM_RECORD, "roomRecord") X(INGRESS_ADMIN, "ingressAdmin") \
	X(UPDATE_OWN_METADATA, "canUpdateOwnMetadata") X(HIDDEN, "hidden") X(RECORDER, "recorder") \
	X(AGENT_WORKER, "agent") X(SUBSCRIBE_METRICS, "canSubscribeMetrics") \
	X(MANAGE_AGENT_SESSION, "canManageAgentSession")
#define SIP(X) X(SIP_ADMIN, "admin") X(SIP_CALL, "call")
#define AGENT(X) \
	X(AGENT_ADMIN, "admin") X(AGENT_SIMULATION_ADMIN, "simulationAdmin") \
	X(AGENT_DATABASE_ADMIN, "databaseAdmin")
#define INFERENCE(X) X(INFERENCE, "perform")
#define OBSERVABILITY(X) X(OBSERVABILITY_WRITE, "write")
#define SOURCES(X) \
	X(PUBLISH_CAMERA, "camera") X(PUBLISH_MICROPHONE, "microphone") \
	X(PUBLISH_SCREEN_SHARE, "screen_share") X(PUBLISH_SCREEN_SHARE_AUDIO, "screen_share_audio") \
	X(PUBLISH_OTHER, "unknown")

#define MEMBER(symbol, name) {JG_CAPABILITY(symbol), JG_PUT_WORD(",\"" name "\":true")},
#define ELEMENT(symbol, name) {JG_CAPABILITY(symbol), JG_PUT_WORD(",\"" name "\"")},
#define BIT(symbol, name) | JG_CAPABILITY(symbol)
static const struct grant video[] = {VIDEO(MEMBER)};
static const struct grant sip[] = {SIP(MEMBER)};
static const struct grant agent[] = {AGENT(MEMBER)};
static const struct grant inference[] = {INFERENCE(MEMBER)};
static const struct grant observability[] = {OBSERVABILITY(MEMBER)};
static const struct grant sources[] = {SOURCES(ELEMENT)};
#define VIDEO_MASK (UINT64_C(0) VIDEO(BIT))
/** Beside the media of a room: few tokens have any. */
#define SERVICES_MASK (UINT64_C(0) SIP(BIT) AGENT(BIT) INFERENCE(BIT) OBSERVABILITY(BIT))
#define KNOWN_MASK (DEFAULTS | MODERATOR | VIDEO_MASK | SERVICES_MASK)
// clang-format on

// What is granted of these, each with a comma before it.
static char *put_grants(char *at, const struct grant *grants, size_t n, uint64_t capabilities)
{
	for (size_t i = 0; i < n; i++)
		if ((capabilities & grants[i].capability) != 0)
			at = jg_put_word(at, &grants[i].word);
	return at;
}

// An object or a list of grants: the first one's comma becomes the bracket. None: nothing.
static char *put_enclosed(char *at, const struct grant *grants, size_t n, uint64_t capabilities,
	const char brackets[2])
{
	char *end = put_grants(at, grants, n, capabilities);
	*at = brackets[0];
	*end = brackets[1];
	return end + 1;
}

static void write_service(struct jg_payload *p, enum jg_mint_member member,
	const struct grant *grants, size_t n, uint64_t capabilities)
{
	uint64_t mask = 0;
	for (size_t i = 0; i < n; i++)
		mask |= grants[i].capability;
	if ((capabilities & mask) != 0 && jg_payload_member(p, member))
		p->at = put_enclosed(p->at, grants, n, capabilities, "{}");
}

static struct jg_payload write_services(struct jg_payload p, uint64_t capabilities)
{
	write_service(&p, JG_MINT_SIP, sip, JG_ARRAY_SIZE(sip), capabilities);
	write_service(&p, JG_MINT_AGENT, agent, JG_ARRAY_SIZE(agent), capabilities);
	write_service(&p, JG_MINT_INFERENCE, inference, JG_ARRAY_SIZE(inference), capabilities);
	write_service(&p, JG_MINT_OBSERVABILITY, observability, JG_ARRAY_SIZE(observability),
		capabilities);
	return p;
}

// canSubscribe and canPublish default to true, canPublishData to canPublish, no list to all sources.
static char *put_media(char *at, uint64_t capabilities)
{
	uint64_t publish = capabilities & JG_CAPABILITY_PUBLISH;
	bool data = (capabilities & JG_CAPABILITY(PUBLISH_DATA)) != 0;
	if ((capabilities & JG_CAPABILITY(SUBSCRIBE)) == 0)
		at = jg_put_str(at, JG_STR(",\"canSubscribe\":false"));
	if (publish == 0)
		at = jg_put_str(at, JG_STR(",\"canPublish\":false"));
	if (data != (publish != 0))
		at = jg_put_str(at,
			data ? JG_STR(",\"canPublishData\":true")
			     : JG_STR(",\"canPublishData\":false"));
	if (publish == 0 || publish == JG_CAPABILITY_PUBLISH)
		return at;
	at = jg_put_str(at, JG_STR(",\"canPublishSources\":"));
	return put_enclosed(at, sources, JG_ARRAY_SIZE(sources), publish, "[]");
}

static inline struct jg_payload write_video(
	struct jg_payload p, struct jg_str room, uint64_t capabilities)
{
	if (!jg_payload_member(&p, JG_MINT_VIDEO))
		return p;
	p.at = (capabilities & JG_CAPABILITY(JOIN)) != 0
		? jg_put_str(p.at, JG_STR("{\"roomJoin\":true,\"room\":"))
		: jg_put_str(p.at, JG_STR("{\"room\":"));
	jg_payload_text(&p, room);
	if ((capabilities & VIDEO_MASK) != 0)
		p.at = put_grants(p.at, video, JG_ARRAY_SIZE(video), capabilities);
	if ((capabilities & DEFAULTS) != DEFAULTS)
		p.at = put_media(p.at, capabilities);
	*p.at++ = '}';
	return p;
}

// An object whose values are strings, which the token carries as it stands.
static bool check_attributes(struct jg_minter *m, struct jg_mint_slot *slot)
{
	static const struct jg_json_level none[] = {{NULL, 0}};
	static const struct jg_json_schema schema = {.levels = none, .n = 1};
	struct jg_str text = slot->ask->attributes;
	if (text.len == 0)
		return true;
	if (text.len > JG_JSON_TEXT_MAX)
		return jg_mint_fail(slot, "attributes", "longer than a token may be");
	m->claims.text = (const uint8_t *)text.p;
	m->claims.len = text.len;
	jg_claims_clear(&m->claims);
	if (!jg_json_read(m->json, &m->scratch, &schema, &m->claims))
		return jg_mint_fail(slot, "attributes", "not one strict JSON object");
	struct jg_claim object = {.start = 0, .len = text.len, .type = JG_JSON_OBJECT}, value;
	while (text.p[object.start] != '{')
		object.start++, object.len--;
	struct jg_json_walk walk = jg_json_walk_of(&m->claims, &object);
	while (jg_json_next(&walk, NULL, &value))
		if (value.type != JG_JSON_STRING)
			return jg_mint_fail(slot, "attributes", "a value is not a string");
	return true;
}

static bool check_kind(struct jg_mint_slot *slot)
{
	static const char *const kinds[] = {
		"standard", "ingress", "egress", "sip", "agent", "connector", "bridge"};
	struct jg_str kind = slot->ask->kind;
	if (kind.len == 0)
		return true;
	for (size_t i = 0; i < JG_ARRAY_SIZE(kinds); i++)
		if (kind.len == strlen(kinds[i]) && memcmp(kind.p, kinds[i], kind.len) == 0)
			return true;
	return jg_mint_fail(slot, "kind", "not a kind of participant, in lower case");
}

#define SHORT 256u // identity and room, at most

static __attribute__((noinline)) bool check_texts(struct jg_mint_slot *slot)
{
	const struct jg_mint *ask = slot->ask;
	return jg_mint_check_text(slot, "identity", ask->identity, SHORT) &&
		jg_mint_check_text(slot, "room", ask->room, SHORT) &&
		jg_mint_check_text(slot, "name", ask->name, JG_MINT_CONTENT_MAX) &&
		jg_mint_check_text(slot, "metadata", ask->metadata, JG_MINT_CONTENT_MAX);
}

// Is there nothing in any of them that check_texts() would have to look at? Mostly so: asked of all at once.
static inline bool texts_are_plain(const struct jg_mint *ask)
{
	return ask->identity.len <= SHORT && ask->room.len <= SHORT && ask->name.len <= SHORT &&
		ask->metadata.len == 0 &&
		!jg_any(jg_text_odd(ask->identity) | jg_text_odd(ask->room) |
			jg_text_odd(ask->name));
}

static bool check(struct jg_minter *m, struct jg_mint_slot *slot, uint64_t capabilities)
{
	const struct jg_mint *ask = slot->ask;
	if (ask->identity.len == 0 && (capabilities & JG_CAPABILITY(JOIN)) != 0)
		return jg_mint_fail(slot, "identity", "needed to join");
	if (ask->room.len == 0 && (capabilities & (JG_CAPABILITY(JOIN) | MODERATOR)) != 0)
		return jg_mint_fail(slot, "room", "needed to join or administer it");
	if ((capabilities & ~KNOWN_MASK) != 0)
		return jg_mint_fail(slot, "capabilities", "LiveKit has no grant for one of them");
	if ((capabilities & MODERATOR) != 0 && (capabilities & MODERATOR) != MODERATOR)
		return jg_mint_fail(slot, "capabilities",
			"room_admin comes with all of force_disconnect, force_unpublish, "
			"force_mute");
	if (ask->expires_at == JG_TIME_NONE)
		return jg_mint_fail(slot, "expires_at", "a LiveKit token must expire");
	return (texts_are_plain(ask) || check_texts(slot)) &&
		jg_mint_check_empty(slot, "role", ask->role) &&
		jg_mint_check_empty(slot, "rtm_permissions", ask->rtm_permissions) &&
		jg_mint_check_empty(slot, "layout_classes", ask->layout_classes) &&
		check_kind(slot) && check_attributes(m, slot);
}

bool jg_mint_livekit(struct jg_minter *m, struct jg_mint_slot *slot)
{
	const struct jg_mint *ask = slot->ask;
	const struct jg_str text[] = {slot->app->key, ask->room, ask->identity, ask->name,
		ask->kind, ask->metadata, ask->attributes};
	uint64_t capabilities = ask->capabilities != 0 ? ask->capabilities : DEFAULTS;
	if (!check(m, slot, capabilities))
		return false;
	jg_mint_note_app(m, slot);
	struct jg_payload begun;
	if (!jg_payload_begin(m, slot, text, JG_ARRAY_SIZE(text), &begun))
		return false;
	struct jg_payload p = write_video(begun, ask->room, capabilities);
	jg_payload_string(&p, JG_MINT_ISS, slot->app->key);
	jg_payload_time(m, &p, JG_MINT_EXP, ask->expires_at);
	jg_payload_time(m, &p, JG_MINT_NBF, ask->not_before);
	jg_payload_time(m, &p, JG_MINT_IAT, ask->issued_at);
	if (ask->identity.len > 0)
		jg_payload_string(&p, JG_MINT_SUB, ask->identity);
	if (ask->name.len > 0)
		jg_payload_string(&p, JG_MINT_NAME, ask->name);
	if (ask->kind.len > 0 && !jg_str_eq(ask->kind, JG_STR("standard")))
		jg_payload_string(&p, JG_MINT_KIND, ask->kind);
	if (ask->metadata.len > 0)
		jg_payload_string(&p, JG_MINT_METADATA, ask->metadata);
	if (ask->attributes.len > 0 && jg_payload_member(&p, JG_MINT_ATTRIBUTES))
		p.at = jg_put_str(p.at, ask->attributes);
	if ((capabilities & SERVICES_MASK) != 0)
		p = write_services(p, capabilities);
	return jg_payload_end(m, slot, p.at, JG_STR(JG_MINT_HS256_ALONE));
}
