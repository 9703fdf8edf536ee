// SPDX-License-Identifier: BSD-3-Clause
#include "gate_fixture.h"
#include "tokens.h"
#include "worker.h"

#include <joingate/wire.h>

static struct fixture f;
static char token_bytes[24000];
static uint8_t datagram[JG_WIRE_DATAGRAM_MAX];
static struct packet sent;
static struct packet got;

static void start(bool insecure)
{
	fixture_start(&f, 256);
	fixture_publish(&f, token_apps(), insecure);
}

// Writes a request into datagram; front end 0 or 9 (signed).
static uint32_t request_of(
	uint8_t type, struct jg_str token, uint16_t front_end, uint8_t vendor, uint32_t flags)
{
	struct jg_wire_request wire = {
		.id = 77, .front_end = front_end, .type = type, .flags = flags};
	struct jg_request ask = {.token = token, .vendor = vendor, .type = type};
	size_t len = jg_wire_request_build(&wire, &ask, datagram, sizeof(datagram));
	struct jg_error err;

	cr_assert_gt(len, 0);
	if (front_end == 0)
		return (uint32_t)len;
	struct jg_wire_key *key = jg_wire_key_new(FRONT_END_KEY, sizeof(FRONT_END_KEY) - 1, &err);
	cr_assert(jg_wire_request_sign(key, datagram, len));
	jg_wire_key_free(key);
	return (uint32_t)len;
}

static uint32_t request(struct jg_str token, uint16_t front_end, uint8_t vendor, uint32_t flags)
{
	return request_of(JG_REQUEST_JOIN, token, front_end, vendor, flags);
}

// The verdict in a frame that the gate sent, judged by the client's own codec.
static struct jg_wire_reply reply_in(const struct packet *p)
{
	struct jg_interface client = test_interface();
	struct jg_wire_reply reply;
	struct jg_frame frame;

	memcpy(client.mac, peer_mac, 6);
	memcpy(client.v4[0], peer_v4, 4);
	memcpy(client.v6[0], peer_v6, 16);
	client.udp_port = 40000;
	jg_frame_parse(&client, p->bytes, p->len, 0, &frame);
	cr_assert_eq(
		frame.kind, JG_FRAME_MESSAGE, "%u bytes, %s", p->len, jg_counter_name(frame.fate));
	cr_assert_eq(jg_wire_reply_parse(p->bytes + frame.payload, frame.payload_len, &reply),
		JG_WIRE_FATE_OK);
	return reply;
}

static unsigned reason_of_next(void)
{
	fixture_get(&f, &got);
	cr_assert_gt(got.len, 0, "no answer");
	struct jg_wire_reply reply = reply_in(&got);
	cr_assert_eq(reply.echo.id, 77);
	return reply.verdict.reason;
}

static void no_answer(void)
{
	fixture_get(&f, &got);
	cr_assert_eq(got.len, 0);
}

static void send_request(struct jg_str token, unsigned family, unsigned tags)
{
	uint32_t len = request(token, 0, JG_VENDOR_LIVEKIT, JG_WIRE_WANT(IDENTITY));

	sent = packet_request(family, tags, datagram, len);
	fixture_put(&f, &sent, 2000, false);
}

Test(worker, joins_are_admitted_over_both_families_and_vlan_tags)
{
	start(true);
	for (unsigned family = 4; family <= 6; family += 2) {
		for (unsigned tags = 0; tags <= 2; tags++) {
			send_request(token_join(10, token_bytes), family, tags);
			fixture_run(&f);
			cr_assert_eq(reason_of_next(), JG_REASON_OK);
			cr_assert_arr_eq(got.bytes + 12, sent.bytes + 12, 4 * tags + 2);
		}
	}
	cr_assert_eq(fixture_count(&f, JG_COUNTER_VERDICT), 6);
	cr_assert_eq(fixture_count(&f, JG_COUNTER_VLAN), 4);
	fixture_stop(&f);
}

