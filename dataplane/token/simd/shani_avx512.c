// SPDX-License-Identifier: BSD-3-Clause
// Four lanes: the SHA instructions reach 16 registers only, the other 16 hold what waits.
#include <immintrin.h>
#include <stdint.h>

#define TAIL_SLACK 0
#define TAIL_SIZE 128

// Masked loads touch nothing beyond the message.
static inline __attribute__((always_inline)) void tail_fill(
	uint8_t *tail, const uint8_t *message, uint32_t len)
{
	uint32_t rest = len % 64;
	__m512i text = _mm512_maskz_loadu_epi8((UINT64_C(1) << rest) - 1, message + (len - rest));
	text = _mm512_mask_mov_epi8(text, UINT64_C(1) << rest, _mm512_set1_epi8((char)0x80));
	_mm512_store_si512(tail, text);
	_mm512_store_si512(tail + 64, _mm512_setzero_si512());
}

#include "shani_lanes.h"

static void hmac1(struct jg_mac_job *const *jobs)
{
	hmac(jobs, 1);
}

static void hmac2(struct jg_mac_job *const *jobs)
{
	hmac(jobs, 2);
}

static void hmac3(struct jg_mac_job *const *jobs)
{
	hmac(jobs, 3);
}

static void hmac4(struct jg_mac_job *const *jobs)
{
	hmac(jobs, 4);
}

static void keys1(const struct jg_mac_job *jobs, struct jg_mac_key *out)
{
	keys(jobs, out, 1);
}

static void keys2(const struct jg_mac_job *jobs, struct jg_mac_key *out)
{
	keys(jobs, out, 2);
}

static void keys4(const struct jg_mac_job *jobs, struct jg_mac_key *out)
{
	keys(jobs, out, 4);
}

const struct jg_shani jg_shani_avx512 = {
	.lanes = 4, .hmac = {hmac1, hmac2, hmac3, hmac4}, .keys = {keys1, keys2, NULL, keys4}};
