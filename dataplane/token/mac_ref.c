// SPDX-License-Identifier: BSD-3-Clause
// SHA-256, SHA-1 (FIPS 180-4) and HMAC (RFC 2104) in portable C.
#include "mac_ref.h"

#include <assert.h>

static const uint32_t sha256_k[64] = {0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b,
	0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3,
	0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6,
	0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d,
	0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85,
	0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
	0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585,
	0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a,
	0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa,
	0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

static uint32_t rotate_left(uint32_t x, unsigned n)
{
	return x << n | x >> (32 - n);
}

static uint32_t rotate_right(uint32_t x, unsigned n)
{
	return x >> n | x << (32 - n);
}

static uint32_t load_be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | (uint32_t)p[3];
}

static void store_be32(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 24);
	p[1] = (uint8_t)(v >> 16);
	p[2] = (uint8_t)(v >> 8);
	p[3] = (uint8_t)v;
}

static void sha256_block(uint32_t state[8], const uint8_t *data)
{
	uint32_t w[64];
	for (unsigned i = 0; i < 16; i++)
		w[i] = load_be32(data + 4 * i);
	for (unsigned i = 16; i < 64; i++) {
		uint32_t a = w[i - 15];
		uint32_t b = w[i - 2];
		uint32_t s0 = rotate_right(a, 7) ^ rotate_right(a, 18) ^ a >> 3;
		uint32_t s1 = rotate_right(b, 17) ^ rotate_right(b, 19) ^ b >> 10;
		w[i] = w[i - 16] + s0 + w[i - 7] + s1;
	}
	uint32_t v[8];
	memcpy(v, state, sizeof(v));
	for (unsigned i = 0; i < 64; i++) {
		uint32_t a = v[0];
		uint32_t e = v[4];
		uint32_t s1 = rotate_right(e, 6) ^ rotate_right(e, 11) ^ rotate_right(e, 25);
		uint32_t s0 = rotate_right(a, 2) ^ rotate_right(a, 13) ^ rotate_right(a, 22);
		uint32_t t1 = v[7] + s1 + ((e & v[5]) ^ (~e & v[6])) + sha256_k[i] + w[i];
		uint32_t t2 = s0 + ((a & v[1]) ^ (a & v[2]) ^ (v[1] & v[2]));
		memmove(v + 1, v, 7 * sizeof(v[0]));
		v[4] += t1;
		v[0] = t1 + t2;
	}
	for (unsigned i = 0; i < 8; i++)
		state[i] += v[i];
}

static void sha1_block(uint32_t state[8], const uint8_t *data)
{
	static const uint32_t k[4] = {0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xca62c1d6};
	uint32_t w[80];
	for (unsigned i = 0; i < 16; i++)
		w[i] = load_be32(data + 4 * i);
	for (unsigned i = 16; i < 80; i++)
		w[i] = rotate_left(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
	uint32_t a = state[0], b = state[1], c = state[2], d = state[3], e = state[4];
	for (unsigned i = 0; i < 80; i++) {
		uint32_t f = b ^ c ^ d;
		if (i < 20)
			f = (b & c) | (~b & d);
		else if (i >= 40 && i < 60)
			f = (b & c) | (b & d) | (c & d);
		uint32_t t = rotate_left(a, 5) + f + e + k[i / 20] + w[i];
		e = d;
		d = c;
		c = rotate_left(b, 30);
		b = a;
		a = t;
	}
	state[0] += a;
	state[1] += b;
	state[2] += c;
	state[3] += d;
	state[4] += e;
}

unsigned jg_mac_words(enum jg_mac_alg alg)
{
	return alg == JG_MAC_SHA256 ? 8 : 5;
}

void jg_ref_start(enum jg_mac_alg alg, uint32_t state[8])
{
	static const uint32_t start[JG_MAC_ALG_COUNT][8] = {
		[JG_MAC_SHA256] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f,
			0x9b05688c, 0x1f83d9ab, 0x5be0cd19},
		[JG_MAC_SHA1] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0},
	};
	memcpy(state, start[alg], sizeof(start[alg]));
}

