// SPDX-License-Identifier: BSD-3-Clause
#include "internal/wire_reply.h"
#include "wire_sample.h"

#include <criterion/criterion.h>

#define FE 7

static uint8_t datagram[JG_WIRE_DATAGRAM_MAX];
static struct jg_wire_request wire;
static struct jg_request request;
static struct jg_wire_reply reply;

// A parsed request in datagram.
static size_t ask(uint16_t front_end, uint8_t type, uint32_t flags, uint16_t padding)
{
	struct jg_wire_request sent = sample_wire(front_end);
	const struct jg_request what = sample_request();
	sent.type = type;
	sent.flags = flags;
	sent.padding = padding;
	const size_t len = jg_wire_request_build(&sent, &what, datagram, sizeof(datagram));
	cr_assert_eq(jg_wire_request_parse(datagram, len, &wire, &request), JG_WIRE_FATE_OK);
	return len;
}

static size_t answer(const struct jg_verdict *verdict, struct jg_str token, size_t size)
{
	const size_t len = jg_wire_reply_build(&wire, verdict, token, datagram, size);
	if (len > 0)
		cr_assert_eq(jg_wire_reply_parse(datagram, len, &reply), JG_WIRE_FATE_OK);
	return len;
}

static void check_strings(const struct jg_verdict *got, const struct jg_verdict *sent)
{
	cr_assert(jg_str_eq(got->identity, sent->identity));
	cr_assert(jg_str_eq(got->room, sent->room));
	cr_assert(jg_str_eq(got->app, sent->app));
	cr_assert(jg_str_eq(got->role, sent->role));
	cr_assert(jg_str_eq(got->kind, sent->kind));
	cr_assert(jg_str_eq(got->name, sent->name));
	cr_assert(jg_str_eq(got->key, sent->key));
	cr_assert(jg_str_eq(got->layout_classes, sent->layout_classes));
	cr_assert(jg_str_eq(got->attributes, sent->attributes));
	cr_assert(jg_str_eq(got->metadata, sent->metadata));
	cr_assert(jg_str_eq(got->subject, sent->subject));
	cr_assert(jg_str_eq(got->ancestors, sent->ancestors));
	cr_assert(jg_str_eq(got->rtm_permissions, sent->rtm_permissions));
}

static void check_numbers(const struct jg_verdict *got, const struct jg_verdict *sent)
{
	cr_assert_eq(got->capabilities, sent->capabilities);
	cr_assert_eq(got->issued_at, sent->issued_at);
	cr_assert_eq(got->expires_at, sent->expires_at);
	cr_assert_eq(got->epoch, sent->epoch);
	cr_assert_eq(got->reason, sent->reason);
	cr_assert_eq(got->vendor, sent->vendor);
	cr_assert_eq(got->format, sent->format);
	cr_assert_eq(got->rule, sent->rule);
	cr_assert_eq(got->rule_value, sent->rule_value);
	cr_assert_eq(got->rule_limit, sent->rule_limit);
	cr_assert_eq(got->verified, sent->verified);
	cr_assert_arr_eq(got->token_id, sent->token_id, 16);
	cr_assert_eq(got->capability_expires_n, sent->capability_expires_n);
	for (uint32_t i = 0; i < sent->capability_expires_n; i++) {
		cr_assert_eq(got->capability_expires[i].capabilities,
			sent->capability_expires[i].capabilities);
		cr_assert_eq(got->capability_expires[i].expires_at,
			sent->capability_expires[i].expires_at);
	}
}

Test(reply, verdict_comes_back_whole)
{
	const struct jg_verdict verdict = sample_verdict();
	ask(FE, JG_REQUEST_REFRESH, JG_WIRE_WANT_ALL, 0);
	cr_assert_gt(answer(&verdict, JG_STR("new.token.here"), sizeof(datagram)), 0);
	check_strings(&reply.verdict, &verdict);
	check_numbers(&reply.verdict, &verdict);
	cr_assert(jg_str_eq(reply.token, JG_STR("new.token.here")));
	cr_assert_eq(reply.echo.id, UINT64_C(0x1122334455667788));
	cr_assert_eq(reply.echo.flags, JG_WIRE_WANT_ALL);
	cr_assert_eq(reply.echo.type, JG_REQUEST_REFRESH);
	cr_assert_eq(reply.echo.front_end, FE);
}

