// SPDX-License-Identifier: BSD-3-Clause
#include "shape_times.h"

#include <immintrin.h>
#include <string.h>

static inline __m256i load(const uint8_t *p)
{
	return _mm256_loadu_si256((const __m256i *)(const void *)p);
}

// A piece against the text; bytes beyond the piece are made zeros, which the shape has there.
static inline __m256i differing(const uint8_t *piece, const uint8_t *text, __m256i left)
{
	const __m256i iota = _mm256_setr_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,
		16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31);
	__m256i mask = _mm256_cmpgt_epi8(left, iota);
	return _mm256_xor_si256(load(piece), _mm256_and_si256(load(text), mask));
}

#define MARKS 32u // whose high and low bytes two registers hold

static inline __m256i low_half(__m256i v)
{
	return _mm256_permute2x128_si256(v, v, 0x00);
}

static inline __m256i high_half(__m256i v)
{
	return _mm256_permute2x128_si256(v, v, 0x11);
}

// Bytes of a table of 32, by number.
static inline __m256i look_up(__m256i table, __m256i number)
{
	__m256i low = _mm256_shuffle_epi8(low_half(table), number);
	__m256i high = _mm256_shuffle_epi8(high_half(table), number);
	return _mm256_blendv_epi8(low, high, _mm256_slli_epi16(number, 3));
}

// Sixteen places; what is beyond the text leaves a bit.
static inline __m256i sixteen_places(
	const struct jg_shape *shape, __m256i quotes, __m256i end, unsigned i, uint16_t *at)
{
	__m256i place = _mm256_add_epi16(quotes, load((const uint8_t *)(shape->delta + i)));
	_mm256_storeu_si256((__m256i *)(void *)(at + i), place);
	place = _mm256_adds_epu16(place, load((const uint8_t *)(shape->len + i)));
	return _mm256_subs_epu16(place, end);
}

// The places of a text whose marks, the end counted, are no more than 32.
static inline bool places(
	const struct jg_shape *shape, const struct jg_text *text, uint16_t at[JG_SHAPE_PLACES_MAX])
{
	const __m256i byte = _mm256_set1_epi16(0xff);
	__m256i first = load((const uint8_t *)text->quotes);
	__m256i second = load((const uint8_t *)(text->quotes + 16));
	__m256i low =
		_mm256_packus_epi16(_mm256_and_si256(first, byte), _mm256_and_si256(second, byte));
	__m256i high =
		_mm256_packus_epi16(_mm256_srli_epi16(first, 8), _mm256_srli_epi16(second, 8));
	low = _mm256_permute4x64_epi64(low, 0xd8);
	high = _mm256_permute4x64_epi64(high, 0xd8);
	__m256i end = _mm256_set1_epi16((short)text->len);
	__m256i beyond = _mm256_setzero_si256();
	for (unsigned i = 0; i < shape->fit_n; i += 32) {
		__m256i number = load(shape->packed_quote + i);
		__m256i l = look_up(low, number), h = look_up(high, number);
		beyond = _mm256_or_si256(
			beyond, sixteen_places(shape, _mm256_unpacklo_epi8(l, h), end, i, at));
		beyond = _mm256_or_si256(
			beyond, sixteen_places(shape, _mm256_unpackhi_epi8(l, h), end, i + 16, at));
	}
	return _mm256_testz_si256(beyond, beyond) != 0;
}

enum jg_fit jg_shape_fit_avx2(const struct jg_shape *shape, const struct jg_text *text,
	uint16_t at[JG_SHAPE_PLACES_MAX], int64_t time[JG_VALUE_TIMES])
{
	if (text->quotes_n >= MARKS ? !jg_shape_places(shape, text, 0, shape->fit_n, at)
				    : !places(shape, text, at))
		return JG_FIT_NONE;
	__m256i differ = _mm256_setzero_si256();
	for (unsigned i = 0; i < shape->pieces_n; i++) {
		const uint8_t *piece = shape->bytes[i];
		const uint8_t *bytes = text->bytes + at[JG_SHAPE_FIRST + i];
		__m256i left = _mm256_set1_epi8((char)shape->len[JG_SHAPE_FIRST + i]);
		differ = _mm256_or_si256(differ, differing(piece, bytes, left));
	}
	if (!_mm256_testz_si256(differ, differ))
		return JG_FIT_NONE;
	return shape->outlined && jg_shape_times(shape, text, at, false, time) ? JG_FIT_TIMES
									       : JG_FIT_PLACES;
}

// The first mark from here on; there is one at the end of the text.
static inline uint32_t next_mark(const uint8_t *marks, uint32_t at)
{
	uint64_t word;
	memcpy(&word, marks + at / 8, sizeof(word));
	word >>= at % 8;
	if (__builtin_expect(word != 0, 1))
		return at + (uint32_t)_tzcnt_u64(word);
	at &= ~7u;
	do {
		at += 64;
		memcpy(&word, marks + at / 8, sizeof(word));
	} while (word == 0);
	return at + (uint32_t)_tzcnt_u64(word);
}

#define ALL16 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255

// Piece by piece: where one ends begins a value, which goes on to the next mark, or to so many bytes before
// it. No other mark needs a place.
bool jg_shape_read_avx2(
	const struct jg_shape *shape, const struct jg_text *text, struct jg_reading *reading)
{
	// Read from the length on, backwards: so many bytes that count, and others that do not.
	static const uint8_t counts[64] = {ALL16, ALL16};
	const uint8_t *const bytes = text->bytes;
	const uint8_t *const marks = text->marks;
	const uint32_t end = text->len;
	const unsigned pieces = shape->pieces_n;
	__m256i differ = _mm256_setzero_si256();
	uint32_t at = 0;
	for (unsigned i = 0;;) {
		size_t len = shape->len[JG_SHAPE_FIRST + i];
		const uint8_t *mask = counts + JG_SHAPE_PIECE - len;
		__m256i masked = _mm256_and_si256(load(bytes + at), load(mask));
		differ = _mm256_or_si256(differ, _mm256_xor_si256(load(shape->bytes[i]), masked));
		at += (uint32_t)len;
		if (++i == pieces)
			break;
		if (at > end)
			return false;
		size_t value = shape->before[i];
		if (value == JG_BEFORE_NOTHING)
			continue;
		uint32_t to = next_mark(marks, at) - shape->back[i];
		uint32_t place = at | to << 16;
		memcpy(reading->place + 2 * value, &place, sizeof(place));
		if ((int32_t)(to - at) < 0)
			return false;
		at = to;
	}
	return at == end && _mm256_testz_si256(differ, differ) != 0 &&
		jg_shape_ordinary(shape, reading->place) &&
		jg_shape_times(shape, text, reading->place, false, reading->time);
}
