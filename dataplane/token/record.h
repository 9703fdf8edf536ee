// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/**
 * One token of a burst on its way through the stages of verify.c. Private to dataplane/token.
 *
 * A layout (vendor and format) is one row of jg_layouts[] in layout.c: three functions that say how
 * its bytes become a record, when it is valid, and what it means. All the rest (apps, secrets, MACs,
 * times, cut-offs, policy) is common to all and lives in the stages.
 */

#include "internal/base.h"
#include "internal/mac.h"
#include "outline.h"
#include "state.h"
#include "text.h"

#include <joingate/verify.h>

#include <assert.h>

struct jg_burst;
struct jg_json_schema;
struct jg_record;

/** JSON types, and where the value stands. Numbers and strings: the raw text without quotes. */
enum jg_json_type {
	JG_JSON_NONE = 0, /**< absent */
	JG_JSON_NULL,
	JG_JSON_FALSE,
	JG_JSON_TRUE,
	JG_JSON_NUMBER,
	JG_JSON_STRING,
	JG_JSON_OBJECT, /**< text from '{' to '}' */
	JG_JSON_ARRAY, /**< text from '[' to ']' */
	JG_JSON_TYPES
};

/** A known member's value; its text is syntactically valid JSON by then. */
struct jg_claim {
	uint32_t start; /**< offset in the decoded payload */
	uint32_t len;
	uint8_t type; /**< enum jg_json_type */
	bool escaped; /**< string with backslashes: decode before use */
};

#define JG_CLAIMS_MAX 64

/** Known members of one JSON text, by slot number of the layout's schema. */
struct jg_claims {
	uint64_t present; /**< bit per slot; the others are garbage */
	uint64_t of_type[JG_JSON_TYPES]; /**< the present ones by enum jg_json_type */
	const uint8_t *text; /**< decoded payload */
	uint32_t len;
	/** True, false and null need not be filled in. The last one is of members without a slot. */
	struct jg_claim slot[JG_CLAIMS_MAX + 1];
};

/** Slots that every JWT schema has, so that format_jwt.c can serve all vendors. */
enum jg_slot {
	JG_SLOT_EXP = 0,
	JG_SLOT_NBF,
	JG_SLOT_IAT,
	JG_SLOT_JTI,
	JG_SLOT_KEY, /**< key hint: iss or application_id */
	JG_SLOT_ANCESTORS, /**< of a refreshed token: ancestors.h */
	JG_SLOT_VENDOR, /**< first slot of the vendor's own */
};

/** What T1 and Agora parsers yield live in their own headers: t1.h, agora.h. */
struct jg_t1;
struct jg_agora;

/** How a layout is signed. */
enum jg_signing {
	JG_SIGNING_SHA256 = 0, /**< HMAC-SHA256 with the key's midstates, 32 bytes */
	JG_SIGNING_SHA1, /**< HMAC-SHA1 with the key's SHA-1 midstates, 20 bytes */
	JG_SIGNING_RSA, /**< PKCS#1 v1.5 with SHA-256 */
	JG_SIGNINGS
};

/**
 * What a vendor's format needs beyond the common stages. Functions refuse a record with
 * jg_refuse(); one that returns without having refused lets it live on.
 */
struct jg_layout {
	uint8_t vendor;
	uint8_t format; /**< enum jg_format */
	uint8_t signing; /**< enum jg_signing */
	bool key_beside; /**< no key hint inside: the app is the one that travels beside the token */
	bool dev_tokens; /**< Stream: a literal "devtoken" may stand for the signature */
	bool plain_session; /**< session() has nothing to do when nothing to compare with is beside */
	bool nbf_is_issue; /**< a token without iat was issued at its nbf */
	/** Seconds that iat may lie ahead of now; -1: iat is not looked at. */
	int16_t iat_ahead;
	/** Longest life the vendor allows, issue to expiry, in seconds; 0 = no limit. */
	int32_t lifetime_max;
	const struct jg_json_schema *schema; /**< JWT formats: the payload's known members */
	/**
	 * Token text to fields: malformed, bad_encoding, bad_json, bad_alg. Sets app_key (key hint,
	 * len 0 = none), message, signature and signature_len (or rsa_signature), and the layout's
	 * own view (claims, t1, agora) in memory of jg_scratch_take().
	 */
	void (*parse)(struct jg_burst *b, struct jg_record *r);
	/**
	 * JWTs only: the second half of parse, in a pass of its own: what has just been written in
	 * small pieces is read in large ones, which is slow until it has left the store buffer.
	 */
	void (*interpret)(struct jg_burst *b, struct jg_record *r);
	/**
	 * Once per key round, over the records that are about to be tried with r->key: set
	 * r->mac_key where it is not simply the key's midstates. NULL for most.
	 */
	void (*derive_keys)(struct jg_burst *b, struct jg_record *const *records, unsigned n);
	/** After the signature held: set exp, nbf, iat, issued_at and the claim bits seen. */
	void (*times)(struct jg_burst *b, struct jg_record *r);
	/** bad_claim, missing_claim, no_join; fill in the verdict and r->capabilities. */
	void (*claims)(struct jg_burst *b, struct jg_record *r);
	/** room_mismatch, identity_mismatch: compare with what travelled beside the token. */
	void (*session)(struct jg_burst *b, struct jg_record *r);
};

