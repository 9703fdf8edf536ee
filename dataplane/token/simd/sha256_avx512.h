// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** HMAC-SHA256 of sixteen messages at once, one in each 32-bit lane of AVX-512 F, VL and BW, and of two
 * such groups whose rounds take turns, so that neither waits for its own results. */

#include "internal/mac.h"

#define JG_WIDE_LANES 16

/** @param n 1..32 jobs, best of like length */
void jg_wide_hmac(struct jg_mac_job *const *jobs, unsigned n);
