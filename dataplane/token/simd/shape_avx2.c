// SPDX-License-Identifier: BSD-3-Clause
#include "shape_times.h"

#include <immintrin.h>

static inline __m256i load(const uint8_t *p)
{
	return _mm256_loadu_si256((const __m256i *)(const void *)p);
}

// Half a piece against the text; bytes beyond the piece are made zeros, which the shape has there.
static inline __m256i differing(const uint8_t *piece, const uint8_t *text, __m256i left)
{
	const __m256i iota = _mm256_setr_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,
		16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31);
	__m256i mask = _mm256_cmpgt_epi8(left, iota);
	return _mm256_xor_si256(load(piece), _mm256_and_si256(load(text), mask));
}

enum jg_fit jg_shape_fit_avx2(const struct jg_shape *shape, const struct jg_text *text,
	uint16_t at[JG_SHAPE_PLACES_MAX], int64_t time[JG_VALUE_TIMES])
{
	if (!jg_shape_places(shape, text, 0, shape->fit_n, at))
		return JG_FIT_NONE;
	__m256i differ = _mm256_setzero_si256();
	for (unsigned i = 0; i < shape->pieces_n; i++) {
		const uint8_t *piece = shape->bytes[i];
		const uint8_t *bytes = text->bytes + at[JG_SHAPE_FIRST + i];
		__m256i left = _mm256_set1_epi8((char)shape->len[JG_SHAPE_FIRST + i]);
		differ = _mm256_or_si256(differ, differing(piece, bytes, left));
		if (shape->len[JG_SHAPE_FIRST + i] <= 32)
			continue;
		left = _mm256_sub_epi8(left, _mm256_set1_epi8(32));
		differ = _mm256_or_si256(differ, differing(piece + 32, bytes + 32, left));
	}
	if (!_mm256_testz_si256(differ, differ))
		return JG_FIT_NONE;
	return shape->outlined && jg_shape_times(shape, text, at, time) ? JG_FIT_TIMES
									: JG_FIT_PLACES;
}
