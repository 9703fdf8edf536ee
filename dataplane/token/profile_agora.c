// SPDX-License-Identifier: BSD-3-Clause
// What Agora's services and privileges mean (token-formats.md sections 5 and 6).
#include "deflate.h"
#include "format_agora.h"
#include "verifier.h"

/** Ends that differ: one per privilege at most. */
#define ENDS_MAX 16

// clang-format off
static const uint64_t meanings[JG_AGORA_SERVICE_COUNT][JG_AGORA_PRIVILEGES_MAX] = {
	[JG_AGORA_RTC] = {JG_CAPABILITY(JOIN) | JG_CAPABILITY(SUBSCRIBE),
		JG_CAPABILITY(PUBLISH_MICROPHONE) | JG_CAPABILITY(PUBLISH_SCREEN_SHARE_AUDIO),
		JG_CAPABILITY(PUBLISH_CAMERA) | JG_CAPABILITY(PUBLISH_SCREEN_SHARE),
		JG_CAPABILITY(PUBLISH_DATA)},
	[JG_AGORA_RTM] = {JG_CAPABILITY(RTM_LOGIN) | JG_CAPABILITY(SIGNAL)},
	[JG_AGORA_STREAMING] = {JG_CAPABILITY(STREAM_PUSH_MIX), JG_CAPABILITY(STREAM_PUSH_RAW)},
	[JG_AGORA_FPA] = {JG_CAPABILITY(FPA_LOGIN)},
	[JG_AGORA_CHAT] = {JG_CAPABILITY(CHAT_USER), JG_CAPABILITY(CHAT_APP)},
	[JG_AGORA_FCDN] = {JG_CAPABILITY(CDN_PUBLISH), JG_CAPABILITY(CDN_PLAY)},
	[JG_AGORA_APAAS] = {JG_CAPABILITY(APAAS_ROOM_USER), JG_CAPABILITY(APAAS_USER),
		JG_CAPABILITY(APAAS_APP)},
	[JG_AGORA_RTM2] = {JG_CAPABILITY(RTM_LOGIN)},
};
// clang-format on

// What all privileges of a service stand for, or having it at all.
static const uint64_t service_masks[JG_AGORA_SERVICE_COUNT] = {
	[JG_AGORA_RTC] = JG_CAPABILITY(JOIN) | JG_CAPABILITY(SUBSCRIBE) |
		JG_CAPABILITY(PUBLISH_MICROPHONE) | JG_CAPABILITY(PUBLISH_SCREEN_SHARE_AUDIO) |
		JG_CAPABILITY(PUBLISH_CAMERA) | JG_CAPABILITY(PUBLISH_SCREEN_SHARE) |
		JG_CAPABILITY(PUBLISH_DATA),
	[JG_AGORA_RTM] = JG_CAPABILITY(RTM_LOGIN) | JG_CAPABILITY(SIGNAL),
	[JG_AGORA_STREAMING] = JG_CAPABILITY(STREAM_PUSH_MIX) | JG_CAPABILITY(STREAM_PUSH_RAW),
	[JG_AGORA_FPA] = JG_CAPABILITY(FPA_LOGIN),
	[JG_AGORA_CHAT] = JG_CAPABILITY(CHAT_USER) | JG_CAPABILITY(CHAT_APP),
	[JG_AGORA_FCDN] = JG_CAPABILITY(CDN_PUBLISH) | JG_CAPABILITY(CDN_PLAY),
	[JG_AGORA_APAAS] = JG_CAPABILITY(APAAS_ROOM_USER) | JG_CAPABILITY(APAAS_USER) |
		JG_CAPABILITY(APAAS_APP),
	[JG_AGORA_RTM2] = JG_CAPABILITY(RTM_LOGIN),
	[JG_AGORA_CONVO_AI] = JG_CAPABILITY(CONVO_AI),
	[JG_AGORA_STT] = JG_CAPABILITY(STT),
};

uint64_t jg_agora_service_mask(unsigned type)
{
	assert(type < JG_AGORA_SERVICE_COUNT);
	return service_masks[type];
}

