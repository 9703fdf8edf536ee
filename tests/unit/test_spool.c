// SPDX-License-Identifier: BSD-3-Clause
#include "internal/spool.h"

#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>

static struct jg_spool *spool;
static uint8_t *last; // where the last record lay

static void setup(void)
{
	struct jg_error err;
	spool = jg_spool_new(256, &err);
	cr_assert_not_null(spool, "%s", err.text);
}

static void teardown(void)
{
	jg_spool_free(spool);
}

TestSuite(spool, .init = setup, .fini = teardown);

// A record of len bytes, each of them fill.
static bool put(uint32_t len, uint8_t fill)
{
	uint8_t *to = jg_spool_reserve(spool, len);
	if (to == NULL)
		return false;
	cr_assert_eq((uintptr_t)to % 8, 0);
	memset(to, fill, len);
	jg_spool_commit(spool);
	return true;
}

static void take(uint32_t len, uint8_t fill)
{
	uint32_t got;
	last = jg_spool_peek(spool, &got);
	cr_assert_not_null(last);
	cr_assert_eq(got, len);
	for (uint32_t i = 0; i < len; i++)
		cr_assert_eq(last[i], fill);
	jg_spool_release(spool);
}

static void is_empty(void)
{
	uint32_t len;
	cr_assert_null(jg_spool_peek(spool, &len));
}

Test(spool, a_new_one_is_empty)
{
	is_empty();
}

Test(spool, records_of_any_length_come_out_in_order)
{
	is_empty();
	cr_assert(put(0, 0) && put(1, 7) && put(8, 8) && put(63, 9));
	take(0, 0);
	take(1, 7);
	take(8, 8);
	take(63, 9);
	is_empty();
}

Test(spool, a_record_of_more_than_half_of_the_ring_is_refused_for_ever)
{
	cr_assert(put(120, 1));
	take(120, 1);
	cr_assert_not(put(121, 1));
	cr_assert_not(put(UINT32_MAX, 1));
	is_empty();
}

Test(spool, a_full_one_takes_nothing_until_something_was_read)
{
	cr_assert(put(120, 1) && put(120, 2));
	cr_assert_not(put(0, 3));
	take(120, 1);
	cr_assert(put(56, 3) && put(56, 4));
	cr_assert_not(put(0, 5));
	take(120, 2);
	take(56, 3);
	take(56, 4);
	is_empty();
}

Test(spool, what_was_only_reserved_is_not_there)
{
	cr_assert_not_null(jg_spool_reserve(spool, 100));
	is_empty();
	cr_assert(put(4, 6));
	take(4, 6);
	is_empty();
}

Test(spool, no_record_is_split_at_the_end_of_the_ring)
{
	cr_assert(put(100, 1) && put(64, 2));
	take(100, 1);
	take(64, 2);
	uint8_t *first = last;
	cr_assert(put(90, 3)); // 64 bytes are left before the end: it begins anew
	take(90, 3);
	cr_assert_lt((uintptr_t)last, (uintptr_t)first);
	is_empty();
}

Test(spool, the_gap_before_the_end_counts_as_used)
{
	cr_assert(put(100, 1) && put(64, 2));
	take(100, 1);
	cr_assert_not(put(112, 3), "the record would reach into the unread one");
	take(64, 2);
	cr_assert(put(112, 3));
	take(112, 3);
}

Test(spool, what_was_read_is_wiped)
{
	cr_assert(put(40, 0x55));
	take(40, 0x55);
	for (unsigned i = 0; i < 40; i++)
		cr_assert_eq(last[i], 0);
}

Test(spool, looking_twice_shows_the_same_record)
{
	uint32_t len;
	cr_assert(put(5, 1) && put(6, 2));
	void *at = jg_spool_peek(spool, &len);
	cr_assert_eq(jg_spool_peek(spool, &len), at);
	cr_assert_eq(len, 5);
}

Test(spool, it_goes_round_and_round)
{
	unsigned written = 0;
	unsigned read = 0;
	for (unsigned step = 0; step < 20000; step++) {
		while (written - read < 5 && put(written * 7 % 97, (uint8_t)written))
			written++;
		cr_assert_gt(written, read, "room for one record is always there");
		take(read * 7 % 97, (uint8_t)read);
		read++;
	}
}
