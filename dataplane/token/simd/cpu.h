// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** What the CPU can do, as far as it and the operating system allow; and its cycle counter, for
 * measuring engines against each other and for nothing else. */

#include <stdint.h>

enum jg_cpu_feature {
	JG_CPU_SSE41 = 1 << 0, /**< SSE4.1 and SSSE3 */
	JG_CPU_SHA = 1 << 1, /**< SHA-1 and SHA-256 instructions */
	JG_CPU_AVX = 1 << 2,
	JG_CPU_AVX2 = 1 << 3, /**< with BMI2 */
	JG_CPU_AVX512 = 1 << 4, /**< F, VL, BW and DQ */
	JG_CPU_VBMI = 1 << 5, /**< AVX512_VBMI and VBMI2 */
};

/** The features there are, or-ed. */
unsigned jg_cpu_features(void);

/** Cycles since some time; 0 where there is no counter. */
uint64_t jg_cpu_measure_cycles(void);
