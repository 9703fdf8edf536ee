// SPDX-License-Identifier: BSD-3-Clause
#include "split.h"

bool jg_split(struct jg_str token, struct jg_parts *parts)
{
	const char *end = token.p + token.len;
	const char *first = token.len == 0 ? NULL : memchr(token.p, '.', token.len);
	if (first == NULL || first == token.p)
		return false;
	const char *second = memchr(first + 1, '.', (size_t)(end - first - 1));
	if (second == NULL || second == first + 1)
		return false;
	if (memchr(second + 1, '.', (size_t)(end - second - 1)) != NULL)
		return false;
	parts->header = (struct jg_str){token.p, (uint32_t)(first - token.p)};
	parts->payload = (struct jg_str){first + 1, (uint32_t)(second - first - 1)};
	parts->signature = (struct jg_str){second + 1, (uint32_t)(end - second - 1)};
	parts->signed_text = (struct jg_str){token.p, (uint32_t)(second - token.p)};
	return true;
}
