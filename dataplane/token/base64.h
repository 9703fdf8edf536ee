// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** RFC 4648 section 4, strict (T1, Agora), and the encoders of the minter. The functions without a
 * suffix are the reference; a variant per instruction set in simd/ must agree with it. None of them
 * reads or writes a byte beyond what it is given. */

#include "internal/base.h"

#include <stdint.h>

/** Bytes that n characters of padded base64 can decode to, at most. */
#define JG_BASE64_DECODED(n) ((n) / 4 * 3)
/** Characters that n bytes need, padding included. */
#define JG_BASE64_ENCODED(n) (((n) + 2) / 3 * 4)

/**
 * Decode standard padded base64. Refuses what is not the one canonical spelling: foreign
 * characters (line breaks, the URL alphabet), padding that is missing, early or too long, spare bits.
 *
 * @param out JG_BASE64_DECODED(text.len) bytes
 * @return bytes written, or -1
 */
JG_MUST_CHECK int jg_base64_decode(struct jg_str text, uint8_t *out);

/** Standard alphabet with padding; out holds JG_BASE64_ENCODED(n). Returns characters written. */
size_t jg_base64_encode(const uint8_t *bytes, size_t n, char *out);

/** URL alphabet without padding (RFC 7515 section 2). Returns characters written. */
size_t jg_base64url_encode(const uint8_t *bytes, size_t n, char *out);

typedef int jg_base64_decode_fn(struct jg_str text, uint8_t *out);
typedef size_t jg_base64_encode_fn(const uint8_t *bytes, size_t n, char *out);

/** Characters of jg_base64_decode_any(), at most. */
#define JG_BASE64_ANY_MAX 256

/**
 * Either alphabet, padding optional but right where it stands, as jg_base64_decode_lenient(), by way of
 * a strict decoder.
 *
 * @param out JG_BASE64_DECODED(text.len + 3) bytes
 * @return bytes written, or -1; text beyond JG_BASE64_ANY_MAX is refused
 */
JG_MUST_CHECK int jg_base64_decode_any(
	jg_base64_decode_fn *decode, struct jg_str text, uint8_t *out);

jg_base64_decode_fn jg_base64_decode_avx2, jg_base64_decode_avx512;
jg_base64_encode_fn jg_base64_encode_avx2, jg_base64_encode_avx512;
jg_base64_encode_fn jg_base64url_encode_avx2, jg_base64url_encode_avx512;
