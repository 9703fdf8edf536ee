// SPDX-License-Identifier: BSD-3-Clause
// joingate-load: plan, measure the generator, run, judge, write down.
#include "approach.h"
#include "capacity.h"
#include "clock.h"
#include "compare.h"
#include "environment.h"
#include "plan.h"
#include "report.h"
#include "result.h"
#include "view.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum status {
	STATUS_KEPT = 0,
	STATUS_USAGE = 1,
	STATUS_ENVIRONMENT = 2,
	STATUS_BROKEN = 99,
};

struct load {
	struct options options;
	struct approach approach;
	struct jg_config *apps; // NULL: tokens of a file
	struct pool pool;
	struct pool_options minting;
	struct generator generator;
	struct run_options run;
	struct view view;
	struct outcome outcome;
	json_t *steps;
	FILE *log;
	int64_t started;
};

static volatile sig_atomic_t stopped;

static void on_signal(int number)
{
	stopped = number;
}

static int fail(enum status status, const struct jg_error *err)
{
	fprintf(stderr, "joingate-load: %s\n", err->text);
	return (int)status;
}

static int fill_pool(struct load *l, struct jg_error *err)
{
	const struct options *o = &l->options;
	struct jg_problems problems = {0};
	if (o->tokens_file != NULL)
		return pool_read(&l->pool, o->tokens_file, o->front_end, err);
	l->apps = jg_config_load(o->config, JG_CONFIG_APPS, &problems);
	jg_problems_print(&problems, o->config, stderr);
	jg_problems_free(&problems);
	if (l->apps == NULL) {
		jg_error_set(err, "%s cannot be used", o->config);
		return -EINVAL;
	}
	l->minting = (struct pool_options){.mix = o->mix,
		.n = o->tokens,
		.seed = o->seed,
		.now = l->started,
		.ttl = o->ttl,
		.front_end = o->front_end};
	return pool_mint(&l->pool, l->apps, &l->minting, err);
}

static int prepare(struct load *l, struct jg_error *err)
{
	struct options *o = &l->options;
	const int rc = approach_choose(&l->approach, o, err);
	l->started = (int64_t)time(NULL);
	if (!o->seeded)
		o->seed = (uint64_t)l->started;
	return rc == 0 ? fill_pool(l, err) : rc;
}

static bool is_kept(const struct load *l)
{
	const struct slo_result result = outcome_result(&l->outcome);
	return result.wrong == 0 && slo_kept(&l->options.slo, &result);
}

static void note_step(struct load *l, const struct capacity *c, bool kept)
{
	const struct slo_result r = outcome_result(&l->outcome);
	json_array_append_new(l->steps,
		json_pack("{sf sb sf sf sI sI}", "rate", c->rate, "kept", (int)kept, "achieved",
			r.achieved, "loss",
			r.sent > 0 ? (double)r.unanswered / (double)r.sent : 0.0, "p99",
			(json_int_t)histogram_percentile(r.latency, 99), "p999",
			(json_int_t)histogram_percentile(r.latency, 99.9)));
	fprintf(stdout, "step      %.0f/s: %s\n", c->rate, kept ? "kept" : "broken");
}

// Leaves the outcome of the fastest step that kept the SLO; of the last one when none did.
static int run_steps(struct load *l, struct jg_error *err)
{
	struct capacity c;
	struct outcome best = {0};
	bool more = true;
	capacity_init(&c, l->options.profile.from, l->options.profile.rate);
	l->steps = json_array();
	while (more && stopped == 0) {
		l->run.profile.kind = PROFILE_CONSTANT;
		l->run.profile.rate = c.rate;
		l->run.profile.warm_rate = c.rate / 10;
		outcome_fini(&l->outcome);
		const int rc = run_load(&l->run, &l->view.watcher, &l->outcome, err);
		if (rc != 0)
			return rc;
		const bool kept = is_kept(l);
		note_step(l, &c, kept);
		more = capacity_next(&c, kept);
		if (kept) {
			outcome_fini(&best);
			best = l->outcome;
			l->outcome = (struct outcome){0};
		}
		l->view.lines = 0;
	}
	if (best.rows != NULL) {
		outcome_fini(&l->outcome);
		l->outcome = best;
	}
	printf("capacity  %.0f/s kept", c.kept);
	if (c.broken > 0)
		printf(", %.0f/s did not", c.broken);
	putchar('\n');
	return 0;
}

static const struct jg_mac_key *key_of(const struct load *l)
{
	return l->approach.signs ? &l->approach.key : NULL;
}

static int run(struct load *l, struct jg_error *err)
{
	const struct options *o = &l->options;
	l->run = (struct run_options){.pool = &l->pool,
		.apps = o->fresh ? l->apps : NULL,
		.minting = &l->minting,
		.way = l->approach.way,
		.key = key_of(l),
		.profile = o->profile,
		.poisson = o->poisson,
		.seed = o->seed,
		.timeout = o->timeout,
		.late = o->late,
		.senders = o->senders,
		.log = l->log};
	memcpy(l->run.cpus, o->cpus, sizeof(l->run.cpus));
	view_init(&l->view, stdout, isatty(STDOUT_FILENO) == 1, o->quiet, &stopped);
	if (o->profile.kind == PROFILE_STEPS)
		return run_steps(l, err);
	return run_load(&l->run, &l->view.watcher, &l->outcome, err);
}

