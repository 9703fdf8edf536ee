// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** Token vectors as data: tests/vectors/<file>.jsonl, one JSON object a line. */

#include <joingate/snapshot.h>
#include <joingate/verify.h>

#include <jansson.h>

/** A vector, ready to be judged. Its strings live in the line. */
struct vector {
	json_t *line;
	const char *name;
	struct jg_request request;
	struct jg_snapshot *snapshot;
	struct jg_cut_offs *cut_offs;
	int64_t now;
};

/** All vectors of a file of $JG_VECTORS, as an array; the test ends when one cannot be read. */
json_t *vectors_load(const char *file);

/** Request, snapshot and cut-offs of a line, which stays the caller's. */
struct vector vector_of(json_t *line);
void vector_fini(struct vector *v);

/** What differs from the line's expectation; NULL: nothing. Lives until the next call. */
const char *vector_compare(const struct vector *v, const struct jg_verdict *verdict);
