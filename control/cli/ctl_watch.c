// SPDX-License-Identifier: BSD-3-Clause
// joingatectl stats --watch: what changes, once a second, until it is interrupted.
#include "ctl.h"

#include <math.h>
#include <unistd.h>

#define REASONS_MAX 32
#define BAR 30
#define OFFENDERS 5

struct offender {
	const json_t *app;
	const char *mostly;
	double refused;
	double all;
};

struct reason {
	const char *name;
	double total;
	double rate;
};

static double number(const json_t *json, const char *name)
{
	return json_number_value(json_object_get(json, name));
}

// Of all vendors together.
static double total_of(const json_t *reply, const char *reason)
{
	const char *vendor;
	json_t *reasons;
	double sum = 0;
	json_object_foreach(json_object_get(reply, "verdicts"), vendor, reasons) sum +=
		number(reasons, reason);
	return sum;
}

static bool known(const struct reason *list, unsigned n, const char *name)
{
	for (unsigned i = 0; i < n; i++)
		if (strcmp(list[i].name, name) == 0)
			return true;
	return false;
}

// The reasons that came so far, most often first.
static unsigned collect(
	const json_t *now, const json_t *then, double seconds, struct reason list[REASONS_MAX])
{
	const char *vendor;
	const char *name;
	json_t *reasons;
	json_t *value;
	unsigned n = 0;
	json_object_foreach(json_object_get(now, "verdicts"), vendor, reasons)
	{
		json_object_foreach(reasons, name, value)
		{
			if (n == REASONS_MAX || known(list, n, name))
				continue;
			double total = total_of(now, name);
			unsigned place = n++;
			for (; place > 0 && list[place - 1].total < total; place--)
				list[place] = list[place - 1];
			list[place] = (struct reason){
				name, total, (total - total_of(then, name)) / seconds};
		}
	}
	return n;
}

static void print_reasons(const json_t *now, const json_t *then, double seconds)
{
	static const char full[] = "##############################";
	struct reason list[REASONS_MAX];
	unsigned n = collect(now, then, seconds, list);
	double all = 0;
	for (unsigned i = 0; i < n; i++)
		all += list[i].total;
	printf("%-20s %12s %16s\n", "reason", "a second", "total");
	for (unsigned i = 0; i < n; i++)
		printf("%-20s %12.0f %16.0f  %.*s\n", list[i].name, list[i].rate, list[i].total,
			(int)lround(list[i].total / all * BAR), full);
}

// What a bucket [microseconds, packets] of service_us held then.
static double held(const json_t *then, double us)
{
	size_t i;
	json_t *bucket;
	json_array_foreach(then, i, bucket) if (json_number_value(json_array_get(bucket, 0)) ==
		us) return json_number_value(json_array_get(bucket, 1));
	return 0;
}

static double served(const json_t *now, const json_t *then)
{
	double sum = 0;
	size_t i;
	json_t *bucket;
	json_array_foreach(now, i, bucket) sum += json_number_value(json_array_get(bucket, 1)) -
		held(then, json_number_value(json_array_get(bucket, 0)));
	return sum;
}

// Where the q-th part of the packets between two looks was served, in microseconds; -1 = beyond the
// last bucket, 0 = there were none.
static double percentile(const json_t *now, const json_t *then, double q)
{
	double wanted = q * served(now, then);
	double below = 0;
	size_t i;
	json_t *bucket;
	json_array_foreach(now, i, bucket)
	{
		double us = json_number_value(json_array_get(bucket, 0));
		below += json_number_value(json_array_get(bucket, 1)) - held(then, us);
		if (below >= wanted && below > 0)
			return us;
	}
	return 0;
}

static void print_service(const json_t *now, const json_t *then)
{
	const json_t *buckets = json_object_get(json_object_get(now, "service_us"), "buckets");
	const json_t *before = json_object_get(json_object_get(then, "service_us"), "buckets");
	bool live = now != then && served(buckets, before) > 0;
	if (!live)
		before = NULL;
	printf("%s  p50 %.1f us  p99 %.1f us  p99.9 %.1f us\n\n",
		live ? "this second    " : "since the start", percentile(buckets, before, 0.5),
		percentile(buckets, before, 0.99), percentile(buckets, before, 0.999));
}

