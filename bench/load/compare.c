// SPDX-License-Identifier: BSD-3-Clause
#include "compare.h"

#include "figures.h"
#include "internal/base.h"
#include "result.h"

#include <math.h>

#define RUNS_MAX 32
#define RUNS_WANTED 3

enum form {
	TIME,
	COUNT,
	SHARE,
};

// What is compared; more is worse in all of them but the rate.
static const struct {
	const char *name;
	const char *path;
	const char *of; // divided by this; NULL: as it is
	enum form form;
	bool more_is_better;
} figures[] = {
	{"answers/s", "totals.answered", "totals.seconds", COUNT, true},
	{"p50", "latency_with_unanswered.p50", NULL, TIME, false},
	{"p90", "latency_with_unanswered.p90", NULL, TIME, false},
	{"p99", "latency_with_unanswered.p99", NULL, TIME, false},
	{"p99.9", "latency_with_unanswered.p999", NULL, TIME, false},
	{"max", "latency_with_unanswered.max", NULL, TIME, false},
	{"unanswered", "totals.unanswered", "totals.sent", SHARE, false},
	{"overloaded", "totals.overloaded", "totals.sent", SHARE, false},
	{"late", "totals.late", "totals.sent", SHARE, false},
	{"wrong", "totals.wrong", NULL, COUNT, false},
};

static const char *const alike[] = {"environment.cpu", "environment.cpus", "environment.kernel",
	"environment.dpdk", "environment.ipsec_mb", "environment.implementation",
	"environment.governor", "settings.profile", "settings.rate", "settings.duration",
	"settings.bad", "settings.token_bytes", "settings.senders", "settings.arrivals"};

struct side {
	json_t *runs[RUNS_MAX];
	unsigned n;
};

static double mean(const double *v, unsigned n)
{
	double sum = 0;
	for (unsigned i = 0; i < n; i++)
		sum += v[i];
	return n == 0 ? 0 : sum / n;
}

static double range(const double *v, unsigned n)
{
	double low = v[0];
	double high = v[0];
	for (unsigned i = 1; i < n; i++) {
		low = fmin(low, v[i]);
		high = fmax(high, v[i]);
	}
	return high - low;
}

// A difference counts when it exceeds what the runs of each side differ by among themselves.
enum compare_outcome compare_values(
	const double *a, unsigned n, const double *b, unsigned m, double *change)
{
	const double difference = mean(b, m) - mean(a, n);
	const double spread = fmax(range(a, n), range(b, m));
	*change = difference;
	if (fabs(difference) <= spread)
		return COMPARE_SAME;
	return difference > 0 ? COMPARE_WORSE : COMPARE_BETTER;
}

static bool read_side(struct side *side, int argc, char **argv, struct jg_error *err)
{
	for (int i = 0; i < argc; i++) {
		if (side->n == RUNS_MAX) {
			jg_error_set(err, "at most %d results a side", RUNS_MAX);
			return false;
		}
		side->runs[side->n] = result_read(argv[i], err);
		if (side->runs[side->n] == NULL)
			return false;
		side->n++;
	}
	if (side->n == 0)
		jg_error_set(err, "nothing to compare; expected A.json... -- B.json...");
	return side->n > 0;
}

static void free_side(struct side *side)
{
	for (unsigned i = 0; i < side->n; i++)
		json_decref(side->runs[i]);
}

static double value(const json_t *run, size_t figure)
{
	const double whole =
		figures[figure].of == NULL ? 1 : result_number(run, figures[figure].of);
	return whole > 0 ? result_number(run, figures[figure].path) / whole : 0;
}

static struct figure show(enum form form, double value)
{
	return form == TIME	? figure_time(value)
		: form == COUNT ? figure_count(value)
				: figure_share(value, 1);
}

static enum compare_outcome compare_figure(
	FILE *out, const struct side *a, const struct side *b, size_t i)
{
	static const char *const words[] = {"within the spread", "BETTER", "WORSE"};
	double va[RUNS_MAX];
	double vb[RUNS_MAX];
	double change;
	for (unsigned j = 0; j < a->n; j++)
		va[j] = value(a->runs[j], i);
	for (unsigned j = 0; j < b->n; j++)
		vb[j] = value(b->runs[j], i);
	enum compare_outcome outcome = compare_values(va, a->n, vb, b->n, &change);
	if (figures[i].more_is_better && outcome != COMPARE_SAME)
		outcome = outcome == COMPARE_BETTER ? COMPARE_WORSE : COMPARE_BETTER;
	const double before = mean(va, a->n);
	fprintf(out, "%-11s %10s %10s", figures[i].name, show(figures[i].form, before).text,
		show(figures[i].form, mean(vb, b->n)).text);
	if (before > 0)
		fprintf(out, " %+8.1f %%", change / before * 100);
	else
		fprintf(out, " %10s", "");
	fprintf(out, "  %10s", show(figures[i].form, range(va, a->n)).text);
	fprintf(out, " %10s  %s\n", show(figures[i].form, range(vb, b->n)).text, words[outcome]);
	return outcome;
}

static bool same_setting(const json_t *a, const json_t *b, const char *path)
{
	return strcmp(result_text(a, path), result_text(b, path)) == 0 &&
		fabs(result_number(a, path) - result_number(b, path)) <= 1e-9;
}

// Every run is held against the first.
static void warn(FILE *out, const struct side *a, const struct side *b)
{
	const json_t *first = a->runs[0];
	for (size_t i = 0; i < JG_ARRAY_SIZE(alike); i++) {
		bool same = true;
		for (unsigned j = 0; j < a->n; j++)
			same &= same_setting(first, a->runs[j], alike[i]);
		for (unsigned j = 0; j < b->n; j++)
			same &= same_setting(first, b->runs[j], alike[i]);
		if (!same)
			fprintf(out, "warning: %s differs between the runs\n", alike[i]);
	}
	if (a->n < RUNS_WANTED || b->n < RUNS_WANTED)
		fprintf(out,
			"warning: %u and %u runs; with fewer than %d a side the spread is a "
			"guess\n",
			a->n, b->n, RUNS_WANTED);
}

static int compare(FILE *out, const struct side *a, const struct side *b)
{
	bool worse = false;
	warn(out, a, b);
	fprintf(out, "%-11s %10s %10s %10s  %10s %10s\n", "", "A", "B", "change", "spread A",
		"spread B");
	for (size_t i = 0; i < JG_ARRAY_SIZE(figures); i++)
		worse |= compare_figure(out, a, b, i) == COMPARE_WORSE;
	return worse ? 99 : 0;
}

int compare_main(int argc, char **argv, FILE *out)
{
	struct side a = {.n = 0};
	struct side b = {.n = 0};
	struct jg_error err = {""};
	int status = 1;
	int border = 1;
	while (border < argc && strcmp(argv[border], "--") != 0)
		border++;
	// Two results need no border.
	const bool two = border == argc && argc == 3;
	if (border == argc && !two) {
		jg_error_set(&err, "compare takes A.json B.json, or A.json... -- B.json...");
	} else if (read_side(&a, two ? 1 : border - 1, argv + 1, &err) &&
		read_side(&b, two ? 1 : argc - border - 1, argv + (two ? 2 : border + 1), &err)) {
		status = compare(out, &a, &b);
	}
	if (status == 1)
		fprintf(stderr, "joingate-load: %s\n", err.text);
	free_side(&a);
	free_side(&b);
	return status;
}
