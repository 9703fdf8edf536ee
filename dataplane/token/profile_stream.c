// SPDX-License-Identifier: BSD-3-Clause
// Stream: the token names the user, the app's settings say what users may do.
#include "ancestors.h"
#include "format_jwt.h"
#include "profile.h"
#include "verifier.h"

enum stream_slot {
	USER_ID = JG_SLOT_VENDOR,
	SERVER,
	ROLE,
	CALL_CIDS,
	CHANNEL_CIDS,
};

// clang-format off
static const struct jg_json_member top_members[] = {
	JG_JSON_MEMBER("user_id", USER_ID, 0), JG_JSON_MEMBER("server", SERVER, 0),
	JG_JSON_MEMBER("exp", JG_SLOT_EXP, 0), JG_JSON_MEMBER("nbf", JG_SLOT_NBF, 0),
	JG_JSON_MEMBER("iat", JG_SLOT_IAT, 0), JG_JSON_MEMBER("jti", JG_SLOT_JTI, 0),
	JG_JSON_MEMBER("role", ROLE, 0), JG_JSON_MEMBER("call_cids", CALL_CIDS, 0),
	JG_JSON_MEMBER("channel_cids", CHANNEL_CIDS, 0),
	JG_JSON_MEMBER(JG_ANCESTORS_CLAIM, JG_SLOT_ANCESTORS, 0),
};
// clang-format on
static const struct jg_json_level levels[] = {{top_members, JG_ARRAY_SIZE(top_members)}};

static const struct jg_claim_rule type_rules[] = {
	{JG_ANCESTORS_CLAIM, JG_SLOT_ANCESTORS, JG_TYPE(STRING)},
	{"user_id", USER_ID, JG_TYPE(NULL) | JG_TYPE(STRING)},
	{"server", SERVER, JG_TYPE(TRUE) | JG_TYPE(FALSE)},
	{"role", ROLE, JG_TYPE(STRING)},
	{"call_cids", CALL_CIDS, JG_TYPE(ARRAY)},
	{"channel_cids", CHANNEL_CIDS, JG_TYPE(ARRAY)},
};

// Tokens of a user, without lists of what they open. What the user may do is the app's policy.
static bool outline(const struct jg_claims *types, struct jg_outline *outline)
{
	const uint64_t wanted = UINT64_C(1) << USER_ID;
	const uint64_t read = UINT64_C(1) << CALL_CIDS | UINT64_C(1) << CHANNEL_CIDS |
		UINT64_C(1) << JG_SLOT_ANCESTORS;
	const uint64_t times = 1u << JG_SLOT_EXP | 1u << JG_SLOT_NBF | 1u << JG_SLOT_IAT;
	if ((types->of_type[JG_JSON_NULL] & times) != 0 ||
		jg_claims_is(types, SERVER, JG_JSON_TRUE) ||
		!jg_jwt_outline(&jg_stream_schema, types, wanted, read, outline))
		return false;
	outline->slot[JG_VALUE_IDENTITY] = USER_ID;
	if (jg_claims_is(types, ROLE, JG_JSON_STRING))
		outline->slot[JG_VALUE_ROLE] = ROLE;
	return true;
}

const struct jg_json_schema jg_stream_schema = {
	.levels = levels,
	.n = JG_ARRAY_SIZE(levels),
	.number = JG_SCHEMA_STREAM,
	.rules = type_rules,
	.rules_n = JG_ARRAY_SIZE(type_rules),
	.outline = outline,
};

static const uint8_t lists[] = {CALL_CIDS, CHANNEL_CIDS};

static bool check_types(struct jg_burst *b, struct jg_record *r)
{
	if (!jg_jwt_check_claims(b, r, false))
		return false;
	for (size_t i = 0; i < JG_ARRAY_SIZE(lists); i++) {
		if (jg_claims_empty(r->claims, lists[i]) ||
			jg_jwt_all_strings(r->claims, &r->claims->slot[lists[i]], false))
			continue;
		jg_refuse_claim(r, lists[i] == CALL_CIDS ? "call_cids" : "channel_cids");
		return false;
	}
	return true;
}

// Identity and role, whichever way they were read.
static void take_user(struct jg_record *r, struct jg_str identity, struct jg_str role)
{
	struct jg_verdict *verdict = r->verdict;
	verdict->identity = identity;
	if (identity.len == 0) {
		jg_refuse_missing(r, "user_id");
		return;
	}
	verdict->room = r->request->room;
	verdict->role = role;
	r->capabilities = r->app->policy.default_capabilities;
	if (role.len > 0)
		(void)jg_role_of_policy(r->app, role, &r->capabilities);
}

void jg_stream_claims(struct jg_burst *b, struct jg_record *r)
{
	struct jg_scratch *scratch = &b->verifier->scratch;
	if (r->claims == NULL) {
		take_user(r, jg_jwt_value(b, r, JG_VALUE_IDENTITY),
			jg_jwt_value(b, r, JG_VALUE_ROLE));
		return;
	}
	if (!check_types(b, r))
		return;
	if (jg_claims_is(r->claims, SERVER, JG_JSON_TRUE)) {
		jg_refuse_no_join(r, "a user; server tokens do not join");
		return;
	}
	take_user(r, jg_claims_string(scratch, r->claims, USER_ID),
		jg_claims_string(scratch, r->claims, ROLE));
}

static bool is_listed(struct jg_scratch *scratch, const struct jg_claims *claims, unsigned slot,
	struct jg_str cid)
{
	if (jg_claims_empty(claims, slot))
		return false;
	struct jg_json_walk walk = jg_json_walk_of(claims, &claims->slot[slot]);
	struct jg_claim value;
	while (jg_json_next(&walk, NULL, &value))
		if (jg_str_eq(jg_claim_string(scratch, claims, &value), cid))
			return true;
	return false;
}

// A token with a list opens what is on it and nothing else.
static bool opens(struct jg_burst *b, const struct jg_record *r)
{
	bool limited = false;
	if (r->claims == NULL)
		return true;
	for (size_t i = 0; i < JG_ARRAY_SIZE(lists); i++) {
		limited |= !jg_claims_empty(r->claims, lists[i]);
		if (is_listed(&b->verifier->scratch, r->claims, lists[i], r->request->room))
			return true;
	}
	return !limited;
}

void jg_stream_session(struct jg_burst *b, struct jg_record *r)
{
	const struct jg_request *request = r->request;
	if (request->room.len > 0 && !opens(b, r))
		jg_refuse_mismatch(r, JG_REASON_ROOM_MISMATCH, "call");
	else if (request->identity.p != NULL && !jg_str_eq(request->identity, r->verdict->identity))
		jg_refuse_mismatch(r, JG_REASON_IDENTITY_MISMATCH, "user_id");
}
