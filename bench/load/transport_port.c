// SPDX-License-Identifier: BSD-3-Clause
#include "transport_port.h"

#include "answer.h"
#include "internal/counters.h"
#include "neighbour.h"
#include "reassembly.h"

#include <joingate/wire.h>

#include <rte_cycles.h>
#include <rte_errno.h>
#include <rte_lcore.h>
#include <rte_mbuf.h>
#include <rte_pause.h>
#include <rte_random.h>

#include <errno.h>
#include <stdlib.h>

#define FRAMES_MAX (TRANSPORT_BURST * JG_REASSEMBLY_FRAGMENTS)
#define PAUSES 32 // between two looks at a quiet port
#define ASK_TRIES 15
#define ASK_EVERY 100 // ms

struct port_transport {
	struct transport base;
	struct line line;
	struct jg_interface interface; // with our UDP port
	bool registered; // its thread, with EAL
	uint32_t fragment_id;
	struct jg_reassembly *reassembly;
	// Rest of a datagram whose first fragments have gone: goes before anything else.
	struct rte_mbuf *rest[JG_REASSEMBLY_FRAGMENTS];
	unsigned rest_n;
	// What is being sent: frames, and the packet that each belongs to.
	struct rte_mbuf *out[FRAMES_MAX];
	uint8_t owner[FRAMES_MAX];
	unsigned out_n;
	// What was received last, until the next time.
	struct rte_mbuf *in[TRANSPORT_BURST];
	unsigned in_n;
	uint32_t held[TRANSPORT_BURST]; // of the reassembly table
	unsigned held_n;
	jg_count blocked;
	jg_count dropped;
};

static void enter(struct transport *base)
{
	struct port_transport *t = (struct port_transport *)base;
	// With an lcore's number a thread has a cache of packet buffers; without, it is slower.
	t->registered = rte_lcore_id() == LCORE_ID_ANY && rte_thread_register() == 0;
}

static void leave(struct transport *base)
{
	const struct port_transport *t = (const struct port_transport *)base;
	if (t->registered)
		rte_thread_unregister();
}

static void drop_frames(struct rte_mbuf **mbufs, unsigned n)
{
	if (n > 0)
		rte_pktmbuf_free_bulk(mbufs, n);
}

static void offload(struct rte_mbuf *mbuf, const struct port_transport *t, uint32_t headers)
{
	mbuf->l2_len = 14;
	mbuf->l3_len = headers - 14;
	mbuf->ol_flags = t->line.port->tx_offloads |
		(t->line.to.family == 4 ? RTE_MBUF_F_TX_IPV4 : RTE_MBUF_F_TX_IPV6);
}

// One frame: answer->len bytes of the datagram that the UDP header and the packet make up.
static bool add_frame(struct port_transport *t, const struct packet *packet, const uint8_t *udp,
	const struct jg_answer *answer)
{
	struct rte_mbuf *mbuf = rte_pktmbuf_alloc(t->line.port->pool);
	const uint32_t headers = jg_answer_headers_len(&t->line.to, answer->fragment);
	const uint32_t own = answer->fragment_offset == 0 ? JG_UDP_HEADER : 0;
	if (mbuf == NULL)
		return false;
	uint8_t *out = (uint8_t *)rte_pktmbuf_append(mbuf, (uint16_t)(headers + answer->len));
	if (out == NULL) {
		rte_pktmbuf_free(mbuf);
		return false;
	}
	jg_answer_headers(&t->interface, &t->line.to, answer, out);
	memcpy(out + headers, udp, own);
	memcpy(out + headers + own, packet->bytes + answer->fragment_offset + own - JG_UDP_HEADER,
		answer->len - own);
	if (!answer->fragment && t->line.port->tx_offloads != 0)
		offload(mbuf, t, headers);
	t->out[t->out_n++] = mbuf;
	return true;
}

// All frames of a packet, or none.
static bool add_packet(struct port_transport *t, const struct packet *packet, unsigned index)
{
	const uint16_t mtu = t->interface.mtu;
	const uint32_t total = packet->len + JG_UDP_HEADER;
	const bool whole = total <= jg_answer_room(&t->line.to, mtu, false);
	const uint32_t room = jg_answer_room(&t->line.to, mtu, !whole);
	const unsigned first = t->out_n;
	uint8_t udp[JG_UDP_HEADER];
	struct jg_answer answer = {.protocol = JG_PROTOCOL_UDP,
		.fragment = !whole,
		.fragment_id = whole ? 0 : t->fragment_id++};
	jg_answer_udp(&t->interface, &t->line.to, packet->bytes, packet->len,
		whole && t->line.port->tx_offloads != 0, udp);
	for (; answer.fragment_offset < total; answer.fragment_offset += answer.len) {
		answer.len = RTE_MIN(room, total - answer.fragment_offset);
		answer.more_fragments = answer.fragment_offset + answer.len < total;
		if (t->out_n == FRAMES_MAX || !add_frame(t, packet, udp, &answer)) {
			drop_frames(t->out + first, t->out_n - first);
			t->out_n = first;
			return false;
		}
		t->owner[t->out_n - 1] = (uint8_t)index;
	}
	return true;
}

