// SPDX-License-Identifier: BSD-3-Clause
// Strict base64url: what is accepted has one spelling, and the lenient reader agrees with it.
#include "base64.h"
#include "base64url.h"

#include <assert.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *strict = malloc(JG_BASE64URL_DECODED(size) + 64);
	uint8_t *lenient = malloc(JG_BASE64URL_DECODED(size));
	char *again = malloc(JG_BASE64_ENCODED(size) + 4);
	if (strict == NULL || lenient == NULL || again == NULL)
		abort();
	int n = jg_base64url_decode((const char *)data, size, strict);
	int m = jg_base64_decode_lenient((const char *)data, size, lenient);
	assert(n <= (int)JG_BASE64URL_DECODED(size) && m <= (int)JG_BASE64URL_DECODED(size));
	if (n >= 0) {
		assert(jg_base64url_encode(strict, (size_t)n, again) == size);
		assert(memcmp(again, data, size) == 0);
		assert(m == n && memcmp(strict, lenient, (size_t)n) == 0);
	}
	free(strict);
	free(lenient);
	free(again);
	return 0;
}
