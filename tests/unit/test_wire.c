// SPDX-License-Identifier: BSD-3-Clause
#include "bytes.h"
#include "wire_sample.h"

#include <criterion/criterion.h>

#define FE 7

static uint8_t buffer[JG_WIRE_DATAGRAM_MAX];

static size_t build(uint16_t front_end)
{
	const struct jg_wire_request wire = sample_wire(front_end);
	const struct jg_request request = sample_request();
	return jg_wire_request_build(&wire, &request, buffer, sizeof(buffer));
}

static enum jg_wire_fate fate_of(const uint8_t *datagram, size_t len)
{
	struct jg_wire_request wire;
	struct jg_request request;
	uint8_t *copy = exact_copy(datagram, len);
	const enum jg_wire_fate fate = jg_wire_request_parse(copy, len, &wire, &request);
	free(copy);
	return fate;
}

// The datagram in buffer with one byte changed.
static enum jg_wire_fate fate_with(size_t len, size_t at, uint8_t value)
{
	const uint8_t kept = buffer[at];
	buffer[at] = value;
	const enum jg_wire_fate fate = fate_of(buffer, len);
	buffer[at] = kept;
	return fate;
}

static void check_sample(uint16_t front_end)
{
	struct jg_wire_request wire;
	struct jg_request request;
	const struct jg_request sent = sample_request();
	const size_t len = build(front_end);
	cr_assert_eq(jg_wire_request_parse(buffer, len, &wire, &request), JG_WIRE_FATE_OK);
	cr_assert_eq(wire.id, UINT64_C(0x1122334455667788));
	cr_assert_eq(wire.flags, JG_WIRE_WANT_ALL);
	cr_assert_eq(wire.front_end, front_end);
	cr_assert_eq(wire.type, JG_REQUEST_JOIN);
	cr_assert_eq(wire.len, len);
	cr_assert_eq(wire.token_at + strlen(SAMPLE_TOKEN) + (front_end == 0 ? 0 : 16), len);
	cr_assert(jg_str_eq(request.token, sent.token));
	cr_assert(jg_str_eq(request.app, sent.app));
	cr_assert(jg_str_eq(request.room, sent.room));
	cr_assert(jg_str_eq(request.identity, sent.identity));
	cr_assert_eq(request.vendor, JG_VENDOR_STREAM);
	cr_assert_eq(request.type, JG_REQUEST_JOIN);
	cr_assert_eq(request.flags, JG_REQUEST_TOKEN_ID);
	cr_assert_eq(request.caller, 0);
}

Test(wire, request_comes_back_as_sent)
{
	check_sample(FE);
	check_sample(0);
}

Test(wire, header_has_the_published_layout)
{
	static const uint8_t expected[] = {'J', 'G', 1, 1, 0, 0, 0, 170, 0x11, 0x22, 0x33, 0x44,
		0x55, 0x66, 0x77, 0x88, 0, 3, 0xff, 0xee, 0, FE, 2, 0, 0, 1, 0, 4, 'j', 'o', 'h',
		'n', 0, 2, 0, 14};
	cr_assert_eq(build(FE), 170);
	cr_assert_arr_eq(buffer, expected, sizeof(expected));
}

Test(wire, absent_and_empty_fields_stay_different)
{
	struct jg_wire_request wire = sample_wire(FE);
	struct jg_request request = {.token = JG_STR("t"),
		.room = {"", 0},
		.vendor = JG_VENDOR_LIVEKIT,
		.service = JG_SERVICE_RTM};
	wire.flags = 0;
	wire.type = JG_REQUEST_REFRESH;
	const size_t len = jg_wire_request_build(&wire, &request, buffer, sizeof(buffer));
	cr_assert_eq(len, JG_WIRE_HEADER + 4 + 4 + 1 + JG_WIRE_MAC_SIZE);
	cr_assert_eq(jg_wire_request_parse(buffer, len, &wire, &request), JG_WIRE_FATE_OK);
	cr_assert_not_null(request.room.p);
	cr_assert_eq(request.room.len, 0);
	cr_assert_null(request.identity.p);
	cr_assert_null(request.app.p);
	cr_assert_eq(request.service, JG_SERVICE_RTM);
	cr_assert_eq(request.type, JG_REQUEST_REFRESH);
	cr_assert_eq(request.flags, 0);
}

