// SPDX-License-Identifier: BSD-3-Clause
// Payloads of JWTs, and those of Stream, OpenTok and Vonage.
#include "mint_jwt.h"

#define HS256 "{\"alg\":\"HS256\",\"typ\":\"JWT\"}"
#define RS256 "{\"alg\":\"RS256\",\"typ\":\"JWT\"}"

static const struct jg_json_member members[] = {
#define X(symbol, name) JG_JSON_MEMBER(name, JG_MINT_##symbol, 0),
	JG_MINT_MEMBERS(X)
#undef X
};
static const struct jg_json_level levels[] = {{members, JG_MINT_MEMBER_COUNT}};
static const struct jg_json_schema schema = {.levels = levels, .n = 1};

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

// What stands between the braces of a text that was found to be an object.
static struct jg_str inside(struct jg_str object)
{
	uint32_t start = 0, end = object.len;
	while (is_space(object.p[start]))
		start++;
	while (is_space(object.p[end - 1]))
		end--;
	start++;
	end--;
	while (start < end && is_space(object.p[start]))
		start++;
	return (struct jg_str){object.p + start, end - start};
}

bool jg_payload_begin(struct jg_minter *m, struct jg_mint_slot *slot, struct jg_payload *p)
{
	struct jg_str claims = slot->ask->claims;
	*p = (struct jg_payload){.w = {.p = m->text, .size = JG_MINT_CONTENT_MAX}};
	jg_write_text(&p->w, "{");
	if (claims.p == NULL)
		return true;
	m->claims.text = (const uint8_t *)claims.p;
	m->claims.len = claims.len;
	jg_claims_clear(&m->claims);
	if (claims.len > JG_JSON_TEXT_MAX)
		return jg_mint_fail(slot, "claims", "longer than a token may be");
	if (!jg_json_read(m->json, &m->scratch, &schema, &m->claims))
		return jg_mint_fail(slot, "claims", "not one strict JSON object");
	p->replaced = m->claims.present;
	p->own = inside(claims);
	return true;
}

bool jg_payload_member(struct jg_payload *p, enum jg_mint_member member)
{
	if ((p->replaced >> member & 1) != 0)
		return false;
	jg_write_text(&p->w, p->any ? ",\"" : "\"");
	jg_write_bytes(&p->w, members[member].name, members[member].len);
	jg_write_text(&p->w, "\":");
	p->any = true;
	return true;
}

void jg_payload_string(struct jg_payload *p, enum jg_mint_member member, struct jg_str value)
{
	if (jg_payload_member(p, member))
		jg_write_json(&p->w, value);
}

void jg_payload_time(struct jg_payload *p, enum jg_mint_member member, int64_t value)
{
	if (value != JG_TIME_NONE && jg_payload_member(p, member))
		jg_write_int(&p->w, value);
}

bool jg_payload_end(struct jg_payload *p, struct jg_mint_slot *slot, const char *header)
{
	if (p->own.len > 0 && p->any)
		jg_write_text(&p->w, ",");
	jg_write_str(&p->w, p->own);
	jg_write_text(&p->w, "}");
	jg_write_base64url(&slot->token, header, strlen(header));
	jg_write_text(&slot->token, ".");
	jg_write_base64url(&slot->token, p->w.p, p->w.at);
	slot->message = (struct jg_str){slot->token.p, (uint32_t)slot->token.at};
	if (p->w.full || slot->token.full)
		return jg_mint_fail(slot, NULL, JG_MINT_TOO_LONG);
	return true;
}

// Stream has no place for these, whatever the type of token.
static bool check_stream(struct jg_mint_slot *slot)
{
	const struct jg_mint *ask = slot->ask;
	bool user = ask->type != JG_TOKEN_SERVER, call = ask->type == JG_TOKEN_CALL;
	if (!jg_mint_check_empty(slot, "name", ask->name) ||
		!jg_mint_check_empty(slot, "metadata", ask->metadata) ||
		!jg_mint_check_empty(slot, "attributes", ask->attributes) ||
		!jg_mint_check_empty(slot, "kind", ask->kind) ||
		!jg_mint_check_empty(slot, "layout_classes", ask->layout_classes))
		return false;
	if (user && ask->identity.len == 0)
		return jg_mint_fail(slot, "identity", "a Stream token needs a user id");
	if (!user && ask->identity.len > 0)
		return jg_mint_fail(slot, "identity", "a server token has no user");
	if (call && ask->room.len == 0)
		return jg_mint_fail(slot, "room", "a call token needs a call id");
	if (!call && (ask->room.len > 0 || ask->role.len > 0))
		return jg_mint_fail(slot, ask->room.len > 0 ? "room" : "role",
			"only a Stream token of type call has one");
	if (ask->type == JG_TOKEN_DEVELOPMENT && ask->expires_at != JG_TIME_NONE)
		return jg_mint_fail(slot, "expires_at", "a development token never expires");
	return jg_mint_check_text(slot, "identity", ask->identity, JG_MINT_CONTENT_MAX) &&
		jg_mint_check_text(slot, "room", ask->room, JG_MINT_CONTENT_MAX) &&
		jg_mint_check_text(slot, "role", ask->role, JG_MINT_CONTENT_MAX);
}

