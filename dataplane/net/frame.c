// SPDX-License-Identifier: BSD-3-Clause
#include "frame.h"

#include "bytes.h"
#include "internal/base.h"

#include <assert.h>

enum {
	ETHERNET_LEN = 14,
	TAG_LEN = 4,
	ARP_LEN = 28,
	IPV4_LEN = 20,
	IPV6_LEN = 40,
	UDP_LEN = 8,
	ECHO_LEN = 8,
	SOLICITATION_LEN = 24,
	EXTENSIONS_MAX = 8, // IPv6 headers before the payload; ordinary hosts send none or one
};

enum {
	TYPE_IPV4 = 0x0800,
	TYPE_ARP = 0x0806,
	TYPE_VLAN = 0x8100,
	TYPE_IPV6 = 0x86dd,
	TYPE_QINQ = 0x88a8,
};

enum {
	EXTENSION_HOP_BY_HOP = 0,
	EXTENSION_ROUTING = 43,
	EXTENSION_FRAGMENT = 44,
	EXTENSION_DESTINATION = 60,
};

static enum jg_frame_kind drop(struct jg_frame *frame, enum jg_counter fate)
{
	frame->fate = (uint8_t)fate;
	return JG_FRAME_DROP;
}

static bool is_ours_v4(const struct jg_interface *port, const uint8_t *address)
{
	for (unsigned i = 0; i < port->v4_n; i++)
		if (memcmp(port->v4[i], address, 4) == 0)
			return true;
	return false;
}

static bool is_ours_v6(const struct jg_interface *port, const uint8_t *address)
{
	for (unsigned i = 0; i < port->v6_n; i++)
		if (memcmp(port->v6[i], address, 16) == 0)
			return true;
	return false;
}

// RFC 4291 section 2.7.1: ff02::1:ff00:0/104 and the last three bytes of the address.
static bool is_solicited_node(const struct jg_interface *port, const uint8_t *address)
{
	static const uint8_t prefix[13] = {0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff};

	if (memcmp(address, prefix, sizeof(prefix)) != 0)
		return false;
	for (unsigned i = 0; i < port->v6_n; i++)
		if (memcmp(port->v6[i] + 13, address + 13, 3) == 0)
			return true;
	return false;
}

static bool is_fragment(const struct jg_frame *frame)
{
	return frame->fragment_offset != 0 || frame->more_fragments;
}

static bool is_zero(const uint8_t *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (bytes[i] != 0)
			return false;
	return true;
}

static bool is_answerable_v4(const struct jg_interface *port, const uint8_t *address)
{
	return jg_frame_is_unicast_v4(address) && !is_ours_v4(port, address);
}

static bool is_answerable_v6(const struct jg_interface *port, const uint8_t *address)
{
	return address[0] != 0xff && !is_zero(address, 15) && !is_ours_v6(port, address);
}

static enum jg_frame_kind parse_arp(
	const struct jg_interface *port, const uint8_t *bytes, uint32_t len, struct jg_frame *frame)
{
	const uint8_t *arp = bytes + frame->l3;

	if (len - frame->l3 < ARP_LEN)
		return drop(frame, JG_COUNTER_TOO_SHORT);
	// Ethernet, IPv4, lengths 6 and 4 (RFC 826)
	if (jg_get16(arp) != 1 || jg_get16(arp + 2) != TYPE_IPV4 || arp[4] != 6 || arp[5] != 4)
		return drop(frame, JG_COUNTER_BAD_HEADER);
	if (jg_get16(arp + 6) != 1)
		return drop(frame, JG_COUNTER_OTHER_PROTOCOL);
	if (memcmp(arp + 8, frame->peer_mac, 6) != 0)
		return drop(frame, JG_COUNTER_BAD_SOURCE);
	if (!is_ours_v4(port, arp + 24))
		return drop(frame, JG_COUNTER_NOT_FOR_US);
	return JG_FRAME_ARP;
}

