// SPDX-License-Identifier: BSD-3-Clause
#include "worker.h"

#include "internal/slow.h"
#include "member.h"
#include "plain.h"

#include <rte_cycles.h>
#include <rte_mbuf.h>

#include <assert.h>

#define PREFETCH_LINES 7 // of each packet

static void count(struct jg_worker *w, enum jg_counter counter, uint64_t n)
{
	jg_count_add(&w->counters.value[counter], n);
}

static unsigned checked_by_port(const struct rte_mbuf *mbuf)
{
	unsigned checked = 0;

	if (mbuf->ol_flags == 0) // by a driver that checks nothing
		return 0;
	if ((mbuf->ol_flags & RTE_MBUF_F_RX_IP_CKSUM_MASK) == RTE_MBUF_F_RX_IP_CKSUM_GOOD)
		checked |= JG_FRAME_CHECKED_IP;
	if ((mbuf->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK) == RTE_MBUF_F_RX_L4_CKSUM_GOOD)
		checked |= JG_FRAME_CHECKED_L4;
	return checked;
}

// A frame in several segments is never read as if it were one: it is copied. NULL: too large, or no
// room in this burst.
static uint8_t *linearise(struct jg_worker *w, const struct rte_mbuf *mbuf)
{
	if (mbuf->pkt_len > JG_WIRE_DATAGRAM_MAX)
		return NULL;
	uint8_t *slot = jg_judge_slot(&w->judge);
	if (slot == NULL)
		return NULL;
	count(w, JG_COUNTER_LINEARISED, 1);
	const void *bytes = rte_pktmbuf_read(mbuf, 0, mbuf->pkt_len, slot);
	if (bytes != slot) // all of it lies in the first segment
		memcpy(slot, bytes, mbuf->pkt_len);
	return slot;
}

// A datagram for our port joins the burst; bytes is what the frame's offsets count from.
static void join_burst(struct jg_worker *w, struct jg_packet *packet, uint8_t *bytes, uint32_t cap)
{
	packet->bytes = bytes + packet->frame.payload;
	packet->len = packet->frame.payload_len;
	packet->cap = cap - packet->frame.payload;
	if (packet->frame.unfinished_checksum)
		count(w, JG_COUNTER_UNFINISHED_CHECKSUM, 1);
	w->packets_n++;
}

static void answer_echo(struct jg_worker *w, struct jg_packet *packet, uint8_t *bytes)
{
	packet->bytes = bytes + packet->frame.l4;
	packet->len = packet->frame.l4_len;
	packet->fate = JG_COUNTER_ECHO;
	jg_answer_echo(&packet->frame, packet->bytes);
	jg_transmit_answer(
		&w->tx, packet, packet->frame.family == 4 ? JG_PROTOCOL_ICMP : JG_PROTOCOL_ICMPV6);
}

static void answer_neighbour(struct jg_worker *w, struct jg_packet *packet, uint8_t *bytes)
{
	const struct jg_interface *interface = &w->options.ports[packet->port].interface;
	bool arp = packet->frame.kind == JG_FRAME_ARP;
	uint32_t len;

	// An answer may be a few bytes longer than its question.
	if (!packet->in_mbuf || packet->cap < JG_ANSWER_ADVERTISEMENT_MAX) {
		jg_transmit_drop(&w->tx, packet->mbuf, JG_COUNTER_NO_BUFFER);
		return;
	}
	if (arp)
		len = jg_answer_arp(interface, &packet->frame, bytes);
	else
		len = jg_answer_advertisement(interface, &packet->frame, bytes);
	packet->mbuf->data_len = (uint16_t)len;
	packet->mbuf->pkt_len = len;
	packet->mbuf->ol_flags = 0;
	jg_transmit_frame(
		&w->tx, packet->port, packet->mbuf, arp ? JG_COUNTER_ARP : JG_COUNTER_NEIGHBOUR);
}

static void serve(struct jg_worker *w, struct jg_packet *packet, uint8_t *bytes, uint32_t cap);

static void take_fragment(struct jg_worker *w, struct jg_packet *packet, const uint8_t *bytes)
{
	struct jg_datagram whole;
	enum jg_counter fate =
		jg_reassembly_add(w->reassembly, &packet->frame, bytes, w->last_poll, &whole);

	if (fate != JG_COUNTER_REASSEMBLED) {
		jg_transmit_drop(&w->tx, packet->mbuf, fate);
		return;
	}
	count(w, JG_COUNTER_REASSEMBLED, 1);
	w->held[w->held_n++] = whole.entry;
	packet->in_mbuf = false;
	jg_frame_parse_datagram(&w->options.ports[packet->port].interface, whole.bytes, whole.len,
		whole.protocol, &packet->frame);
	serve(w, packet, whole.bytes, JG_REASSEMBLY_BYTES);
}

