// SPDX-License-Identifier: BSD-3-Clause
// A clock of our own: seconds as numbers.
#include "fence.h"

#include <criterion/criterion.h>

#define MOST 30

// A renewal that takes no time, with the newest revision and the one in force.
static bool renew(struct jg_fence *f, int64_t at, int64_t newest, int64_t in_force)
{
	if (jg_fence_asks(f, at, at))
		jg_fence_require(f, newest);
	return jg_fence_renew(f, at, in_force);
}

Test(fence, is_over_before_the_first_renewal)
{
	struct jg_fence f;
	jg_fence_init(&f, MOST);
	cr_assert(jg_fence_over(&f, 0));
	cr_assert(jg_fence_over(&f, 1000));
}

Test(fence, never_ends_without_a_limit)
{
	struct jg_fence f;
	jg_fence_init(&f, 0);
	cr_assert_not(jg_fence_over(&f, 1000));
	cr_assert(renew(&f, 1000, 5, 0), "there is nothing to wait for");
}

Test(fence, counts_from_the_start_of_the_renewal)
{
	struct jg_fence f;
	jg_fence_init(&f, MOST);
	jg_fence_resume(&f, 100);
	cr_assert_not(jg_fence_asks(&f, 110, 120)); // it took ten seconds
	cr_assert(jg_fence_renew(&f, 110, 0));
	cr_assert_not(jg_fence_over(&f, 110 + MOST));
	cr_assert(jg_fence_over(&f, 110 + MOST + 1));
}

Test(fence, only_a_renewal_moves_the_end)
{
	struct jg_fence f;
	jg_fence_init(&f, MOST);
	jg_fence_resume(&f, 100);
	for (int64_t now = 101; now <= 100 + MOST; now++)
		cr_assert_not(jg_fence_over(&f, now));
	cr_assert(jg_fence_over(&f, 101 + MOST));
	cr_assert_eq(f.until_ns, (100 + MOST) * INT64_C(1000000000));
}

Test(fence, goes_on_where_the_process_before_left_off)
{
	struct jg_fence f;
	jg_fence_init(&f, MOST);
	jg_fence_resume(&f, 100);
	cr_assert_not(jg_fence_over(&f, 120));
	cr_assert(renew(&f, 120, 9, 0), "no lapse: nothing is required");
}

Test(fence, after_a_lapse_a_renewal_alone_extends_nothing)
{
	struct jg_fence f;
	jg_fence_init(&f, MOST);
	jg_fence_resume(&f, 100);
	cr_assert_not(renew(&f, 200, 7, 6));
	cr_assert(jg_fence_over(&f, 200));
	cr_assert_not(renew(&f, 203, 8, 6));
	cr_assert(renew(&f, 206, 9, 7), "what was there when it came back is in force");
	cr_assert_not(jg_fence_over(&f, 206));
}

Test(fence, a_newest_revision_that_cannot_be_learnt_extends_nothing)
{
	struct jg_fence f;
	jg_fence_init(&f, MOST);
	cr_assert_not(renew(&f, 200, -1, 1000));
	cr_assert(renew(&f, 203, 8, 1000));
}

Test(fence, a_renewal_that_ends_too_late_is_a_lapse)
{
	struct jg_fence f;
	jg_fence_init(&f, MOST);
	jg_fence_resume(&f, 100);
	cr_assert(jg_fence_asks(&f, 125, 100 + MOST), "the second itself counts as over");
	jg_fence_require(&f, 7);
	cr_assert_not(jg_fence_renew(&f, 125, 6));
}

Test(fence, silence_within_a_lapse_asks_anew)
{
	struct jg_fence f;
	jg_fence_init(&f, MOST);
	cr_assert_not(renew(&f, 200, 7, 6));
	cr_assert_not(renew(&f, 200 + MOST + 1, 20, 7), "more was revoked meanwhile");
	cr_assert(renew(&f, 200 + MOST + 4, 30, 20));
}

Test(fence, a_lapse_ends_it_at_once_until_what_was_missed_is_in_force)
{
	struct jg_fence f;
	jg_fence_init(&f, MOST);
	jg_fence_resume(&f, 100);
	jg_fence_lapse(&f);
	cr_assert(jg_fence_over(&f, 101));
	cr_assert_not(renew(&f, 102, 7, 6));
	cr_assert(jg_fence_over(&f, 102));
	cr_assert(renew(&f, 103, 7, 7));
	cr_assert_not(jg_fence_over(&f, 103));
}

Test(fence, a_limit_that_was_lifted_ends_never)
{
	struct jg_fence f;
	jg_fence_init(&f, MOST);
	cr_assert(renew(&f, 100, 7, 7));
	f.most = 0;
	cr_assert(jg_fence_renew(&f, 110, 7));
	cr_assert_eq(f.until_ns, INT64_MAX);
}
