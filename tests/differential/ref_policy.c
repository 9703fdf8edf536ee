// SPDX-License-Identifier: BSD-3-Clause
// Secrets, cut-offs and policies: design, "Order of checks" and "Cut-off scopes".
#include "ref.h"

#include <string.h>

static bool usable(const struct ref_secret *secret, int64_t now)
{
	return secret->status != REF_RETIRED && (secret->from == 0 || now >= secret->from) &&
		(secret->until == 0 || now < secret->until);
}

// The one that is always there, then the active ones, then those that only verify.
static struct ref_secret secret_at(const struct ref_case *c, size_t i)
{
	if (i == 0)
		return (struct ref_secret){.id = "a", .text = c->app->secret};
	for (int status = REF_ACTIVE; status <= REF_VERIFY_ONLY; status++)
		for (size_t k = 0; k < c->app->more_n; k++) {
			const struct ref_secret *secret = &c->app->more[k];
			if ((int)secret->status == status && usable(secret, c->world->now) &&
				--i == 0)
				return *secret;
		}
	return (struct ref_secret){.text = NULL};
}

const char *ref_secret(const struct ref_case *c, size_t i)
{
	return secret_at(c, i).text;
}

void ref_signed_by(struct ref_case *c, size_t i)
{
	c->verdict->key = secret_at(c, i).id;
}

int64_t ref_leeway(const struct ref_case *c)
{
	const struct ref_policy *policy = &c->app->policy;
	if (policy->own_leeway)
		return policy->leeway;
	return c->request->vendor == JG_VENDOR_LIVEKIT ? 60 : 0;
}

int64_t ref_late(const struct ref_case *c)
{
	return ref_leeway(c) + (c->request->reconnect ? c->app->policy.grace : 0);
}

static bool named(const char *wanted, const char *got)
{
	return wanted == NULL || strcmp(wanted, got) == 0;
}

static void cut_off(struct ref_case *c)
{
	const struct ref_verdict *v = c->verdict;
	for (size_t i = 0; i < c->app->cut_offs_n; i++) {
		const struct ref_cut_off *cut = &c->app->cut_offs[i];
		// No time of issue at all lies before every date.
		if (named(cut->user, v->identity) && named(cut->room, v->room) &&
			named(cut->secret, v->key) && v->issued_at < cut->before)
			ref_fail(c, REF_REVOKED, REF_R(REVOKED));
	}
}

static bool absent(const struct ref_case *c, const char *name)
{
	const json_t *value = json_object_get(c->verdict->payload, name);
	return value == NULL || json_is_null(value);
}

static void required(struct ref_case *c)
{
	const struct ref_policy *p = &c->app->policy;
	if ((p->require_exp && absent(c, "exp")) || (p->require_iat && absent(c, "iat")) ||
		(p->require_jti && absent(c, "jti")) || (p->max_lifetime > 0 && absent(c, "exp")))
		ref_fail(c, REF_CLAIM, REF_R(MISSING_CLAIM));
}

static void lifetime(struct ref_case *c)
{
	const struct ref_verdict *v = c->verdict;
	const int64_t limit = c->app->policy.max_lifetime;
	if (limit == 0 || v->expires_at == JG_TIME_NONE)
		return;
	const bool says = v->issued_at != JG_TIME_NONE;
	if (v->expires_at - (says ? v->issued_at : c->world->now) > limit)
		ref_fail(c, REF_LIFETIME, REF_R(LIFETIME));
	else if (!says)
		ref_open(c, "a policy's lifetime without a time of issue");
}

// The slow and obvious way: every split of the text that a star could make.
static bool fits(const char *pattern, const char *text)
{
	if (*pattern == '\0')
		return *text == '\0';
	if (*pattern != '*')
		return *text != '\0' && (*pattern == '?' || *pattern == *text) &&
			fits(pattern + 1, text + 1);
	for (size_t i = 0; i <= strlen(text); i++)
		if (fits(pattern + 1, text + i))
			return true;
	return false;
}

static void policy(struct ref_case *c)
{
	const struct ref_policy *p = &c->app->policy;
	struct ref_verdict *v = c->verdict;
	const uint64_t join = v->capabilities & JG_CAPABILITY(JOIN);
	uint64_t denied = p->deny | p->unpublished;
	size_t rule = 0;
	while (rule < p->rooms_n && !fits(p->rooms[rule].pattern, v->room))
		rule++;
	if (rule < p->rooms_n)
		denied |= p->rooms[rule].deny;
	else if (p->rooms_n > 0)
		ref_fail(c, REF_POLICY, REF_R(NOT_PERMITTED));
	v->capabilities &= ~denied;
	if ((join & denied) != 0 || (p->require & ~v->capabilities) != 0)
		ref_fail(c, REF_POLICY, REF_R(NOT_PERMITTED));
	const bool login = c->request->vendor == JG_VENDOR_AGORA;
	if (!login && (v->capabilities & JG_CAPABILITY(JOIN)) == 0)
		ref_fail(c, REF_POLICY, REF_R(NOT_PERMITTED));
}

void ref_decide(struct ref_case *c)
{
	lifetime(c);
	required(c);
	cut_off(c);
	policy(c);
}
