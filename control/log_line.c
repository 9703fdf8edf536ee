// SPDX-License-Identifier: BSD-3-Clause
#include "log_line.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

// The longest member, escaped: what is longer is cut, so that every line has room for its end.
#define TEXT_MAX 1024
#define END_ROOM 8

struct line {
	char *out;
	size_t len;
};

// All or nothing: half of an escape, or of a member, would be no JSON.
static bool put(struct line *line, const char *bytes, size_t n)
{
	if (n > JG_LOG_LINE_MAX - END_ROOM - line->len)
		return false;
	memcpy(line->out + line->len, bytes, n);
	line->len += n;
	return true;
}

// Length of the UTF-8 character at p; 0: it is none.
static size_t character(const uint8_t *p, size_t left)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t n = p[0] < 0x80	  ? 1
		: p[0] >> 5 == 6  ? 2
		: p[0] >> 4 == 14 ? 3
		: p[0] >> 3 == 30 ? 4
				  : 0;
	if (n < 2 || n > left)
		return n == 1;
	uint32_t code = p[0] & (0x7fu >> n);
	for (size_t i = 1; i < n; i++) {
		if (p[i] >> 6 != 2)
			return 0;
		code = code << 6 | (p[i] & 0x3f);
	}
	return code < least[n] || code > 0x10ffff || code >> 11 == 27 ? 0 : n;
}

// What controls a terminal or a parser is escaped, what is no UTF-8 becomes "?".
static void put_escaped(struct line *line, const char *text, size_t len, bool in_quotes)
{
	size_t end = line->len + TEXT_MAX;
	for (size_t i = 0; i < len && line->len < end;) {
		char escape[8];
		size_t n = character((const uint8_t *)text + i, len - i);
		uint8_t c = (uint8_t)text[i];
		bool done;
		if (n == 0)
			done = put(line, "?", 1);
		else if (c == '\\' || (c == '"' && in_quotes))
			done = put(line, "\\", 1) && put(line, text + i, 1);
		else if (c < 0x20 || c == 0x7f)
			done = put(line, escape,
				(size_t)snprintf(escape, sizeof(escape), "\\u%04x", c));
		else
			done = put(line, text + i, n);
		if (!done)
			return;
		i += n == 0 ? 1 : n;
	}
}

static void put_member(struct line *line, const char *name, const char *text, size_t len)
{
	char head[64];
	size_t before = line->len;
	int n = snprintf(head, sizeof(head), "%s\"%s\":\"", before > 1 ? "," : "", name);
	if (!put(line, head, (size_t)n))
		return;
	put_escaped(line, text, len, true);
	if (!put(line, "\"", 1))
		line->len = before;
}

static void put_number(struct line *line, const char *format, const char *name, int64_t number)
{
	char text[96];
	(void)put(line, text, (size_t)snprintf(text, sizeof(text), format, name, number));
}

static const char *level_name(enum jg_log_level level)
{
	static const char *const names[] = {
#define X(symbol, name) name,
		JG_LOG_LEVELS(X)
#undef X
	};
	return names[level];
}

static void put_json(struct line *line, const struct jg_log_entry *entry)
{
	char text[40];
	struct tm tm;
	time_t seconds = (time_t)(entry->time_ms / 1000);
	(void)gmtime_r(&seconds, &tm);
	size_t n = strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
	n += (size_t)snprintf(text + n, sizeof(text) - n, ".%03dZ", (int)(entry->time_ms % 1000));
	const char *level = level_name(entry->level);
	(void)put(line, "{", 1);
	put_member(line, "time", text, n);
	put_member(line, "level", level, strlen(level));
	put_member(line, "event", entry->event, strlen(entry->event));
	put_member(line, "message", entry->sentence, strlen(entry->sentence));
	for (unsigned i = 0; i < entry->fields_n; i++) {
		const struct jg_log_field *field = &entry->fields[i];
		if (field->text.p != NULL)
			put_member(line, field->name, field->text.p, field->text.len);
		else
			put_number(line, ",\"%s\":%" PRId64, field->name, field->number);
	}
	line->out[line->len++] = '}';
}

static void put_text(struct line *line, const struct jg_log_entry *entry)
{
	(void)put(line, "joingated: ", 11);
	if (entry->level == JG_LOG_WARNING)
		(void)put(line, "warning: ", 9);
	put_escaped(line, entry->sentence, strlen(entry->sentence), false);
	for (unsigned i = 0; i < entry->fields_n; i++) {
		const struct jg_log_field *field = &entry->fields[i];
		if (field->text.p == NULL) {
			put_number(line, " %s=%" PRId64, field->name, field->number);
			continue;
		}
		(void)put(line, " ", 1);
		(void)put(line, field->name, strlen(field->name));
		(void)put(line, "=\"", 2);
		put_escaped(line, field->text.p, field->text.len, true);
		(void)put(line, "\"", 1);
	}
}

size_t jg_log_line(enum jg_log_format format, const struct jg_log_entry *entry,
	char out[static JG_LOG_LINE_MAX])
{
	struct line line = {.out = out};
	if (format == JG_LOG_JSON)
		put_json(&line, entry);
	else
		put_text(&line, entry);
	out[line.len++] = '\n';
	return line.len;
}
