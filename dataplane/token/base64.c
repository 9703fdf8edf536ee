// SPDX-License-Identifier: BSD-3-Clause
#include "base64.h"

static const char standard[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char url[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

// Value of each character of the standard alphabet plus one, so that 0 means: none of it.
// clang-format off
static const uint8_t values[256] = {
	['A'] = 1, ['B'] = 2, ['C'] = 3, ['D'] = 4, ['E'] = 5, ['F'] = 6, ['G'] = 7, ['H'] = 8,
	['I'] = 9, ['J'] = 10, ['K'] = 11, ['L'] = 12, ['M'] = 13, ['N'] = 14, ['O'] = 15, ['P'] = 16,
	['Q'] = 17, ['R'] = 18, ['S'] = 19, ['T'] = 20, ['U'] = 21, ['V'] = 22, ['W'] = 23, ['X'] = 24,
	['Y'] = 25, ['Z'] = 26, ['a'] = 27, ['b'] = 28, ['c'] = 29, ['d'] = 30, ['e'] = 31, ['f'] = 32,
	['g'] = 33, ['h'] = 34, ['i'] = 35, ['j'] = 36, ['k'] = 37, ['l'] = 38, ['m'] = 39, ['n'] = 40,
	['o'] = 41, ['p'] = 42, ['q'] = 43, ['r'] = 44, ['s'] = 45, ['t'] = 46, ['u'] = 47, ['v'] = 48,
	['w'] = 49, ['x'] = 50, ['y'] = 51, ['z'] = 52, ['0'] = 53, ['1'] = 54, ['2'] = 55, ['3'] = 56,
	['4'] = 57, ['5'] = 58, ['6'] = 59, ['7'] = 60, ['8'] = 61, ['9'] = 62, ['+'] = 63, ['/'] = 64,
};
// clang-format on

// The last four characters, which alone may hold padding. Returns bytes, -1 when not canonical.
static int decode_tail(const uint8_t *in, uint8_t *out)
{
	int pads = in[3] != '=' ? 0 : in[2] != '=' ? 1 : 2;
	uint32_t bits = 0;
	for (int i = 0; i < 4; i++) {
		unsigned v = values[in[i]];
		if (i < 4 - pads && v == 0)
			return -1;
		bits = bits << 6 | (i < 4 - pads ? v - 1 : 0);
	}
	// Spare bits of the last character must be zero (RFC 4648 section 3.5).
	if ((pads == 1 && (bits & 0xc0) != 0) || (pads == 2 && (bits & 0xf000) != 0))
		return -1;
	for (int i = 0; i < 3 - pads; i++)
		out[i] = (uint8_t)(bits >> (16 - 8 * i));
	return 3 - pads;
}

int jg_base64_decode(struct jg_str text, uint8_t *out)
{
	if (text.len % 4 != 0 || text.len > INT32_MAX)
		return -1;
	if (text.len == 0)
		return 0;
	const uint8_t *in = (const uint8_t *)text.p;
	uint8_t *start = out;
	for (size_t n = text.len / 4 - 1; n > 0; n--, in += 4, out += 3) {
		uint32_t a = values[in[0]], b = values[in[1]], c = values[in[2]], d = values[in[3]];
		if (a == 0 || b == 0 || c == 0 || d == 0)
			return -1;
		uint32_t bits = (a - 1) << 18 | (b - 1) << 12 | (c - 1) << 6 | (d - 1);
		out[0] = (uint8_t)(bits >> 16);
		out[1] = (uint8_t)(bits >> 8);
		out[2] = (uint8_t)bits;
	}
	int tail = decode_tail(in, out);
	return tail < 0 ? -1 : (int)(out - start) + tail;
}

int jg_base64_decode_any(jg_base64_decode_fn *decode, struct jg_str text, uint8_t *out)
{
	char strict[JG_BASE64_ANY_MAX + 3];
	uint32_t n = text.len, pads = 0;
	if (n > JG_BASE64_ANY_MAX)
		return -1;
	while (n > 0 && pads < 2 && text.p[n - 1] == '=')
		n--, pads++;
	if (n % 4 == 1 || (pads > 0 && (n + pads) % 4 != 0))
		return -1;
	for (uint32_t i = 0; i < n; i++) {
		char c = text.p[i];
		strict[i] = (char)(c == '-' ? '+' : c == '_' ? '/' : c);
	}
	while (n % 4 != 0)
		strict[n++] = '=';
	return decode((struct jg_str){strict, n}, out);
}

// Whole groups of three bytes; what is left over is the caller's.
static size_t encode_groups(const char *alphabet, const uint8_t *bytes, size_t n, char *out)
{
	size_t at = 0;
	for (size_t i = 0; i + 3 <= n; i += 3) {
		uint32_t bits =
			(uint32_t)bytes[i] << 16 | (uint32_t)bytes[i + 1] << 8 | bytes[i + 2];
		for (int shift = 18; shift >= 0; shift -= 6)
			out[at++] = alphabet[bits >> shift & 63];
	}
	return at;
}

// One or two last bytes as two or three characters.
static size_t encode_rest(const char *alphabet, const uint8_t *bytes, size_t n, char *out)
{
	if (n == 0)
		return 0;
	uint32_t bits = (uint32_t)bytes[0] << 16 | (n == 2 ? (uint32_t)bytes[1] << 8 : 0);
	for (size_t i = 0; i <= n; i++)
		out[i] = alphabet[bits >> (18 - 6 * i) & 63];
	return n + 1;
}

size_t jg_base64_encode(const uint8_t *bytes, size_t n, char *out)
{
	size_t at = encode_groups(standard, bytes, n, out);
	at += encode_rest(standard, bytes + n - n % 3, n % 3, out + at);
	while (at % 4 != 0)
		out[at++] = '=';
	return at;
}

size_t jg_base64url_encode(const uint8_t *bytes, size_t n, char *out)
{
	size_t at = encode_groups(url, bytes, n, out);
	return at + encode_rest(url, bytes + n - n % 3, n % 3, out + at);
}
