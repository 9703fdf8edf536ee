// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/**
 * Claims that a caller of the minter hands over as JSON. They mostly come from one template, so that
 * they differ from those before in some strings only: then nothing has to be parsed again. What is
 * remembered changes no outcome, only how soon it is known.
 */

#include "scan.h"

struct jg_decoders;
struct jg_own_claims;

/** One thread's reader for the members of this schema's top level. NULL: no memory. */
JG_MUST_CHECK struct jg_own_claims *jg_own_claims_new(
	const struct jg_json_schema *schema, const struct jg_decoders *decoders);
void jg_own_claims_free(struct jg_own_claims *own);

/**
 * Read one text of 1..JG_JSON_TEXT_MAX bytes.
 *
 * @param json, scratch for the texts that only the reader of all JSON can judge
 * @param[in,out] claims text and len are given; present is filled in, the rest is undefined
 * @return false: not one strict JSON object
 */
JG_MUST_CHECK bool jg_own_claims_read(struct jg_own_claims *own, struct jg_json *json,
	struct jg_scratch *scratch, struct jg_claims *claims);
