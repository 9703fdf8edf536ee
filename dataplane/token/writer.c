// SPDX-License-Identifier: BSD-3-Clause
#include "writer.h"

#include "put.h"

static const char digits[] = "0123456789abcdef";

void jg_write_bytes(struct jg_writer *w, const void *bytes, size_t n)
{
	if (w->full || n > w->size - w->at) {
		w->full = true;
		return;
	}
	if (n > 0)
		memcpy(w->p + w->at, bytes, n);
	w->at += n;
}

void jg_write_str(struct jg_writer *w, struct jg_str text)
{
	jg_write_bytes(w, text.p, text.len);
}

void jg_write_text(struct jg_writer *w, const char *text)
{
	jg_write_bytes(w, text, strlen(text));
}

void jg_write_int(struct jg_writer *w, int64_t value)
{
	char text[20];
	size_t at = sizeof(text);
	uint64_t left = value < 0 ? -(uint64_t)value : (uint64_t)value;
	do
		text[--at] = (char)('0' + left % 10);
	while ((left /= 10) > 0);
	if (value < 0)
		text[--at] = '-';
	jg_write_bytes(w, text + at, sizeof(text) - at);
}

void jg_write_json(struct jg_writer *w, struct jg_str text)
{
	if (w->full || jg_json_length(text) > w->size - w->at) {
		w->full = true;
		return;
	}
	w->at = (size_t)(jg_put_json(w->p + w->at, text) - w->p);
}

void jg_write_escaped(struct jg_writer *w, struct jg_str text)
{
	for (uint32_t i = 0; i < text.len; i++) {
		uint8_t c = (uint8_t)text.p[i];
		bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			(c >= '0' && c <= '9') || (c != 0 && strchr("-_.!~*'()", c) != NULL);
		char escape[3] = {'%', digits[c >> 4], digits[c & 15]};
		if (!plain) // the SDKs write hex digits in upper case
			for (unsigned j = 1; j < 3; j++)
				escape[j] = (char)(escape[j] >= 'a' ? escape[j] - 32 : escape[j]);
		jg_write_bytes(w, plain ? text.p + i : escape, plain ? 1 : sizeof(escape));
	}
}

void jg_write_hex(struct jg_writer *w, const uint8_t *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char text[2] = {digits[bytes[i] >> 4], digits[bytes[i] & 15]};
		jg_write_bytes(w, text, sizeof(text));
	}
}

void jg_write_u16le(struct jg_writer *w, uint16_t value)
{
	uint8_t bytes[2] = {(uint8_t)value, (uint8_t)(value >> 8)};
	jg_write_bytes(w, bytes, sizeof(bytes));
}

void jg_write_u32le(struct jg_writer *w, uint32_t value)
{
	jg_write_u16le(w, (uint16_t)value);
	jg_write_u16le(w, (uint16_t)(value >> 16));
}

void jg_write_str16le(struct jg_writer *w, struct jg_str text)
{
	if (text.len > UINT16_MAX) {
		w->full = true;
		return;
	}
	jg_write_u16le(w, (uint16_t)text.len);
	jg_write_str(w, text);
}

void jg_write_base64(struct jg_writer *w, jg_base64_encode_fn *encode, const void *bytes, size_t n)
{
	if (w->full || JG_BASE64_ENCODED(n) > w->size - w->at) {
		w->full = true;
		return;
	}
	w->at += encode(bytes, n, w->p + w->at);
}
