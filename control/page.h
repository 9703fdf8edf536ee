// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** The files of the web page, embedded by control/page/embed.py. */

#include <stddef.h>

struct jg_page_file {
	const char *path;
	const char *type;
	const unsigned char *bytes;
	size_t len;
};

extern const struct jg_page_file jg_page_files[];
extern const size_t jg_page_files_n;
