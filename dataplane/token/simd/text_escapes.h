// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** Which bytes a backslash escapes; for the variants of text.h. */

#include <stdint.h>

/**
 * Bits of bytes that an unescaped backslash stands before. Runs of backslashes that start on odd bits
 * are found by letting an addition carry through them; the carry out of the step's last byte escapes
 * the first byte of the next step.
 *
 * @param step bytes of a step, even
 * @param[in,out] escape 1: the step's first byte is escaped
 */
static inline uint64_t jg_escaped_bits(uint64_t backslash, unsigned step, uint64_t *escape)
{
	const uint64_t even = UINT64_C(0x5555555555555555);
	backslash &= ~*escape;
	uint64_t follows = backslash << 1 | *escape;
	uint64_t odd_starts = backslash & ~even & ~follows;
	uint64_t sum = odd_starts + backslash;
	*escape = (sum >> step) & 1;
	return (even ^ (sum << 1)) & follows;
}