/** Not cleared between bursts, but for what says so: whoever needs a field of a record that has not been refused
 * finds it set by what comes before. */
struct jg_record {
	const struct jg_request *request;
	struct jg_verdict *verdict;
	const struct jg_layout *layout;
	const struct jg_app_entry *app;
	int64_t exp; /**< JG_TIME_NONE: none, as at first; the other times, too */
	int64_t nbf;
	int64_t iat;
	int64_t issued_at; /**< what cut-offs and lifetimes count from */
	/** From here on all is zero at first, up to app_hash. */
	const struct jg_key *key; /**< being tried; once verified: that fitted */
	union {
		struct jg_claims *claims; /**< JWT; NULL: there is a reading */
		struct jg_t1 *t1;
		struct jg_agora *agora;
	};
	struct jg_str app_key; /**< key hint */
	struct jg_str rsa_signature; /**< RS256: decoded, in scratch memory */
	uint64_t capabilities; /**< so far */
	uint16_t next_key; /**< of jg_app_keys(), for the rounds after the first */
	uint8_t reason; /**< enum jg_reason; != OK: this record is out */
	uint8_t signature_len; /**< HMAC: decoded bytes, of which signature holds the first 32 */
	uint8_t claim_bits; /**< enum jg_claim_bit: which of them the token has */
	bool known_header; /**< JWT: it is right, and was not decoded */
	bool dev_token; /**< Stream: unsigned development token */
	bool bad_time; /**< JWT: a time claim is a number beyond 2^53 */
	bool verified; /**< the signature held */
	bool new_shape; /**< JWT: no known shape fits; once interpreted: and the quick reader read it */
	bool named; /**< where users alone have cut-offs: name_hash is the identity's */
	bool cleared; /**< the same, in their stage: no cut-off can refuse it */
	alignas(16) uint64_t app_hash;
	/** Before the app is found: what stands where it is looked for. */
	const struct jg_app_row *row;
	const struct jg_mac_key *mac_key; /**< midstates for this round */
	/** Anything where there is no name yet. */
	uint64_t name_hash;
	uint64_t user_fingerprint; /**< of it and the app, for the search */
	const _Atomic uint32_t *user_latest; /**< what tells of it in jg_burst.users_view */
	struct jg_str message; /**< signed bytes */
	struct jg_text text; /**< JWT: the payload decoded */
	struct jg_text header; /**< JWT: decoded */
	struct jg_reading reading; /**< JWT of a shape with an outline: in place of the claims */
	uint8_t signature[32]; /**< HMAC formats: decoded */
};

/** Bump allocator for what a burst's tokens decode to; emptied by the next burst. */
struct jg_scratch {
	uint8_t *base;
	size_t used;
	size_t high; /**< most used by any burst: what has to be wiped in the end */
	size_t size;
};

/** Arena bytes that a token can never exceed: three times its decoded text, or the longest inflated
 * Agora content, and what is made of it. */
#define JG_SCRATCH_TOKEN (96u * 1024u)
/** Decoders may write this many bytes past the end of their output. */
#define JG_SCRATCH_SLACK 64u

/** n bytes, as they come, for text that is written exactly. It holds JG_SCRATCH_TOKEN for each
 * token of a full burst, so a parser within that budget never sees the end (an assert in debug
 * builds, NULL in release builds: refuse as overloaded). */
