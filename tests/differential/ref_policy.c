// SPDX-License-Identifier: BSD-3-Clause
// Secrets, cut-offs and policies: design, "Order of checks" and "Cut-off scopes".
#include "ref.h"

#include <assert.h>
#include <openssl/evp.h>
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

// token_id: SHA-256 of the app's key, a zero byte and the decoded signature, its first half.
void ref_signed_by(struct ref_case *c, size_t i, const void *signature, size_t n)
{
	uint8_t digest[EVP_MAX_MD_SIZE];
	unsigned len = 0;
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	c->verdict->key = secret_at(c, i).id;
	const bool done = EVP_DigestInit_ex(md, EVP_sha256(), NULL) == 1 &&
		EVP_DigestUpdate(md, c->app->key, strlen(c->app->key) + 1) == 1 &&
		EVP_DigestUpdate(md, signature, n) == 1 &&
		EVP_DigestFinal_ex(md, digest, &len) == 1;
	assert(done);
	(void)done;
	EVP_MD_CTX_free(md);
	memcpy(c->verdict->id, digest, REF_ID);
	c->verdict->id_known = true;
}

const char *ref_signing_secret(const struct ref_case *c)
{
	for (size_t i = 0; c->verdict->id_known && ref_secret(c, i) != NULL; i++) {
		const struct ref_secret secret = secret_at(c, i);
		if (strcmp(secret.id, c->verdict->key) == 0)
			return secret.status == REF_ACTIVE ? secret.text : NULL;
	}
	return NULL;
}

void ref_ancestors(struct ref_case *c, const char *text)
{
	uint8_t bytes[JG_TOKEN_MAX];
	if (text == NULL)
		return;
	const long len = ref_base64(text, strlen(text), REF_URL, bytes);
	if (len <= 0 || len % REF_ID != 0 || len > REF_ANCESTORS_MAX * REF_ID) {
		ref_fail(c, REF_CLAIM, REF_R(BAD_CLAIM));
		return;
	}
	c->verdict->ancestors = ref_text(c, (const char *)bytes, (size_t)len);
	c->verdict->ancestors_len = (size_t)len;
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
	const bool late = c->request->known && (c->request->reconnect || c->request->refresh);
	return ref_leeway(c) + (late ? c->app->policy.grace : 0);
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

// One token's cut-off refuses what was refreshed from it, too.
static void cut_off_token(struct ref_case *c)
{
	const struct ref_verdict *v = c->verdict;
	for (size_t i = 0; i < c->world->token_cuts_n; i++) {
		const struct ref_token_cut *cut = &c->world->token_cuts[i];
		if (cut->app != c->app || v->issued_at >= cut->before)
			continue;
		if (v->id_known && memcmp(cut->id, v->id, REF_ID) == 0)
			ref_fail(c, REF_REVOKED, REF_R(REVOKED));
		for (size_t at = 0; at < v->ancestors_len; at += REF_ID)
			if (memcmp(cut->id, v->ancestors + at, REF_ID) == 0)
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

static void override(struct ref_case *c)
{
	struct ref_verdict *v = c->verdict;
	for (size_t i = 0; i < c->app->overrides_n; i++) {
		const struct ref_override *o = &c->app->overrides[i];
		if (strcmp(o->room, v->room) != 0 || strcmp(o->identity, v->identity) != 0)
			continue;
		if (o->name != NULL)
			v->name = o->name;
		if (o->metadata != NULL)
			v->metadata = o->metadata;
		if (!o->capabilities_set)
			continue;
		if ((v->capabilities & ~o->capabilities & JG_CAPABILITY(JOIN)) != 0)
			ref_fail(c, REF_POLICY, REF_R(NOT_PERMITTED));
		v->capabilities = o->capabilities;
	}
}

int64_t ref_successor_end(const struct ref_case *c)
{
	const struct ref_policy *p = &c->app->policy;
	const unsigned vendor = c->request->vendor;
	const int64_t now = c->world->now, month = 30 * 86400, old = c->verdict->expires_at;
	const int64_t issued = c->verdict->issued_at == JG_TIME_NONE ? 0 : c->verdict->issued_at;
	int64_t end = old > now + 600 ? old : now + 600;
	if (p->refresh_until > 0 && end > issued + p->refresh_until)
		end = issued + p->refresh_until;
	if (p->max_lifetime > 0 && end > issued + p->max_lifetime)
		end = issued + p->max_lifetime;
	if ((vendor == JG_VENDOR_OPENTOK || vendor == JG_VENDOR_VONAGE) && end > issued + month)
		end = issued + month;
	return end;
}

// Design, "Refresh": off by default, for known front ends, never beyond what may be; and never where
// a later revocation would miss the successor.
static void refresh(struct ref_case *c)
{
	const struct ref_policy *p = &c->app->policy;
	const struct ref_verdict *v = c->verdict;
	if (!c->request->refresh)
		return;
	if (!c->request->known || !p->refresh || c->request->vendor == JG_VENDOR_AGORA ||
		!v->id_known || v->expires_at == JG_TIME_NONE ||
		v->ancestors_len == REF_ANCESTORS_MAX * REF_ID ||
		(p->refresh_until > 0 && v->issued_at == JG_TIME_NONE) ||
		ref_successor_end(c) <= c->world->now)
		ref_fail(c, REF_POLICY, REF_R(NOT_PERMITTED));
	if (c->request->vendor != JG_VENDOR_VONAGE && ref_signing_secret(c) == NULL)
		ref_fail(c, REF_POLICY, REF_R(NOT_PERMITTED));
}

void ref_decide(struct ref_case *c)
{
	lifetime(c);
	required(c);
	cut_off(c);
	cut_off_token(c);
	override(c);
	policy(c);
	refresh(c);
}
