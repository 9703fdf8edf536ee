// SPDX-License-Identifier: BSD-3-Clause
#include "neighbour.h"

#include "bytes.h"

enum {
	ETHERNET = 14,
	ARP_LEN = 28,
	IPV6_LEN = 40,
	QUESTION_LEN = 32, // a solicitation with its one option
	ANSWER_LEN = 24, // an advertisement before its options
	TYPE_ARP = 0x0806,
	TYPE_IPV6 = 0x86dd,
	ICMPV6 = 58,
	SOLICITATION = 135,
	ADVERTISEMENT = 136,
	HOPS = 255,
	OWN_ADDRESS = 1, // options: the sender's and the target's link-layer address
	TARGET_ADDRESS = 2,
};

static void write_ethernet(
	uint8_t *frame, const uint8_t *to, const struct jg_interface *port, uint16_t type)
{
	memcpy(frame, to, 6);
	memcpy(frame + 6, port->mac, 6);
	jg_put16(frame + 12, type);
}

static uint32_t ask_arp(const struct jg_interface *port, const struct jg_frame *to, uint8_t *frame)
{
	static const uint8_t everybody[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
	static const uint8_t fixed[8] = {
		0, 1, 0x08, 0, 6, 4, 0, 1}; // a request, of IPv4 on Ethernet
	uint8_t *arp = frame + ETHERNET;
	write_ethernet(frame, everybody, port, TYPE_ARP);
	memcpy(arp, fixed, 8);
	memcpy(arp + 8, port->mac, 6);
	memcpy(arp + 14, to->target, 4);
	memset(arp + 18, 0, 6);
	memcpy(arp + 24, to->source, 4);
	return ETHERNET + ARP_LEN;
}

static uint32_t ask_neighbours(
	const struct jg_interface *port, const struct jg_frame *to, uint8_t *frame)
{
	// RFC 4291 section 2.7.1: the group of all whose address ends like this one.
	uint8_t group[16] = {0xff, 0x02, [11] = 1, [12] = 0xff};
	uint8_t mac[6] = {0x33, 0x33, 0xff};
	uint8_t *ip = frame + ETHERNET;
	uint8_t *icmp = ip + IPV6_LEN;
	memcpy(group + 13, to->source + 13, 3);
	memcpy(mac + 3, to->source + 13, 3);
	write_ethernet(frame, mac, port, TYPE_IPV6);
	jg_put32(ip, 0x60000000);
	jg_put16(ip + 4, QUESTION_LEN);
	ip[6] = ICMPV6;
	ip[7] = HOPS;
	memcpy(ip + 8, to->target, 16);
	memcpy(ip + 24, group, 16);
	jg_put32(icmp, (uint32_t)SOLICITATION << 24);
	jg_put32(icmp + 4, 0);
	memcpy(icmp + 8, to->source, 16);
	icmp[24] = OWN_ADDRESS;
	icmp[25] = 1;
	memcpy(icmp + 26, port->mac, 6);
	const uint64_t sum = jg_sum_pseudo(6, to->target, group, ICMPV6, QUESTION_LEN);
	jg_put16(icmp + 2, (uint16_t)~jg_sum_fold(jg_sum_add(sum, icmp, QUESTION_LEN)));
	return ETHERNET + IPV6_LEN + QUESTION_LEN;
}

uint32_t neighbour_ask(const struct jg_interface *port, const struct jg_frame *to, uint8_t *frame)
{
	return to->family == 4 ? ask_arp(port, to, frame) : ask_neighbours(port, to, frame);
}

static bool told_by_arp(const struct jg_frame *to, const uint8_t *arp, uint32_t len, uint8_t *mac)
{
	static const uint8_t fixed[8] = {0, 1, 0x08, 0, 6, 4, 0, 2};
	if (len < ARP_LEN || memcmp(arp, fixed, 8) != 0 || memcmp(arp + 14, to->source, 4) != 0)
		return false;
	memcpy(mac, arp + 8, 6);
	return true;
}

// RFC 4861 section 7.1.2; an answer without the option would have come to a unicast question.
static bool told_by_neighbour(
	const struct jg_frame *to, const uint8_t *ip, uint32_t len, uint8_t *mac)
{
	const uint8_t *icmp = ip + IPV6_LEN;
	if (len < IPV6_LEN + ANSWER_LEN || ip[6] != ICMPV6 || ip[7] != HOPS ||
		memcmp(ip + 24, to->target, 16) != 0)
		return false;
	const uint32_t left = jg_get16(ip + 4);
	if (left < ANSWER_LEN || left > len - IPV6_LEN || icmp[0] != ADVERTISEMENT ||
		icmp[1] != 0 || memcmp(icmp + 8, to->source, 16) != 0)
		return false;
	const uint64_t sum = jg_sum_pseudo(6, ip + 8, ip + 24, ICMPV6, left);
	if (jg_sum_fold(jg_sum_add(sum, icmp, left)) != 0xffff)
		return false;
	for (uint32_t at = ANSWER_LEN; left - at >= 8; at += icmp[at + 1] * 8U) {
		if (icmp[at + 1] == 0 || icmp[at + 1] * 8U > left - at)
			return false;
		if (icmp[at] == TARGET_ADDRESS) {
			memcpy(mac, icmp + at + 2, 6);
			return true;
		}
	}
	return false;
}

bool neighbour_told(const struct jg_interface *port, const struct jg_frame *to,
	const uint8_t *frame, uint32_t len, uint8_t mac[6])
{
	if (len < ETHERNET || memcmp(frame, port->mac, 6) != 0)
		return false;
	const uint16_t type = jg_get16(frame + 12);
	const uint8_t *rest = frame + ETHERNET;
	bool told = false;
	if (to->family == 4 && type == TYPE_ARP)
		told = told_by_arp(to, rest, len - ETHERNET, mac);
	else if (to->family == 6 && type == TYPE_IPV6)
		told = told_by_neighbour(to, rest, len - ETHERNET, mac);
	return told && (mac[0] & 1) == 0; // a group has no answer to give
}
