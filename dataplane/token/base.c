// SPDX-License-Identifier: BSD-3-Clause
#include "internal/base.h"

#include <stdarg.h>
#include <stdio.h>

bool jg_memeq_ct(const void *a, const void *b, size_t n)
{
	const volatile unsigned char *x = a;
	const volatile unsigned char *y = b;
	unsigned char differ = 0;
	for (size_t i = 0; i < n; i++)
		differ = (unsigned char)(differ | (x[i] ^ y[i]));
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
