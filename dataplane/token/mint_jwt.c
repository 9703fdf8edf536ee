// SPDX-License-Identifier: BSD-3-Clause
// Payloads of JWTs, and those of Stream, OpenTok and Vonage.
#include "mint_jwt.h"

static const struct jg_json_member members[] = {
#define X(symbol, name) JG_JSON_MEMBER(name, JG_MINT_##symbol, 0),
	JG_MINT_MEMBERS(X)
#undef X
};
static const struct jg_json_level levels[] = {{members, JG_MINT_MEMBER_COUNT}};
const struct jg_json_schema jg_mint_schema = {.levels = levels, .n = 1};

const struct jg_put_word jg_mint_words[] = {
#define X(symbol, name) JG_PUT_WORD(",\"" name "\":"),
	JG_MINT_MEMBERS(X)
#undef X
};

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

// Read the caller's claims, which replace members of ours.
static bool read_own(struct jg_minter *m, struct jg_mint_slot *slot, struct jg_payload *p)
{
	struct jg_str text = slot->ask->claims;
	m->claims.text = (const uint8_t *)text.p;
	m->claims.len = text.len;
	if (text.len > JG_JSON_TEXT_MAX)
		return jg_mint_fail(slot, "claims", "longer than a token may be");
	if (!jg_own_claims_read(m->own, m->json, &m->scratch, &m->claims))
		return jg_mint_fail(slot, "claims", "not one strict JSON object");
	p->replaced = m->claims.present;
	m->own_members = inside(text);
	return true;
}

size_t jg_payload_escapes(const struct jg_str *text, size_t n)
{
	size_t more = 0;
	for (size_t i = 0; i < n; i++)
		more += jg_json_length(text[i]) - text[i].len;
	return more;
}

bool jg_payload_open(
	struct jg_minter *m, struct jg_mint_slot *slot, size_t room, struct jg_payload *p)
{
	p->at = slot->content.p;
	p->escapes = slot->escapes;
	p->replaced = 0;
	m->own_members = (struct jg_str){NULL, 0};
	if (slot->ask->claims.p != NULL && !read_own(m, slot, p))
		return false;
	room += JG_PAYLOAD_ROOM + m->own_members.len;
	return room <= slot->content.size ? true : jg_mint_fail(slot, NULL, JG_MINT_TOO_LONG);
}

// Every member has a comma before it; that of the first becomes the brace.
bool jg_payload_end(struct jg_minter *m, struct jg_mint_slot *slot, char *at, struct jg_str header)
{
	char *start = slot->content.p;
	struct jg_str own = m->own_members;
	if (own.len > 0 || at == start)
		*at++ = ',';
	at = jg_put_str(at, own);
	*at++ = '}';
	*start = '{';
	slot->content.at = (size_t)(at - start);
	slot->header = header;
	assert(slot->content.at <= slot->content.size);
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
		!jg_mint_check_empty(slot, "rtm_permissions", ask->rtm_permissions) ||
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
	const struct jg_str text[] = {ask->identity, ask->room, ask->role};
	if (!check_stream(slot))
		return false;
	struct jg_payload begun;
	if (!jg_payload_begin(m, slot, text, JG_ARRAY_SIZE(text), &begun))
		return false;
	struct jg_payload p = begun;
	if (ask->type == JG_TOKEN_SERVER) {
		if (jg_payload_member(&p, JG_MINT_SERVER))
			p.at = jg_put_str(p.at, JG_STR("true"));
	} else {
		jg_payload_string(&p, JG_MINT_USER_ID, ask->identity);
	}
	if (ask->type == JG_TOKEN_CALL && jg_payload_member(&p, JG_MINT_CALL_CIDS)) {
		*p.at++ = '[';
		jg_payload_text(&p, ask->room);
		*p.at++ = ']';
	}
	if (ask->role.len > 0)
		jg_payload_string(&p, JG_MINT_ROLE, ask->role);
	slot->unsigned_ = ask->type == JG_TOKEN_DEVELOPMENT;
	if (!slot->unsigned_) {
		jg_payload_time(m, &p, JG_MINT_EXP, ask->expires_at);
		jg_payload_time(m, &p, JG_MINT_IAT, ask->issued_at);
		jg_payload_time(m, &p, JG_MINT_NBF, ask->not_before);
	}
	return jg_payload_end(m, slot, p.at, JG_STR(JG_MINT_HS256));
}

