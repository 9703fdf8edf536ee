// SPDX-License-Identifier: BSD-3-Clause
#include "gate_fixture.h"
#include "internal/fingerprint.h"
#include "tokens.h"
#include "witness.h"

static struct fixture f;
static struct jg_witness witness;
static char token_bytes[24000];
static uint8_t datagram[JG_WIRE_DATAGRAM_MAX];
static uint32_t datagram_len;

static void start(uint32_t refusals)
{
	struct jg_error err;

	fixture_start(&f, 256);
	fixture_publish(&f, token_apps(), true);
	cr_assert_eq(jg_witness_init(&witness, &err), 0, "%s", err.text);
	atomic_store(&witness.refusals, refusals);
	f.worker->judge.witness = &witness;
}

static void stop(void)
{
	fixture_stop(&f);
	jg_witness_fini(&witness);
}

// One request for these tokens' app; what is asked beside the token is never to be noted.
static void put_request(struct jg_str token, unsigned family)
{
	struct jg_wire_request wire = {.id = 77, .flags = JG_WIRE_WANT(IDENTITY)};
	struct jg_request ask = {.token = token,
		.room = JG_STR("the-room"),
		.vendor = JG_VENDOR_LIVEKIT,
		.type = JG_REQUEST_JOIN};

	wire.type = JG_REQUEST_JOIN;
	datagram_len = (uint32_t)jg_wire_request_build(&wire, &ask, datagram, sizeof(datagram));
	cr_assert_gt(datagram_len, 0);
	struct packet sent = packet_request(family, 0, datagram, datagram_len);
	fixture_put(&f, &sent, 2000, false);
}

// A token for another room: refused as room_mismatch, with its app and secret known.
static struct jg_str mismatch(void)
{
	return token_join(10, token_bytes);
}

static struct jg_str forged(void)
{
	struct jg_str token = mismatch();

	token_bytes[token.len - 5] ^= 1;
	return token;
}

static const struct jg_note *next_note(void)
{
	static struct jg_note note;
	uint32_t len;
	const struct jg_note *found = jg_spool_peek(witness.notes, &len);

	if (found == NULL)
		return NULL;
	cr_assert_eq(len, sizeof(note));
	note = *found;
	jg_spool_release(witness.notes);
	return &note;
}

static const struct jg_captured *next_packet(void)
{
	static uint8_t copy[sizeof(struct jg_captured) + JG_WIRE_DATAGRAM_MAX];
	const struct jg_captured *packet = (const struct jg_captured *)(void *)copy;
	uint32_t len;
	const void *found = jg_spool_peek(witness.packets, &len);

	if (found == NULL)
		return NULL;
	memcpy(copy, found, len);
	cr_assert_eq(len, sizeof(*packet) + packet->len);
	jg_spool_release(witness.packets);
	return packet;
}

static bool holds(const void *bytes, size_t n, const char *text)
{
	return memmem(bytes, n, text, strlen(text)) != NULL;
}

Test(witness, a_refusal_is_noted_without_what_the_token_says)
{
	start(5);
	put_request(mismatch(), 4);
	fixture_run(&f);
	const struct jg_note *note = next_note();
	cr_assert_not_null(note);
	cr_assert_eq(note->reason, JG_REASON_ROOM_MISMATCH);
	cr_assert_eq(note->vendor, JG_VENDOR_LIVEKIT);
	cr_assert_eq(note->rule, JG_RULE_MISMATCH);
	cr_assert_eq(note->type, JG_REQUEST_JOIN);
	cr_assert_eq(note->request_id, 77);
	cr_assert_eq(note->front_end, 0);
	cr_assert_eq(note->skipped, 0);
	cr_assert_eq(note->app_len, sizeof(TOKEN_KEY) - 1);
	cr_assert_arr_eq(note->app, TOKEN_KEY, sizeof(TOKEN_KEY) - 1);
	cr_assert_eq(note->key_len, 1);
	cr_assert_eq(note->subject_len, 4);
	cr_assert_arr_eq(note->subject, "room", 4);
	cr_assert_not(holds(note, sizeof(*note), "the-room"));
	struct jg_str token = mismatch();
	cr_assert_eq(note->fingerprint, jg_fingerprint(token.p, token.len));
	cr_assert_null(next_note());
	stop();
}

