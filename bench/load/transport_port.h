// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** Datagrams over a queue of a DPDK port: frames are made and read here. */

#include "port.h"
#include "transport.h"

/** One sender's way to its gate. */
struct line {
	const struct jg_port *port; // started; borrowed
	/** The far end, as in an answer to it: source is the gate's address, target our own,
	 * source_port the gate's, peer_mac where the link takes frames for it. */
	struct jg_frame to;
	uint16_t udp_port; // ours
	bool echo; // the far end is this one: what comes is from our own address
};

/** NULL with err. */
JG_MUST_CHECK struct transport *transport_port_open(const struct line *line, struct jg_error *err);

/** Ask the link for the gate's Ethernet address and put it into the line. No transport may be open on
 * the port. 0 or -EHOSTUNREACH. */
JG_MUST_CHECK int line_find_gate(struct line *line);
