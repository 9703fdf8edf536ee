// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/**
 * From datagrams to replies: read, decide, write, each over a whole burst. Shared by the workers and
 * the RS256 lane; knows bytes and snapshots, no DPDK. One thread each.
 */

#include "frame.h"
#include "internal/front_end.h"
#include "internal/gate_state.h"
#include "internal/wire_mac.h"
#include "witness.h"

#include <joingate/mint.h>
#include <joingate/verify.h>
#include <joingate/wire.h>

struct rte_mbuf;

/** Whole datagrams of 24 kB that one burst may need beside its packets' own buffers. */
#define JG_JUDGE_SLOTS 64

/** No fate yet. */
#define JG_FATE_NONE JG_COUNTER_COUNT

/** One datagram for our port on its way to a reply. */
struct jg_packet {
	struct jg_frame frame;
	struct jg_wire_request wire;
	const struct jg_front_end *front_end; /**< NULL: unauthenticated; valid within the burst */
	struct rte_mbuf *mbuf; /**< owned */
	uint8_t *bytes; /**< the datagram; later the reply */
	uint32_t len;
	uint32_t cap; /**< room at bytes */
	bool in_mbuf; /**< bytes lie in mbuf's only segment */
	uint8_t port;
	uint8_t fate; /**< enum jg_counter or JG_FATE_NONE */
};

struct jg_judge {
	struct jg_verifier *verifier;
	struct jg_minter *minter;
	struct jg_mac *mac;
	const struct jg_gate_state *state; /**< NULL before the first snapshot */
	struct jg_counters *counters;
	struct jg_witness *witness; /**< borrowed; NULL: nobody watches */
	uint64_t epoch;
	uint64_t verdicts_given;
	uint64_t window; /**< cycles since busy was measured last */
	uint64_t window_busy;
	uint64_t stage_began; /**< time-stamp counter */
	uint32_t busy; /**< permille, for pings */
	unsigned live_n; /**< requests still to be decided */
	unsigned shed_n; /**< requests that are overloaded */
	unsigned signers_n; /**< packets whose front end has a key */
	unsigned pings_n; /**< of the burst's packets, at least those that are to be answered */
	unsigned refreshes_n; /**< of the burst's requests; 0: minted holds nothing of it */
	unsigned slots_used;
	uint8_t *slots; /**< JG_JUDGE_SLOTS of JG_WIRE_DATAGRAM_MAX */
	uint8_t *mac_scratch;
	struct jg_packet *live[JG_BURST_MAX];
	struct jg_packet *shed[JG_BURST_MAX];
	struct jg_request requests[JG_BURST_MAX];
	struct jg_verdict verdicts[JG_BURST_MAX];
	struct jg_minted minted[JG_BURST_MAX];
	struct jg_mac_job jobs[JG_BURST_MAX];
	struct jg_packet *signers[JG_BURST_MAX]; /**< whose job each is */
	struct jg_sampler sampler;
};

/** counters is borrowed. 0, or negative errno with err filled in. */
JG_MUST_CHECK int jg_judge_init(struct jg_judge *judge, struct jg_counters *counters,
	const struct jg_verifier_options *options, struct jg_error *err);
void jg_judge_fini(struct jg_judge *judge);

/** Start a burst: nothing of the last one is needed any more. */
void jg_judge_begin(struct jg_judge *judge);

/** One of the slots until the next burst begins, or NULL. */
uint8_t *jg_judge_slot(struct jg_judge *judge);

/**
 * Read a burst: parse, admit front ends, check MACs. What is no request that may be judged gets its
 * fate; the rest is live.
 *
 * @param trusted the MACs have been checked before
 */
void jg_judge_read(struct jg_judge *judge, struct jg_packet *packets, unsigned n, bool trusted);

/** Shed the live requests when the state's time is over; now: nanoseconds of CLOCK_BOOTTIME. */
void jg_judge_fence(struct jg_judge *judge, int64_t now);

/** Judge the live requests; those shed are overloaded. */
void jg_judge_decide(struct jg_judge *judge, int64_t now);

/** Put replies in the place of requests: bytes, len and fate of each packet that is answered. */
void jg_judge_write(struct jg_judge *judge, struct jg_packet *packets, unsigned n, int64_t now);
