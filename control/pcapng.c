// SPDX-License-Identifier: BSD-3-Clause
#include "pcapng.h"

#include <assert.h>

enum {
	BLOCK_INTERFACE = 1,
	BLOCK_STATISTICS = 5,
	BLOCK_PACKET = 6,
	BLOCK_SECTION = 0x0a0d0d0a,
	BYTE_ORDER_MAGIC = 0x1a2b3c4d,
	LINK_RAW_IP = 101,
	// Options: those of every block, then those of the block they stand in.
	OPTION_COMMENT = 1,
	SECTION_PROGRAM = 4,
	INTERFACE_NAME = 2,
	INTERFACE_RESOLUTION = 9,
	PACKET_FLAGS = 2,
	STATISTICS_RECEIVED = 4,
	STATISTICS_DROPPED = 5,
	DIRECTION_IN = 1,
	DIRECTION_OUT = 2,
	PROTOCOL_UDP = 17,
	UDP_HEADER = 8,
	HOP_LIMIT = 64,
};

struct block {
	uint8_t *out;
	size_t len;
};

static void put(struct block *b, const void *bytes, size_t n)
{
	memcpy(b->out + b->len, bytes, n);
	b->len += n;
}

static void put16(struct block *b, unsigned value)
{
	const uint16_t v = (uint16_t)value;
	put(b, &v, sizeof(v));
}

static void put32(struct block *b, uint32_t value)
{
	put(b, &value, sizeof(value));
}

static void put_zeros(struct block *b, size_t n)
{
	memset(b->out + b->len, 0, n);
	b->len += n;
}

// Blocks and options fill whole words.
static void pad(struct block *b)
{
	put_zeros(b, (4 - b->len % 4) % 4);
}

static void put_option(struct block *b, unsigned code, const void *value, size_t len)
{
	put16(b, code);
	put16(b, (unsigned)len);
	put(b, value, len);
	pad(b);
}

static void put_text(struct block *b, unsigned code, const char *text)
{
	size_t len = strlen(text);
	put_option(b, code, text, len < JG_PCAPNG_COMMENT_MAX ? len : JG_PCAPNG_COMMENT_MAX);
}

static void begin(struct block *b, uint32_t type)
{
	put32(b, type);
	put32(b, 0); // the length, when it is known
}

static size_t end(struct block *b)
{
	const uint32_t len = (uint32_t)b->len + 8;
	put32(b, 0); // the end of options
	put32(b, len);
	memcpy(b->out + 4, &len, sizeof(len));
	return b->len;
}

static void put_time(struct block *b, int64_t time_ns)
{
	put32(b, (uint32_t)((uint64_t)time_ns >> 32));
	put32(b, (uint32_t)time_ns);
}

size_t jg_pcapng_begin(uint8_t *out, const char *program, const char *comment)
{
	static const uint8_t length_unknown[8] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
	static const uint8_t nanoseconds = 9;
	struct block section = {.out = out};
	begin(&section, BLOCK_SECTION);
	put32(&section, BYTE_ORDER_MAGIC);
	put16(&section, 1);
	put16(&section, 0);
	put(&section, length_unknown, sizeof(length_unknown));
	put_text(&section, SECTION_PROGRAM, program);
	put_text(&section, OPTION_COMMENT, comment);
	(void)end(&section);
	struct block interface = {.out = out + section.len};
	begin(&interface, BLOCK_INTERFACE);
	put16(&interface, LINK_RAW_IP);
	put16(&interface, 0);
	put32(&interface, 0); // packets of any length
	put_text(&interface, INTERFACE_NAME, "joingate");
	put_option(&interface, INTERFACE_RESOLUTION, &nanoseconds, 1);
	return section.len + end(&interface);
}

// Of the internet checksum, over bytes that begin at an even offset of what is summed.
static uint32_t sum(uint32_t from, const uint8_t *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		from += i % 2 == 0 ? (uint32_t)bytes[i] << 8 : bytes[i];
	return from;
}

static void put_network16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static uint16_t checksum(uint32_t from)
{
	from = (from & 0xffff) + (from >> 16);
	return (uint16_t) ~(from + (from >> 16));
}

// @return bytes of the header
static size_t write_ip(uint8_t *ip, const struct jg_pcapng_packet *p, uint32_t udp_len)
{
	if (p->family == 4) {
		memset(ip, 0, 20);
		ip[0] = 0x45;
		put_network16(ip + 2, 20 + udp_len);
		put_network16(ip + 6, 0x4000); // not to be fragmented
		ip[8] = HOP_LIMIT;
		ip[9] = PROTOCOL_UDP;
		memcpy(ip + 12, p->source, 4);
		memcpy(ip + 16, p->target, 4);
		put_network16(ip + 10, checksum(sum(0, ip, 20)));
		return 20;
	}
	memset(ip, 0, 8);
	ip[0] = 0x60;
	put_network16(ip + 4, udp_len);
	ip[6] = PROTOCOL_UDP;
	ip[7] = HOP_LIMIT;
	memcpy(ip + 8, p->source, 16);
	memcpy(ip + 24, p->target, 16);
	return 40;
}

// The payload stands behind the header already.
static void write_udp(uint8_t *udp, const struct jg_pcapng_packet *p, uint32_t udp_len)
{
	size_t address = p->family == 4 ? 4 : 16;
	put_network16(udp, p->source_port);
	put_network16(udp + 2, p->target_port);
	put_network16(udp + 4, udp_len);
	put_network16(udp + 6, 0);
	uint32_t total = sum(sum(PROTOCOL_UDP + udp_len, p->source, address), p->target, address);
	uint16_t check = checksum(sum(total, udp, udp_len));
	put_network16(udp + 6, check == 0 ? 0xffff : check); // RFC 768: zero means none
}

size_t jg_pcapng_packet(uint8_t *out, const struct jg_pcapng_packet *packet)
{
	struct block b = {.out = out};
	uint32_t udp_len = UDP_HEADER + packet->len;
	uint8_t header[40];
	size_t ip_len = write_ip(header, packet, udp_len);
	uint32_t len = (uint32_t)ip_len + udp_len;
	assert(packet->family == 4 || packet->family == 6);
	assert(packet->len <= 60000);
	begin(&b, BLOCK_PACKET);
	put32(&b, 0); // the interface
	put_time(&b, packet->time_ns);
	put32(&b, len);
	put32(&b, len);
	put(&b, header, ip_len);
	uint8_t *udp = out + b.len;
	put_zeros(&b, UDP_HEADER);
	put(&b, packet->payload, packet->len);
	write_udp(udp, packet, udp_len);
	pad(&b);
	put_text(&b, OPTION_COMMENT, packet->comment);
	const uint32_t flags = packet->outbound ? DIRECTION_OUT : DIRECTION_IN;
	put_option(&b, PACKET_FLAGS, &flags, sizeof(flags));
	return end(&b);
}

size_t jg_pcapng_end(uint8_t *out, int64_t time_ns, uint64_t packets, uint64_t lost)
{
	struct block b = {.out = out};
	begin(&b, BLOCK_STATISTICS);
	put32(&b, 0);
	put_time(&b, time_ns);
	put_option(&b, STATISTICS_RECEIVED, &packets, sizeof(packets));
	put_option(&b, STATISTICS_DROPPED, &lost, sizeof(lost));
	return end(&b);
}
