// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** Integers in network byte order, and where a datagram keeps them. Private to dataplane/wire. */

#include <joingate/wire.h>

#include <string.h>

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

static inline uint16_t jg_get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t jg_get32(const uint8_t *p)
{
	return (uint32_t)jg_get16(p) << 16 | jg_get16(p + 2);
}

static inline uint64_t jg_get64(const uint8_t *p)
{
	return (uint64_t)jg_get32(p) << 32 | jg_get32(p + 4);
}

static inline void jg_put16(uint8_t *p, uint16_t value)
{
	p[0] = (uint8_t)(value >> 8);
	p[1] = (uint8_t)value;
}

static inline void jg_put32(uint8_t *p, uint32_t value)
{
	jg_put16(p, (uint16_t)(value >> 16));
	jg_put16(p + 2, (uint16_t)value);
}

static inline void jg_put64(uint8_t *p, uint64_t value)
{
	jg_put32(p, (uint32_t)(value >> 32));
	jg_put32(p + 4, (uint32_t)value);
}

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

/** Append one; p may be NULL when it is empty. */
uint8_t *jg_wire_field_write(uint8_t *out, unsigned code, struct jg_str value);
