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

/** Text of at most sixteen bytes as two words, zeros behind it. */
struct jg_hash_words {
	uint64_t low;
	uint64_t high;
};

/** Reads nothing beyond the text. */
static inline struct jg_hash_words jg_hash_words(const char *p, uint32_t len)
{
	struct jg_hash_words words = {0, 0};
	if (len > 8) {
		words.low = jg_hash_load64(p);
		words.high = jg_hash_load64(p + len - 8) >> 8 * (16 - len);
	} else if (len == 8) {
		words.low = jg_hash_load64(p);
	} else if (len >= 4) {
		words.low = jg_hash_load32(p) | jg_hash_load32(p + len - 4) << 8 * (len - 4);
	} else if (len > 0) {
		words.low = (uint64_t)(unsigned char)p[0] |
			(uint64_t)(unsigned char)p[len / 2] << 8 * (len / 2) |
			(uint64_t)(unsigned char)p[len - 1] << 8 * (len - 1);
	}
	return words;
}

/** The same without a branch, where sixteen bytes can be read. */
static inline struct jg_hash_words jg_hash_words_inside(const char *p, uint32_t len)
{
	static const uint64_t masks[17][2] = {{0, 0}, {0xff, 0}, {0xffff, 0}, {0xffffff, 0},
		{0xffffffff, 0}, {0xffffffffff, 0}, {0xffffffffffff, 0}, {0xffffffffffffff, 0},
		{UINT64_MAX, 0}, {UINT64_MAX, 0xff}, {UINT64_MAX, 0xffff}, {UINT64_MAX, 0xffffff},
		{UINT64_MAX, 0xffffffff}, {UINT64_MAX, 0xffffffffff}, {UINT64_MAX, 0xffffffffffff},
		{UINT64_MAX, 0xffffffffffffff}, {UINT64_MAX, UINT64_MAX}};
	return (struct jg_hash_words){
		jg_hash_load64(p) & masks[len][0], jg_hash_load64(p + 8) & masks[len][1]};
}

/** What a text alone gives, from its last words and what stands before them. Texts of different lengths may have the
 * same words. */
static inline uint64_t jg_hash_end(
	const struct jg_hash_seed *seed, uint64_t h, struct jg_hash_words last, uint32_t len)
{
	return jg_hash_fold(last.low ^ seed->word[2], last.high ^ seed->word[3] ^ h) ^ len;
}

/** The first half of jg_hash(), for when it is not known yet what the text is chained on. Reads nothing
 * beyond text.len. Inlined: a call is a third of its price for the short texts it is for. */
static inline uint64_t jg_hash_text(const struct jg_hash_seed *seed, struct jg_str text)
{
	const char *p = text.p;
	uint32_t len = text.len;
	uint64_t h = 0;
	for (; len > 16; p += 16, len -= 16)
		h = jg_hash_fold(jg_hash_load64(p) ^ seed->word[2],
			jg_hash_load64(p + 8) ^ seed->word[3] ^ h);
	return jg_hash_end(seed, h, jg_hash_words(p, len), text.len);
}

/** The same for a text behind whose beginning sixteen bytes can be read: short ones, whose length nobody can
 * guess, without a branch. */
static inline uint64_t jg_hash_text_inside(const struct jg_hash_seed *seed, struct jg_str text)
{
	if (text.len > 16)
		return jg_hash_text(seed, text);
	return jg_hash_end(seed, 0, jg_hash_words_inside(text.p, text.len), text.len);
}

/** The second half: chains a text's on the hash of what stands before it (or any number). */
static inline uint64_t jg_hash_chain(
	const struct jg_hash_seed *seed, uint64_t before, uint64_t text)
{
	return jg_hash_fold(text ^ seed->word[0], before ^ seed->word[1]);
}

/** Hash bytes, chained on the hash of what stands before them (or any number). */
static inline uint64_t jg_hash(const struct jg_hash_seed *seed, uint64_t before, struct jg_str text)
{
	return jg_hash_chain(seed, before, jg_hash_text(seed, text));
}
