// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** A run's outcome as JSON, the one form that reports and comparisons read, and as CSV. */

#include "measure.h"
#include "options.h"

#include <jansson.h>

#define RESULT_SCHEMA "joingate-load/1"

struct result_parts {
	const struct options *options;
	const struct target *target;
	const char *way; // how it was reached
	const struct pool *pool;
	const struct generator *generator;
	const struct outcome *outcome;
	json_t *environment; // borrowed
	json_t *steps; // borrowed; NULL: none
	int64_t started; // seconds since 1970
	int status; // exit status
};

/** NULL when memory ran out. */
json_t *result_build(const struct result_parts *parts);

/** Write text to a file; "-" is standard output. False with err. */
JG_MUST_CHECK bool result_write(const json_t *result, const char *path, struct jg_error *err);
JG_MUST_CHECK bool result_write_csv(const json_t *result, const char *path, struct jg_error *err);

/** Read one, of this schema. NULL with err. */
JG_MUST_CHECK json_t *result_read(const char *path, struct jg_error *err);

/** A number by path: "totals.sent"; 0 when it is not there. */
double result_number(const json_t *result, const char *path);
/** A text by path; "" when it is not there. */
const char *result_text(const json_t *result, const char *path);
