// SPDX-License-Identifier: BSD-3-Clause
// LiveKit: capabilities back to grants, as few of them as the vendor's defaults allow.
#include "mint_jwt.h"

#define HEADER "{\"alg\":\"HS256\"}" // what the vendor's own SDK for Node writes

#define MODERATOR                                                      \
	(JG_CAPABILITY(ROOM_ADMIN) | JG_CAPABILITY(FORCE_DISCONNECT) | \
		JG_CAPABILITY(FORCE_UNPUBLISH) | JG_CAPABILITY(FORCE_MUTE))
#define DEFAULTS                                                                  \
	(JG_CAPABILITY(JOIN) | JG_CAPABILITY(SUBSCRIBE) | JG_CAPABILITY_PUBLISH | \
		JG_CAPABILITY(PUBLISH_DATA))

/** A capability that one boolean member stands for. */
struct grant {
	uint64_t capability;
	const char *member;
};

// clang-format off
static const struct grant video[] = {
	{JG_CAPABILITY(ROOM_ADMIN), "roomAdmin"},
	{JG_CAPABILITY(ROOM_CREATE), "roomCreate"},
	{JG_CAPABILITY(ROOM_LIST), "roomList"},
	{JG_CAPABILITY(ROOM_RECORD), "roomRecord"},
	{JG_CAPABILITY(INGRESS_ADMIN), "ingressAdmin"},
	{JG_CAPABILITY(UPDATE_OWN_METADATA), "canUpdateOwnMetadata"},
	{JG_CAPABILITY(HIDDEN), "hidden"},
	{JG_CAPABILITY(RECORDER), "recorder"},
	{JG_CAPABILITY(AGENT_WORKER), "agent"},
	{JG_CAPABILITY(SUBSCRIBE_METRICS), "canSubscribeMetrics"},
	{JG_CAPABILITY(MANAGE_AGENT_SESSION), "canManageAgentSession"},
};
static const struct grant sip[] = {
	{JG_CAPABILITY(SIP_ADMIN), "admin"},
	{JG_CAPABILITY(SIP_CALL), "call"},
};
static const struct grant agent[] = {
	{JG_CAPABILITY(AGENT_ADMIN), "admin"},
	{JG_CAPABILITY(AGENT_SIMULATION_ADMIN), "simulationAdmin"},
	{JG_CAPABILITY(AGENT_DATABASE_ADMIN), "databaseAdmin"},
};
static const struct grant inference[] = {{JG_CAPABILITY(INFERENCE), "perform"}};
static const struct grant observability[] = {{JG_CAPABILITY(OBSERVABILITY_WRITE), "write"}};
static const struct grant sources[] = {
	{JG_CAPABILITY(PUBLISH_CAMERA), "camera"},
	{JG_CAPABILITY(PUBLISH_MICROPHONE), "microphone"},
	{JG_CAPABILITY(PUBLISH_SCREEN_SHARE), "screen_share"},
	{JG_CAPABILITY(PUBLISH_SCREEN_SHARE_AUDIO), "screen_share_audio"},
	{JG_CAPABILITY(PUBLISH_OTHER), "unknown"},
};
// clang-format on

// Every capability that LiveKit has a grant for.
static uint64_t known(void)
{
	static const struct {
		const struct grant *grants;
		size_t n;
	} all[] = {{video, JG_ARRAY_SIZE(video)}, {sip, JG_ARRAY_SIZE(sip)},
		{agent, JG_ARRAY_SIZE(agent)}, {inference, JG_ARRAY_SIZE(inference)},
		{observability, JG_ARRAY_SIZE(observability)}};
	uint64_t mask = DEFAULTS | MODERATOR;
	for (size_t i = 0; i < JG_ARRAY_SIZE(all); i++)
		for (size_t j = 0; j < all[i].n; j++)
			mask |= all[i].grants[j].capability;
	return mask;
}

static void write_true(struct jg_writer *w, const char *member, bool *first)
{
	jg_write_text(w, *first ? "\"" : ",\"");
	jg_write_text(w, member);
	jg_write_text(w, "\":true");
	*first = false;
}

static void write_grants(struct jg_payload *p, enum jg_mint_member member,
	const struct grant *grants, size_t n, uint64_t capabilities)
{
	uint64_t mask = 0;
	bool first = true;
	for (size_t i = 0; i < n; i++)
		mask |= grants[i].capability;
	if ((capabilities & mask) == 0 || !jg_payload_member(p, member))
		return;
	jg_write_text(&p->w, "{");
	for (size_t i = 0; i < n; i++)
		if ((capabilities & grants[i].capability) != 0)
			write_true(&p->w, grants[i].member, &first);
	jg_write_text(&p->w, "}");
}