Test(reply, refusal_comes_back_without_strings_that_are_not_there)
{
	const struct jg_verdict verdict = {.reason = JG_REASON_BAD_SIGNATURE,
		.vendor = JG_VENDOR_STREAM,
		.issued_at = JG_TIME_NONE,
		.expires_at = JG_TIME_NONE};
	ask(FE, JG_REQUEST_JOIN, JG_WIRE_WANT_ALL, 0);
	const size_t len = answer(&verdict, (struct jg_str){NULL, 0}, sizeof(datagram));
	cr_assert_eq(len, JG_WIRE_VERDICT + JG_WIRE_MAC_SIZE);
	cr_assert_eq(reply.verdict.reason, JG_REASON_BAD_SIGNATURE);
	cr_assert_null(reply.verdict.identity.p);
}

Test(reply, only_wanted_fields_are_carried)
{
	const struct jg_verdict verdict = sample_verdict();
	for (unsigned code = 1; code < JG_WIRE_FIELD_COUNT; code++) {
		const uint32_t want = UINT32_C(1) << code;
		if ((want & JG_WIRE_WANT_ALL) == 0)
			continue;
		ask(FE, JG_REQUEST_REFRESH, want, 0);
		const size_t len = answer(&verdict, JG_STR("new"), sizeof(datagram));
		cr_assert_gt(len, JG_WIRE_VERDICT + JG_WIRE_MAC_SIZE + 4);
		cr_assert_eq(datagram[JG_WIRE_VERDICT + 1], code);
		const size_t n = datagram[JG_WIRE_VERDICT + 3];
		cr_assert_eq(len, JG_WIRE_VERDICT + 4 + n + JG_WIRE_MAC_SIZE);
	}
}

Test(reply, refreshed_token_is_for_refresh_requests_only)
{
	const struct jg_verdict verdict = sample_verdict();
	ask(FE, JG_REQUEST_JOIN, JG_WIRE_WANT(TOKEN), 0);
	cr_assert_eq(answer(&verdict, JG_STR("new"), sizeof(datagram)),
		JG_WIRE_VERDICT + JG_WIRE_MAC_SIZE);
}

// The verdict's strings lie in the request's bytes, in an order that makes each write hit another's
// source.
Test(reply, strings_in_the_request_survive_its_being_overwritten)
{
	const uint32_t strings = JG_WIRE_WANT(IDENTITY) | JG_WIRE_WANT(ROOM) | JG_WIRE_WANT(NAME) |
		JG_WIRE_WANT(ATTRIBUTES) | JG_WIRE_WANT(METADATA);
	for (size_t at = 0; at < 160; at++) {
		const size_t len =
			ask(FE, JG_REQUEST_JOIN, at % 2 == 0 ? JG_WIRE_WANT_ALL : strings, 200);
		for (size_t i = 24; i < len; i++)
			datagram[i] = (uint8_t)('!' + i % 90);
		const char *bytes = (const char *)datagram;
		const struct jg_verdict verdict = {
			.identity = {bytes + at + 150, 30},
			.room = {bytes + at + 80, 40},
			.name = {bytes + at + 40, 35},
			.attributes = {bytes + at + 85, 20},
			.metadata = {bytes + at, 38},
			.vendor = JG_VENDOR_STREAM,
		};
		struct jg_verdict apart = verdict;
		uint8_t *copy = exact_copy(datagram, len);
		apart.identity.p = (char *)copy + at + 150;
		apart.room.p = (char *)copy + at + 80;
		apart.name.p = (char *)copy + at + 40;
		apart.attributes.p = (char *)copy + at + 85;
		apart.metadata.p = (char *)copy + at;
		cr_assert_gt(answer(&verdict, (struct jg_str){NULL, 0}, len), 0);
		check_strings(&reply.verdict, &apart);
		free(copy);
	}
}

