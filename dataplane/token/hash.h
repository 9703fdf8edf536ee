// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** Keyed 64-bit hash for the tables, so that nobody outside can aim at a bucket or a fingerprint. */

#include "internal/base.h"

struct jg_hash_seed {
	uint64_t word[4];
};

__extension__ typedef unsigned __int128 jg_uint128;

/** Folded 64x64 to 128 bit product. */
static inline uint64_t jg_hash_fold(uint64_t a, uint64_t b)
{
	jg_uint128 product = (jg_uint128)a * b;
	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static inline uint64_t jg_hash_load64(const char *p)
{
	uint64_t v;
	memcpy(&v, p, sizeof(v));
	return v;
}

static inline uint64_t jg_hash_load32(const char *p)
{
	uint32_t v;
	memcpy(&v, p, sizeof(v));
	return v;
}

/** Words from the system's random source; from a number when that is not 0 (tests). */
void jg_hash_seed_init(struct jg_hash_seed *seed, uint64_t number);

/** Hash bytes, chained on the hash of what stands before them (or any number). Reads nothing
 * beyond text.len. Inlined: a call is a third of its price for the short texts it is for. */
static inline uint64_t jg_hash(const struct jg_hash_seed *seed, uint64_t before, struct jg_str text)
{
	const char *p = text.p;
	uint32_t len = text.len;
	uint64_t h = jg_hash_fold(before ^ seed->word[0], seed->word[1] ^ len);
	for (; len > 16; p += 16, len -= 16)
		h = jg_hash_fold(jg_hash_load64(p) ^ seed->word[2],
			jg_hash_load64(p + 8) ^ seed->word[3] ^ h);
	uint64_t a = 0;
	uint64_t b = 0;
	if (len >= 8) {
		a = jg_hash_load64(p);
		b = jg_hash_load64(p + len - 8);
	} else if (len >= 4) {
		a = jg_hash_load32(p);
		b = jg_hash_load32(p + len - 4);
	} else if (len > 0) {
		a = (uint64_t)(unsigned char)p[0] << 16 | (uint64_t)(unsigned char)p[len / 2] << 8 |
			(uint64_t)(unsigned char)p[len - 1];
	}
	h = jg_hash_fold(a ^ seed->word[2], b ^ seed->word[3] ^ h);
	return jg_hash_fold(h ^ seed->word[1], seed->word[0] ^ text.len);
}
