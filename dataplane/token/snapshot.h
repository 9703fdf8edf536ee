// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** Inside of a snapshot; for snapshot.c, which reads it, and snapshot_build.c, which makes it. */

#include "app.h"
#include "hash.h"

#include <assert.h>

/** Where an app stands. Filled to an eighth at most, so that nearly all stand where they are looked for first. */
struct jg_app_slot {
	uint64_t hash;
	struct jg_app_row *row; /**< NULL: empty, the search ends */
};

struct jg_override_slot {
	uint64_t hash;
	const struct jg_override *override; /**< NULL: empty */
};

/** Callers that may ask. */
struct jg_callers {
	uint64_t bits[JG_CALLERS_MAX / 64];
};

struct jg_snapshot {
	struct jg_app_slot *slots;
	uint64_t slots_mask;
	struct jg_override_slot *overrides; /**< NULL: there are none */
	uint64_t overrides_mask;
	/** 0: may ask about everything; 1..JG_VENDOR_COUNT - 1: about all apps of a vendor; from
	 * there on: about the apps that have this number as their caller_set. */
	struct jg_callers *callers;
	struct jg_hash_seed seed;
	uint64_t epoch;
	const struct jg_cut_offs *cut_offs;
	struct jg_arena arena; /**< holds all of it but RSA keys */
};

uint64_t jg_override_hash(const struct jg_hash_seed *seed, const struct jg_override *override);
/** Are both about one participant? */
bool jg_override_same(const struct jg_override *a, const struct jg_override *b);
