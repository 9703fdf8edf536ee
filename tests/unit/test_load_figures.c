// SPDX-License-Identifier: BSD-3-Clause
#include "figures.h"

#include <criterion/criterion.h>

Test(load_figures, times_have_three_digits_and_a_unit)
{
	cr_assert_str_eq(figure_time(0).text, "0.00 ns");
	cr_assert_str_eq(figure_time(850).text, "850 ns");
	cr_assert_str_eq(figure_time(1000).text, "1.00 us");
	cr_assert_str_eq(figure_time(35230).text, "35.2 us");
	cr_assert_str_eq(figure_time(999600).text, "1.00 ms");
	cr_assert_str_eq(figure_time(3e9).text, "3.00 s");
}

Test(load_figures, counts_are_whole_until_they_are_large)
{
	cr_assert_str_eq(figure_count(0).text, "0");
	cr_assert_str_eq(figure_count(9999).text, "9999");
	cr_assert_str_eq(figure_count(12345).text, "12.3k");
	cr_assert_str_eq(figure_count(1200000).text, "1.20M");
	cr_assert_str_eq(figure_count(2e9).text, "2.00G");
}

Test(load_figures, small_shares_are_not_rounded_away)
{
	cr_assert_str_eq(figure_share(0, 10).text, "0 %");
	cr_assert_str_eq(figure_share(1, 0).text, "0 %");
	cr_assert_str_eq(figure_share(1, 2).text, "50 %");
	cr_assert_str_eq(figure_share(1, 100).text, "1.0 %");
	cr_assert_str_eq(figure_share(1, 1000000).text, "0.0001 %");
}
