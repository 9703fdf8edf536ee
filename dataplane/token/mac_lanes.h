// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** Our own HMAC-SHA256 lanes. */

#include "mac_engine.h"

/** Up to four lanes of the SHA instructions. */
extern const struct jg_mac_engine jg_shani;
/** Sixteen lanes of AVX-512 for what fills them, the SHA instructions for the rest. */
extern const struct jg_mac_engine jg_avx512;
