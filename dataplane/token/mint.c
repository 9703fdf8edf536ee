// SPDX-License-Identifier: BSD-3-Clause
// The minter: what is asked for becomes content, contents are signed in batches, then finished.
#include "app_find.h"
#include "beginnings.h"
#include "deflate.h"
#include "format_agora.h"
#include "mint_jwt.h"
#include "rs256.h"
#include "simd/decoders.h"
#include "utf8.h"

#include <stdlib.h>

// Who writes what; a vendor's first row is its default.
static const struct {
	uint8_t vendor;
	uint8_t format;
	bool (*fill)(struct jg_minter *m, struct jg_mint_slot *slot);
} kinds[] = {
	{JG_VENDOR_LIVEKIT, JG_FORMAT_JWT_HS256, jg_mint_livekit},
	{JG_VENDOR_STREAM, JG_FORMAT_JWT_HS256, jg_mint_stream},
	{JG_VENDOR_OPENTOK, JG_FORMAT_JWT_HS256, jg_mint_opentok_jwt},
	{JG_VENDOR_OPENTOK, JG_FORMAT_T1, jg_mint_t1},
	{JG_VENDOR_VONAGE, JG_FORMAT_JWT_RS256, jg_mint_vonage},
	{JG_VENDOR_AGORA, JG_FORMAT_AGORA_007, jg_mint_agora_007},
	{JG_VENDOR_AGORA, JG_FORMAT_AGORA_006, jg_mint_agora_006},
};

bool jg_mint_fail(struct jg_mint_slot *slot, const char *field, const char *problem)
{
	if (slot->out->problem != NULL)
		return false;
	slot->out->problem = problem;
	slot->out->field = field;
	return false;
}

bool jg_mint_check_odd(
	struct jg_mint_slot *slot, const char *field, struct jg_str text, unsigned traits)
{
	if (!jg_utf8_valid(text))
		return jg_mint_fail(slot, field, "not valid UTF-8 without U+0000");
	slot->escapes |= (traits & JG_TEXT_QUOTED) != 0;
	return true;
}

bool jg_mint_check_plain(struct jg_mint_slot *slot)
{
	if (slot->ask->not_before != JG_TIME_NONE)
		return jg_mint_fail(slot, "not_before", "the format has no place for it");
	return jg_mint_check_empty(slot, "claims", slot->ask->claims);
}

