// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** One run: senders started together, watched every second, summed up. */

#include "sender.h"
#include "slo.h"

#define SENDERS_MAX 64

struct run_options {
	const struct pool *pool;
	const struct jg_config *apps; // to mint for while it runs; NULL: the pool's tokens in turn
	const struct pool_options *minting;
	struct way *way;
	const struct jg_mac_key *key; // NULL: unauthenticated
	struct profile profile;
	bool poisson;
	uint64_t seed;
	uint64_t timeout; // ns
	uint64_t late; // ns
	unsigned senders;
	int cpus[SENDERS_MAX]; // -1: any
	FILE *log; // .hlog, a line a second; NULL: none
};

/** One second of the measured part. */
struct row {
	double intended; // requests meant for it
	uint64_t sent; // of them
	uint64_t late;
	uint64_t answered; // whenever that was
	uint64_t unanswered;
	uint64_t wrong;
	uint64_t arrived; // answers within it; so are the latencies, in ns
	uint64_t p50;
	uint64_t p90;
	uint64_t p99;
	uint64_t p999;
	uint64_t max;
	double busy; // share of the senders' time; 1: this side can do no more
	double gate_busy; // share of the gate's workers' time; negative: not known
	uint32_t stages[20]; // answers by latency: 1 us, 2 us, 4 us ... and longer
};

/** Everything that was counted, at any time. */
struct totals {
	uint64_t tally[2][TALLY_COUNT]; // of the warm-up, of the measured part
	uint64_t reasons[JG_REASON_COUNT];
	uint64_t kinds[KIND_COUNT + 1];
	uint64_t kinds_wrong[KIND_COUNT + 1];
	uint64_t ignored[JG_WIRE_FATE_COUNT];
	uint64_t in_flight;
	struct transport_figures transport;
	uint64_t busy; // ns of all senders
};

/** What a watcher is shown. */
struct moment {
	const struct run_options *options;
	double time; // seconds since the measured part began; negative: warm-up
	const struct totals *totals;
	const struct totals *before; // a second ago
	const struct row *row; // the last whole second; NULL: none yet
	const struct histogram *latency; // so far
	bool whole; // a second has just become whole
};

struct watcher {
	/** Called a few times a second. False: stop the run. */
	bool (*look)(struct watcher *watcher, const struct moment *moment);
};

struct outcome {
	struct totals totals;
	struct row *rows;
	uint32_t rows_n;
	struct histogram *latency; // of answers
	struct histogram *judged; // with what went unanswered, as long as it was waited for
	double intended; // requests
	double seconds; // of the measured part that were run
	double sending; // until the last request had left: longer, when they left late
	double busy; // share of the senders' time, 0..1
	double busiest; // the same in the busiest second
	double gate_busiest; // of the gate's workers; negative: not known
	double outage; // seconds of the longest time without an answer to one sender's requests
	double outage_from; // seconds since the measured part began
	bool interrupted;
	unsigned wrongs_n;
	struct wrong wrongs[WRONG_KEPT];
};

/** 0, or negative errno with err: what the machine refused. */
JG_MUST_CHECK int run_load(const struct run_options *options, struct watcher *watcher,
	struct outcome *outcome, struct jg_error *err);
void outcome_fini(struct outcome *outcome);

/** What an objective is held against. */
struct slo_result outcome_result(const struct outcome *outcome);
