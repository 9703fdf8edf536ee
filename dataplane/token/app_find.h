// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** Looking up an app in two steps, and who may ask about it; inlined: the calls cost as much as what they do. */

#include "snapshot.h"

/** Another one for every snapshot, as its hashes are. */
static inline uint64_t jg_snapshot_number(const struct jg_snapshot *snapshot)
{
	return snapshot->seed.word[0];
}

static inline uint64_t jg_snapshot_hash(
	const struct jg_snapshot *snapshot, unsigned vendor, struct jg_str key)
{
	return jg_hash(&snapshot->seed, vendor, key);
}

/** Are there so many slots that most are not near? */
static inline bool jg_snapshot_is_large(const struct jg_snapshot *snapshot)
{
	return snapshot->slots_mask >= 256;
}

/** The slot that an app would stand in first is on its way. */
static inline void jg_snapshot_prefetch(const struct jg_snapshot *snapshot, uint64_t hash)
{
	__builtin_prefetch(&snapshot->slots[hash & snapshot->slots_mask]);
}

/** The app from the first slot on, or NULL: what is not as most are. */
const struct jg_app_entry *jg_snapshot_search(
	const struct jg_snapshot *snapshot, uint64_t hash, unsigned vendor, struct jg_str key);

/** The app, or NULL; its first lines and its first secret are on the way. Most apps stand in the first slot
 * and have keys of eight to sixteen characters. */
static inline const struct jg_app_entry *jg_snapshot_find_hashed(
	const struct jg_snapshot *snapshot, uint64_t hash, unsigned vendor, struct jg_str key)
{
	const struct jg_app_slot *slot = &snapshot->slots[hash & snapshot->slots_mask];
	const struct jg_app_entry *app = slot->app;
	if (slot->hash != hash || slot->vendor != vendor || slot->key_len != key.len ||
		key.len - 8 > 8 ||
		((jg_hash_load64(slot->key) ^ jg_hash_load64(key.p)) |
			(jg_hash_load64(slot->key + key.len - 8) ^
				jg_hash_load64(key.p + key.len - 8))) != 0) {
		app = jg_snapshot_search(snapshot, hash, vendor, key);
		if (app == NULL)
			return NULL;
	}
	__builtin_prefetch(app);
	const char *secret = (const char *)(app + 1); // the first one
	__builtin_prefetch(secret);
	__builtin_prefetch(secret + JG_CACHE_LINE);
	return app;
}

/** May this caller ask about the app? Caller 0 may ask about every app. */
static inline bool jg_snapshot_allows(
	const struct jg_snapshot *snapshot, const struct jg_app_entry *app, unsigned caller)
{
	if (caller == 0)
		return true;
	if (caller >= JG_CALLERS_MAX)
		return false;
	const struct jg_callers *sets = snapshot->callers;
	uint64_t word = sets[0].bits[caller / 64] | sets[app->vendor].bits[caller / 64] |
		sets[app->caller_set].bits[caller / 64];
	return (word >> caller % 64 & 1) != 0;
}