Test(worker, nothing_is_answered_before_the_first_snapshot)
{
	fixture_start(&f, 256);
	send_request(token_join(10, token_bytes), 4, 0);
	fixture_run(&f);
	no_answer();
	cr_assert_eq(fixture_count(&f, JG_COUNTER_NOT_READY), 1);
	fixture_stop(&f);
}

Test(worker, a_snapshot_is_acknowledged_once_it_is_in_use)
{
	start(true);
	cr_assert_eq(jg_channel_acknowledged(f.channel), 0);
	fixture_run(&f);
	cr_assert_eq(jg_channel_acknowledged(f.channel), 1);
	cr_assert_eq(jg_channel_acknowledged(f.lane_channel), 1);
	fixture_send(&f, (struct jg_message){.epoch = 2, .kind = JG_MESSAGE_SEAL});
	fixture_run(&f);
	cr_assert_eq(jg_channel_acknowledged(f.channel), 2);
	cr_assert_eq(fixture_count(&f, JG_COUNTER_EPOCH), 2);
	fixture_stop(&f);
}

Test(worker, a_stop_message_ends_the_loop_after_the_burst_in_hand)
{
	start(true);
	fixture_run(&f);
	fixture_send(&f, (struct jg_message){.kind = JG_MESSAGE_STOP});
	send_request(token_join(10, token_bytes), 4, 0);
	cr_assert_not(jg_worker_poll(f.worker));
	cr_assert_not(jg_lane_poll(f.lane));
	cr_assert_eq(reason_of_next(), JG_REASON_OK);
	cr_assert_eq(jg_channel_acknowledged(f.channel), 1);
	fixture_stop(&f);
}

Test(worker, signed_requests_get_signed_answers)
{
	struct jg_error err;
	struct jg_wire_key *key = jg_wire_key_new(FRONT_END_KEY, sizeof(FRONT_END_KEY) - 1, &err);
	struct jg_wire_request wire;
	struct jg_request ask;
	struct jg_wire_reply reply;

	start(false);
	uint32_t len = request(
		token_join(3000, token_bytes), 9, JG_VENDOR_LIVEKIT, JG_WIRE_WANT(METADATA));
	static struct packet copy;
	sent = packet_request(4, 0, datagram, len);
	copy = sent;
	fixture_put(&f, &sent, 2000, false);
	fixture_run(&f);
	// The request's 4 kB came in three segments, and the answer takes three fragments.
	cr_assert_eq(fixture_count(&f, JG_COUNTER_LINEARISED), 1);
	cr_assert_eq(fixture_count(&f, JG_COUNTER_REPLY_FRAGMENTS), 3);
	static uint8_t whole[8000];
	uint32_t at = 0;
	for (fixture_get(&f, &got); got.len > 0; fixture_get(&f, &got)) {
		memcpy(whole + at, got.bytes + 34, got.len - 34);
		at += got.len - 34;
	}
	cr_assert_eq(jg_wire_request_parse(copy.bytes + 42, len, &wire, &ask), JG_WIRE_FATE_OK);
	cr_assert_eq(jg_wire_reply_open(key, &wire, whole + 8, at - 8, &reply), JG_WIRE_FATE_OK);
	cr_assert_eq(reply.verdict.reason, JG_REASON_OK);
	cr_assert_eq(reply.verdict.metadata.len, 3000);
	jg_wire_key_free(key);
	fixture_stop(&f);
}

