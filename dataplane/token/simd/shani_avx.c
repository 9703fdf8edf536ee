// SPDX-License-Identifier: BSD-3-Clause
// Three lanes are the most that 16 registers hold.
#include "shani_lanes.h"

#include <string.h>

// The last blocks of a padded message (FIPS 180-4 section 5.1.1) are put together elsewhere: two, so that what they
// begin with never depends on where the message ends.
#define LAST 2u
// The end mark and its zeros may reach beyond them.
#define TAIL_SIZE (LAST * BLOCK + 64)

BODY uint32_t padded_blocks(const struct jg_mac_job *job)
{
	return (job->len + 9 + BLOCK - 1) / BLOCK;
}

BODY void copy32(uint8_t *to, const uint8_t *from)
{
	_mm256_storeu_si256((void *)to, _mm256_loadu_si256((const void *)from));
}

BODY void tail_fill(uint8_t tail[TAIL_SIZE], const struct jg_mac_job *job)
{
	uint32_t blocks = padded_blocks(job);
	// Of the message in the tail: 56 to 119 bytes, or, where it is shorter than that, all of it in the second block.
	uint32_t n = job->len + LAST * BLOCK - blocks * BLOCK;
	if (blocks > 1) {
		const uint8_t *from = job->message + (job->len - n);
		uint32_t end = n - 32, third = end < 64 ? end : 64, second = end < 32 ? end : 32;
		copy32(tail, from);
		copy32(tail + second, from + second);
		copy32(tail + third, from + third);
		copy32(tail + end, from + end);
	} else if (job->len > 0) {
		memcpy(tail + BLOCK, job->message, job->len);
	}
	_mm256_storeu_si256((void *)(tail + n), _mm256_set_epi64x(0, 0, 0, 0x80));
	_mm256_storeu_si256((void *)(tail + n + 32), _mm256_setzero_si256());
	uint64_t bits = __builtin_bswap64(((uint64_t)job->len + BLOCK) * 8);
	memcpy(tail + LAST * BLOCK - 8, &bits, 8);
}

// Four rounds of every lane (FIPS 180-4 section 6.2.2), and the message words they leave behind. A lane
// has its two newest words at hand; what has been begun for a later one waits in memory, where the
// compiler, left to itself, would put something else.
#define ROUNDS(q)                                                                                  \
	EACH(                                                                                      \
		if ((q) < 4) now[i] =                                                              \
			swap_bytes(_mm_loadu_si128((const void *)(block[i] + at + 16 * ((q)&3)))); \
		__m128i m = _mm_add_epi32(                                                         \
			now[i], _mm_load_si128((const void *)(round_constants + 4 * (q))));        \
		cdgh[i] = _mm_sha256rnds2_epu32(cdgh[i], abef[i], m); __m128i next = now[i];       \
		if ((q) >= 3 && (q) < 15) {                                                        \
			next = _mm_alignr_epi8(now[i], last[i], 4);                                \
			next = _mm_add_epi32(next, waiting[i][((q) + 1) & 3]);                     \
			next = _mm_sha256msg2_epu32(next, now[i]);                                 \
		} abef[i] = _mm_sha256rnds2_epu32(abef[i], cdgh[i], _mm_shuffle_epi32(m, 0x0e));   \
		if ((q) >= 1 && (q) < 13) {                                                        \
			waiting[i][((q) + 3) & 3] = _mm_sha256msg1_epu32(last[i], now[i]);         \
			__asm__("" : "+m"(waiting[i][((q) + 3) & 3]));                             \
		} last[i] = now[i];                                                                \
		now[i] = next;)

BODY void compress_lanes(
	struct lanes *state, const uint8_t *const *blocks, uint32_t n, unsigned lanes)
{
	__m128i abef[JG_SHANI_LANES], cdgh[JG_SHANI_LANES];
	__m128i now[JG_SHANI_LANES], last[JG_SHANI_LANES];
	__m128i waiting[JG_SHANI_LANES][4];
	const uint8_t *block[JG_SHANI_LANES];
	EACH(abef[i] = state->abef[i]; cdgh[i] = state->cdgh[i]; block[i] = blocks[i];);
	for (size_t at = 0; at < (size_t)n * BLOCK; at += BLOCK) {
		ALL_ROUNDS;
		EACH(abef[i] = _mm_add_epi32(abef[i], state->abef[i]);
			cdgh[i] = _mm_add_epi32(cdgh[i], state->cdgh[i]); state->abef[i] = abef[i];
			state->cdgh[i] = cdgh[i];);
	}
}

// Not inlined: there is no register to spare for what is around it, and one copy for all uses stays in
// the CPU's store of decoded instructions.
static __attribute__((noinline)) void compress1(
	struct lanes *state, const uint8_t *const *block, uint32_t n)
{
	compress_lanes(state, block, n, 1);
}

static __attribute__((noinline)) void compress2(
	struct lanes *state, const uint8_t *const *block, uint32_t n)
{
	compress_lanes(state, block, n, 2);
}

static __attribute__((noinline)) void compress3(
	struct lanes *state, const uint8_t *const *block, uint32_t n)
{
	compress_lanes(state, block, n, 3);
}

