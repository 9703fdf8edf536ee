// SPDX-License-Identifier: BSD-3-Clause
#include "checksum_avx512.h"

#include <immintrin.h>

// Words of 32 bits in sums of 64: no carry is lost before there are 2^32 of them. Whole lanes are added and
// their upper halves; what these leave of the whole, modulo 2^64, are the lower ones.
uint64_t jg_sum_add_avx512(uint64_t sum, const uint8_t *bytes, uint32_t len)
{
	const uint8_t *end = bytes + (len & ~63U);
	// What the last 64 bytes are not all there of, with zeros for what is not there and is not read.
	__m512i whole = _mm512_maskz_loadu_epi8((UINT64_C(1) << (len & 63)) - 1, end);
	__m512i upper = _mm512_srli_epi64(whole, 32);

	for (; bytes != end; bytes += 64) {
		__m512i words = _mm512_loadu_si512(bytes);

		whole = _mm512_add_epi64(whole, words);
		upper = _mm512_add_epi64(upper, _mm512_srli_epi64(words, 32));
	}
	__m512i lower = _mm512_sub_epi64(whole, _mm512_slli_epi64(upper, 32));
	uint64_t more = (uint64_t)_mm512_reduce_add_epi64(_mm512_add_epi64(lower, upper));

	sum += more;
	return sum + (sum < more);
}
