// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/**
 * The UDP protocol between SFU front ends and a gate; docs/wire.md explains it with a hex dump.
 * Integers are in network byte order. A datagram is
 *
 *      0  magic "JG"    2  version   3  type (bit 7: reply)   4  length of the datagram, 4 bytes
 *      8  request id, 8 bytes, echoed
 *     16  flags, 4      20  front end id, 2   22  vendor, 1   23  service, 1
 *     24  replies only: the verdict
 *         24 capabilities, 8   32 epoch, 8   40 issued at, 8   48 expires at, 8 (INT64_MIN: none)
 *         56 reason   57 format   58 rule   59 bit 0: the signature held   60 zero, 4
 *         or to a ping: 24 verdicts so far, 8   32 epoch, 8   40 the gate's time, 8   48 zero, 12
 *         60 busy permille, 4
 *         fields in ascending order of code, each at most once: code, 2   length, 2   bytes
 *         MAC, 16, if and only if the front end id is not 0
 *
 * Request MAC: the first 16 bytes of HMAC-SHA256 over all bytes before the token's, then its
 * binding: its last 43 bytes if a '.' stands before them (an HS256 signature), else all of it.
 * Reply MAC: the same over all bytes before the MAC, then the request's MAC. Whatever is not well
 * formed gets no answer. The codec is pure and bounded: it allocates nothing and keeps nothing.
 */

#include <joingate/verify.h>

#define JG_WIRE_PORT 7600
#define JG_WIRE_VERSION 1
#define JG_WIRE_HEADER 24 /**< bytes before a request's fields */
#define JG_WIRE_VERDICT 64 /**< bytes before a reply's fields; the least unauthenticated request */
#define JG_WIRE_MAC_SIZE 16
#define JG_WIRE_DATAGRAM_MAX 24000
#define JG_WIRE_APP_MAX 128
#define JG_WIRE_STRING_MAX 1024 /**< of a request's identity, room and padding */
#define JG_WIRE_BINDING 43

/** Types; the first three are enum jg_request_type. A ping asks whether the gate is there. */
#define JG_WIRE_PING 4
#define JG_WIRE_REPLY 0x80

/** Reply flag: fields that were wanted are left out, the last code first, to make it small enough.
 * The reply to an unauthenticated request is never larger than the request; pad to get more. */
#define JG_WIRE_CUT (UINT32_C(1) << 31)
/** Request flag: the reply shall carry this field. Replies echo the flags. */
#define JG_WIRE_WANT(FIELD) (UINT32_C(1) << JG_WIRE_FIELD_##FIELD)
#define JG_WIRE_WANT_ALL UINT32_C(0x3ffee)

/** Fields; requests hold the first five only, and exactly one token unless they are pings. */
enum jg_wire_field {
	JG_WIRE_FIELD_IDENTITY = 1,
	JG_WIRE_FIELD_ROOM = 2,
	JG_WIRE_FIELD_APP = 3,
	JG_WIRE_FIELD_PADDING = 4, /**< requests: any bytes, ignored */
	JG_WIRE_FIELD_TOKEN = 5, /**< replies: the refreshed token */
	JG_WIRE_FIELD_ROLE = 6,
	JG_WIRE_FIELD_KIND = 7,
	JG_WIRE_FIELD_NAME = 8,
	JG_WIRE_FIELD_KEY = 9, /**< id of the secret that fitted */
	JG_WIRE_FIELD_TOKEN_ID = 10, /**< 16 bytes */
	JG_WIRE_FIELD_CAPABILITY_EXPIRES = 11, /**< of 16 bytes each: capabilities, 8; expiry, 8 */
	JG_WIRE_FIELD_LAYOUT_CLASSES = 12, /**< separated by single spaces */
	JG_WIRE_FIELD_DETAIL = 13, /**< of the rule: value, 8; limit, 8; subject */
	JG_WIRE_FIELD_ATTRIBUTES = 14,
	JG_WIRE_FIELD_METADATA = 15,
	JG_WIRE_FIELD_ANCESTORS = 16, /**< ids of 16 bytes: what a refreshed token descends from */
	JG_WIRE_FIELD_RTM_PERMISSIONS = 17, /**< Agora RTM2, as they stand in the token */
	JG_WIRE_FIELD_COUNT
};

// clang-format off
/** What may become of a datagram: X(SYMBOL, "label", "help"). None but the first is answered. */
#define JG_WIRE_FATES(X) \
	X(OK,           "ok",           "well formed") \
	X(SHORT,        "short",        "shorter than a header, or unauthenticated and below 64 bytes") \
	X(MAGIC,        "magic",        "does not begin with JG") \
	X(VERSION,      "version",      "of another version of the protocol") \
	X(TYPE,         "type",         "of an unknown type, or a reply for a request or the reverse") \
	X(TRUNCATED,    "truncated",    "claims more bytes than there are, or more than 24000") \
	X(TRAILING,     "trailing",     "has more bytes than its length and its fields account for") \
	X(FLAGS,        "flags",        "an unknown flag, or a reserved byte that is not zero") \
	X(VENDOR,       "vendor",       "of an unknown vendor") \
	X(SERVICE,      "service",      "of an unknown service") \
	X(FIELD,        "field",        "a field that is unknown, out of order, twice or out of place") \
	X(FIELD_LENGTH, "field_length", "a field beyond the end or longer than allowed") \
	X(NO_TOKEN,     "no_token",     "a request without a token field") \
	X(VALUE,        "value",        "a verdict with a code that is none") \
	X(FRONT_END,    "front_end",    "from no known front end") \
	X(SOURCE,       "source",       "from outside the front end's source prefixes") \
	X(MAC,          "mac",          "its MAC does not hold") \
	X(OTHER,        "other",        "a reply to something else than this request")
