// SPDX-License-Identifier: BSD-3-Clause
#include "clock.h"

#include <cpuid.h>
#include <stdbool.h>
#include <time.h>
#include <x86intrin.h>

#define LENGTH 20000000 // ns of measuring: to some millionths
#define TRIES 5

struct instant {
	uint64_t ticks;
	uint64_t ns;
};

static struct instant base;
static uint64_t scale; // 0: the kernel's clock

static uint64_t kernel_now(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

uint64_t clock_scale(uint64_t ticks, uint64_t by)
{
	return (ticks >> 32) * by + ((ticks & UINT32_MAX) * by >> 32);
}

// Both clocks at once: the reading that nothing came between.
static struct instant read_both(void)
{
	struct instant best = {0};
	uint64_t shortest = UINT64_MAX;
	for (unsigned i = 0; i < TRIES; i++) {
		const uint64_t before = __rdtsc();
		const uint64_t ns = kernel_now();
		const uint64_t after = __rdtsc();
		if (after - before >= shortest)
			continue;
		shortest = after - before;
		best = (struct instant){.ticks = before + shortest / 2, .ns = ns};
	}
	return best;
}

// Does the counter run at one pace, asleep or not? (CPUID 8000_0007h EDX bit 8)
static bool is_steady(void)
{
	unsigned eax;
	unsigned ebx;
	unsigned ecx;
	unsigned edx = 0;
	return __get_cpuid(0x80000007, &eax, &ebx, &ecx, &edx) == 1 && (edx & 1U << 8) != 0;
}

void clock_start(void)
{
	if (scale != 0 || !is_steady())
		return;
	const struct instant first = read_both();
	while (kernel_now() - first.ns < LENGTH)
		continue;
	base = read_both();
	// A counter that is slower than a tick a nanosecond would not fit, and is none of our CPUs'.
	if (base.ticks - first.ticks > base.ns - first.ns)
		scale = ((base.ns - first.ns) << 32) / (base.ticks - first.ticks);
}

uint64_t clock_now(void)
{
	if (scale == 0)
		return kernel_now();
	const uint64_t ticks = __rdtsc();
	// A core whose counter is behind by a little must not jump ahead by centuries.
	return base.ns + (ticks > base.ticks ? clock_scale(ticks - base.ticks, scale) : 0);
}

const char *clock_source(void)
{
	return scale == 0 ? "monotonic" : "tsc";
}
