// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** What the benches share: a clock, and the best and the median of samples. */

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