Test(wire, token_of_20480_bytes_with_everything_else_at_its_limit_fits)
{
	static char big[JG_TOKEN_MAX];
	memset(big, 'a', sizeof(big));
	struct jg_wire_request wire = sample_wire(FE);
	wire.padding = JG_WIRE_STRING_MAX;
	struct jg_request request = {.token = {big, sizeof(big)},
		.app = {big, JG_WIRE_APP_MAX},
		.room = {big, JG_WIRE_STRING_MAX},
		.identity = {big, JG_WIRE_STRING_MAX},
		.vendor = JG_VENDOR_LIVEKIT};
	const size_t len = jg_wire_request_build(&wire, &request, buffer, sizeof(buffer));
	cr_assert_gt(len, sizeof(big));
	cr_assert_eq(fate_of(buffer, len), JG_WIRE_FATE_OK);
	cr_assert_eq(jg_wire_request_build(&wire, &request, buffer, len - 1), 0);
	request.app.len++;
	cr_assert_eq(jg_wire_request_build(&wire, &request, buffer, sizeof(buffer)), 0);
}

Test(wire, unauthenticated_requests_are_padded_to_the_least_reply)
{
	struct jg_wire_request wire = sample_wire(0);
	char token[64];
	memset(token, 'a', sizeof(token));
	for (uint32_t n = 0; n < sizeof(token); n++) {
		struct jg_request request = {.token = {token, n}, .vendor = JG_VENDOR_LIVEKIT};
		const size_t len = jg_wire_request_build(&wire, &request, buffer, sizeof(buffer));
		cr_assert_geq(len, JG_WIRE_VERDICT);
		cr_assert_leq(len, JG_WIRE_VERDICT + JG_WIRE_FIELD_COUNT + n);
		struct jg_wire_request read;
		cr_assert_eq(jg_wire_request_parse(buffer, len, &read, &request), JG_WIRE_FATE_OK);
		cr_assert_eq(request.token.len, n);
	}
}

Test(wire, asked_padding_is_added_and_ignored)
{
	struct jg_wire_request wire = sample_wire(0);
	struct jg_request request = sample_request();
	const size_t bare = jg_wire_request_build(&wire, &request, buffer, sizeof(buffer));
	wire.padding = 300;
	const size_t len = jg_wire_request_build(&wire, &request, buffer, sizeof(buffer));
	cr_assert_eq(len, bare + 304);
	memset(buffer + len - strlen(SAMPLE_TOKEN) - 4 - 300, 0xa5, 300);
	cr_assert_eq(fate_of(buffer, len), JG_WIRE_FATE_OK);
	wire.padding = JG_WIRE_STRING_MAX + 1;
	cr_assert_eq(jg_wire_request_build(&wire, &request, buffer, sizeof(buffer)), 0);
}

Test(wire, ping_carries_nothing_but_padding)
{
	struct jg_wire_request wire = {.id = 1, .type = JG_WIRE_PING};
	const size_t len = jg_wire_request_build(&wire, NULL, buffer, sizeof(buffer));
	cr_assert_eq(len, JG_WIRE_VERDICT);
	struct jg_request request;
	cr_assert_eq(jg_wire_request_parse(buffer, len, &wire, &request), JG_WIRE_FATE_OK);
	cr_assert_eq(wire.token_at, len);
	cr_assert_eq(request.vendor, JG_VENDOR_NONE);
	cr_assert_eq(fate_with(len, 22, 1), JG_WIRE_FATE_VENDOR);
	cr_assert_eq(fate_with(len, 23, 1), JG_WIRE_FATE_SERVICE);
	cr_assert_eq(fate_with(len, 19, 2), JG_WIRE_FATE_FLAGS);
	cr_assert_eq(fate_with(len, 25, JG_WIRE_FIELD_ROOM), JG_WIRE_FATE_FIELD);
	cr_assert_eq(fate_with(len, 25, JG_WIRE_FIELD_TOKEN), JG_WIRE_FATE_FIELD);
}

