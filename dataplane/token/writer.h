// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** A bounded writer of text and bytes for the minter. What does not fit is left out and remembered. */

#include "base64.h"

struct jg_writer {
	char *p;
	size_t at;
	size_t size;
	bool full;
};

void jg_write_bytes(struct jg_writer *w, const void *bytes, size_t n);
void jg_write_str(struct jg_writer *w, struct jg_str text);
/** A NUL-terminated constant. */
void jg_write_text(struct jg_writer *w, const char *text);
void jg_write_int(struct jg_writer *w, int64_t value);
/** A JSON string with its quotes; the text is valid UTF-8. */
void jg_write_json(struct jg_writer *w, struct jg_str text);
/** Percent-escaped as encodeURIComponent() does it. */
void jg_write_escaped(struct jg_writer *w, struct jg_str text);
void jg_write_hex(struct jg_writer *w, const uint8_t *bytes, size_t n);
void jg_write_u16le(struct jg_writer *w, uint16_t value);
void jg_write_u32le(struct jg_writer *w, uint32_t value);
/** A 16-bit length and the text. */
void jg_write_str16le(struct jg_writer *w, struct jg_str text);
/** Padded base64 by this encoder. */
void jg_write_base64(struct jg_writer *w, jg_base64_encode_fn *encode, const void *bytes, size_t n);
