// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** The gate's apps, and two sets that resemble them: what strangers would mint with. */

#include "internal/config.h"

enum world {
	WORLD_OWN, // the apps as they are
	WORLD_FORGED, // the same keys, other secrets
	WORLD_STRANGE, // the same secrets, other keys
	WORLD_COUNT
};

#define STRANGE_KEY_MAX 128

struct worlds {
	struct jg_snapshot *snapshots[WORLD_COUNT];
	/** By the app's index, as long as its own: the key that stands for it in WORLD_STRANGE. One
	 * character differs, and it is nobody else's. */
	char (*strange_keys)[STRANGE_KEY_MAX];
	struct jg_cut_offs *cut_offs; // of the apps as they are
};

/** 0 or negative errno with err; to be freed in any case. */
JG_MUST_CHECK int worlds_build(
	struct worlds *worlds, const struct jg_config *config, struct jg_error *err);
void worlds_free(struct worlds *worlds);
