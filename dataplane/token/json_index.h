// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** The index of text.h for JSON that is not encoded: what scan.h needs to read a caller's claims. A
 * variant per instruction set in simd/; json_index.c is the portable one that they must agree with. */

#include "text.h"

/**
 * Copy a text and note its quotation marks.
 *
 * @param len  at most 65535
 * @param text bytes has room for len and JG_TEXT_SLACK, quotes for len and JG_TEXT_SLACK; all is
 *             filled in
 * @return false: there is a backslash, a control character or a byte above 0x7f in it; the index is of
 *         no use then
 */
typedef bool jg_json_index_fn(const uint8_t *in, size_t len, struct jg_text *text);

jg_json_index_fn jg_json_index_portable, jg_json_index_avx2, jg_json_index_avx512;
