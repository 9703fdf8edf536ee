// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** Two sets of runs beside each other: is the difference more than what runs differ by anyway? */

#include <jansson.h>

#include <stdio.h>

/** joingate-load compare A... -- B...; the exit status. */
int compare_main(int argc, char **argv, FILE *out);

enum compare_outcome {
	COMPARE_SAME, // within the spread
	COMPARE_BETTER,
	COMPARE_WORSE,
};

/** Means of n and m values and their spreads: worse means larger. Spread is the full range. */
enum compare_outcome compare_values(
	const double *a, unsigned n, const double *b, unsigned m, double *change);
