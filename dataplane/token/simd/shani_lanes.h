// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** The lanes' body, compiled once for each instruction set by the file that includes it. One lane is
 * bound by the latency of sha256rnds2; several independent ones fill its pipeline. */

#include "sha256_constants.h"
#include "shani.h"

#include <immintrin.h>

#define BLOCK 64u
#define BODY static inline __attribute__((always_inline))

/** Does the same for each lane; i is a constant, so that arrays stay in registers. */
#define EACH(...)                     \
	do {                          \
		{                     \
			enum {        \
				i = 0 \
			};            \
			__VA_ARGS__   \
		}                     \
		if (lanes > 1) {      \
			enum {        \
				i = 1 \
			};            \
			__VA_ARGS__   \
		}                     \
		if (lanes > 2) {      \
			enum {        \
				i = 2 \
			};            \
			__VA_ARGS__   \
		}                     \
		if (lanes > 3) {      \
			enum {        \
				i = 3 \
			};            \
			__VA_ARGS__   \
		}                     \
	} while (0)

/** The chaining values of all lanes as the instructions want them: ABEF and CDGH. */
struct lanes {
	__m128i abef[JG_SHANI_LANES];
	__m128i cdgh[JG_SHANI_LANES];
};

/** Sixteen message words of each lane. */
struct words {
	__m128i w[JG_SHANI_LANES][4];
};

BODY void lane_load(struct lanes *state, unsigned lane, const uint32_t words[8])
{
	__m128i abcd = _mm_loadu_si128((const void *)words);
	__m128i efgh = _mm_loadu_si128((const void *)(words + 4));
	__m128i cdab = _mm_shuffle_epi32(abcd, 0xb1);
	efgh = _mm_shuffle_epi32(efgh, 0x1b);
	state->abef[lane] = _mm_alignr_epi8(cdab, efgh, 8);
	state->cdgh[lane] = _mm_blend_epi16(efgh, cdab, 0xf0);
}

/** Words A to D and E to H in order. */
BODY void lane_words(const struct lanes *state, unsigned lane, __m128i *abcd, __m128i *efgh)
{
	__m128i feba = _mm_shuffle_epi32(state->abef[lane], 0x1b);
	__m128i dchg = _mm_shuffle_epi32(state->cdgh[lane], 0xb1);
	*abcd = _mm_blend_epi16(feba, dchg, 0xf0);
	*efgh = _mm_alignr_epi8(dchg, feba, 8);
}

BODY __m128i swap_bytes(__m128i v)
{
	return _mm_shuffle_epi8(v, _mm_set_epi64x(0x0c0d0e0f08090a0bLL, 0x0405060700010203LL));
}

BODY void block_load(struct words *words, unsigned lane, const uint8_t *block)
{
	for (unsigned j = 0; j < 4; j++)
		words->w[lane][j] = swap_bytes(_mm_loadu_si128((const void *)(block + 16 * j)));
}

/** Four rounds of every lane (FIPS 180-4 section 6.2.2), and the message words they leave behind. */
#define ROUNDS(q)                                                                             \
	EACH(__m128i *w = words->w[i];                                                        \
		__m128i m = _mm_add_epi32(                                                    \
			w[(q)&3], _mm_load_si128((const void *)(round_constants + 4 * (q)))); \
		state->cdgh[i] = _mm_sha256rnds2_epu32(state->cdgh[i], state->abef[i], m);    \
		if ((q) >= 3 && (q) < 15) {                                                   \
			__m128i t = _mm_alignr_epi8(w[(q)&3], w[((q) + 3) & 3], 4);           \
			t = _mm_add_epi32(w[((q) + 1) & 3], t);                               \
			w[((q) + 1) & 3] = _mm_sha256msg2_epu32(t, w[(q)&3]);                 \
		} m = _mm_shuffle_epi32(m, 0x0e);                                             \
		state->abef[i] = _mm_sha256rnds2_epu32(state->abef[i], state->cdgh[i], m);    \
		if ((q) >= 1 && (q) < 13) w[((q) + 3) & 3] =                                  \
			_mm_sha256msg1_epu32(w[((q) + 3) & 3], w[(q)&3]);)

BODY void compress(struct lanes *state, struct words *words, unsigned lanes)
{
	struct lanes before = *state;
	ROUNDS(0);
	ROUNDS(1);
	ROUNDS(2);
	ROUNDS(3);
	ROUNDS(4);
	ROUNDS(5);
	ROUNDS(6);
	ROUNDS(7);
	ROUNDS(8);
	ROUNDS(9);
	ROUNDS(10);
	ROUNDS(11);
	ROUNDS(12);
	ROUNDS(13);
	ROUNDS(14);
	ROUNDS(15);
	EACH(state->abef[i] = _mm_add_epi32(state->abef[i], before.abef[i]);
		state->cdgh[i] = _mm_add_epi32(state->cdgh[i], before.cdgh[i]););
}

