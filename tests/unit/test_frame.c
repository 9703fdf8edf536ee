// SPDX-License-Identifier: BSD-3-Clause
#include "frame.h"
#include "packets.h"

#include <criterion/criterion.h>

#include <stddef.h>
#include <stdlib.h>

// Parses a copy of exact size, so that AddressSanitizer sees a read beyond the end.
static struct jg_frame parse_on(const struct jg_interface *port, const struct packet *p)
{
	struct jg_frame frame;
	uint8_t *exact = malloc(p->len > 0 ? p->len : 1);

	cr_assert_not_null(exact);
	memcpy(exact, p->bytes, p->len);
	jg_frame_parse(port, exact, p->len, 0, &frame);
	free(exact);
	return frame;
}

static struct jg_frame parse(const struct packet *p)
{
	struct jg_interface port = test_interface();

	return parse_on(&port, p);
}

static void is_dropped(const struct packet *p, enum jg_counter fate)
{
	struct jg_frame frame = parse(p);

	cr_assert_eq(frame.kind, JG_FRAME_DROP);
	cr_assert_eq(frame.fate, fate, "fate is %s, expected %s", jg_counter_name(frame.fate),
		jg_counter_name(fate));
}

Test(frame, a_datagram_for_our_port_is_a_message_in_both_families_and_under_vlan_tags)
{
	for (unsigned family = 4; family <= 6; family += 2) {
		for (unsigned tags = 0; tags <= 2; tags++) {
			struct packet p = packet_request(family, tags, "hello", 5);
			struct jg_frame frame = parse(&p);

			cr_assert_eq(frame.kind, JG_FRAME_MESSAGE);
			cr_assert_eq(frame.family, family);
			cr_assert_eq(frame.tags_n, tags);
			cr_assert_eq(frame.payload_len, 5);
			cr_assert_arr_eq(p.bytes + frame.payload, "hello", 5);
			cr_assert_eq(frame.source_port, 40000);
			cr_assert_not(frame.unfinished_checksum);
		}
	}
}

Test(frame, padding_behind_the_datagram_is_cut_off)
{
	struct packet p = packet_request(4, 0, "hello", 5);

	p.len += 13;
	cr_assert_eq(parse(&p).payload_len, 5);
}

Test(frame, every_shorter_form_of_a_frame_is_refused)
{
	for (unsigned family = 4; family <= 6; family += 2) {
		struct packet p = packet_request(family, 2, "hello", 5);

		for (uint32_t whole = p.len; p.len > 0;) {
			p.len--;
			struct jg_frame frame = parse(&p);
			cr_assert_eq(frame.kind, JG_FRAME_DROP, "%u of %u bytes", p.len, whole);
			cr_assert(frame.fate == JG_COUNTER_TOO_SHORT ||
				frame.fate == JG_COUNTER_TRUNCATED);
		}
	}
}

Test(frame, a_frame_shorter_than_its_ip_length_is_truncated)
{
	struct packet v4 = packet_request(4, 0, "hello", 5);
	struct packet v6 = packet_request(6, 0, "hello", 5);

	packet_set16(&v4, 14 + 2, 65535);
	packet_ipv4_sum(&v4, 14);
	is_dropped(&v4, JG_COUNTER_TRUNCATED);
	packet_set16(&v6, 14 + 4, 65535);
	is_dropped(&v6, JG_COUNTER_TRUNCATED);
}

Test(frame, a_udp_length_beyond_the_ip_length_is_truncated)
{
	struct packet p = packet_request(4, 0, "hello", 5);

	packet_set16(&p, 14 + 20 + 4, 14);
	is_dropped(&p, JG_COUNTER_TRUNCATED);
}

Test(frame, a_udp_length_below_its_own_header_is_a_bad_header)
{
	struct packet p = packet_request(4, 0, "hello", 5);

	packet_set16(&p, 14 + 20 + 4, 7);
	is_dropped(&p, JG_COUNTER_BAD_HEADER);
}

Test(frame, an_ipv4_header_shorter_than_twenty_bytes_is_a_bad_header)
{
	struct packet p = packet_request(4, 0, "hello", 5);

	p.bytes[14] = 0x44;
	packet_ipv4_sum(&p, 14);
	is_dropped(&p, JG_COUNTER_BAD_HEADER);
}

Test(frame, a_wrong_version_is_a_bad_header)
{
	struct packet v4 = packet_request(4, 0, "hello", 5);
	struct packet v6 = packet_request(6, 0, "hello", 5);

	v4.bytes[14] = 0x65;
	v6.bytes[14] = 0x40;
	is_dropped(&v4, JG_COUNTER_BAD_HEADER);
	is_dropped(&v6, JG_COUNTER_BAD_HEADER);
}

