// SPDX-License-Identifier: BSD-3-Clause
// Replies. They are written over the request they answer, while the verdict's strings may still
// point into it: what is about to be overwritten is set aside first.
#include "bytes.h"
#include "internal/wire_reply.h"

#include <joingate/wire.h>

#include <assert.h>
#include <stddef.h>

// A rule's subject is a claim's name or a room pattern; a longer one is not worth a reply's room.
#define SUBJECT_MAX 512

struct field {
	struct jg_str value;
	unsigned code;
};

// What a reply is made of, and the fields it carries, in their order.
struct draft {
	const struct jg_wire_request *wire;
	const struct jg_verdict *verdict;
	struct jg_str token;
	unsigned fields_n;
	struct field fields[JG_WIRE_FIELD_COUNT];
	uint8_t expires[JG_CAPABILITY_COUNT * JG_WIRE_EXPIRY];
	uint8_t detail[JG_WIRE_EXPIRY + SUBJECT_MAX];
};

static struct jg_str bytes_of(const uint8_t *p, size_t len)
{
	return (struct jg_str){(const char *)p, (uint32_t)len};
}

static struct jg_str encode_expires(struct draft *draft, const struct jg_verdict *verdict)
{
	const uint32_t n = verdict->capability_expires_n;
	if (n == 0 || n > JG_CAPABILITY_COUNT)
		return (struct jg_str){NULL, 0};
	for (uint32_t i = 0; i < n; i++) {
		const struct jg_capability_expiry *entry = &verdict->capability_expires[i];
		uint8_t *p = draft->expires + i * JG_WIRE_EXPIRY;
		jg_put64(p, entry->capabilities);
		jg_put64(p + 8, (uint64_t)entry->expires_at);
	}
	return bytes_of(draft->expires, n * JG_WIRE_EXPIRY);
}

static struct jg_str encode_detail(struct draft *draft, const struct jg_verdict *verdict)
{
	if (verdict->rule == JG_RULE_NONE)
		return (struct jg_str){NULL, 0};
	jg_put64(draft->detail, (uint64_t)verdict->rule_value);
	jg_put64(draft->detail + 8, (uint64_t)verdict->rule_limit);
	const struct jg_str subject = verdict->subject;
	if (subject.len == 0 || subject.len > SUBJECT_MAX)
		return bytes_of(draft->detail, JG_WIRE_EXPIRY);
	memcpy(draft->detail + JG_WIRE_EXPIRY, subject.p, subject.len);
	return bytes_of(draft->detail, JG_WIRE_EXPIRY + subject.len);
}

// Where a verdict has the string of a field; 0: there is no such field.
static const uint16_t string_at[JG_WIRE_FIELD_COUNT] = {
	[JG_WIRE_FIELD_IDENTITY] = offsetof(struct jg_verdict, identity),
	[JG_WIRE_FIELD_ROOM] = offsetof(struct jg_verdict, room),
	[JG_WIRE_FIELD_APP] = offsetof(struct jg_verdict, app),
	[JG_WIRE_FIELD_ROLE] = offsetof(struct jg_verdict, role),
	[JG_WIRE_FIELD_KIND] = offsetof(struct jg_verdict, kind),
	[JG_WIRE_FIELD_NAME] = offsetof(struct jg_verdict, name),
	[JG_WIRE_FIELD_KEY] = offsetof(struct jg_verdict, key),
	[JG_WIRE_FIELD_LAYOUT_CLASSES] = offsetof(struct jg_verdict, layout_classes),
	[JG_WIRE_FIELD_ATTRIBUTES] = offsetof(struct jg_verdict, attributes),
	[JG_WIRE_FIELD_METADATA] = offsetof(struct jg_verdict, metadata),
	[JG_WIRE_FIELD_ANCESTORS] = offsetof(struct jg_verdict, ancestors),
	[JG_WIRE_FIELD_RTM_PERMISSIONS] = offsetof(struct jg_verdict, rtm_permissions),
};

// Fields that are made for the reply, and those that are not.
#define WANT_MADE                                                                          \
	(JG_WIRE_WANT(TOKEN) | JG_WIRE_WANT(TOKEN_ID) | JG_WIRE_WANT(CAPABILITY_EXPIRES) | \
		JG_WIRE_WANT(DETAIL))
#define STRINGS (JG_WIRE_WANT_ALL & ~WANT_MADE)

