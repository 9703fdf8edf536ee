// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <stdint.h>

#define JG_API __attribute__((visibility("default")))
#define JG_MUST_CHECK __attribute__((warn_unused_result))

/**
 * Bytes that somebody else owns. p == NULL: absent; p != NULL with len == 0: present and empty.
 * Never NUL-terminated; text is UTF-8.
 */
struct jg_str {
	const char *p;
	uint32_t len;
};

/** One sentence for people: what was wrong, where, what was expected. Always NUL-terminated. */
struct jg_error {
	char text[512];
};