// From either side: the reply is built amid other bytes, and the string is read after the field
// before it was written.
Test(reply, strings_that_reach_into_the_reply_survive_it)
{
	enum {
		BEFORE = 200,
		LONG = 150
	};
	static uint8_t block[1000];
	static uint8_t was[sizeof(block)];
	uint8_t *out = block + BEFORE;

	for (size_t i = 0; i < sizeof(was); i++)
		was[i] = (uint8_t)('!' + i % 89);
	for (size_t at = 0; at < 600; at++) {
		const struct jg_verdict verdict = {
			.identity = JG_STR("written over where the room was"),
			.room = {(const char *)block + at, LONG},
			.vendor = JG_VENDOR_STREAM,
		};
		struct jg_verdict apart = verdict;
		apart.room.p = (const char *)was + at;
		ask(FE, JG_REQUEST_JOIN, JG_WIRE_WANT(IDENTITY) | JG_WIRE_WANT(ROOM), 0);
		memcpy(block, was, sizeof(block));
		const size_t len =
			jg_wire_reply_build(&wire, &verdict, (struct jg_str){NULL, 0}, out, 500);
		cr_assert_eq(jg_wire_reply_parse(out, len, &reply), JG_WIRE_FATE_OK);
		cr_assert(jg_str_eq(reply.verdict.identity, apart.identity), "at %zu", at);
		cr_assert(jg_str_eq(reply.verdict.room, apart.room), "at %zu", at);
	}
}

// A reply stands where its request stood, or elsewhere; cut or not it is the same.
Test(reply, is_the_same_in_the_request_s_place)
{
	static uint8_t elsewhere[sizeof(datagram)];
	const struct jg_verdict verdict = sample_verdict();
	const struct jg_str none = {NULL, 0};
	const size_t whole = JG_WIRE_VERDICT + JG_WIRE_MAC_SIZE + 200;

	for (uint8_t type = JG_REQUEST_JOIN; type <= JG_REQUEST_REFRESH; type++)
		for (size_t size = JG_WIRE_VERDICT + JG_WIRE_MAC_SIZE; size < whole; size++) {
			ask(FE, type, JG_WIRE_WANT_ALL, 0);
			const size_t len =
				jg_wire_reply_build(&wire, &verdict, none, elsewhere, size);
			cr_assert_eq(answer(&verdict, none, size), len, "in %zu bytes", size);
			cr_assert_arr_eq(datagram, elsewhere, len, "in %zu bytes", size);
			cr_assert_eq(reply.echo.type, type);
		}
}

#define STRINGS                                                  \
	(JG_WIRE_WANT_ALL &                                      \
		~(JG_WIRE_WANT(TOKEN) | JG_WIRE_WANT(TOKEN_ID) | \
			JG_WIRE_WANT(CAPABILITY_EXPIRES) | JG_WIRE_WANT(DETAIL)))
#define CUT_SIZE 1024 // of buffers that hold more than a whole sample

// Strings near the reply are no plain ones: these begin in the middle.
static char apart[3 * JG_WIRE_DATAGRAM_MAX];

// Its strings are plain, and it has no detail.
static struct jg_verdict plain_verdict(void)
{
	char *text = apart + sizeof(apart) / 2;
	struct jg_verdict verdict = sample_verdict();
	struct jg_str *strings[] = {&verdict.identity, &verdict.room, &verdict.app, &verdict.role,
		&verdict.kind, &verdict.name, &verdict.key, &verdict.layout_classes,
		&verdict.attributes, &verdict.metadata, &verdict.ancestors,
		&verdict.rtm_permissions};

	for (size_t i = 0; i < JG_ARRAY_SIZE(strings); i++) {
		memcpy(text, strings[i]->p, strings[i]->len);
		strings[i]->p = text;
		text += strings[i]->len;
	}
	verdict.rule = JG_RULE_NONE;
	verdict.subject = (struct jg_str){NULL, 0};
	return verdict;
}

// Build a reply where size bytes are: none behind them may be touched.
static size_t build_within(const struct jg_verdict *verdict, size_t size, uint8_t *out)
{
	const struct jg_str none = {NULL, 0};

	memset(out, 0xaa, CUT_SIZE);
	const size_t len = jg_wire_reply_build(&wire, verdict, none, out, size);
	cr_assert_leq(len, size);
	for (size_t i = size; i < CUT_SIZE; i++)
		cr_assert_eq(out[i], 0xaa, "byte %zu behind %zu", i, size);
	uint8_t *exact = exact_copy(out, size);
	cr_assert_eq(jg_wire_reply_build(&wire, verdict, none, exact, size), len);
	cr_assert_arr_eq(exact, out, len);
	free(exact);
	return len;
}

