// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <joingate/types.h>

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "words of text are read as they stand");

#define JG_PRINTF(fmt, first) __attribute__((__format__(__printf__, fmt, first)))
#define JG_COLD __attribute__((cold, noinline))
#define JG_CACHE_LINE 64
#define JG_ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))
/** A string literal as jg_str: an expression, and for static tables. */
#define JG_STR(literal) ((struct jg_str)JG_STR_INIT(literal))
#define JG_STR_INIT(literal)                               \
	{                                                  \
		(literal), (uint32_t)(sizeof(literal) - 1) \
	}

/** Equal bytes, lengths included; not for secrets. */
static inline bool jg_str_eq(struct jg_str a, struct jg_str b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.p, b.p, a.len) == 0);
}

/** Constant-time compare of n bytes: the only way to compare a MAC or a secret. Inlined: for a burst of
 * MACs the call cost as much as the comparing. */
static inline bool jg_memeq_ct(const void *a, const void *b, size_t n)
{
	const unsigned char *x = (const unsigned char *)a, *y = (const unsigned char *)b;
	uint64_t differ = 0;
	for (; n >= sizeof(differ); n -= sizeof(differ), x += sizeof(differ), y += sizeof(differ)) {
		uint64_t p, q;
		memcpy(&p, x, sizeof(p));
		memcpy(&q, y, sizeof(q));
		differ |= p ^ q;
		// The compiler must not find out that it could stop here.
		__asm__ volatile("" : "+r"(differ));
	}
	for (size_t i = 0; i < n; i++) {
		differ |= (uint64_t)(x[i] ^ y[i]);
		__asm__ volatile("" : "+r"(differ));
	}
	return differ == 0;
}

/** Sixteen bytes of anything, wherever they stand. */
typedef uint64_t jg_words16 __attribute__((vector_size(16), aligned(1), may_alias));

/** Are n bytes the same, n > 0? Inlined, for short texts: eight at a time, the last ones overlap. */
static inline bool jg_same_bytes(const char *a, const char *b, uint32_t n)
{
	uint64_t x, y, differ = 0;
	if (n < sizeof(x)) {
		for (uint32_t i = 0; i < n; i++)
			differ |= (uint64_t)(a[i] ^ b[i]);
		return differ == 0;
	}
	for (uint32_t at = 0; at < n; at += sizeof(x)) {
		uint32_t from = at + 8 <= n ? at : n - 8;
		memcpy(&x, a + from, sizeof(x));
		memcpy(&y, b + from, sizeof(y));
		differ |= x ^ y;
	}
	return differ == 0;
}

/** Fill in an error, cut to fit. */
JG_COLD JG_PRINTF(2, 3) void jg_error_set(struct jg_error *err, const char *format, ...);
