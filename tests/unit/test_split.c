// SPDX-License-Identifier: BSD-3-Clause
#include "split.h"

#include <criterion/criterion.h>

static bool splits(struct jg_str token)
{
	struct jg_parts parts;
	return jg_split(token, &parts);
}

Test(split, parts_are_what_stands_between_the_dots)
{
	struct jg_parts parts;
	cr_assert(jg_split(JG_STR("ab.cde.f"), &parts));
	cr_assert(jg_str_eq(parts.header, JG_STR("ab")));
	cr_assert(jg_str_eq(parts.payload, JG_STR("cde")));
	cr_assert(jg_str_eq(parts.signature, JG_STR("f")));
	cr_assert(jg_str_eq(parts.signed_text, JG_STR("ab.cde")));
}

Test(split, an_empty_signature_is_left_to_the_signature_check)
{
	struct jg_parts parts;
	cr_assert(jg_split(JG_STR("a.b."), &parts));
	cr_assert_eq(parts.signature.len, 0);
}

Test(split, any_other_number_of_parts_is_refused)
{
	cr_assert_not(splits(JG_STR("")));
	cr_assert_not(splits((struct jg_str){NULL, 0}));
	cr_assert_not(splits(JG_STR("abc")));
	cr_assert_not(splits(JG_STR("a.b")));
	cr_assert_not(splits(JG_STR("a.b.c.d")));
	cr_assert_not(splits(JG_STR("a.b.c.")));
	cr_assert_not(splits(JG_STR("a.b.c.d.e")));
}

Test(split, an_empty_header_or_payload_is_refused)
{
	cr_assert_not(splits(JG_STR(".")));
	cr_assert_not(splits(JG_STR("..")));
	cr_assert_not(splits(JG_STR(".b.c")));
	cr_assert_not(splits(JG_STR("a..c")));
	cr_assert_not(splits(JG_STR("..c")));
}

Test(split, nothing_beyond_the_length_is_read)
{
	cr_assert_not(splits((struct jg_str){"a.b.c", 3}));
	cr_assert(splits((struct jg_str){"a.b.c.d", 5}));
}
