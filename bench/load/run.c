// SPDX-License-Identifier: BSD-3-Clause
#include "run.h"

#include "clock.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

#define TICK 200000000 // ns
#define STOCK 128 // tokens that a sender mints at once: two bursts
#define START_DELAY 50000000 // ns: until every thread waits for its first request

struct run {
	const struct run_options *options;
	struct watcher *watcher;
	struct outcome *outcome;
	struct sender senders[SENDERS_MAX];
	pthread_t threads[SENDERS_MAX];
	unsigned started;
	uint64_t start; // of the warm-up
	uint64_t measured; // where the measured part begins
	uint64_t closed; // when the last second was
	uint64_t busy; // of all senders until then
	struct histogram second;
	struct totals before;
};

static void add_sender(struct totals *totals, const struct sender *s)
{
	struct transport_figures figures;
	for (unsigned i = 0; i < TALLY_COUNT; i++) {
		totals->tally[0][i] += jg_count_read(&s->tally[0][i]);
		totals->tally[1][i] += jg_count_read(&s->tally[1][i]);
	}
	for (unsigned i = 0; i < JG_REASON_COUNT; i++)
		totals->reasons[i] += jg_count_read(&s->reasons[i]);
	for (unsigned i = 0; i <= KIND_COUNT; i++) {
		totals->kinds[i] += jg_count_read(&s->kinds[i]);
		totals->kinds_wrong[i] += jg_count_read(&s->kinds_wrong[i]);
	}
	for (unsigned i = 0; i < JG_WIRE_FATE_COUNT; i++)
		totals->ignored[i] += jg_count_read(&s->ignored[i]);
	s->options.transport->ops->figures(s->options.transport, &figures);
	totals->transport.refused += figures.refused;
	totals->transport.blocked += figures.blocked;
	totals->transport.dropped += figures.dropped;
	totals->busy += jg_count_read(&s->busy);
}

static void sum_up(const struct run *run, struct totals *totals)
{
	*totals = (struct totals){0};
	for (unsigned i = 0; i < run->options->senders; i++)
		add_sender(totals, &run->senders[i]);
	for (unsigned i = 0; i < 2; i++) {
		const uint64_t *t = totals->tally[i];
		const uint64_t closed = t[TALLY_ANSWERED] + t[TALLY_UNANSWERED];
		totals->in_flight += t[TALLY_SENT] > closed ? t[TALLY_SENT] - closed : 0;
	}
}

// A sender that mints has its own stock, another than the others'.
static int add_maker(struct sender_options *options, const struct run_options *o, unsigned i,
	struct jg_error *err)
{
	struct pool_options minting = *o->minting;
	minting.n = STOCK;
	minting.seed += i + 1;
	options->stride = 1;
	options->own_pool = calloc(1, sizeof(*options->own_pool));
	if (options->own_pool == NULL ||
		pool_init(options->own_pool, STOCK, minting.front_end) != 0) {
		free(options->own_pool);
		jg_error_set(err, "no memory for tokens");
		return -ENOMEM;
	}
	options->pool = options->own_pool;
	options->maker = pool_maker_new(o->apps, &minting, err);
	if (options->maker != NULL)
		return 0;
	pool_fini(options->own_pool);
	free(options->own_pool);
	return -EINVAL;
}

static int open_sender(struct run *run, unsigned i, uint32_t random, struct jg_error *err)
{
	const struct run_options *o = run->options;
	struct sender_options options = {.pool = o->pool,
		.key = o->key,
		.start = run->start,
		.warm_up = (uint64_t)(o->profile.warm_up * 1e9),
		.timeout = o->timeout,
		.late = o->late,
		.first_id = (uint64_t)(random + i) << 32,
		.rate = o->profile.rate / o->senders,
		.seconds = (uint32_t)ceil(o->profile.seconds),
		.offset = i % o->pool->n,
		.stride = o->senders,
		.cpu = o->cpus[i]};
	const int rc = o->apps == NULL ? 0 : add_maker(&options, o, i, err);
	if (rc != 0)
		return rc;
	schedule_init(&options.schedule, &o->profile, o->poisson, o->seed, i, o->senders);
	options.transport = o->way->ops->open(o->way, i, err);
	return options.transport == NULL ? -EIO : sender_init(&run->senders[i], &options, err);
}

