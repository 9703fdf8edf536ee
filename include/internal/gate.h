// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/**
 * The packet side of joingated for the daemon, without any DPDK type: start it, feed it over
 * channels, read its counters, stop it. One gate per process.
 */

#include "internal/channel.h"
#include "internal/config.h"
#include "internal/counters.h"

#include <joingate/types.h>

#include <stdbool.h>
#include <stdint.h>

struct jg_gate;
struct jg_witness;

/** Fields left 0 or NULL have their defaults. Borrowed until jg_gate_start() returns. */
struct jg_gate_options {
	/** As configured. Driver "ring" takes an Ethernet device that exists in this process already
	 * (rte_eth_from_rings()), if there is one of that name. */
	const struct jg_config_port *ports;
	unsigned ports_n; /**< 1..JG_PORTS_MAX */
	unsigned workers; /**< 1..JG_WORKERS_MAX; 0 = 1 */
	unsigned burst; /**< packets of one poll, 1..256; 0 = 64 */
	uint16_t udp_port; /**< 0 = JG_WIRE_PORT */
	uint8_t idle; /**< enum jg_idle */
	bool no_lane; /**< no RS256 lane: the worker judges Vonage tokens itself */
	bool eal_running; /**< the caller has started EAL, with an lcore for every member */
	const char *mac_engine; /**< as in jg_verifier_options */
	const char *simd;
	const char
		*file_prefix; /**< of EAL's run-time files; NULL = "joingate-" and the process id */
	const struct jg_str *eal_extra; /**< more EAL words, after ours */
	unsigned eal_extra_n;
};

/**
 * Start EAL, the ports, the workers and the RS256 lane. Requests are not answered before the first
 * JG_MESSAGE_SNAPSHOT (its payload: struct jg_gate_state).
 *
 * @return NULL with err filled in: what failed and what to do about it
 */
JG_MUST_CHECK struct jg_gate *jg_gate_start(
	const struct jg_gate_options *options, struct jg_error *err);

/**
 * Stop the loops: what has arrived is judged, and what waits for the RS256 lane is answered, within a
 * second. Then close the ports and free everything. NULL is allowed.
 */
void jg_gate_stop(struct jg_gate *gate);

/** Members: the workers 0..n-1, then the lane if there is one. Each has a channel and counters. */
unsigned jg_gate_members(const struct jg_gate *gate);
/** "worker 0" …, "lane". */
const char *jg_gate_member_name(const struct jg_gate *gate, unsigned member);
struct jg_channel *jg_gate_channel(const struct jg_gate *gate, unsigned member);
const struct jg_counters *jg_gate_counters(const struct jg_gate *gate, unsigned member);
/** What the member tells of requests it judged; lives until the gate is stopped. */
struct jg_witness *jg_gate_witness(struct jg_gate *gate, unsigned member);
/** What the member's verifier chose: "mac=… simd=…". */
const char *jg_gate_member_describe(const struct jg_gate *gate, unsigned member);

/** Cycles of the time-stamp counter in one second. */
uint64_t jg_gate_cycles_per_second(const struct jg_gate *gate);

/** What a port itself counts, and its state. */
struct jg_port_stats {
	char device[64];
	char driver[32];
	uint8_t mac[6];
	bool link_up;
	bool checksum_offload;
	uint16_t mtu;
	uint16_t queues;
	uint32_t mbufs; /**< of the port's pool */
	uint32_t mbufs_free;
	uint64_t rx_packets;
	uint64_t tx_packets;
	uint64_t rx_bytes;
	uint64_t tx_bytes;
	uint64_t rx_missed; /**< lost because the gate did not poll in time */
	uint64_t rx_errors;
	uint64_t tx_errors;
	uint64_t rx_no_mbuf;
};

unsigned jg_gate_ports(const struct jg_gate *gate);
/** Control thread only. 0 or negative errno. */
JG_MUST_CHECK int jg_gate_port_stats(
	const struct jg_gate *gate, unsigned port, struct jg_port_stats *stats);

/** Where figures are told to: one call each. Names may have "/". */
struct jg_gate_told {
	void (*count)(struct jg_gate_told *told, const char *name, uint64_t value);
	void (*text)(struct jg_gate_told *told, const char *name, const char *value);
};

/** Who knows what the packet side does not: the state, the apps, the keys. */
struct jg_gate_teller {
	void *arg;
	/** By telemetry's threads, several at a time. topic: "state", "keys" …; member, first: of stats, of
	 * a list. */
	void (*tell)(void *arg, const char *topic, const char *member, unsigned first,
		struct jg_gate_told *told);
};

/** For DPDK's telemetry socket; arg must live until the gate is stopped. */
void jg_gate_tell_by(const struct jg_gate *gate, const struct jg_gate_teller *teller);
