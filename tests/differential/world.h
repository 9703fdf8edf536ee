// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** The apps that generated tokens are for, as the reference knows them and as joingate gets them. */

#include "ref.h"

#include <joingate/snapshot.h>

void world_init(struct ref_world *world, int64_t now, EVP_PKEY *public_key);
const struct ref_app *world_app(const struct ref_world *world, unsigned vendor, const char *key);

/** The Vonage apps' key pair, as PEM. */
struct world_keys {
	const char *public_pem, *private_pem;
};

/** NULL: err says why. */
struct jg_snapshot *world_build(const struct ref_world *world, const struct world_keys *keys,
	struct jg_cut_offs *cut_offs, struct jg_error *err);
/** Set or (JG_TIME_NONE) undo a token's cut-off in the live table. */
int world_cut_token(struct jg_cut_offs *cut_offs, const struct ref_token_cut *cut, int64_t before,
	struct jg_error *err);