BODY void compress_blocks(
	struct lanes *state, const uint8_t *const *block, uint32_t n, unsigned lanes)
{
	(lanes == 1 ? compress1 : lanes == 2 ? compress2 : compress3)(state, block, n);
}

BODY void compress(struct lanes *state, struct words *words, unsigned lanes)
{
	uint8_t blocks[JG_SHANI_LANES][BLOCK] __attribute__((aligned(64)));
	const uint8_t *block[JG_SHANI_LANES];
	EACH(block[i] = blocks[i]; for (unsigned j = 0; j < 4; j++)
			_mm_store_si128((void *)(blocks[i] + 16 * j), swap_bytes(words->w[i][j])););
	compress_blocks(state, block, 1, lanes);
}

/** Messages that go through the lanes side by side. */
struct group {
	const uint8_t *block[JG_SHANI_LANES]; /**< the first one that is left to do */
	uint32_t left[JG_SHANI_LANES]; /**< blocks */
	uint8_t tails[JG_SHANI_LANES][TAIL_SIZE] __attribute__((aligned(64)));
};

BODY void lane_open(
	struct group *group, struct lanes *state, struct jg_mac_job *const *jobs, unsigned i)
{
	const struct jg_mac_job *job = jobs[i];
	group->block[i] = job->message + job->done;
	group->left[i] = padded_blocks(job) - job->done / BLOCK;
	lane_load(state, i, jg_mac_job_state(job));
	tail_fill(group->tails[i], job);
}

/** Block number `step` of those that are left. A finished lane reads its last one again. */
BODY const uint8_t *lane_block(const struct group *group, unsigned i, uint32_t step)
{
	uint32_t left = group->left[i];
	if (step + LAST < left)
		return group->block[i] + (size_t)step * BLOCK;
	return group->tails[i] + (step + 1 < left ? 0 : BLOCK);
}

/** From a step on, of lanes that end at different ones; what a finished one makes of its last block again is thrown
 * away. */
static __attribute__((noinline)) void inner_uneven(
	const struct group *group, struct lanes *state, uint32_t step, unsigned lanes)
{
	uint32_t longest = 0;
	EACH(if (group->left[i] > longest) longest = group->left[i];);
	for (; step < longest; step++) {
		const uint8_t *block[JG_SHANI_LANES];
		struct lanes before = *state;
		EACH(block[i] = lane_block(group, i, step););
		compress_blocks(state, block, 1, lanes);
		EACH(if (step >= group->left[i]) {
			state->abef[i] = before.abef[i];
			state->cdgh[i] = before.cdgh[i];
		});
	}
}

/** The blocks that all lanes read in place in one run, then the others, which mostly end together. */
BODY void inner(struct group *group, struct lanes *state, unsigned lanes)
{
	uint32_t left = group->left[0], differ = 0;
	EACH(differ |= group->left[i] ^ group->left[0];
		if (group->left[i] < left) left = group->left[i];);
	uint32_t last = left < LAST ? left : LAST;
	if (left > last)
		compress_blocks(state, group->block, left - last, lanes);
	if (__builtin_expect(differ != 0, 0)) {
		inner_uneven(group, state, left - last, lanes);
		return;
	}
	EACH(group->block[i] = group->tails[i] + (LAST - last) * BLOCK;);
	compress_blocks(state, group->block, last, lanes);
}

/** The state as a digest is written: eight words, big-endian. */
BODY void lane_bytes(const struct lanes *state, unsigned lane, uint8_t bytes[32])
{
	__m128i abcd;
	__m128i efgh;
	lane_words(state, lane, &abcd, &efgh);
	_mm_storeu_si128((void *)bytes, swap_bytes(abcd));
	_mm_storeu_si128((void *)(bytes + 16), swap_bytes(efgh));
}

BODY void hmac(struct jg_mac_job *const *jobs, unsigned groups, unsigned lanes)
{
	struct group group;
	struct lanes state;
	// The outer hash's block: the inner one's digest and its padding, which is always the same.
	uint8_t outer[JG_SHANI_LANES][BLOCK] __attribute__((aligned(64)));
	const uint8_t *block[JG_SHANI_LANES];
	EACH(block[i] = outer[i]; _mm256_store_si256((void *)(outer[i] + 32),
		_mm256_set_epi64x((int64_t)__builtin_bswap64((64 + 32) * 8), 0, 0, 0x80)););
	for (unsigned g = 0; g < groups; g++, jobs += lanes) {
		EACH(lane_open(&group, &state, jobs, i););
		inner(&group, &state, lanes);
		EACH(lane_bytes(&state, i, outer[i]); lane_load(&state, i, jobs[i]->key->outer););
		compress_blocks(&state, block, 1, lanes);
		EACH(lane_bytes(&state, i, jobs[i]->digest););
	}
}

#include "shani_hmac.h"

static void keys3(const struct jg_mac_job *jobs, struct jg_mac_key *out)
{
	keys(jobs, out, 3);
}

const struct jg_shani jg_shani_avx = {
	.lanes = 3, .hmac = {hmac1, hmac2, hmac3}, .keys = {keys1, keys2, keys3}};