Test(frame, ip_options_are_stepped_over)
{
	struct packet p = packet_ethernet(0x0800, 0);

	packet_ipv4(&p, 17, 40, 0, 8 + 5);
	packet_udp(&p, 4, "hello", 5);
	struct jg_frame frame = parse(&p);
	cr_assert_eq(frame.kind, JG_FRAME_MESSAGE);
	cr_assert_arr_eq(p.bytes + frame.payload, "hello", 5);
}

Test(frame, a_flipped_bit_in_any_ipv4_header_byte_is_noticed)
{
	for (uint32_t at = 14; at < 34; at++) {
		struct packet p = packet_request(4, 0, "hello", 5);

		p.bytes[at] ^= 0x10;
		cr_assert_eq(parse(&p).kind, JG_FRAME_DROP, "byte %u", at);
	}
}

Test(frame, a_wrong_udp_checksum_is_dropped)
{
	for (unsigned family = 4; family <= 6; family += 2) {
		struct packet p = packet_request(family, 0, "hello", 5);

		p.bytes[p.len - 1] ^= 1;
		is_dropped(&p, JG_COUNTER_BAD_CHECKSUM);
	}
}

Test(frame, a_missing_udp_checksum_is_good_over_ipv4_only)
{
	struct packet v4 = packet_request(4, 0, "hello", 5);
	struct packet v6 = packet_request(6, 0, "hello", 5);

	packet_set16(&v4, 14 + 20 + 6, 0);
	packet_set16(&v6, 14 + 40 + 6, 0);
	cr_assert_eq(parse(&v4).kind, JG_FRAME_MESSAGE);
	is_dropped(&v6, JG_COUNTER_BAD_CHECKSUM);
}

// The pseudo header's sum alone, as Linux leaves it to the device (CHECKSUM_PARTIAL).
static struct packet unfinished(unsigned family)
{
	struct packet p = packet_request(family, 0, "hello", 5);
	uint8_t addresses[32];
	unsigned size = family == 4 ? 4 : 16;

	memcpy(addresses, family == 4 ? peer_v4 : peer_v6, size);
	memcpy(addresses + size, family == 4 ? gate_v4 : gate_v6, size);
	packet_set16(&p, 14 + (family == 4 ? 20U : 40U) + 6,
		packet_l4_sum(&p, 0, 0, addresses, 2 * size, 17 + 13));
	return p;
}

Test(frame, an_unfinished_checksum_is_accepted_where_local_kernels_send)
{
	struct jg_interface port = test_interface();

	port.unfinished_checksums = true;
	for (unsigned family = 4; family <= 6; family += 2) {
		struct packet p = unfinished(family);
		struct jg_frame frame = parse_on(&port, &p);

		cr_assert_eq(frame.kind, JG_FRAME_MESSAGE);
		cr_assert(frame.unfinished_checksum);
	}
}

Test(frame, an_unfinished_checksum_is_wrong_elsewhere)
{
	struct packet p = unfinished(4);

	is_dropped(&p, JG_COUNTER_BAD_CHECKSUM);
}

Test(frame, any_other_wrong_checksum_is_wrong_where_local_kernels_send)
{
	struct jg_interface port = test_interface();
	struct packet p = unfinished(4);

	port.unfinished_checksums = true;
	p.bytes[14 + 20 + 7] ^= 1;
	cr_assert_eq(parse_on(&port, &p).fate, JG_COUNTER_BAD_CHECKSUM);
}

Test(frame, what_is_not_for_us_is_dropped)
{
	struct packet mac = packet_request(4, 0, "hello", 5);
	struct packet v4 = packet_request(4, 0, "hello", 5);
	struct packet v6 = packet_request(6, 0, "hello", 5);
	struct packet broadcast = packet_request(4, 0, "hello", 5);

	mac.bytes[5] = 9;
	v4.bytes[14 + 19] = 9;
	packet_ipv4_sum(&v4, 14);
	v6.bytes[14 + 39] = 9;
	memset(broadcast.bytes, 0xff, 6);
	is_dropped(&mac, JG_COUNTER_NOT_FOR_US);
	is_dropped(&v4, JG_COUNTER_NOT_FOR_US);
	is_dropped(&v6, JG_COUNTER_NOT_FOR_US);
	is_dropped(&broadcast, JG_COUNTER_NOT_FOR_US);
}