// The same by the short way, whether or not it has to be looked for, and, as a detail is wanted that there is not, by
// the long one.
static size_t build_both_ways(const struct jg_verdict *verdict, size_t size)
{
	static uint8_t plain[CUT_SIZE];
	static uint8_t any[CUT_SIZE];

	const size_t len = build_within(verdict, size, plain);
	cr_assert_eq(jg_wire_reply_build_apart(&wire, verdict, (struct jg_str){NULL, 0}, any, size),
		len);
	cr_assert_arr_eq(any, plain, len, "in %zu bytes", size);
	wire.flags |= JG_WIRE_WANT(DETAIL);
	cr_assert_eq(build_within(verdict, size, any), len, "in %zu bytes", size);
	any[18] &= (uint8_t)~0x20; // the flags that are echoed
	cr_assert_arr_eq(any, plain, len, "in %zu bytes", size);
	cr_assert_eq(jg_wire_reply_parse(plain, len, &reply), JG_WIRE_FATE_OK);
	return len;
}

Test(reply, plain_strings_are_written_as_any_field_is)
{
	struct jg_verdict verdict = plain_verdict();
	char *text = apart + sizeof(apart) / 2;

	memcpy(text, "a string of sixty-four bytes, each of them unlike the next, 0-9!", 64);
	for (uint32_t len = 0; len <= 64; len++) {
		verdict.room = (struct jg_str){text, len};
		verdict.role = (struct jg_str){
			len % 3 == 0 ? NULL : text + 64 - len, len % 3 == 0 ? 0 : len};
		ask(FE, JG_REQUEST_JOIN,
			JG_WIRE_WANT(ROOM) | JG_WIRE_WANT(ROLE) | JG_WIRE_WANT(NAME), 0);
		(void)build_both_ways(&verdict, CUT_SIZE);
		check_strings(&reply.verdict,
			&(struct jg_verdict){
				.room = verdict.room, .role = verdict.role, .name = verdict.name});
	}
}

Test(reply, plain_strings_are_cut_as_any_field_is_and_never_leave_their_room)
{
	const struct jg_verdict verdict = plain_verdict();
	size_t whole = 0;

	for (size_t size = CUT_SIZE; size >= JG_WIRE_VERDICT + JG_WIRE_MAC_SIZE; size--) {
		ask(FE, JG_REQUEST_JOIN, STRINGS, 0);
		const size_t len = build_both_ways(&verdict, size);
		if (size == CUT_SIZE)
			whole = len;
		cr_assert_eq((reply.echo.flags & JG_WIRE_CUT) != 0, size < whole, "%zu", size);
		cr_assert(size < whole ? len < whole : len == whole, "%zu", size);
	}
}

Test(reply, plain_strings_never_outgrow_an_unauthenticated_request)
{
	const struct jg_verdict verdict = plain_verdict();

	for (uint16_t padding = 0; padding < 400; padding++) {
		const size_t asked = ask(0, JG_REQUEST_JOIN, STRINGS, padding);
		cr_assert_leq(build_both_ways(&verdict, CUT_SIZE), asked);
		cr_assert_eq((reply.echo.flags & JG_WIRE_CUT) == 0,
			reply.verdict.rtm_permissions.p != NULL);
	}
	cr_assert_eq(reply.echo.flags, STRINGS);
	check_strings(&reply.verdict, &verdict);
}

Test(reply, is_never_larger_than_an_unauthenticated_request)
{
	const struct jg_verdict verdict = sample_verdict();
	size_t last = 0;
	for (uint16_t padding = 0; padding < 600; padding++) {
		const size_t len = ask(0, JG_REQUEST_JOIN, JG_WIRE_WANT_ALL, padding);
		const size_t got = answer(&verdict, (struct jg_str){NULL, 0}, sizeof(datagram));
		cr_assert_geq(got, JG_WIRE_VERDICT);
		cr_assert_leq(got, len);
		cr_assert_geq(got, last);
		last = got;
	}
	cr_assert_eq(reply.echo.flags, JG_WIRE_WANT_ALL);
	check_strings(&reply.verdict, &verdict);
}

// Which fields a reply carries.
static uint32_t carried(size_t len)
{
	uint32_t mask = 0;
	for (size_t at = JG_WIRE_VERDICT; at < len - JG_WIRE_MAC_SIZE;) {
		mask |= UINT32_C(1) << datagram[at + 1];
		at += 4u + datagram[at + 3];
	}
	return mask;
}

