// SPDX-License-Identifier: BSD-3-Clause
#include "shape_times.h"

#include <immintrin.h>

#define MARKS 64 // that two registers hold

// The places of a text whose marks, the end counted, fit into two registers.
static inline bool places(
	const struct jg_shape *shape, const struct jg_text *text, uint16_t at[JG_SHAPE_PLACES_MAX])
{
	__m512i low = _mm512_loadu_si512(text->quotes);
	__m512i high = _mm512_loadu_si512(text->quotes + MARKS / 2);
	__m512i end = _mm512_set1_epi16((short)text->len);
	__mmask32 beyond = 0;
	for (unsigned i = 0; i < shape->fit_n; i += 32) {
		__m512i quote = _mm512_load_si512(shape->quote + i);
		__m512i place = _mm512_permutex2var_epi16(low, quote, high);
		place = _mm512_add_epi16(place, _mm512_load_si512(shape->delta + i));
		_mm512_storeu_si512(at + i, place);
		place = _mm512_adds_epu16(place, _mm512_load_si512(shape->len + i));
		beyond |= _mm512_cmpgt_epu16_mask(place, end);
	}
	return beyond == 0;
}

// Do the bytes at these places differ from the pieces?
static inline bool differ(
	const struct jg_shape *shape, const struct jg_text *text, const uint16_t *at)
{
	__m256i differing = _mm256_setzero_si256();
	for (unsigned i = 0; i < shape->pieces_n; i++) {
		__m256i bytes = _mm256_maskz_loadu_epi8(
			shape->mask[i], text->bytes + at[JG_SHAPE_FIRST + i]);
		differing = _mm256_ternarylogic_epi64(
			differing, bytes, _mm256_load_si256((const void *)shape->bytes[i]), 0xf6);
	}
	return _mm256_test_epi64_mask(differing, differing) != 0;
}

enum jg_fit jg_shape_fit_avx512(const struct jg_shape *shape, const struct jg_text *text,
	uint16_t at[JG_SHAPE_PLACES_MAX], int64_t time[JG_VALUE_TIMES])
{
	if (text->quotes_n >= MARKS ? !jg_shape_places(shape, text, 0, shape->fit_n, at)
				    : !places(shape, text, at))
		return JG_FIT_NONE;
	if (differ(shape, text, at))
		return JG_FIT_NONE;
	return shape->outlined && jg_shape_times(shape, text, at, time) ? JG_FIT_TIMES
									: JG_FIT_PLACES;
}

#define FEW 32 // places of one register: the outline's values and some pieces

// The same when one register holds all places.
bool jg_shape_read_avx512(
	const struct jg_shape *shape, const struct jg_text *text, struct jg_reading *reading)
{
	uint16_t at[FEW] __attribute__((aligned(64)));
	if (text->quotes_n >= MARKS || JG_SHAPE_FIRST + shape->pieces_n > FEW)
		return false;
	__m512i low = _mm512_loadu_si512(text->quotes);
	__m512i high = _mm512_loadu_si512(text->quotes + MARKS / 2);
	__m512i place = _mm512_permutex2var_epi16(low, _mm512_load_si512(shape->quote), high);
	place = _mm512_add_epi16(place, _mm512_load_si512(shape->delta));
	_mm512_store_si512(at, place);
	_mm256_storeu_si256((void *)reading->place, _mm512_castsi512_si256(place));
	place = _mm512_adds_epu16(place, _mm512_load_si512(shape->len));
	if (_mm512_cmpgt_epu16_mask(place, _mm512_set1_epi16((short)text->len)) != 0)
		return false;
	return !differ(shape, text, at) && jg_shape_ends_meet(shape, text, at) &&
		jg_shape_times(shape, text, at, reading->time);
}
