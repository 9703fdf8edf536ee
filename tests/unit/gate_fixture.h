// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** One worker and its lane over a pair of rte_rings, polled by the test itself: no thread, no timing. */

#include "eal.h"
#include "packets.h"
#include "worker.h"

#include <criterion/criterion.h>
#include <rte_cycles.h>
#include <rte_eth_ring.h>
#include <rte_malloc.h>
#include <rte_mbuf.h>
#include <rte_ring.h>

#include <stdio.h>
#include <stdlib.h>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(at, n) ((void)(at), (void)(n))
#define ASAN_UNPOISON_MEMORY_REGION(at, n) ((void)(at), (void)(n))
#endif

#define FRONT_END_KEY "front end key of sixteen and more"

struct fixture {
	struct jg_port port;
	struct jg_lane_port lane_port;
	struct jg_worker *worker;
	struct jg_lane *lane;
	struct jg_counters *lane_counters;
	struct jg_channel *channel;
	struct jg_channel *lane_channel;
	struct rte_ring *in;
	struct rte_ring *out;
	struct jg_snapshot *snapshot;
	struct jg_front_ends *front_ends;
	struct jg_gate_state state;
	unsigned mbufs; // in the pool when nothing is on its way
	uint64_t epoch;
};

static inline uint64_t fixture_count(const struct fixture *f, enum jg_counter counter)
{
	return jg_count_read(&f->worker->counters.value[counter]);
}

static inline void fixture_start_worker(struct fixture *f)
{
	struct jg_verifier_options verifier = {.mac_engine = "ref", .seed = 7};
	struct jg_error err = {.text = ""};

	f->channel = jg_channel_new("worker", 16, 0, &err);
	f->lane_channel = jg_channel_new("lane", 16, 0, &err);
	cr_assert_eq(jg_lane_port_init(&f->lane_port, 0, 0, &err), 0, "%s", err.text);
	struct jg_worker_options options = {.ports = &f->port,
		.ports_n = 1,
		.workers = 1,
		.burst = 32,
		.idle = JG_IDLE_POLL,
		.lane = &f->lane_port,
		.channel = f->channel,
		.verifier = verifier};
	f->worker = jg_worker_new(&options, &err);
	cr_assert_not_null(f->worker, "%s", err.text);
	f->lane = rte_zmalloc("lane", sizeof(*f->lane), 64);
	f->lane_counters = rte_zmalloc("lane", sizeof(*f->lane_counters), 64);
	*f->lane = (struct jg_lane){.channel = f->lane_channel,
		.ports = &f->lane_port,
		.ports_n = 1,
		.counters = f->lane_counters};
	cr_assert_eq(jg_judge_init(&f->lane->judge, f->lane_counters, &verifier, &err), 0);
}

/** out_slots: of the ring that the gate sends to. */
static inline void fixture_start(struct fixture *f, unsigned out_slots)
{
	static const struct jg_address addresses[] = {
		{.family = 4, .bytes = {10, 0, 0, 1}}, {.family = 6, .bytes = {0xfd, [15] = 1}}};
	struct jg_config_port config = {.device = JG_STR("net_ring_gate"),
		.driver = JG_PORT_RING,
		.addresses = addresses,
		.addresses_n = 2,
		.mbufs = 1024};
	struct jg_gate_options options = {.ports = &config, .ports_n = 1};
	struct jg_error err = {.text = ""};

	*f = (struct fixture){.epoch = 0};
	cr_assert_geq(test_eal_start("0"), 0);
	f->in = rte_ring_create("in", 1024, 0, RING_F_EXACT_SZ);
	f->out = rte_ring_create("out", out_slots, 0, RING_F_EXACT_SZ);
	cr_assert_geq(rte_eth_from_rings("gate", &f->in, 1, &f->out, 1, 0), 0);
	cr_assert_eq(jg_port_start(&f->port, 0, &options, &err), 0, "%s", err.text);
	memcpy(f->port.interface.mac, gate_mac, 6);
	f->mbufs = rte_mempool_avail_count(f->port.pool);
	fixture_start_worker(f);
}

static inline void fixture_send(struct fixture *f, struct jg_message message)
{
	cr_assert(jg_channel_send(f->channel, &message));
	cr_assert(jg_channel_send(f->lane_channel, &message));
}

