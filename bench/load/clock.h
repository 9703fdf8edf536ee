// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/**
 * The clock that everything is timed by: the time-stamp counter, scaled to nanoseconds once. A
 * system call, even one that stays in user space, would be paid several times for every burst.
 */

#include <stdint.h>

/** Measure the counter against the kernel's monotonic clock, before any thread of load starts. Where
 * the counter does not keep its pace the kernel's clock is used. */
void clock_start(void);

/** Nanoseconds; any thread; never goes back. */
uint64_t clock_now(void);

/** What is read: "tsc" or "monotonic". */
const char *clock_source(void);

/** Ticks in nanoseconds. @param scale nanoseconds a tick, times 2^32, below 2^32 */
uint64_t clock_scale(uint64_t ticks, uint64_t scale);