Test(witness, an_admitted_join_is_not_noted)
{
	start(5);
	struct jg_wire_request wire = {.id = 1, .type = JG_REQUEST_JOIN};
	struct jg_request ask = {
		.token = mismatch(), .vendor = JG_VENDOR_LIVEKIT, .type = JG_REQUEST_JOIN};
	size_t len = jg_wire_request_build(&wire, &ask, datagram, sizeof(datagram));
	struct packet sent = packet_request(4, 0, datagram, (uint32_t)len);
	fixture_put(&f, &sent, 2000, false);
	fixture_run(&f);
	cr_assert_eq(
		jg_count_read(&f.worker->counters.verdicts[JG_VENDOR_LIVEKIT][JG_REASON_OK]), 1);
	cr_assert_null(next_note());
	cr_assert_null(next_packet());
	stop();
}

Test(witness, a_second_has_so_many_notes_of_a_reason_and_the_next_counts_the_rest)
{
	start(2);
	for (unsigned i = 0; i < 7; i++)
		put_request(mismatch(), 4);
	fixture_run(&f);
	unsigned notes = 0;
	uint64_t skipped = 0;
	for (const struct jg_note *note; (note = next_note()) != NULL; notes++)
		skipped += note->skipped;
	cr_assert_eq(notes, 2);
	cr_assert_eq(skipped, 0);
	cr_assert_eq(f.worker->judge.sampler.skipped[JG_REASON_ROOM_MISMATCH], 5);
	f.worker->judge.sampler.second = 0; // another second
	put_request(mismatch(), 4);
	fixture_run(&f);
	cr_assert_eq(next_note()->skipped, 5);
	stop();
}

Test(witness, reasons_have_their_own_share)
{
	start(1);
	for (unsigned i = 0; i < 3; i++)
		put_request(mismatch(), 4);
	put_request(forged(), 4);
	fixture_run(&f);
	cr_assert_eq(next_note()->reason, JG_REASON_ROOM_MISMATCH);
	const struct jg_note *note = next_note();
	cr_assert_eq(note->reason, JG_REASON_BAD_SIGNATURE);
	cr_assert_null(next_note());
	stop();
}

Test(witness, none_is_noted_where_none_is_wanted)
{
	start(0);
	put_request(mismatch(), 4);
	fixture_run(&f);
	cr_assert_null(next_note());
	stop();
}

Test(witness, notes_without_room_are_counted_and_told_later)
{
	start(UINT32_MAX);
	unsigned sent = 0;
	while (fixture_count(&f, JG_COUNTER_NOTES_LOST) == 0) {
		for (unsigned i = 0; i < 32; i++, sent++)
			put_request(mismatch(), 4);
		fixture_run(&f);
		struct packet p;
		do
			fixture_get(&f, &p);
		while (p.len > 0);
	}
	uint64_t told = 0;
	for (const struct jg_note *note; (note = next_note()) != NULL;)
		told += 1 + note->skipped;
	cr_assert_eq(told + fixture_count(&f, JG_COUNTER_NOTES_LOST), sent);
	put_request(mismatch(), 4);
	fixture_run(&f);
	cr_assert_eq(told + 1 + next_note()->skipped, sent + 1);
	stop();
}

Test(witness, nothing_is_captured_unless_it_is_wanted)
{
	start(1);
	put_request(mismatch(), 4);
	fixture_run(&f);
	cr_assert_null(next_packet());
	cr_assert_eq(fixture_count(&f, JG_COUNTER_CAPTURED), 0);
	stop();
}

