// SPDX-License-Identifier: BSD-3-Clause
#include "answer.h"
#include "packets.h"

#include <criterion/criterion.h>

static struct jg_frame parse(const struct packet *p)
{
	struct jg_interface port = test_interface();
	struct jg_frame frame;

	jg_frame_parse(&port, p->bytes, p->len, 0, &frame);
	return frame;
}

// Builds the answer "abc" to a request under tags_n tags.
static struct packet answer(unsigned family, unsigned tags_n, bool offload)
{
	struct jg_interface port = test_interface();
	struct packet request = packet_request(family, tags_n, "hello", 5);
	struct jg_frame frame = parse(&request);
	struct packet p = {.len = jg_answer_headers_len(&frame, false)};
	struct jg_answer reply = {.len = 11, .protocol = JG_PROTOCOL_UDP};

	memcpy(p.bytes + p.len + 8, "abc", 3);
	jg_answer_headers(&port, &frame, &reply, p.bytes);
	jg_answer_udp(&port, &frame, p.bytes + p.len + 8, 3, offload, p.bytes + p.len);
	p.len += 11;
	return p;
}

Test(answer, an_answer_goes_back_where_the_request_came_from)
{
	struct packet p = answer(4, 0, false);

	cr_assert_arr_eq(p.bytes, peer_mac, 6);
	cr_assert_arr_eq(p.bytes + 6, gate_mac, 6);
	cr_assert_arr_eq(p.bytes + 14 + 12, gate_v4, 4);
	cr_assert_arr_eq(p.bytes + 14 + 16, peer_v4, 4);
	cr_assert_eq(packet_get16(&p, 34), 7600);
	cr_assert_eq(packet_get16(&p, 36), 40000);
	cr_assert_eq(packet_get16(&p, 38), 11);
	cr_assert_arr_eq(p.bytes + 42, "abc", 3);
}

Test(answer, vlan_tags_are_echoed)
{
	for (unsigned tags = 1; tags <= 2; tags++) {
		struct packet request = packet_request(6, tags, "hello", 5);
		struct packet p = answer(6, tags, false);

		cr_assert_arr_eq(p.bytes + 12, request.bytes + 12, 4 * tags + 2);
		cr_assert_arr_eq(p.bytes + 14 + 4 * tags + 8, gate_v6, 16);
	}
}

Test(answer, checksums_hold_by_the_textbook)
{
	struct packet v4 = answer(4, 0, false);
	struct packet v6 = answer(6, 0, false);

	cr_assert_eq(textbook_sum(0, v4.bytes + 14, 20), 0xffff);
	cr_assert_eq(packet_l4_sum(&v4, 34, 11, v4.bytes + 26, 8, 17), 0xffff);
	cr_assert_eq(packet_l4_sum(&v6, 54, 11, v6.bytes + 22, 32, 17), 0xffff);
}

Test(answer, with_offload_only_the_pseudo_header_is_summed)
{
	struct packet p = answer(4, 0, true);

	cr_assert_eq(packet_get16(&p, 40), packet_l4_sum(&p, 0, 0, p.bytes + 26, 8, 17 + 11));
}

Test(answer, fragments_carry_their_place)
{
	struct jg_interface port = test_interface();
	struct jg_answer reply = {.len = 1448,
		.fragment_offset = 1448,
		.fragment_id = 0xabcd1234,
		.protocol = JG_PROTOCOL_UDP,
		.fragment = true,
		.more_fragments = true};
	struct packet p = {.len = 0};
	struct packet request = packet_request(4, 0, "hello", 5);
	struct jg_frame frame = parse(&request);

	jg_answer_headers(&port, &frame, &reply, p.bytes);
	cr_assert_eq(packet_get16(&p, 14 + 4), 0x1234);
	cr_assert_eq(packet_get16(&p, 14 + 6), 0x2000 | 1448 / 8);
	request = packet_request(6, 0, "hello", 5);
	frame = parse(&request);
	jg_answer_headers(&port, &frame, &reply, p.bytes);
	cr_assert_eq(p.bytes[14 + 6], 44);
	cr_assert_eq(packet_get16(&p, 14 + 4), 1456);
	cr_assert_eq(p.bytes[54], 17);
	cr_assert_eq(packet_get16(&p, 56), 1448 | 1);
	cr_assert_arr_eq(p.bytes + 58, "\xab\xcd\x12\x34", 4);
}

Test(answer, fragments_fit_the_mtu_in_steps_of_eight)
{
	struct packet v4 = packet_request(4, 0, "hello", 5);
	struct packet v6 = packet_request(6, 0, "hello", 5);
	struct jg_frame frame4 = parse(&v4);
	struct jg_frame frame6 = parse(&v6);

	cr_assert_eq(jg_answer_room(&frame4, 1500, false), 1480);
	cr_assert_eq(jg_answer_room(&frame4, 1501, true), 1480);
	cr_assert_eq(jg_answer_room(&frame6, 1500, false), 1460);
	cr_assert_eq(jg_answer_room(&frame6, 1500, true), 1448);
}

