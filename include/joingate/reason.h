// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <joingate/types.h>

// clang-format off
/**
 * Why a join was refused: X(code, SYMBOL, "label", "help").
 *
 * Codes are the wire's and are never reused; 20 (quota) and 21 (single use) are reserved. The label
 * is the name in JSON, metrics and on the command line. The order is the order of checks: a token
 * that fails several reports the first.
 */
#define JG_REASONS(X) \
	X( 0, OK,                "ok",                "admitted") \
	X( 1, TOO_LONG,          "too_long",          "the token is longer than 20480 bytes") \
	X( 2, MALFORMED,         "malformed",         "the parts, sentinel, version or binary layout of the token are wrong") \
	X( 3, BAD_ENCODING,      "bad_encoding",      "a part of the token is not strict base64 of its kind") \
	X( 4, BAD_JSON,          "bad_json",          "header or payload is not one strict JSON object (RFC 8259, no duplicate names)") \
	X( 5, BAD_ALG,           "bad_alg",           "the header's alg is not the app's, or the header demands an extension (crit, b64)") \
	X( 6, UNKNOWN_KEY,       "unknown_key",       "no app with this key here, or not the app that was asked about") \
	X( 7, BAD_SIGNATURE,     "bad_signature",     "no usable secret of the app made this signature") \
	X( 8, DEV_TOKEN,         "dev_token",         "a Stream development token while the app checks authentication") \
	X( 9, EXPIRED,           "expired",           "the token's time is over") \
	X(10, NOT_YET_VALID,     "not_yet_valid",     "the token's time has not begun") \
	X(11, LIFETIME,          "lifetime",          "the token lives longer than the vendor or the app's policy allows") \
	X(12, BAD_CLAIM,         "bad_claim",         "a known claim has the wrong type, range or word") \
	X(13, MISSING_CLAIM,     "missing_claim",     "a claim that the vendor or the app's policy requires is absent") \
	X(14, NO_JOIN,           "no_join",           "a good token, but not one that may join") \
	X(15, ROOM_MISMATCH,     "room_mismatch",     "the token is for another room, session, channel or call") \
	X(16, IDENTITY_MISMATCH, "identity_mismatch", "the token is for another user") \
	X(17, REVOKED,           "revoked",           "issued before a cut-off that is in force") \
	X(18, NOT_PERMITTED,     "not_permitted",     "the app's policy forbids this join") \
	X(19, OVERLOADED,        "overloaded",        "the gate could not judge the token now; ask again")
// clang-format on

enum jg_reason {
#define X(code, symbol, label, help) JG_REASON_##symbol = code,
	JG_REASONS(X)
#undef X
	JG_REASON_COUNT
};

/** The label of a reason; "?" for a code that is not one. */
JG_API const char *jg_reason_name(unsigned reason);
/** One line of help for a reason; "" for a code that is not one. */
JG_API const char *jg_reason_help(unsigned reason);
