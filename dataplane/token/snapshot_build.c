// SPDX-License-Identifier: BSD-3-Clause
// The builder: collects apps, callers and overrides, then seals them into a snapshot.
#include "app_find.h"

#include <joingate/capability.h>

#include <errno.h>
#include <stdlib.h>

#define CALLER_SETS_MAX 65536u

// Open addressing over hashes that are well mixed already; filled to a half at most.
struct index_slot {
	uint64_t hash;
	const void *item; // NULL: empty
};

struct index {
	struct index_slot *slots;
	size_t size; // a power of two, or 0
	size_t used;
};

// An app that a caller may ask about.
struct permit {
	struct jg_app_entry *app;
	unsigned caller;
};

struct jg_snapshot_builder {
	struct jg_snapshot *snapshot; // arena, seed and cut_offs; the rest is made by build()
	struct index apps;
	struct index overrides;
	struct jg_callers wide[JG_VENDOR_COUNT]; // 0: everything, else one vendor's apps
	struct permit *permits;
	size_t permits_n;
	size_t permits_size;
};

static void index_put(struct index *index, uint64_t hash, const void *item)
{
	size_t i = hash & (index->size - 1);
	while (index->slots[i].item != NULL)
		i = (i + 1) & (index->size - 1);
	index->slots[i] = (struct index_slot){hash, item};
	index->used++;
}

// Makes room for one more.
static bool index_grow(struct index *index)
{
	if (2 * (index->used + 1) <= index->size)
		return true;
	struct index old = *index;
	size_t size = old.size == 0 ? 16 : 2 * old.size;
	struct index_slot *slots = calloc(size, sizeof(*slots));
	if (slots == NULL)
		return false;
	*index = (struct index){.slots = slots, .size = size};
	for (size_t i = 0; i < old.size; i++)
		if (old.slots[i].item != NULL)
			index_put(index, old.slots[i].hash, old.slots[i].item);
	free(old.slots);
	return true;
}

static struct jg_app_entry *find_app(
	const struct jg_snapshot_builder *builder, unsigned vendor, struct jg_str key)
{
	const struct index *apps = &builder->apps;
	if (apps->size == 0)
		return NULL;
	uint64_t hash = jg_snapshot_hash(builder->snapshot, vendor, key);
	for (size_t i = hash & (apps->size - 1); apps->slots[i].item != NULL;
		i = (i + 1) & (apps->size - 1)) {
		struct jg_app_entry *app = (void *)(uintptr_t)apps->slots[i].item;
		if (apps->slots[i].hash == hash && app->vendor == vendor &&
			jg_str_eq(app->key, key))
			return app;
	}
	return NULL;
}

struct jg_snapshot_builder *jg_snapshot_builder_new(void)
{
	struct jg_snapshot_builder *builder = calloc(1, sizeof(*builder));
	struct jg_snapshot *snapshot = calloc(1, sizeof(*snapshot));
	if (builder == NULL || snapshot == NULL) {
		free(builder);
		free(snapshot);
		return NULL;
	}
	jg_hash_seed_init(&snapshot->seed, 0);
	builder->snapshot = snapshot;
	return builder;
}

// Frees the builder alone: the snapshot in it has gone its own way.
static void builder_free(struct jg_snapshot_builder *builder)
{
	free(builder->apps.slots);
	free(builder->overrides.slots);
	free(builder->permits);
	explicit_bzero(builder, sizeof(*builder));
	free(builder);
}

void jg_snapshot_builder_free(struct jg_snapshot_builder *builder)
{
	if (builder == NULL)
		return;
	for (size_t i = 0; i < builder->apps.size; i++)
		if (builder->apps.slots[i].item != NULL)
			jg_app_release((void *)(uintptr_t)builder->apps.slots[i].item);
	jg_snapshot_free(builder->snapshot);
	builder_free(builder);
}

