// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** Reproducible randomness: the same seed gives the same run. Not for secrets. */

#include "internal/base.h"

#include <stdint.h>

struct random {
	uint64_t state;
};

uint64_t random_next(struct random *random);

/** Uniform in [0, 1). */
double random_unit(struct random *random);

/** Uniform in 0..n-1; n > 0. */
uint64_t random_below(struct random *random, uint64_t n);

/** Exponentially distributed with mean 1: the gaps of a Poisson process. */
double random_gap(struct random *random);

/**
 * Which of n things, by weights, with one number and one look-up: things lighter than the average
 * share their place with a heavier one (the alias method).
 */
struct choice {
	struct place *places; // one for each thing
	unsigned n;
};

/** Weights as given; 0 or -ENOMEM. */
JG_MUST_CHECK int choice_init(struct choice *choice, const double *weights, unsigned n);
/** Zipf: thing i has weight 1 / (i + 1)^exponent; exponent 0 = all alike. */
JG_MUST_CHECK int choice_init_zipf(struct choice *choice, unsigned n, double exponent);
void choice_fini(struct choice *choice);
/** A thing whose weight is not 0. */
unsigned choice_pick(const struct choice *choice, struct random *random);
