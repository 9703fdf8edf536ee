// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/**
 * A bounded reader of hostile bytes. Failure sticks: read on, and ask once at the end. What is read
 * past the end is zero or NULL.
 */

#include "internal/base.h"

#include <stdint.h>

struct jg_cursor {
	const uint8_t *p;
	size_t left;
	bool failed;
};

static inline struct jg_cursor jg_cursor_of(const void *p, size_t n)
{
	return (struct jg_cursor){.p = p, .left = n};
}

/** The next n bytes, or NULL when fewer are left. */
static inline const uint8_t *jg_cursor_take(struct jg_cursor *c, size_t n)
{
	const uint8_t *p = c->p;
	if (c->failed || n > c->left)
		return c->failed = true, (const uint8_t *)NULL;
	c->p += n, c->left -= n;
	return p;
}

static inline uint16_t jg_cursor_u16le(struct jg_cursor *c)
{
	const uint8_t *p = jg_cursor_take(c, 2);
	return p == NULL ? (uint16_t)0 : (uint16_t)(p[0] | (unsigned)p[1] << 8);
}

static inline uint32_t jg_cursor_u32le(struct jg_cursor *c)
{
	const uint8_t *p = jg_cursor_take(c, 4);
	return p == NULL ? 0
			 : p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

/** Bytes behind a 16-bit length; p == NULL when they are not all there. */
static inline struct jg_str jg_cursor_str16le(struct jg_cursor *c)
{
	uint16_t n = jg_cursor_u16le(c);
	const uint8_t *p = jg_cursor_take(c, n);
	return (struct jg_str){(const char *)p, p == NULL ? 0 : n};
}

/** Everything was there and nothing is left over. */
static inline bool jg_cursor_done(const struct jg_cursor *c)
{
	return !c->failed && c->left == 0;
}