static bool send_rest(struct port_transport *t)
{
	const unsigned sent = rte_eth_tx_burst(t->line.port->id, 0, t->rest, (uint16_t)t->rest_n);
	t->rest_n -= sent;
	memmove(t->rest, t->rest + sent, t->rest_n * sizeof(t->rest[0]));
	return t->rest_n == 0;
}

// A packet that has begun to leave is taken, and the port gets its rest first; the others come again.
static unsigned give_back(struct port_transport *t, unsigned sent)
{
	unsigned from = sent;
	const unsigned taken = sent == 0 ? 0 : t->owner[sent - 1] + 1U;
	while (sent > 0 && from < t->out_n && t->owner[from] == t->owner[sent - 1])
		t->rest[t->rest_n++] = t->out[from++];
	drop_frames(t->out + from, t->out_n - from);
	return taken;
}

static unsigned send_packets(struct transport *base, const struct packet *packets, unsigned n)
{
	struct port_transport *t = (struct port_transport *)base;
	unsigned added = 0;
	t->out_n = 0;
	if (t->rest_n == 0 || send_rest(t))
		while (added < n && add_packet(t, &packets[added], added))
			added++;
	const unsigned sent = rte_eth_tx_burst(t->line.port->id, 0, t->out, (uint16_t)t->out_n);
	if (sent == t->out_n && added == n)
		return n;
	jg_count_add(&t->blocked, 1);
	return give_back(t, sent);
}

static void answer_neighbour(
	struct port_transport *t, struct rte_mbuf *mbuf, struct jg_frame *frame)
{
	uint8_t *bytes = rte_pktmbuf_mtod(mbuf, uint8_t *);
	uint32_t len;
	if ((uint32_t)mbuf->buf_len - mbuf->data_off < JG_ANSWER_ADVERTISEMENT_MAX) {
		rte_pktmbuf_free(mbuf);
		return;
	}
	if (frame->kind == JG_FRAME_ARP)
		len = jg_answer_arp(&t->interface, frame, bytes);
	else
		len = jg_answer_advertisement(&t->interface, frame, bytes);
	mbuf->data_len = (uint16_t)len;
	mbuf->pkt_len = len;
	mbuf->ol_flags = 0;
	if (rte_eth_tx_burst(t->line.port->id, 0, &mbuf, 1) == 0)
		rte_pktmbuf_free(mbuf);
}

static bool is_from_gate(const struct port_transport *t, const struct jg_frame *frame)
{
	const struct jg_frame *to = &t->line.to;
	return frame->family == to->family && frame->source_port == to->source_port &&
		memcmp(frame->source, t->line.echo ? to->target : to->source, 16) == 0;
}

// What was hurt on its way; frames that are not for us do not count.
static bool is_lost(const struct jg_frame *frame)
{
	switch (frame->fate) {
	case JG_COUNTER_TOO_SHORT:
	case JG_COUNTER_TRUNCATED:
	case JG_COUNTER_BAD_HEADER:
	case JG_COUNTER_BAD_CHECKSUM:
		return true;
	default:
		return false;
	}
}

// A datagram's bytes in a frame or a whole made of fragments; false: there is none.
static bool read_frame(
	struct port_transport *t, uint8_t *bytes, struct jg_frame *frame, struct packet *packet)
{
	struct jg_datagram whole;
	if (frame->kind == JG_FRAME_FRAGMENT) {
		const enum jg_counter fate =
			jg_reassembly_add(t->reassembly, frame, bytes, rte_rdtsc(), &whole);
		if (fate != JG_COUNTER_REASSEMBLED) {
			jg_count_add(&t->dropped, fate != JG_COUNTER_FRAGMENT_HELD);
			return false;
		}
		t->held[t->held_n++] = whole.entry;
		bytes = whole.bytes;
		jg_frame_parse_datagram(&t->interface, bytes, whole.len, whole.protocol, frame);
	}
	if (frame->kind != JG_FRAME_MESSAGE)
		jg_count_add(&t->dropped, frame->kind == JG_FRAME_DROP && is_lost(frame));
	if (frame->kind != JG_FRAME_MESSAGE || !is_from_gate(t, frame))
		return false;
	*packet = (struct packet){.bytes = bytes + frame->payload, .len = frame->payload_len};
	return true;
}

static unsigned checked_by_port(const struct rte_mbuf *mbuf)
{
	const uint64_t flags = mbuf->ol_flags;
	const bool ip = (flags & RTE_MBUF_F_RX_IP_CKSUM_MASK) == RTE_MBUF_F_RX_IP_CKSUM_GOOD;
	const bool l4 = (flags & RTE_MBUF_F_RX_L4_CKSUM_MASK) == RTE_MBUF_F_RX_L4_CKSUM_GOOD;
	return (ip ? JG_FRAME_CHECKED_IP : 0U) | (l4 ? JG_FRAME_CHECKED_L4 : 0U);
}

static void let_go(struct port_transport *t)
{
	for (unsigned i = 0; i < t->held_n; i++)
		jg_reassembly_release(t->reassembly, t->held[i]);
	drop_frames(t->in, t->in_n);
	t->held_n = t->in_n = 0;
}

