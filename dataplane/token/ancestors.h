// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/**
 * What a refreshed token descends from. The claim (JWT) or field (T1) "jg_ancestors" holds the ids of
 * all tokens before it, the first one first: base64url of 16 bytes each. A cut-off of any of them
 * refuses it too, so that refreshing a token does not save it from being revoked. Vendors' verifiers
 * ignore the claim, as they do every one they do not know; only the minter writes it.
 */

#include "stages.h"

#define JG_ANCESTOR_BYTES 16
/** So many times a token can be refreshed in a row: all ids stay in the token. */
#define JG_ANCESTORS_MAX 32
#define JG_ANCESTORS_CLAIM "jg_ancestors"

/** Read the claim into the verdict: bad_claim unless it is 1..JG_ANCESTORS_MAX ids. */
bool jg_ancestors_read(struct jg_burst *b, struct jg_record *r, struct jg_str text);

/** revoked, when one of the verdict's ancestors was. */
void jg_ancestors_judge(struct jg_burst *b, struct jg_record *r);

/** Characters of the encoded list, and room for what an encoder writes beyond it. */
#define JG_ANCESTORS_TEXT 768

/**
 * What a successor descends from, encoded: the token's ancestors and itself.
 *
 * @param out JG_ANCESTORS_TEXT bytes
 * @return characters; 0: it has too many ancestors to be refreshed once more
 */
uint32_t jg_ancestors_of_successor(const struct jg_verdict *verdict, char *out);
