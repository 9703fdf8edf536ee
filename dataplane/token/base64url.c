// SPDX-License-Identifier: BSD-3-Clause
#include "base64url.h"

#include "internal/base.h"

// Set in the table entry of every character that belongs to the alphabet; the value is below it.
#define OK 0x40

// clang-format off
#define LETTERS_AND_DIGITS \
	['A'] = 0 | OK, ['B'] = 1 | OK, ['C'] = 2 | OK, ['D'] = 3 | OK, ['E'] = 4 | OK, ['F'] = 5 | OK, \
	['G'] = 6 | OK, ['H'] = 7 | OK, ['I'] = 8 | OK, ['J'] = 9 | OK, ['K'] = 10 | OK, ['L'] = 11 | OK, \
	['M'] = 12 | OK, ['N'] = 13 | OK, ['O'] = 14 | OK, ['P'] = 15 | OK, ['Q'] = 16 | OK, ['R'] = 17 | OK, \
	['S'] = 18 | OK, ['T'] = 19 | OK, ['U'] = 20 | OK, ['V'] = 21 | OK, ['W'] = 22 | OK, ['X'] = 23 | OK, \
	['Y'] = 24 | OK, ['Z'] = 25 | OK, ['a'] = 26 | OK, ['b'] = 27 | OK, ['c'] = 28 | OK, ['d'] = 29 | OK, \
	['e'] = 30 | OK, ['f'] = 31 | OK, ['g'] = 32 | OK, ['h'] = 33 | OK, ['i'] = 34 | OK, ['j'] = 35 | OK, \
	['k'] = 36 | OK, ['l'] = 37 | OK, ['m'] = 38 | OK, ['n'] = 39 | OK, ['o'] = 40 | OK, ['p'] = 41 | OK, \
	['q'] = 42 | OK, ['r'] = 43 | OK, ['s'] = 44 | OK, ['t'] = 45 | OK, ['u'] = 46 | OK, ['v'] = 47 | OK, \
	['w'] = 48 | OK, ['x'] = 49 | OK, ['y'] = 50 | OK, ['z'] = 51 | OK, ['0'] = 52 | OK, ['1'] = 53 | OK, \
	['2'] = 54 | OK, ['3'] = 55 | OK, ['4'] = 56 | OK, ['5'] = 57 | OK, ['6'] = 58 | OK, ['7'] = 59 | OK, \
	['8'] = 60 | OK, ['9'] = 61 | OK,
// clang-format on

static const uint8_t url_values[256] = {LETTERS_AND_DIGITS['-'] = 62 | OK, ['_'] = 63 | OK};
static const uint8_t any_values[256] = {
	LETTERS_AND_DIGITS['-'] = 62 | OK, ['_'] = 63 | OK, ['+'] = 62 | OK, ['/'] = 63 | OK};

// The last 0, 2 or 3 characters. Returns bytes, -1 for a foreign character, a single one, or bits
// beyond the last byte that are not zero (RFC 4648 section 3.5).
static int decode_tail(const uint8_t values[256], const uint8_t *in, size_t n, uint8_t *out)
{
	if (n == 0)
		return 0;
	if (n == 1)
		return -1;
	uint8_t a = values[in[0]], b = values[in[1]], c = n == 3 ? values[in[2]] : OK;
	if ((a & b & c & OK) == 0)
		return -1;
	uint32_t bits = (a & 63u) << 18 | (b & 63u) << 12 | (c & 63u) << 6;
	if ((bits & (n == 3 ? 0xffu : 0xffffu)) != 0)
		return -1;
	out[0] = (uint8_t)(bits >> 16);
	if (n == 3)
		out[1] = (uint8_t)(bits >> 8);
	return (int)n - 1;
}

static int decode(const uint8_t values[256], const uint8_t *in, size_t n, uint8_t *out)
{
	const uint8_t *start = out;
	uint8_t good = OK;
	for (; n >= 4; n -= 4, in += 4, out += 3) {
		uint8_t a = values[in[0]], b = values[in[1]], c = values[in[2]], d = values[in[3]];
		uint32_t bits = (a & 63u) << 18 | (b & 63u) << 12 | (c & 63u) << 6 | (d & 63u);
		good = (uint8_t)(good & a & b & c & d);
		out[0] = (uint8_t)(bits >> 16);
		out[1] = (uint8_t)(bits >> 8);
		out[2] = (uint8_t)bits;
	}
	int tail = decode_tail(values, in, n, out);
	return good == 0 || tail < 0 ? -1 : (int)(out - start) + tail;
}

int jg_base64url_decode(const char *text, size_t n, uint8_t *out)
{
	return decode(url_values, (const uint8_t *)text, n, out);
}

int jg_base64_decode_lenient(const char *text, size_t n, uint8_t *out)
{
	size_t pads = 0;
	while (n > 0 && pads < 2 && text[n - 1] == '=')
		n--, pads++;
	if (pads > 0 && (n + pads) % 4 != 0)
		return -1;
	return decode(any_values, (const uint8_t *)text, n, out);
}
