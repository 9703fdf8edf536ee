// SPDX-License-Identifier: BSD-3-Clause
// Splitting a compact JWT: the parts are the token again.
#include "split.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct jg_str token = {(const char *)data, (uint32_t)size};
	struct jg_parts parts;
	if (!jg_split(token, &parts))
		return 0;
	assert(parts.header.len > 0 && parts.payload.len > 0);
	assert(parts.header.len + 1 + parts.payload.len == parts.signed_text.len);
	assert(parts.signed_text.len + 1 + parts.signature.len == token.len);
	assert(parts.signature.p + parts.signature.len == token.p + token.len);
	assert(memchr(parts.signature.p, '.', parts.signature.len) == NULL);
	return 0;
}
