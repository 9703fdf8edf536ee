// SPDX-License-Identifier: BSD-3-Clause
#include "log_line.h"

#include <criterion/criterion.h>
#include <jansson.h>

#include <stdlib.h>

static char out[JG_LOG_LINE_MAX];

static struct jg_log_entry entry_of(const char *sentence)
{
	return (struct jg_log_entry){.level = JG_LOG_INFO,
		.event = "test",
		.sentence = sentence,
		.time_ms = 1800000000007};
}

// The line as text; whatever was put into it, it is one line and fits.
static const char *line_of(enum jg_log_format format, const struct jg_log_entry *entry)
{
	static char text[JG_LOG_LINE_MAX + 1];
	memset(out, '#', sizeof(out));
	size_t len = jg_log_line(format, entry, out);
	cr_assert_leq(len, sizeof(out));
	cr_assert_eq(
		memchr(out, '\n', len), out + len - 1, "one line, and its end is the last byte");
	memcpy(text, out, len);
	text[len] = '\0';
	return text;
}

// The line's JSON, which must be well-formed and free of duplicates.
static json_t *json_of(const struct jg_log_entry *entry)
{
	json_error_t where;
	const char *text = line_of(JG_LOG_JSON, entry);
	json_t *json = json_loads(text, JSON_REJECT_DUPLICATES, &where);
	cr_assert_not_null(json, "%s: %s", text, where.text);
	return json;
}

static void has(const json_t *json, const char *name, const char *text)
{
	cr_assert_str_eq(json_string_value(json_object_get(json, name)), text);
}

Test(log_line, a_sentence_as_text)
{
	struct jg_log_entry entry = entry_of("port \"gate0\": up");
	cr_assert_str_eq(line_of(JG_LOG_TEXT, &entry), "joingated: port \"gate0\": up\n");
	entry.level = JG_LOG_WARNING;
	cr_assert_str_eq(line_of(JG_LOG_TEXT, &entry), "joingated: warning: port \"gate0\": up\n");
}

Test(log_line, members_as_text_stand_behind)
{
	struct jg_log_entry entry = entry_of("refused");
	const struct jg_log_field fields[] = {
		{"app", JG_STR("a \"b\""), 0}, {"skipped", {NULL, 0}, -3}, {"key", {"", 0}, 0}};
	entry.fields = fields;
	entry.fields_n = 3;
	cr_assert_str_eq(line_of(JG_LOG_TEXT, &entry),
		"joingated: refused app=\"a \\\"b\\\"\" skipped=-3 key=\"\"\n");
}

Test(log_line, everything_as_json)
{
	struct jg_log_entry entry = entry_of("a \"quoted\\ sentence");
	const struct jg_log_field fields[] = {
		{"app", JG_STR("k\xc3\xa9y"), 0}, {"skipped", {NULL, 0}, INT64_MIN}};
	entry.level = JG_LOG_ERROR;
	entry.fields = fields;
	entry.fields_n = 2;
	json_t *json = json_of(&entry);
	has(json, "time", "2027-01-15T08:00:00.007Z");
	has(json, "level", "error");
	has(json, "event", "test");
	has(json, "message", "a \"quoted\\ sentence");
	has(json, "app", "k\xc3\xa9y");
	cr_assert_eq(json_integer_value(json_object_get(json, "skipped")), INT64_MIN);
	json_decref(json);
}

// Who controls a name must not write lines of the log, or to the terminal that shows it.
Test(log_line, nothing_that_controls_gets_through)
{
	struct jg_log_entry entry = entry_of("x\njoingated: ready\r\x1b[2J\x7f");
	cr_assert_str_eq(line_of(JG_LOG_TEXT, &entry),
		"joingated: x\\u000ajoingated: ready\\u000d\\u001b[2J\\u007f\n");
	json_t *json = json_of(&entry);
	has(json, "message", "x\njoingated: ready\r\x1b[2J\x7f");
	json_decref(json);
}

Test(log_line, what_is_no_utf8_is_replaced)
{
	static const char *const rows[][2] = {{"\xff", "?"}, {"a\xc3", "a?"}, {"\xc0\xaf", "??"},
		{"\xed\xa0\x80", "???"}, {"\xf5\x80\x80\x80", "????"}, {"\xe2\x82z", "??z"},
		{"\xf4\x90\x80\x80", "????"}, {"\xe0\x80\x80", "???"},
		{"\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80"}, {"\xe2\x82\xac", "\xe2\x82\xac"}};
	for (size_t i = 0; i < JG_ARRAY_SIZE(rows); i++) {
		struct jg_log_entry entry = entry_of(rows[i][0]);
		json_t *json = json_of(&entry);
		has(json, "message", rows[i][1]);
		json_decref(json);
	}
}

Test(log_line, what_is_too_long_is_cut_and_stays_well_formed)
{
	static char text[9000];
	const struct jg_log_field fields[] = {{"a", {text, 8999}, 0}, {"b", {text, 8999}, 0},
		{"c", {text, 8999}, 0}, {"d", {text, 8999}, 0}, {"e", {text, 8999}, 0},
		{"n", {NULL, 0}, 5}};
	static const char *const fills[] = {"\x01", "\"", "\\", "x", "\xf0\x9f\x98\x80", "\xff"};
	for (size_t f = 0; f < JG_ARRAY_SIZE(fills); f++) {
		for (size_t shift = 0; shift < 16; shift++) {
			size_t n = strlen(fills[f]);
			memset(text, 'y', sizeof(text) - 1);
			for (size_t i = shift; i + n < sizeof(text); i += n)
				memcpy(text + i, fills[f], n);
			struct jg_log_entry entry = entry_of(text);
			entry.fields = fields;
			entry.fields_n = JG_ARRAY_SIZE(fields);
			json_decref(json_of(&entry));
			(void)line_of(JG_LOG_TEXT, &entry);
		}
	}
}
