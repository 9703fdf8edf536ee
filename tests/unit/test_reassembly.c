// SPDX-License-Identifier: BSD-3-Clause
#include "packets.h"
#include "reassembly.h"

#include <criterion/criterion.h>

#include <stdlib.h>

#define LIFE 1000

static uint8_t payload[30000];

static struct jg_reassembly *table_of(unsigned entries, unsigned share)
{
	struct jg_reassembly_options options = {
		.entries = entries, .share = share, .life = LIFE, .seed = 42};
	size_t size = (jg_reassembly_size(&options) + 63) & ~(size_t)63;
	void *memory = aligned_alloc(64, size);

	cr_assert_not_null(memory);
	memset(memory, 0xa5, size);
	for (unsigned i = 0; i < sizeof(payload); i++)
		payload[i] = (uint8_t)(i % 251);
	return jg_reassembly_init(memory, &options);
}

// Source number 0 is the peer itself.
static enum jg_counter add_from(struct jg_reassembly *table, const struct packet *p,
	unsigned source, uint64_t now, struct jg_datagram *whole)
{
	struct jg_interface port = test_interface();
	struct jg_frame frame;

	jg_frame_parse(&port, p->bytes, p->len, 0, &frame);
	cr_assert_eq(frame.kind, JG_FRAME_FRAGMENT);
	frame.source[2] = (uint8_t)(frame.source[2] + source);
	return jg_reassembly_add(table, &frame, p->bytes, now, whole);
}

static enum jg_counter add(struct jg_reassembly *table, unsigned family, uint32_t offset,
	uint32_t n, bool more, struct jg_datagram *whole)
{
	static struct packet request;

	request = packet_request(family, 0, payload, 29000);
	struct packet p = packet_fragment(&request, family, offset, n, more);
	return add_from(table, &p, 0, 1, whole);
}

// Sends a datagram of n bytes in pieces of size bytes, starting with the piece numbered first.
static void comes_together(unsigned family, uint32_t n, uint32_t size, unsigned first)
{
	struct jg_reassembly *table = table_of(4, 4);
	struct jg_datagram whole = {.len = 0};
	static struct packet request;
	unsigned pieces = (n + 8 + size - 1) / size;
	unsigned last = pieces - 1;

	request = packet_request(family, 0, payload, n);
	for (unsigned k = 0; k < pieces; k++) {
		unsigned i = (first + k) % pieces;
		uint32_t len = i == last ? n + 8 - i * size : size;
		struct packet p = packet_fragment(&request, family, i * size, len, i != last);
		enum jg_counter expected =
			k == last ? JG_COUNTER_REASSEMBLED : JG_COUNTER_FRAGMENT_HELD;

		cr_assert_eq(add_from(table, &p, 0, 1, &whole), expected);
	}
	cr_assert_eq(whole.len, n + 8);
	cr_assert_eq(whole.protocol, 17);
	cr_assert_arr_eq(whole.bytes + 8, payload, n);
	cr_assert_eq(jg_reassembly_used(table), 1);
	jg_reassembly_release(table, whole.entry);
	cr_assert_eq(jg_reassembly_used(table), 0);
	free(table);
}

Test(reassembly, fragments_in_any_rotation_come_together)
{
	for (unsigned family = 4; family <= 6; family += 2)
		for (unsigned first = 0; first < 4; first++)
			comes_together(family, 4000, 1400, first);
}

Test(reassembly, sixteen_fragments_and_the_largest_token_come_together)
{
	comes_together(4, 20700, 1480, 7);
	comes_together(6, 16 * 1448 - 8, 1448, 15);
}

Test(reassembly, the_seventeenth_fragment_drops_the_datagram)
{
	struct jg_reassembly *table = table_of(4, 4);
	struct jg_datagram whole;

	for (unsigned i = 0; i < 16; i++)
		cr_assert_eq(add(table, 4, 8 * i, 8, true, &whole), JG_COUNTER_FRAGMENT_HELD);
	cr_assert_eq(add(table, 4, 8 * 16, 8, false, &whole), JG_COUNTER_FRAGMENT_LIMIT);
	cr_assert_eq(add(table, 4, 8 * 17, 8, false, &whole), JG_COUNTER_FRAGMENT_OVERLAP);
	free(table);
}

