// SPDX-License-Identifier: BSD-3-Clause
#include "sha256_avx512.h"

#include "sha256_constants.h"

#include <immintrin.h>

#define LANES JG_WIDE_LANES
#define BLOCK 64u
#define BODY static inline __attribute__((always_inline))

// Row i of the result is column i of what was there: words of one lane become lanes of one word.
BODY void transpose(__m512i r[LANES])
{
	__m512i t[LANES];
#pragma GCC unroll 8
	for (unsigned i = 0; i < LANES; i += 2) {
		t[i] = _mm512_unpacklo_epi32(r[i], r[i + 1]);
		t[i + 1] = _mm512_unpackhi_epi32(r[i], r[i + 1]);
	}
#pragma GCC unroll 4
	for (unsigned i = 0; i < LANES; i += 4) {
		r[i] = _mm512_unpacklo_epi64(t[i], t[i + 2]);
		r[i + 1] = _mm512_unpackhi_epi64(t[i], t[i + 2]);
		r[i + 2] = _mm512_unpacklo_epi64(t[i + 1], t[i + 3]);
		r[i + 3] = _mm512_unpackhi_epi64(t[i + 1], t[i + 3]);
	}
#pragma GCC unroll 4
	for (unsigned i = 0; i < 4; i++) {
		t[i] = _mm512_shuffle_i32x4(r[i], r[i + 4], 0x88);
		t[i + 4] = _mm512_shuffle_i32x4(r[i], r[i + 4], 0xdd);
		t[i + 8] = _mm512_shuffle_i32x4(r[i + 8], r[i + 12], 0x88);
		t[i + 12] = _mm512_shuffle_i32x4(r[i + 8], r[i + 12], 0xdd);
	}
#pragma GCC unroll 8
	for (unsigned i = 0; i < 8; i++) {
		r[i] = _mm512_shuffle_i32x4(t[i], t[i + 8], 0x88);
		r[i + 8] = _mm512_shuffle_i32x4(t[i], t[i + 8], 0xdd);
	}
}

BODY __m512i swap_bytes(__m512i v)
{
	const __m128i order = _mm_set_epi64x(0x0c0d0e0f08090a0bLL, 0x0405060700010203LL);
	return _mm512_shuffle_epi8(v, _mm512_broadcast_i32x4(order));
}

// Three-way xor of two rotations and one more term.
#define SIGMA(x, a, b, last) \
	_mm512_ternarylogic_epi32(_mm512_ror_epi32(x, a), _mm512_ror_epi32(x, b), last, 0x96)
#define BIG(x, a, b, c) SIGMA(x, a, b, _mm512_ror_epi32(x, c))
#define SMALL(x, a, b, c) SIGMA(x, a, b, _mm512_srli_epi32(x, c))

// One round; t is its number within eight, whose state words have moved on by as many places. The
// word it has used becomes the one that is needed sixteen rounds later. The order of the additions
// keeps the chains from e to e and from a to a at three instructions, for one addition more.
#define ROUND(t, a, b, c, d, e, f, g, h)                                                         \
	do {                                                                                     \
		enum {                                                                           \
			i = at + (t)                                                             \
		};                                                                               \
		__m512i x = _mm512_add_epi32(                                                    \
			w[i], _mm512_set1_epi32((int)round_constants[first + i]));               \
		x = _mm512_add_epi32(x, h);                                                      \
		__m512i choice = _mm512_ternarylogic_epi32(e, f, g, 0xca);                       \
		__m512i sigma = BIG(e, 6, 11, 25);                                               \
		(d) = _mm512_add_epi32(_mm512_add_epi32(_mm512_add_epi32(d, x), choice), sigma); \
		x = _mm512_add_epi32(_mm512_add_epi32(x, choice), sigma);                        \
		x = _mm512_add_epi32(x, _mm512_ternarylogic_epi32(a, b, c, 0xe8));               \
		(h) = _mm512_add_epi32(x, BIG(a, 2, 13, 22));                                    \
		if (first < 48) {                                                                \
			x = _mm512_add_epi32(w[i], w[(i + 9) % LANES]);                          \
			x = _mm512_add_epi32(x, SMALL(w[(i + 1) % LANES], 7, 18, 3));            \
			w[i] = _mm512_add_epi32(x, SMALL(w[(i + 14) % LANES], 17, 19, 10));      \
		}                                                                                \
	} while (0)

BODY void sixteen_rounds(__m512i s[8], __m512i w[LANES], unsigned first)
{
#define at 0
	ROUND(0, s[0], s[1], s[2], s[3], s[4], s[5], s[6], s[7]);
	ROUND(1, s[7], s[0], s[1], s[2], s[3], s[4], s[5], s[6]);
	ROUND(2, s[6], s[7], s[0], s[1], s[2], s[3], s[4], s[5]);
	ROUND(3, s[5], s[6], s[7], s[0], s[1], s[2], s[3], s[4]);
	ROUND(4, s[4], s[5], s[6], s[7], s[0], s[1], s[2], s[3]);
	ROUND(5, s[3], s[4], s[5], s[6], s[7], s[0], s[1], s[2]);
	ROUND(6, s[2], s[3], s[4], s[5], s[6], s[7], s[0], s[1]);
	ROUND(7, s[1], s[2], s[3], s[4], s[5], s[6], s[7], s[0]);
#undef at
#define at 8
	ROUND(0, s[0], s[1], s[2], s[3], s[4], s[5], s[6], s[7]);
	ROUND(1, s[7], s[0], s[1], s[2], s[3], s[4], s[5], s[6]);
	ROUND(2, s[6], s[7], s[0], s[1], s[2], s[3], s[4], s[5]);
	ROUND(3, s[5], s[6], s[7], s[0], s[1], s[2], s[3], s[4]);
	ROUND(4, s[4], s[5], s[6], s[7], s[0], s[1], s[2], s[3]);
	ROUND(5, s[3], s[4], s[5], s[6], s[7], s[0], s[1], s[2]);
	ROUND(6, s[2], s[3], s[4], s[5], s[6], s[7], s[0], s[1]);
	ROUND(7, s[1], s[2], s[3], s[4], s[5], s[6], s[7], s[0]);
#undef at
}

