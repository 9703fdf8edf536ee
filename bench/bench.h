// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** What the benches share: clocks, samples with their best and median, and peers taking turns. */

#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

#define BENCH_SAMPLES_MAX 1024

struct bench_samples {
	double value[BENCH_SAMPLES_MAX];
	unsigned n;
};

static inline double bench_now_ns(void)
{
	struct timespec now;
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

/** Time that this thread really ran: what neighbours on the machine take away is not in it. Costs a
 * system call, so a sample has to be some hundred microseconds long. */
static inline double bench_cpu_ns(void)
{
	struct timespec now;
	(void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

/** Keeps a sample; what does not fit is dropped. */
static inline void bench_add(struct bench_samples *samples, double value)
{
	if (samples->n < BENCH_SAMPLES_MAX)
		samples->value[samples->n++] = value;
}

static int bench_order(const void *a, const void *b)
{
	double x = *(const double *)a;
	double y = *(const double *)b;
	return (x > y) - (x < y);
}

/** The sample at a share of the sorted ones: 0 = the best, 0.5 = the median. 0 without samples. */
static inline double bench_quantile(struct bench_samples *samples, double share)
{
	if (samples->n == 0)
		return 0;
	qsort(samples->value, samples->n, sizeof(samples->value[0]), bench_order);
	return samples->value[(unsigned)(share * (samples->n - 1))];
}

/** One contender: run() does a sample's worth of work and returns nanoseconds per item, negative
 * when an answer was wrong. */
struct bench_peer {
	const char *name;
	double (*run)(void *self);
	void *self;
	struct bench_samples
		samples; /**< in the order of the rounds until a quantile is asked for */
};

/** So many rounds in which every peer has one turn, so that a slow phase of the machine meets all
 * of them. False when a peer's answer was wrong. */
bool bench_alternate(struct bench_peer *peers, unsigned n, unsigned rounds);

/** Median over the rounds of one peer's sample by the other's of the same round. Before any
 * quantile is asked for. */
double bench_paired(const struct bench_peer *peer, const struct bench_peer *by);