static enum jg_frame_kind parse_udp(const struct jg_interface *port, const uint8_t *bytes,
	unsigned checked, struct jg_frame *frame)
{
	const uint8_t *udp = bytes + frame->l4;

	if (frame->l4_len < UDP_LEN)
		return drop(frame, JG_COUNTER_TOO_SHORT);
	uint32_t len = jg_get16(udp + 4);
	if (len < UDP_LEN)
		return drop(frame, JG_COUNTER_BAD_HEADER);
	if (len > frame->l4_len)
		return drop(frame, JG_COUNTER_TRUNCATED);
	if (jg_get16(udp + 2) != port->udp_port)
		return drop(frame, JG_COUNTER_OTHER_PROTOCOL);
	frame->source_port = jg_get16(udp);
	if (frame->source_port == 0)
		return drop(frame, JG_COUNTER_BAD_SOURCE);
	uint16_t checksum = jg_get16(udp + 6);
	// RFC 8200 section 8.1: over IPv6 a datagram without a checksum must be discarded.
	if (checksum == 0 && frame->family == 6)
		return drop(frame, JG_COUNTER_BAD_CHECKSUM);
	if (checksum != 0 && !(checked & JG_FRAME_CHECKED_L4)) {
		uint64_t pseudo = jg_sum_pseudo(
			frame->family, frame->source, frame->target, JG_PROTOCOL_UDP, len);

		if (jg_sum_fold(jg_sum_add(pseudo, udp, len)) != 0xffff) {
			if (!port->unfinished_checksums || checksum != jg_sum_fold(pseudo))
				return drop(frame, JG_COUNTER_BAD_CHECKSUM);
			frame->unfinished_checksum = true;
		}
	}
	frame->payload = frame->l4 + UDP_LEN;
	frame->payload_len = len - UDP_LEN;
	return JG_FRAME_MESSAGE;
}

static enum jg_frame_kind parse_icmp(const uint8_t *bytes, struct jg_frame *frame)
{
	const uint8_t *icmp = bytes + frame->l4;

	if (frame->l4_len < ECHO_LEN)
		return drop(frame, JG_COUNTER_TOO_SHORT);
	if (icmp[0] != 8 || icmp[1] != 0)
		return drop(frame, JG_COUNTER_OTHER_PROTOCOL);
	if (jg_sum_fold(jg_sum_add(0, icmp, frame->l4_len)) != 0xffff)
		return drop(frame, JG_COUNTER_BAD_CHECKSUM);
	return JG_FRAME_ECHO;
}

// RFC 4861 section 7.1.1, each rule in its order there.
static enum jg_frame_kind parse_solicitation(
	const struct jg_interface *port, const uint8_t *icmp, struct jg_frame *frame)
{
	bool unspecified = is_zero(frame->source, 16);

	if (frame->hop_limit != 255 || icmp[1] != 0)
		return drop(frame, JG_COUNTER_BAD_HEADER);
	if (frame->l4_len < SOLICITATION_LEN)
		return drop(frame, JG_COUNTER_TOO_SHORT);
	if (icmp[8] == 0xff)
		return drop(frame, JG_COUNTER_BAD_HEADER);
	for (uint32_t at = SOLICITATION_LEN; at < frame->l4_len;) {
		if (frame->l4_len - at < 8 || icmp[at + 1] == 0 ||
			icmp[at + 1] * 8U > frame->l4_len - at)
			return drop(frame, JG_COUNTER_BAD_HEADER);
		if (unspecified && icmp[at] == 1) // a source link-layer address option
			return drop(frame, JG_COUNTER_BAD_HEADER);
		at += icmp[at + 1] * 8U;
	}
	if (unspecified && frame->target[0] != 0xff)
		return drop(frame, JG_COUNTER_BAD_HEADER);
	if (!is_ours_v6(port, icmp + 8))
		return drop(frame, JG_COUNTER_NOT_FOR_US);
	return JG_FRAME_SOLICITATION;
}

static enum jg_frame_kind parse_icmpv6(
	const struct jg_interface *port, const uint8_t *bytes, struct jg_frame *frame)
{
	const uint8_t *icmp = bytes + frame->l4;

	if (frame->l4_len < ECHO_LEN)
		return drop(frame, JG_COUNTER_TOO_SHORT);
	uint64_t sum =
		jg_sum_pseudo(6, frame->source, frame->target, JG_PROTOCOL_ICMPV6, frame->l4_len);
	if (jg_sum_fold(jg_sum_add(sum, icmp, frame->l4_len)) != 0xffff)
		return drop(frame, JG_COUNTER_BAD_CHECKSUM);
	// RFC 6980: neighbour discovery never comes in fragments.
	if (icmp[0] == 135 && !frame->fragmented)
		return parse_solicitation(port, icmp, frame);
	if (icmp[0] != 128 || icmp[1] != 0)
		return drop(frame, JG_COUNTER_OTHER_PROTOCOL);
	if (!is_ours_v6(port, frame->target))
		return drop(frame, JG_COUNTER_NOT_FOR_US);
	if (!is_answerable_v6(port, frame->source))
		return drop(frame, JG_COUNTER_BAD_SOURCE);
	return JG_FRAME_ECHO;
}

