// SPDX-License-Identifier: BSD-3-Clause
// The only place that asks the CPU.
#include "cpu.h"

#ifdef __x86_64__
#include <cpuid.h>
#include <limits.h>
#include <stdatomic.h>
#include <x86intrin.h>

static unsigned ask(void)
{
	__builtin_cpu_init();
	unsigned features = 0;
	if (__builtin_cpu_supports("sse4.1") && __builtin_cpu_supports("ssse3"))
		features |= JG_CPU_SSE41;
	if (__builtin_cpu_supports("avx"))
		features |= JG_CPU_AVX;
	if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
		__builtin_cpu_supports("bmi2") && __builtin_cpu_supports("popcnt"))
		features |= JG_CPU_AVX2;
	if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
		__builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq"))
		features |= JG_CPU_AVX512;
	if (__builtin_cpu_supports("avx512vbmi") && __builtin_cpu_supports("avx512vbmi2"))
		features |= JG_CPU_VBMI;
	unsigned eax, ebx, ecx, edx;
	if (__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) && (ebx >> 29 & 1) != 0)
		features |= JG_CPU_SHA;
	return features;
}

// A hypervisor catches every question to the CPU, so one is enough.
unsigned jg_cpu_features(void)
{
	static _Atomic unsigned known = UINT_MAX;
	unsigned features = atomic_load_explicit(&known, memory_order_relaxed);
	if (features == UINT_MAX) {
		features = ask();
		atomic_store_explicit(&known, features, memory_order_relaxed);
	}
	return features;
}

uint64_t jg_cpu_measure_cycles(void)
{
	_mm_lfence();
	return __rdtsc();
}
#else
unsigned jg_cpu_features(void)
{
	return 0;
}

uint64_t jg_cpu_measure_cycles(void)
{
	return 0;
}
#endif