// canSubscribe and canPublish default to true, canPublishData to canPublish, no list to all sources.
static void write_media(struct jg_writer *w, uint64_t capabilities)
{
	uint64_t publish = capabilities & JG_CAPABILITY_PUBLISH;
	bool data = (capabilities & JG_CAPABILITY(PUBLISH_DATA)) != 0;
	bool first = true;
	if ((capabilities & JG_CAPABILITY(SUBSCRIBE)) == 0)
		jg_write_text(w, ",\"canSubscribe\":false");
	if (publish == 0)
		jg_write_text(w, ",\"canPublish\":false");
	if (data != (publish != 0))
		jg_write_text(w, data ? ",\"canPublishData\":true" : ",\"canPublishData\":false");
	if (publish == 0 || publish == JG_CAPABILITY_PUBLISH)
		return;
	jg_write_text(w, ",\"canPublishSources\":[");
	for (size_t i = 0; i < JG_ARRAY_SIZE(sources); i++) {
		if ((publish & sources[i].capability) == 0)
			continue;
		jg_write_text(w, first ? "\"" : ",\"");
		jg_write_text(w, sources[i].member);
		jg_write_text(w, "\"");
		first = false;
	}
	jg_write_text(w, "]");
}

static void write_video(struct jg_payload *p, struct jg_str room, uint64_t capabilities)
{
	bool first = false;
	if (!jg_payload_member(p, JG_MINT_VIDEO))
		return;
	jg_write_text(&p->w,
		(capabilities & JG_CAPABILITY(JOIN)) != 0 ? "{\"roomJoin\":true,\"room\":"
							  : "{\"room\":");
	jg_write_json(&p->w, room);
	for (size_t i = 0; i < JG_ARRAY_SIZE(video); i++)
		if ((capabilities & video[i].capability) != 0)
			write_true(&p->w, video[i].member, &first);
	write_media(&p->w, capabilities);
	jg_write_text(&p->w, "}");
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
	for (size_t i = 0; i < JG_ARRAY_SIZE(kinds); i++)
		if (kind.len == strlen(kinds[i]) && memcmp(kind.p, kinds[i], kind.len) == 0)
			return true;
	return kind.len == 0
		? true
		: jg_mint_fail(slot, "kind", "not a kind of participant, in lower case");
}

static bool check(struct jg_minter *m, struct jg_mint_slot *slot, uint64_t capabilities)
{
	const struct jg_mint *ask = slot->ask;
	if (ask->identity.len == 0 && (capabilities & JG_CAPABILITY(JOIN)) != 0)
		return jg_mint_fail(slot, "identity", "needed to join");
	if (ask->room.len == 0 && (capabilities & (JG_CAPABILITY(JOIN) | MODERATOR)) != 0)
		return jg_mint_fail(slot, "room", "needed to join or administer it");
	if ((capabilities & ~known()) != 0)
		return jg_mint_fail(slot, "capabilities", "LiveKit has no grant for one of them");
	if ((capabilities & MODERATOR) != 0 && (capabilities & MODERATOR) != MODERATOR)
		return jg_mint_fail(slot, "capabilities",
			"room_admin comes with all of force_disconnect, force_unpublish, "
			"force_mute");
	if (ask->expires_at == JG_TIME_NONE)
		return jg_mint_fail(slot, "expires_at", "a LiveKit token must expire");
	return jg_mint_check_text(slot, "identity", ask->identity, 256) &&
		jg_mint_check_text(slot, "room", ask->room, 256) &&
		jg_mint_check_text(slot, "name", ask->name, JG_MINT_CONTENT_MAX) &&
		jg_mint_check_text(slot, "metadata", ask->metadata, JG_MINT_CONTENT_MAX) &&
		jg_mint_check_empty(slot, "role", ask->role) &&
		jg_mint_check_empty(slot, "layout_classes", ask->layout_classes) &&
		check_kind(slot) && check_attributes(m, slot);
}

bool jg_mint_livekit(struct jg_minter *m, struct jg_mint_slot *slot)
{
	const struct jg_mint *ask = slot->ask;
	uint64_t capabilities = ask->capabilities != 0 ? ask->capabilities : DEFAULTS;
	struct jg_payload p;
	if (!check(m, slot, capabilities) || !jg_payload_begin(m, slot, &p))
		return false;
	write_video(&p, ask->room, capabilities);
	jg_payload_string(&p, JG_MINT_ISS, slot->app->key);
	jg_payload_time(&p, JG_MINT_EXP, ask->expires_at);
	jg_payload_time(&p, JG_MINT_NBF, ask->not_before);
	jg_payload_time(&p, JG_MINT_IAT, ask->issued_at);
	if (ask->identity.len > 0)
		jg_payload_string(&p, JG_MINT_SUB, ask->identity);
	if (ask->name.len > 0)
		jg_payload_string(&p, JG_MINT_NAME, ask->name);
	if (ask->kind.len > 0 && !jg_str_eq(ask->kind, JG_STR("standard")))
		jg_payload_string(&p, JG_MINT_KIND, ask->kind);
	if (ask->metadata.len > 0)
		jg_payload_string(&p, JG_MINT_METADATA, ask->metadata);
	if (ask->attributes.len > 0 && jg_payload_member(&p, JG_MINT_ATTRIBUTES))
		jg_write_str(&p.w, ask->attributes);
	write_grants(&p, JG_MINT_SIP, sip, JG_ARRAY_SIZE(sip), capabilities);
	write_grants(&p, JG_MINT_AGENT, agent, JG_ARRAY_SIZE(agent), capabilities);
	write_grants(&p, JG_MINT_INFERENCE, inference, JG_ARRAY_SIZE(inference), capabilities);
	write_grants(&p, JG_MINT_OBSERVABILITY, observability, JG_ARRAY_SIZE(observability),
		capabilities);
	return jg_payload_end(&p, slot, HEADER);
}