Test(worker, requests_that_no_front_end_signed_are_counted_and_not_answered)
{
	start(false);
	send_request(token_join(10, token_bytes), 4, 0); // no MAC at all
	uint32_t len = request(token_join(10, token_bytes), 9, JG_VENDOR_LIVEKIT, 0);
	datagram[len - 1] ^= 1;
	sent = packet_request(4, 0, datagram, len);
	fixture_put(&f, &sent, 2000, false);
	datagram[len - 1] ^= 1;
	sent = packet_request(4, 0, datagram, len);
	sent.bytes[14 + 13] = 9; // 10.9.0.2
	packet_ipv4_sum(&sent, 14);
	packet_set16(&sent, 40, 0);
	fixture_put(&f, &sent, 2000, false);
	fixture_run(&f);
	no_answer();
	cr_assert_eq(fixture_count(&f, JG_COUNTER_UNKNOWN_FRONT_END), 1);
	cr_assert_eq(fixture_count(&f, JG_COUNTER_BAD_REQUEST_MAC), 1);
	cr_assert_eq(fixture_count(&f, JG_COUNTER_FRONT_END_SOURCE), 1);
	fixture_stop(&f);
}

Test(worker, one_forged_request_does_not_disturb_its_neighbours)
{
	start(false);
	for (unsigned i = 0; i < 8; i++) {
		uint32_t len = request(token_join(i, token_bytes), 9, JG_VENDOR_LIVEKIT, 0);

		datagram[len - 1] ^= i % 3 == 1;
		sent = packet_request(4, 0, datagram, len);
		fixture_put(&f, &sent, 2000, false);
	}
	fixture_run(&f);
	for (unsigned i = 0; i < 5; i++)
		cr_assert_eq(reason_of_next(), JG_REASON_OK);
	no_answer();
	cr_assert_eq(fixture_count(&f, JG_COUNTER_BAD_REQUEST_MAC), 3);
	fixture_stop(&f);
}

Test(worker, a_large_token_in_fragments_of_any_order_is_judged)
{
	start(true);
	for (unsigned family = 4; family <= 6; family += 2) {
		uint32_t len = request(token_join(14000, token_bytes), 0, JG_VENDOR_LIVEKIT, 0);
		uint32_t total = len + 8;
		static struct packet whole;

		whole = packet_request(family, 0, datagram, len);
		for (uint32_t at = total - total % 1440;; at -= 1440) {
			uint32_t n = total - at < 1440 ? total - at : 1440;

			sent = packet_fragment(&whole, family, at, n, at + n < total);
			fixture_put(&f, &sent, 2000, true);
			if (at == 0)
				break;
		}
		fixture_run(&f);
		cr_assert_eq(reason_of_next(), JG_REASON_OK);
	}
	cr_assert_eq(fixture_count(&f, JG_COUNTER_REASSEMBLED), 2);
	cr_assert_eq(fixture_count(&f, JG_COUNTER_REASSEMBLY_ENTRIES), 0);
	fixture_stop(&f);
}

Test(worker, neighbours_and_echoes_are_answered)
{
	start(true);
	sent = packet_arp(1, gate_v4);
	fixture_put(&f, &sent, 2000, false);
	sent = packet_solicitation(gate_v6, 255, NULL, 0);
	fixture_put(&f, &sent, 2000, false);
	for (unsigned family = 4; family <= 6; family += 2) {
		sent = packet_echo(family, "abcdefgh", 8);
		fixture_put(&f, &sent, 2000, false);
		sent = packet_echo(
			family, token_bytes, 3000); // three segments in, three frames out
		fixture_put(&f, &sent, 1200, false);
	}
	fixture_run(&f);
	unsigned answers = 0;
	for (fixture_get(&f, &got); got.len > 0; fixture_get(&f, &got)) {
		cr_assert_arr_eq(got.bytes, peer_mac, 6);
		cr_assert_leq(got.len, 1514);
		answers++;
	}
	cr_assert_eq(answers, 2 + 2 * (1 + 3));
	cr_assert_eq(fixture_count(&f, JG_COUNTER_ARP), 1);
	cr_assert_eq(fixture_count(&f, JG_COUNTER_NEIGHBOUR), 1);
	cr_assert_eq(fixture_count(&f, JG_COUNTER_ECHO), 4);
	fixture_stop(&f);
}

