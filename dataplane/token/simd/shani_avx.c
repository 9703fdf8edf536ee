// SPDX-License-Identifier: BSD-3-Clause
// Three lanes are the most that 16 registers hold.
#include "shani_lanes.h"

#include <string.h>

// A whole block ending with the message may be stored before the tail, zeros behind it.
#define TAIL_SLACK 64
#define TAIL_SIZE 256
#define RUNS true

BODY void tail_fill(uint8_t *tail, const uint8_t *message, uint32_t len)
{
	uint32_t rest = len % 64;
	const uint8_t *end = message + len;
	if (len >= 64) {
		for (unsigned i = 0; i < 2; i++)
			_mm256_storeu_si256((void *)(tail + rest - 64 + 32 * i),
				_mm256_loadu_si256((const void *)(end - 64 + 32 * i)));
	} else if (rest > 0) {
		memcpy(tail, message, rest);
	}
	// The first is the end mark 0x80; the last is at most 63 bytes behind the second block.
	_mm256_storeu_si256((void *)(tail + rest), _mm256_set_epi64x(0, 0, 0, 0x80));
	_mm256_storeu_si256((void *)(tail + rest + 32), _mm256_setzero_si256());
	_mm256_storeu_si256((void *)(tail + rest + 64), _mm256_setzero_si256());
	_mm256_storeu_si256((void *)(tail + rest + 96), _mm256_setzero_si256());
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

BODY void compress(
	struct lanes *state, struct words *words, unsigned lanes, const struct next *next)
{
	uint8_t blocks[JG_SHANI_LANES][BLOCK] __attribute__((aligned(64)));
	const uint8_t *block[JG_SHANI_LANES];
	EACH(block[i] = blocks[i]; for (unsigned j = 0; j < 4; j++)
			_mm_store_si128((void *)(blocks[i] + 16 * j), swap_bytes(words->w[i][j])););
	compress_blocks(state, block, 1, lanes);
	if (next != NULL)
		EACH(next_open(next, i););
}

#include "shani_hmac.h"

static void keys3(const struct jg_mac_job *jobs, struct jg_mac_key *out)
{
	keys(jobs, out, 3);
}

const struct jg_shani jg_shani_avx = {
	.lanes = 3, .hmac = {hmac1, hmac2, hmac3}, .keys = {keys1, keys2, keys3}};
