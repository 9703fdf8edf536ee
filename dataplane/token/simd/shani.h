// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** HMAC-SHA256 on the SHA instructions, several messages at once. */

#include "internal/mac.h"

/** Lanes of the widest kernel. */
#define JG_SHANI_LANES 4

/** So many jobs (or keys) at a time as the place in the array says, beginning with one; of jobs several groups,
 * one after the other. */
struct jg_shani {
	unsigned lanes; /**< kernels that there are */
	void (*hmac[JG_SHANI_LANES])(struct jg_mac_job *const *jobs, unsigned groups);
	void (*keys[JG_SHANI_LANES])(const struct jg_mac_job *jobs, struct jg_mac_key *keys);
};

/** Four lanes in 32 registers: SHA, AVX-512 F, VL and BW. */
extern const struct jg_shani jg_shani_avx512;
/** Three lanes in 16 registers: SHA, AVX. */
extern const struct jg_shani jg_shani_avx;
