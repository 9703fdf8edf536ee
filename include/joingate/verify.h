// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <joingate/capability.h>
#include <joingate/reason.h>
#include <joingate/types.h>
#include <joingate/vendor.h>

#include <stdbool.h>
#include <stddef.h>

/** Requests in one burst, at most. */
#define JG_BURST_MAX 256
/** Bytes of a token, at most; longer ones are refused as too_long without being read. */
#define JG_TOKEN_MAX 20480
/** A time that is not there: never expires, no issue time. */
#define JG_TIME_NONE INT64_MIN

struct jg_snapshot;
struct jg_verifier;

enum jg_request_type {
	JG_REQUEST_JOIN = 1,
	JG_REQUEST_RECONNECT = 2,
	JG_REQUEST_REFRESH = 3,
};

enum jg_service {
	JG_SERVICE_RTC = 0,
	JG_SERVICE_RTM = 1,
};

enum jg_request_flag {
	/** The front end's MAC held; reconnect grace and refresh are for such requests only. */
	JG_REQUEST_AUTHENTICATED = 1 << 0,
	/** Fill in jg_verdict.token_id (costs one SHA-256). */
	JG_REQUEST_TOKEN_ID = 1 << 1,
};

/** One question: may this token join? Borrows all bytes until the verdict has been used. */
struct jg_request {
	struct jg_str token;
	/** What travels beside the token; p == NULL: nothing was sent, nothing is compared. */
	struct jg_str app; /**< Stream api_key, OpenTok key, Vonage application id, Agora App ID */
	struct jg_str room; /**< OpenTok/Vonage session id, Agora channel, Stream call */
	struct jg_str identity; /**< Stream user id, Agora uid or RTM user */
	uint8_t vendor; /**< enum jg_vendor; never guessed from the token */
	uint8_t type; /**< enum jg_request_type */
	uint8_t service; /**< enum jg_service, Agora only */
	uint8_t flags; /**< enum jg_request_flag */
	/** Who asks: 0 = anything may be asked, else a number given to jg_snapshot_builder_allow(). */
	uint16_t caller;
};

/** Capabilities that end at a time of their own (Agora privileges). */
struct jg_capability_expiry {
	uint64_t capabilities;
	int64_t expires_at; /**< seconds since the Unix epoch */
};

/** Which rule refused; jg_verdict_detail() puts it into words. */
enum jg_rule {
	JG_RULE_NONE = 0,
	JG_RULE_EXPIRED, /**< subject = what ended, value = seconds since, limit = leeway, grace */
	JG_RULE_TOO_EARLY, /**< subject = claim, value = seconds until it, limit = leeway */
	JG_RULE_LIFETIME, /**< subject = who limits it, value = life in seconds, limit = allowed */
	JG_RULE_CLAIM, /**< subject = claim: wrong type, range or word */
	JG_RULE_MISSING, /**< subject = claim */
	JG_RULE_REQUIRED_CLAIM, /**< subject = claim; limit = max_lifetime if that requires it */
	JG_RULE_LENGTH, /**< subject = claim, value = bytes or characters, limit = allowed */
	JG_RULE_NO_JOIN, /**< subject = what the token lacks */
	JG_RULE_MISMATCH, /**< subject = what differs */
	JG_RULE_CUT_OFF, /**< subject = scope, value = issue time, limit = cut-off time */
	JG_RULE_DENY, /**< policy.deny took join away */
	JG_RULE_REQUIRE, /**< value = missing capability bit */
	JG_RULE_ROOM, /**< no policy.rooms pattern allows the room */
	JG_RULE_ROOM_DENY, /**< subject = pattern whose deny took join away */
	JG_RULE_CALLER, /**< the front end may not ask about this app */
	JG_RULE_NO_SECRET, /**< the app has no secret that is usable now */
	JG_RULE_NOT_REFRESHABLE, /**< subject = why */
	JG_RULE_COUNT
};

/**
 * The answer to one request.
 *
 * Strings are decoded UTF-8 and live in the verifier's scratch memory, the snapshot, or where the request's
 * identity and room do, never in its token: valid until the verifier's next burst and while the snapshot and
 * the request live. Of a rejected token only what had been verified is filled in: before the signature holds,
 * nothing but vendor, format, epoch, app_index, reason and rule with what it says.
 */
