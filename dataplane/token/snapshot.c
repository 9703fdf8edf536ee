// SPDX-License-Identifier: BSD-3-Clause
// The immutable form of apps, secrets, policies and overrides: what workers look things up in.
#include "app_find.h"

#include <stdlib.h>

const struct jg_app_row *jg_snapshot_search(
	const struct jg_snapshot *snapshot, uint64_t hash, unsigned vendor, struct jg_str key)
{
	for (uint64_t i = hash & snapshot->slots_mask;; i = (i + 1) & snapshot->slots_mask) {
		const struct jg_app_slot *slot = &snapshot->slots[i];
		if (slot->row == NULL)
			return NULL;
		if (slot->hash == hash && slot->row->vendor == vendor &&
			jg_str_eq(jg_app_key(slot->row), key))
			return slot->row;
	}
}

const struct jg_app_entry *jg_snapshot_find(
	const struct jg_snapshot *snapshot, unsigned vendor, struct jg_str key)
{
	uint64_t hash = jg_snapshot_hash(snapshot, vendor, key);
	const struct jg_app_row *row = jg_snapshot_find_hashed(
		snapshot, jg_snapshot_first(snapshot, hash), hash, vendor, key);
	return row == NULL ? NULL : row->app;
}

uint64_t jg_override_hash(const struct jg_hash_seed *seed, const struct jg_override *override)
{
	uint64_t hash = jg_hash(seed, override->vendor, override->app);
	return jg_hash(seed, jg_hash(seed, hash, override->room), override->identity);
}

bool jg_override_same(const struct jg_override *a, const struct jg_override *b)
{
	return a->vendor == b->vendor && jg_str_eq(a->app, b->app) && jg_str_eq(a->room, b->room) &&
		jg_str_eq(a->identity, b->identity);
}

bool jg_snapshot_overrides_any(const struct jg_snapshot *snapshot)
{
	return snapshot->overrides != NULL;
}

const struct jg_override *jg_snapshot_override(const struct jg_snapshot *snapshot,
	const struct jg_app_entry *app, struct jg_str room, struct jg_str identity)
{
	if (snapshot->overrides == NULL)
		return NULL;
	const struct jg_override wanted = {
		.vendor = app->vendor, .app = app->key, .room = room, .identity = identity};
	uint64_t hash = jg_override_hash(&snapshot->seed, &wanted);
	for (uint64_t i = hash & snapshot->overrides_mask;;
		i = (i + 1) & snapshot->overrides_mask) {
		const struct jg_override_slot *slot = &snapshot->overrides[i];
		if (slot->override == NULL)
			return NULL;
		if (slot->hash == hash && jg_override_same(slot->override, &wanted))
			return slot->override;
	}
}

uint64_t jg_snapshot_epoch(const struct jg_snapshot *snapshot)
{
	return snapshot->epoch;
}

const struct jg_cut_offs *jg_snapshot_cut_offs(const struct jg_snapshot *snapshot)
{
	return snapshot->cut_offs;
}

void jg_snapshot_free(struct jg_snapshot *snapshot)
{
	if (snapshot == NULL)
		return;
	for (uint64_t i = 0; snapshot->slots != NULL && i <= snapshot->slots_mask; i++)
		if (snapshot->slots[i].row != NULL)
			jg_app_release((void *)(uintptr_t)snapshot->slots[i].row->app);
	jg_arena_fini(&snapshot->arena);
	explicit_bzero(snapshot, sizeof(*snapshot));
	free(snapshot);
}