// Frames that must vanish with a counter. Returns how many were sent.
static unsigned send_hostile(void)
{
	static struct packet good;
	unsigned n = 0;
	uint32_t len = request(token_join(100, token_bytes), 0, JG_VENDOR_LIVEKIT, 0);

	good = packet_request(4, 0, datagram, len);
	for (uint32_t cut = 0; cut < good.len; cut += 7, n++) { // short frames
		sent = good;
		sent.len = cut;
		fixture_put(&f, &sent, 2000, true);
	}
	for (uint32_t at = 12; at < 42; at++, n++) { // lying headers and lengths
		sent = good;
		sent.bytes[at] = (uint8_t)~sent.bytes[at];
		fixture_put(&f, &sent, 2000, true);
	}
	for (uint32_t at = 0; at < 24; at++) { // a lying wire header under a right checksum
		if ((at >= 8 && at < 16) || at == 18)
			continue; // the request id may be anything, and these flags are all known
		datagram[at] = (uint8_t)~datagram[at];
		sent = packet_request(6, 0, datagram, len);
		datagram[at] = (uint8_t)~datagram[at];
		fixture_put(&f, &sent, 2000, true);
		n++;
	}
	sent = good; // a length of 70 000 in the wire's own header
	memcpy(sent.bytes + 42 + 4, "\0\1\x11\x70", 4);
	packet_set16(&sent, 40, 0);
	fixture_put(&f, &sent, 2000, true);
	return n + 1;
}

Test(worker, hostile_frames_vanish_and_their_neighbours_are_served)
{
	start(true);
	unsigned hostile = send_hostile();
	send_request(token_join(5, token_bytes), 4, 0);
	fixture_run(&f);
	cr_assert_eq(reason_of_next(), JG_REASON_OK);
	no_answer();
	cr_assert_eq(fixture_count(&f, JG_COUNTER_RX_PACKETS), hostile + 1);
	cr_assert_eq(fixture_count(&f, JG_COUNTER_VERDICT), 1);
	fixture_stop(&f);
}

Test(worker, hostile_fragments_vanish_and_leave_room_for_others)
{
	static struct packet whole;

	start(true);
	uint32_t len = request(token_join(14000, token_bytes), 0, JG_VENDOR_LIVEKIT, 0);
	whole = packet_request(4, 0, datagram, len);
	for (unsigned i = 0; i < 400; i++) { // endless first fragments of ever new datagrams
		sent = packet_fragment(&whole, 4, 8 * (i % 3), 64, true);
		packet_set16(&sent, 14 + 4, 1000 + i / 2);
		packet_ipv4_sum(&sent, 14);
		fixture_put(&f, &sent, 2000, true);
	}
	for (unsigned i = 0; i < 100; i++) { // and such as nothing is wrong with
		sent = packet_fragment(&whole, 4, 0, 64, true);
		packet_set16(&sent, 14 + 4, 3000 + i);
		packet_ipv4_sum(&sent, 14);
		fixture_put(&f, &sent, 2000, true);
	}
	fixture_run(&f);
	sent = packet_fragment(&whole, 4, 65528, 7, false); // beyond every limit
	fixture_put(&f, &sent, 2000, true);
	send_request(token_join(5, token_bytes), 4, 0);
	fixture_run(&f);
	cr_assert_eq(reason_of_next(), JG_REASON_OK);
	cr_assert_leq(fixture_count(&f, JG_COUNTER_REASSEMBLY_ENTRIES), 64);
	cr_assert_gt(fixture_count(&f, JG_COUNTER_REASSEMBLY_EVICTED), 0);
	cr_assert_gt(fixture_count(&f, JG_COUNTER_FRAGMENT_OVERLAP), 0);
	fixture_stop(&f);
}

static void nest(char *payload, unsigned levels)
{
	int n = sprintf(payload, "{\"iss\":\"" TOKEN_KEY "\",\"x\":");

	memset(payload + n, '[', levels);
	memset(payload + n + levels, ']', levels);
	memcpy(payload + n + 2 * levels, "}", 2);
}