static int open_log(struct load *l, struct jg_error *err)
{
	if (l->options.hlog == NULL)
		return 0;
	l->log = fopen(l->options.hlog, "we");
	if (l->log != NULL && histogram_log_header(l->log, (double)l->started) == 0)
		return 0;
	jg_error_set(err, "%s cannot be written: %s", l->options.hlog, strerror(errno));
	return -EIO;
}

static bool write_html(const json_t *result, const char *path, struct jg_error *err)
{
	FILE *file = fopen(path, "we");
	bool good = file != NULL && report_write(file, result) == 0;
	if (file != NULL)
		good &= fclose(file) == 0;
	if (!good)
		jg_error_set(err, "%s cannot be written: %s", path, strerror(errno));
	return good;
}

static bool write_all(const struct load *l, int status, struct jg_error *err)
{
	const struct options *o = &l->options;
	json_t *environment = environment_read();
	const struct result_parts parts = {.options = o,
		.target = &l->approach.target,
		.way = l->approach.way->text,
		.pool = &l->pool,
		.generator = &l->generator,
		.outcome = &l->outcome,
		.environment = environment,
		.steps = l->steps,
		.started = l->started,
		.status = status};
	json_t *result = result_build(&parts);
	bool good = result != NULL;
	if (result == NULL)
		jg_error_set(err, "no memory for the result");
	if (good && o->json != NULL)
		good = result_write(result, o->json, err);
	if (good && o->csv != NULL)
		good = result_write_csv(result, o->csv, err);
	if (good && o->html != NULL)
		good = write_html(result, o->html, err);
	json_decref(result);
	json_decref(environment);
	return good;
}

static int judge(struct load *l)
{
	struct jg_error err;
	const uint64_t *t = l->outcome.totals.tally[1];
	int status = is_kept(l) ? STATUS_KEPT : STATUS_BROKEN;
	const bool silent = t[TALLY_ANSWERED] + l->outcome.totals.tally[0][TALLY_ANSWERED] == 0;
	if (status == STATUS_KEPT && (silent || l->outcome.interrupted))
		status = STATUS_ENVIRONMENT;
	plan_outcome(stdout, &l->options, &l->outcome, &l->generator);
	if (silent)
		printf("NO ANSWER from %s: is the gate running, and are front end, key and source "
		       "address what it expects?\n",
			l->approach.target.text);
	if (l->outcome.interrupted)
		printf("INTERRUPTED after %.1f s\n", l->outcome.seconds);
	if (!write_all(l, status, &err))
		return fail(STATUS_ENVIRONMENT, &err);
	return status;
}

static int load(struct load *l)
{
	struct jg_error err = {""};
	const struct options *o = &l->options;
	const int rc = prepare(l, &err);
	if (rc != 0)
		return fail(rc == -ENOMEM ? STATUS_ENVIRONMENT : STATUS_USAGE, &err);
	if (!o->quiet || o->plan_only)
		plan_print(stdout, o, &l->approach.target, &l->pool);
	if (o->plan_only)
		return STATUS_KEPT;
	if (open_log(l, &err) != 0 || approach_open(&l->approach, o, l->apps, &err) != 0 ||
		generator_measure(l->approach.way, &l->pool, key_of(l), &l->generator, &err) != 0)
		return fail(STATUS_ENVIRONMENT, &err);
	if (o->fresh)
		generator_mints(&l->generator, &l->pool);
	if (!o->quiet)
		plan_generator(stdout, o, &l->generator);
	if (run(l, &err) != 0)
		return fail(STATUS_ENVIRONMENT, &err);
	return judge(l);
}

static int report_main(int argc, char **argv)
{
	struct jg_error err = {""};
	if (argc != 2) {
		jg_error_set(&err,
			"report takes one result: joingate-load report RESULT.json > REPORT.html");
		return fail(STATUS_USAGE, &err);
	}
	json_t *result = result_read(argv[1], &err);
	if (result == NULL)
		return fail(STATUS_USAGE, &err);
	const int rc = report_write(stdout, result);
	json_decref(result);
	return rc == 0 ? STATUS_KEPT : STATUS_ENVIRONMENT;
}

int main(int argc, char **argv)
{
	struct jg_error err = {""};
	const struct sigaction action = {.sa_handler = on_signal};
	if (argc > 1 && strcmp(argv[1], "compare") == 0)
		return compare_main(argc - 1, argv + 1, stdout);
	if (argc > 1 && strcmp(argv[1], "report") == 0)
		return report_main(argc - 1, argv + 1);
	struct load *l = aligned_alloc(
		JG_CACHE_LINE, (sizeof(*l) + JG_CACHE_LINE - 1) & ~(size_t)(JG_CACHE_LINE - 1));
	if (l == NULL)
		return STATUS_ENVIRONMENT;
	memset(l, 0, sizeof(*l));
	int status = options_read(&l->options, argc, argv, &err);
	if (status > 0) {
		fputs(options_help, stdout);
		status = STATUS_KEPT;
	} else if (status < 0) {
		status = fail(STATUS_USAGE, &err);
	} else {
		sigaction(SIGINT, &action, NULL);
		sigaction(SIGTERM, &action, NULL);
		clock_start();
		status = load(l);
	}
	outcome_fini(&l->outcome);
	pool_fini(&l->pool);
	approach_close(&l->approach);
	jg_config_free(l->apps);
	json_decref(l->steps);
	if (l->log != NULL)
		fclose(l->log);
	explicit_bzero(l, sizeof(*l));
	free(l);
	return status;
}
