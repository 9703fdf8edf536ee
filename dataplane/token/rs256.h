// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** RS256: RSASSA-PKCS1-v1_5 with SHA-256 (RFC 7518 section 3.3). OpenSSL is seen by rs256.c alone. */

#include "internal/base.h"

#include <joingate/types.h>

struct evp_pkey_st;

#define JG_RS256_BITS_MIN 2048
#define JG_RS256_BITS_MAX 16384
/** Bytes of a signature, at most. */
#define JG_RS256_SIGNATURE_MAX (JG_RS256_BITS_MAX / 8)

/** Read a PEM key: RSA of 2048 to 16384 bits, not encrypted. NULL with err filled in: neither the
 * text nor any part of it is repeated there. Free with jg_rs256_free(). */
JG_MUST_CHECK struct evp_pkey_st *jg_rs256_public(struct jg_str pem, struct jg_error *err);
JG_MUST_CHECK struct evp_pkey_st *jg_rs256_private(struct jg_str pem, struct jg_error *err);
void jg_rs256_free(struct evp_pkey_st *key);

/** One more owner of the key (a private key verifies, too). */
struct evp_pkey_st *jg_rs256_share(struct evp_pkey_st *key);

/** Do both have the same modulus and exponent? */
bool jg_rs256_same(const struct evp_pkey_st *a, const struct evp_pkey_st *b);

/** Bytes of this key's signatures. */
size_t jg_rs256_size(const struct evp_pkey_st *key);

/** Did the key's owner sign the message? Any thread; OpenSSL may allocate. */
JG_MUST_CHECK bool jg_rs256_verify(
	struct evp_pkey_st *public_key, struct jg_str message, struct jg_str signature);

/** Sign. @param[out] signature room for jg_rs256_size() bytes. False when OpenSSL fails. */
JG_MUST_CHECK bool jg_rs256_sign(
	struct evp_pkey_st *private_key, struct jg_str message, uint8_t *signature);
