// SPDX-License-Identifier: BSD-3-Clause
// One line of requests, and a token to decode, as they come.
#include "decode.h"
#include "request.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct request_line parsed;
	struct decoded decoded;
	struct jg_error err = {""};
	struct text out = {0};
	struct jg_str token = {(const char *)data, (uint32_t)size};
	char *line = malloc(size > 0 ? size : 1);
	if (line == NULL)
		abort();
	memcpy(line, data, size);
	decode_token(token, &decoded, &out);
	if (request_parse(&parsed, line, size, NULL, &err)) {
		if (parsed.request.token.p == NULL || parsed.request.vendor == JG_VENDOR_NONE)
			abort();
		decode_token(parsed.request.token, &decoded, &out);
		request_fini(&parsed);
	} else if (err.text[0] == '\0') {
		abort();
	}
	text_fini(&out);
	free(line);
	return 0;
}
