// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** EAL and Ethernet ports: set up by the control thread before the workers start. */

#include "frame.h"
#include "internal/gate.h"

#include <rte_ethdev.h>

struct jg_port {
	struct jg_interface interface;
	struct rte_mempool *pool;
	uint64_t tx_offloads; /**< mbuf flags of a UDP answer; 0 = checksums in software */
	uint16_t id; /**< ethdev's */
	uint16_t queues;
	bool started;
	bool owned; /**< we made the device and remove it */
	bool kernel_link; /**< the driver does not know its link; the kernel's interface does */
	char device[64];
};

/** Start EAL with our words and the caller's. members: lcores wanted beside the main one. */
JG_MUST_CHECK int jg_eal_start(
	const struct jg_gate_options *options, unsigned members, struct jg_error *err);

/** Bytes that the ports' packet buffers take, an estimate for EAL's -m. */
size_t jg_port_memory(const struct jg_gate_options *options);

/** Make, configure and start one port. On failure the port needs jg_port_stop() all the same. */
JG_MUST_CHECK int jg_port_start(struct jg_port *port, unsigned index,
	const struct jg_gate_options *options, struct jg_error *err);

/** Stop and remove; its mbufs must have come home. */
void jg_port_stop(struct jg_port *port);

/** The port's own counters and state. 0 or negative errno. */
JG_MUST_CHECK int jg_port_read(const struct jg_port *port, struct jg_port_stats *stats);