static int start(struct run *run, struct jg_error *err)
{
	uint32_t random = 0;
	int rc = getrandom(&random, sizeof(random), 0) == sizeof(random) ? 0 : -EIO;
	if (rc != 0)
		jg_error_set(err, "no random numbers for request ids: %s", strerror(errno));
	run->start = run->closed = clock_now() + START_DELAY;
	run->measured = run->start + (uint64_t)(run->options->profile.warm_up * 1e9);
	for (unsigned i = 0; i < run->options->senders && rc == 0; i++)
		rc = open_sender(run, i, random, err);
	for (unsigned i = 0; i < run->options->senders && rc == 0; i++) {
		rc = -pthread_create(&run->threads[i], NULL, sender_run, &run->senders[i]);
		if (rc == 0)
			run->started++;
		else
			jg_error_set(err, "no thread for sender %u: %s", i, strerror(-rc));
	}
	return rc;
}

static void stop(struct run *run)
{
	for (unsigned i = 0; i < run->started; i++)
		atomic_store_explicit(&run->senders[i].stop, true, memory_order_relaxed);
}

static bool all_done(const struct run *run)
{
	for (unsigned i = 0; i < run->started; i++)
		if (!atomic_load_explicit(&run->senders[i].done, memory_order_acquire))
			return false;
	return true;
}

static void take_latencies(struct run *run)
{
	histogram_init(&run->second);
	for (unsigned i = 0; i < run->started; i++) {
		struct histogram *h = sender_take(&run->senders[i]);
		histogram_merge(&run->second, h);
		histogram_init(h);
	}
	histogram_merge(run->outcome->latency, &run->second);
}

static void fill_stages(struct row *row, const struct histogram *h)
{
	uint64_t above = h->total;
	for (unsigned i = 0; i < JG_ARRAY_SIZE(row->stages); i++) {
		const bool last = i + 1 == JG_ARRAY_SIZE(row->stages);
		const uint64_t rest = last ? 0 : histogram_above(h, UINT64_C(1000) << i);
		row->stages[i] = (uint32_t)(above - rest);
		above = rest;
	}
}

static void fill_latencies(struct row *row, const struct histogram *h)
{
	row->arrived = h->total;
	row->p50 = histogram_percentile(h, 50);
	row->p90 = histogram_percentile(h, 90);
	row->p99 = histogram_percentile(h, 99);
	row->p999 = histogram_percentile(h, 99.9);
	row->max = h->max;
	fill_stages(row, h);
}

// What is meant for a second may be answered, or given up, long after it: counted at the end too.
static void fill_counts(const struct run *run, struct row *row, uint32_t second)
{
	const struct profile *p = &run->options->profile;
	row->sent = row->late = row->answered = row->unanswered = row->wrong = 0;
	row->intended = profile_sum(p, second + 1) - profile_sum(p, second);
	for (unsigned i = 0; i < run->started; i++) {
		const struct second *s = &run->senders[i].seconds[second];
		row->sent += jg_count_read(&s->sent);
		row->late += jg_count_read(&s->late);
		row->answered += jg_count_read(&s->answered);
		row->unanswered += jg_count_read(&s->unanswered);
		row->wrong += jg_count_read(&s->wrong);
	}
}

static bool show(struct run *run, const struct row *row, bool whole)
{
	struct totals now;
	sum_up(run, &now);
	const struct moment moment = {.options = run->options,
		.time = ((double)clock_now() - (double)run->measured) / 1e9,
		.totals = &now,
		.before = &run->before,
		.row = row,
		.latency = run->outcome->latency,
		.whole = whole};
	const bool go_on = run->watcher == NULL || run->watcher->look(run->watcher, &moment);
	if (whole)
		run->before = now;
	return go_on;
}

