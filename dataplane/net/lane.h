// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/**
 * The RS256 lane: a thread of its own for tokens that cost a hundred times more than others. Every
 * worker has a bounded number of jobs and two rings of its own; the lane judges, and the worker sends,
 * counts and frees: packets stay the worker's.
 */

#include "idle.h"
#include "internal/channel.h"
#include "judge.h"

#include <stdatomic.h>

struct rte_ring;

/** Jobs of one worker, a power of two. */
#define JG_LANE_JOBS 128

struct jg_lane_job {
	struct jg_packet packet;
	uint8_t bytes[JG_WIRE_DATAGRAM_MAX]; /**< the datagram when it does not lie in its mbuf */
};

/** Between one worker and the lane. */
struct jg_lane_port {
	struct rte_ring *to_lane; /**< worker: producer, lane: consumer */
	struct rte_ring *to_worker; /**< the reverse; has room for every job */
	struct jg_lane_job *jobs;
	struct jg_lane_job *spare[JG_LANE_JOBS]; /**< worker only: a stack */
	unsigned spare_n;
};

struct jg_lane {
	struct jg_judge judge;
	struct jg_channel *channel;
	struct jg_idle_state idle;
	struct jg_lane_port *ports; /**< one a worker */
	unsigned ports_n;
	struct jg_lane_job *taken[JG_BURST_MAX];
	struct jg_packet packets[JG_BURST_MAX];
	struct jg_counters *counters;
};

/** 0 or negative errno with err filled in. */
JG_MUST_CHECK int jg_lane_port_init(
	struct jg_lane_port *port, unsigned worker, int numa_node, struct jg_error *err);
void jg_lane_port_fini(struct jg_lane_port *port);

/** Worker: hand a request over. False: all jobs are out; the packet is still the caller's. */
JG_MUST_CHECK bool jg_lane_submit(struct jg_lane_port *port, const struct jg_packet *packet);

/** Worker: up to n answered jobs, each to be given back with jg_lane_release(). */
unsigned jg_lane_collect(struct jg_lane_port *port, struct jg_lane_job **jobs, unsigned n);
void jg_lane_release(struct jg_lane_port *port, struct jg_lane_job *job);

/** Worker: jobs that the lane has, or has answered. */
unsigned jg_lane_busy(const struct jg_lane_port *port);

/** Lane: one turn. False: stop was asked for. */
bool jg_lane_poll(struct jg_lane *lane);
/** Lane: until stopped. */
int jg_lane_run(void *lane);
