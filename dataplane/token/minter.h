// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** What the files of the minter share: mint.c coordinates, mint_*.c write one vendor's content each. */

#include "ancestors.h"
#include "own_claims.h"
#include "put.h"
#include "writer.h"

#include <joingate/mint.h>

struct jg_decoders;
struct jg_deflater;

/** Problems that several formats have. */
#define JG_MINT_TOO_LONG "the token would not fit"

/** Bytes of unsigned content that one token of a burst may need. */
#define JG_MINT_CONTENT_MAX 20480

// clang-format off
/** Headers of JWTs as they stand in a token, with the dot: {"alg":"HS256"}, which is what LiveKit's
 * own SDK for Node writes; {"alg":"HS256","typ":"JWT"}; {"alg":"RS256","typ":"JWT"}. */
#define JG_MINT_HS256_ALONE "eyJhbGciOiJIUzI1NiJ9."
#define JG_MINT_HS256 "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9."
#define JG_MINT_RS256 "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9."
// clang-format on

/** One token of a burst on its way. */
struct jg_mint_slot {
	const struct jg_mint *ask;
	struct jg_mint own; /**< refresh: what ask points to */
	struct jg_minted *out;
	const struct jg_app_entry *app;
	const struct jg_key *key;
	struct jg_writer token; /**< the caller's buffer; JWT: the signing input */
	struct jg_writer
		content; /**< in the minter's memory. JWT: the payload; else what is signed */
	struct jg_str header; /**< JWT: its text with the dot; len 0: another format */
	struct jg_str message; /**< signed bytes */
	struct jg_str tail; /**< agora-006: the part of the message that the token carries */
	struct jg_mac_key *mac_key; /**< agora-007: derived */
	int64_t issued_at; /**< asked for, or now where the format wants one */
	struct jg_str ancestors; /**< refresh: what the token descends from, encoded */
	uint32_t salt; /**< Agora */
	uint64_t random; /**< state, where the order has a salt */
	uint8_t format; /**< enum jg_format, resolved */
	bool unsigned_; /**< Stream development token: complete as it stands */
	bool escapes; /**< a field has bytes that JSON must escape */
};

struct jg_beginnings;

struct jg_minter {
	struct jg_mac *mac;
	const struct jg_decoders *decoders;
	struct jg_deflater *deflater;
	struct jg_beginnings *beginnings; /**< of the JWTs it has made; NULL: none are kept */
	struct jg_json *json;
	struct jg_scratch scratch; /**< of the JSON reader */
	uint64_t random; /**< state: salts, nonces and ids need to differ, not to be secret */
	int64_t now;
	struct jg_claims claims; /**< of the token being written: the caller's own members */
	char ancestors[JG_ANCESTORS_TEXT]; /**< of the token being written, encoded */
	struct jg_own_claims *own; /**< reads the caller's own members */
	struct jg_put_last times[3]; /**< exp, nbf and iat of the last payloads */
	struct jg_str own_members; /**< of the token being written, without the braces */
	uint8_t *packed; /**< 007: content of one token, JG_DEFLATED(JG_MINT_CONTENT_MAX) bytes */
	/** JG_MINT_CONTENT_MAX bytes for each token of a burst. They stand one behind the other, so
	 * that few cache lines are used. */
	char *content;
	char *content_at; /**< for the next token */
	const struct jg_app_entry *noted; /**< of the burst: whose key was looked at last */
	bool noted_escapes; /**< and needs escapes in JSON */
	const struct jg_mint_slot *last; /**< of the burst whose app was found; NULL: none */
	struct jg_mint_slot slots[JG_BURST_MAX];
	struct jg_mac_job jobs[JG_BURST_MAX];
	unsigned job_slots[JG_BURST_MAX];
	struct jg_mac_key keys[JG_BURST_MAX]; /**< agora-007 */
};

/** Why there will be no token; the first problem stays. False, for the caller to return. */
bool jg_mint_fail(struct jg_mint_slot *slot, const char *field, const char *problem);