static inline void *jg_scratch_bytes(struct jg_scratch *scratch, size_t n)
{
	assert(n <= scratch->size - scratch->used);
	if (n > scratch->size - scratch->used)
		return NULL;
	void *p = scratch->base + scratch->used;
	scratch->used += n;
	return p;
}

/** n bytes aligned to 16 with JG_SCRATCH_SLACK more behind them. */
static inline void *jg_scratch_take(struct jg_scratch *scratch, size_t n)
{
	size_t used = scratch->used, padding = -used & 15;
	uint8_t *p = jg_scratch_bytes(scratch, padding + n + JG_SCRATCH_SLACK);
	return p == NULL ? NULL : p + padding;
}

/** Records to be tried in one round, each with its next secret, apart by how they are signed. Those of SHA-256,
 * which nearly all are, have their jobs already. */
struct jg_round {
	struct jg_record **records[JG_SIGNINGS];
	unsigned n[JG_SIGNINGS];
	struct jg_beginnings *beginnings; /**< NULL: not looked for */
	bool derive; /**< some have keys that are to be derived */
};

/** What the stages share. */
struct jg_burst {
	struct jg_verifier *verifier;
	const struct jg_snapshot *snapshot;
	const struct jg_request *requests;
	struct jg_verdict *verdicts;
	struct jg_record **live; /**< records not refused yet, in request order */
	int64_t now;
	uint64_t epoch; /**< of the snapshot */
	struct jg_round round; /**< the first one is joined while tokens are read */
	const struct jg_cut_offs *users_cut_off; /**< NULL: there are none, or others, too */
	const struct jg_cut_off_view
		*users_view; /**< as the burst began; NULL: the table grows, too */
	unsigned n; /**< of live */
	unsigned cut_off_scopes; /**< jg_cut_offs_scopes(), as the burst began */
	bool token_ids; /**< there are cut-offs of single tokens: every token needs its id */
	bool overrides; /**< there are overrides of participants */
	bool unusual; /**< a policy, an override or a refresh has to be looked at */
	bool users_late; /**< some users' cut-offs were not looked for yet */
};

#define JG_LAYOUTS_MAX 2 // of one vendor

/** A vendor's layout and how its tokens begin: four bytes, of which those in the mask count. */
struct jg_layout_row {
	uint32_t word;
	uint32_t mask;
	const struct jg_layout *layout;
};

/** Of a vendor, the one that fits first counts; rows that are not used have no layout. */
extern const struct jg_layout_row jg_layouts[JG_VENDOR_COUNT][JG_LAYOUTS_MAX];

/** The layout of a vendor's token, by its first bytes. NULL: none begins so (malformed). */
static inline const struct jg_layout *jg_layout_find(unsigned vendor, struct jg_str token)
{
	uint32_t word = 0; // zeros behind a token that is shorter
	if (vendor >= JG_VENDOR_COUNT)
		return NULL;
	if (token.len >= sizeof(word))
		memcpy(&word, token.p, sizeof(word));
	else if (token.len > 0)
		memcpy(&word, token.p, token.len);
	for (const struct jg_layout_row *row = jg_layouts[vendor], *end = row + JG_LAYOUTS_MAX;
		row < end; row++)
		if ((word & row->mask) == row->word)
			return row->layout;
	return NULL;
}

static inline bool jg_layout_is_jwt(const struct jg_layout *layout)
{
	return layout->schema != NULL;
}

/** Refuse; the first refusal stays. */
static inline void jg_refuse(struct jg_record *r, enum jg_reason reason)
{
	if (r->reason == JG_REASON_OK)
		r->reason = (uint8_t)reason;
}

/** Refuse and say which rule; subject is static or lives as long as the verdict's strings. */
void jg_refuse_rule(struct jg_record *r, enum jg_reason reason, enum jg_rule rule,
	struct jg_str subject, int64_t value, int64_t limit);

/** bad_claim and missing_claim, the two most common. */
void jg_refuse_claim(struct jg_record *r, const char *claim);
void jg_refuse_missing(struct jg_record *r, const char *claim);
/** no_join: what a good token lacks. */
void jg_refuse_no_join(struct jg_record *r, const char *lack);
void jg_refuse_mismatch(struct jg_record *r, enum jg_reason reason, const char *what);
/** A known text is longer than allowed: bad_claim. */
void jg_refuse_length(struct jg_record *r, const char *claim, uint32_t value, uint32_t limit);
