// SPDX-License-Identifier: BSD-3-Clause
// What is kept against what an older etcd has: a store of three cut-offs stands for the memory.
#include "store_etcd.h"

#include <joingate/verify.h>

#include <criterion/criterion.h>

#include <errno.h>

static struct jg_cut_off of_user(const char *user, int64_t before)
{
	return (struct jg_cut_off){
		.scope = JG_SCOPE_USER,
		.vendor = JG_VENDOR_STREAM,
		.app = JG_STR("k"),
		.user = {user, (uint32_t)strlen(user)},
		.before = before,
	};
}

static int visit_three(struct jg_store *store, const struct jg_cut_off_filter *filter,
	const struct jg_store_sink *sink, struct jg_error *e)
{
	static const char *const users[] = {"john", "jane", "jill"};
	(void)store, (void)filter;
	for (size_t i = 0; i < 3; i++) {
		const struct jg_cut_off c = of_user(users[i], 100);
		int result = sink->cut_off(sink->arg, &c, e);
		if (result != 0)
			return result;
	}
	return 0;
}

static int visit_and_fail(struct jg_store *store, const struct jg_cut_off_filter *filter,
	const struct jg_store_sink *sink, struct jg_error *e)
{
	(void)store, (void)filter, (void)sink, (void)e;
	return -EIO;
}

static struct jg_ledger *three(void)
{
	static const struct jg_store_ops ops = {.cut_offs = visit_three};
	struct jg_store memory = {.ops = &ops};
	struct jg_ledger *ledger = jg_ledger_new(&memory);
	cr_assert_not_null(ledger);
	return ledger;
}

static bool newer(struct jg_ledger *ledger, const char *user, int64_t before)
{
	const struct jg_cut_off c = of_user(user, before);
	return jg_ledger_newer(ledger, &c);
}

static bool missing(struct jg_ledger *ledger, const char *user)
{
	const struct jg_cut_off c = of_user(user, 100);
	return jg_ledger_missing(ledger, &c);
}

Test(store_etcd_merge, what_etcd_has_newer_is_taken)
{
	struct jg_ledger *ledger = three();
	cr_assert(newer(ledger, "john", 101));
	cr_assert(newer(ledger, "joe", 1), "not known here");
	cr_assert_not(missing(ledger, "john"));
	jg_ledger_free(ledger);
}

Test(store_etcd_merge, an_older_cut_off_takes_nothing_back)
{
	struct jg_ledger *ledger = three();
	cr_assert_not(newer(ledger, "john", 99));
	cr_assert(missing(ledger, "john"), "it is given back");
	cr_assert_not(newer(ledger, "jane", 100), "the same: nothing to do");
	cr_assert_not(missing(ledger, "jane"));
	jg_ledger_free(ledger);
}

Test(store_etcd_merge, what_the_older_etcd_had_undone_stays)
{
	struct jg_ledger *ledger = three();
	cr_assert_not(newer(ledger, "john", JG_TIME_NONE));
	cr_assert(missing(ledger, "john"));
	cr_assert_not(newer(ledger, "joe", JG_TIME_NONE), "nor is what is not known undone");
	cr_assert_not(missing(ledger, "joe"));
	jg_ledger_free(ledger);
}

Test(store_etcd_merge, undone_after_it_was_revoked_is_given_back_too)
{
	struct jg_ledger *ledger = three();
	cr_assert(newer(ledger, "john", 200));
	cr_assert_not(newer(ledger, "john", JG_TIME_NONE));
	cr_assert(missing(ledger, "john"));
	cr_assert_not(newer(ledger, "john", 150), "200 was taken: 150 lowers nothing");
	jg_ledger_free(ledger);
}

Test(store_etcd_merge, what_etcd_does_not_mention_is_missing)
{
	struct jg_ledger *ledger = three();
	cr_assert(missing(ledger, "jill"));
	jg_ledger_free(ledger);
}

static bool later(struct jg_ledger *ledger, const char *user, int64_t before)
{
	const struct jg_cut_off c = of_user(user, before);
	return jg_ledger_later(ledger, &c);
}

Test(store_etcd_merge, what_another_gate_gives_back_lowers_nothing)
{
	struct jg_ledger *ledger = three();
	cr_assert_not(later(ledger, "john", 52));
	cr_assert(missing(ledger, "john"), "ours is to be given back");
	cr_assert(later(ledger, "john", 101), "somebody revoked again");
	cr_assert_not(missing(ledger, "john"));
	cr_assert(later(ledger, "joe", 1), "not known here");
	jg_ledger_free(ledger);
}

Test(store_etcd_merge, what_is_undone_after_the_reading_is_undone)
{
	struct jg_ledger *ledger = three();
	cr_assert(later(ledger, "john", JG_TIME_NONE));
	cr_assert_not(missing(ledger, "john"));
	cr_assert(later(ledger, "john", 55), "and may be revoked anew, with any time");
	cr_assert(later(ledger, "joe", JG_TIME_NONE));
	jg_ledger_free(ledger);
}

Test(store_etcd_merge, what_was_given_is_missing_no_more)
{
	struct jg_ledger *ledger = three();
	const struct jg_cut_off john = of_user("john", 100);
	const struct jg_cut_off joe = of_user("joe", 100);
	jg_ledger_given(ledger, &john);
	jg_ledger_given(ledger, &joe);
	cr_assert_not(missing(ledger, "john"));
	cr_assert_not(missing(ledger, "joe"), "it was never known here");
	cr_assert(missing(ledger, "jill"));
	jg_ledger_free(ledger);
}

Test(store_etcd_merge, subjects_are_told_apart_by_all_they_have)
{
	struct jg_ledger *ledger = three();
	struct jg_cut_off c = of_user("john", 50);
	c.vendor = JG_VENDOR_LIVEKIT;
	cr_assert(jg_ledger_newer(ledger, &c), "another vendor");
	c = of_user("john", 50);
	c.app = JG_STR("k2");
	cr_assert(jg_ledger_newer(ledger, &c), "another app");
	c = of_user("", 50);
	c.app = JG_STR("kjohn");
	cr_assert(jg_ledger_newer(ledger, &c), "the same bytes, cut elsewhere");
	c = of_user("john", 50);
	c.scope = JG_SCOPE_ROOM;
	cr_assert(jg_ledger_newer(ledger, &c), "another scope");
	c = of_user("john", 50);
	c.token_id[3] = 1;
	cr_assert(jg_ledger_newer(ledger, &c), "another token");
	jg_ledger_free(ledger);
}

Test(store_etcd_merge, a_memory_that_cannot_be_read_gives_no_ledger)
{
	static const struct jg_store_ops ops = {.cut_offs = visit_and_fail};
	struct jg_store memory = {.ops = &ops};
	cr_assert_null(jg_ledger_new(&memory));
}