static void fill_busy(struct run *run, struct row *row)
{
	struct way *way = run->options->way;
	const uint64_t now = clock_now();
	uint64_t busy = 0;
	for (unsigned i = 0; i < run->started; i++)
		busy += jg_count_read(&run->senders[i].busy);
	const double time = (double)(now - run->closed) * run->started;
	row->busy = time > 0 ? fmin((double)(busy - run->busy) / time, 1) : 0;
	row->gate_busy = way->ops->gate_busy == NULL ? -1 : way->ops->gate_busy(way);
	run->busy = busy;
	run->closed = now;
}

static int log_second(struct run *run, double at)
{
	if (run->options->log == NULL || run->second.total == 0)
		return 0;
	return histogram_log(run->options->log, &run->second, at < 0 ? 0 : at, 1);
}

// A second is over: its latencies, its line in the log, its row. The rest of the run belongs to the
// last row.
static int close_second(struct run *run, int64_t second)
{
	struct outcome *o = run->outcome;
	struct row warm_up;
	const bool counts = second >= 0 && (uint64_t)second < o->rows_n;
	take_latencies(run);
	fill_busy(run, counts ? &o->rows[second] : &warm_up);
	const int rc = log_second(run, (double)second);
	if (counts) {
		fill_latencies(&o->rows[second], &run->second);
		fill_counts(run, &o->rows[second], (uint32_t)second);
	}
	return rc;
}

static int watch(struct run *run)
{
	const struct timespec tick = {.tv_nsec = TICK};
	int64_t second = -(int64_t)ceil(run->options->profile.warm_up);
	int rc = 0;
	const struct row *row = NULL;
	while (!all_done(run)) {
		nanosleep(&tick, NULL);
		const int64_t now = (int64_t)clock_now() - (int64_t)run->measured;
		const bool whole = now >= (second + 1) * 1000000000;
		if (whole) {
			// Where this thread was kept from running, the last second has it all.
			const int64_t current = now / 1000000000 - (now < 0);
			const int failed = close_second(run, current - 1);
			rc = rc == 0 ? failed : rc;
			if (current > 0 && (uint64_t)current <= run->outcome->rows_n)
				row = &run->outcome->rows[current - 1];
			second = current;
		}
		if (!show(run, row, whole) && !run->outcome->interrupted) {
			run->outcome->interrupted = true;
			run->outcome->seconds = (double)now / 1e9;
			stop(run);
		}
	}
	const int failed = close_second(run, second);
	return rc == 0 ? failed : rc;
}

static void find_outage(const struct run *run)
{
	struct outcome *o = run->outcome;
	for (unsigned i = 0; i < run->started; i++) {
		const struct outage *outage = &run->senders[i].outage;
		const double seconds = (double)(outage->to - outage->from) / 1e9;
		if (outage->n == 0 || seconds < o->outage)
			continue;
		o->outage = seconds;
		o->outage_from = (double)(outage->from - run->measured) / 1e9;
	}
}