static enum jg_frame_kind parse_l4(const struct jg_interface *port, const uint8_t *bytes,
	unsigned checked, struct jg_frame *frame)
{
	if (frame->family == 6 && frame->protocol == JG_PROTOCOL_ICMPV6)
		return parse_icmpv6(port, bytes, frame);
	if (frame->family == 6 && !is_ours_v6(port, frame->target))
		return drop(frame, JG_COUNTER_NOT_FOR_US);
	if (frame->family == 6 && !is_answerable_v6(port, frame->source))
		return drop(frame, JG_COUNTER_BAD_SOURCE);
	if (frame->protocol == JG_PROTOCOL_UDP)
		return parse_udp(port, bytes, checked, frame);
	if (frame->family == 4 && frame->protocol == JG_PROTOCOL_ICMP)
		return parse_icmp(bytes, frame);
	return drop(frame, JG_COUNTER_OTHER_PROTOCOL);
}

static enum jg_frame_kind parse_ipv4(const struct jg_interface *port, const uint8_t *bytes,
	uint32_t len, unsigned checked, struct jg_frame *frame)
{
	const uint8_t *ip = bytes + frame->l3;
	uint32_t left = len - frame->l3;

	if (left < IPV4_LEN)
		return drop(frame, JG_COUNTER_TOO_SHORT);
	uint32_t header_len = (ip[0] & 15U) * 4;
	uint32_t total = jg_get16(ip + 2);
	if (ip[0] >> 4 != 4 || header_len < IPV4_LEN || total < header_len)
		return drop(frame, JG_COUNTER_BAD_HEADER);
	if (total > left)
		return drop(frame, JG_COUNTER_TRUNCATED);
	if (!(checked & JG_FRAME_CHECKED_IP) &&
		jg_sum_fold(jg_sum_words(0, ip, header_len / 4)) != 0xffff)
		return drop(frame, JG_COUNTER_BAD_CHECKSUM);
	memcpy(frame->source, ip + 12, 4);
	memcpy(frame->target, ip + 16, 4);
	if (!is_ours_v4(port, frame->target))
		return drop(frame, JG_COUNTER_NOT_FOR_US);
	if (!is_answerable_v4(port, frame->source))
		return drop(frame, JG_COUNTER_BAD_SOURCE);
	// Options are stepped over: none of them concerns the last host of the way.
	frame->l4 = frame->l3 + header_len;
	frame->l4_len = total - header_len;
	frame->protocol = ip[9];
	frame->hop_limit = ip[8];
	frame->fragment_id = jg_get16(ip + 4);
	frame->fragment_offset = (jg_get16(ip + 6) & 0x1fffU) * 8;
	frame->more_fragments = (ip[6] & 0x20) != 0;
	if (is_fragment(frame))
		return JG_FRAME_FRAGMENT;
	return parse_l4(port, bytes, checked, frame);
}

// Steps over extension headers up to the payload or a fragment header of a real fragment. False: the
// frame is dropped.
static bool skip_extensions(const uint8_t *bytes, struct jg_frame *frame)
{
	for (unsigned n = 0; n < EXTENSIONS_MAX; n++) {
		const uint8_t *header = bytes + frame->l4;
		bool fragment = frame->protocol == EXTENSION_FRAGMENT;

		if (!fragment && frame->protocol != EXTENSION_DESTINATION &&
			frame->protocol != EXTENSION_ROUTING &&
			!(frame->protocol == EXTENSION_HOP_BY_HOP && n == 0))
			return true;
		if (frame->l4_len < 8) {
			drop(frame, JG_COUNTER_TOO_SHORT);
			return false;
		}
		uint32_t header_len = fragment ? 8 : (header[1] + 1U) * 8;
		// A routing header that is not used up asks us to forward (RFC 8200 section 4.4).
		if (header_len > frame->l4_len ||
			(frame->protocol == EXTENSION_ROUTING && header[3] != 0)) {
			drop(frame, JG_COUNTER_BAD_HEADER);
			return false;
		}
		frame->protocol = header[0];
		frame->l4 += header_len;
		frame->l4_len -= header_len;
		if (!fragment)
			continue;
		frame->fragmented = true;
		frame->fragment_offset = jg_get16(header + 2) & 0xfff8U;
		frame->more_fragments = (header[3] & 1) != 0;
		if (is_fragment(frame)) {
			frame->fragment_id = jg_get32(header + 4);
			return true;
		}
		// An atomic fragment is a whole datagram (RFC 6946).
	}
	drop(frame, JG_COUNTER_BAD_HEADER);
	return false;
}

