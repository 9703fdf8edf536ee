// SPDX-License-Identifier: BSD-3-Clause
#include "sha256_avx512.h"

#include "sha256_constants.h"

#include <assert.h>
#include <immintrin.h>
#include <stdbool.h>
#include <stddef.h>

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

// Of a ring of sixteen words the one so many places behind the t-th of the eight that are now in use; the
// other eight are next.
#define WORD(now, other, t, on) \
	(((t) + (on)) % 16 < 8 ? (now)[((t) + (on)) % 8] : (other)[((t) + (on)) % 8])

// One round of a group; t is its number within eight, whose state words have moved on by as many places.
// more: the word it has used becomes the one that is needed sixteen rounds later. A group on its own waits for
// its chains from e to e and from a to a: for it the order of the additions keeps them at three
// instructions, for one addition more. Two groups fill each other's gaps.
#define ROUND(s, now, other, k, more, alone, t, a, b, c, d, e, f, g, h)                           \
	do {                                                                                      \
		__m512i x = _mm512_add_epi32((now)[t], _mm512_set1_epi32((int)(k)[t]));           \
		x = _mm512_add_epi32(x, (s)[h]);                                                  \
		__m512i choice = _mm512_ternarylogic_epi32((s)[e], (s)[f], (s)[g], 0xca);         \
		__m512i sigma = BIG((s)[e], 6, 11, 25);                                           \
		if (alone)                                                                        \
			(s)[d] = _mm512_add_epi32(                                                \
				_mm512_add_epi32(_mm512_add_epi32((s)[d], x), choice), sigma);    \
		x = _mm512_add_epi32(_mm512_add_epi32(x, choice), sigma);                         \
		if (!(alone))                                                                     \
			(s)[d] = _mm512_add_epi32((s)[d], x);                                     \
		x = _mm512_add_epi32(x, _mm512_ternarylogic_epi32((s)[a], (s)[b], (s)[c], 0xe8)); \
		(s)[h] = _mm512_add_epi32(x, BIG((s)[a], 2, 13, 22));                             \
		if (more) {                                                                       \
			x = _mm512_add_epi32((now)[t], WORD(now, other, t, 9));                   \
			x = _mm512_add_epi32(x, SMALL(WORD(now, other, t, 1), 7, 18, 3));         \
			(now)[t] =                                                                \
				_mm512_add_epi32(x, SMALL(WORD(now, other, t, 14), 17, 19, 10));  \
		}                                                                                 \
	} while (0)

#define EIGHT_ROUNDS(round)               \
	round(0, 0, 1, 2, 3, 4, 5, 6, 7); \
	round(1, 7, 0, 1, 2, 3, 4, 5, 6); \
	round(2, 6, 7, 0, 1, 2, 3, 4, 5); \
	round(3, 5, 6, 7, 0, 1, 2, 3, 4); \
	round(4, 4, 5, 6, 7, 0, 1, 2, 3); \
	round(5, 3, 4, 5, 6, 7, 0, 1, 2); \
	round(6, 2, 3, 4, 5, 6, 7, 0, 1); \
	round(7, 1, 2, 3, 4, 5, 6, 7, 0)

BODY void eight_rounds(
	__m512i s[8], __m512i *now, const __m512i *other, const uint32_t *k, bool more)
{
#define ONE(t, ...) ROUND(s, now, other, k, more, true, t, __VA_ARGS__)
	EIGHT_ROUNDS(ONE);
}

// The second group's words stand behind the first one's.
BODY void eight_rounds_two(
	__m512i s[2][8], __m512i *now, const __m512i *other, const uint32_t *k, bool more)
{
#define TWO(t, ...)                                              \
	ROUND(s[0], now, other, k, more, false, t, __VA_ARGS__); \
	ROUND(s[1], (now + LANES), (other + LANES), k, more, false, t, __VA_ARGS__)
	EIGHT_ROUNDS(TWO);
}

// All rounds, with one piece of code for eight, which the two halves of the words come through in turns: with sixteen
// it was twice as long, and held most of what the CPU keeps of decoded instructions. The last sixteen need no
// more words.
#define ROUNDS(eight, s, words)                                                                   \
	do {                                                                                      \
		__m512i *half[2] = {(words), (words) + 8};                                        \
		unsigned i = 0;                                                                   \
		for (; i < 6; i++)                                                                \
			eight(s, half[i % 2], half[(i + 1) % 2], round_constants + 8 * i, true);  \
		for (; i < 8; i++)                                                                \
			eight(s, half[i % 2], half[(i + 1) % 2], round_constants + 8 * i, false); \
	} while (0)

// A block of each lane; lanes that the mask leaves out keep their state. The words are used up.
BODY void compress(__m512i state[8], __m512i w[LANES], __mmask16 active)
{
	__m512i s[8];
#pragma GCC unroll 8
	for (unsigned i = 0; i < 8; i++)
		s[i] = state[i];
	ROUNDS(eight_rounds, s, w);
#pragma GCC unroll 8
	for (unsigned i = 0; i < 8; i++)
		state[i] = _mm512_mask_add_epi32(state[i], active, state[i], s[i]);
}

