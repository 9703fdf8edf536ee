// SPDX-License-Identifier: BSD-3-Clause
#include "text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void text_fini(struct text *text)
{
	free(text->p);
	*text = (struct text){0};
}

static bool reserve(struct text *text, size_t more)
{
	if (text->room - text->len > more)
		return true;
	size_t room = text->room < 4096 ? 4096 : text->room * 2;
	while (room - text->len <= more)
		room *= 2;
	char *p = realloc(text->p, room);
	if (p == NULL) {
		text->failed = true;
		return false;
	}
	text->p = p;
	text->room = room;
	return true;
}

void text_add(struct text *text, const char *p, size_t len)
{
	if (len == 0 || !reserve(text, len))
		return;
	memcpy(text->p + text->len, p, len);
	text->len += len;
}

void text_addf(struct text *text, const char *format, ...)
{
	va_list args, again;
	va_start(args, format);
	va_copy(again, args);
	// Mostly there is room, and once is enough.
	size_t room = text->room - text->len;
	int n = vsnprintf(room > 0 ? text->p + text->len : NULL, room, format, args);
	if (n > 0 && (size_t)n >= room) {
		if (reserve(text, (size_t)n))
			(void)vsnprintf(text->p + text->len, (size_t)n + 1, format, again);
		else
			n = 0;
	}
	text->len += n > 0 ? (size_t)n : 0;
	va_end(again);
	va_end(args);
}

void text_adds(struct text *text, const char *s)
{
	text_add(text, s, strlen(s));
}

// Bytes of the UTF-8 character at p (RFC 3629, table 3-7 of Unicode), 0 when it is none.
static size_t character(const unsigned char *p, size_t n)
{
	static const struct {
		unsigned char first, last, low, high;
		size_t len;
	} rows[] = {
		{0x00, 0x7f, 0, 0, 1},
		{0xc2, 0xdf, 0x80, 0xbf, 2},
		{0xe0, 0xe0, 0xa0, 0xbf, 3},
		{0xe1, 0xec, 0x80, 0xbf, 3},
		{0xed, 0xed, 0x80, 0x9f, 3},
		{0xee, 0xef, 0x80, 0xbf, 3},
		{0xf0, 0xf0, 0x90, 0xbf, 4},
		{0xf1, 0xf3, 0x80, 0xbf, 4},
		{0xf4, 0xf4, 0x80, 0x8f, 4},
	};
	size_t i = 0;
	while (i < JG_ARRAY_SIZE(rows) && (p[0] < rows[i].first || p[0] > rows[i].last))
		i++;
	if (i == JG_ARRAY_SIZE(rows) || rows[i].len > n)
		return 0;
	if (rows[i].len > 1 && (p[1] < rows[i].low || p[1] > rows[i].high))
		return 0;
	for (size_t k = 2; k < rows[i].len; k++)
		if ((p[k] & 0xc0) != 0x80)
			return 0;
	return rows[i].len;
}

static void add_escaped(struct text *text, unsigned char c)
{
	static const char letters[] = "\"\\\b\f\n\r\t";
	static const char names[] = "\"\\bfnrt";
	const char *at = c == '\0' ? NULL : strchr(letters, c);
	if (at != NULL)
		text_addf(text, "\\%c", names[at - letters]);
	else
		text_addf(text, "\\u%04x", c);
}

// What a terminal obeys or a reader of lines may take for a line's end, though JSON does not mind:
// DEL, C1 controls, U+2028 and U+2029. 0 for all others.
static unsigned awkward(const unsigned char *p, size_t n)
{
	if (n == 1 && p[0] == 0x7f)
		return 0x7f;
	if (n == 2 && p[0] == 0xc2 && p[1] < 0xa0)
		return p[1];
	if (n == 3 && p[0] == 0xe2 && p[1] == 0x80 && (p[2] == 0xa8 || p[2] == 0xa9))
		return 0x2000u + (p[2] & 0x3fu);
	return 0;
}

void text_add_lines(struct text *text, const char *json, size_t len)
{
	const unsigned char *p = (const unsigned char *)json;
	size_t plain = 0;
	for (size_t i = 0, n; i < len; i += n) {
		n = character(p + i, len - i);
		n += n == 0;
		unsigned code = awkward(p + i, n);
		if (code == 0)
			continue;
		text_add(text, json + plain, i - plain);
		text_addf(text, "\\u%04x", code);
		plain = i + n;
	}
	text_add(text, json + plain, len - plain);
}

void text_add_json(struct text *text, struct jg_str s)
{
	const unsigned char *p = (const unsigned char *)s.p;
	size_t plain = 0; // start of what needs no escape
	text_add(text, "\"", 1);
	for (size_t i = 0; i < s.len;) {
		size_t n = character(p + i, s.len - i);
		if (n > 0 && p[i] >= ' ' && p[i] != '"' && p[i] != '\\') {
			i += n;
			continue;
		}
		text_add_lines(text, s.p + plain, i - plain);
		if (n == 0)
			text_add(text, "\xef\xbf\xbd", 3);
		else
			add_escaped(text, p[i]);
		plain = ++i;
	}
	if (s.len > plain)
		text_add_lines(text, s.p + plain, s.len - plain);
	text_add(text, "\"", 1);
}

bool text_flush(struct text *text, int fd)
{
	if (text->failed) {
		errno = ENOMEM;
		return false;
	}
	for (size_t done = 0; done < text->len;) {
		ssize_t n = write(fd, text->p + done, text->len - done);
		if (n < 0 && errno != EINTR)
			return false;
		done += n > 0 ? (size_t)n : 0;
	}
	text->len = 0;
	return true;
}
