// SPDX-License-Identifier: BSD-3-Clause
#include "answer.h"
#include "neighbour.h"

#include <criterion/criterion.h>

static const struct jg_interface ours = {.mac = {2, 0, 0, 0, 0, 9}};
static const uint8_t gate_v6[16] = {0xfd, [13] = 0xaa, 0xbb, 1};
static struct jg_interface gate = {
	.mac = {2, 0, 0, 0, 0, 1}, .mtu = 1500, .v4_n = 1, .v4 = {{10, 0, 0, 1}}, .v6_n = 1};
static uint8_t frame[256];
static uint8_t mac[6];

static struct jg_frame far_end(unsigned family)
{
	struct jg_frame to = {.family = (uint8_t)family};
	const uint8_t own_v6[16] = {0xfd, [15] = 9};
	memcpy(gate.v6[0], gate_v6, 16);
	if (family == 4) {
		memcpy(to.source, gate.v4[0], 4);
		memcpy(to.target, (uint8_t[]){10, 0, 0, 9}, 4);
	} else {
		memcpy(to.source, gate_v6, 16);
		memcpy(to.target, own_v6, 16);
	}
	return to;
}

// The question as the gate reads it, and the gate's own answer to it. Its length.
static uint32_t answer(unsigned family)
{
	const struct jg_frame to = far_end(family);
	struct jg_frame asked;
	const uint32_t len = neighbour_ask(&ours, &to, frame);
	cr_assert_leq(len, NEIGHBOUR_QUESTION_MAX);
	jg_frame_parse(&gate, frame, len, 0, &asked);
	cr_assert_eq(asked.kind, family == 4 ? JG_FRAME_ARP : JG_FRAME_SOLICITATION, "fate %u",
		asked.fate);
	if (family == 4)
		return jg_answer_arp(&gate, &asked, frame);
	return jg_answer_advertisement(&gate, &asked, frame);
}

static bool told(unsigned family, uint32_t len)
{
	const struct jg_frame to = far_end(family);
	return neighbour_told(&ours, &to, frame, len, mac);
}

Test(neighbour, the_gate_understands_and_is_understood)
{
	for (unsigned family = 4; family <= 6; family += 2) {
		memset(mac, 0, 6);
		cr_assert(told(family, answer(family)));
		cr_assert_eq(memcmp(mac, gate.mac, 6), 0);
	}
}

Test(neighbour, an_answer_cut_short_is_none)
{
	for (unsigned family = 4; family <= 6; family += 2) {
		const uint32_t whole = answer(family);
		for (uint32_t len = 0; len < whole; len++)
			cr_assert_not(told(family, len), "IPv%u, %u bytes", family, len);
	}
}

Test(neighbour, what_is_said_to_somebody_else_is_none)
{
	for (unsigned family = 4; family <= 6; family += 2) {
		const uint32_t len = answer(family);
		frame[5] ^= 1;
		cr_assert_not(told(family, len));
	}
}

Test(neighbour, another_address_is_none)
{
	const uint32_t arp = answer(4);
	frame[14 + 17] ^= 1;
	cr_assert_not(told(4, arp));
	const uint32_t advertisement = answer(6);
	frame[14 + 40 + 23] ^= 1;
	cr_assert_not(told(6, advertisement));
}

Test(neighbour, a_question_is_no_answer)
{
	for (unsigned family = 4; family <= 6; family += 2) {
		struct jg_frame to = far_end(family);
		const uint32_t len = neighbour_ask(&ours, &to, frame);
		memcpy(frame, ours.mac, 6);
		cr_assert_not(told(family, len));
	}
}

Test(neighbour, a_group_has_no_answer)
{
	const uint32_t len = answer(4);
	frame[14 + 8] |= 1;
	cr_assert_not(told(4, len));
}

Test(neighbour, every_bit_of_an_advertisement_is_summed)
{
	const uint32_t len = answer(6);
	for (uint32_t at = 14 + 40; at < len; at++) {
		frame[at] ^= 0x10;
		cr_assert_not(told(6, len), "byte %u", at);
		frame[at] ^= 0x10;
	}
}

Test(neighbour, it_must_have_come_from_this_link)
{
	const uint32_t len = answer(6);
	frame[14 + 7] = 254; // a router has passed it on
	cr_assert_not(told(6, len));
}