Test(reassembly, any_overlap_drops_the_datagram_and_what_follows_of_it)
{
	static const struct {
		uint32_t offset;
		uint32_t n;
	} rows[] = {{0, 80}, {0, 8}, {72, 16}, {8, 8}, {72, 8}};

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct jg_reassembly *table = table_of(4, 4);
		struct jg_datagram whole;

		cr_assert_eq(add(table, 6, 0, 80, true, &whole), JG_COUNTER_FRAGMENT_HELD);
		cr_assert_eq(add(table, 6, rows[i].offset, rows[i].n, true, &whole),
			JG_COUNTER_FRAGMENT_OVERLAP);
		cr_assert_eq(add(table, 6, 80, 8, false, &whole), JG_COUNTER_FRAGMENT_OVERLAP);
		free(table);
	}
}

Test(reassembly, bytes_beyond_the_end_drop_the_datagram)
{
	struct jg_reassembly *table = table_of(4, 4);
	struct jg_datagram whole;

	cr_assert_eq(add(table, 4, 80, 8, false, &whole), JG_COUNTER_FRAGMENT_HELD);
	cr_assert_eq(add(table, 4, 88, 8, true, &whole), JG_COUNTER_FRAGMENT_OVERLAP);
	free(table);
}

Test(reassembly, an_end_before_bytes_that_are_there_drops_the_datagram)
{
	struct jg_reassembly *table = table_of(4, 4);
	struct jg_datagram whole;

	cr_assert_eq(add(table, 4, 80, 8, true, &whole), JG_COUNTER_FRAGMENT_HELD);
	cr_assert_eq(add(table, 4, 8, 8, false, &whole), JG_COUNTER_FRAGMENT_OVERLAP);
	free(table);
}

Test(reassembly, two_different_ends_drop_the_datagram)
{
	struct jg_reassembly *table = table_of(4, 4);
	struct jg_datagram whole;

	cr_assert_eq(add(table, 4, 80, 8, false, &whole), JG_COUNTER_FRAGMENT_HELD);
	cr_assert_eq(add(table, 4, 8, 16, false, &whole), JG_COUNTER_FRAGMENT_OVERLAP);
	free(table);
}

Test(reassembly, more_than_24_kb_are_refused_without_being_copied)
{
	struct jg_reassembly *table = table_of(4, 4);
	struct jg_datagram whole;

	cr_assert_eq(add(table, 4, 24 * 1024 - 8, 16, false, &whole), JG_COUNTER_FRAGMENT_LIMIT);
	free(table);
}

Test(reassembly, an_odd_length_in_the_middle_or_no_bytes_at_all_are_refused)
{
	struct jg_reassembly *table = table_of(4, 4);
	struct jg_datagram whole;

	cr_assert_eq(add(table, 4, 0, 12, true, &whole), JG_COUNTER_FRAGMENT_LIMIT);
	cr_assert_eq(add(table, 6, 8, 0, true, &whole), JG_COUNTER_FRAGMENT_LIMIT);
	free(table);
}

// The first fragment of a datagram of its own for each id.
static enum jg_counter begin_datagram(
	struct jg_reassembly *table, unsigned source, unsigned id, uint64_t now)
{
	struct packet request = packet_request(4, 0, payload, 100);
	struct packet p = packet_fragment(&request, 4, 0, 8, true);
	struct jg_datagram whole;

	packet_set16(&p, 14 + 4, (uint16_t)id);
	packet_ipv4_sum(&p, 14);
	return add_from(table, &p, source, now, &whole);
}

