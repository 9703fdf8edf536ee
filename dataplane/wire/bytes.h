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

/** One field on its way in. */
struct jg_wire_part {
	const uint8_t *p;
	uint16_t code;
	uint16_t len;
};

/** Check and read the header; direction is 0 or JG_WIRE_REPLY. */
enum jg_wire_fate jg_wire_header_parse(
	const uint8_t *datagram, size_t len, unsigned direction, struct jg_wire_request *wire);

/** Write it; length is that of the whole datagram. */
void jg_wire_header_write(uint8_t *out, const struct jg_wire_request *wire, uint32_t flags,
	unsigned type, size_t len);

/** Cut the field at offset *at and move it past; field is the last one cut, whose code must be
 * smaller. */
enum jg_wire_fate jg_wire_field_cut(
	const uint8_t *datagram, size_t end, size_t *at, struct jg_wire_part *field);

/** Copy what does not overlap. A call of memcpy() costs more than a short string's bytes. */
static inline void jg_wire_copy(uint8_t *out, const uint8_t *p, size_t n)
{
	if (n > 32) {
		memcpy(out, p, n);
	} else if (n >= 16) {
		memcpy(out, p, 16);
		memcpy(out + n - 16, p + n - 16, 16);
	} else if (n >= 8) {
		memcpy(out, p, 8);
		memcpy(out + n - 8, p + n - 8, 8);
	} else if (n >= 4) {
		memcpy(out, p, 4);
		memcpy(out + n - 4, p + n - 4, 4);
	} else if (n > 0) {
		out[0] = p[0];
		out[n / 2] = p[n / 2];
		out[n - 1] = p[n - 1];
	}
}

/** Append one; p may be NULL when it is empty. */
static inline uint8_t *jg_wire_field_write(uint8_t *out, unsigned code, struct jg_str value)
{
	jg_put16(out, (uint16_t)code);
	jg_put16(out + 2, (uint16_t)value.len);
	out += JG_WIRE_FIELD_HEAD;
	jg_wire_copy(out, (const uint8_t *)value.p, value.len);
	return out + value.len;
}
