// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** Requests and verdicts that several tests of the wire use. */

#include "internal/base.h"

#include <joingate/wire.h>

#include <stdlib.h>

/** Shaped like a signed JWT: 43 characters after the second dot. */
#define SAMPLE_TOKEN \
	"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJqb2huIn0.0123456789abcdefghijklmnopqrstuvwxyzABCDEFG"
#define SAMPLE_KEY "0123456789abcdef0123456789abcdef"

static inline struct jg_wire_request sample_wire(uint16_t front_end)
{
	return (struct jg_wire_request){
		.id = UINT64_C(0x1122334455667788),
		.flags = JG_WIRE_WANT_ALL,
		.front_end = front_end,
		.type = JG_REQUEST_JOIN,
	};
}

static inline struct jg_request sample_request(void)
{
	return (struct jg_request){
		.token = JG_STR(SAMPLE_TOKEN),
		.app = JG_STR("k8mzq2w7rt5x"),
		.room = JG_STR("default:call-7"),
		.identity = JG_STR("john"),
		.vendor = JG_VENDOR_STREAM,
	};
}

static inline struct jg_verdict sample_verdict(void)
{
	static const struct jg_capability_expiry expires[] = {
		{JG_CAPABILITY(PUBLISH_CAMERA), 1800000100},
		{JG_CAPABILITY(PUBLISH_DATA), JG_TIME_NONE},
	};
	return (struct jg_verdict){
		.capabilities = JG_CAPABILITY(JOIN) | JG_CAPABILITY(SUBSCRIBE),
		.issued_at = 1799999000,
		.expires_at = JG_TIME_NONE,
		.epoch = 42,
		.app = JG_STR("k8mzq2w7rt5x"),
		.key = JG_STR("2026-11"),
		.identity = JG_STR("john"),
		.room = JG_STR("default:call-7"),
		.name = JG_STR("John"),
		.metadata = JG_STR("{\"seat\":7}"),
		.attributes = JG_STR("{\"a\":\"b\"}"),
		.role = JG_STR("publisher"),
		.kind = JG_STR("standard"),
		.layout_classes = JG_STR("focus full"),
		.ancestors = JG_STR("first token's idnext token's id "),
		.rtm_permissions = JG_STR("\x01\0\x02\0\0"),
		.capability_expires = expires,
		.capability_expires_n = JG_ARRAY_SIZE(expires),
		.subject = JG_STR("exp"),
		.rule_value = -125,
		.rule_limit = 60,
		.vendor = JG_VENDOR_STREAM,
		.format = JG_FORMAT_JWT_HS256,
		.rule = JG_RULE_TOO_EARLY,
		.verified = true,
		.token_id = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16},
	};
}

/** A heap copy of exactly this size, so that a read past the end is seen. */
static inline uint8_t *exact_copy(const uint8_t *bytes, size_t len)
{
	uint8_t *copy = malloc(len == 0 ? 1 : len);
	if (copy == NULL)
		abort();
	memcpy(copy, bytes, len);
	return copy;
}

static inline bool is_within(struct jg_str s, const uint8_t *bytes, size_t len)
{
	const uint8_t *p = (const uint8_t *)s.p;
	return p == NULL || (p >= bytes && s.len <= len && p <= bytes + len - s.len);
}
