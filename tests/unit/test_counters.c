// SPDX-License-Identifier: BSD-3-Clause
#include "internal/counters.h"

#include <criterion/criterion.h>

#include <string.h>

Test(counters, every_counter_has_a_name_a_unit_and_help)
{
	for (unsigned i = 0; i < JG_COUNTER_COUNT; i++) {
		cr_assert_gt(strlen(jg_counter_name(i)), 0);
		cr_assert_gt(strlen(jg_counter_unit(i)), 0);
		cr_assert_gt(strlen(jg_counter_help(i)), 0);
	}
}

Test(counters, no_two_counters_share_a_name)
{
	for (unsigned i = 0; i < JG_COUNTER_COUNT; i++)
		for (unsigned k = i + 1; k < JG_COUNTER_COUNT; k++)
			cr_assert_str_neq(jg_counter_name(i), jg_counter_name(k));
}

Test(counters, a_number_beyond_the_table_has_empty_texts)
{
	cr_assert_str_empty(jg_counter_name(JG_COUNTER_COUNT));
	cr_assert_str_empty(jg_counter_unit(JG_COUNTER_COUNT));
	cr_assert_str_empty(jg_counter_help(UINT32_MAX));
	cr_assert_eq(jg_counter_kind(JG_COUNTER_COUNT), JG_COUNTER_KIND_COUNT);
}

Test(counters, every_stage_has_a_name_of_its_own)
{
	for (unsigned i = 0; i < JG_STAGE_COUNT; i++)
		for (unsigned k = i + 1; k <= JG_STAGE_COUNT; k++)
			cr_assert_str_neq(jg_stage_name(i), jg_stage_name(k));
	cr_assert_str_empty(jg_stage_name(JG_STAGE_COUNT));
}

Test(counters, every_burst_size_lies_in_its_bucket)
{
	for (unsigned n = 1; n <= 256; n++) {
		unsigned bucket = jg_burst_bucket(n);

		cr_assert_leq(n, jg_burst_bucket_max(bucket));
		if (bucket > 0)
			cr_assert_gt(n, jg_burst_bucket_max(bucket - 1));
	}
}

Test(counters, a_burst_beyond_the_largest_lands_in_the_last_bucket)
{
	cr_assert_eq(jg_burst_bucket(100000), JG_BURST_BUCKETS - 1);
}

Test(counters, time_buckets_are_dense_and_ascending)
{
	for (unsigned i = 1; i < JG_TIME_BUCKETS; i++) {
		cr_assert_gt(jg_time_bucket_max(i), jg_time_bucket_max(i - 1));
		cr_assert_eq(jg_time_bucket(jg_time_bucket_max(i - 1) + 1), i);
		cr_assert_eq(jg_time_bucket(jg_time_bucket_max(i - 1)), i - 1);
	}
}

Test(counters, a_time_bucket_is_at_most_a_quarter_wide)
{
	for (unsigned i = 5; i < JG_TIME_BUCKETS - 1; i++) {
		uint64_t lower = jg_time_bucket_max(i - 1) + 1;

		cr_assert_leq(4 * (jg_time_bucket_max(i) - lower + 1), lower);
	}
}

Test(counters, the_longest_time_lands_in_the_last_bucket)
{
	cr_assert_eq(jg_time_bucket(UINT64_MAX), JG_TIME_BUCKETS - 1);
	cr_assert_eq(jg_time_bucket_max(JG_TIME_BUCKETS - 1), UINT64_MAX);
}

Test(counters, only_fates_are_in_the_sum_of_fates)
{
	static struct jg_counters counters;
	uint64_t fates = 0;

	for (unsigned i = 0; i < JG_COUNTER_COUNT; i++) {
		jg_count_add(&counters.value[i], 3);
		fates += jg_counter_kind(i) == JG_COUNTER_KIND_FATE ? 3 : 0;
	}
	cr_assert_gt(fates, 0);
	cr_assert_lt(fates, 3 * (uint64_t)JG_COUNTER_COUNT);
	cr_assert_eq(jg_counters_fates(&counters), fates);
}
