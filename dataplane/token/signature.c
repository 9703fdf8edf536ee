// SPDX-License-Identifier: BSD-3-Clause
// Whose token, and whose signature is it? One round per secret of an app, over all records that still look for theirs.
#include "app_find.h"
#include "cut_off_table.h"
#include "format_jwt.h"
#include "rs256.h"
#include "stages.h"
#include "verifier.h"

static const uint8_t signature_bytes[] = {[JG_SIGNING_SHA256] = 32, [JG_SIGNING_SHA1] = 20};

static inline bool in_window(const struct jg_key *key, int64_t now)
{
	return now >= key->not_before && now < key->not_after;
}

// The next secret inside its window; active ones stand before verify-only ones. NULL: none left.
static const struct jg_key *next_key(struct jg_record *r, int64_t now)
{
	while (r->next_key < r->app->keys_n) {
		const struct jg_key *key = &jg_app_keys(r->app)[r->next_key++];
		if (in_window(key, now))
			return key;
	}
	return NULL;
}

static struct jg_round round_begin(struct jg_verifier *v, unsigned n)
{
	struct jg_round round = {0};
	for (unsigned signing = 0; signing < JG_SIGNINGS; signing++)
		round.records[signing] = v->round[signing];
	if (v->beginnings != NULL && jg_beginnings_worth(v->beginnings, n))
		round.beginnings = v->beginnings;
	return round;
}

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

// The digest is written, not read: setting it here would be wasted. JWTs of one app begin alike.
static inline void make_job(const struct jg_round *round, const struct jg_record *r,
	const struct jg_mac_key *key, bool jwt, struct jg_mac_job *job)
{
	jg_mac_job_set(job, r->message.p, r->message.len, key);
	if (round->beginnings != NULL && jwt)
		jg_beginnings_find(round->beginnings, r->app_hash, job);
}

// Takes part with its next secret, or is refused for want of one.
static void join_round(struct jg_burst *b, struct jg_round *round, struct jg_record *r)
{
	bool tried = r->key != NULL;
	const struct jg_layout *layout = r->layout;
	r->key = next_key(r, b->now);
	if (r->key != NULL) {
		unsigned n = round->n[layout->signing]++;
		round->records[layout->signing][n] = r;
		round->derive |= layout->derive_keys != NULL;
		r->mac_key = layout->signing == JG_SIGNING_SHA1 ? &r->key->sha1 : &r->key->mac;
		if (layout->signing == JG_SIGNING_SHA256)
			make_job(round, r, r->mac_key, jg_layout_is_jwt(layout),
				&b->verifier->jobs[n]);
	} else if (tried) {
		jg_refuse(r, JG_REASON_BAD_SIGNATURE);
	} else {
		jg_refuse_rule(
			r, JG_REASON_BAD_SIGNATURE, JG_RULE_NO_SECRET, (struct jg_str){0}, 0, 0);
	}
}

// A JWT with an HMAC of the right length, as all with a known header are.
static inline bool is_hs256(const struct jg_record *r)
{
	return jg_layout_is_jwt(r->layout) && r->layout->signing == JG_SIGNING_SHA256 &&
		r->signature_len == signature_bytes[JG_SIGNING_SHA256];
}

// The same for the first round of what nearly all are: a JWT with an HMAC, of an app whose first secret may be
// used. False: another one.
static inline bool join_plain(struct jg_burst *b, struct jg_round *round, struct jg_record *r)
{
	const struct jg_key *key = jg_app_keys(r->app);
	if ((!r->known_header && !is_hs256(r)) ||
		(!r->row->first_usable && (r->app->keys_n == 0 || !in_window(key, b->now))))
		return false;
	unsigned n = round->n[JG_SIGNING_SHA256]++;
	round->records[JG_SIGNING_SHA256][n] = r;
	r->key = key;
	r->mac_key = &r->row->first;
	r->next_key = 1;
	make_job(round, r, &r->row->first, true, &b->verifier->jobs[n]);
	return true;
}

