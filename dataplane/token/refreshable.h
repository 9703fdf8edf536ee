// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** When a token may be refreshed, and until when its successor lives. */

#include "state.h"

#include <joingate/verify.h>

/**
 * The end of a successor: LiveKit's ten minutes, or what is left when that is longer, but never
 * beyond what policy and vendor count from the original issue. A token without issue time counts as
 * issued at 0.
 *
 * @return the end; not later than now: nothing is left to give
 */
int64_t jg_refreshed_until(
	const struct jg_app_entry *app, const struct jg_verdict *verdict, int64_t now);