static struct jg_str string_of(const struct jg_verdict *verdict, unsigned code)
{
	struct jg_str value;
	memcpy(&value, (const char *)verdict + string_at[code], sizeof(value));
	return value;
}

// What a field would hold; p == NULL: nothing.
static struct jg_str value_of(struct draft *draft, unsigned code)
{
	const struct jg_verdict *verdict = draft->verdict;
	const struct jg_str value = {NULL, 0};
	if ((WANT_MADE >> code & 1) == 0)
		return string_of(verdict, code);
	switch (code) {
	case JG_WIRE_FIELD_TOKEN:
		return draft->wire->type == JG_REQUEST_REFRESH ? draft->token : value;
	case JG_WIRE_FIELD_TOKEN_ID:
		return verdict->verified ? bytes_of(verdict->token_id, sizeof(verdict->token_id))
					 : value;
	case JG_WIRE_FIELD_CAPABILITY_EXPIRES:
		return encode_expires(draft, verdict);
	default:
		assert(code == JG_WIRE_FIELD_DETAIL);
		return encode_detail(draft, verdict);
	}
}

// Keep the wanted fields that fit, from the first on; none that follows one left out.
static size_t cut(struct draft *draft, uint32_t *flags, size_t room)
{
	size_t used = JG_WIRE_VERDICT;
	draft->fields_n = 0;
	for (uint32_t wanted = *flags & JG_WIRE_WANT_ALL; wanted != 0; wanted &= wanted - 1) {
		const unsigned code = (unsigned)__builtin_ctz(wanted);
		const struct jg_str value = value_of(draft, code);
		if (value.p == NULL)
			continue;
		if (JG_WIRE_FIELD_HEAD + (size_t)value.len > room - used) {
			*flags |= JG_WIRE_CUT;
			break;
		}
		draft->fields[draft->fields_n++] = (struct field){.value = value, .code = code};
		used += JG_WIRE_FIELD_HEAD + (size_t)value.len;
	}
	return used;
}

// Copy what lies where the reply is going to be.
static void set_aside(struct draft *draft, const uint8_t *out, size_t len, uint8_t *aside)
{
	const uintptr_t start = (uintptr_t)out;
	for (unsigned i = 0; i < draft->fields_n; i++) {
		struct jg_str *value = &draft->fields[i].value;
		const uintptr_t p = (uintptr_t)value->p;
		if (p >= start + len || p + value->len <= start)
			continue;
		memcpy(aside, value->p, value->len);
		value->p = (const char *)aside;
		aside += value->len;
	}
}

// Where a verdict's member would be on the wire, behind the reason as it is behind it in a verdict.
#define CODE_AT(member) \
	(offsetof(struct jg_verdict, member) - offsetof(struct jg_verdict, reason) + JG_AT_REASON)

static void write_verdict(uint8_t *out, const struct jg_verdict *verdict)
{
	jg_put64(out + JG_AT_CAPABILITIES, verdict->capabilities);
	jg_put64(out + JG_AT_EPOCH, verdict->epoch);
	jg_put64(out + JG_AT_ISSUED_AT, (uint64_t)verdict->issued_at);
	jg_put64(out + JG_AT_EXPIRES_AT, (uint64_t)verdict->expires_at);
	// Reason, format, rule, verified, in one piece.
	static_assert(CODE_AT(format) == JG_AT_FORMAT && CODE_AT(rule) == JG_AT_RULE &&
			CODE_AT(verified) == JG_AT_VERIFIED,
		"they stand in a verdict as on the wire");
	uint32_t codes;
	memcpy(&codes, (const uint8_t *)verdict + offsetof(struct jg_verdict, reason), 4);
	const uint64_t reserved = codes; // and four zeros behind them
	memcpy(out + JG_AT_REASON, &reserved, 8);
}

// Bytes a reply may have before its MAC.
static size_t room_of(const struct jg_wire_request *wire, size_t size)
{
	const size_t limit = wire->front_end == 0 ? wire->len : JG_WIRE_DATAGRAM_MAX;
	const size_t mac = jg_wire_mac_size(wire->front_end);
	const size_t whole = size < limit ? size : limit;
	return whole < mac ? 0 : whole - mac;
}