Test(reply, fields_are_left_out_from_the_last_code_on)
{
	const struct jg_verdict verdict = sample_verdict();
	ask(FE, JG_REQUEST_JOIN, JG_WIRE_WANT_ALL, 0);
	const size_t whole = answer(&verdict, (struct jg_str){NULL, 0}, sizeof(datagram));
	const uint32_t all = carried(whole);
	cr_assert_eq(all, JG_WIRE_WANT_ALL & ~JG_WIRE_WANT(TOKEN));
	uint32_t last = all;
	for (size_t size = whole; size >= JG_WIRE_VERDICT + JG_WIRE_MAC_SIZE; size--) {
		ask(FE, JG_REQUEST_JOIN, JG_WIRE_WANT_ALL, 0);
		const size_t len = answer(&verdict, (struct jg_str){NULL, 0}, size);
		const uint32_t now = carried(len);
		cr_assert_leq(len, size);
		cr_assert_eq((reply.echo.flags & JG_WIRE_CUT) != 0, now != all);
		// What stays is the front part of what there was.
		cr_assert(now == last || now == (last & (UINT32_MAX >> (__builtin_clz(last) + 1))));
		last = now;
	}
	cr_assert_eq(last, 0);
}

Test(reply, nothing_is_built_where_no_verdict_fits)
{
	const struct jg_verdict verdict = sample_verdict();
	ask(FE, JG_REQUEST_JOIN, 0, 0);
	cr_assert_eq(answer(&verdict, (struct jg_str){NULL, 0}, 79), 0);
	cr_assert_eq(answer(&verdict, (struct jg_str){NULL, 0}, 0), 0);
	cr_assert_eq(answer(&verdict, (struct jg_str){NULL, 0}, 80), 80);
}

Test(reply, field_too_long_for_any_datagram_is_cut)
{
	static char big[100000];
	memset(big, 'm', sizeof(big));
	struct jg_verdict verdict = sample_verdict();
	verdict.metadata = (struct jg_str){big, sizeof(big)};
	ask(FE, JG_REQUEST_JOIN, JG_WIRE_WANT_ALL, 0);
	cr_assert_gt(answer(&verdict, (struct jg_str){NULL, 0}, sizeof(datagram)), 0);
	cr_assert((reply.echo.flags & JG_WIRE_CUT) != 0);
	cr_assert_null(reply.verdict.metadata.p);
	cr_assert(jg_str_eq(reply.verdict.attributes, verdict.attributes));
}

Test(reply, subject_too_long_leaves_the_numbers)
{
	static char big[600];
	memset(big, 's', sizeof(big));
	struct jg_verdict verdict = sample_verdict();
	verdict.subject = (struct jg_str){big, sizeof(big)};
	ask(FE, JG_REQUEST_JOIN, JG_WIRE_WANT_ALL, 0);
	cr_assert_gt(answer(&verdict, (struct jg_str){NULL, 0}, sizeof(datagram)), 0);
	cr_assert_eq(reply.verdict.subject.len, 0);
	cr_assert_eq(reply.verdict.rule_value, -125);
}

static size_t ping(uint16_t front_end, const struct jg_wire_load *load)
{
	const struct jg_wire_request sent = {.id = 9, .front_end = front_end, .type = JG_WIRE_PING};
	const size_t len = jg_wire_request_build(&sent, NULL, datagram, sizeof(datagram));
	cr_assert_eq(jg_wire_request_parse(datagram, len, &wire, &request), JG_WIRE_FATE_OK);
	const size_t got = jg_wire_ping_build(&wire, load, datagram, sizeof(datagram));
	cr_assert(front_end != 0 || got <= len);
	return got;
}

Test(reply, ping_tells_the_load)
{
	const struct jg_wire_load load = {
		.verdicts = 123456789, .epoch = 42, .now = 1800000000, .busy = 250};
	for (uint16_t front_end = 0; front_end < 2; front_end++) {
		const size_t len = ping(front_end, &load);
		cr_assert_eq(jg_wire_reply_parse(datagram, len, &reply), JG_WIRE_FATE_OK);
		cr_assert_eq(reply.echo.id, 9);
		cr_assert_eq(reply.load.verdicts, load.verdicts);
		cr_assert_eq(reply.load.epoch, load.epoch);
		cr_assert_eq(reply.load.now, load.now);
		cr_assert_eq(reply.load.busy, load.busy);
	}
	datagram[50] = 1;
	cr_assert_eq(jg_wire_reply_parse(datagram, 80, &reply), JG_WIRE_FATE_FLAGS);
	datagram[50] = 0;
	datagram[62] = 4;
	cr_assert_eq(jg_wire_reply_parse(datagram, 80, &reply), JG_WIRE_FATE_VALUE);
}