Test(worker, malformed_tokens_get_a_reason)
{
	static char payload[24000];
	static const char header[] = "{\"alg\":\"HS256\"}";

	start(true);
	memset(payload, '.', 20000);
	send_request((struct jg_str){payload, 20000}, 4, 0);
	fixture_run(&f);
	cr_assert_eq(reason_of_next(), JG_REASON_MALFORMED);
	nest(payload, 7000);
	send_request(token_sign(header, payload, token_bytes), 4, 0);
	nest(payload, 16);
	send_request(token_sign(header, payload, token_bytes), 4, 0);
	send_request((struct jg_str){"x", 1}, 6, 0);
	fixture_run(&f);
	cr_assert_eq(reason_of_next(), JG_REASON_BAD_JSON);
	cr_assert_neq(reason_of_next(), JG_REASON_OK);
	cr_assert_eq(reason_of_next(), JG_REASON_MALFORMED);
	fixture_stop(&f);
}

Test(worker, answers_that_the_port_does_not_take_are_counted_as_such)
{
	fixture_start(&f, 4);
	fixture_publish(&f, token_apps(), true);
	for (unsigned i = 0; i < 10; i++)
		send_request(token_join(10, token_bytes), 4, 0);
	fixture_run(&f);
	cr_assert_eq(fixture_count(&f, JG_COUNTER_VERDICT), 4);
	cr_assert_eq(fixture_count(&f, JG_COUNTER_TX_FULL), 6);
	fixture_stop(&f);
}

static uint64_t bursts(const struct jg_counters *counters, enum jg_stage stage)
{
	uint64_t sum = 0;
	for (unsigned b = 0; b < JG_TIME_BUCKETS; b++)
		sum += jg_count_read(&counters->stage_time[stage][b]);
	return sum;
}

// Called with a burst that had a request for the lane, and one with nothing to judge.
static void each_stage_was_timed_once_a_burst(void)
{
	uint64_t cycles = 0;
	for (unsigned stage = 0; stage < JG_STAGE_COUNT; stage++) {
		bool of_ports = stage == JG_STAGE_RX || stage == JG_STAGE_TX;
		cr_assert_eq(bursts(&f.worker->counters, stage), of_ports ? 2 : 1);
		cr_assert_eq(bursts(f.lane_counters, stage), of_ports ? 0 : 1);
		cycles += jg_count_read(&f.worker->counters.stage_cycles[stage]);
	}
	cr_assert(cycles > 0 && cycles <= fixture_count(&f, JG_COUNTER_CYCLES_BUSY));
}

Test(worker, slow_signatures_take_the_lane_and_come_back_with_a_reason)
{
	start(true);
	uint32_t len = request(token_join(10, token_bytes), 0, JG_VENDOR_VONAGE, 0);
	sent = packet_request(4, 0, datagram, len);
	fixture_put(&f, &sent, 2000, false);
	send_request(token_join(10, token_bytes), 6, 0);
	cr_assert(jg_worker_poll(f.worker));
	cr_assert_eq(reason_of_next(), JG_REASON_OK); // the fast one does not wait
	no_answer();
	fixture_run(&f);
	cr_assert_eq(reason_of_next(), JG_REASON_BAD_ALG);
	cr_assert_eq(fixture_count(&f, JG_COUNTER_LANE_QUEUED), 1);
	cr_assert_eq(fixture_count(&f, JG_COUNTER_LANE_ANSWERED), 1);
	cr_assert_eq(
		jg_count_read(&f.lane_counters->verdicts[JG_VENDOR_VONAGE][JG_REASON_BAD_ALG]), 1);
	sent = packet_arp(1, gate_v4);
	fixture_put(&f, &sent, 2000, false);
	fixture_run(&f);
	each_stage_was_timed_once_a_burst();
	fixture_stop(&f);
}

