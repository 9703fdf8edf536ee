// SPDX-License-Identifier: BSD-3-Clause
// Three lanes are the most that 16 registers hold.
#include <immintrin.h>
#include <stdint.h>
#include <string.h>

// A whole block ending with the message may be stored before the tail, zeros behind it.
#define TAIL_SLACK 64
#define TAIL_SIZE 256

static inline __attribute__((always_inline)) void tail_fill(
	uint8_t *tail, const uint8_t *message, uint32_t len)
{
	uint32_t rest = len % 64;
	const uint8_t *end = message + len;
	if (len >= 64) {
		for (unsigned i = 0; i < 4; i++)
			_mm_storeu_si128((void *)(tail + rest - 64 + 16 * i),
				_mm_loadu_si128((const void *)(end - 64 + 16 * i)));
	} else if (rest > 0) {
		memcpy(tail, message, rest);
	}
	// The first is the end mark 0x80; the last is at most 63 bytes behind the second block.
	_mm_storeu_si128((void *)(tail + rest), _mm_set_epi64x(0, 0x80));
	for (unsigned i = 1; i < 8; i++)
		_mm_storeu_si128((void *)(tail + rest + 16 * i), _mm_setzero_si128());
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

static void keys1(const struct jg_mac_job *jobs, struct jg_mac_key *out)
{
	keys(jobs, out, 1);
}

static void keys2(const struct jg_mac_job *jobs, struct jg_mac_key *out)
{
	keys(jobs, out, 2);
}

static void keys3(const struct jg_mac_job *jobs, struct jg_mac_key *out)
{
	keys(jobs, out, 3);
}

const struct jg_shani jg_shani_avx = {
	.lanes = 3, .hmac = {hmac1, hmac2, hmac3}, .keys = {keys1, keys2, keys3}};
