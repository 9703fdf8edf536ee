// SPDX-License-Identifier: BSD-3-Clause
#include "plain.h"

#include "bytes.h"

enum {
	AT_IP = 14,
	AT_UDP = AT_IP + 20,
	AT_PAYLOAD = AT_UDP + 8,
};

typedef uint64_t words __attribute__((vector_size(16)));
typedef uint32_t numbers __attribute__((vector_size(16)));

// The bits of a frame's head that make it plain; its lengths, addresses and the other port are looked at by
// themselves, but for the target where a port has one address.
static const uint8_t counts[JG_PLAIN_HEAD] = {
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff, // the target's MAC address
	0x01, 0x00, 0x00, 0x00, 0x00, 0x00, // the source's: no group's
	0xff, 0xff, // type
	0xff, 0x00, // version and header length; service
	0x00, 0x00, 0x00, 0x00, // length; identification
	0x3f, 0xff, // more fragments, offset
	0x00, 0xff, // time to live; protocol
	0x00, 0x00, // checksum
	0x00, 0x00, 0x00, 0x00, // source
	0x00, 0x00, 0x00, 0x00, // target
	0x00, 0x00, 0xff, 0xff, // ports: theirs, ours
};

void jg_plain_prepare(struct jg_interface *port)
{
	memset(port->plain, 0, sizeof(port->plain));
	memcpy(port->plain, port->mac, 6);
	jg_put16(port->plain + 12, 0x0800);
	port->plain[AT_IP] = 0x45;
	port->plain[AT_IP + 9] = JG_PROTOCOL_UDP;
	jg_put16(port->plain + AT_UDP + 2, port->udp_port);
	memcpy(port->plain_counts, counts, sizeof(counts));
	port->plain_n = port->v4_n;
	if (port->plain_n != 1)
		return;
	memcpy(port->plain + AT_IP + 16, port->v4[0], 4);
	memset(port->plain_counts + AT_IP + 16, 0xff, 4);
}

static words aligned(const uint8_t *bytes)
{
	words all;

	memcpy(&all, __builtin_assume_aligned(bytes, sizeof(all)), sizeof(all));
	return all;
}

// What differs is gathered: a branch for each field would cost more than to go on.
static bool is_alike(const struct jg_interface *port, const uint8_t *bytes)
{
	words all = {0, 0};

	for (unsigned at = 0; at < JG_PLAIN_HEAD; at += sizeof(all)) {
		words head;

		memcpy(&head, bytes + at, sizeof(head));
		all |= (head & aligned(port->plain_counts + at)) ^ aligned(port->plain + at);
	}
	return (all[0] | all[1]) == 0;
}

// To one of our addresses, and from none of them. An only one is among what is alike.
static bool is_to_us(const struct jg_interface *port, uint32_t source, uint32_t target)
{
	bool to = false;

	if (port->plain_n == 1)
		return source != target;
	for (unsigned i = 0; i < port->plain_n; i++) {
		uint32_t own = jg_sum_load32(port->v4[i]);

		if (own == source)
			return false;
		to |= own == target;
	}
	return to;
}

// Nothing between the headers' lengths, and all of it there.
static bool has_length(const uint8_t *bytes, uint32_t len, uint32_t udp_len)
{
	uint32_t total = AT_UDP - AT_IP + udp_len;

	return udp_len >= AT_PAYLOAD - AT_UDP && jg_get16(bytes + AT_IP + 2) == total &&
		total <= len - AT_IP;
}

static bool ip_sum_holds(const uint8_t *ip, uint64_t addresses)
{
	return jg_sum_holds(
		addresses + jg_sum_load32(ip) + jg_sum_load32(ip + 4) + jg_sum_load32(ip + 8));
}

// One that is unfinished or not there is for the long way.
static bool udp_sum_holds(const uint8_t *udp, uint32_t len, uint64_t addresses)
{
	uint64_t pseudo = addresses + jg_sum_numbers(len + JG_PROTOCOL_UDP);

	return jg_get16(udp + 6) != 0 && jg_sum_holds(jg_sum_add(pseudo, udp, len));
}

// Member by member: zeros first and members then are twice the stores.
static inline void fill(const uint8_t *bytes, uint32_t source, uint32_t target,
	uint32_t payload_len, struct jg_frame *frame)
{
	const numbers from = {source}; // and zeros
	const numbers to = {target};

	memcpy(frame->source, &from, sizeof(from));
	memcpy(frame->target, &to, sizeof(to));
	memset(frame->tags, 0, sizeof(frame->tags));
	memcpy(frame->peer_mac, bytes + 6, sizeof(frame->peer_mac));
	frame->source_port = jg_get16(bytes + AT_UDP);
	frame->tags_n = 0;
	frame->family = 4;
	frame->kind = JG_FRAME_MESSAGE;
	frame->unfinished_checksum = false;
	frame->payload = AT_PAYLOAD;
	frame->payload_len = payload_len;
}

bool jg_plain_parse(const struct jg_interface *port, const uint8_t *bytes, uint32_t len,
	unsigned checked, struct jg_frame *frame)
{
	const uint8_t *ip = bytes + AT_IP;
	const uint8_t *udp = bytes + AT_UDP;

	if (len < JG_PLAIN_HEAD || !is_alike(port, bytes))
		return false;
	uint32_t source = jg_sum_load32(ip + 12);
	uint32_t target = jg_sum_load32(ip + 16);
	uint64_t addresses = (uint64_t)source + target;
	uint32_t udp_len = jg_get16(udp + 4);
	if (!is_to_us(port, source, target) || !jg_frame_is_unicast_v4(ip + 12) ||
		!has_length(bytes, len, udp_len) || jg_get16(udp) == 0)
		return false;
	if (!(checked & JG_FRAME_CHECKED_IP) && !ip_sum_holds(ip, addresses))
		return false;
	fill(bytes, source, target, udp_len - (AT_PAYLOAD - AT_UDP), frame);
	return (checked & JG_FRAME_CHECKED_L4) || udp_sum_holds(udp, udp_len, addresses);
}
