// SPDX-License-Identifier: BSD-3-Clause
// Vonage unified tokens: OpenTok's claims, signed with the application's RSA key.
#include "format_jwt.h"
#include "profile_opentok.h"

enum vonage_slot {
	ACL = JG_OPENTOK_NEXT,
	ACL_PATHS,
	ACL_SESSION,
};

enum {
	LEVEL_TOP,
	LEVEL_ACL,
	LEVEL_PATHS
};

// clang-format off
static const struct jg_json_member top_members[] = {
	JG_JSON_MEMBER("application_id", JG_SLOT_KEY, 0), JG_JSON_MEMBER("acl", ACL, LEVEL_ACL),
	JG_JSON_MEMBER("exp", JG_SLOT_EXP, 0), JG_JSON_MEMBER("nbf", JG_SLOT_NBF, 0),
	JG_JSON_MEMBER("iat", JG_SLOT_IAT, 0), JG_JSON_MEMBER("jti", JG_SLOT_JTI, 0),
	JG_OPENTOK_MEMBERS,
};
static const struct jg_json_member acl_members[] = {
	JG_JSON_MEMBER("paths", ACL_PATHS, LEVEL_PATHS),
};
static const struct jg_json_member path_members[] = {
	JG_JSON_MEMBER("/session/**", ACL_SESSION, 0),
};
// clang-format on
static const struct jg_json_level levels[] = {
	[LEVEL_TOP] = {top_members, JG_ARRAY_SIZE(top_members)},
	[LEVEL_ACL] = {acl_members, JG_ARRAY_SIZE(acl_members)},
	[LEVEL_PATHS] = {path_members, JG_ARRAY_SIZE(path_members)},
};

static const struct jg_claim_rule type_rules[] = {
	JG_OPENTOK_RULES,
	{"acl", ACL, JG_TYPE(OBJECT)},
	{"acl.paths", ACL_PATHS, JG_TYPE(OBJECT)},
};

const struct jg_json_schema jg_vonage_schema = {
	.levels = levels,
	.n = JG_ARRAY_SIZE(levels),
	.number = JG_SCHEMA_VONAGE,
	.rules = type_rules,
	.rules_n = JG_ARRAY_SIZE(type_rules),
};

void jg_vonage_claims(struct jg_burst *b, struct jg_record *r)
{
	if (!jg_opentok_check_types(b, r))
		return;
	if (jg_claims_type(r->claims, ACL) != JG_JSON_NONE &&
		jg_claims_type(r->claims, ACL_SESSION) == JG_JSON_NONE)
		jg_refuse_no_join(r, "acl path /session/**");
	else
		jg_opentok_connect(b, r);
}
