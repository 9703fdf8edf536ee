// SPDX-License-Identifier: BSD-3-Clause
#include "grant.h"

#include <criterion/criterion.h>

Test(grant, globs_match_whole_texts)
{
	static const struct {
		const char *pattern, *text;
		bool matches;
	} table[] = {
		{"*", "", true},
		{"*", "anything", true},
		{"", "", true},
		{"", "a", false},
		{"a", "a", true},
		{"a", "A", false},
		{"a", "ab", false},
		{"?", "", false},
		{"?", "x", true},
		{"lobby-?", "lobby-12", false},
		{"lobby-*", "lobby-", true},
		{"*a*b", "xaxbxab", true},
		{"*a*b", "xaxbxa", false},
		{"a**b", "ab", true},
		{"*a*a*a*a*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false},
	};
	for (size_t i = 0; i < JG_ARRAY_SIZE(table); i++) {
		const struct jg_str pattern = {
			table[i].pattern, (uint32_t)strlen(table[i].pattern)};
		const struct jg_str text = {table[i].text, (uint32_t)strlen(table[i].text)};
		cr_expect_eq(grant_matches(pattern, text), table[i].matches, "%s %s",
			table[i].pattern, table[i].text);
	}
}

Test(grant, a_caller_is_found_by_its_whole_key)
{
	static const struct jg_config_caller callers[] = {
		{.id = {"a", 1}, .key = {"0123456789abcdef", 16}},
		{.id = {"b", 1}, .key = {"0123456789abcdeX", 16}},
	};
	const struct jg_config config = {
		.token_server_callers = callers, .token_server_callers_n = 2};
	cr_expect_eq(grant_caller(&config, JG_STR("0123456789abcdeX")), &callers[1]);
	cr_expect_null(grant_caller(&config, JG_STR("0123456789abcde")));
	cr_expect_null(grant_caller(&config, JG_STR("0123456789abcdefg")));
	cr_expect_null(grant_caller(&config, JG_STR("")));
}
