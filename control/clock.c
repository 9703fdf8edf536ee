// SPDX-License-Identifier: BSD-3-Clause
// The control thread's clocks, alone in a file so that a test can have its own.
#include "engine.h"

#include <time.h>

uint64_t jg_monotonic_ns(void)
{
	struct timespec now;
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

double jg_realtime(void)
{
	struct timespec now;
	(void)clock_gettime(CLOCK_REALTIME, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}