static unsigned receive_packets(struct transport *base, struct packet *packets)
{
	struct port_transport *t = (struct port_transport *)base;
	struct rte_mbuf *mbufs[TRANSPORT_BURST];
	unsigned found = 0;
	let_go(t);
	const unsigned n = rte_eth_rx_burst(t->line.port->id, 0, mbufs, TRANSPORT_BURST);
	for (unsigned i = 0; i < n; i++) {
		struct jg_frame frame;
		if (mbufs[i]->nb_segs != 1) { // longer than our MTU: no answer is
			jg_count_add(&t->dropped, 1);
			rte_pktmbuf_free(mbufs[i]);
			continue;
		}
		uint8_t *bytes = rte_pktmbuf_mtod(mbufs[i], uint8_t *);
		jg_frame_parse(
			&t->interface, bytes, mbufs[i]->pkt_len, checked_by_port(mbufs[i]), &frame);
		if (frame.kind == JG_FRAME_ARP || frame.kind == JG_FRAME_SOLICITATION) {
			answer_neighbour(t, mbufs[i], &frame);
			continue;
		}
		t->in[t->in_n++] = mbufs[i];
		found += read_frame(t, bytes, &frame, &packets[found]);
	}
	return found;
}

// The port tells nobody when something arrives: look again soon.
static void wait_packets(struct transport *base, uint64_t nanoseconds)
{
	struct port_transport *t = (struct port_transport *)base;
	(void)nanoseconds;
	jg_count_add(&t->dropped, jg_reassembly_expire(t->reassembly, rte_rdtsc()));
	for (unsigned i = 0; i < PAUSES; i++)
		rte_pause();
}

static void read_figures(const struct transport *base, struct transport_figures *figures)
{
	const struct port_transport *t = (const struct port_transport *)base;
	struct rte_eth_stats stats = {0};
	*figures = (struct transport_figures){
		.blocked = jg_count_read(&t->blocked), .dropped = jg_count_read(&t->dropped)};
	if (rte_eth_stats_get(t->line.port->id, &stats) == 0)
		figures->dropped += stats.imissed + stats.rx_nombuf + stats.ierrors;
}

static void close_port(struct transport *base)
{
	struct port_transport *t = (struct port_transport *)base;
	let_go(t);
	drop_frames(t->rest, t->rest_n);
	free(t->reassembly);
	free(t);
}

static const struct transport_ops ops = {.enter = enter,
	.leave = leave,
	.send = send_packets,
	.receive = receive_packets,
	.wait = wait_packets,
	.figures = read_figures,
	.close = close_port};

struct transport *transport_port_open(const struct line *line, struct jg_error *err)
{
	const struct jg_reassembly_options options = {
		.entries = 256, .share = 256, .life = rte_get_tsc_hz(), .seed = rte_rand()};
	const size_t size = jg_reassembly_size(&options) + JG_CACHE_LINE - 1;
	struct port_transport *t = calloc(1, sizeof(*t));
	void *memory = aligned_alloc(JG_CACHE_LINE, size & ~(size_t)(JG_CACHE_LINE - 1));
	if (t == NULL || memory == NULL) {
		jg_error_set(err, "no memory for a port's buffers");
		free(t);
		free(memory);
		return NULL;
	}
	*t = (struct port_transport){.base = {.ops = &ops},
		.line = *line,
		.interface = line->port->interface,
		.fragment_id = (uint32_t)rte_rand(),
		.reassembly = jg_reassembly_init(memory, &options)};
	t->interface.udp_port = line->udp_port;
	return &t->base;
}

static bool ask(struct line *line)
{
	struct rte_mbuf *mbuf = rte_pktmbuf_alloc(line->port->pool);
	if (mbuf == NULL)
		return false;
	const uint32_t len =
		neighbour_ask(&line->port->interface, &line->to, rte_pktmbuf_mtod(mbuf, uint8_t *));
	(void)rte_pktmbuf_append(mbuf, (uint16_t)len);
	if (rte_eth_tx_burst(line->port->id, 0, &mbuf, 1) == 1)
		return true;
	rte_pktmbuf_free(mbuf);
	return false;
}

static bool listen_for_answer(struct line *line)
{
	struct rte_mbuf *mbufs[TRANSPORT_BURST];
	bool told = false;
	const unsigned n = rte_eth_rx_burst(line->port->id, 0, mbufs, TRANSPORT_BURST);
	for (unsigned i = 0; i < n && !told; i++)
		told = neighbour_told(&line->port->interface, &line->to,
			rte_pktmbuf_mtod(mbufs[i], uint8_t *), rte_pktmbuf_data_len(mbufs[i]),
			line->to.peer_mac);
	drop_frames(mbufs, n);
	return told;
}

int line_find_gate(struct line *line)
{
	for (unsigned try = 0; try < ASK_TRIES; try++) {
		const bool asked = ask(line);
		for (unsigned ms = 0; ms < ASK_EVERY; ms++) {
			if (asked && listen_for_answer(line))
				return 0;
			rte_delay_us_sleep(1000);
		}
	}
	return -EHOSTUNREACH;
}
