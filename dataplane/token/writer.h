// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** A bounded writer of text and bytes for the minter. What does not fit is left out and remembered. */

#include "base64.h"
#include "put.h"

struct jg_writer {
	char *p;
	size_t at;
	size_t size;
	bool full;
};

/** Inline, as put.h is and for the same reason. */
static inline void jg_write_bytes(struct jg_writer *w, const void *bytes, size_t n)
{
	if (w->full || n > w->size - w->at) {
		w->full = true;
		return;
	}
	(void)jg_put_bytes(w->p + w->at, bytes, n);
	w->at += n;
}

static inline void jg_write_str(struct jg_writer *w, struct jg_str text)
{
	jg_write_bytes(w, text.p, text.len);
}

/** A NUL-terminated constant. */
static inline void jg_write_text(struct jg_writer *w, const char *text)
{
	jg_write_bytes(w, text, strlen(text));
}

static inline void jg_write_u16le(struct jg_writer *w, uint16_t value)
{
	jg_write_bytes(w, &value, sizeof(value));
}

static inline void jg_write_u32le(struct jg_writer *w, uint32_t value)
{
	jg_write_bytes(w, &value, sizeof(value));
}

void jg_write_int(struct jg_writer *w, int64_t value);
/** A JSON string with its quotes; the text is valid UTF-8. */
void jg_write_json(struct jg_writer *w, struct jg_str text);
/** Percent-escaped as encodeURIComponent() does it. */
void jg_write_escaped(struct jg_writer *w, struct jg_str text);
void jg_write_hex(struct jg_writer *w, const uint8_t *bytes, size_t n);
/** A 16-bit length and the text. */
void jg_write_str16le(struct jg_writer *w, struct jg_str text);
/** Padded base64 by this encoder. */
void jg_write_base64(struct jg_writer *w, jg_base64_encode_fn *encode, const void *bytes, size_t n);
