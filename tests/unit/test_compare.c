// SPDX-License-Identifier: BSD-3-Clause
#include "compare.h"
#include "result.h"

#include <criterion/criterion.h>
#include <criterion/redirect.h>

#include <stdlib.h>
#include <unistd.h>

static char folder[] = "/tmp/compare-test-XXXXXX";
static char *output;
static size_t output_size;

static void write_run(const char *name, int p99, int wrong, const char *cpu)
{
	char path[128];
	struct jg_error err;
	json_t *run = json_pack("{ss s{si si si si} s{si si si si si} s{ss} s{sf}}", "schema",
		RESULT_SCHEMA, "totals", "sent", 1000, "answered", 1000, "seconds", 10, "wrong",
		wrong, "latency_with_unanswered", "p50", 1000, "p90", 2000, "p99", p99, "p999",
		90000, "max", 100000, "environment", "cpu", cpu, "settings", "rate", 100.0);
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	cr_assert(result_write(run, path, &err), "%s", err.text);
	json_decref(run);
}

static int compare(const char *names)
{
	static char paths[16][128];
	char copy[256];
	char *argv[16] = {"compare"};
	int argc = 1;
	snprintf(copy, sizeof(copy), "%s", names);
	for (char *save, *word = strtok_r(copy, " ", &save); word != NULL;
		word = strtok_r(NULL, " ", &save), argc++) {
		const bool border = strcmp(word, "--") == 0;
		snprintf(paths[argc], sizeof(paths[argc]), border ? "%.0s%s" : "%s/%s", folder,
			word);
		argv[argc] = paths[argc];
	}
	FILE *out = open_memstream(&output, &output_size);
	const int status = compare_main(argc, argv, out);
	fclose(out);
	return status;
}

static void set_up(void)
{
	cr_assert_not_null(mkdtemp(folder));
	cr_redirect_stderr();
	write_run("a1", 10000, 0, "x");
	write_run("a2", 11000, 0, "x");
	write_run("a3", 12000, 0, "x");
	write_run("b1", 20000, 0, "x");
	write_run("b2", 21000, 0, "x");
	write_run("b3", 22000, 0, "x");
	write_run("c1", 12500, 0, "x");
	write_run("other", 10000, 0, "y");
	write_run("wrong", 10000, 1, "x");
}

TestSuite(compare, .init = set_up);

Test(compare, a_difference_beyond_the_spread_counts)
{
	cr_assert_eq(compare("a1 a2 a3 -- b1 b2 b3"), 99);
	cr_assert_not_null(strstr(output, "WORSE"));
	cr_assert_null(strstr(output, "warning"));
	cr_assert_eq(compare("b1 b2 b3 -- a1 a2 a3"), 0);
	cr_assert_not_null(strstr(output, "BETTER"));
}

Test(compare, a_difference_within_the_spread_does_not)
{
	cr_assert_eq(compare("a1 a2 a3 -- c1 a3 a3"), 0);
	cr_assert_null(strstr(output, "WORSE"));
	cr_assert_null(strstr(output, "BETTER"));
}

Test(compare, too_few_runs_are_warned_about)
{
	cr_assert_eq(compare("a1 b1"), 99);
	cr_assert_not_null(strstr(output, "fewer than 3"));
}

Test(compare, unlike_environments_are_warned_about)
{
	cr_assert_eq(compare("a1 a1 a1 -- a1 a1 other"), 0);
	cr_assert_not_null(strstr(output, "warning: environment.cpu differs"));
}

Test(compare, one_more_wrong_verdict_is_worse)
{
	cr_assert_eq(compare("a1 wrong"), 99);
}

Test(compare, what_cannot_be_compared_is_bad_usage)
{
	cr_assert_eq(compare(""), 1);
	cr_assert_eq(compare("a1"), 1);
	cr_assert_eq(compare("a1 a2 a3"), 1);
	cr_assert_eq(compare("-- a1"), 1);
	cr_assert_eq(compare("a1 --"), 1);
	cr_assert_eq(compare("a1 nowhere"), 1);
}

Test(compare, values_are_judged_by_the_wider_range)
{
	double change;
	const double a[] = {10, 12};
	const double b[] = {13, 13};
	const double c[] = {14, 14};
	cr_assert_eq(compare_values(a, 2, b, 2, &change), COMPARE_SAME);
	cr_assert_eq(compare_values(a, 2, c, 2, &change), COMPARE_WORSE);
	cr_assert_eq(compare_values(c, 2, a, 2, &change), COMPARE_BETTER);
	cr_assert_eq(compare_values(a, 1, a, 1, &change), COMPARE_SAME);
}