// No string that is wanted lies in these bytes: a reply may be written there as they are read. Compared as integers: the
// strings may belong to other objects.
static inline bool is_apart(
	const struct jg_verdict *verdict, uint32_t wanted, const uint8_t *out, size_t size)
{
	for (wanted &= STRINGS; wanted != 0; wanted &= wanted - 1) {
		const struct jg_str value = string_of(verdict, (unsigned)__builtin_ctz(wanted));
		const uintptr_t ahead = (uintptr_t)value.p - (uintptr_t)out;
		if (value.p != NULL && (ahead < size || -ahead < value.len))
			return false;
	}
	return true;
}

// The strings that are wanted, as they are read. Returns their end; NULL: one does not fit.
static inline uint8_t *write_strings(
	const struct jg_verdict *verdict, uint32_t wanted, uint8_t *out, size_t room)
{
	uint8_t *p = out + JG_WIRE_VERDICT;
	const uint8_t *const end = out + room;
	for (wanted &= STRINGS; wanted != 0; wanted &= wanted - 1) {
		const unsigned code = (unsigned)__builtin_ctz(wanted);
		const struct jg_str value = string_of(verdict, code);
		if (value.p == NULL)
			continue;
		if (JG_WIRE_FIELD_HEAD + (size_t)value.len > (size_t)(end - p))
			return NULL;
		p = jg_wire_field_write(p, code, value);
	}
	return p;
}

// The fields of any reply: what lies where they are going to be is set aside first.
static uint8_t *write_draft(struct draft *draft, uint8_t *out, size_t used)
{
	uint8_t aside[JG_WIRE_DATAGRAM_MAX];
	set_aside(draft, out, used, aside);
	uint8_t *p = out + JG_WIRE_VERDICT;
	for (unsigned i = 0; i < draft->fields_n; i++)
		p = jg_wire_field_write(p, draft->fields[i].code, draft->fields[i].value);
	return p;
}

// What stands around the fields, which end at p. Returns the reply's length.
static inline size_t write_around(const struct jg_wire_request *wire, uint32_t flags,
	const struct jg_verdict *verdict, uint8_t *out, uint8_t *p)
{
	const size_t len = (size_t)(p - out) + jg_wire_mac_size(wire->front_end);
	const unsigned type = wire->type | JG_WIRE_REPLY;
	// Where the request stands, what is echoed does already.
	if (out == wire->datagram && flags == wire->flags) {
		out[JG_AT_TYPE] = (uint8_t)type;
		jg_put32(out + JG_AT_LENGTH, (uint32_t)len);
	} else {
		jg_wire_header_write(out, wire, flags, type, len);
	}
	write_verdict(out, verdict);
	if (wire->front_end != 0)
		memcpy(p, wire->mac, JG_WIRE_MAC_SIZE);
	return len;
}

// Apart, so that its large draft does not burden the replies that need none.
static __attribute__((noinline)) size_t build_any(const struct jg_wire_request *wire,
	const struct jg_verdict *verdict, struct jg_str token, uint8_t *out, size_t room)
{
	struct draft draft;
	uint32_t flags = wire->flags;
	draft.wire = wire;
	draft.verdict = verdict;
	draft.token = token;
	uint8_t *p = write_draft(&draft, out, cut(&draft, &flags, room));
	return write_around(wire, flags, verdict, out, p);
}

static inline size_t build(const struct jg_wire_request *wire, const struct jg_verdict *verdict,
	struct jg_str token, uint8_t *out, size_t size, bool apart)
{
	assert(wire->type >= JG_REQUEST_JOIN && wire->type <= JG_REQUEST_REFRESH);
	const size_t room = room_of(wire, size);
	if (room < JG_WIRE_VERDICT)
		return 0;
	uint8_t *p = NULL;
	if (apart && (wire->flags & WANT_MADE) == 0)
		p = write_strings(verdict, wire->flags, out, room);
	if (p == NULL)
		return build_any(wire, verdict, token, out, room);
	return write_around(wire, wire->flags, verdict, out, p);
}

size_t jg_wire_reply_build(const struct jg_wire_request *wire, const struct jg_verdict *verdict,
	struct jg_str token, uint8_t *out, size_t size)
{
	return build(wire, verdict, token, out, size, is_apart(verdict, wire->flags, out, size));
}

size_t jg_wire_reply_build_apart(const struct jg_wire_request *wire,
	const struct jg_verdict *verdict, struct jg_str token, uint8_t *out, size_t size)
{
	assert(is_apart(verdict, wire->flags, out, size));
	return build(wire, verdict, token, out, size, true);
}

