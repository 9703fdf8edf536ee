// SPDX-License-Identifier: BSD-3-Clause
#include "slo.h"

#include <criterion/criterion.h>

#include <errno.h>

static struct slo slo;
static struct jg_error err;
static struct histogram latency;

static struct slo_result result(void)
{
	histogram_init(&latency);
	for (unsigned i = 1; i <= 100; i++)
		histogram_add(&latency, i * 1000);
	return (struct slo_result){.sent = 1000,
		.unanswered = 1,
		.wrong = 0,
		.late = 10,
		.achieved = 0.5,
		.latency = &latency};
}

static bool kept(const char *text)
{
	const struct slo_result r = result();
	cr_assert_eq(slo_parse(&slo, text, &err), 0, "%s", err.text);
	return slo_kept(&slo, &r);
}

Test(slo, nothing_asked_is_kept)
{
	cr_assert(kept(""));
}

Test(slo, each_figure_is_compared_with_its_limit)
{
	cr_assert(kept("p99<=99.1us"));
	cr_assert_not(kept("p99<98us"));
	cr_assert(kept("max<=100us"));
	cr_assert_not(kept("max<100us"));
	cr_assert(kept("mean>50us,mean<51us"));
	cr_assert(kept("loss<=1e-3"));
	cr_assert_not(kept("loss<1e-3"));
	cr_assert(kept("wrong==0"));
	cr_assert_not(kept("wrong>0"));
	cr_assert(kept("late<=0.01"));
	cr_assert(kept("rate>=0.5"));
	cr_assert_not(kept("rate>0.5"));
}

Test(slo, one_broken_term_breaks_all)
{
	cr_assert_not(kept("wrong==0,p50<1ns,loss<1"));
}

Test(slo, units_are_read)
{
	cr_assert_eq(slo_parse(&slo, "p50<1ns,p50<1us,p50<1ms,p50<1s", &err), 0);
	cr_assert_eq((long)slo.term[0].limit, 1);
	cr_assert_eq((long)slo.term[1].limit, 1000);
	cr_assert_eq((long)slo.term[2].limit, 1000000);
	cr_assert_eq((long)slo.term[3].limit, 1000000000);
}

Test(slo, what_is_none_is_refused_with_an_example)
{
	static const char *const bad[] = {"p99", "p99<", "p99<100", "p101<1us", "p<1us", "p99<1min",
		"loss<1us", "loss<-1", "loss<x", "foo<1", "loss=1", ",", "loss<1,",
		"loss<1,,wrong==0", "<1",
		"loss<0.00000000000000000000000000000000000000000000000000000001"};
	for (size_t i = 0; i < JG_ARRAY_SIZE(bad); i++) {
		cr_assert_eq(slo_parse(&slo, bad[i], &err), -EINVAL, "%s", bad[i]);
		cr_assert_not_null(strstr(err.text, "example"), "%s", bad[i]);
	}
}

Test(slo, more_than_sixteen_terms_are_refused)
{
	char text[9 * 17];
	for (unsigned i = 0; i < 17; i++)
		memcpy(text + (size_t)i * 9, "wrong==0,", 9);
	text[sizeof(text) - 1] = '\0';
	cr_assert_eq(slo_parse(&slo, text, &err), -EINVAL);
}

Test(slo, nothing_sent_loses_nothing)
{
	struct slo_result r = result();
	r.sent = 0;
	cr_assert_eq(slo_parse(&slo, "loss==0,late==0", &err), 0);
	cr_assert(slo_kept(&slo, &r));
}
