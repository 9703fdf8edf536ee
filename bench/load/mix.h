// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** What a run is made of: layouts of tokens, kinds of bad ones, apps, rooms, reconnects. */

#include "random.h"

#include <joingate/reason.h>
#include <joingate/vendor.h>

// clang-format off
/** X(SYMBOL, "name", VENDOR, FORMAT) */
#define LAYOUTS(X) \
	X(LIVEKIT,   "livekit",    LIVEKIT, JWT_HS256) \
	X(STREAM,    "stream",     STREAM,  JWT_HS256) \
	X(OPENTOK,   "opentok",    OPENTOK, JWT_HS256) \
	X(T1,        "opentok-t1", OPENTOK, T1) \
	X(VONAGE,    "vonage",     VONAGE,  JWT_RS256) \
	X(AGORA,     "agora",      AGORA,   AGORA_007) \
	X(AGORA_006, "agora-006",  AGORA,   AGORA_006)

/** X(SYMBOL, "name", REASON it must be refused for, layouts it is made of) */
#define KINDS(X) \
	X(GOOD,              "good",              OK,                ON_ALL) \
	X(TOO_LONG,          "too_long",          TOO_LONG,          ON_ALL) \
	X(MALFORMED,         "malformed",         MALFORMED,         ON_JWT | ON_AGORA) \
	X(BAD_ENCODING,      "bad_encoding",      BAD_ENCODING,      ON_ALL) \
	X(BAD_JSON,          "bad_json",          BAD_JSON,          ON_JWT) \
	X(BAD_ALG,           "bad_alg",           BAD_ALG,           ON_JWT) \
	X(UNKNOWN_KEY,       "unknown_key",       UNKNOWN_KEY,       ON_ALL) \
	X(BAD_SIGNATURE,     "bad_signature",     BAD_SIGNATURE,     ON_ALL) \
	X(DEV_TOKEN,         "dev_token",         DEV_TOKEN,         ON(STREAM)) \
	X(EXPIRED,           "expired",           EXPIRED,           ON_ALL) \
	X(NOT_YET_VALID,     "not_yet_valid",     NOT_YET_VALID,     ON(LIVEKIT) | ON(STREAM)) \
	X(LIFETIME,          "lifetime",          LIFETIME,          ON(OPENTOK)) \
	X(BAD_CLAIM,         "bad_claim",         BAD_CLAIM,         ON_JWT) \
	X(MISSING_CLAIM,     "missing_claim",     MISSING_CLAIM,     ON(LIVEKIT)) \
	X(NO_JOIN,           "no_join",           NO_JOIN,           ON(LIVEKIT) | ON(STREAM)) \
	X(ROOM_MISMATCH,     "room_mismatch",     ROOM_MISMATCH,     ON(LIVEKIT) | ON(OPENTOK) | ON(T1) | ON(VONAGE) | ON(AGORA)) \
	X(IDENTITY_MISMATCH, "identity_mismatch", IDENTITY_MISMATCH, ON(STREAM) | ON(AGORA)) \
	X(REVOKED,           "revoked",           REVOKED,           ON(LIVEKIT) | ON(STREAM)) \
	X(NOT_PERMITTED,     "not_permitted",     NOT_PERMITTED,     ON(LIVEKIT) | ON(AGORA))
// clang-format on

enum layout {
#define X(symbol, name, vendor, format) LAYOUT_##symbol,
	LAYOUTS(X)
#undef X
	LAYOUT_COUNT
};

enum kind {
#define X(symbol, name, reason, layouts) KIND_##symbol,
	KINDS(X)
#undef X
	KIND_COUNT
};

const char *layout_name(unsigned layout);
enum jg_vendor layout_vendor(unsigned layout);
enum jg_format layout_format(unsigned layout);

const char *kind_name(unsigned kind);
enum jg_reason kind_reason(unsigned kind);
/** Is there a token of this kind in this layout? */
bool kind_fits(unsigned kind, unsigned layout);

struct mix {
	double layouts[LAYOUT_COUNT]; // weights
	double kinds[KIND_COUNT]; // weights of the bad ones among each other
	bool absent[KIND_COUNT][LAYOUT_COUNT]; // there is no such token, whatever the weights say
	double bad; // share of bad tokens
	double reconnect; // share of reconnects among the good ones
	double zipf; // exponent for apps and rooms
	uint32_t rooms; // of each app
	uint32_t extra_min; // bytes of metadata in a token, where its layout has a place for them
	uint32_t extra_max;
};

/** All kinds alike but too_long, which is large, at a tenth. No layouts yet. */
void mix_init(struct mix *mix);

/** "livekit=70,agora=30", or without weights: all alike. 0, or -EINVAL with err. */
JG_MUST_CHECK int mix_parse_layouts(struct mix *mix, const char *text, struct jg_error *err);
JG_MUST_CHECK int mix_parse_kinds(struct mix *mix, const char *text, struct jg_error *err);

/** One token to be. */
struct pick {
	enum layout layout;
	enum kind kind;
	bool reconnect;
};

/** The mix as tables. */
struct mixer {
	struct mix mix;
	struct choice layouts;
	struct choice kinds[LAYOUT_COUNT]; // n == 0: no bad ones in this layout
};

JG_MUST_CHECK int mixer_init(struct mixer *mixer, const struct mix *mix, struct jg_error *err);
void mixer_fini(struct mixer *mixer);
struct pick mixer_pick(const struct mixer *mixer, struct random *random);
