// SPDX-License-Identifier: BSD-3-Clause
#include "internal/base.h"

#include <stdarg.h>
#include <stdio.h>

void jg_error_set(struct jg_error *err, const char *format, ...)
{
	if (err == NULL)
		return;
	va_list args;
	va_start(args, format);
	(void)vsnprintf(err->text, sizeof(err->text), format, args);
	va_end(args);
}