Test(worker, a_full_lane_says_overloaded_at_once)
{
	start(true);
	uint32_t len = request(token_join(10, token_bytes), 0, JG_VENDOR_VONAGE, 0);
	sent = packet_request(4, 0, datagram, len);
	for (unsigned i = 0; i < JG_LANE_JOBS + 5; i++)
		fixture_put(&f, &sent, 2000, false);
	while (rte_ring_count(f.in) > 0)
		cr_assert(jg_worker_poll(f.worker));
	for (unsigned i = 0; i < 5; i++)
		cr_assert_eq(reason_of_next(), JG_REASON_OVERLOADED);
	no_answer();
	cr_assert_eq(fixture_count(&f, JG_COUNTER_LANE_FULL), 5);
	fixture_run(&f);
	cr_assert_eq(fixture_count(&f, JG_COUNTER_VERDICT), JG_LANE_JOBS + 5);
	fixture_stop(&f);
}

// Time is over at nanosecond 0 of the machine's, and far from it at INT64_MAX: whatever the clock says.
Test(worker, beyond_the_states_time_all_is_overloaded_without_a_message)
{
	_Atomic int64_t until = INT64_MAX;
	start(true);
	f.state.admit_until = &until;
	send_request(token_join(10, token_bytes), 4, 0);
	fixture_run(&f);
	cr_assert_eq(reason_of_next(), JG_REASON_OK);
	until = 0;
	send_request(token_join(10, token_bytes), 4, 0);
	fixture_run(&f);
	cr_assert_eq(reason_of_next(), JG_REASON_OVERLOADED);
	until = INT64_MAX;
	send_request(token_join(10, token_bytes), 4, 0);
	fixture_run(&f);
	cr_assert_eq(reason_of_next(), JG_REASON_OK);
	fixture_stop(&f);
}

Test(worker, a_burst_is_in_time_up_to_the_very_end)
{
	_Atomic int64_t until = 500;
	start(true);
	struct jg_judge *judge = &f.worker->judge;
	f.state.admit_until = &until;
	fixture_run(&f);
	judge->live_n = 1;
	judge->shed_n = 0;
	jg_judge_fence(judge, 500);
	cr_assert_eq(judge->live_n, 1);
	jg_judge_fence(judge, 501);
	cr_assert_eq(judge->live_n, 0);
	cr_assert_eq(judge->shed_n, 1);
	fixture_stop(&f);
}

Test(worker, the_end_waits_for_what_the_lane_still_has)
{
	start(true);
	uint32_t len = request(token_join(10, token_bytes), 0, JG_VENDOR_VONAGE, 0);
	sent = packet_request(4, 0, datagram, len);
	for (unsigned i = 0; i < 3; i++)
		fixture_put(&f, &sent, 2000, false);
	cr_assert(jg_worker_poll(f.worker));
	send_request(token_join(10, token_bytes), 4, 0);
	cr_assert_not(jg_worker_finish(f.worker, 1)); // nobody turns the lane: it is given up on
	cr_assert_eq(reason_of_next(), JG_REASON_OK); // but not what had arrived
	no_answer();
	cr_assert(jg_lane_poll(f.lane));
	cr_assert(jg_worker_finish(f.worker, UINT64_MAX));
	for (unsigned i = 0; i < 3; i++)
		cr_assert_eq(reason_of_next(), JG_REASON_BAD_ALG);
	cr_assert_eq(fixture_count(&f, JG_COUNTER_VERDICT), 4);
	fixture_stop(&f);
}

Test(worker, the_end_without_a_lane_comes_when_nothing_arrives)
{
	start(true);
	fixture_run(&f);
	send_request(token_join(10, token_bytes), 4, 0);
	send_request(token_join(10, token_bytes), 6, 0);
	cr_assert(jg_worker_finish(f.worker, UINT64_MAX));
	cr_assert_eq(reason_of_next(), JG_REASON_OK);
	cr_assert_eq(reason_of_next(), JG_REASON_OK);
	fixture_stop(&f);
}

