// SPDX-License-Identifier: BSD-3-Clause
// The header that both directions share, and requests. Every length is checked against what is left
// before anything behind it is read.
#include "bytes.h"
#include "internal/wire_reply.h"

#include <joingate/wire.h>

#include <assert.h>
#include <stddef.h>

static_assert(JG_AT_RESERVED + 4 == JG_WIRE_VERDICT, "the verdict ends where fields begin");
static_assert(JG_AT_SERVICE + 1 == JG_WIRE_HEADER, "the header ends where fields begin");
static_assert(
	JG_WIRE_LONE_TOKEN == JG_WIRE_HEADER + JG_WIRE_FIELD_HEAD, "one field's head before it");
static_assert(JG_WIRE_DATAGRAM_MAX <= UINT16_MAX, "a field's length is 16 bits");

const char *jg_wire_fate_name(unsigned fate)
{
	static const char *const names[] = {
#define X(symbol, label, help) label,
		JG_WIRE_FATES(X)
#undef X
	};
	return fate < JG_WIRE_FATE_COUNT ? names[fate] : "?";
}

// The type of a datagram whose magic, version and length are as they must be, which are in one word with it. Any other
// one's is none.
static inline uint64_t type_of(const uint8_t *datagram, size_t len, unsigned direction)
{
	const uint64_t head = (uint64_t)jg_wire_magic(direction) << 32 | len;
	if (len < JG_WIRE_HEADER || len > JG_WIRE_DATAGRAM_MAX)
		return 0;
	const uint64_t left = jg_get64(datagram + JG_AT_MAGIC) ^ head;
	return left >> 32 | left << 32;
}

static enum jg_wire_fate check_frame(const uint8_t *datagram, size_t len, unsigned direction)
{
	const uint64_t framed = type_of(datagram, len, direction);
	if (framed >= JG_REQUEST_JOIN && framed <= JG_WIRE_PING)
		return JG_WIRE_FATE_OK;
	if (len < JG_WIRE_HEADER)
		return JG_WIRE_FATE_SHORT;
	if (datagram[JG_AT_MAGIC] != 'J' || datagram[JG_AT_MAGIC + 1] != 'G')
		return JG_WIRE_FATE_MAGIC;
	if (datagram[JG_AT_VERSION] != JG_WIRE_VERSION)
		return JG_WIRE_FATE_VERSION;
	const unsigned type = datagram[JG_AT_TYPE] ^ direction;
	if (type < JG_REQUEST_JOIN || type > JG_WIRE_PING)
		return JG_WIRE_FATE_TYPE;
	const uint32_t claimed = jg_get32(datagram + JG_AT_LENGTH);
	if (claimed > len || claimed > JG_WIRE_DATAGRAM_MAX)
		return JG_WIRE_FATE_TRUNCATED;
	if (claimed < len)
		return JG_WIRE_FATE_TRAILING;
	return JG_WIRE_FATE_OK;
}

// Pings ask nothing of a vendor and want no fields.
static inline enum jg_wire_fate check_envelope(const struct jg_wire_request *wire, uint32_t flags)
{
	const bool ping = wire->type == JG_WIRE_PING;
	if ((wire->flags & ~(ping ? 0 : flags)) != 0)
		return JG_WIRE_FATE_FLAGS;
	if (ping ? wire->vendor != JG_VENDOR_NONE
		 : wire->vendor == JG_VENDOR_NONE || wire->vendor >= JG_VENDOR_COUNT)
		return JG_WIRE_FATE_VENDOR;
	if (wire->service > (ping ? JG_SERVICE_RTC : JG_SERVICE_RTM))
		return JG_WIRE_FATE_SERVICE;
	return JG_WIRE_FATE_OK;
}

