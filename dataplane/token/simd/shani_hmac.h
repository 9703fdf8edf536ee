// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/**
 * Keys by lanes, and what every table of kernels has, for a file that includes shani_lanes.h and then defines
 *
 * - compress(state, words, lanes): one block of each lane, whose words are used up;
 * - hmac(jobs, groups, lanes): so many groups, one job in each lane.
 */

#include "shani_lanes.h"

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
