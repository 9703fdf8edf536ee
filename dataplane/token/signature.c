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

// What no MAC can make good: an unsigned token, or one whose signature has an impossible length.
static void judge_unsigned(struct jg_burst *b, struct jg_record *r)
{
	(void)b;
	if (r->dev_token && r->app->policy.auth_checks)
		jg_refuse(r, JG_REASON_DEV_TOKEN);
	else if (r->dev_token)
		r->verified = true;
	else if (r->layout->signing != JG_SIGNING_RSA &&
		r->signature_len != signature_bytes[r->layout->signing])
		jg_refuse(r, JG_REASON_BAD_SIGNATURE);
}

static void set_mac_key(struct jg_record *r)
{
	r->mac_key = r->layout->signing == JG_SIGNING_SHA1 ? &r->key->sha1 : &r->key->mac;
}

// Records that are to be tried, each with its next secret; the others are refused here.
static unsigned collect_round(struct jg_burst *b, struct jg_record **round)
{
	unsigned n = 0;
	for (unsigned i = 0; i < b->n; i++) {
		struct jg_record *r = b->live[i];
		if (r->verified)
			continue;
		bool tried = r->key != NULL;
		r->key = next_key(r, b->now);
		if (r->key != NULL) {
			set_mac_key(r);
			round[n++] = r;
		} else if (tried) {
			jg_refuse(r, JG_REASON_BAD_SIGNATURE);
		} else {
			jg_refuse_rule(r, JG_REASON_BAD_SIGNATURE, JG_RULE_NO_SECRET,
				(struct jg_str){0}, 0, 0);
		}
	}
	return n;
}

// Formats whose MAC key is more than the secret's midstates make it now, all of a layout at once.
static void derive_keys(struct jg_burst *b, struct jg_record *const *round, unsigned n)
{
	struct jg_record **group = b->verifier->group;
	const struct jg_layout *layout = NULL; // only one needs this (agora-007)
	unsigned grouped = 0;
	for (unsigned i = 0; i < n; i++) {
		if (round[i]->layout->derive_keys == NULL)
			continue;
		assert(layout == NULL || layout == round[i]->layout);
		layout = round[i]->layout;
		group[grouped++] = round[i];
	}
	if (grouped > 0)
		layout->derive_keys(b, group, grouped);
}

static void run_macs(struct jg_burst *b, struct jg_record *const *round, unsigned n,
	enum jg_signing signing, enum jg_mac_alg alg)
{
	struct jg_verifier *v = b->verifier;
	unsigned jobs = 0;
	for (unsigned i = 0; i < n; i++) {
		struct jg_record *r = round[i];
		if (r->layout->signing != signing)
			continue;
		v->group[jobs] = r;
		// The digest is written, not read: setting it here would be wasted.
		struct jg_mac_job *job = &v->jobs[jobs++];
		job->message = (const uint8_t *)r->message.p;
		job->len = r->message.len;
		job->key = r->mac_key;
	}
	if (jobs == 0)
		return;
	jg_mac_burst(v->mac, alg, v->jobs, jobs);
	for (unsigned i = 0; i < jobs; i++)
		v->group[i]->verified = jg_memeq_ct(
			v->jobs[i].digest, v->group[i]->signature, signature_bytes[signing]);
}

static void run_rsa(struct jg_record *const *round, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		struct jg_record *r = round[i];
		if (r->layout->signing == JG_SIGNING_RSA)
			r->verified =
				jg_rs256_verify(r->key->public_key, r->message, r->rsa_signature);
	}
}

void jg_stage_signatures(struct jg_burst *b)
{
	struct jg_record **round = b->verifier->round;
	jg_burst_each(b, judge_unsigned);
	for (unsigned n; (n = collect_round(b, round)) > 0;) {
		derive_keys(b, round, n);
		run_macs(b, round, n, JG_SIGNING_SHA256, JG_MAC_SHA256);
		run_macs(b, round, n, JG_SIGNING_SHA1, JG_MAC_SHA1);
		run_rsa(round, n);
	}
	jg_burst_sift(b);
}
