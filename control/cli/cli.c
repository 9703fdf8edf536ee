// SPDX-License-Identifier: BSD-3-Clause
#include "cli.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

int cli_fail(const struct command *command, const char *format, ...)
{
	char text[1024];
	va_list args;
	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	// What is quoted may come from anywhere; a terminal obeys control characters.
	for (char *p = text; *p != '\0'; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			*p = '?';
	fprintf(stderr, "joingate %s: %s\n", command->name, text);
	return EXIT_BAD;
}

int cli_usage(const struct command *command)
{
	fprintf(stderr, "joingate %s --help says what it takes\n", command->name);
	return EXIT_BAD;
}

bool cli_number(const struct command *command, const char *option, const char *text, int64_t min,
	int64_t max, int64_t *number)
{
	char *end;
	errno = 0;
	long long value = strtoll(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0' || value < min || value > max) {
		(void)cli_fail(command, "%s is \"%.32s\"; expected %" PRId64 "..%" PRId64, option,
			text, min, max);
		return false;
	}
	*number = value;
	return true;
}

int64_t cli_now(void)
{
	return (int64_t)time(NULL);
}
