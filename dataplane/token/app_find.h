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

/** Are there so many apps that most are not near? */
static inline bool jg_snapshot_is_large(const struct jg_snapshot *snapshot)
{
	return snapshot->slots_mask >= 1024;
}

/** The slot that an app would stand in first is on its way. */
static inline void jg_snapshot_prefetch(const struct jg_snapshot *snapshot, uint64_t hash)
{
	__builtin_prefetch(&snapshot->slots[hash & snapshot->slots_mask]);
}

/** What stands in that slot: nearly always the app, if there is one. */
static inline const struct jg_app_row *jg_snapshot_first(
	const struct jg_snapshot *snapshot, uint64_t hash)
{
	return snapshot->slots[hash & snapshot->slots_mask].row;
}

/** What most tokens need of an app is on its way. NULL does no harm. */
static inline void jg_app_prefetch(const struct jg_app_row *row)
{
	__builtin_prefetch(row);
	__builtin_prefetch((const void *)((uintptr_t)row + JG_CACHE_LINE));
}

/** The app from the first slot on, or NULL: what is not as most are. */
const struct jg_app_row *jg_snapshot_search(
	const struct jg_snapshot *snapshot, uint64_t hash, unsigned vendor, struct jg_str key);

/** Is it this app? Only of keys of eight to sixteen characters, as most are. */
static inline bool jg_app_is_short(const struct jg_app_row *row, unsigned vendor, struct jg_str key)
{
	return row->vendor == vendor && row->key_len == key.len &&
		key.len - 8 <= JG_APP_KEY_SHORT - 8 &&
		((jg_hash_load64(row->begin) ^ jg_hash_load64(key.p)) |
			(jg_hash_load64(row->begin + key.len - 8) ^
				jg_hash_load64(key.p + key.len - 8))) == 0;
}

/** The app, or NULL; what stands in its first slot is known. */
static inline const struct jg_app_row *jg_snapshot_find_hashed(const struct jg_snapshot *snapshot,
	const struct jg_app_row *first, uint64_t hash, unsigned vendor, struct jg_str key)
{
	if (__builtin_expect(first != NULL && jg_app_is_short(first, vendor, key), 1))
		return first;
	return jg_snapshot_search(snapshot, hash, vendor, key);
}

/** Its key, in the snapshot's memory. */
static inline struct jg_str jg_app_key(const struct jg_app_row *row)
{
	const char *p = row->key_len <= JG_APP_KEY_SHORT ? row->begin : row->app->key.p;
	return (struct jg_str){p, row->key_len};
}

/** May this caller ask about an app of this vendor with this set of callers? Caller 0 may ask about every app. */
static inline bool jg_snapshot_allows(
	const struct jg_snapshot *snapshot, unsigned vendor, unsigned caller_set, unsigned caller)
{
	if (caller == 0)
		return true;
	if (caller >= JG_CALLERS_MAX)
		return false;
	const struct jg_callers *sets = snapshot->callers;
	uint64_t word = sets[0].bits[caller / 64] | sets[vendor].bits[caller / 64] |
		sets[caller_set].bits[caller / 64];
	return (word >> caller % 64 & 1) != 0;
}
