// SPDX-License-Identifier: BSD-3-Clause
// AVX2: 32 bytes of text a step.
#include "json_index.h"

#include <immintrin.h>
#include <string.h>

static inline __m256i load(const uint8_t *p)
{
	return _mm256_loadu_si256((const __m256i *)(const void *)p);
}

// The bits of one step's quotes; what does not belong is or-ed into foreign.
static inline uint32_t index_step(__m256i bytes, __m256i *foreign)
{
	// Signed: what is above 0x7f is below 0x20 too.
	__m256i low = _mm256_cmpgt_epi8(_mm256_set1_epi8(0x20), bytes);
	__m256i backslash = _mm256_cmpeq_epi8(bytes, _mm256_set1_epi8('\\'));
	*foreign = _mm256_or_si256(*foreign, _mm256_or_si256(low, backslash));
	return (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(bytes, _mm256_set1_epi8('"')));
}

bool jg_json_index_avx2(const uint8_t *in, size_t len, struct jg_text *text)
{
	uint16_t *quotes = text->quotes;
	__m256i foreign = _mm256_setzero_si256();
	for (size_t at = 0; at < len; at += 32) {
		uint8_t rest[32];
		__m256i bytes;
		if (len - at >= sizeof(rest)) {
			bytes = load(in + at);
		} else {
			memset(rest, ' ', sizeof(rest));
			memcpy(rest, in + at, len - at);
			bytes = load(rest);
		}
		_mm256_storeu_si256((__m256i *)(void *)(text->bytes + at), bytes);
		for (uint32_t quote = index_step(bytes, &foreign); quote != 0; quote &= quote - 1)
			*quotes++ = (uint16_t)(at + (uint32_t)__builtin_ctz(quote));
	}
	text->len = (uint32_t)len;
	text->quotes_n = (uint32_t)(quotes - text->quotes);
	text->flags = 0;
	return _mm256_testz_si256(foreign, foreign) != 0;
}