static struct offender offender_of(const json_t *app)
{
	struct offender one = {.app = app, .mostly = ""};
	double most = 0;
	const char *name;
	json_t *value;
	json_object_foreach(json_object_get(app, "verdicts"), name, value)
	{
		double n = json_number_value(value);
		one.all += n;
		if (strcmp(name, "ok") == 0)
			continue;
		one.refused += n;
		if (n > most)
			one.mostly = name;
		most = n > most ? n : most;
	}
	return one;
}

// The apps with most refusals.
static void print_offenders(const json_t *now)
{
	struct offender list[OFFENDERS + 1];
	unsigned n = 0;
	size_t i;
	json_t *app;
	json_array_foreach(json_object_get(now, "top_apps"), i, app)
	{
		struct offender one = offender_of(app);
		unsigned place = n;
		for (; place > 0 && list[place - 1].refused < one.refused; place--)
			list[place] = list[place - 1];
		list[place] = one;
		n += n < OFFENDERS;
	}
	if (n == 0 || list[0].refused == 0)
		return;
	printf("\n%-48s %12s %12s  %s\n", "top offenders", "refused", "of", "mostly");
	for (unsigned k = 0; k < n && list[k].refused > 0; k++)
		printf("%-8s %-39s %12.0f %12.0f  %s\n",
			json_string_value(json_object_get(list[k].app, "vendor")),
			json_string_value(json_object_get(list[k].app, "app")), list[k].refused,
			list[k].all, list[k].mostly);
}

// Its loop has not turned since the last look, a second ago.
static bool stands_still(const json_t *worker, const json_t *before)
{
	return before != NULL && before != worker && number(worker, "running") == 1 &&
		number(worker, "heartbeat") == number(before, "heartbeat");
}

static void print_workers(const json_t *now, const json_t *then, double seconds)
{
	const char *name;
	json_t *worker;
	printf("\n%-12s %10s %6s %14s %7s\n", "worker", "epoch", "lag", "packets/s", "busy");
	json_object_foreach(json_object_get(now, "workers"), name, worker)
	{
		const json_t *before = json_object_get(json_object_get(then, "workers"), name);
		printf("%-12s %10.0f %6.0f %14.0f %6.1f%%%s\n", name, number(worker, "epoch"),
			number(worker, "epoch_lag"),
			(number(worker, "rx_packets") - number(before, "rx_packets")) / seconds,
			number(worker, "busy") * 100,
			stands_still(worker, before) ? "  stands still" : "");
	}
}

static void print_view(const json_t *now, const json_t *then)
{
	const json_t *state = json_object_get(now, "state");
	double seconds = number(state, "time") - number(json_object_get(then, "state"), "time");
	seconds = seconds > 0 ? seconds : 1;
	printf("%s, up %.0f s, %s, epoch %.0f of %.0f in force, %.0f cut-offs\n",
		json_string_value(json_object_get(state, "gate")), number(state, "uptime_s"),
		json_is_true(json_object_get(state, "ready")) ? "ready" : "not ready",
		number(state, "in_force"), number(state, "epoch"), number(state, "cut_offs"));
	print_service(now, then);
	print_reasons(now, then, seconds);
	print_workers(now, then, seconds);
	print_offenders(now);
}

int ctl_watch(const struct ctl *ctl)
{
	bool terminal = isatty(STDOUT_FILENO) != 0;
	struct ctl_lines lines = {.fd = ctl_connect(ctl)};
	json_t *then = NULL;
	json_t *now = NULL;
	if (lines.fd < 0)
		return CTL_UNREACHABLE;
	while (ctl_send(lines.fd, ctl->request, -1) && (now = ctl_receive(&lines)) != NULL) {
		if (json_object_get(now, "verdicts") == NULL) {
			int status = ctl_print(ctl, now);
			json_decref(now);
			json_decref(then);
			ctl_lines_fini(&lines);
			return status;
		}
		fputs(terminal ? "\033[H\033[2J" : "", stdout);
		print_view(now, then != NULL ? then : now);
		puts(terminal ? "" : "--");
		if (fflush(stdout) != 0)
			break; // nobody reads any more
		json_decref(then);
		then = now;
		now = NULL;
		(void)sleep(1);
	}
	json_decref(now);
	json_decref(then);
	ctl_lines_fini(&lines);
	return ctl_fail("the gate ended the connection"), CTL_UNREACHABLE;
}
