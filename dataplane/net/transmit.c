// SPDX-License-Identifier: BSD-3-Clause
#include "transmit.h"

#include <rte_mbuf.h>
#include <rte_pause.h>

#include <assert.h>
#include <string.h>

// Turns given to a port that takes nothing before answers are dropped.
#define TX_RETRIES 8

void jg_transmit_drop(struct jg_transmit *tx, struct rte_mbuf *mbuf, enum jg_counter fate)
{
	assert(jg_counter_kind(fate) == JG_COUNTER_KIND_FATE);
	jg_count_add(&tx->counters->value[fate], 1);
	rte_pktmbuf_free(mbuf);
}

// How many fates from the first on are the same; n > 0. Nearly always all of them.
static unsigned run_of(const uint8_t *fates, unsigned n)
{
	unsigned run = 1;
	uint64_t eight = fates[0] * UINT64_C(0x0101010101010101);

	while (run + 8 <= n && memcmp(fates + run, &eight, 8) == 0)
		run += 8;
	while (run < n && fates[run] == fates[0])
		run++;
	return run;
}

static void count_fates(struct jg_counters *counters, const uint8_t *fates, unsigned n)
{
	unsigned run = 0;

	for (unsigned i = 0; i < n; i += run) {
		run = run_of(fates + i, n - i);
		if (fates[i] != JG_FATE_NONE)
			jg_count_add(&counters->value[fates[i]], run);
	}
}

void jg_transmit_flush(struct jg_transmit *tx, unsigned port)
{
	struct rte_mbuf **mbufs = tx->mbufs[port];
	unsigned n = tx->n[port];
	unsigned sent = 0;
	uint64_t bytes = 0;

	if (n == 0)
		return;
	for (unsigned i = 0; i < n; i++)
		bytes += mbufs[i]->pkt_len;
	for (unsigned turn = 0; sent < n && turn < TX_RETRIES; turn++) {
		if (turn > 0)
			rte_pause();
		sent += rte_eth_tx_burst(
			tx->ports[port].id, tx->queue, mbufs + sent, (uint16_t)(n - sent));
	}
	count_fates(tx->counters, tx->fates[port], sent);
	for (unsigned i = sent; i < n; i++) {
		bytes -= mbufs[i]->pkt_len;
		if (tx->fates[port][i] != JG_FATE_NONE)
			jg_count_add(&tx->counters->value[JG_COUNTER_TX_FULL], 1);
		rte_pktmbuf_free(mbufs[i]);
	}
	jg_count_add(&tx->counters->value[JG_COUNTER_TX_PACKETS], sent);
	jg_count_add(&tx->counters->value[JG_COUNTER_TX_BYTES], bytes);
	tx->n[port] = 0;
}

void jg_transmit_frame(
	struct jg_transmit *tx, unsigned port, struct rte_mbuf *mbuf, enum jg_counter fate)
{
	unsigned at = tx->n[port];

	if (at == JG_TRANSMIT_MAX) {
		jg_transmit_flush(tx, port);
		at = 0;
	}
	tx->mbufs[port][at] = mbuf;
	tx->fates[port][at] = (uint8_t)fate;
	tx->n[port] = at + 1;
}

// Shapes an mbuf's only segment to a frame that starts at data and has len bytes.
static void shape(struct rte_mbuf *mbuf, const uint8_t *data, uint32_t len)
{
	mbuf->data_off = (uint16_t)(data - (const uint8_t *)mbuf->buf_addr);
	mbuf->data_len = (uint16_t)len;
	mbuf->pkt_len = len;
	mbuf->ol_flags = 0;
}

static void offload(struct rte_mbuf *mbuf, const struct jg_frame *frame, uint64_t flags)
{
	if (flags == 0)
		return;
	mbuf->l2_len = 14 + 4U * frame->tags_n;
	mbuf->l3_len = jg_answer_headers_len(frame, false) - mbuf->l2_len;
	mbuf->ol_flags = flags | (frame->family == 4 ? RTE_MBUF_F_TX_IPV4 : RTE_MBUF_F_TX_IPV6);
}

// The answer lies in the request's mbuf, and the headers fit before it: a request's are never shorter.
static void send_in_place(
	struct jg_transmit *tx, const struct jg_packet *packet, enum jg_protocol protocol)
{
	const struct jg_port *port = &tx->ports[packet->port];
	bool udp = protocol == JG_PROTOCOL_UDP;
	struct jg_answer answer = {
		.len = packet->len + (udp ? JG_UDP_HEADER : 0), .protocol = (uint8_t)protocol};
	uint32_t headers = jg_answer_headers_len(&packet->frame, false);
	uint8_t *l4 = packet->bytes - (udp ? JG_UDP_HEADER : 0);

	assert(l4 - headers >= (uint8_t *)packet->mbuf->buf_addr);
	shape(packet->mbuf, l4 - headers, headers + answer.len);
	jg_answer_headers(&port->interface, &packet->frame, &answer, l4 - headers);
	if (udp) {
		jg_answer_udp(&port->interface, &packet->frame, packet->bytes, packet->len,
			port->tx_offloads != 0, l4);
		offload(packet->mbuf, &packet->frame, port->tx_offloads);
	}
	jg_transmit_frame(tx, packet->port, packet->mbuf, packet->fate);
}