// clang-format on

enum jg_wire_fate {
#define X(symbol, label, help) JG_WIRE_FATE_##symbol,
	JG_WIRE_FATES(X)
#undef X
	JG_WIRE_FATE_COUNT
};

/** The label of a fate; "?" for a number that is none. */
JG_API const char *jg_wire_fate_name(unsigned fate);

/** The envelope of a request; what it asks is a struct jg_request. */
struct jg_wire_request {
	uint64_t id; /**< never again under the same key: 32 random bits, then a counter */
	uint32_t flags; /**< JG_WIRE_WANT() of each field */
	uint16_t front_end; /**< 0: unauthenticated */
	uint8_t type; /**< enum jg_request_type or JG_WIRE_PING */
	uint8_t vendor; /**< parse; build takes it and the service from the jg_request */
	uint8_t service;
	uint16_t padding; /**< build: bytes; added as needed when unauthenticated */
	const uint8_t *datagram; /**< parse: where it was read from */
	uint32_t len; /**< parse: of the datagram */
	uint32_t token_at; /**< parse: offset of the token's bytes; in a ping, of the MAC */
	uint8_t mac[JG_WIRE_MAC_SIZE]; /**< parse: zero when unauthenticated */
};

/** What a gate says of itself to a ping. */
struct jg_wire_load {
	uint64_t verdicts; /**< given since it started */
	uint64_t epoch; /**< in force */
	int64_t now; /**< its clock, Unix seconds */
	uint32_t busy; /**< share of its time spent working, 0..1000 */
};

struct jg_wire_reply {
	struct jg_wire_request echo; /**< flags with JG_WIRE_CUT */
	struct jg_verdict verdict; /**< strings point into the datagram; a ping has none */
	struct jg_str token; /**< refreshed */
	struct jg_wire_load load; /**< ping only */
	struct jg_capability_expiry expires[JG_CAPABILITY_COUNT]; /**< the verdict points here */
};

/** Read a request from contiguous bytes, which are borrowed. request: flags TOKEN_ID when wanted,
 * caller 0; all zero for a ping. */
JG_API JG_MUST_CHECK enum jg_wire_fate jg_wire_request_parse(const uint8_t *datagram, size_t len,
	struct jg_wire_request *wire, struct jg_request *request);

/** Write a request; NULL for a ping's. The MAC's bytes are zero until it is signed.
 * @return length; 0: more than the protocol or size has room for */
JG_API JG_MUST_CHECK size_t jg_wire_request_build(const struct jg_wire_request *wire,
	const struct jg_request *request, uint8_t *out, size_t size);

/**
 * Write the reply to a parsed request, fields cut to fit; token: the refreshed one or none.
 * out may be the request's own datagram, also where the verdict's strings point into it. The MAC's
 * bytes hold the request's, so that the whole reply is what its own MAC is computed over.
 * @return length; 0: size is below JG_WIRE_VERDICT + JG_WIRE_MAC_SIZE
 */
JG_API JG_MUST_CHECK size_t jg_wire_reply_build(const struct jg_wire_request *wire,
	const struct jg_verdict *verdict, struct jg_str token, uint8_t *out, size_t size);

/** The same for a ping. */
JG_API JG_MUST_CHECK size_t jg_wire_ping_build(const struct jg_wire_request *wire,
	const struct jg_wire_load *load, uint8_t *out, size_t size);

/** Read a reply, whoever wrote it: clients use jg_wire_reply_open(). */
JG_API JG_MUST_CHECK enum jg_wire_fate jg_wire_reply_parse(
	const uint8_t *datagram, size_t len, struct jg_wire_reply *reply);

/** A front end's key, for clients. One thread. Wiped when freed. */
struct jg_wire_key;
JG_API JG_MUST_CHECK struct jg_wire_key *jg_wire_key_new(
	const void *secret, size_t len, struct jg_error *err);
JG_API void jg_wire_key_free(struct jg_wire_key *key);

/** Put the MAC into an authenticated request, as built. False: it is not one. */
JG_API JG_MUST_CHECK bool jg_wire_request_sign(
	struct jg_wire_key *key, uint8_t *datagram, size_t len);

/** Read a reply if it answers exactly this request (parsed after it was signed) and its MAC holds.
 * key NULL: both must be unauthenticated. */
JG_API JG_MUST_CHECK enum jg_wire_fate jg_wire_reply_open(struct jg_wire_key *key,
	const struct jg_wire_request *request, const uint8_t *datagram, size_t len,
	struct jg_wire_reply *reply);
