// SPDX-License-Identifier: BSD-3-Clause
// Is it time? Seconds since the Unix epoch throughout; times in tokens are within 2^53, so that sums
// with leeways and graces cannot overflow.
#include "stages.h"

static bool may_be_late(const struct jg_request *request)
{
	return request->type != JG_REQUEST_JOIN && (request->flags & JG_REQUEST_AUTHENTICATED) != 0;
}

// RFC 7519 section 4.1.4 and 4.1.5, with the app's leeway on both sides. A client that was connected
// may come back a while after exp, if the policy says so and its front end is known.
void jg_judge_times(struct jg_burst *b, struct jg_record *r)
{
	int64_t leeway = r->app->leeway;
	int64_t grace = may_be_late(r->request) ? r->app->policy.reconnect_grace : 0;
	int64_t ahead = r->layout->iat_ahead;
	if (r->exp != JG_TIME_NONE && b->now >= r->exp + leeway + grace)
		jg_refuse_rule(r, JG_REASON_EXPIRED, JG_RULE_EXPIRED,
			grace > 0 ? JG_STR("policy.reconnect_grace") : JG_STR("exp"),
			b->now - r->exp, leeway + grace);
	else if (r->nbf != JG_TIME_NONE && b->now < r->nbf - leeway)
		jg_refuse_rule(r, JG_REASON_NOT_YET_VALID, JG_RULE_TOO_EARLY, JG_STR("nbf"),
			r->nbf - b->now, leeway);
	else if (ahead >= 0 && r->iat != JG_TIME_NONE && b->now < r->iat - ahead - leeway)
		jg_refuse_rule(r, JG_REASON_NOT_YET_VALID, JG_RULE_TOO_EARLY, JG_STR("iat"),
			r->iat - b->now, ahead + leeway);
}

// A token that does not say when it was issued is counted from now: it lives at least that long.
void jg_judge_lifetime(struct jg_burst *b, struct jg_record *r)
{
	if (r->exp == JG_TIME_NONE)
		return;
	int64_t issued = r->issued_at != JG_TIME_NONE ? r->issued_at : b->now;
	int64_t life = r->exp - issued, limit = r->layout->lifetime_max;
	int64_t wanted = r->app->policy.max_lifetime;
	bool own = wanted > 0 && (limit == 0 || wanted < limit);
	if (own)
		limit = wanted;
	if (limit > 0 && life > limit)
		jg_refuse_rule(r, JG_REASON_LIFETIME, JG_RULE_LIFETIME,
			own ? JG_STR("policy.max_lifetime") : JG_STR("the vendor"), life, limit);
}

void jg_judge_required_claims(struct jg_burst *b, struct jg_record *r)
{
	static const struct {
		uint8_t bit;
		struct jg_str name;
	} claims[] = {
		{JG_CLAIM_EXP, {"exp", 3}}, {JG_CLAIM_IAT, {"iat", 3}}, {JG_CLAIM_JTI, {"jti", 3}}};
	(void)b;
	uint32_t named = r->app->policy.required_claims, wanted = named;
	int64_t max_lifetime = r->app->policy.max_lifetime;
	if (max_lifetime > 0)
		wanted |= JG_CLAIM_EXP; // nothing lives too long that says when it ends
	for (size_t i = 0; i < JG_ARRAY_SIZE(claims); i++)
		if ((wanted & claims[i].bit) != 0 && (r->claim_bits & claims[i].bit) == 0)
			jg_refuse_rule(r, JG_REASON_MISSING_CLAIM, JG_RULE_REQUIRED_CLAIM,
				claims[i].name, 0, (named & claims[i].bit) != 0 ? 0 : max_lifetime);
}
