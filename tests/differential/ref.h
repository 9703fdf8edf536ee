// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/**
 * The second opinion: a slow verifier of all six layouts with OpenSSL, jansson and zlib. It shares
 * nothing with dataplane/token but the public names of reasons and capabilities.
 */

#include <joingate/capability.h>
#include <joingate/reason.h>
#include <joingate/vendor.h>
#include <joingate/verify.h>

#include <jansson.h>

#include <openssl/evp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define REF_APPS_MAX 32
#define REF_CUT_OFFS_MAX 8
#define REF_TOKEN_CUTS_MAX 512
#define REF_ID 16 /**< bytes of a token's id */
#define REF_ANCESTORS_MAX 32

enum ref_status {
	REF_ACTIVE,
	REF_VERIFY_ONLY,
	REF_RETIRED
};

struct ref_secret {
	const char *id, *text;
	enum ref_status status;
	int64_t from, until; /**< 0 = no bound */
};

struct ref_room_rule {
	const char *pattern;
	uint64_t deny;
};

/** What a participant gets in place of what the token says; NULL: the token's. */
struct ref_override {
	const char *room, *identity;
	bool capabilities_set;
	uint64_t capabilities;
	const char *name, *metadata;
};

/** A cut-off of any scope but token; what is NULL does not name it. */
struct ref_cut_off {
	const char *user, *room, *secret;
	int64_t before;
};

/** All zero: the vendor's own rules. */
struct ref_policy {
	bool own_leeway;
	int64_t leeway, grace, max_lifetime, refresh_until;
	bool refresh;
	bool require_exp, require_iat, require_jti;
	uint64_t deny, require, unpublished, default_capabilities;
	struct ref_room_rule rooms[REF_CUT_OFFS_MAX];
	size_t rooms_n;
	const char *role; /**< this word means role_capabilities */
	uint64_t role_capabilities;
};

struct ref_app {
	unsigned vendor;
	const char *key;
	const char *secret; /**< HMAC formats; its id is "a", it is always active */
	struct ref_secret more[REF_CUT_OFFS_MAX];
	size_t more_n;
	struct ref_policy policy;
	struct ref_cut_off cut_offs[REF_CUT_OFFS_MAX];
	size_t cut_offs_n;
	struct ref_override overrides[REF_CUT_OFFS_MAX];
	size_t overrides_n;
	EVP_PKEY *public_key; /**< Vonage */
	bool auth_checks_disabled; /**< Stream */
	int64_t revoke_before; /**< Stream, whole app; 0 = not set */
	struct {
		const char *user;
		int64_t before;
	} users[REF_CUT_OFFS_MAX];
	size_t users_n;
};

/** A cut-off of one token. */
struct ref_token_cut {
	const struct ref_app *app;
	uint8_t id[REF_ID];
	int64_t before;
};

struct ref_world {
	struct ref_app apps[REF_APPS_MAX];
	size_t apps_n;
	struct ref_token_cut token_cuts[REF_TOKEN_CUTS_MAX];
	size_t token_cuts_n;
	int64_t now;
};

/** Beside the token: NULL = not sent. */
struct ref_request {
	unsigned vendor;
	const char *token;
	size_t token_len;
	const char *app;
	const char *room;
	const char *identity;
	unsigned service;
	bool reconnect; /**< this client was connected before */
	bool refresh; /**< it wants a successor */
	bool known; /**< the front end's MAC held */
};

/** Stages in the order of the format paper, section 6. */
enum ref_stage {
	REF_LONG,
	REF_MALFORMED,
	REF_ENCODING,
	REF_CONTENT,
	REF_ALG,
	REF_KEY,
	REF_SIGNATURE,
	REF_TIME,
	REF_LIFETIME,
	REF_CLAIM,
	REF_JOIN,
	REF_MATCH,
	REF_REVOKED,
	REF_POLICY,
	REF_STAGES
};

#define REF_R(symbol) (UINT32_C(1) << JG_REASON_##symbol)