// splitmix64
uint64_t jg_mint_random(struct jg_minter *m, struct jg_mint_slot *slot)
{
	uint64_t *state = slot->ask->salt != 0 ? &slot->random : &m->random;
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

static bool take_parts(
	struct jg_minter *m, const struct jg_verifier_options *options, struct jg_error *err)
{
	struct jg_hash_seed seed;
	jg_hash_seed_init(&seed, options->seed);
	m->random = seed.word[0];
	m->decoders = jg_decoders_select(options->simd, err);
	if (m->decoders == NULL)
		return false;
	m->mac = jg_mac_new(options->mac_engine, err);
	if (m->mac == NULL)
		return false;
	m->deflater = jg_deflater_new();
	m->json = jg_json_new(options->seed);
	m->scratch.size = JG_SCRATCH_TOKEN;
	m->scratch.base = calloc(1, m->scratch.size);
	if (!options->no_beginnings)
		m->beginnings = jg_beginnings_new(options->seed);
	m->own = jg_own_claims_new(&jg_mint_schema, m->decoders);
	m->packed = calloc(1, JG_DEFLATED(JG_MINT_CONTENT_MAX));
	m->content = calloc(JG_BURST_MAX, JG_MINT_CONTENT_MAX);
	if (m->deflater != NULL && m->json != NULL && m->scratch.base != NULL && m->own != NULL &&
		m->packed != NULL && m->content != NULL &&
		(m->beginnings != NULL || options->no_beginnings))
		return true;
	jg_error_set(err, "no memory for a minter; it needs %u MiB",
		(unsigned)(JG_BURST_MAX * JG_MINT_CONTENT_MAX >> 20) + 1);
	return false;
}

struct jg_minter *jg_minter_new(const struct jg_verifier_options *options, struct jg_error *err)
{
	static const struct jg_verifier_options defaults = {0};
	// MAC states want their own cache lines.
	struct jg_minter *m = aligned_alloc(JG_CACHE_LINE, sizeof(*m));
	if (m == NULL) {
		jg_error_set(err, "no memory for a minter");
		return NULL;
	}
	memset(m, 0, sizeof(*m));
	if (take_parts(m, options != NULL ? options : &defaults, err))
		return m;
	jg_minter_free(m);
	return NULL;
}

void jg_minter_free(struct jg_minter *minter)
{
	if (minter == NULL)
		return;
	free(minter->content);
	free(minter->packed);
	jg_own_claims_free(minter->own);
	free(minter->scratch.base);
	jg_json_free(minter->json);
	jg_deflater_free(minter->deflater);
	jg_beginnings_free(minter->beginnings);
	jg_mac_free(minter->mac);
	explicit_bzero(minter, sizeof(*minter));
	free(minter);
}

// The secret that was named, or the first that signs now. Verify-only ones never sign.
static bool find_key(struct jg_mint_slot *slot, int64_t now)
{
	const struct jg_app_entry *app = slot->app;
	struct jg_str id = slot->ask->key;
	for (unsigned i = 0; i < app->keys_n; i++) {
		const struct jg_key *key = &jg_app_keys(app)[i];
		if (id.p != NULL && !jg_str_eq(id, key->id))
			continue;
		if (key->status == JG_SECRET_ACTIVE && now >= key->not_before &&
			now < key->not_after) {
			slot->key = key;
			return true;
		}
	}
	return jg_mint_fail(slot, "key",
		id.p != NULL ? "the app has no active secret of this id now"
			     : "the app has no active secret now");
}

// Beyond 2^53 no reader of JSON can be trusted, and below it no sum of ours overflows.
static bool check_time(struct jg_mint_slot *slot, const char *field, int64_t time)
{
	if (time == JG_TIME_NONE || (time >= 0 && time <= INT64_C(1) << 53))
		return true;
	return jg_mint_fail(slot, field, "not within 0..2^53 seconds");
}

void jg_mint_open(struct jg_minter *m, const struct jg_snapshot *snapshot, int64_t now)
{
	if (m->beginnings != NULL)
		jg_beginnings_under(m->beginnings, jg_snapshot_number(snapshot));
	m->now = now;
	m->content_at = m->content;
	m->last = NULL;
	m->noted = NULL;
}

// Neighbours in a burst are mostly of one app.
static bool find_app(
	struct jg_minter *m, const struct jg_snapshot *snapshot, struct jg_mint_slot *slot)
{
	const struct jg_mint *ask = slot->ask;
	const struct jg_mint_slot *last = m->last;
	if (last != NULL && last->app->vendor == ask->vendor &&
		last->app->key.len == ask->app.len &&
		jg_same_bytes(last->app->key.p, ask->app.p, ask->app.len)) {
		slot->app = last->app;
		if (ask->key.p != NULL || last->ask->key.p != NULL)
			return find_key(slot, m->now);
		slot->key = last->key;
		return true;
	}
	slot->app = jg_snapshot_find(snapshot, ask->vendor, ask->app);
	if (slot->app == NULL)
		return jg_mint_fail(slot, "app", "the vendor has no app of this key here");
	return find_key(slot, m->now);
}

bool jg_mint_begin(struct jg_minter *m, const struct jg_snapshot *snapshot,
	struct jg_mint_slot *slot, const struct jg_mint *ask, struct jg_minted *out)
{
	out->len = 0;
	out->problem = out->field = NULL;
	slot->ask = ask;
	slot->out = out;
	slot->app = NULL;
	slot->key = NULL;
	slot->mac_key = NULL;
	slot->header.len = 0;
	slot->random = ask->salt;
	slot->format = ask->format;
	slot->unsigned_ = slot->escapes = false;
	slot->ancestors = (struct jg_str){NULL, 0};
	slot->token = (struct jg_writer){
		.p = out->token, .size = out->size < JG_TOKEN_MAX ? out->size : JG_TOKEN_MAX};
	slot->content =
		(struct jg_writer){.p = m->content_at, .size = JG_MINT_CONTENT_MAX - JG_CACHE_LINE};
	slot->issued_at = ask->issued_at != JG_TIME_NONE ? ask->issued_at : m->now;
	if (!check_time(slot, "issued_at", slot->issued_at) ||
		!check_time(slot, "not_before", ask->not_before) ||
		!check_time(slot, "expires_at", ask->expires_at) || !find_app(m, snapshot, slot))
		return false;
	m->last = slot;
	return true;
}

void jg_mint_end(struct jg_minter *m, const struct jg_mint_slot *slot)
{
	size_t lines = slot->content.at / JG_CACHE_LINE + 1;
	m->content_at += lines * JG_CACHE_LINE;
}

static bool write_content(struct jg_minter *m, struct jg_mint_slot *slot)
{
	if (slot->ask->services_n > 0 && slot->ask->vendor != JG_VENDOR_AGORA)
		return jg_mint_fail(slot, "services", "only agora-007 has them");
	for (size_t i = 0; i < JG_ARRAY_SIZE(kinds); i++)
		if (kinds[i].vendor == slot->ask->vendor &&
			(slot->format == JG_FORMAT_NONE || kinds[i].format == slot->format)) {
			slot->format = kinds[i].format;
			return kinds[i].fill(m, slot);
		}
	return jg_mint_fail(slot, "format", "the vendor has no such format");
}

// Header and payload of a JWT as the token's text, which is what is signed.
static bool encode_jwt(struct jg_minter *m, struct jg_mint_slot *slot)
{
	struct jg_writer *token = &slot->token;
	size_t head = slot->header.len, n = slot->content.at;
	if (head + (n * 4 + 2) / 3 > token->size)
		return jg_mint_fail(slot, NULL, JG_MINT_TOO_LONG);
	memcpy(token->p, slot->header.p, head);
	token->at = head +
		m->decoders->base64url_encode((const uint8_t *)slot->content.p, n, token->p + head);
	slot->message = (struct jg_str){token->p, (uint32_t)token->at};
	if (slot->unsigned_)
		jg_write_text(token, ".devtoken");
	return token->full ? jg_mint_fail(slot, NULL, JG_MINT_TOO_LONG) : true;
}

// A pass of its own: what has just been written in small pieces is read in large ones.
static void encode_jwts(struct jg_minter *m, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		struct jg_mint_slot *slot = &m->slots[i];
		if (slot->out->problem == NULL && slot->header.len > 0)
			(void)encode_jwt(m, slot);
	}
}