// One packet of a copied answer: n bytes from the datagram that udp (may be absent) and bytes make up.
static struct rte_mbuf *copy_piece(const struct jg_port *port, const struct jg_packet *packet,
	const uint8_t *udp, const struct jg_answer *answer)
{
	struct rte_mbuf *mbuf = rte_pktmbuf_alloc(port->pool);
	uint32_t headers = jg_answer_headers_len(&packet->frame, answer->fragment);
	uint32_t udp_len = udp == NULL ? 0 : JG_UDP_HEADER;
	uint32_t from_udp = answer->fragment_offset == 0 ? udp_len : 0;

	if (mbuf == NULL)
		return NULL;
	uint8_t *out = rte_pktmbuf_mtod(mbuf, uint8_t *);
	if (headers + answer->len > rte_pktmbuf_tailroom(mbuf)) {
		rte_pktmbuf_free(mbuf);
		return NULL;
	}
	shape(mbuf, out, headers + answer->len);
	jg_answer_headers(&port->interface, &packet->frame, answer, out);
	if (from_udp > 0)
		memcpy(out + headers, udp, from_udp);
	memcpy(out + headers + from_udp,
		packet->bytes + answer->fragment_offset + from_udp - udp_len,
		answer->len - from_udp);
	return mbuf;
}

static void send_copied(
	struct jg_transmit *tx, const struct jg_packet *packet, enum jg_protocol protocol)
{
	const struct jg_port *port = &tx->ports[packet->port];
	bool udp = protocol == JG_PROTOCOL_UDP;
	uint8_t header[JG_UDP_HEADER];
	uint32_t total = packet->len + (udp ? JG_UDP_HEADER : 0);
	bool whole = total <= jg_answer_room(&packet->frame, port->interface.mtu, false);
	uint32_t room = jg_answer_room(&packet->frame, port->interface.mtu, !whole);
	struct jg_answer answer = {.protocol = (uint8_t)protocol, .fragment = !whole};

	if (udp)
		jg_answer_udp(&port->interface, &packet->frame, packet->bytes, packet->len, false,
			header);
	answer.fragment_id = tx->fragment_id;
	tx->fragment_id += whole ? 0 : tx->fragment_step;
	for (; answer.fragment_offset < total; answer.fragment_offset += answer.len) {
		answer.len = RTE_MIN(room, total - answer.fragment_offset);
		answer.more_fragments = answer.fragment_offset + answer.len < total;
		struct rte_mbuf *mbuf = copy_piece(port, packet, udp ? header : NULL, &answer);
		if (mbuf == NULL) {
			jg_transmit_drop(tx, packet->mbuf, JG_COUNTER_NO_BUFFER);
			return;
		}
		jg_transmit_frame(tx, packet->port, mbuf,
			answer.more_fragments ? JG_FATE_NONE : packet->fate);
		if (!whole)
			jg_count_add(&tx->counters->value[JG_COUNTER_REPLY_FRAGMENTS], 1);
	}
	rte_pktmbuf_free(
		packet->mbuf); // its fate is counted when the answer's last packet has gone
}

void jg_transmit_answer(
	struct jg_transmit *tx, const struct jg_packet *packet, enum jg_protocol protocol)
{
	uint32_t len = packet->len + (protocol == JG_PROTOCOL_UDP ? JG_UDP_HEADER : 0);
	uint16_t mtu = tx->ports[packet->port].interface.mtu;

	assert(packet->len > 0);
	if (packet->in_mbuf && len <= jg_answer_room(&packet->frame, mtu, false))
		send_in_place(tx, packet, protocol);
	else
		send_copied(tx, packet, protocol);
}

// The way of nearly all answers: in place, one packet of IPv4 without VLAN tags, summed here.
static bool is_plain(const struct jg_port *port, const struct jg_packet *packet)
{
	return packet->in_mbuf && packet->frame.family == 4 && packet->frame.tags_n == 0 &&
		port->tx_offloads == 0 && packet->len + 20 + JG_UDP_HEADER <= port->interface.mtu;
}

static void shape_plain(const struct jg_port *port, const struct jg_packet *packet)
{
	uint8_t *out = packet->bytes - JG_ANSWER_PLAIN;

	assert(out >= (uint8_t *)packet->mbuf->buf_addr);
	shape(packet->mbuf, out, JG_ANSWER_PLAIN + packet->len);
	jg_answer_plain(&port->interface, &packet->frame, packet->bytes, packet->len, out);
}

void jg_transmit_packets(
	struct jg_transmit *tx, unsigned port, const struct jg_packet *packets, unsigned n)
{
	for (const struct jg_packet *packet = packets; packet < packets + n; packet++) {
		assert(packet->port == port);
		if (packet->fate == JG_COUNTER_LANE_QUEUED)
			continue;
		if (packet->fate != JG_COUNTER_VERDICT && packet->fate != JG_COUNTER_PING) {
			jg_transmit_drop(tx, packet->mbuf, packet->fate);
		} else if (is_plain(&tx->ports[port], packet)) {
			shape_plain(&tx->ports[port], packet);
			jg_transmit_frame(tx, port, packet->mbuf, packet->fate);
		} else {
			jg_transmit_answer(tx, packet, JG_PROTOCOL_UDP);
		}
	}
}
