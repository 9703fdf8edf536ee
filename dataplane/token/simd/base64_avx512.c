// SPDX-License-Identifier: BSD-3-Clause
// AVX-512 VBMI: 48 bytes are 64 characters in one step, either way.
#include "base64.h"

#include <immintrin.h>

#define BYTES 48 // of a step
#define CHARACTERS 64

static const char standard[] __attribute__((aligned(64))) =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char url[] __attribute__((aligned(64))) =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

#define X 0x80 // not in the alphabet
// clang-format off
static const uint8_t values[128] __attribute__((aligned(64))) = {
	X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X,
	X, X, X, X, X, X, X, X, X, X, X, 62, X, X, X, 63, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, X, X, X, X, X, X,
	X, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, X, X, X, X, X,
	X, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, X, X, X, X, X,
};

// Three bytes go into a word of four so that each sextet lies within two neighbouring bytes.
static const uint8_t spreading[64] __attribute__((aligned(64))) = {
	1, 0, 2, 1, 4, 3, 5, 4, 7, 6, 8, 7, 10, 9, 11, 10,
	13, 12, 14, 13, 16, 15, 17, 16, 19, 18, 20, 19, 22, 21, 23, 22,
	25, 24, 26, 25, 28, 27, 29, 28, 31, 30, 32, 31, 34, 33, 35, 34,
	37, 36, 38, 37, 40, 39, 41, 40, 43, 42, 44, 43, 46, 45, 47, 46,
};

// Within each 32-bit word the three bytes come out in reverse order.
static const uint8_t packing[64] __attribute__((aligned(64))) = {
	2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, 18, 17, 16, 22, 21, 20, 26, 25, 24, 30, 29, 28,
	34, 33, 32, 38, 37, 36, 42, 41, 40, 46, 45, 44, 50, 49, 48, 54, 53, 52, 58, 57, 56, 62, 61, 60,
};
// clang-format on
#undef X

static inline __mmask64 first(size_t n)
{
	return _bzhi_u64(UINT64_MAX, (unsigned)n);
}

static inline __m512i encode_step(__m512i alphabet, __m512i bytes)
{
	const __m512i shifts = _mm512_set1_epi64(0x3036242a1016040a);
	bytes = _mm512_permutexvar_epi8(_mm512_load_si512(spreading), bytes);
	// Bits above the sextets are not looked at.
	return _mm512_permutexvar_epi8(_mm512_multishift_epi64_epi8(shifts, bytes), alphabet);
}

static inline size_t encode(
	const char *signs, bool padded, const uint8_t *bytes, size_t n, char *out)
{
	const __m512i alphabet = _mm512_load_si512(signs);
	const char *start = out;
	for (; n >= BYTES; n -= BYTES, bytes += BYTES, out += CHARACTERS)
		_mm512_storeu_si512(
			out, encode_step(alphabet, _mm512_maskz_loadu_epi8(first(BYTES), bytes)));
	__m512i text = encode_step(alphabet, _mm512_maskz_loadu_epi8(first(n), bytes));
	size_t len = (n * 4 + 2) / 3;
	if (padded) {
		text = _mm512_mask_mov_epi8(_mm512_set1_epi8('='), first(len), text);
		len = JG_BASE64_ENCODED(n);
	}
	_mm512_mask_storeu_epi8(out, first(len), text);
	return (size_t)(out - start) + len;
}

size_t jg_base64_encode_avx512(const uint8_t *bytes, size_t n, char *out)
{
	return encode(standard, true, bytes, n, out);
}

size_t jg_base64url_encode_avx512(const uint8_t *bytes, size_t n, char *out)
{
	return encode(url, false, bytes, n, out);
}

// Bit 7 of a byte of bad: a character outside the alphabet.
static inline __m512i decode_step(__m512i characters, __m512i *bad)
{
	__m512i value = _mm512_permutex2var_epi8(
		_mm512_load_si512(values), characters, _mm512_load_si512(values + 64));
	*bad = _mm512_ternarylogic_epi64(*bad, characters, value, 0xfe);
	__m512i pairs = _mm512_maddubs_epi16(value, _mm512_set1_epi32(0x01400140));
	__m512i words = _mm512_madd_epi16(pairs, _mm512_set1_epi32(0x00011000));
	return _mm512_permutexvar_epi8(_mm512_load_si512(packing), words);
}

int jg_base64_decode_avx512(struct jg_str text, uint8_t *out)
{
	if (text.len % 4 != 0 || text.len > INT32_MAX)
		return -1;
	if (text.len == 0)
		return 0;
	const char *in = text.p;
	const uint8_t *start = out;
	// What counts as padding at the end is outside the alphabet everywhere else.
	size_t pads = in[text.len - 1] != '=' ? 0 : in[text.len - 2] != '=' ? 1 : 2;
	size_t left = text.len - pads;
	__m512i bad = _mm512_setzero_si512();
	for (; left >= CHARACTERS; left -= CHARACTERS, in += CHARACTERS, out += BYTES)
		_mm512_mask_storeu_epi8(
			out, first(BYTES), decode_step(_mm512_loadu_si512(in), &bad));
	// The rest, filled up with the character of value 0.
	__m512i rest = _mm512_mask_loadu_epi8(_mm512_set1_epi8('A'), first(left), in);
	__m512i bytes = decode_step(rest, &bad);
	size_t n = left * 3 / 4;
	_mm512_mask_storeu_epi8(out, first(n), bytes);
	// Spare bits of the last character stand in the byte behind (RFC 4648 section 3.5).
	uint64_t spare = (_mm512_test_epi8_mask(bytes, bytes) & first(BYTES)) >> n;
	if ((_mm512_movepi8_mask(bad) | spare) != 0)
		return -1;
	return (int)((size_t)(out - start) + n);
}