static void serve(struct jg_worker *w, struct jg_packet *packet, uint8_t *bytes, uint32_t cap)
{
	packet->cap = cap;
	switch (packet->frame.kind) {
	case JG_FRAME_MESSAGE:
		join_burst(w, packet, bytes, cap);
		break;
	case JG_FRAME_FRAGMENT:
		take_fragment(w, packet, bytes);
		break;
	case JG_FRAME_ECHO:
		answer_echo(w, packet, bytes);
		break;
	case JG_FRAME_ARP:
	case JG_FRAME_SOLICITATION:
		answer_neighbour(w, packet, bytes);
		break;
	default:
		jg_transmit_drop(&w->tx, packet->mbuf, packet->frame.fate);
	}
}

// The long way of a frame: in several segments, or not plain, or not for us.
static void take_any(struct jg_worker *w, struct jg_packet *packet)
{
	const struct rte_mbuf *mbuf = packet->mbuf;
	uint8_t *bytes = rte_pktmbuf_mtod(mbuf, uint8_t *);
	uint32_t cap = (uint32_t)mbuf->buf_len - mbuf->data_off;

	packet->in_mbuf = mbuf->nb_segs == 1;
	if (!packet->in_mbuf) {
		bytes = linearise(w, mbuf);
		cap = JG_WIRE_DATAGRAM_MAX;
	}
	if (bytes == NULL) {
		jg_transmit_drop(&w->tx, packet->mbuf, JG_COUNTER_NO_BUFFER);
		return;
	}
	jg_frame_parse(&w->options.ports[packet->port].interface, bytes, mbuf->pkt_len,
		checked_by_port(mbuf), &packet->frame);
	if (packet->frame.tags_n > 0)
		count(w, JG_COUNTER_VLAN, 1);
	serve(w, packet, bytes, cap);
}

static void take_frame(struct jg_worker *w, unsigned port, struct rte_mbuf *mbuf)
{
	struct jg_packet *packet = &w->packets[w->packets_n];
	uint8_t *bytes = rte_pktmbuf_mtod(mbuf, uint8_t *);

	packet->mbuf = mbuf;
	packet->port = (uint8_t)port;
	packet->in_mbuf = true;
	if (mbuf->nb_segs == 1 &&
		jg_plain_parse(&w->options.ports[port].interface, bytes, mbuf->pkt_len,
			checked_by_port(mbuf), &packet->frame))
		join_burst(w, packet, bytes, (uint32_t)mbuf->buf_len - mbuf->data_off);
	else
		take_any(w, packet);
}

// Headers and the token of an ordinary request: all of it is about to be summed.
static void prefetch(const struct rte_mbuf *mbuf)
{
	const char *bytes = rte_pktmbuf_mtod(mbuf, const char *);

	for (unsigned line = 0; line < PREFETCH_LINES; line++)
		__builtin_prefetch(bytes + (size_t)line * JG_CACHE_LINE);
}

static void take_frames(struct jg_worker *w, unsigned port, unsigned n)
{
	uint64_t bytes = 0;

	assert(n > 0);
	w->packets_n = 0;
	w->held_n = 0;
	jg_judge_begin(&w->judge);
	for (unsigned i = 0; i < n && i < JG_WORKER_AHEAD; i++)
		prefetch(w->rx[i]);
	for (unsigned i = 0; i < JG_WORKER_AHEAD; i++) // there is always a next one to be fetched
		w->rx[n + i] = w->rx[n - 1];
	for (unsigned i = 0; i < n; i++) {
		prefetch(w->rx[i + JG_WORKER_AHEAD]);
		bytes += w->rx[i]->pkt_len;
		take_frame(w, port, w->rx[i]);
	}
	count(w, JG_COUNTER_RX_PACKETS, n);
	count(w, JG_COUNTER_RX_BYTES, bytes);
}

// Slow signatures leave the burst: to the lane, or back as overloaded when it is full.
static void hand_to_lane(struct jg_worker *w)
{
	struct jg_judge *judge = &w->judge;
	unsigned n = 0;

	if (w->options.lane == NULL)
		return;
	for (unsigned i = 0; i < judge->live_n; i++) {
		struct jg_packet *packet = judge->live[i];

		if (!jg_vendor_is_slow(judge->requests[i].vendor)) {
			judge->live[n] = packet;
			judge->requests[n++] = judge->requests[i];
		} else if (jg_lane_submit(w->options.lane, packet)) {
			packet->fate = JG_COUNTER_LANE_QUEUED; // no fate: decided when it is back
			packet->front_end = NULL;
			count(w, JG_COUNTER_LANE_QUEUED, 1);
		} else {
			judge->shed[judge->shed_n++] = packet;
			count(w, JG_COUNTER_LANE_FULL, 1);
		}
	}
	judge->live_n = n;
}