// One right after the other, as verify.c does it with apps.
static void prefetch_users(const struct jg_burst *b, unsigned from, unsigned to)
{
	const struct jg_cut_off_view *view = b->users_view;
	struct jg_record *const *live = b->live;
	if (view == NULL) {
		view = jg_cut_offs_view(b->users_cut_off);
		for (unsigned i = from; i < to; i++)
			jg_cut_off_prefetch(view, live[i]->user_fingerprint);
		return;
	}
	// What readers need of it; the rest is the writer's.
	const struct jg_cut_off_table table = {
		.latest = view->current->latest, .buckets_n = view->current->buckets_n};
	for (unsigned i = from; i < to; i++) {
		struct jg_record *r = live[i];
		r->user_latest = jg_cut_off_latest(&table, r->user_fingerprint);
		__builtin_prefetch((const void *)r->user_latest);
	}
}

// Most tokens are newer than all that their words tell of. What has to be searched for the others comes while the MACs
// are made: who they are cannot be guessed, and is found out first, so that they are fetched in a row.
static void prefetch_searches(const struct jg_burst *b)
{
	struct jg_record *const *live = b->live;
	uint16_t late[JG_BURST_MAX];
	unsigned late_n = 0;
	for (unsigned i = 0; i < b->n; i++) {
		const struct jg_record *r = live[i];
		late[late_n] = (uint16_t)i;
		late_n += r->named &
			jg_cut_off_word_refuses(r->user_latest, jg_jwt_read_issued_at(r));
	}
	for (unsigned i = 0; i < late_n; i++)
		jg_cut_off_prefetch_search(b->users_view, live[late[i]]->user_fingerprint);
}

// False: unknown_key.
static inline bool find_app(struct jg_burst *b, struct jg_record *r)
{
	const struct jg_app_row *row = jg_snapshot_find_hashed(
		b->snapshot, r->row, r->app_hash, r->layout->vendor, r->app_key);
	if (row == NULL) {
		jg_refuse(r, JG_REASON_UNKNOWN_KEY);
	} else if (!jg_snapshot_allows(
			   b->snapshot, row->vendor, row->caller_set, r->request->caller)) {
		jg_refuse_rule(r, JG_REASON_UNKNOWN_KEY, JG_RULE_CALLER, (struct jg_str){0}, 0, 0);
	} else {
		r->row = row;
		r->app = row->app;
		return true;
	}
	return false;
}

void jg_round_open(struct jg_burst *b)
{
	if (b->verifier->beginnings != NULL)
		jg_beginnings_under(b->verifier->beginnings, jg_snapshot_number(b->snapshot));
	b->round = round_begin(b->verifier, b->n);
}

unsigned jg_round_join(struct jg_burst *b, unsigned from, unsigned to)
{
	const struct jg_cut_offs *cut_offs = b->users_cut_off;
	unsigned refused = 0;
	for (unsigned i = from; i < to; i++) {
		struct jg_record *r = b->live[i];
		if (r->reason != JG_REASON_OK || !find_app(b, r)) {
			refused = 1;
			continue;
		}
		r->verdict->app_index = r->row->index;
		if (cut_offs != NULL)
			r->user_fingerprint =
				jg_cut_off_user(cut_offs, r->row->cut_off_hash, r->name_hash);
		if (join_plain(b, &b->round, r))
			continue;
		if (!is_unsigned(r))
			join_round(b, &b->round, r);
		refused |= r->reason;
	}
	if (cut_offs != NULL)
		prefetch_users(b, from, to);
	return refused;
}

// Those of a round that no secret has fitted yet.
static struct jg_round next_round(struct jg_burst *b, const struct jg_round *before)
{
	struct jg_round round = round_begin(b->verifier, b->n);
	for (unsigned signing = 0; signing < JG_SIGNINGS; signing++)
		for (unsigned i = 0; i < before->n[signing]; i++)
			if (!before->records[signing][i]->verified)
				join_round(b, &round, before->records[signing][i]);
	return round;
}

// Formats whose MAC key is more than the secret's midstates make it now, all of a layout at once.
static void derive_keys(struct jg_burst *b, const struct jg_round *round)
{
	struct jg_verifier *v = b->verifier;
	struct jg_record *const *records = round->records[JG_SIGNING_SHA256];
	const struct jg_layout *layout = NULL; // only one needs this (agora-007)
	unsigned n = round->n[JG_SIGNING_SHA256], grouped = 0;
	for (unsigned i = 0; i < n; i++) {
		struct jg_record *r = records[i];
		if (r->layout->derive_keys == NULL)
			continue;
		assert(layout == NULL || layout == r->layout);
		layout = r->layout;
		v->group[grouped++] = r;
	}
	layout->derive_keys(b, v->group, grouped);
	for (unsigned i = 0; i < n; i++)
		v->jobs[i].key = records[i]->mac_key;
}