enum jg_wire_fate jg_wire_header_parse(
	const uint8_t *datagram, size_t len, unsigned direction, struct jg_wire_request *wire)
{
	*wire = (struct jg_wire_request){0};
	const enum jg_wire_fate fate = check_frame(datagram, len, direction);
	if (fate != JG_WIRE_FATE_OK)
		return fate;
	wire->id = jg_get64(datagram + JG_AT_ID);
	wire->flags = jg_get32(datagram + JG_AT_FLAGS);
	wire->front_end = jg_get16(datagram + JG_AT_FRONT_END);
	wire->type = (uint8_t)(datagram[JG_AT_TYPE] ^ direction);
	wire->vendor = datagram[JG_AT_VENDOR];
	wire->service = datagram[JG_AT_SERVICE];
	wire->datagram = datagram;
	wire->len = (uint32_t)len;
	// Replies and what may be answered without a MAC hold a verdict's room.
	const size_t mac = jg_wire_mac_size(wire->front_end);
	const bool whole = direction == JG_WIRE_REPLY || mac == 0;
	if (len < (whole ? JG_WIRE_VERDICT : JG_WIRE_HEADER) + mac)
		return JG_WIRE_FATE_SHORT;
	if (mac != 0)
		memcpy(wire->mac, datagram + len - JG_WIRE_MAC_SIZE, JG_WIRE_MAC_SIZE);
	return check_envelope(wire,
		direction == JG_WIRE_REPLY ? JG_WIRE_WANT_ALL | JG_WIRE_CUT : JG_WIRE_WANT_ALL);
}

enum jg_wire_fate jg_wire_field_cut(
	const uint8_t *datagram, size_t end, size_t *at, struct jg_wire_part *field)
{
	assert(*at < end);
	if (end - *at < JG_WIRE_FIELD_HEAD)
		return JG_WIRE_FATE_TRAILING;
	const uint16_t last = field->code;
	field->code = jg_get16(datagram + *at);
	field->len = jg_get16(datagram + *at + 2);
	field->p = datagram + *at + JG_WIRE_FIELD_HEAD;
	if (field->code <= last || field->code >= JG_WIRE_FIELD_COUNT)
		return JG_WIRE_FATE_FIELD;
	if (field->len > end - *at - JG_WIRE_FIELD_HEAD)
		return JG_WIRE_FATE_FIELD_LENGTH;
	*at += JG_WIRE_FIELD_HEAD + (size_t)field->len;
	return JG_WIRE_FATE_OK;
}

static uint32_t limit_of(unsigned code)
{
	switch (code) {
	case JG_WIRE_FIELD_APP:
		return JG_WIRE_APP_MAX;
	case JG_WIRE_FIELD_TOKEN:
		return JG_WIRE_DATAGRAM_MAX;
	default:
		return JG_WIRE_STRING_MAX;
	}
}

static enum jg_wire_fate take_field(
	const struct jg_wire_part *field, struct jg_wire_request *wire, struct jg_request *request)
{
	const bool ping = wire->type == JG_WIRE_PING;
	if (ping ? field->code != JG_WIRE_FIELD_PADDING : field->code > JG_WIRE_FIELD_TOKEN)
		return JG_WIRE_FATE_FIELD;
	if (field->len > limit_of(field->code))
		return JG_WIRE_FATE_FIELD_LENGTH;
	const struct jg_str value = {(const char *)field->p, field->len};
	if (field->code == JG_WIRE_FIELD_TOKEN) {
		request->token = value;
		wire->token_at = (uint32_t)(field->p - wire->datagram);
		return JG_WIRE_FATE_OK;
	}
	switch (field->code) {
	case JG_WIRE_FIELD_IDENTITY:
		request->identity = value;
		break;
	case JG_WIRE_FIELD_ROOM:
		request->room = value;
		break;
	case JG_WIRE_FIELD_APP:
		request->app = value;
		break;
	default:
		break;
	}
	return JG_WIRE_FATE_OK;
}

static uint8_t flags_of(const struct jg_wire_request *wire)
{
	return (wire->flags & JG_WIRE_WANT(TOKEN_ID)) != 0 ? JG_REQUEST_TOKEN_ID : 0;
}

