// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** The ways that need DPDK: over ports to a gate elsewhere, over rings to one within this process. */

#include "run.h"
#include "target.h"

#include <joingate/types.h>

struct way_ports_options {
	const struct jg_config
		*ports; // whose ports are ours, one a sender; NULL: a gate in this process
	const struct jg_config *apps; // of a gate in this process
	unsigned senders; // and workers of that gate
	const struct target *target;
	const uint8_t *gate_mac; // NULL: it is asked for
	uint32_t front_end; // of a gate in this process; 0: requests without a MAC
	struct jg_str key;
};

/** The address of a gate within this process. */
extern const char way_inside_gate[];

/** Can this program do it at all? */
extern const bool way_ports_built;

/** Everything is borrowed while it opens, but for the target and the ports. NULL with err. */
JG_MUST_CHECK struct way *way_ports_open(
	const struct way_ports_options *options, struct jg_error *err);
