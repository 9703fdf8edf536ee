// SPDX-License-Identifier: BSD-3-Clause
// May a token be refreshed? Refreshing must launder nothing: a successor keeps the issue time and the
// secret of the token it follows and names its ancestors, so that whatever refuses one of them
// refuses it too. Where that cannot be, there is no successor.
#include "refreshable.h"

#include "ancestors.h"
#include "stages.h"

/** What LiveKit gives a refreshed token, unless more is left of the old one. */
#define LIFE 600
#define SESSION_LIFE_MAX (30 * 86400)

int64_t jg_refreshed_until(
	const struct jg_app_entry *app, const struct jg_verdict *verdict, int64_t now)
{
	bool session = verdict->vendor == JG_VENDOR_OPENTOK || verdict->vendor == JG_VENDOR_VONAGE;
	int64_t limits[] = {app->policy.refresh_until, app->policy.max_lifetime,
		session ? SESSION_LIFE_MAX : 0};
	int64_t issued_at = verdict->issued_at != JG_TIME_NONE ? verdict->issued_at : 0;
	int64_t end = now + LIFE > verdict->expires_at ? now + LIFE : verdict->expires_at;
	for (size_t i = 0; i < JG_ARRAY_SIZE(limits); i++)
		if (limits[i] > 0 && end > issued_at + limits[i])
			end = issued_at + limits[i];
	return end;
}

// What the token itself stands in the way with; NULL: nothing.
static const char *obstacle_of_token(const struct jg_burst *b, const struct jg_record *r)
{
	if (r->layout->vendor == JG_VENDOR_AGORA)
		return "an Agora token lives 24 hours from its issue at most; mint a new one";
	if (r->key == NULL)
		return "a token that nobody signed is not signed now either";
	if (r->exp == JG_TIME_NONE)
		return "the token never expires";
	if (r->verdict->ancestors.len >= JG_ANCESTORS_MAX * JG_ANCESTOR_BYTES)
		return "it descends from too many refreshed tokens; mint a new one";
	if (r->key->status != JG_SECRET_ACTIVE)
		return "its secret only verifies now; mint a new token with an active one";
	if (r->layout->signing == JG_SIGNING_RSA && r->key->private_key == NULL)
		return "its secret has no private_key to sign with";
	if (jg_refreshed_until(r->app, r->verdict, b->now) <= b->now)
		return "its time from the original issue on is over";
	return NULL;
}

static const char *obstacle(const struct jg_burst *b, const struct jg_record *r)
{
	const struct jg_policy *policy = &r->app->policy;
	if ((r->request->flags & JG_REQUEST_AUTHENTICATED) == 0)
		return "the request is not authenticated";
	if (!policy->refresh)
		return "policy.refresh is off";
	if (policy->refresh_until > 0 && r->issued_at == JG_TIME_NONE)
		return "policy.refresh_until needs an issue time";
	if (policy->refresh_until > 0 && b->now >= r->issued_at + policy->refresh_until)
		return "policy.refresh_until is over";
	return obstacle_of_token(b, r);
}

void jg_judge_refresh(struct jg_burst *b, struct jg_record *r)
{
	if (r->request->type != JG_REQUEST_REFRESH)
		return;
	const char *why = obstacle(b, r);
	if (why != NULL)
		jg_refuse_rule(r, JG_REASON_NOT_PERMITTED, JG_RULE_NOT_REFRESHABLE,
			(struct jg_str){why, (uint32_t)strlen(why)}, 0, 0);
}