int jg_snapshot_builder_add(
	struct jg_snapshot_builder *builder, const struct jg_app *app, struct jg_error *err)
{
	if (find_app(builder, app->vendor, app->key) != NULL) {
		jg_error_set(err, "%s app \"%s\" is there twice; expected each app once",
			jg_vendor_name(app->vendor), jg_show(app->key).text);
		return -EEXIST;
	}
	if (!index_grow(&builder->apps)) {
		jg_error_set(err, "no memory for one more app");
		return -ENOMEM;
	}
	int status;
	struct jg_app_entry *entry = jg_app_compile(&builder->snapshot->arena, app, &status, err);
	if (entry == NULL)
		return status;
	entry->hash = jg_snapshot_hash(builder->snapshot, entry->vendor, entry->key);
	index_put(&builder->apps, entry->hash, entry);
	return 0;
}

static int permit_add(struct jg_snapshot_builder *builder, struct jg_app_entry *app,
	unsigned caller, struct jg_error *err)
{
	if (builder->permits_n == builder->permits_size) {
		size_t size = builder->permits_size == 0 ? 64 : 2 * builder->permits_size;
		struct permit *permits = realloc(builder->permits, size * sizeof(*permits));
		if (permits == NULL) {
			jg_error_set(err, "no memory for what a caller may ask about");
			return -ENOMEM;
		}
		builder->permits = permits;
		builder->permits_size = size;
	}
	builder->permits[builder->permits_n++] = (struct permit){app, caller};
	return 0;
}

static void callers_set(struct jg_callers *callers, unsigned caller)
{
	callers->bits[caller / 64] |= UINT64_C(1) << caller % 64;
}

int jg_snapshot_builder_allow(struct jg_snapshot_builder *builder, unsigned caller, unsigned vendor,
	struct jg_str key, struct jg_error *err)
{
	if (caller == 0 || caller >= JG_CALLERS_MAX) {
		jg_error_set(err, "caller %u is out of range; expected 1 to %u", caller,
			JG_CALLERS_MAX - 1);
		return -EINVAL;
	}
	if (vendor >= JG_VENDOR_COUNT || (vendor == JG_VENDOR_NONE && key.p != NULL)) {
		jg_error_set(err,
			"caller %u may ask about vendor %u, which is unknown; expected "
			"livekit, stream, opentok, vonage or agora",
			caller, vendor);
		return -EINVAL;
	}
	if (key.p == NULL) {
		callers_set(&builder->wide[vendor], caller);
		return 0;
	}
	struct jg_app_entry *app = find_app(builder, vendor, key);
	if (app == NULL) {
		jg_error_set(err,
			"caller %u may ask about %s app \"%s\", which is not there; "
			"expected an app that was added before",
			caller, jg_vendor_name(vendor), jg_show(key).text);
		return -ENOENT;
	}
	return permit_add(builder, app, caller, err);
}

static bool override_there(
	const struct index *index, uint64_t hash, const struct jg_override *override)
{
	if (index->size == 0)
		return false;
	for (size_t i = hash & (index->size - 1); index->slots[i].item != NULL;
		i = (i + 1) & (index->size - 1))
		if (index->slots[i].hash == hash &&
			jg_override_same(index->slots[i].item, override))
			return true;
	return false;
}

static struct jg_str copy_str(char **next, struct jg_str text)
{
	if (text.p == NULL)
		return text;
	char *p = *next;
	if (text.len > 0)
		memcpy(p, text.p, text.len);
	*next += text.len;
	return (struct jg_str){p, text.len};
}

static struct jg_override *override_copy(struct jg_arena *arena, const struct jg_override *override)
{
	struct jg_override *copy = jg_arena_alloc(arena,
		sizeof(*copy) + override->app.len + override->room.len + override->identity.len +
			override->name.len + override->metadata.len);
	if (copy == NULL)
		return NULL;
	*copy = *override;
	char *next = (char *)(copy + 1);
	copy->app = copy_str(&next, override->app);
	copy->room = copy_str(&next, override->room);
	copy->identity = copy_str(&next, override->identity);
	copy->name = copy_str(&next, override->name);
	copy->metadata = copy_str(&next, override->metadata);
	return copy;
}

