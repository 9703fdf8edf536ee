// SPDX-License-Identifier: BSD-3-Clause
#include "utf8.h"

// Unicode table 3-7.
size_t jg_utf8_sequence(const uint8_t *p, size_t left)
{
	uint8_t b = p[0], low = 0x80, high = 0xbf;
	size_t n = b < 0xc2 ? 0 : b < 0xe0 ? 2 : b < 0xf0 ? 3 : b < 0xf5 ? 4 : 0;
	if (n == 0 || n > left)
		return 0;
	if (b == 0xe0)
		low = 0xa0; // shorter form exists
	else if (b == 0xed)
		high = 0x9f; // surrogates
	else if (b == 0xf0)
		low = 0x90;
	else if (b == 0xf4)
		high = 0x8f; // above U+10FFFF
	if (p[1] < low || p[1] > high)
		return 0;
	for (size_t i = 2; i < n; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	return n;
}

// ASCII without NUL, as most text is, in a step of eight bytes.
static inline bool eight_plain(const uint8_t *p)
{
	uint64_t word;
	memcpy(&word, p, sizeof(word));
	return ((word | (word - UINT64_C(0x0101010101010101))) & UINT64_C(0x8080808080808080)) == 0;
}

bool jg_utf8_valid(struct jg_str text)
{
	const uint8_t *p = (const uint8_t *)text.p;
	size_t left = text.len;
	while (left > 0) {
		if (left >= 8 && eight_plain(p)) {
			p += 8;
			left -= 8;
			continue;
		}
		if (p[0] == 0)
			return false;
		size_t n = p[0] < 0x80 ? 1 : jg_utf8_sequence(p, left);
		if (n == 0)
			return false;
		p += n;
		left -= n;
	}
	return true;
}

size_t jg_utf8_count(struct jg_str text)
{
	size_t n = 0;
	for (size_t i = 0; i < text.len; i++)
		n += (text.p[i] & 0xc0) != 0x80;
	return n;
}
