// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/**
 * One pass over a base64url part of a JWT: strict decoding, and an index of the JSON text it holds.
 * A variant per instruction set in simd/; text.c is the portable one that they must agree with.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Bytes that a decoder may write, and a reader may read, beyond the decoded text. */
#define JG_TEXT_SLACK 64

enum jg_text_flag {
	JG_TEXT_BACKSLASH = 1 << 0, /**< there is a backslash somewhere */
	JG_TEXT_CONTROL = 1 << 1, /**< a byte below 0x20 */
	JG_TEXT_NON_ASCII = 1 << 2, /**< a byte above 0x7f */
	JG_TEXT_ESCAPE = 1 << 3, /**< after a backslash something else than one of "\/bfnrt */
	JG_TEXT_MARKED = 1 << 4, /**< marks are there, quotes are not yet: jg_decoders.list() */
};

struct jg_text {
	uint8_t *bytes; /**< in: room for the decoded text and JG_TEXT_SLACK; out: ends in a zero */
	uint16_t *quotes; /**< in: room for as many as there are bytes, and JG_TEXT_SLACK */
	/** In: NULL, or room for JG_TEXT_MARKS() of the text's bytes. Out: if flagged so, a bit for
	 * each byte that is a quotation mark of the index, and for the first one behind the text. */
	uint8_t *marks;
	uint32_t len; /**< out */
	uint32_t
		quotes_n; /**< out: quotation marks that no backslash escapes, ascending; len behind */
	uint32_t flags; /**< out: enum jg_text_flag */
};

/** What readers find behind the text and behind its index. Written by the decoders, a pass before the
 * readers: what has just been written in small pieces is slow to read in large ones. */
static inline void jg_text_close(struct jg_text *text)
{
	text->bytes[text->len] = 0;
	text->quotes[text->quotes_n] = (uint16_t)text->len;
}

#define JG_TEXT_MARKS(len) ((len) / 8 + 32)

/** False: a character outside the alphabet, padding, an impossible length or spare bits (RFC 4648
 * section 3.5). Reads in[0..len-1] only; len is at most 65535. */
typedef bool jg_text_decode_fn(const uint8_t *in, size_t len, struct jg_text *text);

#define JG_SIGNATURE_TEXT 43 /**< characters of an HMAC-SHA256 */
#define JG_SIGNATURE_BYTES 32

/** As above, and the signature, without an index, that stands behind the text and a dot. Where there
 * is room for marks, it may leave them in place of a list. */
typedef bool jg_jwt_decode_fn(const uint8_t *in, size_t len, struct jg_text *text,
	const uint8_t signature[JG_SIGNATURE_TEXT], uint8_t out[JG_SIGNATURE_BYTES]);

/** Lists the quotes of a text that is marked, and takes the flag away. Writes up to seven more. */
typedef void jg_text_list_fn(struct jg_text *text);

/** Is this well-formed UTF-8 (RFC 3629)? Reads up to JG_TEXT_SLACK bytes beyond, ignores them. */
typedef bool jg_utf8_valid_fn(const uint8_t *text, size_t len);

jg_text_decode_fn jg_text_decode_portable, jg_text_decode_avx2, jg_text_decode_avx512;
jg_jwt_decode_fn jg_jwt_decode_portable, jg_jwt_decode_avx2, jg_jwt_decode_avx512;
jg_text_list_fn jg_text_list_avx2;
jg_utf8_valid_fn jg_utf8_valid_portable, jg_utf8_valid_avx2;
