// SPDX-License-Identifier: BSD-3-Clause
#include "cursor.h"

#include <criterion/criterion.h>

Test(cursor, little_endian_values_are_read_in_order)
{
	struct jg_cursor c = jg_cursor_of("\x02\x01\xfc\xfd\xfe\xff\x03\x00"
					  "abc",
		11);
	cr_assert_eq(jg_cursor_u16le(&c), 0x0102);
	cr_assert_eq(jg_cursor_u32le(&c), 0xfffefdfcu);
	cr_assert(jg_str_eq(jg_cursor_str16le(&c), JG_STR("abc")));
	cr_assert(jg_cursor_done(&c));
}

Test(cursor, left_over_bytes_are_not_done)
{
	struct jg_cursor c = jg_cursor_of("abc", 3);
	cr_assert_not_null(jg_cursor_take(&c, 2));
	cr_assert_not(jg_cursor_done(&c));
	cr_assert_not(c.failed);
}

Test(cursor, reading_past_the_end_fails_and_stays_failed)
{
	struct jg_cursor c = jg_cursor_of("abc", 3);
	cr_assert_eq(jg_cursor_u32le(&c), 0);
	cr_assert(c.failed);
	cr_assert_null(jg_cursor_take(&c, 1));
	cr_assert_eq(jg_cursor_u16le(&c), 0);
	cr_assert_not(jg_cursor_done(&c));
}

Test(cursor, a_length_beyond_the_end_yields_nothing)
{
	struct jg_cursor c = jg_cursor_of("\x05\x00"
					  "abcd",
		6);
	struct jg_str s = jg_cursor_str16le(&c);
	cr_assert_null(s.p);
	cr_assert_eq(s.len, 0);
	cr_assert(c.failed);
}

Test(cursor, an_empty_string_is_present)
{
	struct jg_cursor c = jg_cursor_of("\0", 2);
	struct jg_str s = jg_cursor_str16le(&c);
	cr_assert_not_null(s.p);
	cr_assert_eq(s.len, 0);
	cr_assert(jg_cursor_done(&c));
}
