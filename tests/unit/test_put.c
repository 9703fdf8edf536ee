// SPDX-License-Identifier: BSD-3-Clause
#include "put.h"

#include <criterion/criterion.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define LEN_MAX 120

static char out[LEN_MAX * 6 + 2 + JG_PUT_SLACK];

static struct jg_put_last last;

static void expect_number(uint64_t value)
{
	char expected[24];
	int n = snprintf(expected, sizeof(expected), "%" PRIu64, value);
	char *end = jg_put_number(out, value);
	cr_assert_eq(end - out, n, "%s", expected);
	cr_assert_eq(memcmp(out, expected, (size_t)n), 0, "%s: %.*s", expected, n, out);
	for (unsigned again = 0; again < 2; again++) {
		memset(out, 'x', sizeof(out));
		cr_assert_eq(jg_put_again(&last, out, value) - out, n, "%s", expected);
		cr_assert_eq(memcmp(out, expected, (size_t)n), 0, "%s: %.*s", expected, n, out);
	}
}

Test(put, numbers_of_every_length_are_written)
{
	for (uint64_t power = 1; power < UINT64_C(10000000000000000); power *= 10) {
		expect_number(power);
		expect_number(power - 1);
		expect_number(power * 9 + power / 2);
	}
	expect_number(0);
	expect_number(1800000000);
	expect_number(UINT64_C(1) << 53);
	expect_number(UINT64_C(9999999999999999));
}

Test(put, random_numbers_are_written)
{
	srand(1);
	for (unsigned i = 0; i < 100000; i++)
		expect_number(((uint64_t)rand() << 31 | (uint64_t)rand()) >> (rand() % 60) &
			((UINT64_C(1) << 53) - 1));
}

Test(put, bytes_of_every_length_are_copied_and_no_more)
{
	for (size_t n = 0; n <= LEN_MAX; n++) {
		// Memory of exactly this size, so that a sanitizer sees a byte too many.
		char *from = malloc(n > 0 ? n : 1), *to = malloc(n > 0 ? n : 1);
		cr_assert(from != NULL && to != NULL);
		for (size_t i = 0; i < n; i++)
			from[i] = (char)(i * 7 + 1);
		cr_assert_eq(jg_put_bytes(to, from, n), to + n);
		cr_assert_eq(memcmp(to, from, n), 0, "%zu", n);
		free(from);
		free(to);
	}
}

Test(put, a_word_ends_where_its_text_does)
{
	static const struct jg_put_word word = JG_PUT_WORD(",\"name\":");
	cr_assert_eq(jg_put_word(out, &word), out + 8);
	cr_assert_eq(memcmp(out, ",\"name\":", 8), 0);
}

// Byte by byte, as the text says it.
static unsigned traits(const char *p, size_t n)
{
	unsigned is = 0;
	for (size_t i = 0; i < n; i++) {
		uint8_t c = (uint8_t)p[i];
		is |= c > 0x7f ? JG_TEXT_WIDE : 0u;
		is |= c < 0x20 || c == '"' || c == '\\' ? JG_TEXT_QUOTED : 0u;
	}
	return is;
}

Test(put, every_byte_at_every_place_shows_in_the_traits)
{
	for (size_t n = 0; n <= 70; n++)
		for (size_t at = 0; at < n; at++)
			for (unsigned byte = 0; byte < 256; byte++) {
				char text[70];
				memset(text, 'a', n);
				text[at] = (char)byte;
				cr_assert_eq(jg_text_traits((struct jg_str){text, (uint32_t)n}),
					traits(text, n), "byte %u at %zu of %zu", byte, at, n);
			}
}

Test(put, traits_read_no_further_than_the_text)
{
	for (size_t n = 0; n <= LEN_MAX; n++) {
		char *text = malloc(n > 0 ? n : 1);
		cr_assert_not_null(text);
		memset(text, 'a', n);
		cr_assert_eq(jg_text_traits((struct jg_str){text, (uint32_t)n}), 0);
		free(text);
	}
	cr_assert_eq(jg_text_traits((struct jg_str){NULL, 0}), 0);
}

Test(put, json_strings_escape_what_they_must_and_no_more)
{
	static const char signs[] = "\"\\\n\r\t", names[] = "\"\\nrt";
	for (unsigned byte = 0; byte < 0x80; byte++) {
		char text[3] = {'a', (char)byte, 'b'}, expected[16];
		const char *named = byte == 0 ? NULL : strchr(signs, (int)byte);
		if (named != NULL)
			(void)snprintf(
				expected, sizeof(expected), "\"a\\%cb\"", names[named - signs]);
		else if (byte < 0x20)
			(void)snprintf(expected, sizeof(expected), "\"a\\u%04xb\"", byte);
		else
			(void)snprintf(expected, sizeof(expected), "\"a%cb\"", (int)byte);
		size_t n = (size_t)(jg_put_json(out, (struct jg_str){text, 3}) - out);
		cr_assert_eq(n, strlen(expected), "byte %u", byte);
		cr_assert_eq(memcmp(out, expected, n), 0, "byte %u: %.*s", byte, (int)n, out);
		cr_assert_eq(jg_json_length((struct jg_str){text, 3}), n, "byte %u", byte);
	}
}

Test(put, a_plain_string_is_the_same_either_way)
{
	char other[LEN_MAX + 2], text[LEN_MAX];
	memset(text, 'x', sizeof(text));
	for (uint32_t n = 0; n <= LEN_MAX; n++) {
		struct jg_str string = {text, n};
		size_t len = (size_t)(jg_put_json(out, string) - out);
		cr_assert_eq(jg_put_plain(other, string), other + len);
		cr_assert_eq(memcmp(other, out, len), 0);
		cr_assert_eq(jg_json_length(string), len);
	}
}
