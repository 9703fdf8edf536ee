// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** What takes turns in bench_core: whole verification, minting, and raw HMACs of the same bytes. */

#include "bench.h"
#include "population.h"

/** Engines and the product's own work, at most. */
#define BENCH_ENGINES 12

struct bench_contender {
	struct bench_population *population;
	unsigned burst;
	unsigned items; /**< of one sample, a multiple of burst */
	unsigned place; /**< goes round the population */
	struct jg_verifier *verifier; /**< whole verification, or */
	struct jg_minter *minter; /**< minting, or */
	struct jg_mac *mac; /**< raw HMACs */
};

/** A sample each; nanoseconds a token, -1 when a verdict is not the one the population expects,
 * or when nothing was minted. */
double bench_verify_sample(void *contender);
double bench_mint_sample(void *contender);
/** Raw HMACs of the signed bytes; what the next burst will read is prefetched. */
double bench_raw_sample(void *contender);

/** Verify the whole population once and compare everything that was asked for with what came out. */
JG_MUST_CHECK bool bench_check_all(struct bench_contender *c);