bool jg_mint_stream(struct jg_minter *m, struct jg_mint_slot *slot)
{
	const struct jg_mint *ask = slot->ask;
	struct jg_payload p;
	if (!check_stream(slot) || !jg_payload_begin(m, slot, &p))
		return false;
	if (ask->type == JG_TOKEN_SERVER) {
		if (jg_payload_member(&p, JG_MINT_SERVER))
			jg_write_text(&p.w, "true");
	} else {
		jg_payload_string(&p, JG_MINT_USER_ID, ask->identity);
	}
	if (ask->type == JG_TOKEN_CALL && jg_payload_member(&p, JG_MINT_CALL_CIDS)) {
		jg_write_text(&p.w, "[");
		jg_write_json(&p.w, ask->room);
		jg_write_text(&p.w, "]");
	}
	if (ask->role.len > 0)
		jg_payload_string(&p, JG_MINT_ROLE, ask->role);
	if (ask->type != JG_TOKEN_DEVELOPMENT) {
		jg_payload_time(&p, JG_MINT_EXP, ask->expires_at);
		jg_payload_time(&p, JG_MINT_IAT, ask->issued_at);
		jg_payload_time(&p, JG_MINT_NBF, ask->not_before);
	}
	if (!jg_payload_end(&p, slot, HS256))
		return false;
	if (ask->type != JG_TOKEN_DEVELOPMENT)
		return true;
	slot->unsigned_ = true;
	jg_write_text(&slot->token, ".devtoken");
	return slot->token.full ? jg_mint_fail(slot, NULL, JG_MINT_TOO_LONG) : true;
}

// Session, role, data and layout classes, which both formats have.
static void write_session(struct jg_payload *p, const struct jg_mint_slot *slot, struct jg_str role)
{
	const struct jg_mint *ask = slot->ask;
	jg_payload_string(p, JG_MINT_SESSION_ID, ask->room);
	jg_payload_string(p, JG_MINT_ROLE, role);
	jg_payload_string(p, JG_MINT_SCOPE, JG_STR("session.connect"));
	if (ask->metadata.len > 0)
		jg_payload_string(p, JG_MINT_CONNECTION_DATA, ask->metadata);
	jg_payload_string(p, JG_MINT_LAYOUT_CLASSES, ask->layout_classes);
	jg_payload_time(p, JG_MINT_IAT, slot->issued_at);
	jg_payload_time(p, JG_MINT_NBF, ask->not_before);
	jg_payload_time(p, JG_MINT_EXP, ask->expires_at);
}

bool jg_mint_opentok_jwt(struct jg_minter *m, struct jg_mint_slot *slot)
{
	struct jg_payload p;
	struct jg_str role;
	if (!jg_mint_check_opentok(slot, &role) || !jg_payload_begin(m, slot, &p))
		return false;
	jg_payload_string(&p, JG_MINT_ISS, slot->app->key);
	jg_payload_string(&p, JG_MINT_IST, JG_STR("project"));
	write_session(&p, slot, role);
	return jg_payload_end(&p, slot, HS256);
}

// A UUID of version 4 from two numbers.
static void write_uuid(struct jg_writer *w, uint64_t high, uint64_t low)
{
	uint8_t bytes[16];
	high = (high & ~UINT64_C(0xf000)) | 0x4000;
	low = (low & ~(UINT64_C(3) << 62)) | UINT64_C(2) << 62;
	for (unsigned i = 0; i < 8; i++) {
		bytes[i] = (uint8_t)(high >> (56 - 8 * i));
		bytes[8 + i] = (uint8_t)(low >> (56 - 8 * i));
	}
	static const uint8_t groups[] = {4, 2, 2, 2, 6};
	jg_write_text(w, "\"");
	for (size_t i = 0, at = 0; i < sizeof(groups); at += groups[i++]) {
		jg_write_text(w, i == 0 ? "" : "-");
		jg_write_hex(w, bytes + at, groups[i]);
	}
	jg_write_text(w, "\"");
}

bool jg_mint_vonage(struct jg_minter *m, struct jg_mint_slot *slot)
{
	struct jg_payload p;
	struct jg_str role;
	if (!jg_mint_check_opentok(slot, &role) || !jg_payload_begin(m, slot, &p))
		return false;
	write_session(&p, slot, role);
	jg_payload_string(&p, JG_MINT_SUB, JG_STR("video"));
	if (jg_payload_member(&p, JG_MINT_ACL))
		jg_write_text(&p.w, "{\"paths\":{\"/session/**\":{}}}");
	if (jg_payload_member(&p, JG_MINT_JTI)) {
		uint64_t high = jg_mint_random(m);
		write_uuid(&p.w, high, jg_mint_random(m));
	}
	jg_payload_string(&p, JG_MINT_APPLICATION_ID, slot->app->key);
	return jg_payload_end(&p, slot, RS256);
}
