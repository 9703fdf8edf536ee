// SPDX-License-Identifier: BSD-3-Clause
#include "clock.h"

#include <criterion/criterion.h>

#include <math.h>

Test(clock, ticks_become_nanoseconds)
{
	const uint64_t third = UINT64_C(0x100000000) / 3;
	cr_assert_eq(clock_scale(0, third), 0);
	cr_assert_eq(clock_scale(3000, UINT64_C(0x80000000)), 1500);
	cr_assert_eq(clock_scale(1, UINT64_C(0xffffffff)), 0);
}

Test(clock, years_of_ticks_do_not_overflow)
{
	static const uint64_t scales[] = {1, 0x55555555, 0x80000000, 0xffffffff};
	for (unsigned bits = 0; bits < 61; bits++)
		for (unsigned i = 0; i < sizeof(scales) / sizeof(scales[0]); i++) {
			const uint64_t ticks = (UINT64_C(1) << bits) + 12345;
			const long double exact = ldexpl((long double)ticks * scales[i], -32);
			const long double got = (long double)clock_scale(ticks, scales[i]);
			cr_assert_leq(fabsl(exact - got), 1, "2^%u", bits);
		}
}

static void never_goes_back(void)
{
	uint64_t last = clock_now();
	for (unsigned i = 0; i < 100000; i++) {
		const uint64_t now = clock_now();
		cr_assert_geq(now, last);
		last = now;
	}
}

Test(clock, it_never_goes_back)
{
	cr_assert_str_eq(clock_source(), "monotonic");
	never_goes_back();
	const uint64_t before = clock_now();
	clock_start();
	cr_assert_geq(clock_now(), before);
	never_goes_back();
}

Test(clock, started_twice_it_stays_what_it_is)
{
	clock_start();
	const char *source = clock_source();
	const uint64_t before = clock_now();
	clock_start();
	cr_assert_eq(clock_source(), source);
	cr_assert_geq(clock_now(), before);
}