static bool finish_jwt(
	struct jg_minter *m, struct jg_mint_slot *slot, const uint8_t *signature, size_t n)
{
	struct jg_writer *token = &slot->token;
	if (1 + (n * 4 + 2) / 3 > token->size - token->at)
		return jg_mint_fail(slot, NULL, JG_MINT_TOO_LONG);
	token->p[token->at++] = '.';
	token->at += m->decoders->base64url_encode(signature, n, token->p + token->at);
	return true;
}

static void sign_rsa(struct jg_minter *m, struct jg_mint_slot *slot)
{
	uint8_t signature[JG_RS256_SIGNATURE_MAX];
	struct evp_pkey_st *key = slot->key->private_key;
	if (key == NULL)
		(void)jg_mint_fail(slot, "key", "the secret has no private_key to sign with");
	else if (!jg_rs256_sign(key, slot->message, signature))
		(void)jg_mint_fail(slot, "key", "OpenSSL could not sign with the private key");
	else
		(void)finish_jwt(m, slot, signature, jg_rs256_size(key));
}

static void finish(struct jg_minter *m, struct jg_mint_slot *slot, const uint8_t *digest)
{
	switch (slot->format) {
	case JG_FORMAT_T1:
		(void)jg_mint_finish_t1(m, slot, digest);
		break;
	case JG_FORMAT_AGORA_007:
		(void)jg_mint_finish_agora_007(m, slot, digest);
		break;
	case JG_FORMAT_AGORA_006:
		(void)jg_mint_finish_agora_006(m, slot, digest);
		break;
	default:
		(void)finish_jwt(m, slot, digest, 32);
		break;
	}
}

// Keys of the chained signatures, as many lanes at once as there are.
static void derive_keys(struct jg_minter *m, unsigned n)
{
	struct jg_agora_key_job jobs[JG_AGORA_LANES];
	unsigned lanes = 0;
	for (unsigned i = 0; i < n; i++) {
		struct jg_mint_slot *slot = &m->slots[i];
		if (slot->out->problem == NULL && slot->format == JG_FORMAT_AGORA_007) {
			slot->mac_key = &m->keys[i];
			jobs[lanes++] =
				(struct jg_agora_key_job){.certificate = slot->key->certificate,
					.issued_at = (uint32_t)slot->issued_at,
					.salt = slot->salt,
					.key = &m->keys[i]};
		}
		if (lanes == JG_AGORA_LANES || (i + 1 == n && lanes > 0)) {
			jg_agora_keys_burst(m->mac, jobs, lanes);
			lanes = 0;
		}
	}
}

