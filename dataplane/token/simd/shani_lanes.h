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

/** The rounds of a block, for a file that defines ROUNDS(q): four rounds of every lane, the q-th of 16. */
#define ALL_ROUNDS          \
	do {                \
		ROUNDS(0);  \
		ROUNDS(1);  \
		ROUNDS(2);  \
		ROUNDS(3);  \
		ROUNDS(4);  \
		ROUNDS(5);  \
		ROUNDS(6);  \
		ROUNDS(7);  \
		ROUNDS(8);  \
		ROUNDS(9);  \
		ROUNDS(10); \
		ROUNDS(11); \
		ROUNDS(12); \
		ROUNDS(13); \
		ROUNDS(14); \
		ROUNDS(15); \
	} while (0)
