// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** The times of an outline from registers; for the variants of jg_shape_fit_fn with SSE4.1 and more. */

#include "digits.h"
#include "shape.h"

#include <immintrin.h>

/** Eight to fifteen digits. What is no digit, and a zero before others, leaves something in wrong. */
static inline int64_t jg_shape_time(const uint8_t *p, uint32_t len, __m128i *wrong)
{
	// Read from the length on: moves so many bytes to the end, zeros before them.
	static const int8_t to_end[32] = {-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
		-1, -1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
	const __m128i first = _mm_cvtsi32_si128(0xff);
	__m128i digits =
		_mm_sub_epi8(_mm_loadu_si128((const __m128i *)(const void *)p), _mm_set1_epi8('0'));
	__m128i zero = _mm_and_si128(_mm_cmpeq_epi8(digits, _mm_setzero_si128()), first);
	digits = _mm_shuffle_epi8(
		digits, _mm_loadu_si128((const __m128i *)(const void *)(to_end + (len & 15))));
	*wrong = _mm_or_si128(*wrong, _mm_or_si128(zero, _mm_subs_epu8(digits, _mm_set1_epi8(9))));
	// Pairs, fours, eights.
	__m128i sum = _mm_maddubs_epi16(digits, _mm_set1_epi16(1 << 8 | 10));
	sum = _mm_madd_epi16(sum, _mm_set1_epi32(1 << 16 | 100));
	sum = _mm_packs_epi32(sum, sum);
	sum = _mm_madd_epi16(sum, _mm_set1_epi32(1 << 16 | 10000));
	uint64_t halves = (uint64_t)_mm_cvtsi128_si64(sum);
	return (int64_t)((halves & UINT32_MAX) * 100000000 + (halves >> 32));
}

/** False: one of them is not eight to fifteen digits and nothing else. Whoever has seen to the lengths says
 * so. */
static inline bool jg_shape_times(const struct jg_shape *shape, const struct jg_text *text,
	const uint16_t *at, bool lengths_hold, int64_t time[JG_VALUE_TIMES])
{
	__m128i wrong = _mm_setzero_si128();
	bool odd = false;
	for (unsigned i = 0; i < JG_VALUE_TIMES; i++) {
		if ((shape->values >> (JG_VALUE_EXP + i) & 1) == 0) {
			time[i] = JG_TIME_NONE;
			continue;
		}
		const uint16_t *place = &at[2 * (JG_VALUE_EXP + i)];
		uint32_t len = (uint32_t)place[1] - place[0];
		odd |= !lengths_hold && len - JG_DIGITS_MIN > JG_DIGITS_MAX - JG_DIGITS_MIN;
		time[i] = jg_shape_time(text->bytes + place[0], len, &wrong);
	}
	return !odd && _mm_testz_si128(wrong, wrong) != 0;
}
