// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** OpenTok's legacy token: "T1==" and base64 of "partner_id=...&sig=...:<urlencoded data string>". */

#include "base64.h"

#include <joingate/reason.h>

// clang-format off
/** Fields of the data string: X(SYMBOL, "name"). */
#define JG_T1_FIELDS(X) \
	X(SESSION_ID,  "session_id") \
	X(CREATE_TIME, "create_time") \
	X(EXPIRE_TIME, "expire_time") \
	X(ROLE,        "role") \
	X(DATA,        "connection_data") \
	X(LAYOUT,      "initial_layout_class_list") \
	X(SCOPE,       "scope") \
	X(ANCESTORS,   "jg_ancestors") /* joingate's own, of refreshed tokens */
// clang-format on

enum jg_t1_field {
#define X(symbol, name) JG_T1_##symbol,
	JG_T1_FIELDS(X)
#undef X
	JG_T1_FIELD_COUNT
};

/** Name of a field, for messages. */
const char *jg_t1_field_name(unsigned field);

/** Names in the prefix and in the data string, at most; more is malformed. */
#define JG_T1_NAMES_MAX 64

struct jg_t1 {
	struct jg_str partner_id; /**< len 0: absent */
	struct jg_str message; /**< the raw data string, which is what is signed */
	struct jg_str field[JG_T1_FIELD_COUNT]; /**< decoded, valid UTF-8; p == NULL: absent */
	uint8_t signature[20];
	bool signature_found; /**< false: sig is absent or not 40 lower-case hex digits */
};

/**
 * Take a T1 token apart as far as it is not signed. Every name of the prefix counts once; unknown
 * ones are ignored.
 *
 * @param scratch JG_BASE64_DECODED(token.len) bytes; t1 points into it
 * @return OK, MALFORMED (sentinel, colon, doubled names) or BAD_ENCODING
 */
JG_MUST_CHECK enum jg_reason jg_t1_parse(
	struct jg_str token, jg_base64_decode_fn *decode, uint8_t *scratch, struct jg_t1 *t1);

/**
 * Read the data string, once its signature held. Every name counts once, unescaped; unknown ones are
 * ignored.
 *
 * @param scratch t1->message.len bytes and one more; t1 points into it
 * @return false: bad or cut escapes, NUL, ill-formed UTF-8, a name twice, too many of them
 */
JG_MUST_CHECK bool jg_t1_parse_data(struct jg_t1 *t1, uint8_t *scratch);

/** Plain decimal digits up to 2^53; false when it is not that. */
JG_MUST_CHECK bool jg_t1_time(struct jg_str digits, int64_t *time);
