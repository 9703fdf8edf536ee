// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** One worker: one queue of every port, a verifier, a reassembly table, and the loop over them. */

#include "idle.h"
#include "internal/channel.h"
#include "judge.h"
#include "lane.h"
#include "port.h"
#include "reassembly.h"
#include "transmit.h"

/** Packets whose bytes are on their way into the cache. */
#define JG_WORKER_AHEAD 3

struct jg_worker_options {
	const struct jg_port *ports;
	unsigned ports_n;
	uint16_t queue; /**< of every port */
	uint16_t workers; /**< how many there are */
	uint16_t burst;
	uint8_t idle; /**< enum jg_idle */
	int numa_node;
	struct jg_lane_port *lane; /**< NULL: no lane */
	struct jg_channel *channel;
	struct jg_verifier_options verifier;
};

struct jg_worker {
	// Read-only after the start.
	struct jg_worker_options options;
	uint64_t cycles_per_second;
	// Private and hot.
	alignas(JG_CACHE_LINE) struct jg_idle_state idle;
	uint64_t last_poll; // time-stamp counter at its start
	unsigned last_n; // packets it brought
	unsigned packets_n;
	unsigned held_n;
	struct jg_reassembly *reassembly;
	struct jg_transmit tx;
	struct rte_mbuf *rx[JG_BURST_MAX + JG_WORKER_AHEAD]; // the last one once more behind it
	struct jg_packet packets[JG_BURST_MAX];
	uint32_t held[JG_BURST_MAX]; // reassembly entries that this burst uses
	struct jg_lane_job *answered[JG_LANE_JOBS];
	struct jg_judge judge;
	// Read by control.
	struct jg_counters counters;
};

/** Make a worker on its NUMA node; NULL with err filled in. Free with jg_worker_free(). */
JG_MUST_CHECK struct jg_worker *jg_worker_new(
	const struct jg_worker_options *options, struct jg_error *err);
/** The loop must have ended, and the lane too. */
void jg_worker_free(struct jg_worker *worker);

/** One turn of the loop. False: stop was asked for. */
bool jg_worker_poll(struct jg_worker *worker);
/**
 * After stop was asked for: judge what has arrived, send what the lane still has, for so many cycles at
 * most. False: the lane had not answered everything by then.
 */
bool jg_worker_finish(struct jg_worker *worker, uint64_t cycles);
/** Until stopped, and finished: a second at most. */
int jg_worker_run(void *worker);