uint64_t jg_agora_meaning(unsigned type, unsigned key)
{
	bool known = type < JG_AGORA_SERVICE_COUNT && key - 1 < JG_AGORA_PRIVILEGES_MAX;
	return known ? meanings[type][key - 1] : 0;
}

// What is granted so far, and until when. The later end counts, having none beats every end.
struct grants {
	int64_t now; // leeway taken off: what ends at or before it is over
	int64_t until; // within the reconnect grace: its end; else JG_TIME_NONE
	uint64_t live;
	uint64_t endless;
	int64_t ends[JG_CAPABILITY_COUNT];
};

static void grant(struct grants *g, uint64_t capabilities, int64_t end)
{
	if (end != JG_TIME_NONE && end <= g->now)
		return;
	// What ended with the token or since then ends with the grace.
	if (end != JG_TIME_NONE && end < g->until)
		end = g->until;
	for (uint64_t left = capabilities; left != 0; left &= left - 1) {
		unsigned bit = (unsigned)__builtin_ctzll(left);
		if ((g->live >> bit & 1) == 0 || g->ends[bit] < end)
			g->ends[bit] = end;
	}
	g->live |= capabilities;
	g->endless |= end == JG_TIME_NONE ? capabilities : 0;
}

// Capabilities with an end of their own, those with the same end together.
static void put_grants(struct jg_burst *b, struct jg_record *r, const struct grants *g)
{
	uint64_t left = g->live & ~g->endless;
	r->capabilities = g->live;
	if (left == 0)
		return;
	struct jg_capability_expiry *ends =
		jg_scratch_take(&b->verifier->scratch, ENDS_MAX * sizeof(*ends));
	if (ends == NULL) {
		jg_refuse(r, JG_REASON_OVERLOADED);
		return;
	}
	uint32_t n = 0;
	while (left != 0 && n < ENDS_MAX) {
		int64_t end = g->ends[__builtin_ctzll(left)];
		ends[n] = (struct jg_capability_expiry){.expires_at = end};
		for (uint64_t bits = left; bits != 0; bits &= bits - 1)
			if (g->ends[__builtin_ctzll(bits)] == end)
				ends[n].capabilities |= bits & -bits;
		left &= ~ends[n++].capabilities;
	}
	r->verdict->capability_expires = ends;
	r->verdict->capability_expires_n = n;
}

// Seconds since the epoch at which a privilege of a 007 token ends. Both parts may be 2^32 - 1.
static int64_t end_of(const struct jg_agora *agora, uint32_t value)
{
	return value == 0 ? JG_TIME_NONE : (int64_t)agora->issued_at + value;
}

// The token is over and yet here: it is a reconnect within the grace.
static bool within_grace(const struct jg_burst *b, const struct jg_record *r)
{
	return b->now - r->app->policy.leeway >= r->exp;
}

// When privileges are judged. The grace counts from the token's end, and most privileges end with
// the token: within it they are what they were in its last second.
static int64_t now_of(const struct jg_burst *b, const struct jg_record *r)
{
	return within_grace(b, r) ? r->exp - 1 : b->now - r->app->policy.leeway;
}

static struct grants grants_of(const struct jg_burst *b, const struct jg_record *r)
{
	const struct jg_policy *policy = &r->app->policy;
	return (struct grants){.now = now_of(b, r),
		.until = within_grace(b, r) ? r->exp + policy->leeway + policy->reconnect_grace
					    : JG_TIME_NONE};
}

static bool wanted(const struct jg_record *r, unsigned type)
{
	return r->request->service == JG_SERVICE_RTM ? type == JG_AGORA_RTM || type == JG_AGORA_RTM2
						     : type == JG_AGORA_RTC;
}

// The privilege to join or log in: is there one, and when does the last one end?
struct entry {
	bool found;
	bool endless;
	int64_t end;
};

