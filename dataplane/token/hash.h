// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** Keyed 64-bit hash for the tables, so that nobody outside can aim at a bucket or a fingerprint. */

#include "internal/base.h"

struct jg_hash_seed {
	uint64_t word[4];
};

/** Words from the system's random source; from a number when that is not 0 (tests). */
void jg_hash_seed_init(struct jg_hash_seed *seed, uint64_t number);

/** Hash bytes, chained on the hash of what stands before them (or any number). Reads nothing
 * beyond text.len. */
uint64_t jg_hash(const struct jg_hash_seed *seed, uint64_t before, struct jg_str text);
