// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** Crafted frames for the tests of the packet path; checksums by the textbook, not by our code. */

#include "frame.h"

#include <stdint.h>
#include <string.h>

struct packet {
	uint8_t bytes[70000];
	uint32_t len;
};

static const uint8_t gate_mac[6] = {2, 0, 0, 0, 0, 1};
static const uint8_t peer_mac[6] = {2, 0, 0, 0, 0, 2};
static const uint8_t gate_v4[4] = {10, 0, 0, 1};
static const uint8_t peer_v4[4] = {10, 0, 0, 2};
static const uint8_t gate_v6[16] = {0xfd, [15] = 1};
static const uint8_t peer_v6[16] = {0xfd, [15] = 2};

static inline struct jg_interface test_interface(void)
{
	struct jg_interface port = {.mtu = 1500, .udp_port = 7600, .v4_n = 1, .v6_n = 1};

	memcpy(port.mac, gate_mac, 6);
	memcpy(port.v4[0], gate_v4, 4);
	memcpy(port.v6[0], gate_v6, 16);
	return port;
}

static inline void packet_add(struct packet *p, const void *bytes, uint32_t n)
{
	if (n > 0)
		memcpy(p->bytes + p->len, bytes, n);
	p->len += n;
}

static inline void packet_add16(struct packet *p, unsigned v)
{
	uint8_t bytes[2] = {(uint8_t)(v >> 8), (uint8_t)v};

	packet_add(p, bytes, 2);
}

static inline void packet_set16(struct packet *p, uint32_t at, unsigned v)
{
	p->bytes[at] = (uint8_t)(v >> 8);
	p->bytes[at + 1] = (uint8_t)v;
}

static inline uint16_t packet_get16(const struct packet *p, uint32_t at)
{
	return (uint16_t)(p->bytes[at] << 8 | p->bytes[at + 1]);
}

/** One's complement sum of big-endian words, uncomplemented. */
static inline uint16_t textbook_sum(uint32_t sum, const uint8_t *bytes, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		sum += (uint32_t)bytes[i] << (i % 2 == 0 ? 8 : 0);
		sum = (sum & 0xffff) + (sum >> 16);
	}
	return (uint16_t)sum;
}

/** Ethernet header from the peer to the gate with tags_n VLAN tags of ids 100, 101. */
static inline struct packet packet_ethernet(unsigned type, unsigned tags_n)
{
	struct packet p = {.len = 0};

	packet_add(&p, gate_mac, 6);
	packet_add(&p, peer_mac, 6);
	for (unsigned i = 0; i < tags_n; i++) {
		packet_add16(&p, i + 1 < tags_n ? 0x88a8 : 0x8100);
		packet_add16(&p, 100 + i);
	}
	packet_add16(&p, type);
	return p;
}

static inline void packet_ipv4_sum(struct packet *p, uint32_t at)
{
	packet_set16(p, at + 10, 0);
	packet_set16(
		p, at + 10, (uint16_t)~textbook_sum(0, p->bytes + at, (p->bytes[at] & 15U) * 4U));
}

/** IPv4 header with options_n bytes of no-operation options; fragment: flags and offset field. */
static inline void packet_ipv4(
	struct packet *p, unsigned protocol, unsigned options_n, unsigned fragment, uint32_t l4_len)
{
	uint32_t at = p->len;
	uint8_t start[2] = {(uint8_t)(0x45 + options_n / 4), 0};
	uint8_t options[40];

	memset(options, 1, sizeof(options));
	packet_add(p, start, 2);
	packet_add16(p, 20 + options_n + l4_len);
	packet_add16(p, 0x1234);
	packet_add16(p, fragment);
	packet_add16(p, 64 << 8 | protocol);
	packet_add16(p, 0);
	packet_add(p, peer_v4, 4);
	packet_add(p, gate_v4, 4);
	packet_add(p, options, options_n);
	packet_ipv4_sum(p, at);
}

static inline void packet_ipv6(struct packet *p, unsigned next, unsigned hop_limit, uint32_t len)
{
	packet_add16(p, 0x6000);
	packet_add16(p, 0);
	packet_add16(p, len);
	packet_add16(p, next << 8 | hop_limit);
	packet_add(p, peer_v6, 16);
	packet_add(p, gate_v6, 16);
}

/** Checksum of len bytes at l4 with the pseudo header of the addresses given. */
static inline uint16_t packet_l4_sum(const struct packet *p, uint32_t l4, uint32_t len,
	const uint8_t *addresses, uint32_t addresses_len, unsigned protocol)
{
	uint32_t sum = textbook_sum(len + protocol, addresses, addresses_len);

	return textbook_sum(sum, p->bytes + l4, len);
}

