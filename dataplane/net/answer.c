// SPDX-License-Identifier: BSD-3-Clause
#include "answer.h"

#include "bytes.h"

#include <assert.h>
#include <stddef.h>

enum {
	HOP_LIMIT = 64,
	NEIGHBOUR_HOP_LIMIT = 255,
	ADVERTISEMENT_LEN = 32,
	FRAGMENT_HEADER = 44,
};

static void write_ethernet(const struct jg_interface *port, const struct jg_frame *frame,
	const uint8_t *to, uint16_t type, uint8_t *out)
{
	memcpy(out, to, 6);
	memcpy(out + 6, port->mac, 6);
	// One by one: a copy of unknown length would be a `rep movs`.
	for (unsigned i = 0; i < frame->tags_n; i++)
		memcpy(out + 12 + 4 * i, frame->tags + 4 * i, 4);
	jg_put16(out + 12 + 4 * frame->tags_n, type);
}

static void write_ipv4(const struct jg_frame *frame, const struct jg_answer *reply, uint8_t *ip)
{
	// RFC 6864: a datagram that cannot be fragmented needs no identification.
	uint32_t flags = !reply->fragment ? 0x4000U : reply->more_fragments ? 0x2000U : 0;
	uint16_t id = reply->fragment ? (uint16_t)reply->fragment_id : 0;
	uint32_t offset = flags | reply->fragment_offset / 8;
	// Summed from the numbers: the header's bytes are too fresh to be read back cheaply.
	uint64_t sum = (uint64_t)jg_sum_numbers(0x4500U + 20 + reply->len + id + offset +
			       (HOP_LIMIT << 8 | reply->protocol)) +
		jg_sum_load32(frame->source) + jg_sum_load32(frame->target);

	ip[0] = 0x45;
	ip[1] = 0;
	jg_put16(ip + 2, (uint16_t)(20 + reply->len));
	jg_put16(ip + 4, id);
	jg_put16(ip + 6, (uint16_t)offset);
	ip[8] = HOP_LIMIT;
	ip[9] = reply->protocol;
	memcpy(ip + 12, frame->target, 4);
	memcpy(ip + 16, frame->source, 4);
	jg_put16(ip + 10, (uint16_t)~jg_sum_fold(sum));
}

static void write_ipv6(const struct jg_frame *frame, const struct jg_answer *reply, uint8_t *ip)
{
	jg_put32(ip, 0x60000000);
	jg_put16(ip + 4, (uint16_t)(reply->len + (reply->fragment ? 8 : 0)));
	ip[6] = reply->fragment ? FRAGMENT_HEADER : reply->protocol;
	ip[7] = HOP_LIMIT;
	memcpy(ip + 8, frame->target, 16);
	memcpy(ip + 24, frame->source, 16);
	if (!reply->fragment)
		return;
	ip[40] = reply->protocol;
	ip[41] = 0;
	jg_put16(ip + 42, (uint16_t)(reply->fragment_offset | reply->more_fragments));
	jg_put32(ip + 44, reply->fragment_id);
}

void jg_answer_headers(const struct jg_interface *port, const struct jg_frame *frame,
	const struct jg_answer *reply, uint8_t *out)
{
	assert(reply->fragment_offset % 8 == 0);
	uint8_t *ip = out + jg_answer_ethernet_len(frame);

	write_ethernet(port, frame, frame->peer_mac, frame->family == 4 ? 0x0800 : 0x86dd, out);
	if (frame->family == 4)
		write_ipv4(frame, reply, ip);
	else
		write_ipv6(frame, reply, ip);
}

void jg_answer_udp(const struct jg_interface *port, const struct jg_frame *frame,
	const uint8_t *payload, uint32_t payload_len, bool offload, uint8_t udp[JG_UDP_HEADER])
{
	uint32_t len = JG_UDP_HEADER + payload_len;

	jg_put16(udp, port->udp_port);
	jg_put16(udp + 2, frame->source_port);
	jg_put16(udp + 4, (uint16_t)len);
	jg_put16(udp + 6, 0);
	uint64_t sum =
		jg_sum_pseudo(frame->family, frame->target, frame->source, JG_PROTOCOL_UDP, len);
	if (offload) {
		jg_put16(udp + 6, jg_sum_fold(sum));
		return;
	}
	sum += jg_sum_numbers((uint32_t)port->udp_port + frame->source_port + len);
	uint16_t checksum = (uint16_t)~jg_sum_fold(jg_sum_add(sum, payload, payload_len));
	jg_put16(udp + 6, checksum == 0 ? 0xffff : checksum); // RFC 768: zero means none
}