size_t jg_wire_ping_build(const struct jg_wire_request *wire, const struct jg_wire_load *load,
	uint8_t *out, size_t size)
{
	assert(wire->type == JG_WIRE_PING);
	if (room_of(wire, size) < JG_WIRE_VERDICT)
		return 0;
	const size_t mac = jg_wire_mac_size(wire->front_end);
	jg_wire_header_write(out, wire, 0, JG_WIRE_PING | JG_WIRE_REPLY, JG_WIRE_VERDICT + mac);
	memset(out + JG_WIRE_HEADER, 0, JG_WIRE_VERDICT - JG_WIRE_HEADER);
	jg_put64(out + JG_AT_CAPABILITIES, load->verdicts);
	jg_put64(out + JG_AT_EPOCH, load->epoch);
	jg_put64(out + JG_AT_ISSUED_AT, (uint64_t)load->now);
	jg_put32(out + JG_AT_RESERVED, load->busy);
	memcpy(out + JG_WIRE_VERDICT, wire->mac, mac);
	return JG_WIRE_VERDICT + mac;
}

static bool take_expires(const struct jg_wire_part *field, struct jg_wire_reply *reply)
{
	const uint32_t n = field->len / JG_WIRE_EXPIRY;
	if (field->len % JG_WIRE_EXPIRY != 0 || n == 0 || n > JG_CAPABILITY_COUNT)
		return false;
	for (uint32_t i = 0; i < n; i++) {
		const uint8_t *p = field->p + i * JG_WIRE_EXPIRY;
		reply->expires[i].capabilities = jg_get64(p) & JG_CAPABILITY_ALL;
		reply->expires[i].expires_at = (int64_t)jg_get64(p + 8);
	}
	reply->verdict.capability_expires = reply->expires;
	reply->verdict.capability_expires_n = n;
	return true;
}

static bool take_detail(const struct jg_wire_part *field, struct jg_wire_reply *reply)
{
	if (field->len < JG_WIRE_EXPIRY)
		return false;
	reply->verdict.rule_value = (int64_t)jg_get64(field->p);
	reply->verdict.rule_limit = (int64_t)jg_get64(field->p + 8);
	reply->verdict.subject =
		bytes_of(field->p + JG_WIRE_EXPIRY, (size_t)field->len - JG_WIRE_EXPIRY);
	return true;
}

static struct jg_str *place_of(unsigned code, struct jg_wire_reply *reply)
{
	struct jg_verdict *verdict = &reply->verdict;
	switch (code) {
	case JG_WIRE_FIELD_IDENTITY:
		return &verdict->identity;
	case JG_WIRE_FIELD_ROOM:
		return &verdict->room;
	case JG_WIRE_FIELD_APP:
		return &verdict->app;
	case JG_WIRE_FIELD_TOKEN:
		return &reply->token;
	case JG_WIRE_FIELD_ROLE:
		return &verdict->role;
	case JG_WIRE_FIELD_KIND:
		return &verdict->kind;
	case JG_WIRE_FIELD_NAME:
		return &verdict->name;
	case JG_WIRE_FIELD_KEY:
		return &verdict->key;
	case JG_WIRE_FIELD_LAYOUT_CLASSES:
		return &verdict->layout_classes;
	case JG_WIRE_FIELD_ATTRIBUTES:
		return &verdict->attributes;
	case JG_WIRE_FIELD_ANCESTORS:
		return &verdict->ancestors;
	case JG_WIRE_FIELD_RTM_PERMISSIONS:
		return &verdict->rtm_permissions;
	default:
		assert(code == JG_WIRE_FIELD_METADATA);
		return &verdict->metadata;
	}
}