Test(frame, sources_that_cannot_be_answered_are_dropped)
{
	static const uint8_t v4[][4] = {
		{0, 0, 0, 0}, {127, 0, 0, 1}, {224, 0, 0, 1}, {255, 255, 255, 255}, {10, 0, 0, 1}};
	static const uint8_t v6[][16] = {{0}, {[15] = 1}, {0xff, 2, [15] = 1}, {0xfd, [15] = 1}};

	for (unsigned i = 0; i < sizeof(v4) / 4; i++) {
		struct packet p = packet_request(4, 0, "hello", 5);
		memcpy(p.bytes + 14 + 12, v4[i], 4);
		packet_ipv4_sum(&p, 14);
		is_dropped(&p, JG_COUNTER_BAD_SOURCE);
	}
	for (unsigned i = 0; i < sizeof(v6) / 16; i++) {
		struct packet p = packet_request(6, 0, "hello", 5);
		memcpy(p.bytes + 14 + 8, v6[i], 16);
		is_dropped(&p, JG_COUNTER_BAD_SOURCE);
	}
	struct packet mac = packet_request(4, 0, "hello", 5);
	mac.bytes[6] |= 1;
	is_dropped(&mac, JG_COUNTER_BAD_SOURCE);
	struct packet port = packet_request(4, 0, "hello", 5);
	packet_set16(&port, 14 + 20, 0);
	is_dropped(&port, JG_COUNTER_BAD_SOURCE);
}

Test(frame, other_protocols_ports_and_ether_types_are_not_served)
{
	struct packet type = packet_ethernet(0x88cc, 0);
	struct packet tcp = packet_request(4, 0, "hello", 5);
	struct packet port = packet_request(6, 0, "hello", 5);
	struct packet reply = packet_arp(2, gate_v4);

	packet_add(&type, "lldp", 4);
	tcp.bytes[14 + 9] = 6;
	packet_ipv4_sum(&tcp, 14);
	packet_set16(&port, 14 + 40 + 2, 7601);
	is_dropped(&type, JG_COUNTER_OTHER_PROTOCOL);
	is_dropped(&tcp, JG_COUNTER_OTHER_PROTOCOL);
	is_dropped(&port, JG_COUNTER_OTHER_PROTOCOL);
	is_dropped(&reply, JG_COUNTER_OTHER_PROTOCOL);
}

Test(frame, an_arp_request_for_us_is_recognised)
{
	struct packet p = packet_arp(1, gate_v4);

	cr_assert_eq(parse(&p).kind, JG_FRAME_ARP);
}

Test(frame, an_arp_request_for_another_or_from_a_forged_sender_is_dropped)
{
	struct packet other = packet_arp(1, peer_v4);
	struct packet forged = packet_arp(1, gate_v4);
	struct packet kind = packet_arp(1, gate_v4);

	forged.bytes[14 + 8] ^= 2;
	kind.bytes[14 + 4] = 8;
	is_dropped(&other, JG_COUNTER_NOT_FOR_US);
	is_dropped(&forged, JG_COUNTER_BAD_SOURCE);
	is_dropped(&kind, JG_COUNTER_BAD_HEADER);
}

Test(frame, a_solicitation_for_us_is_recognised)
{
	struct packet p = packet_solicitation(gate_v6, 255, "\1\1\2\0\0\0\0\2", 8);

	cr_assert_eq(parse(&p).kind, JG_FRAME_SOLICITATION);
}

Test(frame, a_solicitation_from_beyond_the_link_is_dropped)
{
	struct packet p = packet_solicitation(gate_v6, 254, NULL, 0);

	is_dropped(&p, JG_COUNTER_BAD_HEADER);
}

Test(frame, a_solicitation_with_a_lying_option_is_dropped)
{
	struct packet zero = packet_solicitation(gate_v6, 255, "\1\0\2\0\0\0\0\2", 8);
	struct packet beyond = packet_solicitation(gate_v6, 255, "\1\2\2\0\0\0\0\2", 8);
	struct packet half = packet_solicitation(gate_v6, 255, "\1\1\2\0", 4);

	is_dropped(&zero, JG_COUNTER_BAD_HEADER);
	is_dropped(&beyond, JG_COUNTER_BAD_HEADER);
	is_dropped(&half, JG_COUNTER_BAD_HEADER);
}

Test(frame, a_solicitation_for_another_or_with_a_wrong_checksum_is_dropped)
{
	struct packet other = packet_solicitation(peer_v6, 255, NULL, 0);
	struct packet wrong = packet_solicitation(gate_v6, 255, NULL, 0);

	wrong.bytes[14 + 40 + 2] ^= 1;
	is_dropped(&other, JG_COUNTER_NOT_FOR_US);
	is_dropped(&wrong, JG_COUNTER_BAD_CHECKSUM);
}

