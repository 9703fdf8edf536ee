// SPDX-License-Identifier: BSD-3-Clause
// Two ports joined by rings, a transport at each end.
#include "answer.h"
#include "eal.h"
#include "transport_port.h"

#include <criterion/criterion.h>
#include <rte_eth_ring.h>
#include <rte_mbuf.h>
#include <rte_ring.h>

#include <errno.h>

#define RING 64

static const struct jg_address addresses[2] = {{.family = 4, .bytes = {10, 0, 0, 2}, .prefix = 24},
	{.family = 4, .bytes = {10, 0, 0, 1}, .prefix = 24}};
static struct jg_port ports[2];
static struct line lines[2];
static struct transport *ends[2];
static struct rte_ring *rings[2]; // [i]: what end i is going to receive
static uint8_t bytes[TRANSPORT_BURST][24000];
static struct packet packets[TRANSPORT_BURST];
static struct packet came[TRANSPORT_BURST];
static struct jg_error err;

static void start_ports(void)
{
	struct jg_config_port config[2] = {
		{.device = JG_STR("net_ring_end0"), .driver = JG_PORT_RING, .addresses_n = 1},
		{.device = JG_STR("net_ring_end1"), .driver = JG_PORT_RING, .addresses_n = 1}};
	const struct jg_gate_options options = {.ports = config, .ports_n = 2};
	cr_assert_geq(test_eal_start("0"), 0);
	for (unsigned i = 0; i < 2; i++)
		rings[i] = rte_ring_create(i == 0 ? "to0" : "to1", RING, 0, 0);
	for (unsigned i = 0; i < 2; i++) {
		config[i].addresses = &addresses[i];
		cr_assert_geq(rte_eth_from_rings(
				      i == 0 ? "end0" : "end1", &rings[i], 1, &rings[1 - i], 1, 0),
			0);
		cr_assert_eq(jg_port_start(&ports[i], i, &options, &err), 0, "%s", err.text);
	}
}

// End 0 is a sender, end 1 its gate.
static void start(void)
{
	start_ports();
	for (unsigned i = 0; i < 2; i++) {
		lines[i] = (struct line){.port = &ports[i],
			.udp_port = i == 0 ? 20000 : 7600,
			.to = {.family = 4, .source_port = i == 0 ? 7600 : 20000}};
		memcpy(lines[i].to.target, addresses[i].bytes, 4);
		memcpy(lines[i].to.source, addresses[1 - i].bytes, 4);
		memcpy(lines[i].to.peer_mac, ports[1 - i].interface.mac, 6);
		ends[i] = transport_port_open(&lines[i], &err);
		cr_assert_not_null(ends[i], "%s", err.text);
	}
	for (unsigned i = 0; i < TRANSPORT_BURST; i++) {
		packets[i] = (struct packet){.bytes = bytes[i], .len = 100 + i};
		for (unsigned j = 0; j < sizeof(bytes[i]); j++)
			bytes[i][j] = (uint8_t)((i * 7 + j) % 251);
	}
}

static unsigned give(unsigned end, unsigned n)
{
	return ends[end]->ops->send(ends[end], packets, n);
}

static unsigned take(unsigned end)
{
	return ends[end]->ops->receive(ends[end], came);
}

static void assert_same(unsigned got, unsigned sent)
{
	cr_assert_eq(came[got].len, packets[sent].len);
	cr_assert_eq(memcmp(came[got].bytes, packets[sent].bytes, came[got].len), 0);
}

static struct transport_figures figures(unsigned end)
{
	struct transport_figures f;
	ends[end]->ops->figures(ends[end], &f);
	return f;
}

static void stop(void)
{
	for (unsigned i = 0; i < 2; i++)
		ends[i]->ops->close(ends[i]);
}

Test(transport_port, datagrams_go_there_and_back_as_they_are)
{
	start();
	cr_assert_eq(give(0, 10), 10);
	cr_assert_eq(take(1), 10);
	for (unsigned i = 0; i < 10; i++)
		assert_same(i, i);
	cr_assert_eq(give(1, 3), 3);
	cr_assert_eq(take(0), 3);
	assert_same(2, 2);
	cr_assert_eq(take(0), 0);
	cr_assert_eq(figures(0).dropped + figures(1).dropped, 0);
	stop();
}

Test(transport_port, large_ones_go_in_fragments)
{
	start();
	packets[0].len = 20000;
	packets[1].len = 1473; // a byte more than a frame has room for
	cr_assert_eq(give(0, 2), 2);
	cr_assert_eq(rte_ring_count(rings[1]), 14 + 2);
	cr_assert_eq(take(1), 2);
	assert_same(0, 0);
	assert_same(1, 1);
	stop();
}

