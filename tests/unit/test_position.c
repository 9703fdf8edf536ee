// SPDX-License-Identifier: BSD-3-Clause
#include "settings.h"

#include <criterion/criterion.h>

static void expect_at(const char *text, const struct place *place, unsigned line, unsigned column)
{
	uint32_t l, c;
	jg_config_locate((struct jg_str){text, (uint32_t)strlen(text)}, place, &l, &c);
	cr_expect(l == line && c == column, "%s: %u:%u instead of %u:%u", text, l, c, line, column);
}

Test(position, the_root_is_the_first_value)
{
	expect_at(" \n {}", NULL, 2, 2);
}

Test(position, a_dotted_name_leads_through_objects)
{
	const struct place udp = {.name = "listen.udp"};
	expect_at("{\"a\": {\"udp\": 1},\n \"listen\": {\"x\": [1, {}], \"udp\": 2}}", &udp, 2, 34);
}

Test(position, an_element_is_found_behind_others_of_any_shape)
{
	const struct place list = {.name = "a"};
	const struct place third = {.parent = &list, .index = 3};
	expect_at("{\"a\": [{\"]\": \"}\\\"\"}, [[], \"[\"], -1.5e3 , true]}", &third, 1, 42);
}

Test(position, names_may_be_spelled_with_escapes)
{
	const struct place apps = {.name = "apps"};
	expect_at("{\"\\u0061pps\": 5}", &apps, 1, 15);
}

Test(position, a_verbatim_name_keeps_its_dots)
{
	const struct place dotted = {.name = "a.b", .verbatim = true, .at_name = true};
	expect_at("{\"a\": {\"b\": 1},\n\"a.b\": 2}", &dotted, 2, 1);
}

Test(position, columns_count_characters)
{
	const struct place b = {.name = "b"};
	expect_at("{\"\xc3\xa9\xe2\x82\xac\": 1, \"b\": 2}", &b, 1, 16);
}

Test(position, what_is_missing_is_at_the_object_around_it)
{
	const struct place list = {.name = "a"};
	const struct place second = {.parent = &list, .index = 1};
	const struct place key = {.parent = &second, .name = "key"};
	expect_at("{\"a\": [{}, {\"x\": 1}]}", &key, 1, 12);
	expect_at("{\"b\": 1}", &key, 1, 1);
	expect_at("{\"a\": []}", &key, 1, 7);
	expect_at("{\"a\": 5}", &key, 1, 7);
}

Test(position, cut_texts_are_not_read_beyond_their_end)
{
	static const char text[] = "{\"a\": [{\"b\\\"\": \"x\"}, {\"key\": [1, 2, {\"z\": 3}]}]}";
	const struct place list = {.name = "a"};
	const struct place second = {.parent = &list, .index = 1};
	const struct place key = {.parent = &second, .name = "key"};
	for (uint32_t len = 0; len < sizeof(text); len++) {
		char *cut = malloc(len + 1); // one spare, so that ASan sees the end for len > 0
		uint32_t line, column;
		cr_assert_not_null(cut);
		memcpy(cut, text, len);
		char *exact = realloc(cut, len > 0 ? len : 1);
		jg_config_locate((struct jg_str){exact, len}, &key, &line, &column);
		cr_expect_eq(line, 1);
		free(exact);
	}
}

Test(position, places_are_spelled_like_paths)
{
	const struct place apps = {.name = "apps"};
	const struct place first = {.parent = &apps, .index = 0};
	const struct place leeway = {.parent = &first, .name = "policy.leeway"};
	char text[64];
	jg_config_spell(&leeway, text, sizeof(text));
	cr_expect_str_eq(text, "apps[0].policy.leeway");
	jg_config_spell(NULL, text, sizeof(text));
	cr_expect_str_eq(text, "");
	char small[8];
	jg_config_spell(&leeway, small, sizeof(small));
	cr_expect_str_eq(small, "apps[0]");
}
