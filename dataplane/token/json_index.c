// SPDX-License-Identifier: BSD-3-Clause
#include "json_index.h"

#include <string.h>

bool jg_json_index_portable(const uint8_t *in, size_t len, struct jg_text *text)
{
	bool plain = true;
	text->len = (uint32_t)len;
	text->quotes_n = 0;
	text->flags = 0;
	if (len > 0)
		memcpy(text->bytes, in, len);
	for (size_t i = 0; i < len; i++) {
		plain = plain && in[i] >= 0x20 && in[i] < 0x80 && in[i] != '\\';
		if (in[i] == '"')
			text->quotes[text->quotes_n++] = (uint16_t)i;
	}
	return plain;
}
