// SPDX-License-Identifier: BSD-3-Clause
#include "cli.h"

#include <errno.h>
#include <getopt.h>
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

bool cli_config_and_now(const struct command *command, int argc, char **argv, const char **config,
	int64_t *now, bool *all)
{
	static const struct option options[] = {{"config", required_argument, NULL, 'c'},
		{"now", required_argument, NULL, 'n'}, {"all", no_argument, NULL, 'a'},
		{NULL, 0, NULL, 0}};
	bool good = true;
	for (int c; good && (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		if (c == 'c')
			*config = optarg;
		else if (c == 'a' && all != NULL)
			*all = true;
		else
			good = c == 'n' &&
				cli_number(command, "--now", optarg, 0, INT64_MAX / 2, now);
	}
	if (good && optind < argc) {
		(void)cli_fail(command, "\"%.64s\" is not an option", argv[optind]);
		good = false;
	}
	if (!good)
		(void)cli_usage(command);
	return good;
}

int64_t cli_now(void)
{
	return (int64_t)time(NULL);
}
