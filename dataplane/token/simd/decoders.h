// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** What a token's text is decoded and encoded with: one table per instruction set, all of the same behaviour.
 * Portable code is the truth; every other row must agree with it on every input. */

#include "base64.h"
#include "json_index.h"
#include "shape.h"
#include "text.h"

#include <joingate/types.h>

struct jg_decoders {
	const char *name; /**< "portable", "avx2", "avx512" */
	jg_text_decode_fn *text;
	jg_jwt_decode_fn *jwt;
	jg_utf8_valid_fn *utf8_valid;
	jg_shape_fit_fn *fit;
	jg_text_list_fn *list; /**< NULL: texts are never left marked */
	jg_shape_read_fn *shape_read; /**< of marked texts, where there are some; NULL: none */
	jg_base64_decode_fn *base64_decode;
	jg_base64_encode_fn *base64_encode;
	jg_base64_encode_fn *base64url_encode;
	jg_json_index_fn *json_index;
};

/** The levels this CPU has, the portable one first; NULL begins and ends the walk. */
const struct jg_decoders *jg_decoders_next(const struct jg_decoders *after);

/** The row of this name, or the best this CPU has for NULL; NULL with err filled in when the name is
 * unknown or the CPU lacks it. */
const struct jg_decoders *jg_decoders_select(const char *name, struct jg_error *err);