static enum jg_frame_kind parse_ipv6(const struct jg_interface *port, const uint8_t *bytes,
	uint32_t len, unsigned checked, struct jg_frame *frame)
{
	const uint8_t *ip = bytes + frame->l3;
	uint32_t left = len - frame->l3;

	if (left < IPV6_LEN)
		return drop(frame, JG_COUNTER_TOO_SHORT);
	if (ip[0] >> 4 != 6)
		return drop(frame, JG_COUNTER_BAD_HEADER);
	uint32_t payload_len = jg_get16(ip + 4);
	if (payload_len > left - IPV6_LEN)
		return drop(frame, JG_COUNTER_TRUNCATED);
	memcpy(frame->source, ip + 8, 16);
	memcpy(frame->target, ip + 24, 16);
	if (!is_ours_v6(port, frame->target) && !is_solicited_node(port, frame->target))
		return drop(frame, JG_COUNTER_NOT_FOR_US);
	if (frame->source[0] == 0xff)
		return drop(frame, JG_COUNTER_BAD_SOURCE);
	frame->protocol = ip[6];
	frame->hop_limit = ip[7];
	frame->l4 = frame->l3 + IPV6_LEN;
	frame->l4_len = payload_len;
	if (!skip_extensions(bytes, frame))
		return JG_FRAME_DROP;
	if (!is_fragment(frame))
		return parse_l4(port, bytes, checked, frame);
	if (!is_ours_v6(port, frame->target))
		return drop(frame, JG_COUNTER_NOT_FOR_US);
	if (!is_answerable_v6(port, frame->source))
		return drop(frame, JG_COUNTER_BAD_SOURCE);
	return JG_FRAME_FRAGMENT;
}

// Offset of the type field behind the VLAN tags; len when the frame ends before it.
static uint32_t skip_tags(const uint8_t *bytes, uint32_t len, struct jg_frame *frame)
{
	uint32_t at = ETHERNET_LEN - 2;

	while (at + 2 <= len && frame->tags_n < JG_FRAME_TAGS_MAX &&
		(jg_get16(bytes + at) == TYPE_VLAN || jg_get16(bytes + at) == TYPE_QINQ)) {
		if (len - at < TAG_LEN)
			return len;
		memcpy(frame->tags + frame->tags_n * TAG_LEN, bytes + at, TAG_LEN);
		frame->tags_n++;
		at += TAG_LEN;
	}
	return at;
}

static enum jg_frame_kind parse_ethernet(const struct jg_interface *port, const uint8_t *bytes,
	uint32_t len, unsigned checked, struct jg_frame *frame)
{
	if (len < ETHERNET_LEN)
		return drop(frame, JG_COUNTER_TOO_SHORT);
	memcpy(frame->peer_mac, bytes + 6, 6);
	uint32_t at = skip_tags(bytes, len, frame);
	if (len - at < 2)
		return drop(frame, JG_COUNTER_TOO_SHORT);
	uint16_t type = jg_get16(bytes + at);
	bool group = (bytes[0] & 1) != 0;
	frame->l3 = at + 2;
	// Broadcast and multicast serve ARP and neighbour discovery; both check the target address.
	if (group ? type == TYPE_IPV4 : memcmp(bytes, port->mac, 6) != 0)
		return drop(frame, JG_COUNTER_NOT_FOR_US);
	if ((frame->peer_mac[0] & 1) != 0)
		return drop(frame, JG_COUNTER_BAD_SOURCE);
	frame->family = type == TYPE_IPV6 ? 6 : 4;
	if (type == TYPE_IPV4)
		return parse_ipv4(port, bytes, len, checked, frame);
	if (type == TYPE_IPV6)
		return parse_ipv6(port, bytes, len, checked, frame);
	if (type == TYPE_ARP)
		return parse_arp(port, bytes, len, frame);
	return drop(frame, JG_COUNTER_OTHER_PROTOCOL);
}

void jg_frame_parse(const struct jg_interface *port, const uint8_t *bytes, uint32_t len,
	unsigned checked, struct jg_frame *frame)
{
	*frame = (struct jg_frame){.kind = JG_FRAME_DROP};
	frame->kind = (uint8_t)parse_ethernet(port, bytes, len, checked, frame);
}

static enum jg_frame_kind parse_datagram(
	const struct jg_interface *port, const uint8_t *bytes, struct jg_frame *frame)
{
	if (frame->family == 6 && !skip_extensions(bytes, frame))
		return JG_FRAME_DROP;
	if (is_fragment(frame)) // a fragment within a fragment
		return drop(frame, JG_COUNTER_BAD_HEADER);
	return parse_l4(port, bytes, 0, frame);
}

void jg_frame_parse_datagram(const struct jg_interface *port, const uint8_t *bytes, uint32_t len,
	uint8_t protocol, struct jg_frame *frame)
{
	assert(frame->kind == JG_FRAME_FRAGMENT);
	frame->fragmented = true;
	frame->fragment_offset = 0;
	frame->more_fragments = false;
	frame->l4 = 0;
	frame->l4_len = len;
	frame->protocol = protocol;
	frame->kind = (uint8_t)parse_datagram(port, bytes, frame);
}