/** Give the worker and the lane what they judge by: apps are added by the caller. */
static inline void fixture_publish(
	struct fixture *f, struct jg_snapshot_builder *builder, bool insecure)
{
	static const struct jg_address from[] = {
		{.family = 4, .bytes = {10, 0, 0, 0}, .prefix = 24},
		{.family = 6, .bytes = {0xfd}, .prefix = 8}};
	struct jg_front_end_entry entry = {
		.id = 9, .caller = 1, .key = JG_STR(FRONT_END_KEY), .from = from, .from_n = 2};
	struct jg_error err = {.text = ""};

	cr_assert_eq(jg_snapshot_builder_allow(
			     builder, 1, JG_VENDOR_NONE, (struct jg_str){NULL, 0}, &err),
		0, "%s", err.text);
	f->snapshot = jg_snapshot_build(builder, ++f->epoch, &err);
	f->front_ends = jg_front_ends_new(&entry, 1, insecure, &err);
	cr_assert_not_null(f->snapshot, "%s", err.text);
	cr_assert_not_null(f->front_ends, "%s", err.text);
	f->state = (struct jg_gate_state){.snapshot = f->snapshot, .front_ends = f->front_ends};
	fixture_send(f,
		(struct jg_message){
			.epoch = f->epoch, .payload = &f->state, .kind = JG_MESSAGE_SNAPSHOT});
}

/** Put a frame on the wire in segments of at most seg bytes; what lies behind the last is poisoned
 * when guarded. */
static inline void fixture_put(
	struct fixture *f, const struct packet *p, uint32_t seg, bool guarded)
{
	struct rte_mbuf *first = NULL;

	for (uint32_t at = 0; at < p->len || first == NULL; at += seg) {
		uint32_t n = p->len - at < seg ? p->len - at : seg;
		struct rte_mbuf *m = rte_pktmbuf_alloc(f->port.pool);

		cr_assert_not_null(m);
		ASAN_UNPOISON_MEMORY_REGION(m->buf_addr, m->buf_len);
		memcpy(rte_pktmbuf_append(m, (uint16_t)n), p->bytes + at, n);
		if (guarded)
			ASAN_POISON_MEMORY_REGION(
				rte_pktmbuf_mtod_offset(m, char *, n), rte_pktmbuf_tailroom(m));
		if (first == NULL)
			first = m;
		else
			cr_assert_eq(rte_pktmbuf_chain(first, m), 0);
		if (n == 0)
			break;
	}
	cr_assert_eq(rte_ring_enqueue(f->in, first), 0);
}

/** The next frame that the gate sent; len 0: none. */
static inline void fixture_get(struct fixture *f, struct packet *p)
{
	struct rte_mbuf *m;

	p->len = 0;
	if (rte_ring_dequeue(f->out, (void **)&m) != 0)
		return;
	p->len = m->pkt_len;
	memcpy(p->bytes, rte_pktmbuf_mtod(m, void *), m->pkt_len);
	rte_pktmbuf_free(m);
}

/** Poll until nothing is left to do. */
static inline void fixture_run(struct fixture *f)
{
	while (rte_ring_count(f->in) > 0)
		cr_assert(jg_worker_poll(f->worker));
	cr_assert(jg_lane_poll(f->lane));
	while (rte_ring_count(f->lane_port.to_lane) > 0)
		cr_assert(jg_lane_poll(f->lane));
	cr_assert(jg_worker_poll(f->worker));
}

static inline void fixture_unpoison(
	struct rte_mempool *pool, void *unused, void *object, unsigned number)
{
	(void)unused;
	(void)number;
	ASAN_UNPOISON_MEMORY_REGION(object, pool->elt_size);
}

/** Every packet has had exactly one fate, and every mbuf came home. */
static inline void fixture_stop(struct fixture *f)
{
	struct packet p;

	cr_assert_eq(
		fixture_count(f, JG_COUNTER_RX_PACKETS), jg_counters_fates(&f->worker->counters));
	do
		fixture_get(f, &p);
	while (p.len > 0);
	cr_assert_eq(rte_mempool_avail_count(f->port.pool), f->mbufs);
	rte_mempool_obj_iter(f->port.pool, fixture_unpoison, NULL);
	jg_judge_fini(&f->lane->judge);
	rte_free(f->lane);
	rte_free(f->lane_counters);
	jg_lane_port_fini(&f->lane_port);
	jg_worker_free(f->worker);
	jg_channel_free(f->channel);
	jg_channel_free(f->lane_channel);
	jg_snapshot_free(f->snapshot);
	jg_front_ends_free(f->front_ends);
	jg_port_stop(&f->port);
}