Test(wire, nothing_malformed_is_built)
{
	struct jg_wire_request wire = sample_wire(FE);
	struct jg_request request = sample_request();
	request.vendor = JG_VENDOR_NONE;
	cr_assert_eq(jg_wire_request_build(&wire, &request, buffer, sizeof(buffer)), 0);
	request = sample_request();
	request.service = 2;
	cr_assert_eq(jg_wire_request_build(&wire, &request, buffer, sizeof(buffer)), 0);
	request = sample_request();
	wire.flags |= JG_WIRE_CUT;
	cr_assert_eq(jg_wire_request_build(&wire, &request, buffer, sizeof(buffer)), 0);
	wire = sample_wire(FE);
	wire.type = 5;
	cr_assert_eq(jg_wire_request_build(&wire, &request, buffer, sizeof(buffer)), 0);
	wire.type = 0;
	cr_assert_eq(jg_wire_request_build(&wire, &request, buffer, sizeof(buffer)), 0);
}

Test(wire, every_header_byte_that_is_wrong_has_its_fate)
{
	static const struct {
		uint8_t at, value, fate;
	} rows[] = {
		{0, 'j', JG_WIRE_FATE_MAGIC},
		{1, 0, JG_WIRE_FATE_MAGIC},
		{2, 0, JG_WIRE_FATE_VERSION},
		{2, 2, JG_WIRE_FATE_VERSION},
		{3, 0, JG_WIRE_FATE_TYPE},
		{3, 5, JG_WIRE_FATE_TYPE},
		{3, 0x81, JG_WIRE_FATE_TYPE},
		{4, 1, JG_WIRE_FATE_TRUNCATED},
		{7, 0, JG_WIRE_FATE_TRAILING},
		{16, 0x80, JG_WIRE_FATE_FLAGS},
		{17, 4, JG_WIRE_FATE_FLAGS},
		{19, 1, JG_WIRE_FATE_FLAGS},
		{19, 0x10, JG_WIRE_FATE_FLAGS},
		{22, 0, JG_WIRE_FATE_VENDOR},
		{22, JG_VENDOR_COUNT, JG_WIRE_FATE_VENDOR},
		{23, 2, JG_WIRE_FATE_SERVICE},
		{24, 1, JG_WIRE_FATE_FIELD},
		{25, 0, JG_WIRE_FATE_FIELD},
		{25, 2, JG_WIRE_FATE_FIELD},
		{25, 6, JG_WIRE_FATE_FIELD},
		{26, 1, JG_WIRE_FATE_FIELD_LENGTH},
	};
	const size_t len = build(FE);
	for (size_t i = 0; i < JG_ARRAY_SIZE(rows); i++)
		cr_assert_eq(fate_with(len, rows[i].at, rows[i].value), rows[i].fate, "row %zu: %s",
			i, jg_wire_fate_name(fate_with(len, rows[i].at, rows[i].value)));
}

static void put_length(uint32_t claimed)
{
	buffer[4] = (uint8_t)(claimed >> 24);
	buffer[5] = (uint8_t)(claimed >> 16);
	buffer[6] = (uint8_t)(claimed >> 8);
	buffer[7] = (uint8_t)claimed;
}

Test(wire, lengths_that_lie_are_refused)
{
	static const uint32_t claims[] = {70000, 65536, 24001, UINT32_MAX, 0x80000000u};
	const uint32_t len = (uint32_t)build(FE);
	for (size_t i = 0; i < JG_ARRAY_SIZE(claims); i++) {
		put_length(claims[i]);
		cr_assert_eq(fate_of(buffer, len), JG_WIRE_FATE_TRUNCATED);
	}
	for (uint32_t claimed = 0; claimed < len; claimed++) {
		put_length(claimed);
		cr_assert_eq(fate_of(buffer, len), JG_WIRE_FATE_TRAILING);
	}
}

Test(wire, datagram_of_70000_bytes_is_refused)
{
	static uint8_t big[70000];
	memcpy(big, buffer, build(FE));
	big[5] = 1;
	big[6] = 0x11;
	big[7] = 0x70;
	cr_assert_eq(fate_of(big, sizeof(big)), JG_WIRE_FATE_TRUNCATED);
}

