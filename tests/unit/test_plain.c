// SPDX-License-Identifier: BSD-3-Clause
#include "packets.h"
#include "plain.h"

#include <criterion/criterion.h>

#include <stddef.h>
#include <stdlib.h>

static const char payload[] = "a request that is long enough";

static struct jg_interface prepared(void)
{
	struct jg_interface port = test_interface();

	jg_plain_prepare(&port);
	return port;
}

// The short way finds what the long one does, or nothing. The copy ends where its memory does.
static bool agrees(const struct jg_interface *port, const struct packet *p, unsigned checked)
{
	struct jg_frame plain;
	struct jg_frame any;
	uint8_t *exact = malloc(p->len > 0 ? p->len : 1);

	cr_assert_not_null(exact);
	memcpy(exact, p->bytes, p->len);
	memset(&plain, 0xa5, sizeof(plain));
	bool found = jg_plain_parse(port, exact, p->len, checked, &plain);
	jg_frame_parse(port, exact, p->len, checked, &any);
	free(exact);
	if (!found)
		return false;
	cr_assert_eq(
		any.kind, JG_FRAME_MESSAGE, "the long way drops it: %s", jg_counter_name(any.fate));
	cr_assert_arr_eq(&plain, &any, offsetof(struct jg_frame, protocol));
	return true;
}

static struct packet request(void)
{
	return packet_request(4, 0, payload, sizeof(payload));
}

Test(plain, an_ordinary_request_takes_the_short_way_whatever_the_port_has_checked)
{
	struct jg_interface port = prepared();
	struct packet p = request();

	for (unsigned checked = 0; checked < 4; checked++)
		cr_assert(agrees(&port, &p, checked));
	p.len += 13; // padding of a short frame
	cr_assert(agrees(&port, &p, 0));
}

Test(plain, no_flipped_bit_makes_the_two_ways_differ)
{
	static struct packet p;
	struct jg_interface port = prepared();

	for (unsigned family = 4; family <= 6; family += 2) {
		for (unsigned tags = 0; tags <= 1; tags++) {
			p = packet_request(family, tags, payload, sizeof(payload));
			for (unsigned bit = 0; bit < p.len * 8; bit++) {
				p.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
				for (unsigned checked = 0; checked < 4; checked++)
					(void)agrees(&port, &p, checked);
				p.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
			}
		}
	}
}

Test(plain, no_header_byte_of_any_value_makes_the_two_ways_differ)
{
	struct jg_interface port = prepared();
	struct packet p = request();

	for (unsigned at = 0; at < 42; at++) {
		uint8_t was = p.bytes[at];

		for (unsigned value = 0; value < 256; value++) {
			p.bytes[at] = (uint8_t)value;
			for (unsigned checked = 0; checked < 4; checked++)
				(void)agrees(&port, &p, checked);
		}
		p.bytes[at] = was;
	}
}

Test(plain, no_part_of_a_frame_is_plain)
{
	struct jg_interface port = prepared();
	struct packet p = request();

	while (p.len-- > 0)
		cr_assert_not(
			agrees(&port, &p, JG_FRAME_CHECKED_IP | JG_FRAME_CHECKED_L4), "%u", p.len);
}

Test(plain, every_address_of_ours_is_known_and_none_that_cannot_be_answered)
{
	static const uint8_t sources[][4] = {{10, 0, 0, 1}, {10, 0, 0, 7}, {0, 0, 0, 0},
		{0, 1, 1, 1}, {127, 0, 0, 1}, {224, 0, 0, 1}, {255, 255, 255, 255}};
	unsigned checked = JG_FRAME_CHECKED_IP | JG_FRAME_CHECKED_L4;
	struct jg_interface port = test_interface();
	struct packet p = request();

	for (unsigned own = 1; own <= 2; own++) { // an only address is known in another way
		jg_plain_prepare(&port);
		cr_assert(agrees(&port, &p, checked));
		memcpy(p.bytes + 14 + 16, sources[1], 4);
		cr_assert_eq(agrees(&port, &p, checked), own == 2, "to the second address");
		memcpy(p.bytes + 14 + 16, sources[own - 1], 4);
		for (unsigned i = 0; i < sizeof(sources) / 4; i++) {
			memcpy(p.bytes + 14 + 12, sources[i], 4);
			cr_assert_eq(agrees(&port, &p, checked), own == 1 && i == 1,
				"from %u to %u", i, own);
		}
		memcpy(p.bytes + 14 + 12, peer_v4, 4);
		memcpy(p.bytes + 14 + 16, peer_v4, 4);
		cr_assert_not(agrees(&port, &p, checked), "to another host");
		memcpy(p.bytes + 14 + 16, sources[0], 4);
		memcpy(port.v4[port.v4_n++], sources[1], 4);
	}
}

Test(plain, what_is_not_plain_is_left_to_the_long_way)
{
	struct jg_interface port = prepared();
	struct packet options = packet_ethernet(0x0800, 0);
	struct packet unsummed = request();
	struct packet between = packet_ethernet(0x0800, 0);
	struct packet tagged = packet_request(4, 1, payload, sizeof(payload));
	struct packet v6 = packet_request(6, 0, payload, sizeof(payload));

	packet_ipv4(&options, 17, 4, 0, 8 + sizeof(payload));
	packet_udp(&options, 4, payload, sizeof(payload));
	packet_set16(&unsummed, 14 + 20 + 6, 0);
	packet_ipv4(&between, 17, 0, 0, 8 + sizeof(payload) + 3);
	packet_udp(&between, 4, payload, sizeof(payload));
	packet_add(&between, "pad", 3);
	cr_assert_not(agrees(&port, &options, 0));
	cr_assert_not(agrees(&port, &unsummed, 0));
	cr_assert_not(agrees(&port, &between, 0));
	cr_assert_not(agrees(&port, &tagged, 0));
	cr_assert_not(agrees(&port, &v6, 0));
}

// Nobody can be answered there. Where the port has checked the sums, nothing else is wrong with it.
Test(plain, a_request_from_port_0_is_left_to_the_long_way)
{
	struct jg_interface port = prepared();
	struct packet p = request();

	packet_set16(&p, 14 + 20, 0);
	for (unsigned checked = 0; checked < 4; checked++)
		cr_assert_not(agrees(&port, &p, checked), "checked %u", checked);
	packet_set16(&p, 14 + 20, 1);
	cr_assert(agrees(&port, &p, JG_FRAME_CHECKED_IP | JG_FRAME_CHECKED_L4));
}

Test(plain, an_interface_that_was_not_prepared_has_no_plain_frames)
{
	struct jg_interface port = test_interface();
	struct packet p = request();

	cr_assert_not(agrees(&port, &p, 0));
	memset(p.bytes, 0, 26); // what an empty head would be like
	cr_assert_not(agrees(&port, &p, 3));
}