struct jg_verdict {
	uint64_t capabilities; /**< 0 unless admitted */
	int64_t issued_at; /**< what cut-offs compare; JG_TIME_NONE when the token says nothing */
	int64_t expires_at; /**< without leeway; JG_TIME_NONE = never */
	uint64_t epoch; /**< of the snapshot that judged */
	struct jg_str app; /**< points into the snapshot */
	struct jg_str key; /**< id of the secret that fitted; points into the snapshot */
	struct jg_str identity;
	struct jg_str room;
	struct jg_str name;
	struct jg_str metadata; /**< LiveKit metadata, OpenTok/Vonage connection data */
	struct jg_str
		attributes; /**< LiveKit: the JSON object as it stands in the token; "" = none */
	struct jg_str role; /**< OpenTok, Vonage, Stream call tokens */
	struct jg_str kind; /**< LiveKit, in lower case; "standard" when not given */
	struct jg_str layout_classes; /**< separated by single spaces */
	/** Agora RTM2: the resource permissions of every service whose login is granted, one after the
	 * other, byte for byte as in the token: u16 n x (u16 resource, u16 m x (u16 0 = read | 1 =
	 * write, u16 k x (u16 length, name))), little-endian. Names are any bytes; nothing here judges
	 * them. */
	struct jg_str rtm_permissions;
	/** Ids of the tokens a refreshed one descends from, the first one first, 16 bytes each; "" = it
	 * was not refreshed. A cut-off of any of them refuses it. */
	struct jg_str ancestors;
	const struct jg_capability_expiry *capability_expires;
	uint32_t capability_expires_n;
	uint32_t app_index; /**< jg_app.index of the app; UINT32_MAX before it is known */
	uint32_t key_index; /**< jg_secret.index of the secret; UINT32_MAX unless it fitted */
	struct jg_str subject; /**< of the rule; static text or a borrowed pattern */
	int64_t rule_value;
	int64_t rule_limit;
	uint8_t reason; /**< enum jg_reason; JG_REASON_OK = admit */
	uint8_t format; /**< enum jg_format */
	uint8_t rule; /**< enum jg_rule */
	bool verified; /**< the signature held */
	uint8_t vendor; /**< enum jg_vendor */
	uint8_t token_id
		[16]; /**< SHA-256(app key, 0, decoded signature), first half; when asked for, and of refresh requests */
};

struct jg_verifier_options {
	/** MAC engine by name (see jg_verifier_describe()); NULL = the fastest, measured now. */
	const char *mac_engine;
	/** "portable", "avx2", "avx512"; NULL = the best this CPU has. */
	const char *simd;
	/** Do not learn token shapes: every token takes the full scan. */
	bool no_shapes;
	/** Do not keep hash states behind beginnings that tokens share: every message is hashed whole. */
	bool no_beginnings;
	/** Keys the hash tables; 0 = from the system's random source. */
	uint64_t seed;
};

/**
 * Create a verifier: scratch memory for one burst, MAC engine, decoders. Takes ten milliseconds to
 * measure the engines unless one is named.
 *
 * @param options NULL for the defaults
 * @return NULL with err filled in: out of memory, unknown engine or level, CPU without it
 */
JG_API JG_MUST_CHECK struct jg_verifier *jg_verifier_new(
	const struct jg_verifier_options *options, struct jg_error *err);

/** Wipe and free; NULL is allowed. */
JG_API void jg_verifier_free(struct jg_verifier *verifier);

/** "mac=imb-avx512 simd=avx512": what was chosen; lives as long as the verifier. */
JG_API const char *jg_verifier_describe(const struct jg_verifier *verifier);

/**
 * Judge one burst of requests.
 *
 * @param now           seconds since the Unix epoch, read once per burst by the caller
 * @param requests      any mix of vendors and formats
 * @param[out] verdicts one per request, same order
 * @param n             requests, 1..JG_BURST_MAX
 *
 * Threads: one verifier per thread; a snapshot may be shared by all. Memory: borrows all arguments,
 * allocates nothing (OpenSSL may for RS256). Cannot fail as a whole.
 * Source: RFC 7515 section 5.2 (order), RFC 7519 section 4.1 (times), RFC 8725 section 3.1 (alg
 * fixed by the app).
 */
JG_API void jg_verify_burst(struct jg_verifier *verifier, const struct jg_snapshot *snapshot,
	int64_t now, const struct jg_request *requests, struct jg_verdict *verdicts, unsigned n);

/**
 * Put a verdict's rule into words: "expired 125 s ago (leeway 60 s)".
 *
 * @return length of the text, which is cut to size - 1 bytes and NUL-terminated
 */
JG_API size_t jg_verdict_detail(const struct jg_verdict *verdict, char *text, size_t size);