__attribute__((noinline)) enum jg_wire_fate jg_wire_request_parse_any(const uint8_t *datagram,
	size_t len, struct jg_wire_request *wire, struct jg_request *request)
{
	*request = (struct jg_request){0};
	enum jg_wire_fate fate = jg_wire_header_parse(datagram, len, 0, wire);
	if (fate != JG_WIRE_FATE_OK)
		return fate;
	const size_t end = len - jg_wire_mac_size(wire->front_end);
	struct jg_wire_part field = {0};
	for (size_t at = JG_WIRE_HEADER; at < end && fate == JG_WIRE_FATE_OK;) {
		fate = jg_wire_field_cut(datagram, end, &at, &field);
		if (fate == JG_WIRE_FATE_OK)
			fate = take_field(&field, wire, request);
	}
	if (fate != JG_WIRE_FATE_OK)
		return fate;
	if (wire->type == JG_WIRE_PING) {
		wire->token_at = (uint32_t)end;
		return JG_WIRE_FATE_OK;
	}
	if (wire->token_at == 0)
		return JG_WIRE_FATE_NO_TOKEN;
	request->vendor = wire->vendor;
	request->type = wire->type;
	request->service = wire->service;
	request->flags = flags_of(wire);
	return JG_WIRE_FATE_OK;
}

// Member by member: zeros first and members then are twice the stores, and to put small ones together takes longer
// than to store each.
static inline void fill(const uint8_t *datagram, size_t len, size_t end,
	struct jg_wire_request *wire, struct jg_request *request)
{
	wire->id = jg_get64(datagram + JG_AT_ID);
	wire->flags = jg_get32(datagram + JG_AT_FLAGS);
	wire->front_end = jg_get16(datagram + JG_AT_FRONT_END);
	request->type = wire->type = datagram[JG_AT_TYPE];
	request->vendor = wire->vendor = datagram[JG_AT_VENDOR];
	request->service = wire->service = datagram[JG_AT_SERVICE];
	request->flags = flags_of(wire);
	request->caller = 0;
	wire->padding = 0;
	wire->datagram = datagram;
	wire->len = (uint32_t)len;
	wire->token_at = JG_WIRE_LONE_TOKEN;
	if (end != len)
		memcpy(wire->mac, datagram + end, sizeof(wire->mac));
	else
		memset(wire->mac, 0, sizeof(wire->mac));
	request->token.p = (const char *)datagram + JG_WIRE_LONE_TOKEN;
	request->token.len = (uint32_t)(end - JG_WIRE_LONE_TOKEN);
	static_assert(offsetof(struct jg_request, vendor) - offsetof(struct jg_request, app) ==
			3 * sizeof(struct jg_str),
		"what was not sent stands together");
	memset(&request->app, 0, 3 * sizeof(struct jg_str));
}

// What nearly all requests are: a token alone behind a header without fault, and a verdict's room. Anything
// else is for the long way, which finds the same in these.
static inline bool is_ordinary(const uint8_t *datagram, size_t len, size_t *end)
{
	const uint64_t type = type_of(datagram, len, 0);
	if (type < JG_REQUEST_JOIN || type > JG_REQUEST_REFRESH)
		return false;
	const uint64_t rest = jg_get64(datagram + JG_AT_FLAGS);
	*end = len - jg_wire_mac_size((uint16_t)(rest >> 16));
	const uint32_t lone = (JG_WIRE_FIELD_TOKEN << 16) - JG_WIRE_LONE_TOKEN + (uint32_t)*end;
	return *end >= JG_WIRE_VERDICT && jg_get32(datagram + JG_WIRE_HEADER) == lone &&
		(rest >> 32 & ~(uint64_t)JG_WIRE_WANT_ALL) == 0 &&
		(uint8_t)(rest >> 8) - 1u < JG_VENDOR_COUNT - 1u && (uint8_t)rest <= JG_SERVICE_RTM;
}

