// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** HMAC-SHA256 of sixteen messages at once, one in each 32-bit lane of AVX-512 F, VL and BW. */

#include "internal/mac.h"

#define JG_WIDE_LANES 16

/** @param n 1..16 jobs, best of like length */
void jg_wide_hmac(struct jg_mac_job *const *jobs, unsigned n);
