// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <joingate/types.h>

// clang-format off
/** Vendors: X(code, SYMBOL, "name", "what its app key is called"). Codes are the wire's, never reused. */
#define JG_VENDORS(X) \
	X(1, LIVEKIT, "livekit", "API key") \
	X(2, STREAM,  "stream",  "API key") \
	X(3, OPENTOK, "opentok", "project key") \
	X(4, VONAGE,  "vonage",  "application id") \
	X(5, AGORA,   "agora",   "App ID")
// clang-format on

enum jg_vendor {
	JG_VENDOR_NONE = 0,
#define X(code, symbol, name, key) JG_VENDOR_##symbol = code,
	JG_VENDORS(X)
#undef X
	JG_VENDOR_COUNT
};

/** Layouts of a token; a vendor's profile says what its content means. */
enum jg_format {
	JG_FORMAT_NONE = 0,
	JG_FORMAT_JWT_HS256,
	JG_FORMAT_JWT_RS256,
	JG_FORMAT_T1,
	JG_FORMAT_AGORA_007,
	JG_FORMAT_AGORA_006,
	JG_FORMAT_COUNT
};

/** "livekit" …; "?" for a code that is not one. */
JG_API const char *jg_vendor_name(unsigned vendor);
/** The vendor of a name, JG_VENDOR_NONE when there is none. */
JG_API unsigned jg_vendor_find(struct jg_str name);
/** "jwt-hs256", "jwt-rs256", "t1", "agora-007", "agora-006"; "?" else. */
JG_API const char *jg_format_name(unsigned format);
