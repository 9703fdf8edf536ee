// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/**
 * What the gate has to say to operators: one line each on stderr, as text or as a JSON object
 * (docs/logs.md). Never a token, a secret, an identity or a room. Any thread; never waits: a line that
 * stderr does not take at once is lost, and counted.
 */

#include "internal/base.h"

/** X(SYMBOL, "name"), the worst first, in the order of log.level's words. */
#define JG_LOG_LEVELS(X)      \
	X(ERROR, "error")     \
	X(WARNING, "warning") \
	X(INFO, "info")

enum jg_log_level {
#define X(symbol, name) JG_LOG_##symbol,
	JG_LOG_LEVELS(X)
#undef X
};

/** In the order of log.format's words. */
enum jg_log_format {
	JG_LOG_TEXT,
	JG_LOG_JSON,
};

/** A member of a line; names are static. */
struct jg_log_field {
	const char *name;
	struct jg_str text; /**< p == NULL: the number counts */
	int64_t number;
};

/** From now on; text and info before that. */
void jg_log_set(enum jg_log_format format, enum jg_log_level level);

/** @param event what happened, one word of docs/logs.md */
JG_COLD JG_PRINTF(3, 4) void jg_log(
	enum jg_log_level level, const char *event, const char *format, ...);

/** The same with members; text has them behind the sentence as name=value. */
JG_COLD void jg_log_fields(enum jg_log_level level, const char *event, const char *sentence,
	const struct jg_log_field *fields, unsigned fields_n);

/** Lines that were lost so far. */
uint64_t jg_log_lost(void);
