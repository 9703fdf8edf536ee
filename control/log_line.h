// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** Lines of the log as bytes. */

#include "log.h"

/** What a pipe takes as a whole, so that lines of several threads do not mix. */
#define JG_LOG_LINE_MAX 4096

struct jg_log_entry {
	enum jg_log_level level;
	const char *event;
	const char *sentence;
	int64_t time_ms; /**< since the Unix epoch; JSON only */
	const struct jg_log_field *fields;
	unsigned fields_n;
};

/** @return bytes written, the line's end included; too long a line is cut, and stays well-formed */
size_t jg_log_line(enum jg_log_format format, const struct jg_log_entry *entry,
	char out[static JG_LOG_LINE_MAX]);