// Lanes that the mask leaves out keep their state.
BODY void compress(__m512i state[8], __m512i w[LANES], __mmask16 active)
{
	__m512i s[8];
#pragma GCC unroll 8
	for (unsigned i = 0; i < 8; i++)
		s[i] = state[i];
	for (unsigned first = 0; first < 48; first += 16)
		sixteen_rounds(s, w, first);
	sixteen_rounds(s, w, 48);
#pragma GCC unroll 8
	for (unsigned i = 0; i < 8; i++)
		state[i] = _mm512_mask_add_epi32(state[i], active, state[i], s[i]);
}

struct messages {
	const uint8_t *message[LANES];
	uint32_t whole[LANES]; // blocks that are read in place
	uint32_t blocks[LANES]; // with padding
	uint32_t longest;
	uint8_t tail[LANES][2 * BLOCK] __attribute__((aligned(64)));
};

static void lane_open(struct messages *messages, unsigned lane, const struct jg_mac_job *job)
{
	uint8_t *tail = messages->tail[lane];
	uint32_t rest = job->len % BLOCK;
	uint32_t whole = job->len / BLOCK;
	uint32_t blocks = whole + (rest + 9 > BLOCK ? 2 : 1);
	// A masked load touches nothing beyond the message.
	__m512i text = _mm512_maskz_loadu_epi8(
		(UINT64_C(1) << rest) - 1, job->message + (size_t)whole * BLOCK);
	text = _mm512_mask_mov_epi8(text, UINT64_C(1) << rest, _mm512_set1_epi8((char)0x80));
	_mm512_store_si512(tail, text);
	_mm512_store_si512(tail + BLOCK, _mm512_setzero_si512());
	uint64_t bits = __builtin_bswap64(((uint64_t)job->len + BLOCK) * 8);
	memcpy(tail + BLOCK * (blocks - whole) - 8, &bits, 8);
	messages->message[lane] = job->message;
	messages->whole[lane] = whole;
	messages->blocks[lane] = blocks;
	messages->longest = blocks > messages->longest ? blocks : messages->longest;
}

// The lanes' next blocks, and which lanes still have one; the others read their tail once more.
BODY __mmask16 blocks_load(const struct messages *messages, uint32_t step, __m512i w[LANES])
{
	__m512i now = _mm512_set1_epi32((int)step);
	__mmask16 active = _mm512_cmpgt_epu32_mask(_mm512_loadu_si512(messages->blocks), now);
#pragma GCC unroll 16
	for (unsigned i = 0; i < LANES; i++) {
		uint32_t whole = messages->whole[i];
		const uint8_t *tail = messages->tail[i] +
			(step > whole && step < messages->blocks[i] ? BLOCK : 0);
		const uint8_t *block = messages->message[i] + (size_t)step * BLOCK;
		w[i] = swap_bytes(_mm512_loadu_si512(step < whole ? block : tail));
	}
	transpose(w);
	return active;
}

void jg_wide_hmac(struct jg_mac_job *const *jobs, unsigned n)
{
	struct messages messages;
	messages.longest = 0;
	__m512i w[LANES];
	// Lanes without a job do the first one's work again.
	for (unsigned i = 0; i < LANES; i++)
		lane_open(&messages, i, jobs[i < n ? i : 0]);
#pragma GCC unroll 16
	for (unsigned i = 0; i < LANES; i++)
		w[i] = _mm512_load_si512(jobs[i < n ? i : 0]->key);
	transpose(w);
	__m512i inner[8];
	__m512i outer[8];
#pragma GCC unroll 8
	for (unsigned i = 0; i < 8; i++) {
		inner[i] = w[i];
		outer[i] = w[i + 8];
	}
	for (uint32_t step = 0; step < messages.longest; step++) {
		__mmask16 active = blocks_load(&messages, step, w);
		compress(inner, w, active);
	}
#pragma GCC unroll 8
	for (unsigned i = 0; i < 8; i++) {
		w[i] = inner[i];
		w[i + 8] = _mm512_setzero_si512();
	}
	w[8] = _mm512_set1_epi32((int)0x80000000u);
	w[15] = _mm512_set1_epi32((64 + 32) * 8);
	compress(outer, w, 0xffff);
#pragma GCC unroll 8
	for (unsigned i = 0; i < 8; i++) {
		w[i] = outer[i];
		w[i + 8] = outer[i];
	}
	transpose(w);
#pragma GCC unroll 16
	for (unsigned i = 0; i < LANES; i++)
		if (i < n)
			_mm256_storeu_si256(
				(void *)jobs[i]->digest, _mm512_castsi512_si256(swap_bytes(w[i])));
}
