// SPDX-License-Identifier: BSD-3-Clause
#include "shape_times.h"

#include <immintrin.h>

#define MARKS 64 // that two registers hold
#define FEW 32 // places that one holds: the outline's values and some pieces

// The marks of a text that has no more of them, the end counted, than two registers hold.
struct marks {
	__m512i low;
	__m512i high;
	__m512i end;
};

static inline struct marks marks_of(const struct jg_text *text)
{
	return (struct marks){.low = _mm512_loadu_si512(text->quotes),
		.high = _mm512_loadu_si512(text->quotes + MARKS / 2),
		.end = _mm512_set1_epi16((short)text->len)};
}

// As many places as a register holds, from one on. Bits: those that are beyond the text.
static inline __mmask32 places_from(
	const struct jg_shape *shape, const struct marks *marks, unsigned i, __m512i *place)
{
	__m512i quote = _mm512_load_si512(shape->quote + i);
	*place = _mm512_add_epi16(_mm512_permutex2var_epi16(marks->low, quote, marks->high),
		_mm512_load_si512(shape->delta + i));
	return _mm512_cmpgt_epu16_mask(
		_mm512_adds_epu16(*place, _mm512_load_si512(shape->len + i)), marks->end);
}

static inline bool places(
	const struct jg_shape *shape, const struct jg_text *text, uint16_t at[JG_SHAPE_PLACES_MAX])
{
	const struct marks marks = marks_of(text);
	__mmask32 beyond = 0;
	for (unsigned i = 0; i < shape->fit_n; i += FEW) {
		__m512i place;
		beyond |= places_from(shape, &marks, i, &place);
		_mm512_storeu_si512(at + i, place);
	}
	return beyond == 0;
}

// Do the bytes at these places differ from the pieces?
static inline bool differ(
	const struct jg_shape *shape, const struct jg_text *text, const uint16_t *at)
{
	__m256i differing = _mm256_setzero_si256();
	const uint16_t *place = at + JG_SHAPE_FIRST;
	const uint8_t *piece = shape->bytes[0];
	// Two at a time: behind the last one is one without bytes.
	for (const uint32_t *mask = shape->mask, *end = mask + shape->pieces_n; mask < end;
		mask += 2, place += 2, piece += 2 * JG_SHAPE_PIECE) {
		for (unsigned i = 0; i < 2; i++) {
			__m256i bytes = _mm256_maskz_loadu_epi8(mask[i], text->bytes + place[i]);
			differing = _mm256_ternarylogic_epi64(differing, bytes,
				_mm256_load_si256((const void *)(piece + i * JG_SHAPE_PIECE)),
				0xf6);
		}
	}
	return _mm256_test_epi64_mask(differing, differing) != 0;
}

// Are times as long as plain ones are, identity and room not longer than ordinary ones?
static inline bool lengths_hold(const struct jg_shape *shape, __m256i places)
{
	static const uint32_t least[JG_VALUES] = {[JG_VALUE_IDENTITY] = 1,
		[JG_VALUE_ROOM] = 1,
		[JG_VALUE_EXP] = JG_DIGITS_MIN,
		[JG_VALUE_NBF] = JG_DIGITS_MIN,
		[JG_VALUE_IAT] = JG_DIGITS_MIN};
	static const uint32_t above[JG_VALUES] = {[JG_VALUE_KEY] = UINT32_MAX,
		[JG_VALUE_IDENTITY] = JG_VALUE_SHORT - 1,
		[JG_VALUE_ROOM] = JG_VALUE_SHORT - 1,
		[JG_VALUE_NAME] = UINT32_MAX,
		[JG_VALUE_METADATA] = UINT32_MAX,
		[JG_VALUE_EXP] = JG_DIGITS_MAX - JG_DIGITS_MIN,
		[JG_VALUE_NBF] = JG_DIGITS_MAX - JG_DIGITS_MIN,
		[JG_VALUE_IAT] = JG_DIGITS_MAX - JG_DIGITS_MIN};
	__m256i from = _mm256_and_si256(places, _mm256_set1_epi32(UINT16_MAX));
	__m256i len = _mm256_sub_epi32(_mm256_srli_epi32(places, 16), from);
	len = _mm256_sub_epi32(len, _mm256_loadu_si256((const void *)least));
	__mmask8 beyond = _mm256_cmpgt_epu32_mask(len, _mm256_loadu_si256((const void *)above));
	return (beyond & shape->values) == 0;
}

enum jg_fit jg_shape_fit_avx512(const struct jg_shape *shape, const struct jg_text *text,
	uint16_t at[JG_SHAPE_PLACES_MAX], int64_t time[JG_VALUE_TIMES])
{
	at[shape->fit_n] = 0; // of the piece without bytes
	if (text->quotes_n >= MARKS ? !jg_shape_places(shape, text, 0, shape->fit_n, at)
				    : !places(shape, text, at))
		return JG_FIT_NONE;
	if (differ(shape, text, at))
		return JG_FIT_NONE;
	return shape->outlined && jg_shape_times(shape, text, at, false, time) ? JG_FIT_TIMES
									       : JG_FIT_PLACES;
}

// The same when one register holds all places.
bool jg_shape_read_avx512(
	const struct jg_shape *shape, const struct jg_text *text, struct jg_reading *reading)
{
	uint16_t at[FEW] __attribute__((aligned(64)));
	if (text->quotes_n >= MARKS || JG_SHAPE_FIRST + shape->pieces_n > FEW)
		return false;
	const struct marks marks = marks_of(text);
	__m512i place;
	if (places_from(shape, &marks, 0, &place) != 0)
		return false;
	_mm512_store_si512(at, place);
	_mm256_storeu_si256((void *)reading->place, _mm512_castsi512_si256(place));
	return !differ(shape, text, at) && jg_shape_ends_meet(shape, text, at) &&
		lengths_hold(shape, _mm512_castsi512_si256(place)) &&
		jg_shape_times(shape, text, at, true, reading->time);
}