// Session, role, data and layout classes, which both formats have.
static inline struct jg_payload write_session(struct jg_minter *m, struct jg_payload p,
	const struct jg_mint_slot *slot, struct jg_str role)
{
	const struct jg_mint *ask = slot->ask;
	jg_payload_string(&p, JG_MINT_SESSION_ID, ask->room);
	jg_payload_string(&p, JG_MINT_ROLE, role);
	jg_payload_string(&p, JG_MINT_SCOPE, JG_STR("session.connect"));
	if (ask->metadata.len > 0)
		jg_payload_string(&p, JG_MINT_CONNECTION_DATA, ask->metadata);
	jg_payload_string(&p, JG_MINT_LAYOUT_CLASSES, ask->layout_classes);
	jg_payload_time(m, &p, JG_MINT_IAT, slot->issued_at);
	jg_payload_time(m, &p, JG_MINT_NBF, ask->not_before);
	jg_payload_time(m, &p, JG_MINT_EXP, ask->expires_at);
	return p;
}

// What both formats check, and room for what both write.
static bool begin_session(
	struct jg_minter *m, struct jg_mint_slot *slot, struct jg_str *role, struct jg_payload *p)
{
	const struct jg_mint *ask = slot->ask;
	if (!jg_mint_check_opentok(m, slot, role))
		return false;
	const struct jg_str text[] = {
		slot->app->key, ask->room, *role, ask->metadata, ask->layout_classes};
	return jg_payload_begin(m, slot, text, JG_ARRAY_SIZE(text), p);
}

bool jg_mint_opentok_jwt(struct jg_minter *m, struct jg_mint_slot *slot)
{
	struct jg_str role;
	struct jg_payload begun;
	if (!begin_session(m, slot, &role, &begun))
		return false;
	struct jg_payload p = begun;
	jg_payload_string(&p, JG_MINT_ISS, slot->app->key);
	jg_payload_string(&p, JG_MINT_IST, JG_STR("project"));
	p = write_session(m, p, slot, role);
	return jg_payload_end(m, slot, p.at, JG_STR(JG_MINT_HS256));
}

// A UUID of version 4 from two numbers.
static char *put_uuid(char *at, uint64_t high, uint64_t low)
{
	uint8_t bytes[16];
	char text[38];
	struct jg_writer w = {.p = text, .size = sizeof(text)};
	high = (high & ~UINT64_C(0xf000)) | 0x4000;
	low = (low & ~(UINT64_C(3) << 62)) | UINT64_C(2) << 62;
	for (unsigned i = 0; i < 8; i++) {
		bytes[i] = (uint8_t)(high >> (56 - 8 * i));
		bytes[8 + i] = (uint8_t)(low >> (56 - 8 * i));
	}
	static const uint8_t groups[] = {4, 2, 2, 2, 6};
	jg_write_text(&w, "\"");
	for (size_t i = 0, from = 0; i < sizeof(groups); from += groups[i++]) {
		jg_write_text(&w, i == 0 ? "" : "-");
		jg_write_hex(&w, bytes + from, groups[i]);
	}
	jg_write_text(&w, "\"");
	return jg_put_bytes(at, text, w.at);
}

bool jg_mint_vonage(struct jg_minter *m, struct jg_mint_slot *slot)
{
	struct jg_str role;
	struct jg_payload begun;
	if (!begin_session(m, slot, &role, &begun))
		return false;
	struct jg_payload p = begun;
	p = write_session(m, p, slot, role);
	jg_payload_string(&p, JG_MINT_SUB, JG_STR("video"));
	if (jg_payload_member(&p, JG_MINT_ACL))
		p.at = jg_put_str(p.at, JG_STR("{\"paths\":{\"/session/**\":{}}}"));
	if (jg_payload_member(&p, JG_MINT_JTI)) {
		uint64_t high = jg_mint_random(m, slot);
		p.at = put_uuid(p.at, high, jg_mint_random(m, slot));
	}
	jg_payload_string(&p, JG_MINT_APPLICATION_ID, slot->app->key);
	return jg_payload_end(m, slot, p.at, JG_STR(JG_MINT_RS256));
}