void jg_answer_plain(const struct jg_interface *port, const struct jg_frame *frame,
	const uint8_t *payload, uint32_t payload_len, uint8_t out[JG_ANSWER_PLAIN])
{
	uint32_t len = JG_UDP_HEADER + payload_len;
	uint32_t ports = (uint32_t)port->udp_port << 16 | frame->source_port;
	uint64_t addresses = (uint64_t)jg_sum_load32(frame->source) + jg_sum_load32(frame->target);
	uint64_t header = addresses +
		jg_sum_numbers(0x4500U + 0x4000U + (HOP_LIMIT << 8 | JG_PROTOCOL_UDP) + 20 + len);
	uint64_t sum =
		addresses + jg_sum_numbers(ports) + jg_sum_numbers(JG_PROTOCOL_UDP + 2 * len);

	// Eight bytes of each MAC address: what follows is written over the last two.
	memcpy(out, (const uint8_t *)frame + offsetof(struct jg_frame, peer_mac), 8);
	memcpy(out + 6, (const uint8_t *)port + offsetof(struct jg_interface, mac), 8);
	jg_put64(out + 12, UINT64_C(0x0800450000000000) | (20 + len) << 16); // no identification
	jg_put32(out + 20, 0x40000000 | HOP_LIMIT << 8 | JG_PROTOCOL_UDP); // do not fragment
	uint16_t checksum = (uint16_t)~jg_sum_fold_raw(header);
	memcpy(out + 24, &checksum, 2);
	memcpy(out + 26, frame->target, 4);
	memcpy(out + 30, frame->source, 4);
	jg_put32(out + 34, ports);
	jg_put16(out + 38, (uint16_t)len);
	checksum = (uint16_t)~jg_sum_fold_raw(jg_sum_add(sum, payload, payload_len));
	checksum = checksum == 0 ? 0xffff : checksum; // RFC 768: zero means none
	memcpy(out + 40, &checksum, 2);
}

uint32_t jg_answer_arp(
	const struct jg_interface *port, const struct jg_frame *frame, uint8_t *bytes)
{
	uint8_t *arp = bytes + frame->l3;
	uint8_t ours[4];

	assert(frame->kind == JG_FRAME_ARP);
	memcpy(ours, arp + 24, 4);
	jg_put16(arp + 6, 2);
	memcpy(arp + 18, arp + 8, 10); // the sender becomes the target
	memcpy(arp + 8, port->mac, 6);
	memcpy(arp + 14, ours, 4);
	write_ethernet(port, frame, frame->peer_mac, 0x0806, bytes);
	return frame->l3 + 28;
}

uint32_t jg_answer_advertisement(
	const struct jg_interface *port, struct jg_frame *frame, uint8_t *bytes)
{
	// RFC 4861 section 7.2.4: who has no address yet is answered through all-nodes.
	static const uint8_t all_nodes[16] = {0xff, 0x02, [15] = 1};
	static const uint8_t all_nodes_mac[6] = {0x33, 0x33, 0, 0, 0, 1};
	static const uint8_t unspecified[16] = {0};
	bool probe = memcmp(frame->source, unspecified, 16) == 0;
	uint8_t *ip = bytes + jg_answer_ethernet_len(frame);
	uint8_t *icmp = ip + 40;

	assert(frame->kind == JG_FRAME_SOLICITATION);
	memcpy(frame->target, bytes + frame->l4 + 8, 16);
	if (probe)
		memcpy(frame->source, all_nodes, 16);
	write_ethernet(port, frame, probe ? all_nodes_mac : frame->peer_mac, 0x86dd, bytes);
	write_ipv6(frame,
		&(struct jg_answer){.len = ADVERTISEMENT_LEN, .protocol = JG_PROTOCOL_ICMPV6}, ip);
	ip[7] = NEIGHBOUR_HOP_LIMIT;
	jg_put32(icmp, 136U << 24);
	jg_put32(icmp + 4, probe ? 0x20000000 : 0x60000000); // override, solicited
	memcpy(icmp + 8, frame->target, 16);
	icmp[24] = 2; // target link-layer address, one unit of eight bytes
	icmp[25] = 1;
	memcpy(icmp + 26, port->mac, 6);
	uint64_t sum = jg_sum_pseudo(
		6, frame->target, frame->source, JG_PROTOCOL_ICMPV6, ADVERTISEMENT_LEN);
	jg_put16(icmp + 2, (uint16_t)~jg_sum_fold(jg_sum_add(sum, icmp, ADVERTISEMENT_LEN)));
	return jg_answer_ethernet_len(frame) + 40 + ADVERTISEMENT_LEN;
}

void jg_answer_echo(const struct jg_frame *frame, uint8_t *icmp)
{
	assert(frame->kind == JG_FRAME_ECHO);
	icmp[0] = frame->family == 4 ? 0 : 129;
	jg_put16(icmp + 2, 0);
	uint64_t sum = frame->family == 4
		? 0
		: jg_sum_pseudo(6, frame->target, frame->source, JG_PROTOCOL_ICMPV6, frame->l4_len);
	jg_put16(icmp + 2, (uint16_t)~jg_sum_fold(jg_sum_add(sum, icmp, frame->l4_len)));
}
