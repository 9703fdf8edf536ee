// SPDX-License-Identifier: BSD-3-Clause
#include "shape.h"

#include <immintrin.h>

bool jg_shape_regions_avx512(const struct jg_shape *shape, const struct jg_text *text)
{
	for (unsigned i = 0; i < shape->regions_n; i++) {
		const struct jg_shape_region *region = &shape->regions[i];
		uint32_t at = jg_shape_at(text, region->from);
		if (at > text->len || region->len > text->len - at)
			return false;
		const uint8_t *a = text->bytes + at;
		const uint8_t *b = shape->skeleton + region->at;
		uint32_t left = region->len;
		for (; left > 64; left -= 64, a += 64, b += 64)
			if (_mm512_cmpneq_epi8_mask(_mm512_loadu_si512(a), _mm512_loadu_si512(b)) !=
				0)
				return false;
		__mmask64 rest = _bzhi_u64(UINT64_MAX, left);
		if (_mm512_mask_cmpneq_epi8_mask(
			    rest, _mm512_loadu_si512(a), _mm512_loadu_si512(b)) != 0)
			return false;
	}
	return true;
}