static void collect(struct run *run)
{
	struct outcome *o = run->outcome;
	const struct profile *p = &run->options->profile;
	const double elapsed = (double)(clock_now() - run->start);
	sum_up(run, &o->totals);
	if (!o->interrupted)
		o->seconds = p->seconds;
	o->seconds = o->seconds < 0 ? 0 : o->seconds;
	o->intended = profile_sum(p, o->seconds);
	for (unsigned i = 0; i < run->started; i++) {
		const uint64_t last = jg_count_read(&run->senders[i].last);
		if (last > run->measured)
			o->sending = fmax(o->sending, (double)(last - run->measured) / 1e9);
	}
	o->busy = (double)o->totals.busy / (elapsed * run->started);
	o->gate_busiest = -1;
	for (uint32_t i = 0; i < o->rows_n; i++) {
		o->busiest = fmax(o->busiest, o->rows[i].busy);
		o->gate_busiest = fmax(o->gate_busiest, o->rows[i].gate_busy);
	}
	for (uint32_t i = 0; i < o->rows_n; i++)
		fill_counts(run, &o->rows[i], i);
	while (o->interrupted && o->rows_n > 0 && o->rows[o->rows_n - 1].sent == 0)
		o->rows_n--;
	find_outage(run);
	*o->judged = *o->latency;
	histogram_add_many(o->judged, run->options->timeout, o->totals.tally[1][TALLY_UNANSWERED]);
	for (unsigned i = 0; i < run->started; i++)
		for (uint64_t j = 0;
			j < jg_count_read(&run->senders[i].wrongs_n) && o->wrongs_n < WRONG_KEPT;
			j++)
			o->wrongs[o->wrongs_n++] = run->senders[i].wrongs[j];
}

// A sender that could not mint any more.
static int find_failure(const struct run *run, struct jg_error *err)
{
	for (unsigned i = 0; i < run->started; i++)
		if (atomic_load_explicit(&run->senders[i].failed, memory_order_acquire)) {
			*err = run->senders[i].err;
			return -EINVAL;
		}
	return 0;
}

static void close_all(struct run *run)
{
	stop(run);
	for (unsigned i = 0; i < run->started; i++)
		pthread_join(run->threads[i], NULL);
	for (unsigned i = 0; i < run->options->senders; i++)
		sender_fini(&run->senders[i]);
}

int run_load(const struct run_options *options, struct watcher *watcher, struct outcome *outcome,
	struct jg_error *err)
{
	struct run *run = calloc(1, sizeof(*run));
	*outcome = (struct outcome){.rows_n = (uint32_t)ceil(options->profile.seconds)};
	outcome->rows = calloc(outcome->rows_n, sizeof(*outcome->rows));
	outcome->latency = malloc(sizeof(*outcome->latency));
	outcome->judged = malloc(sizeof(*outcome->judged));
	if (run == NULL || outcome->rows == NULL || outcome->latency == NULL ||
		outcome->judged == NULL) {
		jg_error_set(err, "no memory");
		free(run);
		outcome_fini(outcome);
		return -ENOMEM;
	}
	histogram_init(outcome->latency);
	run->options = options;
	run->watcher = watcher;
	run->outcome = outcome;
	int rc = start(run, err);
	if (rc == 0) {
		rc = watch(run);
		if (rc != 0)
			jg_error_set(err, "the histogram log cannot be written: %s", strerror(-rc));
		collect(run);
		if (rc == 0)
			rc = find_failure(run, err);
	}
	close_all(run);
	free(run);
	if (rc != 0)
		outcome_fini(outcome);
	return rc;
}

void outcome_fini(struct outcome *outcome)
{
	free(outcome->rows);
	free(outcome->latency);
	free(outcome->judged);
	*outcome = (struct outcome){0};
}

// The share of the rate that was meant: what left in twice the time had half of it.
static double achieved(const struct outcome *o)
{
	if (o->intended <= 0)
		return 1;
	const double share = (double)o->totals.tally[1][TALLY_SENT] / o->intended;
	return o->sending > o->seconds && o->sending > 0 ? share * o->seconds / o->sending : share;
}

struct slo_result outcome_result(const struct outcome *o)
{
	const uint64_t *t = o->totals.tally[1];
	// A wrong verdict is one whenever it is given.
	return (struct slo_result){.sent = t[TALLY_SENT],
		.unanswered = t[TALLY_UNANSWERED] + t[TALLY_OVERLOADED],
		.wrong = t[TALLY_WRONG] + o->totals.tally[0][TALLY_WRONG],
		.late = t[TALLY_LATE],
		.achieved = achieved(o),
		.latency = o->judged};
}