static void entry_add(struct entry *entry, int64_t end)
{
	if (end == JG_TIME_NONE)
		entry->endless = true;
	else if (!entry->found || end > entry->end)
		entry->end = end;
	entry->found = true;
}

static void entry_add_all(
	struct entry *entry, const struct jg_agora *agora, struct jg_cursor privileges)
{
	struct jg_agora_privilege p;
	while (jg_agora_privilege_next(&privileges, &p))
		if (p.key == 1)
			entry_add(entry, end_of(agora, p.value));
}

static void judge_entry(struct jg_burst *b, struct jg_record *r, const struct entry *entry)
{
	if (!entry->found)
		jg_refuse_no_join(r,
			r->request->service == JG_SERVICE_RTM ? "RTM login privilege"
							      : "RTC join privilege");
	else if (!entry->endless && entry->end <= now_of(b, r))
		jg_refuse_rule(r, JG_REASON_EXPIRED, JG_RULE_EXPIRED, JG_STR("join privilege"),
			b->now - entry->end, r->app->policy.leeway);
}

void jg_agora_007_claims(struct jg_burst *b, struct jg_record *r)
{
	struct entry entry = {.found = false};
	struct jg_agora_service service;
	struct jg_cursor services = r->agora->services;
	uint16_t left = r->agora->services_n;
	while (jg_agora_service_next(&services, &left, &service))
		if (wanted(r, service.type))
			entry_add_all(&entry, r->agora, service.privileges);
	judge_entry(b, r, &entry);
}

// A token's text against what was asked for; nothing asked, nothing compared. An empty text fits any.
static bool fits(struct jg_str text, struct jg_str asked)
{
	return asked.p == NULL || text.len == 0 || jg_str_eq(text, asked) ||
		jg_agora_match(text, asked);
}

// What is handed on when the request says nothing: the token's text, unless it is a pattern.
static struct jg_str either(struct jg_str asked, struct jg_str text)
{
	if (asked.p != NULL)
		return asked;
	return text.len > 0 && memchr(text.p, '*', text.len) != NULL ? JG_STR("") : text;
}

// Does the service let this request in? Notes which of the two did not fit.
static bool admits(struct jg_record *r, const struct jg_agora_service *service, bool *room_fits)
{
	const struct jg_request *q = r->request;
	if (q->service == JG_SERVICE_RTM) {
		*room_fits = true;
		if (q->identity.p != NULL && !jg_str_eq(service->account, q->identity))
			return false;
		r->verdict->identity = service->account;
		return true;
	}
	if (!fits(service->channel, q->room))
		return false;
	*room_fits = true;
	if (!fits(service->account, q->identity))
		return false;
	r->verdict->room = either(q->room, service->channel);
	r->verdict->identity = either(q->identity, service->account);
	return true;
}

static void grant_service(
	struct grants *g, const struct jg_agora *agora, const struct jg_agora_service *service)
{
	struct jg_cursor privileges = service->privileges;
	struct jg_agora_privilege p;
	while (jg_agora_privilege_next(&privileges, &p))
		grant(g, jg_agora_meaning(service->type, p.key), end_of(agora, p.value));
	if (service->type == JG_AGORA_CONVO_AI)
		grant(g, JG_CAPABILITY(CONVO_AI), JG_TIME_NONE);
	if (service->type == JG_AGORA_STT)
		grant(g, JG_CAPABILITY(STT), JG_TIME_NONE);
}

// RTM2 permissions, raw, of one service after the other.
struct permissions {
	struct jg_str all;
	char *joined; // taken when there is a second service, large enough for all
};

// Those of a login that is granted.
static void permissions_add(struct jg_burst *b, struct jg_record *r, struct permissions *to,
	const struct jg_agora_service *service)
{
	const struct jg_str more = service->permissions;
	struct entry login = {.found = false};
	entry_add_all(&login, r->agora, service->privileges);
	if (!login.found || (!login.endless && login.end <= now_of(b, r)))
		return;
	if (to->all.len == 0) {
		to->all = more;
		return;
	}
	if (to->joined == NULL) {
		to->joined = jg_scratch_bytes(&b->verifier->scratch, r->agora->services.left);
		if (to->joined == NULL) {
			jg_refuse(r, JG_REASON_OVERLOADED);
			return;
		}
		memcpy(to->joined, to->all.p, to->all.len);
	}
	memcpy(to->joined + to->all.len, more.p, more.len);
	to->all = (struct jg_str){to->joined, to->all.len + more.len};
}

