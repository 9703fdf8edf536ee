// SPDX-License-Identifier: BSD-3-Clause
#include "bytes.h"
#include "checksum_avx512.h"

// One's complement addition of 64-bit words: the carry comes back at the low end, and modulo 2^16 - 1
// that is the sum of their 16-bit words (RFC 1071 section 2 C).
static uint64_t add_carry(uint64_t a, uint64_t b)
{
	a += b;
	return a + (a < b);
}

static uint64_t load64(const uint8_t *bytes)
{
	uint64_t word;

	memcpy(&word, bytes, 8);
	return word;
}

// The sum is over words in the machine's order, swapped once at the end (RFC 1071 section 2 B).
uint64_t jg_sum_add_portable(uint64_t sum, const uint8_t *bytes, uint32_t len)
{
	uint64_t lane[4] = {sum, 0, 0, 0};

	// Four sums that do not wait for each other's carries.
	for (; len >= 32; bytes += 32, len -= 32)
		for (unsigned i = 0; i < 4; i++)
			lane[i] = add_carry(lane[i], load64(bytes + 8 * i));
	for (; len >= 8; bytes += 8, len -= 8)
		lane[0] = add_carry(lane[0], load64(bytes));
	if (len & 4) {
		lane[1] = add_carry(lane[1], jg_sum_load32(bytes));
		bytes += 4;
	}
	if (len & 2) {
		lane[2] = add_carry(lane[2], jg_sum_numbers(jg_get16(bytes)));
		bytes += 2;
	}
	if (len & 1) // the missing byte counts as zero
		lane[3] = add_carry(lane[3], jg_sum_numbers((uint32_t)*bytes << 8));
	return add_carry(add_carry(lane[0], lane[1]), add_carry(lane[2], lane[3]));
}

uint64_t jg_sum_add(uint64_t sum, const uint8_t *bytes, uint32_t len)
{
	if (__builtin_cpu_supports("avx512bw"))
		return jg_sum_add_avx512(sum, bytes, len);
	return jg_sum_add_portable(sum, bytes, len);
}
