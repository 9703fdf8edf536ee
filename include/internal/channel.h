// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/**
 * Control thread to one worker: fixed-size messages over a single-producer single-consumer ring, and
 * the worker's acknowledged epoch back. Opaque, so that control sees no DPDK header.
 */

#include <joingate/types.h>

#include <stdbool.h>
#include <stddef.h>

struct jg_channel;

enum jg_message_kind {
	JG_MESSAGE_SNAPSHOT = 1, /**< use this state from the next burst on */
	JG_MESSAGE_SEAL =
		2, /**< nothing new but the epoch: cut-offs written before it are in force */
	JG_MESSAGE_STOP = 3, /**< finish the burst in hand and leave the loop */
};

struct jg_message {
	uint64_t epoch;
	/** SNAPSHOT: a struct jg_gate_state (gate_state.h), control's until all acknowledged a later
	 * epoch; else NULL. */
	const void *payload;
	uint32_t kind; /**< enum jg_message_kind */
	uint32_t reserved;
};

/** @param name unique in the process, @param slots a power of two. Needs EAL. NULL: rte_errno in err. */
JG_MUST_CHECK struct jg_channel *jg_channel_new(
	const char *name, unsigned slots, int numa_node, struct jg_error *err);
void jg_channel_free(struct jg_channel *channel);

/** Control only. False when the ring is full: keep the newest epoch pending and retry. */
JG_MUST_CHECK bool jg_channel_send(struct jg_channel *channel, const struct jg_message *message);

/** Worker only. Up to n messages, oldest first; never waits. */
unsigned jg_channel_receive(struct jg_channel *channel, struct jg_message *messages, unsigned n);

/** Worker only, between bursts: every verdict from now on obeys this epoch (store-release). */
void jg_channel_acknowledge(struct jg_channel *channel, uint64_t epoch);

/** Any thread: the last acknowledged epoch (load-acquire). */
uint64_t jg_channel_acknowledged(const struct jg_channel *channel);
