// SPDX-License-Identifier: BSD-3-Clause
// Every layout of a token, one row each.
#include "format_jwt.h"
#include "profile.h"

#define DAY 86400

static const struct jg_layout livekit_jwt = {
	.vendor = JG_VENDOR_LIVEKIT,
	.format = JG_FORMAT_JWT_HS256,
	.signing = JG_SIGNING_SHA256,
	.iat_ahead = -1,
	.schema = &jg_livekit_schema,
	.parse = jg_jwt_parse,
	.times = jg_livekit_times,
	.claims = jg_livekit_claims,
	.session = jg_livekit_session,
};

static const struct jg_layout stream_jwt = {
	.vendor = JG_VENDOR_STREAM,
	.format = JG_FORMAT_JWT_HS256,
	.signing = JG_SIGNING_SHA256,
	.key_beside = true,
	.dev_tokens = true,
	.iat_ahead = 0,
	.schema = &jg_stream_schema,
	.parse = jg_jwt_parse,
	.times = jg_jwt_times,
	.claims = jg_stream_claims,
	.session = jg_stream_session,
};

static const struct jg_layout opentok_jwt = {
	.vendor = JG_VENDOR_OPENTOK,
	.format = JG_FORMAT_JWT_HS256,
	.signing = JG_SIGNING_SHA256,
	.iat_ahead = 600,
	.lifetime_max = 30 * DAY,
	.schema = &jg_opentok_schema,
	.parse = jg_jwt_parse,
	.times = jg_jwt_times,
	.claims = jg_opentok_claims,
	.session = jg_opentok_compare_session,
};

static const struct jg_layout vonage_jwt = {
	.vendor = JG_VENDOR_VONAGE,
	.format = JG_FORMAT_JWT_RS256,
	.signing = JG_SIGNING_RSA,
	.iat_ahead = 600,
	.lifetime_max = 30 * DAY,
	.schema = &jg_vonage_schema,
	.parse = jg_jwt_parse,
	.times = jg_jwt_times,
	.claims = jg_vonage_claims,
	.session = jg_opentok_compare_session,
};

// The vendor's layout whose tokens begin so; an empty beginning fits all.
static const struct {
	struct jg_str beginning;
	const struct jg_layout *layout;
} layouts[] = {
	{{"", 0}, &livekit_jwt},
	{{"", 0}, &stream_jwt},
	{{"", 0}, &opentok_jwt},
	{{"", 0}, &vonage_jwt},
};

const struct jg_layout *jg_layout_find(unsigned vendor, struct jg_str token)
{
	for (size_t i = 0; i < JG_ARRAY_SIZE(layouts); i++) {
		struct jg_str beginning = layouts[i].beginning;
		if (layouts[i].layout->vendor == vendor && token.len >= beginning.len &&
			(beginning.len == 0 || memcmp(token.p, beginning.p, beginning.len) == 0))
			return layouts[i].layout;
	}
	return NULL;
}
