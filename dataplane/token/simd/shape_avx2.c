// SPDX-License-Identifier: BSD-3-Clause
#include "shape.h"

#include <immintrin.h>

static inline __m256i load(const uint8_t *p)
{
	return _mm256_loadu_si256((const __m256i *)(const void *)p);
}

bool jg_shape_regions_avx2(const struct jg_shape *shape, const struct jg_text *text)
{
	for (unsigned i = 0; i < shape->regions_n; i++) {
		const struct jg_shape_region *region = &shape->regions[i];
		uint32_t at = jg_shape_at(text, region->from);
		if (at > text->len || region->len > text->len - at)
			return false;
		const uint8_t *a = text->bytes + at;
		const uint8_t *b = shape->skeleton + region->at;
		uint32_t left = region->len;
		for (; left > 32; left -= 32, a += 32, b += 32)
			if (_mm256_movemask_epi8(_mm256_cmpeq_epi8(load(a), load(b))) != -1)
				return false;
		uint64_t rest = (UINT64_C(1) << left) - 1;
		uint32_t equal =
			(uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(load(a), load(b)));
		if ((~equal & rest) != 0)
			return false;
	}
	return true;
}
