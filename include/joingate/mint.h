// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <joingate/verify.h>

struct jg_minter;

enum jg_token_type {
	JG_TOKEN_USER = 0,
	JG_TOKEN_SERVER, /**< Stream */
	JG_TOKEN_CALL, /**< Stream: room = call id */
	JG_TOKEN_DEVELOPMENT, /**< Stream: unsigned */
};

/** One service of an Agora 007 token (its own numbers: 1 RTC, 2 RTM, ... 10 STT). */
struct jg_mint_service {
	uint64_t capabilities; /**< its privileges; 0 = none */
	struct jg_str room; /**< RTC, streaming, FCDN: channel; aPaaS: room */
	struct jg_str identity; /**< its user; FPA, Convo AI and STT have none */
	struct jg_str rtm_permissions; /**< RTM2, as in a verdict */
	int16_t apaas_role; /**< aPaaS; the SDK's default is -1 */
	uint8_t type;
};

/** What a token shall say. Fields a format has no place for must be empty. */
struct jg_mint {
	struct jg_str app; /**< key of an app in the snapshot */
	struct jg_str key; /**< id of the secret; NULL = the first active one */
	struct jg_str identity;
	struct jg_str room;
	struct jg_str name;
	struct jg_str metadata; /**< LiveKit metadata, OpenTok/Vonage connection data */
	struct jg_str attributes; /**< LiveKit: a JSON object of strings */
	/** OpenTok, Vonage (none and no capabilities: publisher), Stream call tokens. Agora, where no
	 * capabilities are given: publisher (default) or subscriber, as in its SDK's builders. */
	struct jg_str role;
	struct jg_str kind; /**< LiveKit */
	struct jg_str layout_classes; /**< separated by single spaces */
	struct jg_str rtm_permissions; /**< Agora RTM2 (a login without signal), as in a verdict */
	/** JWT formats: one JSON object whose members are merged into the payload as they are; a member
	 * given here replaces the one the fields above would have made. NULL = none. */
	struct jg_str claims;
	/** LiveKit and Agora; 0: what the vendor's defaults give a participant. OpenTok and Vonage
	 * without a role: the role with exactly these. Not looked at for Stream, and beside a role of
	 * OpenTok or Vonage. */
	uint64_t capabilities;
	/** JG_TIME_NONE = leave iat out where the format allows, else now. Not in agora-006, which
	 * ends 24 hours after its issue: expires_at says it all. */
	int64_t issued_at;
	int64_t not_before; /**< JWT nbf; JG_TIME_NONE = leave out */
	int64_t expires_at; /**< JG_TIME_NONE = never, where the format allows */
	const struct jg_capability_expiry *capability_expires; /**< Agora */
	uint32_t capability_expires_n;
	/** Agora 007: these services in this order, several of a type if need be, each with a user and
	 * a room of its own; then capabilities, role, room and identity must be empty. None: what
	 * capabilities need, all for one user and room. */
	const struct jg_mint_service *services;
	uint32_t services_n;
	/** Agora; whatever else in a token is random (T1's nonce, Vonage's jti) follows from it.
	 * 0 = random. */
	uint32_t salt;
	uint8_t vendor;
	uint8_t format; /**< enum jg_format; JG_FORMAT_NONE = the vendor's default */
	uint8_t service; /**< enum jg_service */
	uint8_t type; /**< enum jg_token_type */
};

/** One minted token, or why there is none. */
struct jg_minted {
	char *token; /**< in: where to write */
	uint32_t size; /**< in: bytes there; JG_TOKEN_MAX always suffices */
	uint32_t len; /**< out: length, 0 on failure */
	const char *problem; /**< out: static text on failure, else NULL */
	const char *field; /**< out: name of the field the problem is with, else NULL */
};

JG_API JG_MUST_CHECK struct jg_minter *jg_minter_new(
	const struct jg_verifier_options *options, struct jg_error *err);
JG_API void jg_minter_free(struct jg_minter *minter);

/**
 * Mint n tokens (1..JG_BURST_MAX), signed in multi-buffer batches.
 *
 * Threads: one minter per thread. Memory: borrows everything, allocates nothing (OpenSSL may for
 * RS256).
 */
JG_API void jg_mint_burst(struct jg_minter *minter, const struct jg_snapshot *snapshot, int64_t now,
	const struct jg_mint *requests, struct jg_minted *minted, unsigned n);

/**
 * Mint successors of tokens whose refresh verdicts admit. LiveKit: 10 minutes, or what is left of
 * the old token when that is longer; name, identity, kind, metadata, attributes, video grant,
 * roomConfig and roomPreset are carried, and a jti where the policy requires one. Stream, OpenTok and
 * Vonage: all claims but the times, the same life.
 *
 * Refreshing launders nothing. iat = the original issue time (0 when there is none), which cut-offs
 * compare; policy.refresh_until, policy.max_lifetime and the vendor's own limit count from it. The
 * secret that signed the token signs its successor, so that a cut-off of it, or retiring it, reaches
 * both. The claim "jg_ancestors" (T1: field) names all tokens before it, so that a cut-off of any one
 * refuses all that follow. Not refreshed, and the verdict says not_permitted and why: Agora tokens,
 * unsigned ones, those that never expire, those of a secret that only verifies, and a token that has
 * been refreshed 32 times. Entries whose verdict does not admit get len 0 and a problem.
 *
 * @param requests what was verified, @param verdicts what jg_verify_burst() said of it; both from
 * the verifier's last burst
 */
JG_API void jg_refresh_burst(struct jg_minter *minter, const struct jg_snapshot *snapshot,
	int64_t now, const struct jg_request *requests, const struct jg_verdict *verdicts,
	struct jg_minted *minted, unsigned n);
