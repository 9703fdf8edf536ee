// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** One token of a pool on its way: what is minted, and how it is spoiled afterwards. */

#include "mix.h"
#include "worlds.h"

#include <joingate/mint.h>

#define DRAFT_EXTRA_MAX 12000

struct draft {
	struct pick pick;
	uint32_t index; // in the pool
	struct jg_str app; // that travels beside the token
	struct jg_str identity;
	struct jg_str room;
	char identity_text[32];
	char room_text[96];
};

struct draft_source {
	const struct jg_app *app;
	const char *strange_key; // that stands for the app's in WORLD_STRANGE
	const struct jg_cut_off *cut_off; // of a user, for revoked ones
	uint32_t room;
	uint32_t user;
	uint32_t extra; // bytes of metadata,
	const char *filler; // these
	uint32_t salt; // what is random in a token follows from it; not 0
	int64_t now;
	int64_t ttl;
};

/** Whose secrets it is minted with. */
enum world draft_world(const struct draft *draft);

/** Fill in from pick and index; the order borrows from the draft. */
void draft_init(struct draft *draft, const struct draft_source *source, struct jg_mint *order);

/** Spoil what was minted, as the kind says: token has room for JG_TOKEN_MAX + 1 bytes. */
void draft_spoil(const struct draft *draft, char *token, uint32_t *len);

/** The question to ask with the token. Borrows. */
struct jg_request draft_request(const struct draft *draft, struct jg_str token);
