// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** Whole numbers as tokens write their times, eight digits at once. */

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/** Digits that a number may have to be read at once: 10^15 is below 2^53. */
#define JG_DIGITS_MIN 8u
#define JG_DIGITS_MAX 15u

/** Pairs, then fours, then all, each by one multiplication. Zero bytes count as zeros where ascii has
 * them too, and what is no digit makes it false. */
static inline bool jg_digits_eight(uint64_t word, uint64_t ascii, uint64_t *value)
{
	const uint64_t sixes = UINT64_C(0x0606060606060606);
	const uint64_t high = UINT64_C(0xf0f0f0f0f0f0f0f0);
	uint64_t wrong = ((word & high) | ((word + sixes) & high) >> 4) ^ ascii;
	word = (word & ~high) * (10 << 8 | 1) >> 8;
	word = (word & UINT64_C(0x00ff00ff00ff00ff)) * (UINT64_C(100) << 16 | 1) >> 16;
	*value = (word & UINT64_C(0x0000ffff0000ffff)) * (UINT64_C(10000) << 32 | 1) >> 32;
	return wrong == 0;
}

/** What a time is nearly always: eight to fifteen digits and nothing else. */
static inline bool jg_digits_plain(const void *text, uint32_t len, int64_t *number)
{
	const uint64_t threes = UINT64_C(0x3333333333333333);
	if (len < JG_DIGITS_MIN || len > JG_DIGITS_MAX)
		return false;
	uint64_t first, last, above, below;
	memcpy(&first, text, sizeof(first));
	memcpy(&last, (const char *)text + len - 8, sizeof(last));
	// Of the first word what the last one does not hold, moved to its end; twice, as all of it
	// may go.
	unsigned shift = 4 * (16 - len);
	bool plain = jg_digits_eight(first << shift << shift, threes << shift << shift, &above);
	plain &= jg_digits_eight(last, threes, &below);
	*number = (int64_t)(above * 100000000 + below);
	return plain;
}
