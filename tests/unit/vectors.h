// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** Test vectors as data: tests/vectors/<file>.jsonl, one JSON object a line (docs in generate.mjs). */

#include <joingate/snapshot.h>
#include <joingate/verify.h>

#include <jansson.h>

/** A vector, ready to be judged. */
struct vector {
	json_t *line;
	const char *name;
	struct jg_request request;
	struct jg_snapshot *snapshot;
	struct jg_cut_offs *cut_offs;
	int64_t now;
};

/** All vectors of one file of $JG_VECTORS. Aborts the test when a line cannot be read. */
json_t *vectors_load(const char *file);

/** Build request and snapshot. Borrows the line. */
struct vector vector_of(json_t *line);
void vector_fini(struct vector *v);

/** What differs from the line's expectation, or NULL. Static text, overwritten by the next call. */
const char *vector_compare(const struct vector *v, const struct jg_verdict *verdict);