static void captured_request(unsigned family)
{
	const struct jg_captured *packet = next_packet();

	cr_assert_not_null(packet);
	cr_assert_not(packet->reply);
	cr_assert_eq(packet->family, family);
	cr_assert_eq(packet->peer_port, 40000);
	cr_assert_arr_eq(packet->peer, family == 4 ? peer_v4 : peer_v6, family == 4 ? 4 : 16);
	cr_assert_eq(packet->note.reason, JG_REASON_ROOM_MISMATCH);
	cr_assert_gt(packet->time_ns, INT64_C(1600000000000000000));
	cr_assert_eq(packet->len, datagram_len);
	cr_assert_arr_eq((const uint8_t *)(packet + 1), datagram, datagram_len);
}

static void captured_reply(void)
{
	const struct jg_captured *packet = next_packet();
	struct jg_wire_reply reply;

	cr_assert_not_null(packet);
	cr_assert(packet->reply);
	cr_assert_eq(jg_wire_reply_parse((const uint8_t *)(packet + 1), packet->len, &reply),
		JG_WIRE_FATE_OK);
	cr_assert_eq(reply.echo.id, 77);
	cr_assert_eq(reply.verdict.reason, JG_REASON_ROOM_MISMATCH);
}

Test(witness, a_request_and_its_reply_are_captured_as_they_were)
{
	start(1);
	atomic_store(&witness.capture, UINT64_C(0xffffffffff));
	for (unsigned family = 4; family <= 6; family += 2) {
		put_request(mismatch(), family);
		fixture_run(&f);
		captured_request(family);
		captured_reply();
		cr_assert_null(next_packet());
	}
	cr_assert_eq(fixture_count(&f, JG_COUNTER_CAPTURED), 4);
	stop();
}

// What is wanted, by reason, vendor and app.
static void wants(uint64_t wanted, bool expected)
{
	atomic_store(&witness.capture, wanted);
	put_request(mismatch(), 6);
	fixture_run(&f);
	cr_assert_eq(next_packet() != NULL, expected, "%lx", (unsigned long)wanted);
	cr_assert_eq(next_packet() != NULL, expected);
	cr_assert_null(next_packet());
}

Test(witness, only_what_is_wanted_is_captured)
{
	const uint64_t reason = UINT64_C(1) << JG_REASON_ROOM_MISMATCH;
	const uint64_t vendor = UINT64_C(1) << (32 + JG_VENDOR_LIVEKIT);
	const uint64_t app = (uint64_t)jg_capture_app(JG_STR(TOKEN_KEY)) << 40;
	const uint64_t other = (uint64_t)jg_capture_app(JG_STR("other")) << 40;

	cr_assert_neq(app, other);
	start(1);
	wants(reason | vendor, true);
	wants(reason | vendor | app, true);
	wants(reason | vendor | other, false);
	wants(reason | UINT64_C(1) << (32 + JG_VENDOR_AGORA), false);
	wants((UINT64_C(0xffffffff) & ~reason) | vendor, false);
	wants(vendor, false);
	stop();
}

Test(witness, packets_without_room_are_counted)
{
	start(1);
	atomic_store(&witness.capture, UINT64_C(0xffffffffff));
	struct jg_str token = token_join(15000, token_bytes);
	unsigned sent = 0;
	while (fixture_count(&f, JG_COUNTER_CAPTURE_LOST) == 0 && sent < 1000) {
		struct jg_wire_request wire = {.id = 1, .type = JG_REQUEST_JOIN};
		struct jg_request ask = {
			.token = token, .vendor = JG_VENDOR_LIVEKIT, .type = JG_REQUEST_JOIN};
		size_t len = jg_wire_request_build(&wire, &ask, datagram, sizeof(datagram));
		struct packet packet = packet_request(4, 0, datagram, (uint32_t)len);
		struct packet p;
		fixture_put(&f, &packet, 2000, false);
		fixture_run(&f);
		sent++;
		do
			fixture_get(&f, &p);
		while (p.len > 0);
	}
	uint64_t got = 0;
	while (next_packet() != NULL)
		got++;
	cr_assert_eq(got, fixture_count(&f, JG_COUNTER_CAPTURED));
	cr_assert_lt(sent, 1000);
	stop();
}
