// SPDX-License-Identifier: BSD-3-Clause
// AVX-512 VBMI2: 64 bytes of text a step.
#include "json_index.h"

#include <immintrin.h>

// clang-format off
static const uint8_t ascending[64] __attribute__((aligned(64))) = {
	0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23,
	24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47,
	48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63,
};
// clang-format on

bool jg_json_index_avx512(const uint8_t *in, size_t len, struct jg_text *text)
{
	const __m512i iota = _mm512_load_si512(ascending);
	uint16_t *quotes = text->quotes;
	uint64_t foreign = 0;
	for (size_t at = 0; at < len; at += 64) {
		__mmask64 live = _bzhi_u64(UINT64_MAX, len - at < 64 ? (unsigned)(len - at) : 64);
		__m512i bytes = _mm512_maskz_loadu_epi8(live, in + at);
		_mm512_storeu_si512(text->bytes + at, bytes);
		// Signed: what is above 0x7f is below 0x20 too.
		foreign |= _mm512_mask_cmplt_epi8_mask(live, bytes, _mm512_set1_epi8(0x20)) |
			_mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8('\\'));
		uint64_t quote = _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8('"'));
		__m512i where = _mm512_maskz_compress_epi8(quote, iota);
		__m512i base = _mm512_set1_epi16((short)at);
		__m512i wide = _mm512_cvtepu8_epi16(_mm512_castsi512_si256(where));
		_mm512_storeu_si512(quotes, _mm512_add_epi16(wide, base));
		wide = _mm512_cvtepu8_epi16(_mm512_extracti64x4_epi64(where, 1));
		_mm512_storeu_si512(quotes + 32, _mm512_add_epi16(wide, base));
		quotes += _mm_popcnt_u64(quote);
	}
	text->len = (uint32_t)len;
	text->quotes_n = (uint32_t)(quotes - text->quotes);
	text->flags = 0;
	return foreign == 0;
}
