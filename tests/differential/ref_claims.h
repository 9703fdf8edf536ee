// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** Reading claims: the reference's own helpers. */

#include "ref.h"

struct ref_flag {
	const char *name;
	uint64_t bits;
};

/** A known claim of that type (JSON_TRUE: either boolean), NULL when absent; another type is bad_claim. */
const json_t *ref_claim(struct ref_case *c, const json_t *object, const char *name, json_type type);
const char *ref_string_claim(struct ref_case *c, const json_t *object, const char *name);
/** A time in whole seconds; NULL when absent or none. */
const int64_t *ref_time_claim(struct ref_case *c, const char *name, int64_t *out);
/** A required claim is not there, or is null. */
void ref_missing(struct ref_case *c, const char *name);
