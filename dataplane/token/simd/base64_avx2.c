// SPDX-License-Identifier: BSD-3-Clause
// AVX2: 24 bytes are 32 characters in one step, either way.
#include "base64.h"
#include "put.h"

#include <immintrin.h>

#define BYTES 24 // of a step
#define CHARACTERS 32
/** An encoding step loads twelve bytes for each half with sixteen. */
#define LOADED (BYTES + 4)

static inline __m256i twice(__m128i lane)
{
	return _mm256_broadcastsi128_si256(lane);
}

// A character is its value plus an offset that depends on which of the alphabet's runs it is of.
static inline __m256i characters_of(__m256i value, __m256i offsets)
{
	__m256i run = _mm256_subs_epu8(value, _mm256_set1_epi8(51));
	__m256i capital = _mm256_cmpgt_epi8(_mm256_set1_epi8(26), value);
	run = _mm256_or_si256(run, _mm256_and_si256(capital, _mm256_set1_epi8(13)));
	return _mm256_add_epi8(value, _mm256_shuffle_epi8(offsets, run));
}

// Reads LOADED bytes.
static inline __m256i encode_step(const uint8_t *bytes, __m256i offsets)
{
	const __m256i spreading =
		twice(_mm_setr_epi8(1, 0, 2, 1, 4, 3, 5, 4, 7, 6, 8, 7, 10, 9, 11, 10));
	__m256i in = _mm256_setr_m128i(_mm_loadu_si128((const __m128i *)(const void *)bytes),
		_mm_loadu_si128((const __m128i *)(const void *)(bytes + BYTES / 2)));
	in = _mm256_shuffle_epi8(in, spreading);
	__m256i even = _mm256_and_si256(in, _mm256_set1_epi32(0x0fc0fc00));
	__m256i odd = _mm256_and_si256(in, _mm256_set1_epi32(0x003f03f0));
	even = _mm256_mulhi_epu16(even, _mm256_set1_epi32(0x04000040));
	odd = _mm256_mullo_epi16(odd, _mm256_set1_epi32(0x01000010));
	return characters_of(_mm256_or_si256(even, odd), offsets);
}

static inline size_t encode(__m256i offsets, const uint8_t *bytes, size_t n, char *out)
{
	const char *start = out;
	for (; n >= LOADED; n -= BYTES, bytes += BYTES, out += CHARACTERS)
		_mm256_storeu_si256((__m256i *)(void *)out, encode_step(bytes, offsets));
	while (n > 0) {
		uint8_t rest[CHARACTERS] = {0};
		char text[CHARACTERS];
		size_t taken = n < BYTES ? n : BYTES, len = (taken * 4 + 2) / 3;
		(void)jg_put_bytes((char *)rest, (const char *)bytes, taken);
		_mm256_storeu_si256((__m256i *)(void *)text, encode_step(rest, offsets));
		out = jg_put_bytes(out, text, len);
		n -= taken;
		bytes += taken;
	}
	return (size_t)(out - start);
}

static inline __m256i offsets_of(char c62, char c63)
{
	const char digit = '0' - 52;
	return twice(_mm_setr_epi8('a' - 26, digit, digit, digit, digit, digit, digit, digit, digit,
		digit, digit, (char)(c62 - 62), (char)(c63 - 63), 'A', 0, 0));
}

size_t jg_base64_encode_avx2(const uint8_t *bytes, size_t n, char *out)
{
	size_t at = encode(offsets_of('+', '/'), bytes, n, out);
	while (at % 4 != 0)
		out[at++] = '=';
	return at;
}

size_t jg_base64url_encode_avx2(const uint8_t *bytes, size_t n, char *out)
{
	return encode(offsets_of('-', '_'), bytes, n, out);
}

// A character is in the alphabet when the rows of its two nibbles share no bit; its value is itself
// plus an offset that depends on the high nibble alone, but for '/' (0x2f), which has its own. A
// non-zero byte of bad: a character outside.
static inline __m256i sextets(__m256i c, __m256i *bad)
{
	const __m256i low_rows = twice(_mm_setr_epi8(0x15, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11,
		0x11, 0x11, 0x13, 0x1a, 0x1b, 0x1b, 0x1b, 0x1a));
	const __m256i high_rows = twice(_mm_setr_epi8(0x10, 0x10, 0x01, 0x02, 0x04, 0x08, 0x04,
		0x08, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10));
	const __m256i offsets =
		twice(_mm_setr_epi8(0, 16, 19, 4, -65, -65, -71, -71, 0, 0, 0, 0, 0, 0, 0, 0));
	const __m256i nibble = _mm256_set1_epi8(0x0f);
	__m256i high = _mm256_and_si256(_mm256_srli_epi32(c, 4), nibble);
	__m256i low = _mm256_and_si256(c, nibble);
	*bad = _mm256_or_si256(*bad,
		_mm256_and_si256(
			_mm256_shuffle_epi8(low_rows, low), _mm256_shuffle_epi8(high_rows, high)));
	__m256i slash = _mm256_cmpeq_epi8(c, _mm256_set1_epi8('/'));
	return _mm256_add_epi8(c, _mm256_shuffle_epi8(offsets, _mm256_add_epi8(high, slash)));
}

static inline __m256i decode_step(__m256i characters, __m256i *bad)
{
	const __m256i packing =
		twice(_mm_setr_epi8(2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, -1, -1, -1, -1));
	__m256i value = sextets(characters, bad);
	__m256i pairs = _mm256_maddubs_epi16(value, _mm256_set1_epi32(0x01400140));
	__m256i words = _mm256_madd_epi16(pairs, _mm256_set1_epi32(0x00011000));
	words = _mm256_shuffle_epi8(words, packing);
	return _mm256_permutevar8x32_epi32(words, _mm256_setr_epi32(0, 1, 2, 4, 5, 6, 7, 7));
}

static inline void store_step(uint8_t out[BYTES], __m256i bytes)
{
	_mm_storeu_si128((__m128i *)(void *)out, _mm256_castsi256_si128(bytes));
	_mm_storel_epi64((__m128i *)(void *)(out + 16), _mm256_extracti128_si256(bytes, 1));
}

int jg_base64_decode_avx2(struct jg_str text, uint8_t *out)
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
	__m256i bad = _mm256_setzero_si256();
	for (; left >= CHARACTERS; left -= CHARACTERS, in += CHARACTERS, out += BYTES) {
		__m256i c = _mm256_loadu_si256((const __m256i *)(const void *)in);
		store_step(out, decode_step(c, &bad));
	}
	// The rest, filled up with the character of value 0.
	char rest[CHARACTERS];
	uint8_t bytes[CHARACTERS];
	memset(rest, 'A', sizeof(rest));
	memcpy(rest, in, left);
	__m256i c = _mm256_loadu_si256((const __m256i *)(const void *)rest);
	_mm256_storeu_si256((__m256i *)(void *)bytes, decode_step(c, &bad));
	size_t n = left * 3 / 4;
	memcpy(out, bytes, n);
	// Spare bits of the last character stand in the byte behind (RFC 4648 section 3.5).
	if (!_mm256_testz_si256(bad, bad) || bytes[n] != 0)
		return -1;
	return (int)((size_t)(out - start) + n);
}
