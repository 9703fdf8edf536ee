// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** SHA-1 and SHA-256 in portable C: the truth that every engine must agree with. */

#include "internal/mac.h"

#define JG_SHA_BLOCK 64

/** Words of a chaining value: 8 or 5. */
unsigned jg_mac_words(enum jg_mac_alg alg);

/** The chaining value before the first block (FIPS 180-4 section 5.3). */
void jg_ref_start(enum jg_mac_alg alg, uint32_t state[8]);

/** Compress whole blocks. */
void jg_ref_blocks(enum jg_mac_alg alg, uint32_t state[8], const uint8_t *data, size_t blocks);

/** HMACs one after the other. */
void jg_ref_burst(void *state, enum jg_mac_alg alg, struct jg_mac_job *jobs, unsigned n);

/** Midstates one after the other. */
void jg_ref_keys(void *state, const struct jg_mac_job *jobs, struct jg_mac_key *keys, unsigned n);
