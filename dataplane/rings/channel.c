// SPDX-License-Identifier: BSD-3-Clause
#include "internal/channel.h"

#include "internal/base.h"

#include <rte_errno.h>
#include <rte_malloc.h>
#include <rte_ring.h>
#include <rte_ring_elem.h>

#include <assert.h>
#include <stdalign.h>
#include <stdatomic.h>

struct jg_channel {
	struct rte_ring *ring; // control: producer, worker: consumer
	// Worker: writes, anybody: reads. On a line of its own: a reader must not slow the ring down.
	alignas(JG_CACHE_LINE) _Atomic uint64_t acknowledged;
};

// Ring elements are copied in words of four bytes.
static_assert(sizeof(struct jg_message) % 4 == 0, "a message is a whole ring element");

struct jg_channel *jg_channel_new(
	const char *name, unsigned slots, int numa_node, struct jg_error *err)
{
	struct jg_channel *channel =
		rte_zmalloc_socket("jg_channel", sizeof(*channel), JG_CACHE_LINE, numa_node);

	if (channel == NULL) {
		jg_error_set(err, "no memory for the channel %s", name);
		return NULL;
	}
	// EXACT_SZ: all slots are usable, and control counts on that number.
	channel->ring = rte_ring_create_elem(name, sizeof(struct jg_message), slots, numa_node,
		RING_F_SP_ENQ | RING_F_SC_DEQ | RING_F_EXACT_SZ);
	if (channel->ring == NULL) {
		jg_error_set(err, "cannot create the channel %s with %u slots: %s", name, slots,
			rte_strerror(rte_errno));
		rte_free(channel);
		return NULL;
	}
	return channel;
}

void jg_channel_free(struct jg_channel *channel)
{
	if (channel == NULL)
		return;
	rte_ring_free(channel->ring);
	rte_free(channel);
}

bool jg_channel_send(struct jg_channel *channel, const struct jg_message *message)
{
	struct jg_message copy = *message; // rte_ring takes no const

	return rte_ring_sp_enqueue_elem(channel->ring, &copy, sizeof(copy)) == 0;
}

unsigned jg_channel_receive(struct jg_channel *channel, struct jg_message *messages, unsigned n)
{
	return rte_ring_sc_dequeue_burst_elem(channel->ring, messages, sizeof(*messages), n, NULL);
}

void jg_channel_acknowledge(struct jg_channel *channel, uint64_t epoch)
{
	assert(epoch >= atomic_load_explicit(&channel->acknowledged, memory_order_relaxed));
	// Release: whoever sees the epoch also sees that the worker is done with what came before.
	atomic_store_explicit(&channel->acknowledged, epoch, memory_order_release);
}

uint64_t jg_channel_acknowledged(const struct jg_channel *channel)
{
	return atomic_load_explicit(&channel->acknowledged, memory_order_acquire);
}