struct ref_verdict {
	uint32_t at[REF_STAGES]; /**< reasons found at that stage */
	uint32_t loose[REF_STAGES]; /**< as good as any reason of that stage and the later ones */
	const char *
		unspecified; /**< the paper leaves this case open: why; the verdict counts for nothing */
	uint64_t capabilities;
	int64_t ends[JG_CAPABILITY_COUNT]; /**< JG_TIME_NONE: no end of its own */
	int64_t issued_at;
	int64_t expires_at;
	const char *identity, *room, *name, *metadata, *role, *kind, *layout_classes;
	const char *app; /**< key of the app; NULL: none was found */
	const char *key; /**< id of the secret that fitted */
	json_t *attributes; /**< NULL: none */
	uint8_t id[REF_ID];
	bool id_known; /**< development tokens have none */
	const char *ancestors; /**< raw ids */
	size_t ancestors_len;
	const char *permissions; /**< RTM2, raw */
	size_t permissions_len;
	json_t *header, *payload; /**< released by ref_clear() */
	char pool[1 << 17]; /**< strings above */
	size_t used;
};

/** Judge one request. ref_clear() afterwards. */
void ref_judge(const struct ref_world *world, const struct ref_request *request,
	struct ref_verdict *verdict);
void ref_clear(struct ref_verdict *verdict);
/**
 * Is this what the request's token has to be refreshed to?
 *
 * @param request, verdict the refresh request, and ref_judge() of it, which admits
 * @param next the judgement of the successor as a join
 * @return NULL, or what is wrong
 */
const char *ref_refreshed(const struct ref_world *world, const struct ref_request *request,
	const struct ref_verdict *verdict, const struct ref_request *successor,
	const struct ref_verdict *next);
/** Acceptable reasons as a mask; 0 = admit. */
uint32_t ref_reasons(const struct ref_verdict *verdict);

// Shared by the reference's own files.

struct ref_case {
	const struct ref_world *world;
	const struct ref_request *request;
	const struct ref_app *app;
	struct ref_verdict *verdict;
};

enum ref_alphabet {
	REF_URL,
	REF_STANDARD_PADDED,
	REF_EITHER
};

void ref_fail(struct ref_case *c, enum ref_stage stage, uint32_t reasons);
void ref_loose(struct ref_case *c, enum ref_stage stage, uint32_t reasons);
void ref_open(struct ref_case *c, const char *why);
/** Bytes from the verdict's pool. */
char *ref_room(struct ref_case *c, size_t n);
const char *ref_text(struct ref_case *c, const char *p, size_t n);
/** Decoded bytes, or -1. */
long ref_base64(const char *in, size_t n, enum ref_alphabet alphabet, uint8_t *out);
bool ref_utf8(const char *p, size_t n);
size_t ref_characters(const char *p);
json_t *ref_json(const char *p, size_t n);
const struct ref_app *ref_find(const struct ref_case *c, const char *key);
/** The key named inside the token must be an app's, and the one sent beside it when one was sent. */
void ref_find_app(struct ref_case *c, const char *key);
/** Role, session, connection data, layout classes, times: what OpenTok and Vonage share. */
void ref_role(struct ref_case *c, const char *role);
void ref_session(struct ref_case *c, const char *session);
void ref_connection_data(struct ref_case *c, const char *data);
void ref_layout(struct ref_case *c, const char *list);
void ref_opentok_times(struct ref_case *c, const int64_t *issued, int64_t expires);
void ref_grant(struct ref_case *c, uint64_t capabilities, int64_t end);

/** The text of the i-th secret that may be used now, NULL behind the last. */
const char *ref_secret(const struct ref_case *c, size_t i);
/** The i-th of them made the signature, which is this once decoded. */
void ref_signed_by(struct ref_case *c, size_t i, const void *signature, size_t n);
/** The claim or field that names what a refreshed token descends from; NULL: not there. */
void ref_ancestors(struct ref_case *c, const char *text);
/** The text of the secret that made it, if it is one that signs. */
const char *ref_signing_secret(const struct ref_case *c);
/** Where a refreshed token's successor ends. */
int64_t ref_successor_end(const struct ref_case *c);
/** Tolerance for clocks, and what a reconnect gets beyond it. */
int64_t ref_leeway(const struct ref_case *c);
int64_t ref_late(const struct ref_case *c);
/** The policy's lifetime and claims, cut-offs, and what the policy takes away: after everything else. */
void ref_decide(struct ref_case *c);

void ref_jwt(struct ref_case *c);
void ref_t1(struct ref_case *c);
void ref_agora(struct ref_case *c);
void ref_livekit_claims(struct ref_case *c);
void ref_stream_claims(struct ref_case *c, bool development);
void ref_opentok_claims(struct ref_case *c);
