// SPDX-License-Identifier: BSD-3-Clause
#include "pcapng.h"

#include <criterion/criterion.h>

static uint8_t out[70000];
static const uint8_t client[16] = {10, 0, 0, 2, [15] = 2};
static const uint8_t gate[16] = {10, 0, 0, 1, [15] = 1};

static uint32_t word(size_t at)
{
	uint32_t v;
	memcpy(&v, out + at, sizeof(v));
	return v;
}

static unsigned half(size_t at)
{
	uint16_t v;
	memcpy(&v, out + at, sizeof(v));
	return v;
}

// The block at an offset says its length at both ends. @return where the next one begins
static size_t block(size_t at, uint32_t type)
{
	uint32_t len = word(at + 4);
	cr_assert_eq(word(at), type);
	cr_assert_eq(len % 4, 0);
	cr_assert_eq(word(at + len - 4), len);
	return at + len;
}

// The value of an option between two offsets; NULL: it is not there. Options must end with their end.
static const uint8_t *option(size_t at, size_t end, unsigned code, unsigned *len)
{
	const uint8_t *found = NULL;
	for (; half(at) != 0; at += 4 + (half(at + 2) + 3u) / 4 * 4) {
		cr_assert_lt(at, end);
		if (half(at) == code) {
			found = out + at + 4;
			*len = half(at + 2);
		}
	}
	cr_assert_eq(at + 4, end - 4, "the end of options is the end of the block");
	return found;
}

static struct jg_pcapng_packet packet_of(uint8_t family, const char *payload, uint32_t len)
{
	return (struct jg_pcapng_packet){.time_ns = INT64_C(1800000000123456789),
		.family = family,
		.source_port = 40000,
		.target_port = 7600,
		.source = client,
		.target = gate,
		.payload = (const uint8_t *)payload,
		.len = len,
		.comment = "a comment"};
}

// The internet checksum of a whole packet's UDP part, pseudo header included: 0xffff when it is right.
static unsigned udp_sum(const uint8_t *ip, unsigned family)
{
	size_t header = family == 4 ? 20 : 40;
	size_t address = family == 4 ? 4 : 16;
	const uint8_t *udp = ip + header;
	uint32_t len = (uint32_t)udp[4] << 8 | udp[5];
	uint32_t sum = 17 + len;
	for (size_t i = 0; i < 2 * address; i++)
		sum += (uint32_t)ip[header - 2 * address + i] << (i % 2 == 0 ? 8 : 0);
	for (uint32_t i = 0; i < len; i++)
		sum += (uint32_t)udp[i] << (i % 2 == 0 ? 8 : 0);
	while (sum > 0xffff)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

Test(pcapng, the_head_is_a_section_and_an_interface_of_raw_ip)
{
	unsigned len;
	size_t n = jg_pcapng_begin(out, "joingated 1", "no tokens");
	size_t interface = block(0, 0x0a0d0d0a);
	cr_assert_eq(word(8), 0x1a2b3c4d);
	cr_assert_eq(half(12), 1);
	cr_assert_arr_eq(option(24, interface, 4, &len), "joingated 1", 11);
	cr_assert_arr_eq(option(24, interface, 1, &len), "no tokens", 9);
	cr_assert_eq(len, 9);
	cr_assert_eq(block(interface, 1), n);
	cr_assert_eq(half(interface + 8), 101);
	cr_assert_eq(*option(interface + 16, n, 9, &len), 9, "nanoseconds");
	cr_assert_eq(len, 1);
}

Test(pcapng, a_packet_has_headers_with_checksums_that_hold)
{
	static char payload[60000];
	static const uint32_t lengths[] = {0, 1, 2, 3, 4, 531, 1472, 24000, 60000};
	memset(payload, 0xa7, sizeof(payload));
	for (unsigned family = 4; family <= 6; family += 2) {
		for (size_t i = 0; i < JG_ARRAY_SIZE(lengths); i++) {
			struct jg_pcapng_packet p = packet_of((uint8_t)family, payload, lengths[i]);
			size_t header = family == 4 ? 20 : 40;
			size_t n = jg_pcapng_packet(out, &p);
			cr_assert_leq(n, JG_PCAPNG_OVERHEAD + lengths[i]);
			cr_assert_eq(block(0, 6), n);
			cr_assert_eq((uint64_t)word(12) << 32 | word(16), 1800000000123456789);
			cr_assert_eq(word(20), header + 8 + lengths[i]);
			cr_assert_eq(word(24), word(20));
			cr_assert_eq(out[28] >> 4, family);
			cr_assert_eq(udp_sum(out + 28, family), 0xffff);
			cr_assert_arr_eq(out + 28 + header + 8, payload, lengths[i]);
		}
	}
}

Test(pcapng, addresses_and_ports_are_where_ip_has_them)
{
	struct jg_pcapng_packet p = packet_of(4, "x", 1);
	(void)jg_pcapng_packet(out, &p);
	static const uint8_t four[] = {10, 0, 0, 2, 10, 0, 0, 1, 0x9c, 0x40, 0x1d, 0xb0, 0, 9};
	cr_assert_arr_eq(out + 28 + 12, four, sizeof(four));
	uint32_t sum = 0;
	for (unsigned i = 0; i < 20; i++)
		sum += (uint32_t)out[28 + i] << (i % 2 == 0 ? 8 : 0);
	cr_assert_eq((sum & 0xffff) + (sum >> 16), 0xffff, "the header's own checksum");
	p.family = 6;
	(void)jg_pcapng_packet(out, &p);
	cr_assert_arr_eq(out + 28 + 8, client, 16);
	cr_assert_arr_eq(out + 28 + 24, gate, 16);
}

Test(pcapng, comment_and_direction_stand_beside_the_packet)
{
	unsigned len;
	struct jg_pcapng_packet p = packet_of(4, "xyz", 3);
	size_t n = jg_pcapng_packet(out, &p);
	size_t options = 28 + 32; // 31 bytes of packet
	cr_assert_arr_eq(option(options, n, 1, &len), "a comment", 9);
	cr_assert_eq(*option(options, n, 2, &len), 1, "inbound");
	p.outbound = true;
	n = jg_pcapng_packet(out, &p);
	cr_assert_eq(*option(options, n, 2, &len), 2, "outbound");
}

Test(pcapng, a_long_comment_is_cut)
{
	static char text[5000];
	unsigned len;
	memset(text, 'c', sizeof(text) - 1);
	struct jg_pcapng_packet p = packet_of(6, "", 0);
	p.comment = text;
	size_t n = jg_pcapng_packet(out, &p);
	cr_assert_leq(n, JG_PCAPNG_OVERHEAD);
	(void)option(28 + 48, n, 1, &len);
	cr_assert_eq(len, JG_PCAPNG_COMMENT_MAX);
}

Test(pcapng, the_end_has_the_totals)
{
	unsigned len;
	uint64_t value;
	size_t n = jg_pcapng_end(out, INT64_C(1800000000123456789), 12, UINT64_C(1) << 40);
	cr_assert_eq(block(0, 5), n);
	memcpy(&value, option(20, n, 4, &len), 8);
	cr_assert_eq(value, 12);
	memcpy(&value, option(20, n, 5, &len), 8);
	cr_assert_eq(value, UINT64_C(1) << 40);
}
