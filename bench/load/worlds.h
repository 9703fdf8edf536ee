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

/** 0 or negative errno with err; free each with jg_snapshot_free(), also on failure. */
JG_MUST_CHECK int worlds_build(const struct jg_config *config,
	struct jg_snapshot *snapshots[WORLD_COUNT], struct jg_error *err);

/** The key that stands for an app's in WORLD_STRANGE: one character differs. */
void worlds_strange_key(const struct jg_config *config, const struct jg_app *app, char key[130]);
