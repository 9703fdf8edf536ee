// SPDX-License-Identifier: BSD-3-Clause
// Successors of tokens that were admitted: same claims, later end, original issue time.
#include "base64url.h"
#include "minter.h"
#include "refreshable.h"

static bool is_one_of(struct jg_str name, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (name.len == strlen(names[i]) && memcmp(name.p, names[i], name.len) == 0)
			return true;
	return false;
}

// LiveKit carries a few claims and drops the rest (sip, agent, what it does not know); the others
// have no rule, so that everything but the times stays. A jti that the policy asks for stays, too.
static bool is_carried(const struct jg_app_entry *app, struct jg_str name)
{
	static const char *const kept[] = {
		"name", "kind", "metadata", "attributes", "video", "roomConfig", "roomPreset"};
	static const char *const replaced[] = {
		"exp", "iat", "nbf", "expire_time", JG_ANCESTORS_CLAIM};
	if (app->vendor == JG_VENDOR_LIVEKIT)
		return is_one_of(name, kept, JG_ARRAY_SIZE(kept)) ||
			((app->policy.required_claims & JG_CLAIM_JTI) != 0 &&
				jg_str_eq(name, JG_STR("jti")));
	return !is_one_of(name, replaced, JG_ARRAY_SIZE(replaced));
}

static void write_value(
	struct jg_writer *w, const struct jg_claims *claims, const struct jg_claim *value)
{
	bool quoted = value->type == JG_JSON_STRING;
	jg_write_text(w, quoted ? "\"" : "");
	jg_write_str(w, jg_claim_text(claims, value));
	jg_write_text(w, quoted ? "\"" : "");
}

// Carried members as they stand in the token, escapes and all; a comma behind each.
static bool write_carried(struct jg_minter *m, struct jg_mint_slot *slot, struct jg_writer *w)
{
	struct jg_claim top = {.len = m->claims.len, .type = JG_JSON_OBJECT}, name, value;
	while (m->claims.text[top.start] != '{')
		top.start++, top.len--;
	while (m->claims.text[top.start + top.len - 1] != '}')
		top.len--;
	struct jg_json_walk walk = jg_json_walk_of(&m->claims, &top);
	while (jg_json_next(&walk, &name, &value)) {
		struct jg_str text = jg_claim_string(&m->scratch, &m->claims, &name);
		if (text.p == NULL)
			return jg_mint_fail(slot, NULL, JG_MINT_TOO_LONG);
		if (!is_carried(slot->app, text))
			continue;
		name.type = JG_JSON_STRING;
		write_value(w, &m->claims, &name);
		jg_write_text(w, ":");
		write_value(w, &m->claims, &value);
		jg_write_text(w, ",");
	}
	return true;
}

static bool read_payload(struct jg_minter *m, struct jg_mint_slot *slot, struct jg_str token)
{
	static const struct jg_json_level none[] = {{NULL, 0}};
	static const struct jg_json_schema schema = {.levels = none, .n = 1};
	const char *start = memchr(token.p, '.', token.len);
	const char *end = start == NULL
		? NULL
		: memchr(start + 1, '.', token.len - (size_t)(start + 1 - token.p));
	if (end == NULL)
		return jg_mint_fail(slot, NULL, "not a JWT");
	size_t n = (size_t)(end - start - 1);
	uint8_t *text = jg_scratch_take(&m->scratch, JG_BASE64URL_DECODED(n));
	int len = text == NULL ? -1 : jg_base64url_decode(start + 1, n, text);
	m->claims.text = text;
	m->claims.len = len < 0 ? 0 : (uint32_t)len;
	m->claims.present = 0;
	if (len < 0 || !jg_json_read(m->json, &m->scratch, &schema, &m->claims))
		return jg_mint_fail(slot, NULL, "not a JWT");
	return true;
}

