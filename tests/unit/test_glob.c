// SPDX-License-Identifier: BSD-3-Clause
#include "state.h"

#include <criterion/criterion.h>

#define MATCHES(pattern, text) jg_glob_match(JG_STR(pattern), JG_STR(text))

Test(glob, text_without_signs_matches_itself_alone)
{
	cr_assert(MATCHES("room", "room"));
	cr_assert(MATCHES("", ""));
	cr_assert_not(MATCHES("room", "rooms"));
	cr_assert_not(MATCHES("rooms", "room"));
	cr_assert_not(MATCHES("room", ""));
	cr_assert_not(MATCHES("", "r"));
	cr_assert_not(MATCHES("Room", "room"));
}

Test(glob, a_star_matches_any_run)
{
	cr_assert(MATCHES("*", ""));
	cr_assert(MATCHES("*", "anything"));
	cr_assert(MATCHES("a*", "a"));
	cr_assert(MATCHES("a*b*c", "a-b-b-c"));
	cr_assert(MATCHES("**a", "xxa"));
	cr_assert(MATCHES("*aab", "aaaab"));
	cr_assert_not(MATCHES("a*b", "a-c"));
	cr_assert_not(MATCHES("*b", "bc"));
	cr_assert_not(MATCHES("a*a", "a"));
}

Test(glob, a_question_mark_matches_one_character)
{
	cr_assert(MATCHES("r?om", "room"));
	cr_assert(MATCHES("?", "\xc3\xa4"));
	cr_assert(MATCHES("a?b",
		"a\xf0\x9f\x98\x80"
		"b"));
	cr_assert(MATCHES("*?", "a"));
	cr_assert_not(MATCHES("?", ""));
	cr_assert_not(MATCHES("??", "\xc3\xa4"));
	cr_assert_not(MATCHES("?*?", "x"));
	cr_assert_not(MATCHES("room?", "room"));
}

Test(glob, many_stars_end_in_bounded_work)
{
	static char pattern[1024], text[4096];
	for (unsigned i = 0; i < sizeof(pattern); i++)
		pattern[i] = i % 2 == 0 ? '*' : 'a';
	memset(text, 'a', sizeof(text));
	cr_assert(jg_glob_match(
		(struct jg_str){pattern, sizeof(pattern)}, (struct jg_str){text, sizeof(text)}));
	pattern[sizeof(pattern) - 1] = 'b';
	cr_assert_not(jg_glob_match(
		(struct jg_str){pattern, sizeof(pattern)}, (struct jg_str){text, sizeof(text)}));
}

Test(glob, no_byte_beyond_the_lengths_counts)
{
	cr_assert(jg_glob_match((struct jg_str){"room*x", 5}, (struct jg_str){"room-1x", 6}));
	cr_assert_not(jg_glob_match((struct jg_str){"room*", 4}, (struct jg_str){"room-", 5}));
}
