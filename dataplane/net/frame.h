// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** From the bytes of a frame to what is in it. Plain bytes, no DPDK: hostile input ends here. */

#include "internal/counters.h"

#include <stdalign.h>
#include <stdbool.h>
#include <stdint.h>

#define JG_FRAME_TAGS_MAX 2 /**< VLAN tags: 802.1Q, QinQ */
#define JG_PLAIN_HEAD 48 /**< bytes that plain frames are told by; see plain.h */
#define JG_ADDRESSES_MAX 17 /**< of one port and family, a link-local one included */

enum jg_protocol {
	JG_PROTOCOL_ICMP = 1,
	JG_PROTOCOL_UDP = 17,
	JG_PROTOCOL_ICMPV6 = 58,
};

/** Who we are on one port. Read-only while the gate runs. */
struct jg_interface {
	uint8_t mac[6];
	uint16_t mtu;
	uint16_t udp_port;
	bool unfinished_checksums; /**< local kernels send here (design.md, "Wire") */
	uint8_t v4_n;
	uint8_t v6_n;
	uint8_t v4[JG_ADDRESSES_MAX][4];
	uint8_t v6[JG_ADDRESSES_MAX][16];
	uint8_t plain_n; /**< v4_n when jg_plain_prepare() has filled in what follows, else zero */
	alignas(16) uint8_t plain[JG_PLAIN_HEAD]; /**< what plain frames begin with */
	alignas(16) uint8_t plain_counts[JG_PLAIN_HEAD]; /**< the bits of it that count */
};

/** What to do with a frame. */
enum jg_frame_kind {
	JG_FRAME_DROP, /**< fate says why */
	JG_FRAME_ARP, /**< an ARP request for us */
	JG_FRAME_FRAGMENT, /**< for the reassembly table */
	JG_FRAME_ECHO, /**< an echo request */
	JG_FRAME_SOLICITATION, /**< a neighbour solicitation for us */
	JG_FRAME_MESSAGE, /**< a datagram to our UDP port */
};

/** One frame: copies of what the answer needs, offsets into the bytes for the rest. */
struct jg_frame {
	uint8_t source[16]; /**< IP addresses; IPv4 in the first four bytes, the rest zero */
	uint8_t target[16];
	uint8_t tags[JG_FRAME_TAGS_MAX * 4]; /**< as they stood: TPID and TCI */
	uint8_t peer_mac[6];
	uint16_t source_port;
	uint8_t tags_n;
	uint8_t family; /**< 4 or 6 */
	uint8_t kind; /**< enum jg_frame_kind */
	bool unfinished_checksum; /**< accepted as such */
	uint32_t payload; /**< MESSAGE: offset of what follows the UDP header */
	uint32_t payload_len;
	// Of a MESSAGE that jg_plain_parse() found, nothing from here on.
	uint8_t protocol; /**< of l4 */
	uint8_t hop_limit;
	bool more_fragments;
	bool fragmented; /**< came with a fragment header, or from the reassembly table */
	uint32_t fragment_id;
	uint32_t fragment_offset; /**< bytes */
	uint32_t l3; /**< offset of the IP or ARP header */
	uint32_t l4; /**< offset of what follows the IP headers; the fragment's content */
	uint32_t l4_len;
	uint8_t fate; /**< enum jg_counter, of DROP */
};

/** What the port has checked already. */
enum jg_frame_checked {
	JG_FRAME_CHECKED_IP = 1 << 0, /**< the IPv4 header's checksum is right */
	JG_FRAME_CHECKED_L4 = 1 << 1, /**< the UDP checksum is right */
};

/** An answer to any other address would go nowhere, or to everybody (RFC 1122 section 3.2.1.3). */
static inline bool jg_frame_is_unicast_v4(const uint8_t *address)
{
	return address[0] != 0 && address[0] != 127 && address[0] < 224;
}

/** Parse one frame of len contiguous bytes. */
void jg_frame_parse(const struct jg_interface *port, const uint8_t *bytes, uint32_t len,
	unsigned checked, struct jg_frame *frame);

/**
 * Parse a reassembled datagram. frame is that of the last fragment to arrive; its offsets then count
 * from the datagram's first byte.
 */
void jg_frame_parse_datagram(const struct jg_interface *port, const uint8_t *bytes, uint32_t len,
	uint8_t protocol, struct jg_frame *frame);