// Its other fragment. Held again: the first one is there no more.
static enum jg_counter end_datagram(struct jg_reassembly *table, unsigned source, unsigned id,
	uint64_t now, struct jg_datagram *whole)
{
	struct packet request = packet_request(4, 0, payload, 100);
	struct packet p = packet_fragment(&request, 4, 8, 100, false);

	packet_set16(&p, 14 + 4, (uint16_t)id);
	packet_ipv4_sum(&p, 14);
	return add_from(table, &p, source, now, whole);
}

Test(reassembly, a_source_beyond_its_share_loses_its_own_oldest)
{
	struct jg_reassembly *table = table_of(8, 2);
	struct jg_datagram whole;

	cr_assert_eq(begin_datagram(table, 1, 0, 1), JG_COUNTER_FRAGMENT_HELD);
	for (unsigned id = 0; id < 4; id++)
		cr_assert_eq(begin_datagram(table, 0, id, 1), JG_COUNTER_FRAGMENT_HELD);
	cr_assert_eq(jg_reassembly_used(table), 3);
	cr_assert_eq(jg_reassembly_evicted(table), 2);
	cr_assert_eq(end_datagram(table, 0, 3, 1, &whole), JG_COUNTER_REASSEMBLED);
	cr_assert_eq(end_datagram(table, 0, 2, 1, &whole), JG_COUNTER_REASSEMBLED);
	cr_assert_eq(end_datagram(table, 1, 0, 1, &whole), JG_COUNTER_REASSEMBLED);
	free(table);
}

Test(reassembly, a_share_that_is_all_being_judged_takes_no_more)
{
	struct jg_reassembly *table = table_of(8, 1);
	struct jg_datagram whole;

	cr_assert_eq(begin_datagram(table, 0, 1, 1), JG_COUNTER_FRAGMENT_HELD);
	cr_assert_eq(end_datagram(table, 0, 1, 1, &whole), JG_COUNTER_REASSEMBLED);
	cr_assert_eq(begin_datagram(table, 0, 2, 1), JG_COUNTER_FRAGMENT_NO_ROOM);
	jg_reassembly_release(table, whole.entry);
	cr_assert_eq(begin_datagram(table, 0, 2, 1), JG_COUNTER_FRAGMENT_HELD);
	cr_assert_eq(jg_reassembly_evicted(table), 0);
	free(table);
}

Test(reassembly, a_full_table_that_is_all_being_judged_refuses)
{
	struct jg_reassembly *table = table_of(2, 2);
	struct jg_datagram whole;

	for (unsigned source = 0; source < 2; source++) {
		cr_assert_eq(begin_datagram(table, source, 1, 1), JG_COUNTER_FRAGMENT_HELD);
		cr_assert_eq(end_datagram(table, source, 1, 1, &whole), JG_COUNTER_REASSEMBLED);
	}
	cr_assert_eq(begin_datagram(table, 2, 1, 1), JG_COUNTER_FRAGMENT_NO_ROOM);
	free(table);
}

Test(reassembly, ever_new_sources_do_not_keep_a_sender_out)
{
	struct jg_reassembly *table = table_of(16, 8);
	struct jg_datagram whole;

	for (unsigned i = 0; i < 1000; i++) {
		// Fifteen strangers between the two fragments of each of our datagrams.
		cr_assert_eq(begin_datagram(table, 0, i, i), JG_COUNTER_FRAGMENT_HELD);
		for (unsigned k = 0; k < 15; k++)
			cr_assert_eq(begin_datagram(table, 1 + (15 * i + k) % 199, i, i),
				JG_COUNTER_FRAGMENT_HELD);
		cr_assert_eq(end_datagram(table, 0, i, i, &whole), JG_COUNTER_REASSEMBLED);
		jg_reassembly_release(table, whole.entry);
		cr_assert_leq(jg_reassembly_used(table), 16);
	}
	cr_assert_gt(jg_reassembly_evicted(table), 14000);
	free(table);
}

