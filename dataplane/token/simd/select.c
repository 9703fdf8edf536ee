// SPDX-License-Identifier: BSD-3-Clause
// Decoders by instruction set.
#include "cpu.h"
#include "decoders.h"
#include "internal/base.h"

static const struct level {
	struct jg_decoders decoders;
	unsigned needs; // enum jg_cpu_feature
} levels[] = {
	{{"portable", jg_text_decode_portable, jg_jwt_decode_portable, jg_utf8_valid_portable,
		 jg_shape_fit_portable, NULL, NULL, jg_base64_decode, jg_base64_encode,
		 jg_base64url_encode, jg_json_index_portable},
		0},
#ifdef JG_SIMD_X86
	{{"avx2", jg_text_decode_avx2, jg_jwt_decode_avx2, jg_utf8_valid_avx2, jg_shape_fit_avx2,
		 jg_text_list_avx2, jg_shape_read_avx2, jg_base64_decode_avx2,
		 jg_base64_encode_avx2, jg_base64url_encode_avx2, jg_json_index_avx2},
		JG_CPU_AVX2},
	{{"avx512", jg_text_decode_avx512, jg_jwt_decode_avx512, jg_utf8_valid_avx2,
		 jg_shape_fit_avx512, NULL, jg_shape_read_avx512, jg_base64_decode_avx512,
		 jg_base64_encode_avx512, jg_base64url_encode_avx512, jg_json_index_avx512},
		JG_CPU_AVX2 | JG_CPU_AVX512 | JG_CPU_VBMI},
#endif
};

static bool is_here(const struct level *level)
{
	return (jg_cpu_features() & level->needs) == level->needs;
}

const struct jg_decoders *jg_decoders_select(const char *name, struct jg_error *err)
{
	const struct jg_decoders *best = NULL;
	for (size_t i = 0; i < JG_ARRAY_SIZE(levels); i++) {
		bool wanted = name == NULL || strcmp(levels[i].decoders.name, name) == 0;
		if (wanted && is_here(&levels[i]))
			best = &levels[i].decoders;
		else if (wanted && name != NULL) {
			jg_error_set(err, "this CPU lacks what simd level '%s' needs", name);
			return NULL;
		}
	}
	if (best == NULL)
		jg_error_set(err,
			"simd level '%.32s' is unknown; expected portable, avx2 or avx512", name);
	return best;
}

const struct jg_decoders *jg_decoders_next(const struct jg_decoders *after)
{
	size_t i = 0;
	while (after != NULL && &levels[i].decoders != after)
		i++;
	for (i += after != NULL; i < JG_ARRAY_SIZE(levels); i++)
		if (is_here(&levels[i]))
			return &levels[i].decoders;
	return NULL;
}
