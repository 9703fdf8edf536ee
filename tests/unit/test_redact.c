// SPDX-License-Identifier: BSD-3-Clause
#include "internal/fingerprint.h"
#include "redact.h"

#include <joingate/wire.h>

#include <criterion/criterion.h>

#include <inttypes.h>
#include <stdio.h>

#define TOKEN "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ1In0.c2lnbmF0dXJlLW9mLWEtdG9rZW4"

static uint8_t datagram[JG_WIRE_DATAGRAM_MAX];

static struct jg_request request_of(const char *token)
{
	return (struct jg_request){.token = {token, (uint32_t)strlen(token)},
		.room = JG_STR("r"),
		.identity = JG_STR("u"),
		.vendor = JG_VENDOR_LIVEKIT,
		.type = JG_REQUEST_JOIN};
}

static size_t build(const struct jg_request *ask, uint16_t front_end)
{
	const struct jg_wire_request wire = {.id = 5, .type = ask->type, .front_end = front_end};
	size_t len = jg_wire_request_build(&wire, ask, datagram, sizeof(datagram));
	cr_assert_gt(len, 0);
	return len;
}

static bool holds(size_t len, const char *text)
{
	return memmem(datagram, len, text, strlen(text)) != NULL;
}

static const char *shown(const char *token)
{
	static char text[32];
	snprintf(text, sizeof(text), "[%016" PRIx64 "]", jg_fingerprint(token, strlen(token)));
	return text;
}

Test(redact, a_request_keeps_its_form_and_loses_its_token)
{
	for (uint16_t front_end = 0; front_end < 2; front_end++) {
		struct jg_request ask = request_of(TOKEN);
		struct jg_wire_request wire;
		size_t len = build(&ask, front_end);
		cr_assert_eq(jg_redact(datagram, len), jg_fingerprint(TOKEN, strlen(TOKEN)));
		cr_assert_eq(jg_wire_request_parse(datagram, len, &wire, &ask), JG_WIRE_FATE_OK);
		cr_assert_eq(ask.token.len, strlen(TOKEN));
		cr_assert_arr_eq(ask.token.p, shown(TOKEN), 18);
		for (uint32_t i = 18; i < ask.token.len; i++)
			cr_assert_eq(ask.token.p[i], '.');
		cr_assert_arr_eq(ask.room.p, "r", 1);
		cr_assert_arr_eq(ask.identity.p, "u", 1);
	}
}

Test(redact, a_short_token_is_covered_by_what_has_room)
{
	for (size_t n = 0; n < 24; n++) {
		char token[25] = "";
		memset(token, 'q', n);
		struct jg_request ask = request_of(token);
		size_t len = build(&ask, 1);
		cr_assert_eq(jg_redact(datagram, len), jg_fingerprint(token, n));
		cr_assert_not(n > 0 && holds(len, token), "%zu bytes", n);
	}
}

Test(redact, the_token_of_a_reply_goes_too)
{
	struct jg_request ask = request_of(TOKEN);
	struct jg_wire_request wire;
	struct jg_wire_reply reply;
	static uint8_t request[JG_WIRE_DATAGRAM_MAX];
	ask.type = JG_REQUEST_REFRESH;
	size_t len = build(&ask, 1);
	memcpy(request, datagram, len);
	cr_assert_eq(jg_wire_request_parse(request, len, &wire, &ask), JG_WIRE_FATE_OK);
	wire.flags = JG_WIRE_WANT_ALL;
	const struct jg_verdict verdict = {.vendor = JG_VENDOR_LIVEKIT,
		.format = 1,
		.identity = JG_STR("alice"),
		.capabilities = 1};
	len = jg_wire_reply_build(&wire, &verdict, ask.token, datagram, sizeof(datagram));
	cr_assert(holds(len, TOKEN));
	cr_assert_eq(jg_redact(datagram, len), jg_fingerprint(TOKEN, strlen(TOKEN)));
	cr_assert_not(holds(len, "eyJ"));
	cr_assert_eq(jg_wire_reply_parse(datagram, len, &reply), JG_WIRE_FATE_OK);
	cr_assert_arr_eq(reply.verdict.identity.p, "alice", 5);
	cr_assert_arr_eq(reply.token.p, shown(TOKEN), 18);
}

Test(redact, a_copy_in_another_field_is_no_way_around)
{
	struct jg_request ask = request_of(TOKEN);
	ask.room = JG_STR("copy:" TOKEN);
	ask.identity = JG_STR(TOKEN);
	size_t len = build(&ask, 1);
	(void)jg_redact(datagram, len);
	cr_assert_not(holds(len, "eyJ"));
	cr_assert(holds(len, "copy:["));
}

Test(redact, padding_is_emptied)
{
	struct jg_request ask = request_of("t");
	const struct jg_wire_request wire = {
		.id = 5, .type = JG_REQUEST_JOIN, .front_end = 1, .padding = 100};
	size_t len = jg_wire_request_build(&wire, &ask, datagram, sizeof(datagram));
	uint8_t *padding = memmem(datagram, len, "\0\4\0\x64", 4);
	cr_assert_not_null(padding);
	memcpy(padding + 4, TOKEN, strlen(TOKEN));
	(void)jg_redact(datagram, len);
	cr_assert_not(holds(len, "eyJ"));
}

Test(redact, what_is_no_datagram_of_ours_is_emptied)
{
	for (size_t n = 0; n < 80; n++) {
		memset(datagram, 0xff, n);
		cr_assert_eq(jg_redact(datagram, n), 0);
		for (size_t i = JG_WIRE_VERDICT; i + JG_WIRE_MAC_SIZE < n; i++)
			cr_assert_eq(datagram[i], 0);
	}
}

Test(redact, bytes_behind_the_last_field_are_emptied)
{
	struct jg_request ask = request_of(TOKEN);
	size_t len = build(&ask, 0);
	memcpy(datagram + len, "abc", 3);
	(void)jg_redact(datagram, len + 3);
	cr_assert_not(holds(len + 3, "abc"));
	cr_assert(holds(len, shown(TOKEN)));
}
