// SPDX-License-Identifier: BSD-3-Clause
// Strict base64 at every level of the CPU: one spelling, one outcome, and back again.
#include "simd/decoders.h"

#include <assert.h>
#include <stdlib.h>

static void *memory(size_t n)
{
	void *p = malloc(n > 0 ? n : 1);
	if (p == NULL)
		abort();
	return p;
}

static void check_decode(const struct jg_decoders *level, struct jg_str text)
{
	uint8_t *out = memory(JG_BASE64_DECODED(text.len));
	uint8_t *expected = memory(JG_BASE64_DECODED(text.len));
	char *again = memory(text.len);
	int n = level->base64_decode(text, out);
	assert(n == jg_base64_decode(text, expected));
	if (n >= 0) {
		assert(memcmp(out, expected, (size_t)n) == 0);
		assert(level->base64_encode(out, (size_t)n, again) == text.len);
		assert(memcmp(again, text.p, text.len) == 0);
	}
	free(out);
	free(expected);
	free(again);
}

static void check_encode(const struct jg_decoders *level, const uint8_t *bytes, size_t n)
{
	char *text = memory(JG_BASE64_ENCODED(n));
	char *expected = memory(JG_BASE64_ENCODED(n));
	size_t len = level->base64url_encode(bytes, n, text);
	assert(len == jg_base64url_encode(bytes, n, expected) && memcmp(text, expected, len) == 0);
	len = level->base64_encode(bytes, n, text);
	assert(len == JG_BASE64_ENCODED(n));
	check_decode(level, (struct jg_str){text, (uint32_t)len});
	free(text);
	free(expected);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	for (const struct jg_decoders *v = NULL; (v = jg_decoders_next(v)) != NULL;) {
		check_decode(v, (struct jg_str){(const char *)data, (uint32_t)size});
		check_encode(v, data, size);
	}
	return 0;
}
