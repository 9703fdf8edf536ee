// SPDX-License-Identifier: BSD-3-Clause
#include "log.h"

#include <stdarg.h>
#include <stdio.h>

void jg_log(const char *format, ...)
{
	char line[1024];
	va_list args;
	va_start(args, format);
	(void)vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	(void)fprintf(stderr, "joingated: %s\n", line);
}
