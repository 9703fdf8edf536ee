// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** intel-ipsec-mb's HMACs, one engine per level. */

#include "mac_engine.h"

extern const struct jg_mac_engine jg_imb_sse;
extern const struct jg_mac_engine jg_imb_avx;
extern const struct jg_mac_engine jg_imb_avx2;
extern const struct jg_mac_engine jg_imb_avx512;
