// SPDX-License-Identifier: BSD-3-Clause
// Any bytes as a frame. What is answered must stay within the frame; a fragment's bytes are parsed
// once more as a reassembled datagram.
#include "answer.h"
#include "frame.h"
#include "plain.h"

#include <assert.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

static void answer(
	const struct jg_interface *port, struct jg_frame *frame, uint8_t *bytes, size_t size)
{
	switch (frame->kind) {
	case JG_FRAME_ARP:
		assert(jg_answer_arp(port, frame, bytes) <= size);
		break;
	case JG_FRAME_SOLICITATION:
		assert(jg_answer_advertisement(port, frame, bytes) <=
			size + JG_ANSWER_ADVERTISEMENT_MAX);
		break;
	case JG_FRAME_ECHO:
		assert(frame->l4 + frame->l4_len <= size);
		jg_answer_echo(frame, bytes + frame->l4);
		break;
	case JG_FRAME_MESSAGE:
		assert(frame->payload + frame->payload_len <= size);
		break;
	default:
		assert(frame->kind == JG_FRAME_FRAGMENT ||
			jg_counter_kind(frame->fate) == JG_COUNTER_KIND_FATE);
	}
}

// The short way of plain frames must find what the long one does, or nothing.
static void agrees_with_the_long_way(
	const struct jg_interface *port, const uint8_t *bytes, uint32_t len, unsigned checked)
{
	struct jg_frame plain;
	struct jg_frame any;

	if (!jg_plain_parse(port, bytes, len, checked, &plain))
		return;
	jg_frame_parse(port, bytes, len, checked, &any);
	assert(plain.kind == any.kind && plain.kind == JG_FRAME_MESSAGE);
	assert(memcmp(&plain, &any, offsetof(struct jg_frame, protocol)) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct jg_interface port = {.mac = {2, 0, 0, 0, 0, 1},
		.mtu = 1500,
		.udp_port = 7600,
		.unfinished_checksums = true,
		.v4_n = 1,
		.v6_n = 1,
		.v4 = {{10, 0, 0, 1}},
		.v6 = {{0xfd, [15] = 1}}};
	struct jg_frame frame;
	// An advertisement may be longer than its solicitation; mbufs have that room too.
	uint8_t *bytes = malloc(size + JG_ANSWER_ADVERTISEMENT_MAX);

	if (bytes == NULL || size > 65535 + 64) {
		free(bytes);
		return 0;
	}
	memcpy(bytes, data, size);
	jg_plain_prepare(&port);
	agrees_with_the_long_way(&port, bytes, (uint32_t)size, JG_FRAME_CHECKED_L4);
	agrees_with_the_long_way(&port, bytes, (uint32_t)size, 0);
	jg_frame_parse(&port, bytes, (uint32_t)size,
		JG_FRAME_CHECKED_IP | (size & 1 ? JG_FRAME_CHECKED_L4 : 0), &frame);
	if (frame.kind == JG_FRAME_FRAGMENT) {
		uint32_t l4 = frame.l4;
		uint32_t len = frame.l4_len;

		assert(l4 + len <= size);
		jg_frame_parse_datagram(&port, bytes + l4, len, frame.protocol, &frame);
		answer(&port, &frame, bytes + l4, len);
	} else {
		answer(&port, &frame, bytes, size);
	}
	free(bytes);
	return 0;
}
