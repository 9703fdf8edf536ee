// SPDX-License-Identifier: BSD-3-Clause
// The portable reference of the JWT part decoder; the variants in simd/ must agree with it.
#include "text.h"

#include "base64url.h"
#include "utf8.h"

#include <string.h>

static void index_quotes(struct jg_text *text)
{
	bool escaped = false;
	text->quotes_n = 0;
	text->flags = 0;
	for (uint32_t i = 0; i < text->len; i++) {
		uint8_t c = text->bytes[i];
		if (c < 0x20)
			text->flags |= JG_TEXT_CONTROL;
		if (c > 0x7f)
			text->flags |= JG_TEXT_NON_ASCII;
		if (c == '\\')
			text->flags |= JG_TEXT_BACKSLASH;
		if (c == '"' && !escaped)
			text->quotes[text->quotes_n++] = (uint16_t)i;
		if (escaped && (c == 0 || strchr("\"\\/bfnrt", c) == NULL))
			text->flags |= JG_TEXT_ESCAPE;
		escaped = c == '\\' && !escaped;
	}
}

bool jg_text_decode_portable(const uint8_t *in, size_t len, struct jg_text *text)
{
	int n = jg_base64url_decode((const char *)in, len, text->bytes);
	if (n < 0)
		return false;
	text->len = (uint32_t)n;
	index_quotes(text);
	jg_text_close(text);
	return true;
}

bool jg_jwt_decode_portable(const uint8_t *in, size_t len, struct jg_text *text,
	const uint8_t signature[JG_SIGNATURE_TEXT], uint8_t out[JG_SIGNATURE_BYTES])
{
	return jg_base64url_decode((const char *)signature, JG_SIGNATURE_TEXT, out) ==
		JG_SIGNATURE_BYTES &&
		jg_text_decode_portable(in, len, text);
}

bool jg_utf8_valid_portable(const uint8_t *text, size_t len)
{
	return jg_utf8_valid((struct jg_str){(const char *)text, (uint32_t)len});
}