static bool refresh_jwt(struct jg_minter *m, struct jg_mint_slot *slot,
	const struct jg_request *request, const struct jg_verdict *verdict, int64_t exp)
{
	struct jg_writer w = slot->content;
	jg_write_text(&w, "{");
	if (!read_payload(m, slot, request->token) || !write_carried(m, slot, &w))
		return false;
	if (verdict->vendor == JG_VENDOR_LIVEKIT) {
		jg_write_text(&w, "\"iss\":");
		jg_write_json(&w, slot->app->key);
		jg_write_text(&w, ",\"sub\":");
		jg_write_json(&w, verdict->identity);
		jg_write_text(&w, ",\"nbf\":");
		jg_write_int(&w, m->now);
		jg_write_text(&w, ",");
	}
	jg_write_text(&w, "\"iat\":");
	jg_write_int(&w, slot->issued_at);
	jg_write_text(&w, ",\"exp\":");
	jg_write_int(&w, exp);
	jg_write_text(&w, ",\"" JG_ANCESTORS_CLAIM "\":\"");
	jg_write_str(&w, slot->ancestors);
	jg_write_text(&w, "\"}");
	slot->content = w;
	slot->header =
		slot->format == JG_FORMAT_JWT_RS256 ? JG_STR(JG_MINT_RS256) : JG_STR(JG_MINT_HS256);
	return w.full ? jg_mint_fail(slot, NULL, JG_MINT_TOO_LONG) : true;
}

// The verdict holds all that a T1 token says.
static bool refresh_t1(struct jg_minter *m, struct jg_mint_slot *slot,
	const struct jg_verdict *verdict, int64_t exp)
{
	slot->own.room = verdict->room;
	slot->own.role = verdict->role;
	slot->own.metadata = verdict->metadata;
	slot->own.layout_classes = verdict->layout_classes;
	slot->own.expires_at = exp;
	return jg_mint_t1(m, slot);
}

// What a refresh verdict has found to be refreshable, signed by the secret that signed it.
static bool refresh(struct jg_minter *m, const struct jg_snapshot *snapshot,
	struct jg_mint_slot *slot, const struct jg_request *request,
	const struct jg_verdict *verdict, struct jg_minted *out)
{
	slot->own = (struct jg_mint){.vendor = verdict->vendor,
		.format = verdict->format,
		.app = verdict->app,
		.key = verdict->key,
		.issued_at = verdict->issued_at != JG_TIME_NONE ? verdict->issued_at : 0,
		.not_before = JG_TIME_NONE,
		.expires_at = JG_TIME_NONE};
	if (!jg_mint_begin(m, snapshot, slot, &slot->own, out))
		return false;
	slot->ancestors =
		(struct jg_str){m->ancestors, jg_ancestors_of_successor(verdict, m->ancestors)};
	int64_t exp = jg_refreshed_until(slot->app, verdict, m->now);
	if (verdict->format == JG_FORMAT_T1)
		return refresh_t1(m, slot, verdict, exp);
	return refresh_jwt(m, slot, request, verdict, exp);
}

void jg_refresh_burst(struct jg_minter *minter, const struct jg_snapshot *snapshot, int64_t now,
	const struct jg_request *requests, const struct jg_verdict *verdicts,
	struct jg_minted *minted, unsigned n)
{
	assert(n > 0 && n <= JG_BURST_MAX);
	jg_mint_open(minter, snapshot, now);
	for (unsigned i = 0; i < n; i++) {
		struct jg_mint_slot *slot = &minter->slots[i];
		minter->scratch.used = 0;
		slot->out = &minted[i];
		minted[i].len = 0;
		minted[i].problem = minted[i].field = NULL;
		if (verdicts[i].reason != JG_REASON_OK)
			(void)jg_mint_fail(slot, NULL, "the token was not admitted");
		else if (requests[i].type != JG_REQUEST_REFRESH)
			(void)jg_mint_fail(slot, NULL, "not a refresh request");
		else if (refresh(minter, snapshot, slot, &requests[i], &verdicts[i], &minted[i]))
			jg_mint_end(minter, slot);
	}
	jg_mint_sign(minter, n);
}
