// SPDX-License-Identifier: BSD-3-Clause
#include "bytes.h"

// The sum is over 16-bit words in the machine's order, swapped once at the end (RFC 1071 section 2 B).
uint64_t jg_sum_add(uint64_t sum, const uint8_t *bytes, uint32_t len)
{
	// 32-bit words into 64 bits: no carry is lost before 2^32 words.
	while (len >= 8) {
		uint32_t words[2];

		memcpy(words, bytes, 8);
		sum += (uint64_t)words[0] + words[1];
		bytes += 8;
		len -= 8;
	}
	uint8_t tail[8] = {0};

	memcpy(tail, bytes, len);
	uint32_t words[2];
	memcpy(words, tail, 8);
	return sum + words[0] + words[1];
}

uint16_t jg_sum_fold(uint64_t sum)
{
	uint8_t bytes[2];

	sum = (sum & UINT32_MAX) + (sum >> 32);
	sum = (sum & UINT32_MAX) + (sum >> 32);
	sum = (sum & UINT16_MAX) + (sum >> 16);
	sum = (sum & UINT16_MAX) + (sum >> 16);
	memcpy(bytes, &(uint16_t){(uint16_t)sum}, 2);
	return get16(bytes);
}

uint64_t jg_sum_pseudo(
	unsigned family, const uint8_t *source, const uint8_t *target, uint8_t proto, uint32_t len)
{
	uint32_t address_len = family == 4 ? 4 : 16;
	uint8_t tail[8];
	uint64_t sum = jg_sum_add(0, source, address_len);

	sum = jg_sum_add(sum, target, address_len);
	put32(tail, len);
	put32(tail + 4, proto);
	return jg_sum_add(sum, tail, sizeof(tail));
}
