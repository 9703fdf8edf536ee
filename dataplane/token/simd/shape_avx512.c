// SPDX-License-Identifier: BSD-3-Clause
#include "shape.h"

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
	for (unsigned i = 0; i < shape->places_n; i += 32) {
		__m512i quote = _mm512_load_si512(shape->quote + i);
		__m512i place = _mm512_permutex2var_epi16(low, quote, high);
		place = _mm512_add_epi16(place, _mm512_load_si512(shape->delta + i));
		_mm512_storeu_si512(at + i, place);
		place = _mm512_adds_epu16(place, _mm512_load_si512(shape->len + i));
		beyond |= _mm512_cmpgt_epu16_mask(place, end);
	}
	return beyond == 0;
}

bool jg_shape_fit_avx512(
	const struct jg_shape *shape, const struct jg_text *text, uint16_t at[JG_SHAPE_PLACES_MAX])
{
	if (text->quotes_n >= MARKS ? !jg_shape_places(shape, text, at) : !places(shape, text, at))
		return false;
	__m512i differ = _mm512_setzero_si512();
	for (unsigned i = 0; i < shape->pieces_n; i++) {
		__mmask64 piece = _bzhi_u64(UINT64_MAX, shape->len[i]);
		__m512i bytes = _mm512_maskz_loadu_epi8(piece, text->bytes + at[i]);
		differ = _mm512_ternarylogic_epi64(
			differ, bytes, _mm512_load_si512(shape->bytes[i]), 0xf6);
	}
	return _mm512_test_epi64_mask(differ, differ) == 0;
}
