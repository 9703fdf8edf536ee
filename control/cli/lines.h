// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** Lines of a descriptor, in batches that end when the input pauses. */

#include "internal/base.h"

/** Bytes of a line, at most: 70 000 characters spelled \u0000 fit well. */
#define LINE_MAX_BYTES ((size_t)4 << 20)

struct lines {
	int fd;
	char *buffer;
	size_t room;
	size_t start; /**< of what has not been handed out */
	size_t scanned; /**< no line end before this */
	size_t end;
	uint64_t number; /**< of the last line handed out, from 1 */
	bool at_end;
};

enum line_status {
	LINE_READY,
	LINE_PAUSE, /**< nothing whole is there yet; only without wait */
	LINE_END,
	LINE_TOO_LONG,
	LINE_FAILED, /**< errno */
};

void lines_init(struct lines *lines, int fd);
void lines_fini(struct lines *lines);

/**
 * The next line, without its end. It stands in the buffer, writable, until the next call.
 *
 * @param wait wait for input; else what is there at once
 */
JG_MUST_CHECK enum line_status lines_next(struct lines *lines, bool wait, char **line, size_t *len);

/** The same with words for what went wrong: READY, PAUSE, END, or FAILED for all that ends a run. */
JG_MUST_CHECK enum line_status lines_take(
	struct lines *lines, bool wait, char **line, size_t *len, struct jg_error *err);
