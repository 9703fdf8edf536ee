// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** How a run gets to its gate: chosen by the options, checked, then opened. */

#include "options.h"

struct approach {
	struct target target;
	struct jg_config *ports; // ours; NULL: a socket, or a gate within this process
	struct jg_mac_key key;
	bool signs; // with the key
	uint8_t secret[32]; // of the front end of a gate within this process
	struct way *way; // NULL before it is opened
};

/** Where to, and may it be loaded? 0, or negative errno with err: bad usage. */
JG_MUST_CHECK int approach_choose(
	struct approach *approach, const struct options *options, struct jg_error *err);

/** @param apps of a gate within this process. 0, or negative errno with err: the machine's refusal. */
JG_MUST_CHECK int approach_open(struct approach *approach, const struct options *options,
	const struct jg_config *apps, struct jg_error *err);

/** Wipes it. */
void approach_close(struct approach *approach);