int jg_snapshot_builder_override(struct jg_snapshot_builder *builder,
	const struct jg_override *override, struct jg_error *err)
{
	if (override->vendor == JG_VENDOR_NONE || override->vendor >= JG_VENDOR_COUNT ||
		override->app.len == 0 || override->identity.len == 0 ||
		(override->capabilities & ~JG_CAPABILITY_ALL) != 0) {
		jg_error_set(err,
			"override of \"%s\": expected a vendor, an app, an identity, and "
			"capabilities of capability.h",
			jg_show(override->identity).text);
		return -EINVAL;
	}
	uint64_t hash = jg_override_hash(&builder->snapshot->seed, override);
	if (override_there(&builder->overrides, hash, override)) {
		jg_error_set(err,
			"override of \"%s\" in room \"%s\" is there twice; expected one "
			"for each participant",
			jg_show(override->identity).text, jg_show(override->room).text);
		return -EEXIST;
	}
	struct jg_override *copy = NULL;
	if (index_grow(&builder->overrides))
		copy = override_copy(&builder->snapshot->arena, override);
	if (copy == NULL) {
		jg_error_set(err, "no memory for one more override");
		return -ENOMEM;
	}
	index_put(&builder->overrides, hash, copy);
	return 0;
}

void jg_snapshot_builder_set_cut_offs(
	struct jg_snapshot_builder *builder, const struct jg_cut_offs *cut_offs)
{
	builder->snapshot->cut_offs = cut_offs;
}

static int permit_order(const void *a, const void *b)
{
	const struct permit *x = a;
	const struct permit *y = b;
	if (x->app != y->app)
		return (uintptr_t)x->app < (uintptr_t)y->app ? -1 : 1;
	return (x->caller > y->caller) - (x->caller < y->caller);
}

// The number of a set among those there already, or its number as a new one.
static uint32_t set_intern(struct index *index, struct jg_callers *sets, uint32_t *sets_n,
	const struct jg_snapshot *snapshot)
{
	const struct jg_callers *set = &sets[*sets_n];
	uint64_t hash = jg_hash(
		&snapshot->seed, 0, (struct jg_str){(const char *)set->bits, sizeof(set->bits)});
	for (size_t i = hash & (index->size - 1); index->slots[i].item != NULL;
		i = (i + 1) & (index->size - 1))
		if (index->slots[i].hash == hash &&
			memcmp(index->slots[i].item, set, sizeof(*set)) == 0)
			return (uint32_t)((const struct jg_callers *)index->slots[i].item - sets);
	index_put(index, hash, set);
	return (*sets_n)++;
}

// Sorts what callers may ask about by app and gives equal sets one number.
static bool callers_build(struct jg_snapshot_builder *builder)
{
	size_t most = builder->permits_n < CALLER_SETS_MAX ? builder->permits_n : CALLER_SETS_MAX;
	struct jg_snapshot *snapshot = builder->snapshot;
	size_t room = JG_VENDOR_COUNT + most + 1;
	struct jg_callers *sets = jg_arena_alloc(&snapshot->arena, room * sizeof(*sets));
	struct index seen = {.size = 16};
	while (seen.size < 2 * room)
		seen.size *= 2;
	seen.slots = calloc(seen.size, sizeof(*seen.slots));
	bool ok = sets != NULL && seen.slots != NULL;
	if (ok)
		memcpy(sets, builder->wide, sizeof(builder->wide));
	if (builder->permits_n > 0)
		qsort(builder->permits, builder->permits_n, sizeof(builder->permits[0]),
			permit_order);
	uint32_t sets_n = JG_VENDOR_COUNT;
	for (size_t i = 0; ok && i < builder->permits_n;) {
		struct jg_app_entry *app = builder->permits[i].app;
		ok = sets_n < CALLER_SETS_MAX;
		if (!ok)
			break;
		memset(&sets[sets_n], 0, sizeof(sets[0]));
		for (; i < builder->permits_n && builder->permits[i].app == app; i++)
			callers_set(&sets[sets_n], builder->permits[i].caller);
		app->caller_set = (uint16_t)set_intern(&seen, sets, &sets_n, snapshot);
	}
	free(seen.slots);
	snapshot->callers = sets;
	return ok;
}

