// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/**
 * The way out of a worker: every packet that was received ends here, is counted under its fate here,
 * and its mbuf is freed here or by the port that sent it, and nowhere else.
 */

#include "answer.h"
#include "internal/counters.h"
#include "judge.h"
#include "port.h"

#define JG_TRANSMIT_MAX 256

struct jg_transmit {
	const struct jg_port *ports;
	struct jg_counters *counters;
	uint32_t fragment_id; /**< of the next fragmented answer */
	uint16_t fragment_step; /**< workers do not share identifications */
	uint16_t queue;
	unsigned n[JG_PORTS_MAX];
	struct rte_mbuf *mbufs[JG_PORTS_MAX][JG_TRANSMIT_MAX];
	/** The fate when the port takes the mbuf; JG_FATE_NONE on all but an answer's last fragment. */
	uint8_t fates[JG_PORTS_MAX][JG_TRANSMIT_MAX];
};

/** A packet that is not answered: count its fate and free it. */
void jg_transmit_drop(struct jg_transmit *tx, struct rte_mbuf *mbuf, enum jg_counter fate);

/** The mbuf holds a whole answer frame. */
void jg_transmit_frame(
	struct jg_transmit *tx, unsigned port, struct rte_mbuf *mbuf, enum jg_counter fate);

/**
 * Send what is behind the IP headers back to a frame's sender. UDP: bytes and len are the payload.
 *
 * @param packet bytes, len and fate are the answer's. When bytes lie in the packet's mbuf they go out
 *               from there, else they are copied; fragments when larger than the MTU.
 */
void jg_transmit_answer(
	struct jg_transmit *tx, const struct jg_packet *packet, enum jg_protocol protocol);

/**
 * Packets of our UDP port, all of which came in at one of ports, whose fates are settled: send the answers, drop the
 * rest. JG_COUNTER_LANE_QUEUED is no fate: such a packet is another's now.
 */
void jg_transmit_packets(
	struct jg_transmit *tx, unsigned port, const struct jg_packet *packets, unsigned n);

/** Give a port what has gathered for it. */
void jg_transmit_flush(struct jg_transmit *tx, unsigned port);