/** Of a text that is not plain ASCII: is it valid UTF-8, and does it need escapes? */
bool jg_mint_check_odd(
	struct jg_mint_slot *slot, const char *field, struct jg_str text, unsigned traits);

/** Fields are fine when they are short enough (bytes) and valid UTF-8. Notes what needs escapes. */
static inline bool jg_mint_check_text(
	struct jg_mint_slot *slot, const char *field, struct jg_str text, uint32_t max)
{
	if (text.len > max)
		return jg_mint_fail(slot, field, "longer than the format allows");
	unsigned traits = jg_text_traits(text);
	return traits == 0 ? true : jg_mint_check_odd(slot, field, text, traits);
}

/** A field that the format has no place for must be empty. */
static inline bool jg_mint_check_empty(
	struct jg_mint_slot *slot, const char *field, struct jg_str text)
{
	return text.len == 0 ? true : jg_mint_fail(slot, field, "the format has no place for it");
}

/** Something different every time, or what follows from the order's salt. */
uint64_t jg_mint_random(struct jg_minter *m, struct jg_mint_slot *slot);

/** Each writes the content of one token; false when it failed. */
bool jg_mint_livekit(struct jg_minter *m, struct jg_mint_slot *slot);
bool jg_mint_stream(struct jg_minter *m, struct jg_mint_slot *slot);
bool jg_mint_opentok_jwt(struct jg_minter *m, struct jg_mint_slot *slot);
bool jg_mint_vonage(struct jg_minter *m, struct jg_mint_slot *slot);
bool jg_mint_t1(struct jg_minter *m, struct jg_mint_slot *slot);
bool jg_mint_agora_007(struct jg_minter *m, struct jg_mint_slot *slot);
bool jg_mint_agora_006(struct jg_minter *m, struct jg_mint_slot *slot);

/** Put the signature in its place, so that the token is whole. */
bool jg_mint_finish_t1(struct jg_minter *m, struct jg_mint_slot *slot, const uint8_t signature[20]);
bool jg_mint_finish_agora_007(
	struct jg_minter *m, struct jg_mint_slot *slot, const uint8_t signature[32]);
bool jg_mint_finish_agora_006(
	struct jg_minter *m, struct jg_mint_slot *slot, const uint8_t signature[32]);

/** OpenTok's and Vonage's fields: session, role, times, connection data, layout classes. */
bool jg_mint_check_opentok(struct jg_minter *m, struct jg_mint_slot *slot, struct jg_str *role);

/** Only JWTs carry an nbf and claims of the caller's own. */
bool jg_mint_check_plain(struct jg_mint_slot *slot);

/** A text that is written without a check, but may need escapes: a role of a policy. */
static inline void jg_mint_note(struct jg_mint_slot *slot, struct jg_str text)
{
	slot->escapes |= (jg_text_traits(text) & JG_TEXT_QUOTED) != 0;
}

/** The same for the app's key, which neighbours in a burst mostly share. */
static inline void jg_mint_note_app(struct jg_minter *m, struct jg_mint_slot *slot)
{
	if (m->noted != slot->app) {
		m->noted = slot->app;
		m->noted_escapes = (jg_text_traits(slot->app->key) & JG_TEXT_QUOTED) != 0;
	}
	slot->escapes |= m->noted_escapes;
}

/** Start a burst. */
void jg_mint_open(struct jg_minter *m, const struct jg_snapshot *snapshot, int64_t now);
/** Sign what the slots hold, and finish them. Slots that failed are passed over. */
void jg_mint_sign(struct jg_minter *m, unsigned n);
/** Start a slot: the output empty, app and key found. */
bool jg_mint_begin(struct jg_minter *m, const struct jg_snapshot *snapshot,
	struct jg_mint_slot *slot, const struct jg_mint *ask, struct jg_minted *out);
/** Its content is written: the next slot's goes behind it. */
void jg_mint_end(struct jg_minter *m, const struct jg_mint_slot *slot);
