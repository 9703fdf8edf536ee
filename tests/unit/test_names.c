// SPDX-License-Identifier: BSD-3-Clause
#include "internal/base.h"

#include <joingate/capability.h>
#include <joingate/reason.h>
#include <joingate/vendor.h>

#include <criterion/criterion.h>

Test(names, every_capability_is_found_by_its_name)
{
	for (unsigned bit = 0; bit < JG_CAPABILITY_COUNT; bit++) {
		const char *name = jg_capability_name(bit);
		cr_assert_eq(jg_capability_find((struct jg_str){name, (uint32_t)strlen(name)}),
			(int)bit);
	}
	cr_assert_eq(JG_CAPABILITY_COUNT, 44);
	cr_assert_eq(jg_capability_find(JG_STR("joi")), -1);
}

Test(names, every_vendor_is_found_by_its_name)
{
	for (unsigned v = 1; v < JG_VENDOR_COUNT; v++) {
		const char *name = jg_vendor_name(v);
		cr_assert_eq(jg_vendor_find((struct jg_str){name, (uint32_t)strlen(name)}), v);
	}
	cr_assert_eq(jg_vendor_find(JG_STR("")), JG_VENDOR_NONE);
}

Test(names, codes_out_of_range_have_no_name)
{
	cr_assert_str_eq(jg_reason_name(JG_REASON_COUNT), "?");
	cr_assert_str_eq(jg_reason_help(JG_REASON_COUNT), "");
	cr_assert_str_eq(jg_vendor_name(99), "?");
	cr_assert_str_eq(jg_format_name(99), "?");
	cr_assert_str_eq(jg_capability_name(64), "?");
}

Test(names, reasons_keep_their_published_codes)
{
	cr_assert_eq(JG_REASON_UNKNOWN_KEY, 6);
	cr_assert_eq(JG_REASON_REVOKED, 17);
	cr_assert_eq(JG_REASON_OVERLOADED, 19);
	cr_assert_str_eq(jg_reason_name(JG_REASON_NOT_PERMITTED), "not_permitted");
}