static const struct jg_mac_key *mac_key(const struct jg_mint_slot *slot, enum jg_mac_alg alg)
{
	if (slot->mac_key != NULL)
		return slot->mac_key;
	return alg == JG_MAC_SHA1 ? &slot->key->sha1 : &slot->key->mac;
}

// Once in a few rounds.
static void learn_beginning(struct jg_minter *m, unsigned jobs, bool looked)
{
	unsigned turn = jg_beginnings_turn(m->beginnings, jobs), hits = 0;
	if (turn >= jobs)
		return;
	for (unsigned j = 0; j < jobs; j++)
		hits += m->jobs[j].done > 0;
	if (looked)
		jg_beginnings_count(m->beginnings, jobs, hits);
	const struct jg_mint_slot *slot = &m->slots[m->job_slots[turn]];
	if (slot->header.len > 0)
		jg_beginnings_learn(m->beginnings, slot->app->hash, &m->jobs[turn],
			jg_hash_load64((const char *)m->jobs[turn].digest));
}

// Is there something left that is signed otherwise?
static bool sign_hmac(struct jg_minter *m, unsigned n, enum jg_mac_alg alg)
{
	struct jg_beginnings *beginnings = m->beginnings;
	unsigned jobs = 0;
	bool others = false;
	if (alg != JG_MAC_SHA256 || (beginnings != NULL && !jg_beginnings_worth(beginnings, n)))
		beginnings = NULL;
	for (unsigned i = 0; i < n; i++) {
		const struct jg_mint_slot *slot = &m->slots[i];
		bool other = (slot->format == JG_FORMAT_T1) != (alg == JG_MAC_SHA1);
		others |= other;
		if (slot->out->problem != NULL || slot->unsigned_ || other ||
			slot->format == JG_FORMAT_JWT_RS256)
			continue;
		m->job_slots[jobs] = i;
		struct jg_mac_job *job = &m->jobs[jobs++];
		jg_mac_job_set(job, slot->message.p, slot->message.len, mac_key(slot, alg));
		if (beginnings != NULL && slot->header.len > 0)
			jg_beginnings_find(beginnings, slot->app->hash, job);
	}
	jg_mac_burst(m->mac, alg, m->jobs, jobs);
	if (jobs > 0 && alg == JG_MAC_SHA256 && m->beginnings != NULL)
		learn_beginning(m, jobs, beginnings != NULL);
	for (unsigned j = 0; j < jobs; j++)
		finish(m, &m->slots[m->job_slots[j]], m->jobs[j].digest);
	return others;
}

void jg_mint_sign(struct jg_minter *m, unsigned n)
{
	encode_jwts(m, n);
	derive_keys(m, n);
	if (sign_hmac(m, n, JG_MAC_SHA256))
		(void)sign_hmac(m, n, JG_MAC_SHA1);
	for (unsigned i = 0; i < n; i++) {
		struct jg_mint_slot *slot = &m->slots[i];
		if (slot->out->problem == NULL && slot->format == JG_FORMAT_JWT_RS256)
			sign_rsa(m, slot);
		if (slot->out->problem == NULL)
			slot->out->len = (uint32_t)slot->token.at;
	}
}

void jg_mint_burst(struct jg_minter *minter, const struct jg_snapshot *snapshot, int64_t now,
	const struct jg_mint *requests, struct jg_minted *minted, unsigned n)
{
	assert(n > 0 && n <= JG_BURST_MAX);
	jg_mint_open(minter, snapshot, now);
	for (unsigned i = 0; i < n; i++) {
		struct jg_mint_slot *slot = &minter->slots[i];
		minter->scratch.used = 0;
		if (jg_mint_begin(minter, snapshot, slot, &requests[i], &minted[i]) &&
			write_content(minter, slot))
			jg_mint_end(minter, slot);
	}
	jg_mint_sign(minter, n);
}
