// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** One worker over a pair of rte_rings, with tokens and frames that ask about them: for benches. */

#include "internal/config.h"
#include "worker.h"

#include <rte_mbuf.h>

#include <pthread.h>
#include <sched.h>

#define GATE_TOKENS 1024
#define GATE_BURST 64
#define GATE_HEADERS 42 // Ethernet, IPv4, UDP
#define GATE_FRAME_MAX 1400
#define GATE_NOW INT64_C(1800000000)

struct gate_frame {
	uint8_t bytes[GATE_FRAME_MAX];
	uint32_t len;
};

struct gate_world {
	cpu_set_t others; /**< all CPUs but the first, which EAL took */
	struct jg_port port;
	struct rte_ring *in;
	struct rte_ring *out;
	struct jg_worker *worker;
	struct jg_channel *channel;
	struct jg_gate_state state;
	struct jg_snapshot *snapshot;
	struct jg_request requests[GATE_TOKENS];
	struct gate_frame frames[2][GATE_TOKENS]; /**< without and with MAC */
};

extern struct gate_world gate;

/** Ends the program with a word when it does not hold. */
void gate_must(bool holds, const char *what);

/** The state of the gate, tokens, and frames that ask about them. */
void gate_world_ask(void);

/** EAL, the port and its worker, frames to it; NULL: net_ring over the pair of rings. After the tokens. */
void gate_world_start(const struct jg_config_port *port);

/** Give a worker the state. */
void gate_publish(struct jg_channel *channel);

/** The worker in a thread of its own, on another core than the caller's where there is one. */
pthread_t gate_worker_start(uint8_t idle);
void gate_worker_stop(pthread_t thread);

/** A frame in an mbuf of the port's pool. */
struct rte_mbuf *gate_request(const struct gate_frame *frame);
