// SPDX-License-Identifier: BSD-3-Clause
#include "schedule.h"

#include <criterion/criterion.h>

#include <math.h>
#include <stdlib.h>

static const struct profile profiles[] = {
	{.kind = PROFILE_CONSTANT, .rate = 1000, .seconds = 10},
	{.kind = PROFILE_RAMP, .rate = 2000, .from = 500, .seconds = 10},
	{.kind = PROFILE_RAMP, .rate = 500, .from = 2000, .seconds = 10},
	{.kind = PROFILE_RAMP, .rate = 500, .from = 500, .seconds = 10},
	{.kind = PROFILE_SPIKE, .rate = 5000, .from = 100, .seconds = 20},
	{.kind = PROFILE_LAUNCH, .rate = 3000, .sigma = 0.8, .seconds = 60},
};

Test(schedule, totals_are_the_area_under_the_curve)
{
	cr_assert_eq(lround(profile_total(&profiles[0])), 10000);
	cr_assert_eq(lround(profile_total(&profiles[1])), 12500);
	cr_assert_eq(lround(profile_total(&profiles[4])), 100 * 20 + 4900 * 4);
	for (size_t i = 0; i < JG_ARRAY_SIZE(profiles); i++) {
		double area = 0;
		for (unsigned j = 0; j < 100000; j++)
			area += profile_rate(
					&profiles[i], (j + 0.5) * profiles[i].seconds / 100000) *
				profiles[i].seconds / 100000;
		double total = profile_total(&profiles[i]);
		cr_assert(fabs(area - total) < total / 1000, "%zu: %f, not %f", i, area, total);
	}
}

Test(schedule, time_is_the_inverse_of_the_sum)
{
	for (size_t i = 0; i < JG_ARRAY_SIZE(profiles); i++) {
		double total = profile_total(&profiles[i]);
		for (unsigned j = 1; j < 100; j++) {
			double sum = total * j / 100;
			double got = profile_sum(&profiles[i], profile_time(&profiles[i], sum));
			cr_assert(fabs(got - sum) < 0.01, "%zu at %f: %f", i, sum, got);
		}
	}
}

Test(schedule, no_rate_exceeds_the_peak)
{
	const struct profile *launch = &profiles[5];
	double peak = 0;
	for (unsigned i = 0; i < 6000; i++)
		peak = fmax(peak, profile_rate(launch, i / 100.0));
	cr_assert(peak <= 3000.001 && peak > 2990, "%f", peak);
	cr_assert(profile_rate(launch, 60) == 0);
}

static unsigned count(const struct profile *profile, bool poisson, uint64_t seed, unsigned senders)
{
	unsigned n = 0;
	for (unsigned sender = 0; sender < senders; sender++) {
		struct schedule s;
		uint64_t last = 0;
		schedule_init(&s, profile, poisson, seed, sender, senders);
		for (uint64_t at; (at = schedule_next(&s)) != UINT64_MAX; n++) {
			cr_assert_geq(at, last);
			cr_assert_leq(at, (uint64_t)((profile->warm_up + profile->seconds) * 1e9));
			last = at;
		}
	}
	return n;
}

Test(schedule, senders_share_all_requests)
{
	cr_assert_eq(count(&profiles[0], false, 1, 1), 10000);
	cr_assert_eq(count(&profiles[0], false, 1, 3), 10000);
	unsigned n = count(&profiles[0], true, 1, 3);
	cr_assert(n > 9600 && n < 10400, "%u", n);
	cr_assert_eq(n, count(&profiles[0], true, 1, 3));
	cr_assert_neq(n, count(&profiles[0], true, 2, 3));
}

Test(schedule, the_warm_up_comes_before)
{
	struct profile warm = profiles[0];
	warm.warm_up = 2;
	warm.warm_rate = 100;
	struct schedule s;
	schedule_init(&s, &warm, false, 1, 0, 1);
	for (unsigned i = 0; i < 200; i++)
		cr_assert_lt(schedule_next(&s), UINT64_C(2000000000));
	cr_assert_geq(schedule_next(&s), UINT64_C(2000000000));
	cr_assert(profile_rate(&warm, -1) == 100);
	cr_assert(profile_rate(&warm, -3) == 0);
}

Test(schedule, names_are_found_and_others_are_not)
{
	for (unsigned i = 0; i < PROFILE_COUNT; i++)
		cr_assert_eq(profile_find(profile_name((enum profile_kind)i)), i);
	cr_assert_eq(profile_find(""), PROFILE_COUNT);
	cr_assert_eq(profile_find("constants"), PROFILE_COUNT);
	cr_assert_eq(profile_find("Launch"), PROFILE_COUNT);
}

Test(schedule, a_launch_keeps_to_its_curve_at_any_rate)
{
	static const double rates[] = {0.5, 300, 800000};
	for (size_t i = 0; i < JG_ARRAY_SIZE(rates); i++) {
		const struct profile p = {
			.kind = PROFILE_LAUNCH, .rate = rates[i], .sigma = 0.5, .seconds = 2};
		struct schedule s;
		uint64_t n = 0;
		uint64_t last = 0;
		schedule_init(&s, &p, false, 1, 0, 1);
		for (uint64_t at; (at = schedule_next(&s)) != UINT64_MAX; n++) {
			cr_assert_geq(at, last);
			last = at;
			if (n % 101 == 0)
				cr_assert(
					fabs((double)at / 1e9 - profile_time(&p, (double)n)) < 1e-4,
					"%g/s: request %lu at %lu", rates[i], n, at);
		}
		cr_assert_eq(n, (uint64_t)ceil(profile_total(&p) - 1e-9));
	}
}

Test(schedule, several_senders_share_a_launch)
{
	const struct profile p = {.kind = PROFILE_LAUNCH, .rate = 1000, .sigma = 0.5, .seconds = 5};
	struct schedule all;
	struct schedule each[3];
	schedule_init(&all, &p, false, 1, 0, 1);
	for (unsigned i = 0; i < 3; i++)
		schedule_init(&each[i], &p, false, 1, i, 3);
	for (unsigned n = 0; n < 1000; n++) {
		const int64_t whole = (int64_t)schedule_next(&all);
		const int64_t part = (int64_t)schedule_next(&each[n % 3]);
		cr_assert_leq(llabs(whole - part), 100000, "request %u", n);
	}
}
