// SPDX-License-Identifier: BSD-3-Clause
#include "internal/base.h"

#include <stdarg.h>
#include <stdio.h>

bool jg_memeq_ct(const void *a, const void *b, size_t n)
{
	const unsigned char *x = a;
	const unsigned char *y = b;
	uint64_t differ = 0;
	for (; n >= sizeof(uint64_t); n -= sizeof(uint64_t)) {
		uint64_t p, q;
		memcpy(&p, x, sizeof(p));
		memcpy(&q, y, sizeof(q));
		differ |= p ^ q;
		// The compiler must not find out that it could stop here.
		__asm__ volatile("" : "+r"(differ));
		x += sizeof(p);
		y += sizeof(q);
	}
	for (size_t i = 0; i < n; i++) {
		differ |= (uint64_t)(x[i] ^ y[i]);
		__asm__ volatile("" : "+r"(differ));
	}
	return differ == 0;
}

void jg_error_set(struct jg_error *err, const char *format, ...)
{
	if (err == NULL)
		return;
	va_list args;
	va_start(args, format);
	(void)vsnprintf(err->text, sizeof(err->text), format, args);
	va_end(args);
}
