// SPDX-License-Identifier: BSD-3-Clause
#include "limit.h"

#include <criterion/criterion.h>

// A run of 100 000 requests as it was meant to be.
static struct outcome punctual(void)
{
	struct outcome o = {.intended = 100000, .busiest = 0.5};
	o.totals.tally[1][TALLY_SENT] = 100000;
	o.totals.tally[1][TALLY_ANSWERED] = 100000;
	return o;
}

Test(limit, a_run_as_it_was_meant_meets_none)
{
	struct outcome o = punctual();
	cr_assert_eq(limit_find(&o, 0), LIMIT_NONE);
	o.busiest = 1;
	o.totals.transport.blocked = 3;
	cr_assert_eq(limit_find(&o, 0), LIMIT_NONE);
	o.totals.tally[1][TALLY_LATE] = 1000;
	cr_assert_eq(limit_find(&o, 0), LIMIT_NONE);
}

Test(limit, silence_in_time_is_the_gates)
{
	struct outcome o = punctual();
	o.totals.tally[1][TALLY_UNANSWERED] = 101;
	cr_assert_eq(limit_find(&o, 0), LIMIT_GATE);
	o.totals.tally[1][TALLY_UNANSWERED] = 0;
	o.totals.tally[1][TALLY_OVERLOADED] = 101;
	cr_assert_eq(limit_find(&o, 0), LIMIT_GATE);
}

Test(limit, a_sender_without_time_is_the_limit_itself)
{
	struct outcome o = punctual();
	o.busiest = 0.95;
	o.totals.tally[1][TALLY_LATE] = 1001;
	cr_assert_eq(limit_find(&o, 0), LIMIT_GENERATOR);
	o.totals.tally[1][TALLY_LATE] = 0;
	o.totals.tally[1][TALLY_SENT] = 98000;
	cr_assert_eq(limit_find(&o, 0), LIMIT_GENERATOR);
}

Test(limit, a_sender_that_had_time_was_kept_from_running)
{
	struct outcome o = punctual();
	o.totals.tally[1][TALLY_LATE] = 50000;
	cr_assert_eq(limit_find(&o, 0), LIMIT_MACHINE);
}

Test(limit, no_room_is_not_the_senders_fault)
{
	struct outcome o = punctual();
	o.busiest = 1;
	o.totals.tally[1][TALLY_LATE] = 50000;
	o.totals.transport.blocked = 99;
	cr_assert_eq(limit_find(&o, 0), LIMIT_GENERATOR, "it happens");
	o.totals.transport.blocked = 101;
	cr_assert_eq(limit_find(&o, 0), LIMIT_WAY);
}

Test(limit, who_did_all_that_it_can_is_the_limit_even_without_room)
{
	struct outcome o = punctual();
	o.sending = 2; // 50 000 a second
	o.totals.tally[1][TALLY_LATE] = 50000;
	o.totals.transport.blocked = 5000;
	cr_assert_eq(limit_find(&o, 60000), LIMIT_GENERATOR);
	cr_assert_eq(limit_find(&o, 70000), LIMIT_WAY);
	cr_assert_eq(limit_find(&o, 0), LIMIT_WAY);
}

Test(limit, a_run_that_was_never_sent_is_not_praised)
{
	struct outcome o = {.intended = 1000};
	cr_assert_eq(limit_find(&o, 0), LIMIT_MACHINE);
}

Test(limit, each_has_a_name_and_a_meaning)
{
	for (enum limit i = LIMIT_NONE; i <= LIMIT_MACHINE; i++) {
		cr_assert_gt(strlen(limit_name(i)), 0);
		cr_assert_gt(strlen(limit_help(i)), 0);
		cr_assert_str_eq(limit_explain(limit_name(i)), limit_help(i));
	}
	cr_assert_str_eq(limit_explain("<script>"), "");
}
