// SPDX-License-Identifier: BSD-3-Clause
#include "capacity.h"

#include <criterion/criterion.h>

static struct capacity search(double lowest, double highest, double limit)
{
	struct capacity c;
	capacity_init(&c, lowest, highest);
	while (capacity_next(&c, c.rate <= limit))
		cr_assert_leq(c.rate, highest);
	return c;
}

Test(capacity, is_found_within_five_percent)
{
	for (double limit = 150; limit < 90000; limit *= 1.7) {
		struct capacity c = search(100, 100000, limit);
		cr_assert(
			c.kept <= limit && c.broken > limit, "%f: %f..%f", limit, c.kept, c.broken);
		cr_assert(c.broken < c.kept * 1.05);
	}
}

Test(capacity, a_gate_that_keeps_nothing_has_none)
{
	struct capacity c = search(100, 1000, 10);
	cr_assert(c.kept <= 0);
	cr_assert_eq(c.steps, 1);
}

Test(capacity, the_highest_rate_ends_the_search)
{
	struct capacity c = search(100, 1000, 1e9);
	cr_assert(c.kept >= 1000 && c.broken <= 0);
	cr_assert_eq(c.steps, 5);
}
