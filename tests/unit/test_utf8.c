// SPDX-License-Identifier: BSD-3-Clause
#include "utf8.h"

#include <criterion/criterion.h>

static bool valid(const char *text)
{
	return jg_utf8_valid((struct jg_str){text, (uint32_t)strlen(text)});
}

Test(utf8, borders_of_each_length_are_accepted)
{
	static const char *const good[] = {"", "a", "\x7f", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80",
		"\xed\x9f\xbf", "\xee\x80\x80", "\xef\xbf\xbf", "\xf0\x90\x80\x80",
		"\xf4\x8f\xbf\xbf", "x\xc3\xa9y\xe6\x97\xa5z\xf0\x9f\x8e\xa5"};
	for (size_t i = 0; i < JG_ARRAY_SIZE(good); i++)
		cr_assert(valid(good[i]), "row %zu", i);
}

Test(utf8, ill_formed_text_is_refused)
{
	static const char *const bad[] = {"\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xc2",
		"\xc2\x41", "\xe0\x9f\xbf", "\xe0\xa0", "\xed\xa0\x80", "\xed\xbf\xbf",
		"\xe6\x97\x41", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff",
		"\xfe\xff", "a\xf0\x9f\x8e", "\xf0\x9f\x8e\x41", "\xc3\xa9\xa9"};
	for (size_t i = 0; i < JG_ARRAY_SIZE(bad); i++)
		cr_assert_not(valid(bad[i]), "row %zu", i);
	cr_assert_not(jg_utf8_valid((struct jg_str){"a\0b", 3}));
}

Test(utf8, code_points_are_counted_not_bytes)
{
	cr_assert_eq(jg_utf8_count(JG_STR("")), 0);
	cr_assert_eq(jg_utf8_count(JG_STR("a\xc3\xa9\xe6\x97\xa5\xf0\x9f\x8e\xa5")), 4);
}