Test(answer, arp_says_where_we_are)
{
	struct jg_interface port = test_interface();
	struct packet p = packet_arp(1, gate_v4);
	struct jg_frame frame = parse(&p);

	cr_assert_eq(jg_answer_arp(&port, &frame, p.bytes), 42);
	cr_assert_arr_eq(p.bytes, peer_mac, 6);
	cr_assert_eq(packet_get16(&p, 12), 0x0806);
	cr_assert_arr_eq(p.bytes + 14, "\0\1\10\0\6\4", 6); // Ethernet, IPv4 and their lengths
	cr_assert_eq(packet_get16(&p, 20), 2);
	cr_assert_arr_eq(p.bytes + 22, gate_mac, 6);
	cr_assert_arr_eq(p.bytes + 28, gate_v4, 4);
	cr_assert_arr_eq(p.bytes + 32, peer_mac, 6);
	cr_assert_arr_eq(p.bytes + 38, peer_v4, 4);
}

static struct packet advertised(struct packet p)
{
	struct jg_interface port = test_interface();
	struct jg_frame frame = parse(&p);

	cr_assert_eq(frame.kind, JG_FRAME_SOLICITATION);
	p.len = jg_answer_advertisement(&port, &frame, p.bytes);
	cr_assert_eq(p.len, 14 + 40 + 32);
	cr_assert_eq(p.bytes[14 + 7], 255);
	cr_assert_eq(p.bytes[54], 136);
	cr_assert_arr_eq(p.bytes + 14 + 8, gate_v6, 16);
	cr_assert_arr_eq(p.bytes + 62, gate_v6, 16);
	cr_assert_arr_eq(p.bytes + 78, "\2\1", 2);
	cr_assert_arr_eq(p.bytes + 80, gate_mac, 6);
	cr_assert_eq(packet_l4_sum(&p, 54, 32, p.bytes + 22, 32, 58), 0xffff);
	return p;
}

Test(answer, a_solicitation_is_answered_with_our_mac)
{
	struct packet p = advertised(packet_solicitation(gate_v6, 255, "\1\1\2\0\0\0\0\2", 8));

	cr_assert_arr_eq(p.bytes, peer_mac, 6);
	cr_assert_arr_eq(p.bytes + 14 + 24, peer_v6, 16);
	cr_assert_eq(p.bytes[58], 0x60);
}

Test(answer, a_probe_without_source_is_answered_to_all_nodes)
{
	static const uint8_t group[16] = {0xff, 2, [11] = 1, 0xff, 0, 0, 1};
	struct packet p = packet_solicitation(gate_v6, 255, NULL, 0);

	memset(p.bytes + 14 + 8, 0, 16);
	memcpy(p.bytes + 14 + 24, group, 16);
	packet_set16(&p, 56, 0);
	packet_set16(&p, 56, (uint16_t)~packet_l4_sum(&p, 54, 24, p.bytes + 22, 32, 58));
	p = advertised(p);
	cr_assert_arr_eq(p.bytes, "\x33\x33\0\0\0\1", 6);
	cr_assert_arr_eq(p.bytes + 14 + 24, "\xff\2\0\0\0\0\0\0\0\0\0\0\0\0\0\1", 16);
	cr_assert_eq(p.bytes[58], 0x20);
}

Test(answer, an_echo_comes_back_with_its_content)
{
	for (unsigned family = 4; family <= 6; family += 2) {
		struct packet p = packet_echo(family, "odd", 3);
		struct jg_frame frame = parse(&p);

		jg_answer_echo(&frame, p.bytes + frame.l4);
		cr_assert_eq(p.bytes[frame.l4], family == 4 ? 0 : 129);
		cr_assert_arr_eq(p.bytes + frame.l4 + 4, "\1\2\3\4odd", 7);
		uint16_t sum = family == 4 ? textbook_sum(0, p.bytes + frame.l4, 11)
					   : packet_l4_sum(&p, frame.l4, 11, p.bytes + 22, 32, 58);
		cr_assert_eq(sum, 0xffff);
	}
}

Test(answer, the_short_way_writes_what_the_long_one_writes)
{
	static uint8_t text[1400];
	struct jg_interface port = test_interface();
	struct packet request = packet_request(4, 0, "hello", 5);
	struct jg_frame frame = parse(&request);

	for (uint32_t len = 1; len <= sizeof(text); len++) {
		struct jg_answer reply = {.len = len + 8, .protocol = JG_PROTOCOL_UDP};
		uint8_t one[JG_ANSWER_PLAIN];
		uint8_t other[JG_ANSWER_PLAIN];

		text[len - 1] = (uint8_t)(len * 7);
		jg_answer_plain(&port, &frame, text, len, one);
		jg_answer_headers(&port, &frame, &reply, other);
		jg_answer_udp(&port, &frame, text, len, false, other + 34);
		cr_assert_arr_eq(one, other, sizeof(one), "%u bytes", len);
	}
}

Test(answer, a_sum_of_zero_is_sent_as_ones_on_the_short_way_too)
{
	struct jg_interface port = test_interface();
	struct packet request = packet_request(4, 0, "hello", 5);
	struct jg_frame frame = parse(&request);
	uint8_t out[JG_ANSWER_PLAIN];
	uint8_t text[2] = {0, 0};

	jg_answer_plain(&port, &frame, text, 2, out);
	memcpy(text, out + 40, 2); // what is missing to all ones
	jg_answer_plain(&port, &frame, text, 2, out);
	cr_assert_eq(out[40], 0xff);
	cr_assert_eq(out[41], 0xff);
}