struct group {
	__m512i inner[8];
	__m512i outer[8];
	__m512i left; // bytes from where a lane begins
	__m512i blocks; // with padding
	__m512i bits; // of all that is hashed
	const uint8_t *message[LANES]; // where a lane begins
	uint32_t longest;
	uint32_t shortest; // of the blocks that are all message
};

// Not inlined: with all the rest around it the compiler runs out of registers in the rounds.
static __attribute__((noinline)) void compress_one(
	__m512i state[8], __m512i w[LANES], __mmask16 active)
{
	compress(state, w, active);
}

// The same for two groups at once.
static __attribute__((noinline)) void compress_two(
	__m512i *state[2], __m512i w[2][LANES], const __mmask16 active[2])
{
	__m512i s[2][8];
#pragma GCC unroll 8
	for (unsigned i = 0; i < 8; i++) {
		s[0][i] = state[0][i];
		s[1][i] = state[1][i];
	}
	ROUNDS(eight_rounds_two, s, w[0]);
#pragma GCC unroll 8
	for (unsigned i = 0; i < 8; i++) {
		state[0][i] = _mm512_mask_add_epi32(state[0][i], active[0], state[0][i], s[0][i]);
		state[1][i] = _mm512_mask_add_epi32(state[1][i], active[1], state[1][i], s[1][i]);
	}
}

static_assert(offsetof(struct jg_mac_job, done) == offsetof(struct jg_mac_job, len) + 4,
	"sizes_load() reads both at once");

// len and done of eight jobs, side by side. Stored one by one they could not be loaded as one before long.
BODY __m512i sizes_load(struct jg_mac_job *const *jobs)
{
	long long size[8];
#pragma GCC unroll 8
	for (unsigned i = 0; i < 8; i++)
		memcpy(&size[i], (const char *)jobs[i] + offsetof(struct jg_mac_job, len),
			sizeof(size[i]));
	return _mm512_setr_epi64(
		size[0], size[1], size[2], size[3], size[4], size[5], size[6], size[7]);
}

static void lanes_open(struct group *group, struct jg_mac_job *const *jobs)
{
	const __m512i even =
		_mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
	const __m512i odd = _mm512_add_epi32(even, _mm512_set1_epi32(1));
	__m512i low = sizes_load(jobs);
	__m512i high = sizes_load(jobs + 8);
	__m512i len = _mm512_permutex2var_epi32(low, even, high);
	__m512i done = _mm512_permutex2var_epi32(low, odd, high);
#pragma GCC unroll 16
	for (unsigned i = 0; i < LANES; i++)
		group->message[i] = jobs[i]->message + jobs[i]->done;
	group->left = _mm512_sub_epi32(len, done);
	// A bit and the length, nine bytes, come behind the message.
	group->blocks = _mm512_srli_epi32(
		_mm512_add_epi32(group->left, _mm512_set1_epi32(9 + BLOCK - 1)), 6);
	group->bits = _mm512_slli_epi32(_mm512_add_epi32(len, _mm512_set1_epi32(BLOCK)), 3);
	group->longest = _mm512_reduce_max_epu32(group->blocks);
	group->shortest = _mm512_reduce_min_epu32(group->left) / BLOCK;
}

// Inner and outer state.
BODY __m512i states_load(const struct jg_mac_job *job)
{
	__m256i inner = _mm256_loadu_si256((const void *)jg_mac_job_state(job));
	return _mm512_inserti64x4(_mm512_load_si512(job->key), inner, 0);
}

// Lanes without a job do the first one's work again.
static void group_open(struct group *group, struct jg_mac_job *const *jobs, unsigned n)
{
	struct jg_mac_job *all[LANES];
	if (n < LANES) {
		for (unsigned i = 0; i < LANES; i++)
			all[i] = jobs[i < n ? i : 0];
		jobs = all;
	}
	lanes_open(group, jobs);
	__m512i w[LANES];
#pragma GCC unroll 16
	for (unsigned i = 0; i < LANES; i++)
		w[i] = states_load(jobs[i]);
	transpose(w);
#pragma GCC unroll 8
	for (unsigned i = 0; i < 8; i++) {
		group->inner[i] = w[i];
		group->outer[i] = w[i + 8];
	}
}

// Of lanes' blocks that need not be all message, as masks of their bytes.
struct ends {
	uint64_t text[LANES]; // the message's
	uint64_t bit[LANES]; // the one behind it, if it is in this block
	uint32_t at[LANES]; // where the block stands
};

