// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** What a token's text is decoded with: one table per instruction set, all of the same behaviour.
 * Portable code is the truth; every other row must agree with it on every input. */

#include <joingate/types.h>

#include <stdbool.h>
#include <stddef.h>

struct jg_decoders {
	const char *name; /**< "portable", "avx2", "avx512" */
	/**
	 * Strict base64url without padding (RFC 7515 section 2, RFC 4648 section 3.5: spare bits are
	 * zero).
	 *
	 * @param out n / 4 * 3 + 2 bytes, and JG_SCRATCH_SLACK more that may be overwritten
	 * @return bytes written, or -1: a foreign character, an impossible length, spare bits
	 */
	int (*base64url)(const char *text, size_t n, uint8_t *out);
};

int jg_base64url_portable(const char *text, size_t n, uint8_t *out);

/** The row of this name, or the best this CPU has for NULL; NULL with err filled in when the name is
 * unknown or the CPU lacks it. */
const struct jg_decoders *jg_decoders_select(const char *name, struct jg_error *err);
