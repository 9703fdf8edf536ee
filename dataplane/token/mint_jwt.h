// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** Payloads of JWTs: generated members, each of which a member of jg_mint.claims replaces. */

#include "minter.h"

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

/** A payload being written into minter->text. */
struct jg_payload {
	struct jg_writer w;
	uint64_t replaced; /**< bit per jg_mint_member: the caller's own stands instead */
	struct jg_str own; /**< the caller's members, without the braces */
	bool any; /**< something stands before: a comma is due */
};

/** Read the caller's claims and open the object. */
bool jg_payload_begin(struct jg_minter *m, struct jg_mint_slot *slot, struct jg_payload *p);
/** Write a member's name; false when the caller's own replaces it: then write no value. */
bool jg_payload_member(struct jg_payload *p, enum jg_mint_member member);
void jg_payload_string(struct jg_payload *p, enum jg_mint_member member, struct jg_str value);
/** Nothing for JG_TIME_NONE. */
void jg_payload_time(struct jg_payload *p, enum jg_mint_member member, int64_t value);
/** Append the caller's members, close the object and write header and payload into the token. */
bool jg_payload_end(struct jg_payload *p, struct jg_mint_slot *slot, const char *header);
