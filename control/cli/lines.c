// SPDX-License-Identifier: BSD-3-Clause
#include "lines.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

void lines_init(struct lines *lines, int fd)
{
	*lines = (struct lines){.fd = fd};
}

void lines_fini(struct lines *lines)
{
	if (lines->buffer != NULL)
		explicit_bzero(lines->buffer, lines->room);
	free(lines->buffer);
	*lines = (struct lines){.fd = -1};
}

static bool take(struct lines *lines, char **line, size_t *len)
{
	if (lines->buffer == NULL)
		return false;
	char *from = lines->buffer + lines->start;
	char *end = memchr(lines->buffer + lines->scanned, '\n', lines->end - lines->scanned);
	size_t skip = 1;
	lines->scanned = lines->end;
	if (end == NULL && lines->at_end && lines->end > lines->start) {
		end = lines->buffer + lines->end;
		skip = 0;
	}
	if (end == NULL)
		return false;
	*line = from;
	*len = (size_t)(end - from);
	lines->start += *len + skip;
	lines->scanned = lines->start;
	lines->number++;
	return true;
}

// Room for at least one more byte.
static bool make_room(struct lines *lines)
{
	if (lines->start > 0) {
		memmove(lines->buffer, lines->buffer + lines->start, lines->end - lines->start);
		lines->end -= lines->start;
		lines->scanned -= lines->start;
		lines->start = 0;
	}
	if (lines->end < lines->room)
		return true;
	size_t room = lines->room == 0 ? (size_t)64 << 10 : lines->room * 2;
	char *buffer = realloc(lines->buffer, room);
	if (buffer == NULL)
		return false;
	lines->buffer = buffer;
	lines->room = room;
	return true;
}

static bool input_waits(int fd)
{
	struct pollfd poller = {.fd = fd, .events = POLLIN};
	return poll(&poller, 1, 0) > 0;
}

enum line_status lines_next(struct lines *lines, bool wait, char **line, size_t *len)
{
	while (!take(lines, line, len)) {
		if (lines->at_end)
			return LINE_END;
		if (lines->end - lines->start >= LINE_MAX_BYTES)
			return LINE_TOO_LONG;
		if (!wait && !input_waits(lines->fd))
			return LINE_PAUSE;
		if (!make_room(lines))
			return LINE_FAILED;
		ssize_t n = read(lines->fd, lines->buffer + lines->end, lines->room - lines->end);
		if (n < 0 && errno != EINTR)
			return LINE_FAILED;
		lines->end += n > 0 ? (size_t)n : 0;
		lines->at_end = n == 0;
	}
	return LINE_READY;
}

enum line_status lines_take(
	struct lines *lines, bool wait, char **line, size_t *len, struct jg_error *err)
{
	const enum line_status status = lines_next(lines, wait, line, len);
	if (status == LINE_TOO_LONG) {
		lines->number++;
		jg_error_set(err, "longer than %zu bytes", LINE_MAX_BYTES);
		return LINE_FAILED;
	}
	if (status == LINE_FAILED)
		jg_error_set(err, "cannot be read: %s", strerror(errno));
	return status;
}
