// SPDX-License-Identifier: BSD-3-Clause
// Four lanes: the SHA instructions reach 16 registers only, the other 16 hold what waits.
#include "shani_lanes.h"

// Masked loads touch nothing beyond the message.
BODY void tail_fill(uint8_t *tail, const uint8_t *message, uint32_t len)
{
	uint32_t rest = len % 64;
	__m512i text = _mm512_maskz_loadu_epi8((UINT64_C(1) << rest) - 1, message + (len - rest));
	text = _mm512_mask_mov_epi8(text, UINT64_C(1) << rest, _mm512_set1_epi8((char)0x80));
	_mm512_store_si512(tail, text);
	_mm512_store_si512(tail + 64, _mm512_setzero_si512());
}

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
	uint8_t tails[JG_SHANI_LANES][2 * BLOCK] __attribute__((aligned(64)));
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
	lane->tail = group->tails[i];
	tail_fill(lane->tail, job->message, job->len);
	uint64_t bits = __builtin_bswap64(((uint64_t)job->len + BLOCK) * 8);
	memcpy(lane->tail + BLOCK * (lane->blocks - lane->whole) - 8, &bits, 8);
}

/** What is opened while a block is compressed. */
struct next {
	struct group *group;
	struct jg_mac_job *const *jobs;
};

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
			_mm_sha256msg1_epu32(w[((q) + 3) & 3], w[(q)&3]););                   \
	if (next != NULL && (q) % 3 == 1 && (q) / 3 < lanes)                                  \
	lane_open(next->group, next->jobs, (q) / 3)

BODY void compress_next(
	struct lanes *state, struct words *words, unsigned lanes, const struct next *next)
{
	struct lanes before = *state;
	ALL_ROUNDS;
	EACH(state->abef[i] = _mm_add_epi32(state->abef[i], before.abef[i]);
		state->cdgh[i] = _mm_add_epi32(state->cdgh[i], before.cdgh[i]););
}

BODY void compress(struct lanes *state, struct words *words, unsigned lanes)
{
	compress_next(state, words, lanes, NULL);
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
	compress_next(state, &words, lanes, next);
	EACH(__m128i abcd; __m128i efgh; lane_words(state, i, &abcd, &efgh);
		_mm_storeu_si128((void *)jobs[i]->digest, swap_bytes(abcd));
		_mm_storeu_si128((void *)(jobs[i]->digest + 16), swap_bytes(efgh)););
}

/** What a finished lane makes of its last block again is thrown away. */
BODY void hmac_inner(struct lanes *state, const struct lane *lane, unsigned lanes)
{
	const uint8_t *block[JG_SHANI_LANES];
	uint32_t shortest = UINT32_MAX, longest = 0;
	EACH(lane_load(state, i, lane[i].begun); block[i] = lane_block(&lane[i], 0);
		if (lane[i].blocks < shortest) shortest = lane[i].blocks;
		if (lane[i].blocks > longest) longest = lane[i].blocks;);
	for (uint32_t step = 0; step < longest;) {
		struct lanes before = *state;
		struct words words;
		EACH(block_load(&words, i, block[i]););
		compress_next(state, &words, lanes, NULL);
		if (__builtin_expect(step >= shortest, 0))
			EACH(if (step >= lane[i].blocks) {
				state->abef[i] = before.abef[i];
				state->cdgh[i] = before.cdgh[i];
			});
		step++;
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

#include "shani_hmac.h"

static void hmac4(struct jg_mac_job *const *jobs, unsigned groups)
{
	hmac(jobs, groups, 4);
}

static void keys4(const struct jg_mac_job *jobs, struct jg_mac_key *out)
{
	keys(jobs, out, 4);
}

const struct jg_shani jg_shani_avx512 = {
	.lanes = 4, .hmac = {hmac1, hmac2, hmac3, hmac4}, .keys = {keys1, keys2, NULL, keys4}};
