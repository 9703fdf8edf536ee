// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** Steps until the SLO breaks, then between the last that kept it and the first that did not. */

#include <stdbool.h>

struct capacity {
	double rate; // of the step to run now
	double kept; // highest rate that kept it; 0: none yet
	double broken; // lowest rate that broke it; 0: none yet
	double highest; // no step is faster
	unsigned steps;
};

/** The first step is at `lowest`. */
void capacity_init(struct capacity *capacity, double lowest, double highest);

/** A step was run. @return is there another one? then rate is its rate */
bool capacity_next(struct capacity *capacity, bool kept);
