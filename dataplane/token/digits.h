// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** Whole numbers as tokens write their times, eight digits at once. */

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/** Digits that a number may have to be read at once: 10^15 is below 2^53. */
#define JG_DIGITS_MIN 8u
#define JG_DIGITS_MAX 15u

/** A zero in each byte. */
#define JG_DIGITS_ZEROS UINT64_C(0x3030303030303030)

/** What is no digit leaves the highest bit of its byte. */
static inline uint64_t jg_digits_others(uint64_t word)
{
	const uint64_t low = UINT64_C(0x7f7f7f7f7f7f7f7f);
	word ^= JG_DIGITS_ZEROS;
	return (((word & low) + UINT64_C(0x7676767676767676)) | word) & ~low;
}

/** Pairs, then fours, then all, each by one multiplication. Zero bytes count as zeros where zeros has them
 * too, and what is no digit makes it false. */
static inline bool jg_digits_eight(uint64_t word, uint64_t zeros, uint64_t *value)
{
	word ^= zeros;
	// From ten on the sum has the highest bit. It may run over into the next byte, but only out of one
	// that has the bit already.
	const uint64_t wrong =
		(word | (word + UINT64_C(0x7676767676767676))) & UINT64_C(0x8080808080808080);
	word = word * (10 << 8 | 1) >> 8;
	word = (word & UINT64_C(0x00ff00ff00ff00ff)) * (UINT64_C(100) << 16 | 1) >> 16;
	*value = (word & UINT64_C(0x0000ffff0000ffff)) * (UINT64_C(10000) << 32 | 1) >> 32;
	return wrong == 0;
}

/** The seconds of the years 2001 to 2286: ten digits. */
static inline bool jg_digits_ten(const void *text, int64_t *number)
{
	const uint8_t *last = (const uint8_t *)text + 8;
	const unsigned tens = last[0] - (unsigned)'0', ones = last[1] - (unsigned)'0';
	uint64_t first, above;
	memcpy(&first, text, sizeof(first));
	const bool plain = jg_digits_eight(first, JG_DIGITS_ZEROS, &above);
	*number = (int64_t)(above * 100 + tens * 10 + ones);
	return plain && tens < 10 && ones < 10;
}

/** What a time is nearly always: eight to fifteen digits and nothing else. */
static inline bool jg_digits_plain(const void *text, uint32_t len, int64_t *number)
{
	if (len == 10)
		return jg_digits_ten(text, number);
	if (len < JG_DIGITS_MIN || len > JG_DIGITS_MAX)
		return false;
	uint64_t first, last, above, below;
	memcpy(&first, text, sizeof(first));
	memcpy(&last, (const char *)text + len - 8, sizeof(last));
	// Of the first word what the last one does not hold, moved to its end; twice, as all of it
	// may go.
	unsigned shift = 4 * (16 - len);
	bool plain =
		jg_digits_eight(first << shift << shift, JG_DIGITS_ZEROS << shift << shift, &above);
	plain &= jg_digits_eight(last, JG_DIGITS_ZEROS, &below);
	*number = (int64_t)(above * 100000000 + below);
	return plain;
}
