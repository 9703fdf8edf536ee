// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <joingate/vendor.h>

#include <stdbool.h>

/** Vendors whose signatures (RS256) cost so much that a gate judges them on a lane of their own. */
static inline bool jg_vendor_is_slow(unsigned vendor)
{
	return vendor == JG_VENDOR_VONAGE;
}
