// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** Base64url, portable: the reference of text.h's variants, and as Stream's development tokens write
 * it. */

#include <stddef.h>
#include <stdint.h>

/** Bytes that n characters without padding decode to, at most. */
#define JG_BASE64URL_DECODED(n) ((n) / 4 * 3 + 2)

/**
 * Either alphabet, padding optional but right where it stands, spare bits zero. For development
 * tokens only: no signature hangs on their spelling.
 *
 * @param out JG_BASE64URL_DECODED(n) bytes
 * @return bytes written, or -1
 */
int jg_base64_decode_lenient(const char *text, size_t n, uint8_t *out);

/**
 * Strict base64url without padding (RFC 7515 section 2, RFC 4648 section 3.5: spare bits are zero).
 *
 * @param out JG_BASE64URL_DECODED(n) bytes
 * @return bytes written, or -1: a foreign character, an impossible length, spare bits
 */
int jg_base64url_decode(const char *text, size_t n, uint8_t *out);