/** UDP header and payload; the checksum is right. family 4 or 6. */
static inline void packet_udp(struct packet *p, unsigned family, const void *payload, uint32_t n)
{
	uint32_t l4 = p->len;
	uint8_t addresses[32];
	unsigned size = family == 4 ? 4 : 16;

	memcpy(addresses, family == 4 ? peer_v4 : peer_v6, size);
	memcpy(addresses + size, family == 4 ? gate_v4 : gate_v6, size);
	packet_add16(p, 40000);
	packet_add16(p, 7600);
	packet_add16(p, 8 + n);
	packet_add16(p, 0);
	packet_add(p, payload, n);
	uint16_t sum = (uint16_t)~packet_l4_sum(p, l4, 8 + n, addresses, 2 * size, 17);
	packet_set16(p, l4 + 6, sum == 0 ? 0xffff : sum);
}

/** A whole datagram to the gate's UDP port. */
static inline struct packet packet_request(
	unsigned family, unsigned tags_n, const void *payload, uint32_t n)
{
	struct packet p = packet_ethernet(family == 4 ? 0x0800 : 0x86dd, tags_n);

	if (family == 4)
		packet_ipv4(&p, 17, 0, 0, 8 + n);
	else
		packet_ipv6(&p, 17, 64, 8 + n);
	packet_udp(&p, family, payload, n);
	return p;
}

/** One fragment of the datagram in whole (a packet_request() without tags). */
static inline struct packet packet_fragment(
	const struct packet *whole, unsigned family, uint32_t offset, uint32_t n, bool more)
{
	struct packet p = packet_ethernet(family == 4 ? 0x0800 : 0x86dd, 0);
	uint32_t l4 = 14 + (family == 4 ? 20 : 40);

	if (family == 4) {
		packet_ipv4(&p, 17, 0, (more ? 0x2000U : 0) | offset / 8, n);
	} else {
		packet_ipv6(&p, 44, 64, 8 + n);
		packet_add16(&p, 17 << 8);
		packet_add16(&p, offset | more);
		packet_add16(&p, 0);
		packet_add16(&p, 0x4321);
	}
	packet_add(&p, whole->bytes + l4 + offset, n);
	return p;
}

static inline struct packet packet_arp(unsigned operation, const uint8_t target[4])
{
	struct packet p = packet_ethernet(0x0806, 0);

	memset(p.bytes, 0xff, 6);
	packet_add16(&p, 1);
	packet_add16(&p, 0x0800);
	packet_add16(&p, 6 << 8 | 4);
	packet_add16(&p, operation);
	packet_add(&p, peer_mac, 6);
	packet_add(&p, peer_v4, 4);
	packet_add(&p, "\0\0\0\0\0\0", 6);
	packet_add(&p, target, 4);
	return p;
}

static inline struct packet packet_solicitation(
	const uint8_t target[16], unsigned hop_limit, const void *options, uint32_t options_n)
{
	struct packet p = packet_ethernet(0x86dd, 0);
	uint8_t addresses[32];

	packet_ipv6(&p, 58, hop_limit, 24 + options_n);
	uint32_t l4 = p.len;
	packet_add16(&p, 135 << 8);
	packet_add(&p, "\0\0\0\0\0\0", 6);
	packet_add(&p, target, 16);
	packet_add(&p, options, options_n);
	memcpy(addresses, p.bytes + 22, 32);
	packet_set16(
		&p, l4 + 2, (uint16_t)~packet_l4_sum(&p, l4, 24 + options_n, addresses, 32, 58));
	return p;
}

static inline struct packet packet_echo(unsigned family, const void *payload, uint32_t n)
{
	struct packet p = packet_ethernet(family == 4 ? 0x0800 : 0x86dd, 0);

	if (family == 4)
		packet_ipv4(&p, 1, 0, 0, 8 + n);
	else
		packet_ipv6(&p, 58, 64, 8 + n);
	uint32_t l4 = p.len;
	packet_add16(&p, family == 4 ? 8 << 8 : 128 << 8);
	packet_add16(&p, 0);
	packet_add(&p, "\1\2\3\4", 4);
	packet_add(&p, payload, n);
	uint8_t addresses[32];
	memcpy(addresses, p.bytes + 22, 32);
	packet_set16(&p, l4 + 2,
		(uint16_t) ~(family == 4 ? textbook_sum(0, p.bytes + l4, 8 + n)
					 : packet_l4_sum(&p, l4, 8 + n, addresses, 32, 58)));
	return p;
}
