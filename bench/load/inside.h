// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** A gate within this process: the daemon's own workers and lane, over rings in place of ports. */

#include "internal/config.h"
#include "internal/gate.h"

struct inside;

struct inside_options {
	const struct jg_config *config; // its apps; borrowed while it starts
	const struct jg_config_port *port; // as it was named to EAL; its device is made here
	unsigned workers; // each has a queue, and a device of its own at the other end
	uint32_t front_end; // 0: requests without a MAC
	struct jg_str key; // the front end's
	uint16_t udp_port;
};

/** The name of the gate's device, as a port's setting. */
extern const struct jg_str inside_device;
/** The name of the other end of worker i's queue. */
void inside_peer(unsigned i, char name[32]);

/** EAL runs. NULL with err. */
JG_MUST_CHECK struct inside *inside_start(
	const struct inside_options *options, struct jg_error *err);
/** NULL is allowed. */
void inside_stop(struct inside *inside);

/** Share of their time that the workers worked since the last call, 0..1. */
double inside_busy(struct inside *inside);