/** Where a lane stands in its message. */
struct lane {
	const uint8_t *message;
	uint32_t whole; /**< blocks that are read in place */
	uint32_t blocks; /**< with padding */
	uint8_t *tail; /**< the rest of the message and the padding: one or two blocks */
};

BODY void lane_open(struct lane *lane, const struct jg_mac_job *job, uint8_t tail[2 * BLOCK])
{
	uint32_t rest = job->len % BLOCK;
	lane->message = job->message;
	lane->whole = job->len / BLOCK;
	lane->blocks = lane->whole + (rest + 9 > BLOCK ? 2 : 1);
	lane->tail = tail;
	tail_fill(tail, job->message, job->len);
	uint64_t bits = __builtin_bswap64(((uint64_t)job->len + BLOCK) * 8);
	memcpy(tail + BLOCK * (lane->blocks - lane->whole) - 8, &bits, 8);
}

/** A finished lane reads its last block again; what comes of it is thrown away. */
BODY const uint8_t *lane_block(const struct lane *lane, uint32_t step)
{
	if (step < lane->whole)
		return lane->message + (size_t)step * BLOCK;
	return lane->tail + (step > lane->whole && step < lane->blocks ? BLOCK : 0);
}

BODY void hmac_outer(struct lanes *state, struct jg_mac_job *const *jobs, unsigned lanes)
{
	struct words words;
	EACH(lane_words(state, i, &words.w[i][0], &words.w[i][1]);
		words.w[i][2] = _mm_set_epi32(0, 0, 0, (int)0x80000000u);
		words.w[i][3] = _mm_set_epi32((64 + 32) * 8, 0, 0, 0);
		lane_load(state, i, jobs[i]->key->outer););
	compress(state, &words, lanes);
	EACH(__m128i abcd; __m128i efgh; lane_words(state, i, &abcd, &efgh);
		_mm_storeu_si128((void *)jobs[i]->digest, swap_bytes(abcd));
		_mm_storeu_si128((void *)(jobs[i]->digest + 16), swap_bytes(efgh)););
}

BODY void hmac(struct jg_mac_job *const *jobs, unsigned lanes)
{
	uint8_t tails[JG_SHANI_LANES][TAIL_SIZE] __attribute__((aligned(64)));
	struct lane lane[JG_SHANI_LANES];
	struct lanes state;
	uint32_t shortest = UINT32_MAX;
	uint32_t longest = 0;
	EACH(lane_open(&lane[i], jobs[i], tails[i] + TAIL_SIZE - 2 * BLOCK - TAIL_SLACK);
		lane_load(&state, i, jobs[i]->key->inner);
		if (lane[i].blocks < shortest) shortest = lane[i].blocks;
		if (lane[i].blocks > longest) longest = lane[i].blocks;);
	for (uint32_t step = 0; step < longest; step++) {
		struct lanes before = state;
		struct words words;
		EACH(block_load(&words, i, lane_block(&lane[i], step)););
		compress(&state, &words, lanes);
		if (step < shortest)
			continue;
		EACH(if (step >= lane[i].blocks) {
			state.abef[i] = before.abef[i];
			state.cdgh[i] = before.cdgh[i];
		});
	}
	hmac_outer(&state, jobs, lanes);
}

/** The state after the block of a padded key, xored with a byte (RFC 2104). */
BODY void key_half(uint8_t (*pads)[BLOCK], uint8_t with, struct lanes *state, unsigned lanes)
{
	struct words words;
	EACH(lane_load(state, i, start_state); block_load(&words, i, pads[i]);
		for (unsigned j = 0; j < 4; j++) words.w[i][j] =
			_mm_xor_si128(words.w[i][j], _mm_set1_epi8((char)with)););
	compress(state, &words, lanes);
}

BODY void keys(const struct jg_mac_job *jobs, struct jg_mac_key *out, unsigned lanes)
{
	uint8_t pads[JG_SHANI_LANES][BLOCK] __attribute__((aligned(64)));
	struct lanes inner;
	struct lanes outer;
	EACH(memset(pads[i], 0, BLOCK);
		if (jobs[i].len > 0) memcpy(pads[i], jobs[i].message, jobs[i].len););
	key_half(pads, 0x36, &inner, lanes);
	key_half(pads, 0x5c, &outer, lanes);
	EACH(__m128i abcd; __m128i efgh; lane_words(&inner, i, &abcd, &efgh);
		_mm_store_si128((void *)out[i].inner, abcd);
		_mm_store_si128((void *)(out[i].inner + 4), efgh);
		lane_words(&outer, i, &abcd, &efgh); _mm_store_si128((void *)out[i].outer, abcd);
		_mm_store_si128((void *)(out[i].outer + 4), efgh););
	explicit_bzero(pads, sizeof(pads));
}
