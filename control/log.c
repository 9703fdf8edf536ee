// SPDX-License-Identifier: BSD-3-Clause
#include "log.h"

#include "log_line.h"

#include <poll.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

static atomic_uint chosen_format = JG_LOG_TEXT;
static atomic_uint chosen_level = JG_LOG_INFO;
static _Atomic uint64_t lost;

void jg_log_set(enum jg_log_format format, enum jg_log_level level)
{
	atomic_store(&chosen_format, format);
	atomic_store(&chosen_level, level);
}

uint64_t jg_log_lost(void)
{
	return atomic_load(&lost);
}

// A pipe that says it is writable takes this many bytes without blocking, and as a whole.
static bool emit(const char *line, size_t len)
{
	struct pollfd fd = {.fd = STDERR_FILENO, .events = POLLOUT};
	return poll(&fd, 1, 0) == 1 && (fd.revents & POLLOUT) != 0 &&
		write(STDERR_FILENO, line, len) == (ssize_t)len;
}

void jg_log_fields(enum jg_log_level level, const char *event, const char *sentence,
	const struct jg_log_field *fields, unsigned fields_n)
{
	char line[JG_LOG_LINE_MAX];
	struct timespec now;
	if (level > atomic_load(&chosen_level))
		return;
	(void)clock_gettime(CLOCK_REALTIME, &now);
	const struct jg_log_entry entry = {.level = level,
		.event = event,
		.sentence = sentence,
		.time_ms = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000,
		.fields = fields,
		.fields_n = fields_n};
	size_t len = jg_log_line((enum jg_log_format)atomic_load(&chosen_format), &entry, line);
	if (!emit(line, len))
		atomic_fetch_add(&lost, 1);
}

void jg_log(enum jg_log_level level, const char *event, const char *format, ...)
{
	char sentence[1024];
	va_list args;
	va_start(args, format);
	(void)vsnprintf(sentence, sizeof(sentence), format, args);
	va_end(args);
	jg_log_fields(level, event, sentence, NULL, 0);
}
