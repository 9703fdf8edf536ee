// SPDX-License-Identifier: BSD-3-Clause
#include "internal/base.h"

#include <joingate/verify.h>

#include <criterion/criterion.h>

static void expect_detail(const struct jg_verdict *verdict, const char *wanted)
{
	char text[256];
	size_t n = jg_verdict_detail(verdict, text, sizeof(text));
	cr_assert_str_eq(text, wanted);
	cr_assert_eq(n, strlen(wanted));
}

Test(detail, an_expired_token_says_by_how_much)
{
	expect_detail(&(struct jg_verdict){.reason = JG_REASON_EXPIRED,
			      .rule = JG_RULE_EXPIRED,
			      .rule_value = 125,
			      .rule_limit = 60},
		"expired 125 s ago (leeway 60 s)");
}

Test(detail, what_is_over_is_named_when_it_is_not_the_token)
{
	struct jg_verdict verdict = {.reason = JG_REASON_EXPIRED,
		.rule = JG_RULE_EXPIRED,
		.subject = JG_STR("join privilege"),
		.rule_value = 5};
	expect_detail(&verdict, "the join privilege expired 5 s ago (leeway 0 s)");
	verdict.subject = JG_STR("policy.reconnect_grace");
	verdict.rule_limit = 4;
	expect_detail(&verdict, "expired 5 s ago (leeway and policy.reconnect_grace 4 s)");
	verdict.subject = JG_STR("exp");
	expect_detail(&verdict, "expired 5 s ago (leeway 4 s)");
}

Test(detail, the_policy_that_misses_a_claim_is_named)
{
	struct jg_verdict verdict = {.reason = JG_REASON_MISSING_CLAIM,
		.rule = JG_RULE_REQUIRED_CLAIM,
		.subject = JG_STR("exp")};
	expect_detail(&verdict, "claim exp is missing; policy.required_claims names it");
	verdict.rule_limit = 3600;
	expect_detail(&verdict, "claim exp is missing; policy.max_lifetime needs it");
}

Test(detail, a_claim_is_named)
{
	expect_detail(&(struct jg_verdict){.reason = JG_REASON_BAD_CLAIM,
			      .rule = JG_RULE_CLAIM,
			      .subject = JG_STR("video.room")},
		"claim video.room has the wrong type, range or word");
}

Test(detail, a_missing_capability_is_named)
{
	expect_detail(&(struct jg_verdict){.reason = JG_REASON_NOT_PERMITTED,
			      .rule = JG_RULE_REQUIRE,
			      .rule_value = JG_CAPABILITY_BIT_PUBLISH_CAMERA},
		"lacks publish_camera, which policy.require names");
}

Test(detail, a_cut_off_tells_an_absent_issue_time_from_an_old_one)
{
	struct jg_verdict verdict = {.reason = JG_REASON_REVOKED,
		.rule = JG_RULE_CUT_OFF,
		.subject = JG_STR("user"),
		.rule_value = -5,
		.rule_limit = 1799999500};
	expect_detail(&verdict, "issued at -5, before the cut-off of scope user at 1799999500");
	verdict.rule_value = JG_TIME_NONE;
	expect_detail(
		&verdict, "has no issue time; a cut-off of scope user at 1799999500 is in force");
}

Test(detail, the_extremes_of_numbers_are_written_out)
{
	struct jg_verdict verdict = {.rule = JG_RULE_LIFETIME,
		.subject = JG_STR("x"),
		.rule_value = INT64_MAX,
		.rule_limit = INT64_MIN};
	expect_detail(&verdict, "lives 9223372036854775807 s; x allows -9223372036854775808 s");
}

Test(detail, without_a_rule_the_reason_speaks)
{
	struct jg_verdict verdict = {.reason = JG_REASON_BAD_SIGNATURE};
	expect_detail(&verdict, jg_reason_help(JG_REASON_BAD_SIGNATURE));
	verdict.rule = 200;
	expect_detail(&verdict, jg_reason_help(JG_REASON_BAD_SIGNATURE));
}

Test(detail, every_rule_has_words_and_ends_inside_any_buffer)
{
	for (unsigned rule = 1; rule < JG_RULE_COUNT; rule++) {
		struct jg_verdict verdict = {.rule = (uint8_t)rule, .subject = JG_STR("exp")};
		char whole[256], cut[256];
		size_t n = jg_verdict_detail(&verdict, whole, sizeof(whole));
		cr_assert_gt(n, 10, "rule %u", rule);
		cr_assert_eq(strchr(whole, '%'), NULL, "rule %u", rule);
		for (size_t size = 1; size < n; size++) {
			memset(cut, '#', sizeof(cut));
			cr_assert_eq(jg_verdict_detail(&verdict, cut, size), size - 1);
			cr_assert_eq(cut[size - 1], 0);
			cr_assert_eq(cut[size], '#');
			cr_assert_eq(memcmp(cut, whole, size - 1), 0);
		}
	}
}

Test(detail, no_buffer_is_no_harm)
{
	struct jg_verdict verdict = {.rule = JG_RULE_CALLER};
	cr_assert_eq(jg_verdict_detail(&verdict, NULL, 0), 0);
}
