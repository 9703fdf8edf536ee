// SPDX-License-Identifier: BSD-3-Clause
// OpenTok JWTs, and the claims they share with Vonage's unified tokens.
#include "profile_opentok.h"

#include "format_jwt.h"
#include "verifier.h"

// clang-format off
static const struct jg_json_member top_members[] = {
	JG_JSON_MEMBER("iss", JG_SLOT_KEY, 0), JG_JSON_MEMBER("ist", JG_OPENTOK_IST, 0),
	JG_JSON_MEMBER("exp", JG_SLOT_EXP, 0), JG_JSON_MEMBER("nbf", JG_SLOT_NBF, 0),
	JG_JSON_MEMBER("iat", JG_SLOT_IAT, 0), JG_JSON_MEMBER("jti", JG_SLOT_JTI, 0),
	JG_OPENTOK_MEMBERS,
};
// clang-format on
static const struct jg_json_level levels[] = {{top_members, JG_ARRAY_SIZE(top_members)}};

static const struct jg_claim_rule type_rules[] = {JG_OPENTOK_RULES};

// Tokens that connect to a session, without layout classes: an empty string, as SDKs write it. What their
// role means is the app's policy.
static bool outline(const struct jg_claims *types, struct jg_outline *outline)
{
	const uint64_t wanted = UINT64_C(1) << JG_SLOT_KEY | UINT64_C(1) << JG_OPENTOK_IST |
		UINT64_C(1) << JG_OPENTOK_SCOPE | UINT64_C(1) << JG_OPENTOK_SESSION |
		UINT64_C(1) << JG_OPENTOK_ROLE;
	const uint64_t read = UINT64_C(1) << JG_SLOT_ANCESTORS;
	const uint64_t times = 1u << JG_SLOT_EXP | 1u << JG_SLOT_NBF | 1u << JG_SLOT_IAT;
	if ((types->of_type[JG_JSON_NULL] & times) != 0 ||
		!jg_claims_is(types, JG_SLOT_EXP, JG_JSON_NUMBER) ||
		!jg_jwt_outline(&jg_opentok_schema, types, wanted, read, outline) ||
		!jg_jwt_word_is(types, JG_OPENTOK_IST, JG_STR("project")) ||
		!jg_jwt_word_is(types, JG_OPENTOK_SCOPE, JG_STR("session.connect")) ||
		(jg_claims_type(types, JG_OPENTOK_LAYOUT_CLASSES) != JG_JSON_NONE &&
			!jg_jwt_word_is(types, JG_OPENTOK_LAYOUT_CLASSES, JG_STR(""))))
		return false;
	outline->slot[JG_VALUE_KEY] = JG_SLOT_KEY;
	outline->slot[JG_VALUE_ROOM] = JG_OPENTOK_SESSION;
	outline->slot[JG_VALUE_ROLE] = JG_OPENTOK_ROLE;
	if (jg_claims_is(types, JG_OPENTOK_DATA, JG_JSON_STRING))
		outline->slot[JG_VALUE_METADATA] = JG_OPENTOK_DATA;
	return true;
}

const struct jg_json_schema jg_opentok_schema = {
	.levels = levels,
	.n = JG_ARRAY_SIZE(levels),
	.number = JG_SCHEMA_OPENTOK,
	.rules = type_rules,
	.rules_n = JG_ARRAY_SIZE(type_rules),
	.words = UINT64_C(1) << JG_OPENTOK_IST | UINT64_C(1) << JG_OPENTOK_SCOPE |
		UINT64_C(1) << JG_OPENTOK_LAYOUT_CLASSES,
	.outline = outline,
};

// The elements of a list, a space between any two; p == NULL when one is not a string.
static struct jg_str join_list(
	struct jg_scratch *scratch, const struct jg_claims *claims, const struct jg_claim *list)
{
	struct jg_json_walk walk = jg_json_walk_of(claims, list);
	struct jg_claim value;
	char *out = jg_scratch_bytes(scratch, list->len); // quotes and commas outweigh the spaces
	uint32_t n = 0;
	while (out != NULL && jg_json_next(&walk, NULL, &value)) {
		struct jg_str word = jg_claim_string(scratch, claims, &value);
		if (value.type != JG_JSON_STRING || word.p == NULL)
			return (struct jg_str){0};
		if (n > 0)
			out[n++] = ' ';
		memcpy(out + n, word.p, word.len);
		n += word.len;
	}
	return (struct jg_str){out, n};
}

static bool read_layout_classes(struct jg_burst *b, struct jg_record *r)
{
	struct jg_scratch *scratch = &b->verifier->scratch;
	const struct jg_claim *claim = &r->claims->slot[JG_OPENTOK_LAYOUT_CLASSES];
	if (!jg_claims_is(r->claims, JG_OPENTOK_LAYOUT_CLASSES, JG_JSON_ARRAY))
		return jg_opentok_layout_classes(
			b, r, jg_claims_string(scratch, r->claims, JG_OPENTOK_LAYOUT_CLASSES));
	struct jg_str joined = join_list(scratch, r->claims, claim);
	if (joined.p != NULL)
		return jg_opentok_layout_classes(b, r, joined);
	jg_refuse_claim(r, "initial_layout_class_list");
	return false;
}

bool jg_opentok_check_types(struct jg_burst *b, struct jg_record *r)
{
	if (!jg_jwt_check_claims(b, r, false))
		return false;
	if (r->exp == JG_TIME_NONE)
		jg_refuse_missing(r, "exp");
	return r->reason == JG_REASON_OK;
}

bool jg_opentok_is_word(
	struct jg_burst *b, const struct jg_record *r, unsigned slot, struct jg_str word)
{
	return jg_str_eq(jg_claims_string(&b->verifier->scratch, r->claims, slot), word);
}

void jg_opentok_connect(struct jg_burst *b, struct jg_record *r)
{
	struct jg_scratch *scratch = &b->verifier->scratch;
	if (!jg_opentok_is_word(b, r, JG_OPENTOK_SCOPE, JG_STR("session.connect"))) {
		jg_refuse_no_join(r, "scope session.connect");
		return;
	}
	struct jg_str role = jg_claims_string(scratch, r->claims, JG_OPENTOK_ROLE);
	if (role.p == NULL)
		jg_refuse_missing(r, "role");
	else if (jg_opentok_session(r, jg_claims_string(scratch, r->claims, JG_OPENTOK_SESSION)) &&
		jg_opentok_role(r, role) &&
		jg_opentok_data(r, jg_claims_string(scratch, r->claims, JG_OPENTOK_DATA)))
		(void)read_layout_classes(b, r);
}

static void take_reading(struct jg_burst *b, struct jg_record *r)
{
	if (jg_opentok_session(r, jg_jwt_value(b, r, JG_VALUE_ROOM)) &&
		jg_opentok_role(r, jg_jwt_value(b, r, JG_VALUE_ROLE)))
		(void)jg_opentok_data(r, jg_jwt_value(b, r, JG_VALUE_METADATA));
}

void jg_opentok_claims(struct jg_burst *b, struct jg_record *r)
{
	if (r->claims == NULL) {
		take_reading(b, r);
		return;
	}
	if (!jg_opentok_check_types(b, r))
		return;
	if (jg_opentok_is_word(b, r, JG_OPENTOK_IST, JG_STR("project")))
		jg_opentok_connect(b, r);
	else
		jg_refuse_no_join(r, "ist project");
}
