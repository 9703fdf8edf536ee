// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** Records that leave the machine: AES-256-GCM under the fleet key, bound to path and generation. */

#include "internal/base.h"

#include <jansson.h>

struct jg_seal;

/** @param secret content of the fleet key file, 32 bytes or more */
JG_MUST_CHECK struct jg_seal *jg_seal_new(struct jg_str secret, struct jg_error *err);
void jg_seal_free(struct jg_seal *seal);

/** {"generation": N, "sealed": "base64"}; NULL: out of memory or no randomness. */
JG_MUST_CHECK char *jg_seal_text(
	const struct jg_seal *seal, const char *path, int64_t generation, struct jg_str text);

/** The other way: false when it was not sealed with this key for this path and the generation that it
 * says. The text is NUL-terminated; free with jg_locked_free(). */
JG_MUST_CHECK bool jg_seal_open(const struct jg_seal *seal, const char *path, struct jg_str sealed,
	int64_t *generation, char **text);

/** Base64 with padding; free with jg_locked_free(). */
JG_MUST_CHECK char *jg_base64(const void *bytes, size_t len);
/** NULL when it is none. */
JG_MUST_CHECK char *jg_unbase64(struct jg_str text, size_t *len);
