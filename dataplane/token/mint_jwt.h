// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** Payloads of JWTs: generated members, each of which a member of jg_mint.claims replaces. */

#include "minter.h"
#include "put.h"

// clang-format off
/** Members that the minter writes at the top level: X(SYMBOL, "name"). */
#define JG_MINT_MEMBERS(X) \
	X(ISS, "iss") X(SUB, "sub") X(EXP, "exp") X(NBF, "nbf") X(IAT, "iat") X(JTI, "jti") \
	X(NAME, "name") X(KIND, "kind") X(METADATA, "metadata") X(ATTRIBUTES, "attributes") \
	X(VIDEO, "video") X(SIP, "sip") X(AGENT, "agent") X(INFERENCE, "inference") \
	X(OBSERVABILITY, "observability") X(USER_ID, "user_id") X(SERVER, "server") \
	X(CALL_CIDS, "call_cids") X(ROLE, "role") X(IST, "ist") X(SESSION_ID, "session_id") \
	X(SCOPE, "scope") X(CONNECTION_DATA, "connection_data") \
	X(LAYOUT_CLASSES, "initial_layout_class_list") X(APPLICATION_ID, "application_id") \
	X(ACL, "acl")
// clang-format on

enum jg_mint_member {
#define X(symbol, name) JG_MINT_##symbol,
	JG_MINT_MEMBERS(X)
#undef X
	JG_MINT_MEMBER_COUNT
};

/** The members as the schema of a caller's own claims. */
extern const struct jg_json_schema jg_mint_schema;

/** What a payload writes besides strings, at most: every member's name and every number. */
#define JG_PAYLOAD_ROOM 1024

/** A payload being written into slot->content. */
struct jg_payload {
	char *at;
	uint64_t replaced; /**< bit per jg_mint_member: the caller's own stands instead */
	bool escapes; /**< some string needs some */
};

/** ",\"name\":" of each member. */
extern const struct jg_put_word jg_mint_words[JG_MINT_MEMBER_COUNT];

/** What n texts need besides their bytes. */
JG_COLD size_t jg_payload_escapes(const struct jg_str *text, size_t n);

/** Read the caller's claims and make room for so many bytes besides. */
bool jg_payload_open(
	struct jg_minter *m, struct jg_mint_slot *slot, size_t room, struct jg_payload *p);

/**
 * Read the caller's claims and make room. Inlined, where n is known.
 *
 * @param text fields that the payload will hold as strings or as they are
 * @param[out] p to be copied before it is written with, so that the copy stays in registers
 */
static inline bool jg_payload_begin(struct jg_minter *m, struct jg_mint_slot *slot,
	const struct jg_str *text, size_t n, struct jg_payload *p)
{
	size_t room = 0;
#pragma GCC unroll 8
	for (size_t i = 0; i < n; i++)
		room += text[i].len;
	if (slot->escapes)
		room += jg_payload_escapes(text, n);
	return jg_payload_open(m, slot, room, p);
}

/** Append the caller's members and close the object; header is its encoded text with the dot. */
bool jg_payload_end(struct jg_minter *m, struct jg_mint_slot *slot, char *at, struct jg_str header);

/** Write a member's name; false when the caller's own replaces it: then write no value. */
static inline bool jg_payload_member(struct jg_payload *p, enum jg_mint_member member)
{
	if ((p->replaced >> member & 1) != 0)
		return false;
	p->at = jg_put_word(p->at, &jg_mint_words[member]);
	return true;
}

static inline void jg_payload_text(struct jg_payload *p, struct jg_str value)
{
	p->at = p->escapes ? jg_put_json(p->at, value) : jg_put_plain(p->at, value);
}

static inline void jg_payload_string(
	struct jg_payload *p, enum jg_mint_member member, struct jg_str value)
{
	if (jg_payload_member(p, member))
		jg_payload_text(p, value);
}

/** Nothing for JG_TIME_NONE; member is EXP, NBF or IAT. */
static inline void jg_payload_time(
	struct jg_minter *m, struct jg_payload *p, enum jg_mint_member member, int64_t value)
{
	if (value != JG_TIME_NONE && jg_payload_member(p, member))
		p->at = jg_put_again(&m->times[member - JG_MINT_EXP], p->at, (uint64_t)value);
}
