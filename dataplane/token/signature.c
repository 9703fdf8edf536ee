// SPDX-License-Identifier: BSD-3-Clause
// Whose signature is it? One round per secret of an app, over all records that still look for theirs.
#include "rs256.h"
#include "stages.h"
#include "verifier.h"

static const uint8_t signature_bytes[] = {[JG_SIGNING_SHA256] = 32, [JG_SIGNING_SHA1] = 20};

// The next secret inside its window; active ones stand before verify-only ones. NULL: none left.
static const struct jg_key *next_key(struct jg_record *r, int64_t now)
{
	while (r->next_key < r->app->keys_n) {
		const struct jg_key *key = &r->app->keys[r->next_key++];
		if (now >= key->not_before && now < key->not_after)
			return key;
	}
	return NULL;
}

// Records to be tried in one round, each with its next secret.
struct round {
	struct jg_record **records;
	unsigned n;
	unsigned of[JG_SIGNINGS]; // so many of each way to sign
	bool derive; // some have keys that are to be derived
};

// What no MAC can make good: an unsigned token, or one whose signature has an impossible length.
static bool is_unsigned(struct jg_record *r)
{
	if (r->dev_token && r->app->policy.auth_checks)
		jg_refuse(r, JG_REASON_DEV_TOKEN);
	else if (r->dev_token)
		r->verified = true;
	else if (r->layout->signing != JG_SIGNING_RSA &&
		r->signature_len != signature_bytes[r->layout->signing])
		jg_refuse(r, JG_REASON_BAD_SIGNATURE);
	return r->verified || r->reason != JG_REASON_OK;
}

// Takes part with its next secret, or is refused for want of one.
static void join_round(struct jg_burst *b, struct round *round, struct jg_record *r)
{
	bool tried = r->key != NULL;
	const struct jg_layout *layout = r->layout;
	r->key = next_key(r, b->now);
	if (r->key != NULL) {
		r->mac_key = layout->signing == JG_SIGNING_SHA1 ? &r->key->sha1 : &r->key->mac;
		round->records[round->n++] = r;
		round->of[layout->signing]++;
		round->derive |= layout->derive_keys != NULL;
	} else if (tried) {
		jg_refuse(r, JG_REASON_BAD_SIGNATURE);
	} else {
		jg_refuse_rule(
			r, JG_REASON_BAD_SIGNATURE, JG_RULE_NO_SECRET, (struct jg_str){0}, 0, 0);
	}
}

static struct round first_round(struct jg_burst *b)
{
	struct round round = {.records = b->verifier->round};
	for (unsigned i = 0; i < b->n; i++)
		if (!is_unsigned(b->live[i]))
			join_round(b, &round, b->live[i]);
	return round;
}

// Those of a round that no secret has fitted yet.
static struct round next_round(struct jg_burst *b, const struct round *before)
{
	struct round round = {.records = before->records};
	for (unsigned i = 0; i < before->n; i++)
		if (!before->records[i]->verified)
			join_round(b, &round, before->records[i]);
	return round;
}

// Formats whose MAC key is more than the secret's midstates make it now, all of a layout at once.
static void derive_keys(struct jg_burst *b, const struct round *round)
{
	struct jg_record **group = b->verifier->group;
	const struct jg_layout *layout = NULL; // only one needs this (agora-007)
	unsigned grouped = 0;
	for (unsigned i = 0; i < round->n; i++) {
		struct jg_record *r = round->records[i];
		if (r->layout->derive_keys == NULL)
			continue;
		assert(layout == NULL || layout == r->layout);
		layout = r->layout;
		group[grouped++] = r;
	}
	if (grouped > 0)
		layout->derive_keys(b, group, grouped);
}

static void run_macs(
	struct jg_burst *b, const struct round *round, enum jg_signing signing, enum jg_mac_alg alg)
{
	struct jg_verifier *v = b->verifier;
	struct jg_record **group = v->group;
	unsigned jobs = 0;
	for (unsigned i = 0; i < round->n; i++) {
		struct jg_record *r = round->records[i];
		if (r->layout->signing != signing)
			continue;
		group[jobs] = r;
		// The digest is written, not read: setting it here would be wasted.
		struct jg_mac_job *job = &v->jobs[jobs++];
		job->message = (const uint8_t *)r->message.p;
		job->len = r->message.len;
		job->key = r->mac_key;
	}
	jg_mac_burst(v->mac, alg, v->jobs, jobs);
	for (unsigned i = 0; i < jobs; i++)
		group[i]->verified = jg_memeq_ct(
			v->jobs[i].digest, group[i]->signature, signature_bytes[signing]);
}

static void run_rsa(const struct round *round)
{
	for (unsigned i = 0; i < round->n; i++) {
		struct jg_record *r = round->records[i];
		if (r->layout->signing == JG_SIGNING_RSA)
			r->verified =
				jg_rs256_verify(r->key->public_key, r->message, r->rsa_signature);
	}
}

void jg_stage_signatures(struct jg_burst *b)
{
	for (struct round round = first_round(b); round.n > 0; round = next_round(b, &round)) {
		if (round.derive)
			derive_keys(b, &round);
		if (round.of[JG_SIGNING_SHA256] > 0)
			run_macs(b, &round, JG_SIGNING_SHA256, JG_MAC_SHA256);
		if (round.of[JG_SIGNING_SHA1] > 0)
			run_macs(b, &round, JG_SIGNING_SHA1, JG_MAC_SHA1);
		if (round.of[JG_SIGNING_RSA] > 0)
			run_rsa(&round);
	}
	jg_burst_sift(b);
}