Test(reply, every_byte_that_is_wrong_has_its_fate)
{
	static const struct {
		uint8_t at, value, fate;
	} rows[] = {
		{3, 1, JG_WIRE_FATE_TYPE},
		{3, 0x85, JG_WIRE_FATE_TYPE},
		{19, 0xef, JG_WIRE_FATE_FLAGS},
		{19, 0xec, JG_WIRE_FATE_FIELD},
		{56, 9, JG_WIRE_FATE_VALUE},
		{59, 2, JG_WIRE_FATE_FLAGS},
		{60, 1, JG_WIRE_FATE_FLAGS},
		{65, 0, JG_WIRE_FATE_FIELD},
		{65, 4, JG_WIRE_FATE_FIELD},
		{65, 5, JG_WIRE_FATE_FIELD},
		{65, 10, JG_WIRE_FATE_VALUE},
		{65, 11, JG_WIRE_FATE_VALUE},
		{65, 13, JG_WIRE_FATE_VALUE},
		{65, 16, JG_WIRE_FATE_VALUE},
		{65, 18, JG_WIRE_FATE_FIELD},
		{66, 255, JG_WIRE_FATE_FIELD_LENGTH},
	};
	const struct jg_verdict verdict = sample_verdict();
	for (size_t i = 0; i < JG_ARRAY_SIZE(rows); i++) {
		ask(FE, JG_REQUEST_JOIN, JG_WIRE_WANT_ALL, 0);
		const size_t len = answer(&verdict, (struct jg_str){NULL, 0}, sizeof(datagram));
		datagram[rows[i].at] = rows[i].value;
		const enum jg_wire_fate fate = jg_wire_reply_parse(datagram, len, &reply);
		cr_assert_eq(fate, rows[i].fate, "row %zu: %s", i, jg_wire_fate_name(fate));
	}
}

Test(reply, codes_of_a_newer_gate_do_not_let_anybody_in)
{
	const struct jg_verdict verdict = {.reason = 200, .vendor = JG_VENDOR_STREAM};
	ask(FE, JG_REQUEST_JOIN, 0, 0);
	const size_t len = answer(&verdict, (struct jg_str){NULL, 0}, sizeof(datagram));
	cr_assert_eq(reply.verdict.reason, 200);
	datagram[57] = 200;
	datagram[58] = 200;
	cr_assert_eq(jg_wire_reply_parse(datagram, len, &reply), JG_WIRE_FATE_OK);
	cr_assert_eq(reply.verdict.format, JG_FORMAT_NONE);
	cr_assert_eq(reply.verdict.rule, JG_RULE_NONE);
	datagram[56] = JG_REASON_OK;
	datagram[24] = 0xff;
	cr_assert_eq(jg_wire_reply_parse(datagram, len, &reply), JG_WIRE_FATE_OK);
	cr_assert_eq(reply.verdict.capabilities, 0);
}

Test(reply, truncation_is_refused_at_every_length)
{
	const struct jg_verdict verdict = sample_verdict();
	ask(FE, JG_REQUEST_JOIN, JG_WIRE_WANT_ALL, 0);
	const size_t len = answer(&verdict, (struct jg_str){NULL, 0}, sizeof(datagram));
	for (size_t n = 0; n < len; n++) {
		uint8_t *copy = exact_copy(datagram, n);
		cr_assert_neq(jg_wire_reply_parse(copy, n, &reply), JG_WIRE_FATE_OK);
		free(copy);
	}
}

Test(reply, every_changed_byte_is_handled_within_the_datagram)
{
	const struct jg_verdict verdict = sample_verdict();
	ask(FE, JG_REQUEST_JOIN, JG_WIRE_WANT_ALL, 0);
	const size_t len = answer(&verdict, (struct jg_str){NULL, 0}, sizeof(datagram));
	for (size_t at = 0; at < len; at++) {
		for (unsigned value = 0; value < 256; value++) {
			uint8_t *copy = exact_copy(datagram, len);
			copy[at] = (uint8_t)value;
			cr_assert_lt(jg_wire_reply_parse(copy, len, &reply), JG_WIRE_FATE_COUNT);
			cr_assert(is_within(reply.verdict.identity, copy, len));
			cr_assert(is_within(reply.verdict.metadata, copy, len));
			cr_assert(is_within(reply.verdict.subject, copy, len));
			cr_assert(is_within(reply.token, copy, len));
			free(copy);
		}
	}
}