Test(worker, a_ping_is_answered_with_the_load)
{
	struct jg_wire_request wire = {.id = 77, .type = JG_WIRE_PING};

	start(true);
	send_request(token_join(10, token_bytes), 4, 0);
	fixture_run(&f);
	size_t len = jg_wire_request_build(&wire, NULL, datagram, sizeof(datagram));
	cr_assert_gt(len, 0);
	sent = packet_request(6, 1, datagram, (uint32_t)len);
	fixture_put(&f, &sent, 2000, false);
	fixture_run(&f);
	cr_assert_eq(reason_of_next(), JG_REASON_OK);
	fixture_get(&f, &got);
	struct jg_wire_reply reply = reply_in(&got);
	cr_assert_eq(reply.load.verdicts, 1);
	cr_assert_eq(reply.load.epoch, 1);
	cr_assert_eq(fixture_count(&f, JG_COUNTER_PING), 1);
	fixture_stop(&f);
}

Test(worker, a_refresh_brings_a_token_that_is_admitted_again)
{
	start(false);
	uint32_t len = request_of(JG_REQUEST_REFRESH, token_join(10, token_bytes), 9,
		JG_VENDOR_LIVEKIT, JG_WIRE_WANT(TOKEN));
	sent = packet_request(4, 0, datagram, len);
	fixture_put(&f, &sent, 2000, false);
	fixture_run(&f);
	fixture_get(&f, &got);
	struct jg_wire_reply reply = reply_in(&got);
	cr_assert_eq(reply.verdict.reason, JG_REASON_OK);
	cr_assert_gt(reply.token.len, 100);
	cr_assert_eq(fixture_count(&f, JG_COUNTER_REFRESHED), 1);
	memcpy(token_bytes, reply.token.p, reply.token.len);
	len = request((struct jg_str){token_bytes, reply.token.len}, 9, JG_VENDOR_LIVEKIT, 0);
	sent = packet_request(6, 0, datagram, len);
	fixture_put(&f, &sent, 2000, false);
	fixture_run(&f);
	cr_assert_eq(reason_of_next(), JG_REASON_OK);
	fixture_stop(&f);
}

Test(worker, frames_in_segments_for_others_leave_the_buffers_to_refreshes)
{
	start(false);
	for (unsigned i = 0; i < 100; i++) {
		uint32_t len = request(token_join(10, token_bytes), 9, JG_VENDOR_LIVEKIT, 0);
		sent = packet_request(4, 0, datagram, len);
		sent.bytes[5] ^= 1; // another host's
		fixture_put(&f, &sent, 100, false);
	}
	fixture_run(&f);
	no_answer();
	uint32_t len = request_of(JG_REQUEST_REFRESH, token_join(10, token_bytes), 9,
		JG_VENDOR_LIVEKIT, JG_WIRE_WANT(TOKEN));
	sent = packet_request(4, 0, datagram, len);
	fixture_put(&f, &sent, 2000, false);
	fixture_run(&f);
	cr_assert_eq(reason_of_next(), JG_REASON_OK);
	cr_assert_eq(fixture_count(&f, JG_COUNTER_REFRESHED), 1);
	fixture_stop(&f);
}

Test(worker, refreshes_without_a_key_mint_nothing)
{
	start(true);
	uint32_t len = request_of(JG_REQUEST_REFRESH, token_join(10, token_bytes), 0,
		JG_VENDOR_LIVEKIT, JG_WIRE_WANT(TOKEN));
	sent = packet_request(4, 0, datagram, len);
	fixture_put(&f, &sent, 2000, false);
	fixture_run(&f);
	cr_assert_neq(reason_of_next(), JG_REASON_OK);
	cr_assert_eq(fixture_count(&f, JG_COUNTER_REFRESHED), 0);
	fixture_stop(&f);
}