Test(wire, truncation_is_refused_at_every_length)
{
	for (uint16_t front_end = 0; front_end <= 1; front_end++) {
		const size_t len = build(front_end);
		for (size_t n = 0; n < len; n++) {
			const enum jg_wire_fate fate = fate_of(buffer, n);
			cr_assert_eq(fate,
				n < JG_WIRE_HEADER ? JG_WIRE_FATE_SHORT : JG_WIRE_FATE_TRUNCATED);
		}
	}
}

Test(wire, truncation_with_an_honest_length_is_refused_unless_only_the_token_shrinks)
{
	const size_t whole = build(FE);
	const size_t token_at = whole - 16 - strlen(SAMPLE_TOKEN);
	for (size_t n = 0; n < whole; n++) {
		(void)build(FE);
		put_length((uint32_t)n);
		const enum jg_wire_fate fate = fate_of(buffer, n);
		cr_assert_neq(fate, JG_WIRE_FATE_OK, "%zu", n);
		if (n >= token_at + 16)
			cr_assert_eq(fate, JG_WIRE_FATE_FIELD_LENGTH);
	}
}

Test(wire, trailing_bytes_after_the_fields_are_refused)
{
	const size_t len = build(0);
	for (size_t extra = 1; extra < 8; extra++) {
		memset(buffer + len, 0, extra);
		put_length((uint32_t)(len + extra));
		cr_assert_eq(fate_of(buffer, len + extra),
			extra < 4 ? JG_WIRE_FATE_TRAILING : JG_WIRE_FATE_FIELD);
	}
}

Test(wire, request_without_token_is_refused)
{
	const size_t len = build(FE);
	const size_t cut = strlen(SAMPLE_TOKEN) + 4;
	put_length((uint32_t)(len - cut));
	cr_assert_eq(fate_of(buffer, len - cut), JG_WIRE_FATE_NO_TOKEN);
}

Test(wire, fields_over_their_limit_are_refused)
{
	static const uint8_t codes[] = {JG_WIRE_FIELD_IDENTITY, JG_WIRE_FIELD_ROOM,
		JG_WIRE_FIELD_APP, JG_WIRE_FIELD_PADDING};
	for (size_t i = 0; i < sizeof(codes); i++) {
		const uint32_t limit = codes[i] == JG_WIRE_FIELD_APP ? 128 : 1024;
		const size_t len = build(FE) + 2000;
		memset(buffer + 24, 0, 2200);
		put_length((uint32_t)len);
		buffer[25] = codes[i];
		buffer[26] = (uint8_t)((limit + 1) >> 8);
		buffer[27] = (uint8_t)(limit + 1);
		cr_assert_eq(fate_of(buffer, len), JG_WIRE_FATE_FIELD_LENGTH);
		buffer[26] = (uint8_t)(limit >> 8);
		buffer[27] = (uint8_t)limit;
		cr_assert_eq(fate_of(buffer, len), JG_WIRE_FATE_FIELD);
	}
}

Test(wire, unauthenticated_request_shorter_than_a_reply_is_refused)
{
	struct jg_wire_request wire = sample_wire(FE);
	struct jg_request request = {.token = JG_STR("t"), .vendor = JG_VENDOR_LIVEKIT};
	const size_t len = jg_wire_request_build(&wire, &request, buffer, sizeof(buffer));
	cr_assert_eq(len, 45);
	cr_assert_eq(fate_of(buffer, len), JG_WIRE_FATE_OK);
	cr_assert_eq(fate_with(len, 21, 0), JG_WIRE_FATE_SHORT);
}

Test(wire, every_changed_byte_is_handled_within_the_datagram)
{
	const size_t len = build(FE);
	for (size_t at = 0; at < len; at++) {
		for (unsigned value = 0; value < 256; value++) {
			uint8_t *copy = exact_copy(buffer, len);
			struct jg_wire_request wire;
			struct jg_request request;
			copy[at] = (uint8_t)value;
			const enum jg_wire_fate fate =
				jg_wire_request_parse(copy, len, &wire, &request);
			cr_assert_lt(fate, JG_WIRE_FATE_COUNT);
			cr_assert(is_within(request.token, copy, len));
			cr_assert(is_within(request.app, copy, len));
			cr_assert(is_within(request.room, copy, len));
			cr_assert(is_within(request.identity, copy, len));
			free(copy);
		}
	}
}

