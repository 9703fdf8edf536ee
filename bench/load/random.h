// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** Reproducible randomness: the same seed gives the same run. Not for secrets. */

#include "internal/base.h"

#include <stdint.h>

struct random {
	uint64_t state;
};

/** splitmix64; ten of them make a token, so that calls would show. */
static inline uint64_t random_next(struct random *random)
{
	uint64_t z = random->state += UINT64_C(0x9e3779b97f4a7c15);
	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

/** Uniform in [0, 1). */
static inline double random_unit(struct random *random)
{
	return (double)(random_next(random) >> 11) * 0x1p-53;
}

/** Uniform in 0..n-1; n > 0. */
static inline uint64_t random_below(struct random *random, uint64_t n)
{
	return (uint64_t)(random_unit(random) * (double)n);
}

/** Exponentially distributed with mean 1: the gaps of a Poisson process. */
double random_gap(struct random *random);

/**
 * Which of n things, by weights, with one number and one look-up: things lighter than the average
 * share their place with a heavier one (the alias method).
 */
struct choice {
	struct place {
		uint32_t share; // of a number's lower half: below it this thing
		uint32_t other; // else that one
	} * places; // one for each thing
	unsigned n;
};

/** Weights as given; 0 or -ENOMEM. */
JG_MUST_CHECK int choice_init(struct choice *choice, const double *weights, unsigned n);
/** Zipf: thing i has weight 1 / (i + 1)^exponent; exponent 0 = all alike. */
JG_MUST_CHECK int choice_init_zipf(struct choice *choice, unsigned n, double exponent);
void choice_fini(struct choice *choice);
/** A thing whose weight is not 0. */
static inline unsigned choice_pick(const struct choice *choice, struct random *random)
{
	const uint64_t number = random_next(random);
	const unsigned thing = (unsigned)((number >> 32) * choice->n >> 32);
	const struct place *place = &choice->places[thing];
	return (uint32_t)number < place->share ? thing : place->other;
}
