// SPDX-License-Identifier: BSD-3-Clause
// A datagram as a gate reads it: request, MAC job, reply in its place. What a gate answers must be
// readable, and never larger than an unauthenticated request.
#include "bytes.h"
#include "internal/wire_mac.h"

#include <joingate/wire.h>

#include <stdlib.h>
#include <string.h>

static void check(bool good)
{
	if (!good)
		abort();
}

static size_t build(const struct jg_wire_request *wire, const struct jg_request *request,
	uint8_t *out, size_t size)
{
	const struct jg_verdict verdict = {.identity = request->identity,
		.room = request->room,
		.app = request->app,
		.name = request->token,
		.metadata = request->token,
		.vendor = request->vendor,
		.issued_at = JG_TIME_NONE};
	const struct jg_wire_load load = {.verdicts = 1};
	return wire->type == JG_WIRE_PING
		? jg_wire_ping_build(wire, &load, out, size)
		: jg_wire_reply_build(wire, &verdict, request->token, out, size);
}

// In the request's place it is what it is elsewhere.
static void answer(uint8_t *datagram, const struct jg_wire_request *wire,
	const struct jg_request *request, size_t size)
{
	static uint8_t elsewhere[JG_WIRE_DATAGRAM_MAX];
	struct jg_wire_reply reply;
	const size_t same = build(wire, request, elsewhere, size);
	const size_t len = build(wire, request, datagram, size);
	check(len == same && memcmp(datagram, elsewhere, len) == 0);
	check(wire->front_end != 0 || (len > 0 && len <= wire->len));
	check(len <= size);
	if (len > 0)
		check(jg_wire_reply_parse(datagram, len, &reply) == JG_WIRE_FATE_OK);
}

static void check_request(const uint8_t *datagram, const struct jg_wire_request *wire,
	const struct jg_request *request)
{
	static uint8_t scratch[JG_WIRE_MAC_SCRATCH];
	static uint8_t again[JG_WIRE_DATAGRAM_MAX];
	struct jg_mac_job job;
	if (wire->front_end != 0) {
		check(jg_wire_request_mac_job(wire, NULL, scratch, &job) <= sizeof(scratch));
		check(job.len + JG_WIRE_MAC_SIZE <= wire->len);
	}
	struct jg_wire_request copy = *wire;
	const size_t len = jg_wire_request_build(&copy, request, again, sizeof(again));
	check(len > 0 && len <= (wire->len < 68 ? 68 : wire->len));
	check(memcmp(again + 8, datagram + 8, JG_WIRE_HEADER - 8) == 0);
}

// The short way of ordinary requests must find what the long one does.
static void check_ways(const uint8_t *datagram, size_t size)
{
	struct jg_wire_request one, other;
	struct jg_request ask, ask_any;
	const enum jg_wire_fate fate = jg_wire_request_parse(datagram, size, &one, &ask);
	check(fate == jg_wire_request_parse_any(datagram, size, &other, &ask_any));
	if (fate != JG_WIRE_FATE_OK)
		return;
	check(one.id == other.id && one.flags == other.flags && one.type == other.type);
	check(one.front_end == other.front_end && one.token_at == other.token_at);
	check(memcmp(one.mac, other.mac, sizeof(one.mac)) == 0);
	check(ask.token.p == ask_any.token.p && ask.token.len == ask_any.token.len);
	check(ask.app.p == ask_any.app.p && ask.room.p == ask_any.room.p);
	check(ask.identity.p == ask_any.identity.p && ask.flags == ask_any.flags);
	check(ask.vendor == ask_any.vendor && ask.type == ask_any.type);
	check(ask.service == ask_any.service && ask.caller == ask_any.caller);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct jg_wire_request wire;
	struct jg_request request;
	uint8_t *datagram = malloc(size == 0 ? 1 : size);
	check(datagram != NULL);
	memcpy(datagram, data, size);
	check_ways(datagram, size);
	if (jg_wire_request_parse(datagram, size, &wire, &request) == JG_WIRE_FATE_OK) {
		check_request(datagram, &wire, &request);
		answer(datagram, &wire, &request, size);
	}
	free(datagram);
	return 0;
}
