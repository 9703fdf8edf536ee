// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** Our own HMAC-SHA256 lanes on the SHA instructions; SHA-1 is left to portable code. */

#include "mac_engine.h"

extern const struct jg_mac_engine jg_shani;
