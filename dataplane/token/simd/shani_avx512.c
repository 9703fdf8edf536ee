// SPDX-License-Identifier: BSD-3-Clause
// Four lanes: the SHA instructions reach 16 registers only, the other 16 hold what waits.
#include "shani_lanes.h"

#define RUNS false
#define TAIL_SLACK 0
#define TAIL_SIZE 128

// Masked loads touch nothing beyond the message.
BODY void tail_fill(uint8_t *tail, const uint8_t *message, uint32_t len)
{
	uint32_t rest = len % 64;
	__m512i text = _mm512_maskz_loadu_epi8((UINT64_C(1) << rest) - 1, message + (len - rest));
	text = _mm512_mask_mov_epi8(text, UINT64_C(1) << rest, _mm512_set1_epi8((char)0x80));
	_mm512_store_si512(tail, text);
	_mm512_store_si512(tail + 64, _mm512_setzero_si512());
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
			_mm_sha256msg1_epu32(w[((q) + 3) & 3], w[(q)&3]););                   \
	if (next != NULL && (q) % 3 == 1 && (q) / 3 < lanes)                                  \
	next_open(next, (q) / 3)

BODY void compress(
	struct lanes *state, struct words *words, unsigned lanes, const struct next *next)
{
	struct lanes before = *state;
	ALL_ROUNDS;
	EACH(state->abef[i] = _mm_add_epi32(state->abef[i], before.abef[i]);
		state->cdgh[i] = _mm_add_epi32(state->cdgh[i], before.cdgh[i]););
}

BODY void compress_blocks(
	struct lanes *state, const uint8_t *const *block, uint32_t n, unsigned lanes)
{
	for (size_t at = 0; at < (size_t)n * BLOCK; at += BLOCK) {
		struct words words;
		EACH(block_load(&words, i, block[i] + at););
		compress(state, &words, lanes, NULL);
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