// Not inlined: the compiler would take the vectors apart, not load again what was stored.
static __attribute__((noinline)) void find_ends(
	const struct group *group, uint32_t step, struct ends *ends)
{
	const __m512i one = _mm512_set1_epi64(1);
	const __m512i all = _mm512_set1_epi64(-1);
	__m512i start = _mm512_set1_epi32((int)(step * BLOCK));
	__m512i left = _mm512_sub_epi32(group->left, start);
	// Lanes that have no block left stay where they end.
	__m512i whole = _mm512_and_si512(group->left, _mm512_set1_epi32(-(int)BLOCK));
	_mm512_storeu_si512(ends->at, _mm512_min_epu32(start, whole));
	for (unsigned i = 0; i < LANES; i += 8) {
		// Shifts by less than nothing or by more than 63 leave no bit.
		__m512i shift = _mm512_cvtepi32_epi64(_mm512_castsi512_si256(left));
		__m512i size = _mm512_max_epi64(shift, _mm512_setzero_si512());
		_mm512_storeu_si512(
			ends->text + i, _mm512_andnot_si512(_mm512_sllv_epi64(all, size), all));
		_mm512_storeu_si512(ends->bit + i, _mm512_sllv_epi64(one, shift));
		left = _mm512_shuffle_i64x2(left, left, 0xee);
	}
}

// The lanes' next blocks, some of which end.
BODY void ends_load(const struct group *group, uint32_t step, __m512i w[LANES])
{
	const __m512i bit = _mm512_set1_epi8((char)0x80);
	struct ends ends;
	find_ends(group, step, &ends);
#pragma GCC unroll 16
	for (unsigned i = 0; i < LANES; i++) {
		// A masked load touches nothing beyond the message.
		w[i] = _mm512_maskz_loadu_epi8(ends.text[i], group->message[i] + ends.at[i]);
		w[i] = swap_bytes(_mm512_mask_mov_epi8(w[i], ends.bit[i], bit));
	}
	transpose(w);
	__mmask16 last = _mm512_cmpeq_epu32_mask(group->blocks, _mm512_set1_epi32((int)step + 1));
	w[15] = _mm512_mask_mov_epi32(w[15], last, group->bits);
}

// The lanes' next blocks, and which lanes still have one.
static __mmask16 blocks_load(const struct group *group, uint32_t step, __m512i words[LANES])
{
	__m512i w[LANES];
	if (step < group->shortest) {
#pragma GCC unroll 16
		for (unsigned i = 0; i < LANES; i++)
			w[i] = swap_bytes(
				_mm512_loadu_si512(group->message[i] + (size_t)step * BLOCK));
		transpose(w);
	} else {
		ends_load(group, step, w);
	}
#pragma GCC unroll 16
	for (unsigned i = 0; i < LANES; i++)
		words[i] = w[i];
	return _mm512_cmpgt_epu32_mask(group->blocks, _mm512_set1_epi32((int)step));
}

// The outer hash's only block: what the inner one gave, and padding.
static void outer_block(const struct group *group, __m512i words[LANES])
{
	for (unsigned i = 0; i < 8; i++) {
		words[i] = group->inner[i];
		words[i + 8] = _mm512_setzero_si512();
	}
	words[8] = _mm512_set1_epi32((int)0x80000000u);
	words[15] = _mm512_set1_epi32((64 + 32) * 8);
}

static void digests_store(const struct group *group, struct jg_mac_job *const *jobs, unsigned n)
{
	__m512i w[LANES];
#pragma GCC unroll 8
	for (unsigned i = 0; i < 8; i++) {
		w[i] = group->outer[i];
		w[i + 8] = group->outer[i];
	}
	transpose(w);
#pragma GCC unroll 16
	for (unsigned i = 0; i < LANES; i++)
		if (i < n)
			_mm256_storeu_si256(
				(void *)jobs[i]->digest, _mm512_castsi512_si256(swap_bytes(w[i])));
}

// What is left of a group's inner hash from a step on.
static void group_run(struct group *group, uint32_t step)
{
	__m512i words[LANES];
	for (; step < group->longest; step++) {
		__mmask16 active = blocks_load(group, step, words);
		compress_one(group->inner, words, active);
	}
}

static void hmac_one(struct jg_mac_job *const *jobs, unsigned n)
{
	struct group group;
	__m512i words[LANES];
	group_open(&group, jobs, n);
	group_run(&group, 0);
	outer_block(&group, words);
	compress_one(group.outer, words, 0xffff);
	digests_store(&group, jobs, n);
}

static void hmac_two(struct jg_mac_job *const *jobs, unsigned n)
{
	struct group group[2];
	__m512i words[2][LANES];
	__mmask16 active[2];
	__m512i *inner[2] = {group[0].inner, group[1].inner};
	__m512i *outer[2] = {group[0].outer, group[1].outer};
	group_open(&group[0], jobs, LANES);
	group_open(&group[1], jobs + LANES, n - LANES);
	uint32_t step = 0;
	for (; step < group[0].longest && step < group[1].longest; step++) {
		active[0] = blocks_load(&group[0], step, words[0]);
		active[1] = blocks_load(&group[1], step, words[1]);
		compress_two(inner, words, active);
	}
	group_run(&group[0], step);
	group_run(&group[1], step);
	outer_block(&group[0], words[0]);
	outer_block(&group[1], words[1]);
	active[0] = active[1] = 0xffff;
	compress_two(outer, words, active);
	digests_store(&group[0], jobs, LANES);
	digests_store(&group[1], jobs + LANES, n - LANES);
}

void jg_wide_hmac(struct jg_mac_job *const *jobs, unsigned n)
{
	if (n <= LANES)
		hmac_one(jobs, n);
	else
		hmac_two(jobs, n);
}