static void send_answers(struct jg_worker *w, unsigned port)
{
	jg_transmit_packets(&w->tx, port, w->packets, w->packets_n);
	for (unsigned i = 0; i < w->held_n; i++)
		jg_reassembly_release(w->reassembly, w->held[i]);
}

static void judge_burst(struct jg_worker *w)
{
	int64_t now = jg_clock_seconds();

	jg_judge_read(&w->judge, w->packets, w->packets_n, false);
	jg_member_fence(&w->judge);
	hand_to_lane(w);
	jg_member_end_stage(&w->judge, JG_STAGE_PARSE);
	jg_judge_decide(&w->judge, now);
	jg_member_end_stage(&w->judge, JG_STAGE_VERIFY);
	jg_judge_write(&w->judge, w->packets, w->packets_n, now);
	jg_member_end_stage(&w->judge, JG_STAGE_REPLY);
}

static unsigned poll_port(struct jg_worker *w, unsigned port)
{
	unsigned n = rte_eth_rx_burst(
		w->options.ports[port].id, w->options.queue, w->rx, w->options.burst);

	if (n == 0)
		return 0;
	take_frames(w, port, n);
	jg_member_end_stage(&w->judge, JG_STAGE_RX);
	if (w->packets_n > 0)
		judge_burst(w);
	send_answers(w, port);
	jg_transmit_flush(&w->tx, port);
	jg_member_end_stage(&w->judge, JG_STAGE_TX);
	return n;
}

static unsigned collect_from_lane(struct jg_worker *w)
{
	if (w->options.lane == NULL)
		return 0;
	unsigned n = jg_lane_collect(w->options.lane, w->answered, JG_LANE_JOBS);
	for (unsigned i = 0; i < n; i++) {
		const struct jg_packet *packet = &w->answered[i]->packet;

		jg_transmit_packets(&w->tx, packet->port, packet, 1);
		jg_lane_release(w->options.lane, w->answered[i]);
	}
	if (n == 0)
		return 0;
	count(w, JG_COUNTER_LANE_ANSWERED, n);
	for (unsigned port = 0; port < w->options.ports_n; port++)
		jg_transmit_flush(&w->tx, port);
	return n;
}

static void count_last_poll(struct jg_worker *w)
{
	uint64_t now = rte_rdtsc();

	jg_member_count_poll(&w->judge, w->last_n, now - w->last_poll);
	w->last_poll = now;
	if (jg_reassembly_used(w->reassembly) > 0)
		count(w, JG_COUNTER_REASSEMBLY_EXPIRED, jg_reassembly_expire(w->reassembly, now));
	jg_count_set(&w->counters.value[JG_COUNTER_REASSEMBLY_ENTRIES],
		jg_reassembly_used(w->reassembly));
	jg_count_set(&w->counters.value[JG_COUNTER_REASSEMBLY_EVICTED],
		jg_reassembly_evicted(w->reassembly));
}

// begin: the time-stamp counter as this turn began.
static unsigned poll_ports(struct jg_worker *w, uint64_t begin)
{
	unsigned n = 0;

	w->judge.stage_began = begin;
	for (unsigned port = 0; port < w->options.ports_n; port++)
		n += poll_port(w, port);
	return n;
}

bool jg_worker_poll(struct jg_worker *w)
{
	count_last_poll(w);
	bool go_on = jg_member_drain(&w->judge, w->options.channel);
	w->last_n = poll_ports(w, w->last_poll);
	if (collect_from_lane(w) + w->last_n > 0)
		w->idle.empty = 0;
	else
		jg_idle_wait(&w->idle);
	return go_on;
}

bool jg_worker_finish(struct jg_worker *w, uint64_t cycles)
{
	uint64_t begin = rte_rdtsc();
	uint64_t now = begin;

	// Whoever goes on sending has half of the time; the other half is the lane's.
	while (poll_ports(w, now) > 0 && now - begin < cycles / 2) {
		collect_from_lane(w);
		now = rte_rdtsc();
	}
	while (w->options.lane != NULL && jg_lane_busy(w->options.lane) > 0) {
		if (collect_from_lane(w) > 0)
			continue;
		if (rte_rdtsc() - begin >= cycles)
			return false;
		rte_pause();
	}
	return true;
}

int jg_worker_run(void *worker)
{
	struct jg_worker *w = worker;

	jg_idle_start(&w->idle);
	w->last_poll = rte_rdtsc();
	jg_count_set(&w->counters.value[JG_COUNTER_RUNNING], 1);
	while (jg_worker_poll(w))
		;
	(void)jg_worker_finish(w, w->cycles_per_second);
	jg_count_set(&w->counters.value[JG_COUNTER_RUNNING], 0);
	return 0;
}
