// SPDX-License-Identifier: BSD-3-Clause
#include "checksum_avx512.h"

#include <immintrin.h>

// Words of 32 bits in sums of 64: no carry is lost before there are 2^32 of them.
uint64_t jg_sum_add_avx512(uint64_t sum, const uint8_t *bytes, uint32_t len)
{
	const __m512i low = _mm512_set1_epi64(UINT32_MAX);
	__m512i even = _mm512_setzero_si512();
	__m512i odd = even;
	__m512i words;

	for (; len >= 64; bytes += 64, len -= 64) {
		words = _mm512_loadu_si512(bytes);
		even = _mm512_add_epi64(even, _mm512_and_si512(words, low));
		odd = _mm512_add_epi64(odd, _mm512_srli_epi64(words, 32));
	}
	// The rest, with zeros for what is not there and is not read.
	words = _mm512_maskz_loadu_epi8((UINT64_C(1) << len) - 1, bytes);
	even = _mm512_add_epi64(even, _mm512_and_si512(words, low));
	odd = _mm512_add_epi64(odd, _mm512_srli_epi64(words, 32));
	uint64_t more = (uint64_t)_mm512_reduce_add_epi64(_mm512_add_epi64(even, odd));

	sum += more;
	return sum + (sum < more);
}
