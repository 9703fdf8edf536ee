// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** Figures for people. */

#include <stddef.h>

struct figure {
	char text[32];
};

/** "850 ns", "35.2 us", "1.20 ms", "3.00 s" */
struct figure figure_time(double nanoseconds);
/** "950", "12.3k", "1.20M" */
struct figure figure_count(double n);
/** "0.01 %" */
struct figure figure_share(double part, double whole);
