// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** One verdict as one JSON object, in the order of fields that docs/json-lines.md promises. */

#include "text.h"

#include <joingate/verify.h>

/** The object without a line end. detail: NULL = jg_verdict_detail()'s words. */
void verdict_add(struct text *text, const struct jg_verdict *verdict, const char *detail);

/** Into the verdict just added, what few tokens have: ancestors of a refreshed one, RTM2 permissions. */
void verdict_add_rare(struct text *text, const struct jg_verdict *verdict);
/** ["join", "subscribe"] in bit order. */
void verdict_add_capabilities(struct text *text, uint64_t capabilities);
