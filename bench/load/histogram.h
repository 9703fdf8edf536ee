// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/**
 * Latencies in a log-linear histogram: every value from 1 ns to an hour within one part in a
 * thousand. The buckets are HdrHistogram's with three significant digits, so that histogram_log()
 * can write its interchange format (https://hdrhistogram.github.io/HdrHistogram/, V2 encoding).
 */

#include "internal/base.h"

#include <stdint.h>
#include <stdio.h>

#define HISTOGRAM_DIGITS 3
#define HISTOGRAM_SUB_BITS 11 // 2048 steps in the first bucket, 1024 in each further one
#define HISTOGRAM_MAX UINT64_C(3600000000000) // ns; larger values count as this
#define HISTOGRAM_BUCKETS 32
#define HISTOGRAM_SLOTS ((HISTOGRAM_BUCKETS + 1) << (HISTOGRAM_SUB_BITS - 1))

struct histogram {
	uint64_t total;
	uint64_t max; // exact
	uint64_t min; // exact; UINT64_MAX when empty
	double sum;
	uint64_t count[HISTOGRAM_SLOTS];
};

/** Empty it. */
void histogram_init(struct histogram *h);

/** Count one value in nanoseconds. One writer. */
void histogram_add(struct histogram *h, uint64_t value);

/** Add all of one to another. */
void histogram_merge(struct histogram *into, const struct histogram *from);

/** The value that this share (0..100) of all values do not exceed, within the resolution; the exact
 * maximum at 100; 0 when empty. */
uint64_t histogram_percentile(const struct histogram *h, double percent);

double histogram_mean(const struct histogram *h);

/** Values above a limit, within the resolution. */
uint64_t histogram_above(const struct histogram *h, uint64_t limit);

/** The largest value that falls into the slot. */
uint64_t histogram_slot_value(unsigned slot);

/** Start a .hlog file at a Unix time. Returns 0 or -errno. */
JG_MUST_CHECK int histogram_log_header(FILE *file, double unix_seconds);

/** One interval, in seconds from the start; 0 or -errno. */
JG_MUST_CHECK int histogram_log(FILE *file, const struct histogram *h, double start, double length);

/** Count one value so many times. */
void histogram_add_many(struct histogram *h, uint64_t value, uint64_t n);
