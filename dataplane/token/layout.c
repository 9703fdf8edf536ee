// SPDX-License-Identifier: BSD-3-Clause
// Every layout of a token, one row each.
#include "format_agora.h"
#include "format_jwt.h"
#include "format_t1.h"
#include "profile.h"

#define DAY 86400
// As they are read from memory.
#define FOUR(a, b, c, d) \
	((uint32_t)(a) | (uint32_t)(b) << 8 | (uint32_t)(c) << 16 | (uint32_t)(d) << 24)

static const struct jg_layout livekit_jwt = {
	.vendor = JG_VENDOR_LIVEKIT,
	.format = JG_FORMAT_JWT_HS256,
	.signing = JG_SIGNING_SHA256,
	.plain_session = true,
	.nbf_is_issue = true, // the JS SDK emits no iat
	.iat_ahead = -1,
	.schema = &jg_livekit_schema,
	.parse = jg_jwt_parse,
	.interpret = jg_jwt_interpret,
	.times = jg_jwt_times,
	.claims = jg_livekit_claims,
	.session = jg_livekit_session,
};

static const struct jg_layout stream_jwt = {
	.vendor = JG_VENDOR_STREAM,
	.format = JG_FORMAT_JWT_HS256,
	.signing = JG_SIGNING_SHA256,
	.key_beside = true,
	.plain_session = true,
	.dev_tokens = true,
	.iat_ahead = 0,
	.schema = &jg_stream_schema,
	.parse = jg_jwt_parse,
	.interpret = jg_jwt_interpret,
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
	.interpret = jg_jwt_interpret,
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
	.interpret = jg_jwt_interpret,
	.times = jg_jwt_times,
	.claims = jg_vonage_claims,
	.session = jg_opentok_compare_session,
};

static const struct jg_layout opentok_t1 = {
	.vendor = JG_VENDOR_OPENTOK,
	.format = JG_FORMAT_T1,
	.signing = JG_SIGNING_SHA1,
	.iat_ahead = 600,
	.lifetime_max = 30 * DAY,
	.parse = jg_t1_layout_parse,
	.times = jg_t1_times,
	.claims = jg_t1_claims,
	.session = jg_opentok_compare_session,
};

static const struct jg_layout agora_007 = {
	.vendor = JG_VENDOR_AGORA,
	.format = JG_FORMAT_AGORA_007,
	.signing = JG_SIGNING_SHA256,
	.iat_ahead = 600,
	.parse = jg_agora_007_layout_parse,
	.derive_keys = jg_agora_007_derive_keys,
	.times = jg_agora_007_times,
	.claims = jg_agora_007_claims,
	.session = jg_agora_007_session,
};

static const struct jg_layout agora_006 = {
	.vendor = JG_VENDOR_AGORA,
	.format = JG_FORMAT_AGORA_006,
	.signing = JG_SIGNING_SHA256,
	.iat_ahead = -1,
	.parse = jg_agora_006_layout_parse,
	.times = jg_agora_006_times,
	.claims = jg_agora_006_claims,
	.session = jg_agora_006_session,
};

const struct jg_layout_row jg_layouts[JG_VENDOR_COUNT][JG_LAYOUTS_MAX] = {
	[JG_VENDOR_LIVEKIT] = {{0, 0, &livekit_jwt}},
	[JG_VENDOR_STREAM] = {{0, 0, &stream_jwt}},
	[JG_VENDOR_OPENTOK] = {{FOUR('T', '1', '=', '='), UINT32_MAX, &opentok_t1},
		{0, 0, &opentok_jwt}},
	[JG_VENDOR_VONAGE] = {{0, 0, &vonage_jwt}},
	[JG_VENDOR_AGORA] = {{FOUR('0', '0', '7', 0), 0xffffff, &agora_007},
		{FOUR('0', '0', '6', 0), 0xffffff, &agora_006}},
};