void jg_ref_blocks(enum jg_mac_alg alg, uint32_t state[8], const uint8_t *data, size_t blocks)
{
	for (; blocks > 0; blocks--, data += JG_SHA_BLOCK) {
		if (alg == JG_MAC_SHA256)
			sha256_block(state, data);
		else
			sha1_block(state, data);
	}
}

// Hash the message's last bytes with the padding; before: bytes already hashed into state.
static void finish(enum jg_mac_alg alg, uint32_t state[8], uint64_t before, const uint8_t *data,
	size_t len, uint8_t *digest)
{
	size_t whole = len / JG_SHA_BLOCK;
	jg_ref_blocks(alg, state, data, whole);
	size_t rest = len % JG_SHA_BLOCK;
	uint8_t tail[2 * JG_SHA_BLOCK] = {0};
	if (rest > 0)
		memcpy(tail, data + whole * JG_SHA_BLOCK, rest);
	tail[rest] = 0x80;
	size_t blocks = rest + 9 > JG_SHA_BLOCK ? 2 : 1;
	uint64_t bits = (before + len) * 8;
	store_be32(tail + blocks * JG_SHA_BLOCK - 8, (uint32_t)(bits >> 32));
	store_be32(tail + blocks * JG_SHA_BLOCK - 4, (uint32_t)bits);
	jg_ref_blocks(alg, state, tail, blocks);
	for (unsigned i = 0; i < jg_mac_words(alg); i++)
		store_be32(digest + 4 * i, state[i]);
	explicit_bzero(tail, sizeof(tail));
}

void jg_sha256(const void *message, size_t len, uint8_t digest[32])
{
	uint32_t state[8];
	jg_ref_start(JG_MAC_SHA256, state);
	finish(JG_MAC_SHA256, state, 0, message, len, digest);
}

void jg_mac_key_init(struct jg_mac_key *key, enum jg_mac_alg alg, const void *secret, size_t len)
{
	uint8_t block[JG_SHA_BLOCK] = {0};
	if (len > JG_SHA_BLOCK) {
		uint32_t state[8];
		jg_ref_start(alg, state);
		finish(alg, state, 0, secret, len, block);
		explicit_bzero(state, sizeof(state));
	} else if (len > 0) {
		memcpy(block, secret, len);
	}
	memset(key, 0, sizeof(*key));
	for (unsigned i = 0; i < JG_SHA_BLOCK; i++)
		block[i] ^= 0x36;
	jg_ref_start(alg, key->inner);
	jg_ref_blocks(alg, key->inner, block, 1);
	for (unsigned i = 0; i < JG_SHA_BLOCK; i++)
		block[i] ^= 0x36 ^ 0x5c;
	jg_ref_start(alg, key->outer);
	jg_ref_blocks(alg, key->outer, block, 1);
	explicit_bzero(block, sizeof(block));
}

void jg_ref_burst(void *state, enum jg_mac_alg alg, struct jg_mac_job *jobs, unsigned n)
{
	(void)state;
	for (unsigned i = 0; i < n; i++) {
		struct jg_mac_job *job = &jobs[i];
		uint32_t chain[8];
		uint8_t inner[32];
		memcpy(chain, jg_mac_job_state(job), sizeof(chain));
		finish(alg, chain, JG_SHA_BLOCK + job->done, job->message + job->done,
			job->len - job->done, inner);
		memcpy(chain, job->key->outer, sizeof(chain));
		finish(alg, chain, JG_SHA_BLOCK, inner, 4 * jg_mac_words(alg), job->digest);
	}
}

void jg_ref_keys(void *state, const struct jg_mac_job *jobs, struct jg_mac_key *keys, unsigned n)
{
	(void)state;
	for (unsigned i = 0; i < n; i++) {
		assert(jobs[i].len <= JG_SHA_BLOCK);
		jg_mac_key_init(&keys[i], JG_MAC_SHA256, jobs[i].message, jobs[i].len);
	}
}
