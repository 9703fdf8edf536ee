// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** The DPDK ports of a run: one a sender, and a ring that is its own far end. One a process. */

#include "run.h"
#include "target.h"
#include "transport_port.h"

struct ports {
	struct jg_config_port
		config[SENDERS_MAX + 2]; // the gate's, if it is here too; ours; the echo's
	unsigned gates; // ports of the gate's in this process: 0 or 1
	unsigned n; // ours
	struct jg_gate_options options; // of ours
	struct jg_port port[SENDERS_MAX];
	struct jg_port echo;
	struct line line[SENDERS_MAX];
	struct line echo_line;
};

struct ports_options {
	const struct jg_config_port *own; // one a sender
	unsigned n;
	const struct jg_config_port *gate; // in this process; NULL: elsewhere
	unsigned workers; // of that gate
	const struct jg_str *eal_extra; // more words for EAL
	unsigned eal_extra_n;
};

/** Start EAL with room for all of them. 0 or negative errno with err. */
JG_MUST_CHECK int ports_begin(
	struct ports *ports, const struct ports_options *options, struct jg_error *err);

/**
 * Start the ports and find the gate through each.
 *
 * @param mac the gate's, or that of the router before it; NULL: it is asked for
 * @return 0 or negative errno with err
 */
JG_MUST_CHECK int ports_start(
	struct ports *ports, const struct target *gate, const uint8_t *mac, struct jg_error *err);

/** All transports are closed. Ends EAL too. */
void ports_stop(struct ports *ports);
