// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** What the tokens of a pool are drawn from. Read only once it is made: all who mint share it. */

#include "closed.h"
#include "draft.h"
#include "pool.h"

struct pool_source {
	const struct jg_config *config;
	struct pool_options options;
	struct mixer mixer;
	struct choice rooms;
	struct choice app_choice[JG_VENDOR_COUNT];
	uint32_t *apps[JG_VENDOR_COUNT]; // indices of each vendor's
	struct worlds worlds;
	struct closed closed;
	char filler[DRAFT_EXTRA_MAX];
};

/** The configuration is borrowed. 0 or negative errno with err; to be freed in any case. */
JG_MUST_CHECK int pool_source_init(struct pool_source *source, const struct jg_config *config,
	const struct pool_options *options, struct jg_error *err);
void pool_source_fini(struct pool_source *source);

/** One token to be, of this second. */
struct draft_source pool_source_draw(
	const struct pool_source *source, struct random *random, int64_t now, struct pick *pick);
