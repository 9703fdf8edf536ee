// SPDX-License-Identifier: BSD-3-Clause
#include "writer.h"

#include <criterion/criterion.h>

static char memory[64];
static struct jg_writer w;

static void init(void)
{
	w = (struct jg_writer){.p = memory, .size = sizeof(memory)};
}

TestSuite(writer, .init = init);

static void expect(const char *text)
{
	cr_assert_not(w.full);
	cr_assert_eq(w.at, strlen(text), "%.*s", (int)w.at, memory);
	cr_assert_eq(memcmp(memory, text, w.at), 0, "%.*s", (int)w.at, memory);
	w.at = 0;
}

Test(writer, numbers_of_any_size_are_written)
{
	static const struct {
		int64_t value;
		const char *text;
	} rows[] = {{0, "0"}, {7, "7"}, {-1, "-1"}, {1800000000, "1800000000"},
		{INT64_MAX, "9223372036854775807"}, {INT64_MIN, "-9223372036854775808"}};
	for (size_t i = 0; i < JG_ARRAY_SIZE(rows); i++) {
		jg_write_int(&w, rows[i].value);
		expect(rows[i].text);
	}
}

Test(writer, json_strings_escape_what_they_must_and_no_more)
{
	jg_write_json(&w, JG_STR("a\"b\\c/\n\r\t\x01\x1f\x7f\xc3\xa9"));
	expect("\"a\\\"b\\\\c/\\n\\r\\t\\u0001\\u001f\x7f\xc3\xa9\"");
	jg_write_json(&w, JG_STR(""));
	expect("\"\"");
	jg_write_json(&w, JG_STR("\n"));
	expect("\"\\n\"");
}

Test(writer, urls_are_escaped_as_the_sdk_does)
{
	jg_write_escaped(&w, JG_STR("aZ9-_.!~*'() +&=%:\xc3\xa9"));
	expect("aZ9-_.!~*'()%20%2B%26%3D%25%3A%C3%A9");
	jg_write_escaped(&w, (struct jg_str){"\0", 1});
	expect("%00");
}

Test(writer, binary_values_are_little_endian)
{
	jg_write_u16le(&w, 0x4142);
	jg_write_u32le(&w, 0x61626364);
	jg_write_str16le(&w, JG_STR("xyz"));
	cr_assert_eq(w.at, 11);
	cr_assert_eq(memcmp(memory, "BAdcba\x03\0xyz", 11), 0);
}

Test(writer, nothing_is_written_past_the_end_and_full_stays)
{
	w.size = 4;
	memory[4] = 'x';
	jg_write_text(&w, "abcd");
	cr_assert_not(w.full);
	jg_write_text(&w, "e");
	cr_assert(w.full);
	w.at = 0;
	jg_write_text(&w, "f");
	cr_assert_eq(w.at, 0);
	cr_assert_eq(memory[0], 'a');
	cr_assert_eq(memory[4], 'x');
}

Test(writer, base64_is_all_or_nothing)
{
	w.size = 7;
	jg_write_base64(&w, jg_base64_encode, "abcde", 5);
	cr_assert(w.full);
	cr_assert_eq(w.at, 0);
	w.full = false;
	w.size = 8;
	jg_write_base64(&w, jg_base64_encode, "abcde", 5);
	expect("YWJjZGU=");
}

Test(writer, a_string_beyond_its_length_field_is_refused)
{
	static char big[70000], out[80000];
	w = (struct jg_writer){.p = out, .size = sizeof(out)};
	jg_write_str16le(&w, (struct jg_str){big, 65536});
	cr_assert(w.full);
	cr_assert_eq(w.at, 0);
}
