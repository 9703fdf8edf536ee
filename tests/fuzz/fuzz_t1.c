// SPDX-License-Identifier: BSD-3-Clause
// T1 tokens as they come, and the data string behind a good envelope.
#include "simd/decoders.h"
#include "t1.h"
#include "utf8.h"

#include <stdlib.h>

static void check_at(struct jg_str token, const struct jg_decoders *level)
{
	uint8_t *scratch = malloc(JG_BASE64_DECODED(token.len) + 1);
	uint8_t *fields = malloc(JG_BASE64_DECODED(token.len) + 1);
	struct jg_t1 t1;
	if (scratch == NULL || fields == NULL)
		abort();
	if (jg_t1_parse(token, level->base64_decode, scratch, &t1) == JG_REASON_OK &&
		jg_t1_parse_data(&t1, fields))
		for (unsigned i = 0; i < JG_T1_FIELD_COUNT; i++)
			if (!jg_utf8_valid(t1.field[i]))
				abort();
	free(fields);
	free(scratch);
}

static void check(struct jg_str token)
{
	for (const struct jg_decoders *v = NULL; (v = jg_decoders_next(v)) != NULL;)
		check_at(token, v);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check((struct jg_str){(const char *)data, (uint32_t)size});
	char *token = malloc(4 + JG_BASE64_ENCODED(size));
	if (token == NULL)
		abort();
	memcpy(token, "T1==", 4);
	size_t n = jg_base64_encode(data, size, token + 4);
	check((struct jg_str){token, (uint32_t)(4 + n)});
	free(token);
	return 0;
}
