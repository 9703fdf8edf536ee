// SPDX-License-Identifier: BSD-3-Clause
#include "random.h"

#include <criterion/criterion.h>

Test(random, the_same_seed_gives_the_same_numbers)
{
	struct random a = {.state = 7};
	struct random b = {.state = 7};
	struct random c = {.state = 8};
	unsigned differ = 0;
	for (unsigned i = 0; i < 100; i++) {
		uint64_t x = random_next(&a);
		cr_assert_eq(x, random_next(&b));
		differ += x != random_next(&c);
	}
	cr_assert_eq(differ, 100);
}

Test(random, units_and_bounds_are_kept)
{
	struct random r = {.state = 1};
	for (unsigned i = 0; i < 10000; i++) {
		double unit = random_unit(&r);
		cr_assert(unit >= 0 && unit < 1);
		cr_assert_lt(random_below(&r, 3), 3);
		cr_assert(random_gap(&r) >= 0);
	}
}

Test(random, gaps_have_mean_one)
{
	struct random r = {.state = 1};
	double sum = 0;
	for (unsigned i = 0; i < 100000; i++)
		sum += random_gap(&r);
	cr_assert(sum > 99000 && sum < 101000, "%f", sum);
}

Test(random, choices_follow_their_weights)
{
	const double weights[] = {0, 3, 0, 1, 0};
	unsigned count[5] = {0};
	struct random r = {.state = 1};
	struct choice choice;
	cr_assert_eq(choice_init(&choice, weights, 5), 0);
	for (unsigned i = 0; i < 40000; i++)
		count[choice_pick(&choice, &r)]++;
	choice_fini(&choice);
	cr_assert_eq(count[0] + count[2] + count[4], 0);
	cr_assert(count[1] > 29000 && count[1] < 31000);
}

Test(random, what_weighs_nothing_is_never_chosen)
{
	enum {
		N = 300
	};
	double weights[N] = {0};
	struct random r = {.state = 3};
	for (unsigned round = 0; round < 50; round++) {
		struct choice choice;
		for (unsigned i = 0; i < N; i++)
			weights[i] = random_unit(&r) < 0.5 ? 0 : random_unit(&r);
		cr_assert_eq(choice_init(&choice, weights, N), 0);
		for (unsigned i = 0; i < 2000; i++)
			cr_assert_gt(weights[choice_pick(&choice, &r)], 0);
		choice_fini(&choice);
	}
}

Test(random, each_of_many_has_its_share)
{
	double weights[40];
	unsigned count[40] = {0};
	struct random r = {.state = 3};
	struct choice choice;
	for (unsigned i = 0; i < 40; i++)
		weights[i] = i + 1;
	cr_assert_eq(choice_init(&choice, weights, 40), 0);
	for (unsigned i = 0; i < 820000; i++) // 1000 for each part of the weights' sum
		count[choice_pick(&choice, &r)]++;
	choice_fini(&choice);
	for (unsigned i = 0; i < 40; i++) {
		const double off = count[i] - 1000.0 * (i + 1);
		cr_assert(off * off < 16 * 1000.0 * (i + 1), "%u: %u", i, count[i]);
	}
}

Test(random, zipf_prefers_the_first)
{
	unsigned count[10] = {0};
	struct random r = {.state = 1};
	struct choice choice;
	cr_assert_eq(choice_init_zipf(&choice, 10, 1), 0);
	for (unsigned i = 0; i < 29290; i++)
		count[choice_pick(&choice, &r)]++;
	choice_fini(&choice);
	// The sum of 1/1..1/10 is 2.929.
	cr_assert(count[0] > 9500 && count[0] < 10500, "%u", count[0]);
	cr_assert(count[9] > 850 && count[9] < 1150, "%u", count[9]);
}