enum jg_wire_fate jg_wire_request_parse(const uint8_t *datagram, size_t len,
	struct jg_wire_request *wire, struct jg_request *request)
{
	size_t end;
	if (!is_ordinary(datagram, len, &end))
		return jg_wire_request_parse_any(datagram, len, wire, request);
	fill(datagram, len, end, wire, request);
	return JG_WIRE_FATE_OK;
}

// The fields of a request before its padding, and its token, in the order of their codes.
struct plan {
	struct jg_str front[3];
	struct jg_str token;
	bool padded;
	uint32_t padding;
	size_t len;
};

static size_t field_size(struct jg_str value)
{
	return value.p == NULL ? 0 : JG_WIRE_FIELD_HEAD + (size_t)value.len;
}

static bool make_plan(
	struct plan *plan, const struct jg_wire_request *wire, const struct jg_request *request)
{
	*plan = (struct plan){.padded = wire->padding > 0, .padding = wire->padding};
	plan->len = JG_WIRE_HEADER + jg_wire_mac_size(wire->front_end);
	if (request != NULL) {
		plan->front[0] = request->identity;
		plan->front[1] = request->room;
		plan->front[2] = request->app;
		plan->token = request->token.p == NULL ? (struct jg_str){"", 0} : request->token;
	}
	for (unsigned i = 0; i < 3; i++) {
		if (plan->front[i].len > limit_of(i + JG_WIRE_FIELD_IDENTITY))
			return false;
		plan->len += field_size(plan->front[i]);
	}
	plan->len += field_size(plan->token);
	const size_t bare = plan->len;
	if (plan->padded)
		plan->len += JG_WIRE_FIELD_HEAD + plan->padding;
	if (wire->front_end == 0 && plan->len < JG_WIRE_VERDICT) {
		const size_t with = bare + JG_WIRE_FIELD_HEAD;
		plan->padded = true;
		plan->padding = with < JG_WIRE_VERDICT ? (uint32_t)(JG_WIRE_VERDICT - with) : 0;
		plan->len = with + plan->padding;
	}
	return plan->padding <= JG_WIRE_STRING_MAX && plan->len <= JG_WIRE_DATAGRAM_MAX;
}

size_t jg_wire_request_build(const struct jg_wire_request *wire, const struct jg_request *request,
	uint8_t *out, size_t size)
{
	struct jg_wire_request head = *wire;
	const bool ping = wire->type == JG_WIRE_PING;
	head.vendor = ping ? JG_VENDOR_NONE : request->vendor;
	head.service = ping ? JG_SERVICE_RTC : request->service;
	if (wire->type < JG_REQUEST_JOIN || wire->type > JG_WIRE_PING ||
		check_envelope(&head, JG_WIRE_WANT_ALL) != JG_WIRE_FATE_OK)
		return 0;
	struct plan plan;
	if (!make_plan(&plan, wire, ping ? NULL : request) || plan.len > size)
		return 0;
	jg_wire_header_write(out, &head, wire->flags, wire->type, plan.len);
	uint8_t *p = out + JG_WIRE_HEADER;
	for (unsigned i = 0; i < 3; i++) {
		if (plan.front[i].p != NULL)
			p = jg_wire_field_write(p, i + JG_WIRE_FIELD_IDENTITY, plan.front[i]);
	}
	if (plan.padded) {
		p = jg_wire_field_write(p, JG_WIRE_FIELD_PADDING, (struct jg_str){NULL, 0});
		jg_put16(p - 2, (uint16_t)plan.padding);
		memset(p, 0, plan.padding);
		p += plan.padding;
	}
	if (!ping)
		p = jg_wire_field_write(p, JG_WIRE_FIELD_TOKEN, plan.token);
	memset(p, 0, jg_wire_mac_size(wire->front_end));
	return plan.len;
}