static void row_build(struct jg_app_row *row, const struct jg_app_entry *app)
{
	const struct jg_key *first = jg_app_keys(app);
	*row = (struct jg_app_row){.app = app,
		.key_len = (uint8_t)app->key.len,
		.vendor = app->vendor,
		.cut_off_hash = app->cut_off_hash,
		.index = app->index,
		.caller_set = app->caller_set,
		.leeway = (int16_t)app->leeway,
		.plain_policy = app->plain_policy};
	memcpy(row->begin, app->key.p,
		app->key.len < sizeof(row->begin) ? app->key.len : sizeof(row->begin));
	if (app->keys_n == 0)
		return;
	row->first = first->mac;
	row->first_id = first->id.p;
	row->first_id_len = (uint8_t)first->id.len;
	row->first_index = first->index;
	row->first_usable = first->not_before == INT64_MIN && first->not_after == INT64_MAX;
}

#define SLOTS_PER_INDEX 4u // of the builder's, which is filled to a half

static bool slots_build(struct jg_snapshot_builder *builder)
{
	struct jg_snapshot *snapshot = builder->snapshot;
	// Never empty: a search must find its end.
	size_t size = builder->apps.size == 0 ? 1 : builder->apps.size * SLOTS_PER_INDEX;
	struct jg_app_slot *slots = jg_arena_alloc(&snapshot->arena, size * sizeof(*slots));
	struct jg_app_row *row =
		jg_arena_alloc(&snapshot->arena, builder->apps.used * sizeof(*row));
	if (slots == NULL || row == NULL)
		return false;
	for (size_t i = 0; i < builder->apps.size; i++) {
		struct jg_app_entry *app = (void *)(uintptr_t)builder->apps.slots[i].item;
		if (app == NULL)
			continue;
		if (snapshot->cut_offs != NULL)
			app->cut_off_hash =
				jg_cut_offs_app_hash(snapshot->cut_offs, app->vendor, app->key);
		row_build(row, app);
		size_t at = app->hash & (size - 1);
		while (slots[at].row != NULL)
			at = (at + 1) & (size - 1);
		slots[at] = (struct jg_app_slot){app->hash, row++};
	}
	snapshot->slots = slots;
	snapshot->slots_mask = size - 1;
	return true;
}

static bool overrides_build(struct jg_snapshot_builder *builder)
{
	struct jg_snapshot *snapshot = builder->snapshot;
	const struct index *index = &builder->overrides;
	if (index->used == 0)
		return true;
	struct jg_override_slot *slots =
		jg_arena_alloc(&snapshot->arena, index->size * sizeof(*slots));
	if (slots == NULL)
		return false;
	for (size_t i = 0; i < index->size; i++)
		slots[i] = (struct jg_override_slot){index->slots[i].hash, index->slots[i].item};
	snapshot->overrides = slots;
	snapshot->overrides_mask = index->size - 1;
	return true;
}

struct jg_snapshot *jg_snapshot_build(
	struct jg_snapshot_builder *builder, uint64_t epoch, struct jg_error *err)
{
	struct jg_snapshot *snapshot = builder->snapshot;
	snapshot->epoch = epoch;
	if (!callers_build(builder) || !overrides_build(builder) || !slots_build(builder)) {
		jg_error_set(err,
			"no memory to seal a snapshot of %zu apps (or more than %u kinds of "
			"permission)",
			builder->apps.used, CALLER_SETS_MAX);
		jg_snapshot_builder_free(builder);
		return NULL;
	}
	builder_free(builder);
	return snapshot;
}
