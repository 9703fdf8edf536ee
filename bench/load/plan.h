// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** What is going to happen, and what has, in words. */

#include "measure.h"
#include "options.h"

void plan_print(FILE *out, const struct options *options, const struct target *target,
	const struct pool *pool);

/** What the generator can do here, and whether that is enough. */
void plan_generator(FILE *out, const struct options *options, const struct generator *generator);

void plan_outcome(FILE *out, const struct options *options, const struct outcome *outcome,
	const struct generator *generator);
