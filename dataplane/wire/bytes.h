// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** Where a datagram keeps what. Private to dataplane/wire. */

#include "internal/order.h"

#include <joingate/wire.h>

/** Offsets; wire.h draws them. */
enum jg_wire_offset {
	JG_AT_MAGIC = 0,
	JG_AT_VERSION = 2,
	JG_AT_TYPE = 3,
	JG_AT_LENGTH = 4,
	JG_AT_ID = 8,
	JG_AT_FLAGS = 16,
	JG_AT_FRONT_END = 20,
	JG_AT_VENDOR = 22,
	JG_AT_SERVICE = 23,
	JG_AT_CAPABILITIES = 24, /**< ping: verdicts */
	JG_AT_EPOCH = 32,
	JG_AT_ISSUED_AT = 40, /**< ping: the gate's time */
	JG_AT_EXPIRES_AT = 48,
	JG_AT_REASON = 56,
	JG_AT_FORMAT = 57,
	JG_AT_RULE = 58,
	JG_AT_VERIFIED = 59,
	JG_AT_RESERVED = 60, /**< ping: busy */
};

#define JG_WIRE_FIELD_HEAD 4 /**< code and length */
#define JG_WIRE_EXPIRY 16 /**< one entry of CAPABILITY_EXPIRES; value and limit of DETAIL */

/** The MAC's bytes at the end of a datagram from or to this front end. */
static inline size_t jg_wire_mac_size(unsigned front_end)
{
	return front_end == 0 ? 0 : JG_WIRE_MAC_SIZE;
}

/** Magic, version and type: the four bytes before the length. */
static inline uint32_t jg_wire_magic(unsigned type)
{
	return (uint32_t)'J' << 24 | (uint32_t)'G' << 16 | JG_WIRE_VERSION << 8 | type;
}

/** One field on its way in. */
struct jg_wire_part {
	const uint8_t *p;
	uint16_t code;
	uint16_t len;
};

/** jg_wire_request_parse() without the short way of ordinary requests: what that is tested against. */
enum jg_wire_fate jg_wire_request_parse_any(const uint8_t *datagram, size_t len,
	struct jg_wire_request *wire, struct jg_request *request);

/** Check and read the header; direction is 0 or JG_WIRE_REPLY. */
enum jg_wire_fate jg_wire_header_parse(
	const uint8_t *datagram, size_t len, unsigned direction, struct jg_wire_request *wire);

/** Write it. */
static inline void jg_wire_header_write(
	uint8_t *out, const struct jg_wire_request *wire, uint32_t flags, unsigned type, size_t len)
{
	jg_put64(out + JG_AT_MAGIC, (uint64_t)jg_wire_magic(type) << 32 | (uint32_t)len);
	jg_put64(out + JG_AT_ID, wire->id);
	jg_put32(out + JG_AT_FLAGS, flags);
	jg_put16(out + JG_AT_FRONT_END, wire->front_end);
	static_assert(offsetof(struct jg_wire_request, service) -
				offsetof(struct jg_wire_request, vendor) ==
			JG_AT_SERVICE - JG_AT_VENDOR,
		"both go out in one");
	memcpy(out + JG_AT_VENDOR, (const uint8_t *)wire + offsetof(struct jg_wire_request, vendor),
		2);
}

/** Cut the field at offset *at and move it past; field is the last one cut, whose code must be
 * smaller. */
enum jg_wire_fate jg_wire_field_cut(
	const uint8_t *datagram, size_t end, size_t *at, struct jg_wire_part *field);

/** Copy what does not overlap. A call of memcpy() costs more than a short string's bytes, and the callers'
 * registers; pieces may overlap one another. */
static inline void jg_wire_copy(uint8_t *out, const uint8_t *p, size_t n)
{
	if (n - 8 <= 8) {
		memcpy(out, p, 8);
		memcpy(out + n - 8, p + n - 8, 8);
	} else if (n > 16) {
		for (size_t at = 0; at < n - 16; at += 16)
			memcpy(out + at, p + at, 16);
		memcpy(out + n - 16, p + n - 16, 16);
	} else if (n >= 4) {
		memcpy(out, p, 4);
		memcpy(out + n - 4, p + n - 4, 4);
	} else if (n > 0) {
		out[0] = p[0];
		out[n / 2] = p[n / 2];
		out[n - 1] = p[n - 1];
	}
}

/** Append one, of 16 bits of length; p may be NULL when it is empty. */
static inline uint8_t *jg_wire_field_write(uint8_t *out, unsigned code, struct jg_str value)
{
	jg_put32(out, code << 16 | value.len);
	out += JG_WIRE_FIELD_HEAD;
	jg_wire_copy(out, (const uint8_t *)value.p, value.len);
	return out + value.len;
}
