// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/**
 * HMACs and keys by lanes, for a file that includes shani_lanes.h and then defines
 *
 * - tail_fill(tail, message, len): the message's last bytes that make no whole block, the end mark and
 *   zeros to the end of the second block;
 * - compress(state, words, lanes, next): one block of each lane, whose words are used up; meanwhile the next
 *   group's lanes are opened (next_open()), if there is one;
 * - compress_blocks(state, block, n, lanes): so many blocks of each lane as they stand in memory;
 * - RUNS: true where many at once are faster than one after the other.
 */

#include "shani_lanes.h"

/** Where a lane stands in its message. */
struct lane {
	const uint8_t *message;
	const uint32_t *begun; /**< the state that it goes on from */
	uint32_t whole; /**< blocks that are read in place */
	uint32_t blocks; /**< with padding */
	uint8_t *tail; /**< the rest of the message and the padding: one or two blocks */
};

/** Messages that go through the lanes side by side. */
struct group {
	struct lane lane[JG_SHANI_LANES];
	uint8_t tails[JG_SHANI_LANES][TAIL_SIZE] __attribute__((aligned(64)));
};

BODY void lane_open(struct group *group, struct jg_mac_job *const *jobs, unsigned i)
{
	const struct jg_mac_job *job = jobs[i];
	struct lane *lane = &group->lane[i];
	uint32_t rest = job->len % BLOCK;
	lane->message = job->message + job->done;
	lane->begun = jg_mac_job_state(job);
	lane->whole = (job->len - job->done) / BLOCK;
	lane->blocks = lane->whole + (rest + 9 > BLOCK ? 2 : 1);
	lane->tail = group->tails[i] + TAIL_SIZE - 2 * BLOCK - TAIL_SLACK;
	tail_fill(lane->tail, job->message, job->len);
	uint64_t bits = __builtin_bswap64(((uint64_t)job->len + BLOCK) * 8);
	memcpy(lane->tail + BLOCK * (lane->blocks - lane->whole) - 8, &bits, 8);
}

struct next {
	struct group *group;
	struct jg_mac_job *const *jobs;
};

BODY void next_open(const struct next *next, unsigned i)
{
	lane_open(next->group, next->jobs, i);
}

/** A finished lane reads its last block again; what comes of it is thrown away. */
BODY const uint8_t *lane_block(const struct lane *lane, uint32_t step)
{
	if (step < lane->whole)
		return lane->message + (size_t)step * BLOCK;
	return lane->tail + (step > lane->whole && step < lane->blocks ? BLOCK : 0);
}

BODY void hmac_outer(struct lanes *state, struct jg_mac_job *const *jobs, const struct next *next,
	unsigned lanes)
{
	struct words words;
	EACH(lane_words(state, i, &words.w[i][0], &words.w[i][1]);
		words.w[i][2] = _mm_set_epi32(0, 0, 0, (int)0x80000000u);
		words.w[i][3] = _mm_set_epi32((64 + 32) * 8, 0, 0, 0);
		lane_load(state, i, jobs[i]->key->outer););
	compress(state, &words, lanes, next);
	EACH(__m128i abcd; __m128i efgh; lane_words(state, i, &abcd, &efgh);
		_mm_storeu_si128((void *)jobs[i]->digest, swap_bytes(abcd));
		_mm_storeu_si128((void *)(jobs[i]->digest + 16), swap_bytes(efgh)););
}

/** Block by block, or those that all lanes read in place in one run; what a finished lane makes of its last
 * one again is thrown away. */
BODY void hmac_inner(struct lanes *state, const struct lane *lane, unsigned lanes)
{
	const uint8_t *block[JG_SHANI_LANES];
	uint32_t whole = UINT32_MAX, shortest = UINT32_MAX, longest = 0;
	EACH(lane_load(state, i, lane[i].begun); block[i] = lane_block(&lane[i], 0);
		if (lane[i].whole < whole) whole = lane[i].whole;
		if (lane[i].blocks < shortest) shortest = lane[i].blocks;
		if (lane[i].blocks > longest) longest = lane[i].blocks;);
	for (uint32_t step = 0; step < longest;) {
		struct lanes before = *state;
		uint32_t n = RUNS && step < whole ? whole - step : 1;
		compress_blocks(state, block, n, lanes);
		if (__builtin_expect(step >= shortest, 0))
			EACH(if (step >= lane[i].blocks) {
				state->abef[i] = before.abef[i];
				state->cdgh[i] = before.cdgh[i];
			});
		step += n;
		EACH(block[i] = lane_block(&lane[i], step););
	}
}

/** So many groups, one job in each lane. While one ends the next one begins: the SHA instructions leave half of
 * the CPU idle. */
BODY void hmac(struct jg_mac_job *const *jobs, unsigned groups, unsigned lanes)
{
	struct group group[2];
	struct lanes state;
	EACH(lane_open(&group[0], jobs, i););
	for (unsigned g = 0; g < groups; g++, jobs += lanes) {
		const struct next next = {&group[(g + 1) % 2], jobs + lanes};
		hmac_inner(&state, group[g % 2].lane, lanes);
		hmac_outer(&state, jobs, g + 1 < groups ? &next : NULL, lanes);
	}
}

/** The state after the block of a padded key, xored with a byte (RFC 2104). */
BODY void key_half(uint8_t (*pads)[BLOCK], uint8_t with, struct lanes *state, unsigned lanes)
{
	struct words words;
	EACH(lane_load(state, i, start_state); block_load(&words, i, pads[i]);
		for (unsigned j = 0; j < 4; j++) words.w[i][j] =
			_mm_xor_si128(words.w[i][j], _mm_set1_epi8((char)with)););
	compress(state, &words, lanes, NULL);
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

// What every file has; lanes beyond these are its own.
static void hmac1(struct jg_mac_job *const *jobs, unsigned groups)
{
	hmac(jobs, groups, 1);
}

static void hmac2(struct jg_mac_job *const *jobs, unsigned groups)
{
	hmac(jobs, groups, 2);
}

static void hmac3(struct jg_mac_job *const *jobs, unsigned groups)
{
	hmac(jobs, groups, 3);
}

static void keys1(const struct jg_mac_job *jobs, struct jg_mac_key *out)
{
	keys(jobs, out, 1);
}

static void keys2(const struct jg_mac_job *jobs, struct jg_mac_key *out)
{
	keys(jobs, out, 2);
}
