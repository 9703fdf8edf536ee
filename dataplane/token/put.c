// SPDX-License-Identifier: BSD-3-Clause
#include "put.h"

// Bytes of a character in a JSON string: 2 and 6 are escapes.
static unsigned width(uint8_t c)
{
	if (c == '"' || c == '\\' || c == '\n' || c == '\r' || c == '\t')
		return 2;
	return c < 0x20 ? 6 : 1;
}

size_t jg_json_length(struct jg_str text)
{
	size_t n = 2;
	for (uint32_t i = 0; i < text.len; i++)
		n += width((uint8_t)text.p[i]);
	return n;
}

static char *put_escape(char *at, uint8_t c)
{
	static const char digits[] = "0123456789abcdef";
	const char text[6] = {'\\', 'u', '0', '0', digits[c >> 4], digits[c & 15]};
	unsigned n = width(c);
	memcpy(at, text, n);
	if (n == 2)
		at[1] = c == '\n' ? 'n' : c == '\r' ? 'r' : c == '\t' ? 't' : (char)c;
	return at + n;
}

unsigned jg_odd_text_traits(struct jg_str text)
{
	unsigned traits = 0;
	for (uint32_t i = 0; i < text.len; i++) {
		uint8_t c = (uint8_t)text.p[i];
		traits |= width(c) > 1 ? JG_TEXT_QUOTED : 0u;
		traits |= c > 0x7f ? JG_TEXT_WIDE : 0u;
	}
	return traits;
}

char *jg_put_json(char *at, struct jg_str text)
{
	*at++ = '"';
	for (uint32_t i = 0; i < text.len; i++) {
		uint8_t c = (uint8_t)text.p[i];
		if (width(c) > 1)
			at = put_escape(at, c);
		else
			*at++ = text.p[i];
	}
	*at++ = '"';
	return at;
}