Test(reassembly, the_biggest_source_of_a_full_table_loses_first)
{
	struct jg_reassembly *table = table_of(16, 10);
	struct jg_datagram whole;

	// Source 1 is the oldest with one, source 2 has ten, sources 3 to 7 one each.
	cr_assert_eq(begin_datagram(table, 1, 0, 1), JG_COUNTER_FRAGMENT_HELD);
	for (unsigned id = 0; id < 10; id++)
		cr_assert_eq(begin_datagram(table, 2, id, 2), JG_COUNTER_FRAGMENT_HELD);
	for (unsigned source = 3; source < 8; source++)
		cr_assert_eq(begin_datagram(table, source, 0, 3), JG_COUNTER_FRAGMENT_HELD);
	cr_assert_eq(begin_datagram(table, 8, 0, 4), JG_COUNTER_FRAGMENT_HELD);
	cr_assert_eq(jg_reassembly_evicted(table), 1);
	cr_assert_eq(end_datagram(table, 2, 1, 5, &whole), JG_COUNTER_REASSEMBLED);
	cr_assert_eq(end_datagram(table, 1, 0, 5, &whole), JG_COUNTER_REASSEMBLED);
	jg_reassembly_release(table, whole.entry);
	cr_assert_eq(
		end_datagram(table, 2, 0, 5, &whole), JG_COUNTER_FRAGMENT_HELD); // it was the one
	free(table);
}

Test(reassembly, what_outlives_its_time_is_given_up)
{
	struct jg_reassembly *table = table_of(3, 3);

	for (unsigned i = 0; i < 3; i++)
		cr_assert_eq(begin_datagram(table, i, 0, 5 + i), JG_COUNTER_FRAGMENT_HELD);
	cr_assert_eq(jg_reassembly_expire(table, 5 + LIFE - 1), 0);
	cr_assert_eq(jg_reassembly_expire(table, 5 + LIFE), 1);
	cr_assert_eq(jg_reassembly_used(table), 2);
	free(table);
}

Test(reassembly, a_doomed_datagram_expires_without_being_counted_twice)
{
	struct jg_reassembly *table = table_of(3, 3);
	struct jg_datagram whole;

	cr_assert_eq(add(table, 4, 0, 12, true, &whole), JG_COUNTER_FRAGMENT_LIMIT);
	cr_assert_eq(jg_reassembly_used(table), 1);
	cr_assert_eq(jg_reassembly_expire(table, LIFE + 1), 0);
	cr_assert_eq(jg_reassembly_used(table), 0);
	free(table);
}

Test(reassembly, fragments_of_different_datagrams_are_never_mixed)
{
	struct jg_reassembly *table = table_of(8, 8);
	struct packet request = packet_request(4, 0, payload, 24);
	struct packet head = packet_fragment(&request, 4, 0, 16, true);
	struct packet tail = packet_fragment(&request, 4, 16, 16, false);
	struct jg_datagram whole;

	cr_assert_eq(add_from(table, &head, 0, 1, &whole), JG_COUNTER_FRAGMENT_HELD);
	packet_set16(&tail, 14 + 4, 0x9999); // another identification
	packet_ipv4_sum(&tail, 14);
	cr_assert_eq(add_from(table, &tail, 0, 1, &whole), JG_COUNTER_FRAGMENT_HELD);
	tail = packet_fragment(&request, 4, 16, 16, false);
	tail.bytes[14 + 9] = 1; // another protocol
	packet_ipv4_sum(&tail, 14);
	cr_assert_eq(add_from(table, &tail, 0, 1, &whole), JG_COUNTER_FRAGMENT_HELD);
	tail = packet_fragment(&request, 4, 16, 16, false);
	cr_assert_eq(add_from(table, &tail, 3, 1, &whole), JG_COUNTER_FRAGMENT_HELD);
	cr_assert_eq(add_from(table, &tail, 0, 1, &whole), JG_COUNTER_REASSEMBLED);
	cr_assert_arr_eq(whole.bytes + 8, payload, 24);
	free(table);
}
