// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** Answers as plain bytes: headers back to the sender, ARP, neighbour discovery, echo, fragments. */

#include "frame.h"

#include <assert.h>

/** Bytes of Ethernet, VLAN and IP headers and, for fragments over IPv6, the fragment header. */
#define JG_ANSWER_HEADERS_MAX (14 + 4 * JG_FRAME_TAGS_MAX + 40 + 8)
#define JG_UDP_HEADER 8

/** One packet of an answer. */
struct jg_answer {
	uint32_t len; /**< bytes behind the IP headers */
	uint32_t fragment_offset; /**< bytes, a multiple of eight */
	uint32_t fragment_id;
	uint8_t protocol; /**< enum jg_protocol */
	bool fragment; /**< one of several */
	bool more_fragments;
};

static inline uint32_t jg_answer_ethernet_len(const struct jg_frame *frame)
{
	return 14 + 4U * frame->tags_n;
}

/** Bytes that jg_answer_headers() writes for a whole packet or a fragment. */
static inline uint32_t jg_answer_headers_len(const struct jg_frame *frame, bool fragment)
{
	return jg_answer_ethernet_len(frame) + (frame->family == 4 ? 20 : fragment ? 48 : 40);
}

/** Write the headers of an answer to frame's sender; the reply's bytes follow them. */
void jg_answer_headers(const struct jg_interface *port, const struct jg_frame *frame,
	const struct jg_answer *reply, uint8_t *out);

/**
 * Write the UDP header of a payload, which need not follow it, from our port to the sender's.
 *
 * @param offload leave the checksum's rest to the port: only the pseudo header is summed
 */
void jg_answer_udp(const struct jg_interface *port, const struct jg_frame *frame,
	const uint8_t *payload, uint32_t payload_len, bool offload, uint8_t udp[JG_UDP_HEADER]);

/** Bytes behind the IP headers that one packet of this MTU carries, for fragments rounded down. */
static inline uint32_t jg_answer_room(const struct jg_frame *frame, uint32_t mtu, bool fragment)
{
	uint32_t room =
		mtu - (jg_answer_headers_len(frame, fragment) - jg_answer_ethernet_len(frame));

	assert(mtu >= 576);
	return fragment ? room & ~7U : room;
}

/** Ethernet, IPv4 and UDP. */
#define JG_ANSWER_PLAIN (14 + 20 + JG_UDP_HEADER)

/** All headers of a whole answer by UDP over IPv4 without VLAN tags: what the two above write. */
void jg_answer_plain(const struct jg_interface *port, const struct jg_frame *frame,
	const uint8_t *payload, uint32_t payload_len, uint8_t out[JG_ANSWER_PLAIN]);

/** Turn an ARP request into its answer, in place. @return length of the frame */
uint32_t jg_answer_arp(
	const struct jg_interface *port, const struct jg_frame *frame, uint8_t *bytes);

/** Bytes that jg_answer_advertisement() needs. */
#define JG_ANSWER_ADVERTISEMENT_MAX (14 + 4 * JG_FRAME_TAGS_MAX + 40 + 32)

/** Turn a neighbour solicitation into its advertisement, in place. @return length of the frame */
uint32_t jg_answer_advertisement(
	const struct jg_interface *port, struct jg_frame *frame, uint8_t *bytes);

/** Turn an echo request's ICMP message into the answer's, in place. */
void jg_answer_echo(const struct jg_frame *frame, uint8_t *icmp);