static bool is_same(struct jg_str a, struct jg_str b)
{
	return a.p == b.p && a.len == b.len;
}

// An ordinary request takes a short way, which must find what the long one does.
static void check_ways(const uint8_t *datagram, size_t len)
{
	struct jg_wire_request wire[2];
	struct jg_request request[2];
	uint8_t *copy = exact_copy(datagram, len);
	memset(wire, 0xa5, sizeof(wire));
	memset(request, 0xa5, sizeof(request));
	const enum jg_wire_fate fate = jg_wire_request_parse(copy, len, &wire[0], &request[0]);
	cr_assert_eq(fate, jg_wire_request_parse_any(copy, len, &wire[1], &request[1]));
	free(copy);
	if (fate != JG_WIRE_FATE_OK)
		return;
	cr_assert_eq(wire[0].id, wire[1].id);
	cr_assert_eq(wire[0].flags, wire[1].flags);
	cr_assert_eq(wire[0].front_end, wire[1].front_end);
	cr_assert_eq(wire[0].type, wire[1].type);
	cr_assert_eq(wire[0].vendor, wire[1].vendor);
	cr_assert_eq(wire[0].service, wire[1].service);
	cr_assert_eq(wire[0].padding, wire[1].padding);
	cr_assert_eq(wire[0].datagram, wire[1].datagram);
	cr_assert_eq(wire[0].len, wire[1].len);
	cr_assert_eq(wire[0].token_at, wire[1].token_at);
	cr_assert_arr_eq(wire[0].mac, wire[1].mac, sizeof(wire[0].mac));
	cr_assert(is_same(request[0].token, request[1].token));
	cr_assert(is_same(request[0].app, request[1].app));
	cr_assert(is_same(request[0].room, request[1].room));
	cr_assert(is_same(request[0].identity, request[1].identity));
	cr_assert_eq(request[0].vendor, request[1].vendor);
	cr_assert_eq(request[0].type, request[1].type);
	cr_assert_eq(request[0].service, request[1].service);
	cr_assert_eq(request[0].flags, request[1].flags);
	cr_assert_eq(request[0].caller, request[1].caller);
}

Test(wire, the_short_way_of_ordinary_requests_finds_what_the_long_one_finds)
{
	const struct jg_request request = {
		.token = JG_STR(SAMPLE_TOKEN), .vendor = JG_VENDOR_LIVEKIT};
	for (unsigned i = 0; i < 4; i++) {
		struct jg_wire_request wire = sample_wire(i % 2 == 0 ? 0 : FE);
		wire.flags = i < 2 ? JG_WIRE_WANT(ROOM) : JG_WIRE_WANT_ALL;
		const size_t len = jg_wire_request_build(&wire, &request, buffer, sizeof(buffer));
		cr_assert_gt(len, 0);
		for (size_t at = 0; at < len; at++) {
			const uint8_t was = buffer[at];
			for (unsigned value = 0; value < 256; value++) {
				buffer[at] = (uint8_t)value;
				check_ways(buffer, len);
			}
			buffer[at] = was;
		}
		for (size_t part = 0; part <= len; part++) {
			check_ways(buffer, part);
			buffer[7] = (uint8_t)part; // the length it has
			check_ways(buffer, part);
			buffer[27] = (uint8_t)(part - 28 - (i % 2 == 0 ? 0 : 16)); // its token's
			check_ways(buffer, part);
			buffer[7] = (uint8_t)len;
		}
	}
}

Test(wire, every_fate_has_a_name)
{
	for (unsigned fate = 0; fate < JG_WIRE_FATE_COUNT; fate++)
		cr_assert_gt(strlen(jg_wire_fate_name(fate)), 1);
	cr_assert_str_eq(jg_wire_fate_name(JG_WIRE_FATE_COUNT), "?");
}
