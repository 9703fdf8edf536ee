// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** Text that grows, for JSON lines. Memory runs out at most once: failed stays set. */

#include "internal/base.h"

struct text {
	char *p;
	size_t len;
	size_t room;
	bool failed;
};

void text_fini(struct text *text);
void text_add(struct text *text, const char *p, size_t len);
JG_PRINTF(2, 3) void text_addf(struct text *text, const char *format, ...);
/** NUL-terminated text as it is. */
void text_adds(struct text *text, const char *s);
/** As a JSON string, quoted; bytes that are not UTF-8 become U+FFFD. */
void text_add_json(struct text *text, struct jg_str s);
/** Well-formed JSON as it is, except that what looks like a line's end or a terminal's control
 * character within its strings is escaped. */
void text_add_lines(struct text *text, const char *json, size_t len);
/** Write it all to a descriptor and start anew. False with errno set. */
JG_MUST_CHECK bool text_flush(struct text *text, int fd);