Test(frame, echo_requests_are_recognised_and_checked)
{
	for (unsigned family = 4; family <= 6; family += 2) {
		struct packet p = packet_echo(family, "odd", 3);

		cr_assert_eq(parse(&p).kind, JG_FRAME_ECHO);
		p.bytes[p.len - 1] ^= 4;
		is_dropped(&p, JG_COUNTER_BAD_CHECKSUM);
	}
}

Test(frame, fragments_are_recognised_with_their_place)
{
	struct packet whole = packet_request(4, 0, "0123456789abcdef", 16);
	struct packet v4 = packet_fragment(&whole, 4, 8, 16, false);
	struct jg_frame frame = parse(&v4);

	cr_assert_eq(frame.kind, JG_FRAME_FRAGMENT);
	cr_assert_eq(frame.fragment_offset, 8);
	cr_assert_not(frame.more_fragments);
	cr_assert_eq(frame.fragment_id, 0x1234);
	whole = packet_request(6, 0, "0123456789abcdef", 16);
	struct packet v6 = packet_fragment(&whole, 6, 0, 8, true);
	frame = parse(&v6);
	cr_assert_eq(frame.kind, JG_FRAME_FRAGMENT);
	cr_assert_eq(frame.fragment_offset, 0);
	cr_assert(frame.more_fragments);
	cr_assert_eq(frame.fragment_id, 0x4321);
	cr_assert_eq(frame.protocol, 17);
}

static struct packet with_extensions(const uint8_t *headers, uint32_t n, unsigned first)
{
	struct packet p = packet_ethernet(0x86dd, 0);

	packet_ipv6(&p, first, 64, n + 8 + 5);
	packet_add(&p, headers, n);
	packet_udp(&p, 6, "hello", 5);
	return p;
}

Test(frame, extension_headers_are_stepped_over)
{
	static const uint8_t headers[] = {60, 0, 1, 4, 0, 0, 0, 0, 43, 0, 1, 4, 0, 0, 0, 0, 44, 0,
		0, 0, 0, 0, 0, 0, 17, 0, 0, 0, 0, 0, 0, 7};
	struct packet p = with_extensions(headers, sizeof(headers), 0);
	struct jg_frame frame = parse(&p);

	cr_assert_eq(frame.kind, JG_FRAME_MESSAGE, "%s", jg_counter_name(frame.fate));
	cr_assert_arr_eq(p.bytes + frame.payload, "hello", 5);
}

Test(frame, an_extension_header_beyond_the_packet_is_a_bad_header)
{
	static const uint8_t header[] = {17, 255, 1, 4, 0, 0, 0, 0};
	struct packet p = with_extensions(header, sizeof(header), 60);

	is_dropped(&p, JG_COUNTER_BAD_HEADER);
}

Test(frame, an_endless_chain_of_extension_headers_is_a_bad_header)
{
	uint8_t headers[8 * 60] = {0};

	for (unsigned i = 0; i < 60; i++)
		headers[8 * i] = i == 59 ? 17 : 60;
	struct packet p = with_extensions(headers, sizeof(headers), 60);
	is_dropped(&p, JG_COUNTER_BAD_HEADER);
}

Test(frame, a_routing_header_that_wants_forwarding_is_a_bad_header)
{
	static const uint8_t header[] = {17, 0, 0, 1, 0, 0, 0, 0};
	struct packet p = with_extensions(header, sizeof(header), 43);

	is_dropped(&p, JG_COUNTER_BAD_HEADER);
}

Test(frame, a_hop_by_hop_header_is_only_allowed_first)
{
	static const uint8_t headers[] = {0, 0, 1, 4, 0, 0, 0, 0, 17, 0, 1, 4, 0, 0, 0, 0};
	struct packet p = with_extensions(headers, sizeof(headers), 60);

	is_dropped(&p, JG_COUNTER_OTHER_PROTOCOL);
}

Test(frame, a_solicitation_behind_a_fragment_header_is_not_served)
{
	struct packet plain = packet_solicitation(gate_v6, 255, NULL, 0);
	struct packet p = packet_ethernet(0x86dd, 0);

	packet_ipv6(&p, 44, 255, 8 + 24);
	packet_add(&p, "\x3a\0\0\0\0\0\0\0", 8);
	packet_add(&p, plain.bytes + 54, 24);
	is_dropped(&p, JG_COUNTER_OTHER_PROTOCOL);
}

Test(frame, a_third_vlan_tag_is_another_protocol)
{
	struct packet p = packet_ethernet(0x8100, 2);

	packet_add(&p, "\0\1\x08\0", 4);
	is_dropped(&p, JG_COUNTER_OTHER_PROTOCOL);
}