// How many do not fit?
static unsigned compare(
	const struct jg_verifier *v, struct jg_record *const *records, unsigned n, size_t bytes)
{
	unsigned wrong = 0;
	for (unsigned i = 0; i < n; i++) {
		struct jg_record *r = records[i];
		r->verified = jg_memeq_ct(v->jobs[i].digest, r->signature, bytes);
		wrong += !r->verified;
	}
	return wrong;
}

// Once in a few rounds: is it worth looking, and what can one of them teach? Only tokens whose signature held
// count.
static void learn_beginnings(struct jg_verifier *v, const struct jg_round *round)
{
	struct jg_record *const *records = round->records[JG_SIGNING_SHA256];
	unsigned n = round->n[JG_SIGNING_SHA256], held = 0, hits = 0;
	unsigned turn = jg_beginnings_turn(v->beginnings, n);
	if (turn >= n)
		return;
	for (unsigned i = 0; i < n; i++) {
		held += records[i]->verified;
		hits += records[i]->verified && v->jobs[i].done > 0;
	}
	if (round->beginnings != NULL)
		jg_beginnings_count(v->beginnings, held, hits);
	const struct jg_record *r = records[turn];
	if (r->verified && jg_layout_is_jwt(r->layout))
		jg_beginnings_learn(v->beginnings, r->app_hash, &v->jobs[turn],
			jg_hash_load64((const char *)r->signature));
}

static unsigned run_sha256(struct jg_burst *b, const struct jg_round *round)
{
	struct jg_verifier *v = b->verifier;
	unsigned n = round->n[JG_SIGNING_SHA256];
	if (round->derive)
		derive_keys(b, round);
	jg_mac_burst(v->mac, JG_MAC_SHA256, v->jobs, n);
	unsigned wrong = compare(
		v, round->records[JG_SIGNING_SHA256], n, signature_bytes[JG_SIGNING_SHA256]);
	if (v->beginnings != NULL)
		learn_beginnings(v, round);
	return wrong;
}

static unsigned run_sha1(struct jg_burst *b, const struct jg_round *round)
{
	struct jg_verifier *v = b->verifier;
	struct jg_record *const *records = round->records[JG_SIGNING_SHA1];
	unsigned n = round->n[JG_SIGNING_SHA1];
	for (unsigned i = 0; i < n; i++)
		jg_mac_job_set(&v->jobs[i], records[i]->message.p, records[i]->message.len,
			records[i]->mac_key);
	jg_mac_burst(v->mac, JG_MAC_SHA1, v->jobs, n);
	return compare(v, records, n, signature_bytes[JG_SIGNING_SHA1]);
}

static unsigned run_rsa(const struct jg_round *round)
{
	unsigned wrong = 0;
	for (unsigned i = 0; i < round->n[JG_SIGNING_RSA]; i++) {
		struct jg_record *r = round->records[JG_SIGNING_RSA][i];
		r->verified = jg_rs256_verify(r->key->public_key, r->message, r->rsa_signature);
		wrong += !r->verified;
	}
	return wrong;
}

void jg_stage_signatures(struct jg_burst *b)
{
	struct jg_round *round = &b->round;
	unsigned wrong;
	bool refused = false;
	if (b->users_view != NULL)
		prefetch_searches(b);
	do {
		wrong = 0;
		if (round->n[JG_SIGNING_SHA256] > 0)
			wrong += run_sha256(b, round);
		if (round->n[JG_SIGNING_SHA1] > 0)
			wrong += run_sha1(b, round);
		if (round->n[JG_SIGNING_RSA] > 0)
			wrong += run_rsa(round);
		if (wrong > 0)
			*round = next_round(b, round);
		refused |= wrong > 0;
	} while (wrong > 0);
	if (refused)
		jg_burst_sift(b);
}