void jg_agora_007_session(struct jg_burst *b, struct jg_record *r)
{
	struct grants g = grants_of(b, r);
	struct entry entry = {.found = false};
	bool rtm = r->request->service == JG_SERVICE_RTM, room_fits = false, admitted = false;
	struct jg_agora_service service;
	struct jg_cursor services = r->agora->services;
	uint16_t left = r->agora->services_n;
	struct permissions permissions = {.joined = NULL};
	while (jg_agora_service_next(&services, &left, &service)) {
		if (wanted(r, service.type)) {
			if (!admits(r, &service, &room_fits))
				continue;
			admitted = true;
			entry_add_all(&entry, r->agora, service.privileges);
		} else if (rtm) {
			continue;
		}
		grant_service(&g, r->agora, &service);
		if (service.type == JG_AGORA_RTM2)
			permissions_add(b, r, &permissions, &service);
	}
	if (!admitted) {
		jg_refuse_mismatch(r,
			room_fits ? JG_REASON_IDENTITY_MISMATCH : JG_REASON_ROOM_MISMATCH,
			room_fits ? rtm ? "RTM user" : "uid" : "channel");
		return;
	}
	judge_entry(b, r, &entry); // another channel's service may have been the one that joins
	if (r->reason != JG_REASON_OK)
		return;
	r->verdict->rtm_permissions = permissions.all;
	put_grants(b, r, &g);
}

// 006: the privileges of the service asked for; 1000 stands for the RTM login.
static void grant_006(struct jg_record *r, struct grants *g, struct entry *entry)
{
	bool rtm = r->request->service == JG_SERVICE_RTM;
	struct jg_cursor privileges = r->agora->privileges;
	struct jg_agora_privilege p;
	while (jg_agora_privilege_next(&privileges, &p)) {
		int64_t end = p.value == 0 ? JG_TIME_NONE : (int64_t)p.value;
		if ((p.key == JG_AGORA_006_RTM_LOGIN) != rtm)
			continue;
		grant(g,
			rtm ? jg_agora_meaning(JG_AGORA_RTM, 1)
			    : jg_agora_meaning(JG_AGORA_RTC, p.key),
			end);
		if (rtm || p.key == 1)
			entry_add(entry, end);
	}
}

void jg_agora_006_claims(struct jg_burst *b, struct jg_record *r)
{
	struct grants g = grants_of(b, r);
	struct entry entry = {.found = false};
	grant_006(r, &g, &entry);
	judge_entry(b, r, &entry);
	if (r->reason == JG_REASON_OK)
		put_grants(b, r, &g);
}

void jg_agora_006_session(struct jg_burst *b, struct jg_record *r)
{
	struct jg_str channel, uid;
	bool rtm = r->request->service == JG_SERVICE_RTM;
	(void)b;
	jg_agora_006_beside(r->request, r->agora, &channel, &uid);
	// The signature held over these texts; that the checksums lie is a mismatch all the same.
	if (jg_crc32(channel.p, channel.len) != r->agora->crc_channel) {
		jg_refuse_mismatch(r, rtm ? JG_REASON_IDENTITY_MISMATCH : JG_REASON_ROOM_MISMATCH,
			rtm ? "RTM user" : "channel");
		return;
	}
	if (jg_crc32(uid.p, uid.len) != r->agora->crc_uid) {
		jg_refuse_mismatch(r, JG_REASON_IDENTITY_MISMATCH, "uid");
		return;
	}
	r->verdict->identity = r->request->identity;
	r->verdict->room = rtm ? (struct jg_str){NULL, 0} : r->request->room;
}
