// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** One line of requests, as `verify` and `ask` read it. */

#include "internal/config.h"

#include <joingate/verify.h>

#include <jansson.h>

struct request_line {
	struct jg_request request; /**< borrows from json */
	int64_t now; /**< JG_TIME_NONE: not given */
	json_t *json;
};

/**
 * Any JSON text of one line; unpaired surrogates count as U+FFFD. Duplicate names and a name that
 * is not in the list, NULL at its end, are refused. NULL with err.
 */
JG_MUST_CHECK json_t *line_parse(
	char *line, size_t len, const char *const *names, struct jg_error *err);

/** A member's text; p == NULL when it is absent or null. False with err when it is none. */
JG_MUST_CHECK bool line_text(
	const json_t *json, const char *name, struct jg_str *text, struct jg_error *err);
/** A member's whole number; left as it is when absent. *is_null may be NULL: null is as absent. */
JG_MUST_CHECK bool line_number(
	const json_t *json, const char *name, int64_t *number, bool *is_null, struct jg_error *err);

/**
 * Parse a request. The line is written to.
 *
 * @param config where the vendor of an app is looked up; NULL: livekit unless given
 * @return false with err: "unknown field \"tokn\"; ..."
 */
JG_MUST_CHECK bool request_parse(struct request_line *parsed, char *line, size_t len,
	const struct jg_config *config, struct jg_error *err);
void request_fini(struct request_line *parsed);

/** The vendor of an app in a configuration, livekit when it is not there. */
unsigned request_vendor(const struct jg_config *config, struct jg_str app);
