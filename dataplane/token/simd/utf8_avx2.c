// SPDX-License-Identifier: BSD-3-Clause
// UTF-8 by table look-ups: each pair of neighbouring bytes is classified by three nibbles, and a
// pair is wrong when all three agree on an error (RFC 3629 section 4).
#include "text.h"

#include <immintrin.h>
#include <string.h>

enum {
	TOO_SHORT = 1 << 0, // a lead byte without its continuation
	TOO_LONG = 1 << 1, // a continuation after ASCII
	OVERLONG_3 = 1 << 2,
	TOO_LARGE = 1 << 3, // above U+10FFFF
	SURROGATE = 1 << 4,
	OVERLONG_2 = 1 << 5,
	OVERLONG_4 = 1 << 6, // and lead bytes above 0xf4
	TWO_CONTS = 1 << 7, // right only as the third or fourth byte
	ANY = TOO_SHORT | TOO_LONG | TWO_CONTS,
};

static inline __m256i table(const uint8_t rows[16])
{
	__m128i lane = _mm_loadu_si128((const __m128i *)(const void *)rows);
	return _mm256_broadcastsi128_si256(lane);
}

static inline __m256i before(__m256i bytes, __m256i previous, int n)
{
	__m256i joined = _mm256_permute2x128_si256(previous, bytes, 0x21);
	switch (n) {
	case 1:
		return _mm256_alignr_epi8(bytes, joined, 15);
	case 2:
		return _mm256_alignr_epi8(bytes, joined, 14);
	default:
		return _mm256_alignr_epi8(bytes, joined, 13);
	}
}

static inline __m256i pair_errors(__m256i bytes, __m256i lead)
{
	static const uint8_t lead_high[16] = {TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG,
		TOO_LONG, TOO_LONG, TOO_LONG, TWO_CONTS, TWO_CONTS, TWO_CONTS, TWO_CONTS,
		TOO_SHORT | OVERLONG_2, TOO_SHORT, TOO_SHORT | OVERLONG_3 | SURROGATE,
		TOO_SHORT | TOO_LARGE | OVERLONG_4};
	static const uint8_t lead_low[16] = {ANY | OVERLONG_3 | OVERLONG_2 | OVERLONG_4,
		ANY | OVERLONG_2, ANY, ANY, ANY | TOO_LARGE, ANY | TOO_LARGE | OVERLONG_4,
		ANY | TOO_LARGE | OVERLONG_4, ANY | TOO_LARGE | OVERLONG_4,
		ANY | TOO_LARGE | OVERLONG_4, ANY | TOO_LARGE | OVERLONG_4,
		ANY | TOO_LARGE | OVERLONG_4, ANY | TOO_LARGE | OVERLONG_4,
		ANY | TOO_LARGE | OVERLONG_4, ANY | TOO_LARGE | OVERLONG_4 | SURROGATE,
		ANY | TOO_LARGE | OVERLONG_4, ANY | TOO_LARGE | OVERLONG_4};
	static const uint8_t next_high[16] = {TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT,
		TOO_SHORT, TOO_SHORT, TOO_SHORT,
		TOO_LONG | OVERLONG_2 | TWO_CONTS | OVERLONG_3 | OVERLONG_4,
		TOO_LONG | OVERLONG_2 | TWO_CONTS | OVERLONG_3 | TOO_LARGE,
		TOO_LONG | OVERLONG_2 | TWO_CONTS | SURROGATE | TOO_LARGE,
		TOO_LONG | OVERLONG_2 | TWO_CONTS | SURROGATE | TOO_LARGE, TOO_SHORT, TOO_SHORT,
		TOO_SHORT, TOO_SHORT};
	const __m256i nibble = _mm256_set1_epi8(0x0f);
	__m256i a = _mm256_shuffle_epi8(
		table(lead_high), _mm256_and_si256(_mm256_srli_epi16(lead, 4), nibble));
	__m256i b = _mm256_shuffle_epi8(table(lead_low), _mm256_and_si256(lead, nibble));
	__m256i c = _mm256_shuffle_epi8(
		table(next_high), _mm256_and_si256(_mm256_srli_epi16(bytes, 4), nibble));
	return _mm256_and_si256(_mm256_and_si256(a, b), c);
}

static inline __m256i step_errors(__m256i bytes, __m256i previous)
{
	__m256i pairs = pair_errors(bytes, before(bytes, previous, 1));
	__m256i third = _mm256_subs_epu8(before(bytes, previous, 2), _mm256_set1_epi8(0xe0 - 0x80));
	__m256i fourth =
		_mm256_subs_epu8(before(bytes, previous, 3), _mm256_set1_epi8(0xf0 - 0x80));
	__m256i must =
		_mm256_and_si256(_mm256_or_si256(third, fourth), _mm256_set1_epi8((char)0x80));
	return _mm256_xor_si256(must, pairs);
}

bool jg_utf8_valid_avx2(const uint8_t *text, size_t len)
{
	__m256i previous = _mm256_setzero_si256();
	__m256i errors = _mm256_setzero_si256();
	for (; len >= 32; len -= 32, text += 32) {
		__m256i bytes = _mm256_loadu_si256((const __m256i *)(const void *)text);
		errors = _mm256_or_si256(errors, step_errors(bytes, previous));
		previous = bytes;
	}
	// At least one zero behind the end makes a cut sequence too short.
	uint8_t rest[32] = {0};
	memcpy(rest, text, len);
	__m256i bytes = _mm256_loadu_si256((const __m256i *)(const void *)rest);
	errors = _mm256_or_si256(errors, step_errors(bytes, previous));
	return _mm256_testz_si256(errors, errors) != 0;
}