Test(transport_port, what_finds_no_room_comes_again)
{
	start();
	cr_assert_eq(give(0, 64), RING - 1);
	cr_assert_eq(figures(0).blocked, 1);
	cr_assert_eq(take(1), RING - 1);
	cr_assert_eq(give(0, 1), 1);
	cr_assert_eq(take(1), 1);
	stop();
}

Test(transport_port, one_that_began_to_leave_is_finished_first)
{
	start();
	for (unsigned i = 0; i < 5; i++)
		packets[i].len = 20000; // 14 frames each: the ring ends within the fifth
	cr_assert_eq(give(0, 5), 5);
	cr_assert_eq(take(1), 4);
	cr_assert_eq(give(0, 1), 1);
	cr_assert_eq(take(1), 2);
	assert_same(0, 4);
	assert_same(1, 0);
	stop();
}

Test(transport_port, with_a_rest_in_hand_nothing_else_is_taken)
{
	start();
	for (unsigned i = 0; i < 5; i++)
		packets[i].len = 20000;
	cr_assert_eq(give(0, 5), 5);
	cr_assert_eq(give(0, 1), 0);
	cr_assert_eq(figures(0).blocked, 2);
	stop();
}

Test(transport_port, foreign_and_damaged_frames_are_no_answers)
{
	start();
	struct line stranger = lines[1];
	stranger.udp_port = 7601;
	struct transport *other = transport_port_open(&stranger, &err);
	cr_assert_not_null(other);
	cr_assert_eq(other->ops->send(other, packets, 1), 1);
	cr_assert_eq(take(0), 0);
	cr_assert_eq(figures(0).dropped, 0);
	cr_assert_eq(give(1, 1), 1);
	struct rte_mbuf *mbuf;
	cr_assert_eq(rte_ring_dequeue(rings[0], (void **)&mbuf), 0);
	rte_pktmbuf_mtod(mbuf, uint8_t *)[60] ^= 1;
	cr_assert_eq(rte_ring_enqueue(rings[0], mbuf), 0);
	cr_assert_eq(take(0), 0);
	cr_assert_eq(figures(0).dropped, 1);
	other->ops->close(other);
	stop();
}

Test(transport_port, who_asks_for_our_address_is_told)
{
	static const struct jg_interface asker = {.mac = {2, 0, 0, 0, 0, 7}};
	struct rte_mbuf *mbuf;
	start();
	// As the gate, or a router, would ask: see test_neighbour.c for the bytes.
	uint8_t arp[42] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, [12] = 8, 6, 0, 1, 8, 0, 6, 4, 0, 1};
	memcpy(arp + 6, asker.mac, 6);
	memcpy(arp + 22, asker.mac, 6);
	memcpy(arp + 28, addresses[1].bytes, 4);
	memcpy(arp + 38, addresses[0].bytes, 4);
	mbuf = rte_pktmbuf_alloc(ports[0].pool);
	memcpy(rte_pktmbuf_append(mbuf, sizeof(arp)), arp, sizeof(arp));
	cr_assert_eq(rte_ring_enqueue(rings[0], mbuf), 0);
	cr_assert_eq(take(0), 0);
	cr_assert_eq(rte_ring_dequeue(rings[1], (void **)&mbuf), 0);
	const uint8_t *told = rte_pktmbuf_mtod(mbuf, const uint8_t *);
	cr_assert_eq(memcmp(told, asker.mac, 6), 0);
	cr_assert_eq(told[21], 2, "an answer");
	cr_assert_eq(memcmp(told + 28, addresses[0].bytes, 4), 0);
	rte_pktmbuf_free(mbuf);
	stop();
}

Test(transport_port, what_hears_itself_hears_all_of_it)
{
	start_ports();
	const struct jg_config_port config = {.device = JG_STR("net_ring_echo"),
		.driver = JG_PORT_RING,
		.addresses = &addresses[0],
		.addresses_n = 1};
	struct jg_config_port all[3] = {[2] = config};
	const struct jg_gate_options options = {.ports = all, .ports_n = 3};
	struct rte_ring *ring = rte_ring_create("echo", RING, 0, 0);
	struct jg_port port;
	cr_assert_geq(rte_eth_from_rings("echo", &ring, 1, &ring, 1, 0), 0);
	cr_assert_eq(jg_port_start(&port, 2, &options, &err), 0, "%s", err.text);
	struct line line = {.port = &port,
		.udp_port = 7600,
		.echo = true,
		.to = {.family = 4, .source_port = 7600}};
	memcpy(line.to.source, addresses[0].bytes, 4);
	memcpy(line.to.target, addresses[1].bytes, 4);
	memcpy(line.to.peer_mac, port.interface.mac, 6);
	ends[0] = transport_port_open(&line, &err);
	packets[0] = (struct packet){.bytes = bytes[0], .len = 700};
	cr_assert_eq(give(0, 1), 1);
	cr_assert_eq(take(0), 1);
	assert_same(0, 0);
	ends[0]->ops->close(ends[0]);
}
