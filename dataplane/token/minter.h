// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** What the files of the minter share: mint.c coordinates, mint_*.c write one vendor's content each. */

#include "json.h"
#include "writer.h"

#include <joingate/mint.h>

struct jg_deflater;

/** Problems that several formats have. */
#define JG_MINT_TOO_LONG "the token would not fit"

/** Bytes of unsigned content that one token of a burst may need. */
#define JG_MINT_CONTENT_MAX 20480

/** One token of a burst on its way. */
struct jg_mint_slot {
	const struct jg_mint *ask;
	struct jg_mint own; /**< refresh: what ask points to */
	struct jg_minted *out;
	const struct jg_app_entry *app;
	const struct jg_key *key;
	struct jg_writer token; /**< the caller's buffer; JWT: the signing input */
	struct jg_writer content; /**< T1, Agora: what is signed, in the minter's memory */
	struct jg_str message; /**< signed bytes */
	struct jg_str tail; /**< agora-006: the part of the message that the token carries */
	struct jg_mac_key *mac_key; /**< agora-007: derived */
	int64_t issued_at; /**< asked for, or now where the format wants one */
	uint32_t salt; /**< Agora */
	uint8_t format; /**< enum jg_format, resolved */
	bool unsigned_; /**< Stream development token: complete as it stands */
};

struct jg_minter {
	struct jg_mac *mac;
	struct jg_deflater *deflater;
	struct jg_json *json;
	struct jg_scratch scratch; /**< of the JSON reader */
	uint64_t random; /**< state: salts, nonces and ids need to differ, not to be secret */
	int64_t now;
	struct jg_claims claims; /**< of the token being written: the caller's own members */
	char *text; /**< JSON of the token being written, JG_MINT_CONTENT_MAX bytes */
	char *content; /**< JG_MINT_CONTENT_MAX bytes for each token of a burst */
	struct jg_mint_slot slots[JG_BURST_MAX];
	struct jg_mac_job jobs[JG_BURST_MAX];
	unsigned job_slots[JG_BURST_MAX];
	struct jg_mac_key keys[JG_BURST_MAX]; /**< agora-007 */
};

/** Why there will be no token; the first problem stays. False, for the caller to return. */
bool jg_mint_fail(struct jg_mint_slot *slot, const char *field, const char *problem);

/** Fields are fine when they are short enough (bytes) and valid UTF-8. */
bool jg_mint_check_text(
	struct jg_mint_slot *slot, const char *field, struct jg_str text, uint32_t max);

/** A field that the format has no place for must be empty. */
bool jg_mint_check_empty(struct jg_mint_slot *slot, const char *field, struct jg_str text);

/** Something different every time. */
uint64_t jg_mint_random(struct jg_minter *m);

/** Each writes the content of one token; false when it failed. */
bool jg_mint_livekit(struct jg_minter *m, struct jg_mint_slot *slot);
bool jg_mint_stream(struct jg_minter *m, struct jg_mint_slot *slot);
bool jg_mint_opentok_jwt(struct jg_minter *m, struct jg_mint_slot *slot);
bool jg_mint_vonage(struct jg_minter *m, struct jg_mint_slot *slot);
bool jg_mint_t1(struct jg_minter *m, struct jg_mint_slot *slot);
bool jg_mint_agora_007(struct jg_minter *m, struct jg_mint_slot *slot);
bool jg_mint_agora_006(struct jg_minter *m, struct jg_mint_slot *slot);

/** Put the signature in its place, so that the token is whole. */
bool jg_mint_finish_t1(struct jg_mint_slot *slot, const uint8_t signature[20]);
bool jg_mint_finish_agora_007(
	struct jg_minter *m, struct jg_mint_slot *slot, const uint8_t signature[32]);
bool jg_mint_finish_agora_006(struct jg_mint_slot *slot, const uint8_t signature[32]);

/** OpenTok's and Vonage's fields: session, role, times, connection data, layout classes. */
bool jg_mint_check_opentok(struct jg_mint_slot *slot, struct jg_str *role);

/** Only JWTs carry an nbf and claims of the caller's own. */
bool jg_mint_check_plain(struct jg_mint_slot *slot);

/** Sign what the slots hold, and finish them. Slots that failed are passed over. */
void jg_mint_sign(struct jg_minter *m, unsigned n);
/** Start a slot: the output empty, app and key found. */
bool jg_mint_begin(struct jg_minter *m, const struct jg_snapshot *snapshot,
	struct jg_mint_slot *slot, const struct jg_mint *ask, struct jg_minted *out);