static enum jg_wire_fate take_field(const struct jg_wire_part *field, struct jg_wire_reply *reply)
{
	if ((reply->echo.flags >> field->code & 1) == 0)
		return JG_WIRE_FATE_FIELD;
	if (field->code == JG_WIRE_FIELD_TOKEN && reply->echo.type != JG_REQUEST_REFRESH)
		return JG_WIRE_FATE_FIELD;
	bool good = true;
	if (field->code == JG_WIRE_FIELD_ANCESTORS)
		good = field->len % sizeof(reply->verdict.token_id) == 0;
	if (field->code == JG_WIRE_FIELD_TOKEN_ID) {
		good = field->len == sizeof(reply->verdict.token_id);
		memcpy(reply->verdict.token_id, field->p, good ? field->len : 0);
	} else if (field->code == JG_WIRE_FIELD_CAPABILITY_EXPIRES) {
		good = take_expires(field, reply);
	} else if (field->code == JG_WIRE_FIELD_DETAIL) {
		good = take_detail(field, reply);
	} else {
		*place_of(field->code, reply) = bytes_of(field->p, good ? field->len : 0);
	}
	return good ? JG_WIRE_FATE_OK : JG_WIRE_FATE_VALUE;
}

// Codes of a newer gate: an unknown reason stays a refusal, an unknown rule has no words here, an
// unknown capability gives nothing.
static enum jg_wire_fate read_verdict(const uint8_t *datagram, struct jg_wire_reply *reply)
{
	struct jg_verdict *verdict = &reply->verdict;
	verdict->capabilities = jg_get64(datagram + JG_AT_CAPABILITIES) & JG_CAPABILITY_ALL;
	verdict->epoch = jg_get64(datagram + JG_AT_EPOCH);
	verdict->issued_at = (int64_t)jg_get64(datagram + JG_AT_ISSUED_AT);
	verdict->expires_at = (int64_t)jg_get64(datagram + JG_AT_EXPIRES_AT);
	verdict->app_index = UINT32_MAX;
	verdict->vendor = reply->echo.vendor;
	verdict->reason = datagram[JG_AT_REASON];
	if (datagram[JG_AT_FORMAT] < JG_FORMAT_COUNT)
		verdict->format = datagram[JG_AT_FORMAT];
	if (datagram[JG_AT_RULE] < JG_RULE_COUNT)
		verdict->rule = datagram[JG_AT_RULE];
	verdict->verified = (datagram[JG_AT_VERIFIED] & 1) != 0;
	if ((datagram[JG_AT_VERIFIED] & ~1u) != 0 || jg_get32(datagram + JG_AT_RESERVED) != 0)
		return JG_WIRE_FATE_FLAGS;
	if (verdict->reason != JG_REASON_OK && jg_get64(datagram + JG_AT_CAPABILITIES) != 0)
		return JG_WIRE_FATE_VALUE;
	return JG_WIRE_FATE_OK;
}

static enum jg_wire_fate read_load(const uint8_t *datagram, size_t end, struct jg_wire_reply *reply)
{
	static const uint8_t zero[JG_AT_RESERVED - JG_AT_EXPIRES_AT];
	reply->load = (struct jg_wire_load){
		.verdicts = jg_get64(datagram + JG_AT_CAPABILITIES),
		.epoch = jg_get64(datagram + JG_AT_EPOCH),
		.now = (int64_t)jg_get64(datagram + JG_AT_ISSUED_AT),
		.busy = jg_get32(datagram + JG_AT_RESERVED),
	};
	if (memcmp(datagram + JG_AT_EXPIRES_AT, zero, sizeof(zero)) != 0)
		return JG_WIRE_FATE_FLAGS;
	if (end != JG_WIRE_VERDICT)
		return JG_WIRE_FATE_TRAILING;
	return reply->load.busy <= 1000 ? JG_WIRE_FATE_OK : JG_WIRE_FATE_VALUE;
}

enum jg_wire_fate jg_wire_reply_parse(
	const uint8_t *datagram, size_t len, struct jg_wire_reply *reply)
{
	*reply = (struct jg_wire_reply){0};
	enum jg_wire_fate fate = jg_wire_header_parse(datagram, len, JG_WIRE_REPLY, &reply->echo);
	if (fate != JG_WIRE_FATE_OK)
		return fate;
	const size_t end = len - jg_wire_mac_size(reply->echo.front_end);
	if (reply->echo.type == JG_WIRE_PING)
		return read_load(datagram, end, reply);
	fate = read_verdict(datagram, reply);
	struct jg_wire_part field = {0};
	for (size_t at = JG_WIRE_VERDICT; at < end && fate == JG_WIRE_FATE_OK;) {
		fate = jg_wire_field_cut(datagram, end, &at, &field);
		if (fate == JG_WIRE_FATE_OK)
			fate = take_field(&field, reply);
	}
	return fate;
}
