// SPDX-License-Identifier: BSD-3-Clause
#include "state.h"

#include "internal/front_end.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

// A record that is in force. An app's index stays its own for the life of the process, so that
// counters never change owner.
struct entry {
	struct entry *next; // in its bucket
	char *path;
	uint64_t hash;
	int64_t revision;
	uint32_t index;
	struct jg_config *app; // or
	struct secret_number *numbers; // one per secret of the app
	struct jg_override_record override;
	bool bounds; // or what stands against all of an app's tokens:
	int64_t floor; // what collected cut-offs left behind, 0 = nothing
	int64_t cut_off; // of the app, 0 = none; the later of both is in the table
};

// Whose place in the workers' tables of last uses it is, and since when.
struct secret_number {
	uint32_t number;
	int64_t since;
};

struct jg_state {
	struct jg_cut_offs *cut_offs;
	struct entry **buckets;
	size_t buckets_n; // a power of two
	size_t entries_n;
	unsigned apps_n;
	uint64_t apps_generation;
	unsigned bounds_n;
	uint32_t next_index;
	uint32_t next_number;
	uint32_t *spare; // numbers that were given back
	size_t spare_n;
	size_t spare_room;
};

struct jg_state *jg_state_new(struct jg_error *err)
{
	struct jg_state *state = calloc(1, sizeof(*state));
	if (state != NULL) {
		state->buckets_n = 64;
		state->buckets = calloc(state->buckets_n, sizeof(struct entry *));
	}
	if (state == NULL || state->buckets == NULL) {
		jg_error_set(err, "out of memory for the state");
		free(state);
		return NULL;
	}
	state->cut_offs = jg_cut_offs_new(0, err);
	if (state->cut_offs == NULL) {
		jg_state_free(state);
		return NULL;
	}
	return state;
}

static void entry_free(struct entry *entry)
{
	free(entry->numbers);
	jg_config_free(entry->app);
	jg_record_override_fini(&entry->override);
	free(entry->path);
	free(entry);
}

static uint32_t number_take(struct jg_state *state)
{
	return state->spare_n > 0 ? state->spare[--state->spare_n] : state->next_number++;
}

// A number that cannot be kept for reuse is lost, nothing worse.
static void number_give(struct jg_state *state, uint32_t number)
{
	if (state->spare_n == state->spare_room) {
		size_t room = state->spare_room * 2 + 64;
		uint32_t *spare = reallocarray(state->spare, room, sizeof(*spare));
		if (spare == NULL)
			return;
		state->spare = spare;
		state->spare_room = room;
	}
	state->spare[state->spare_n++] = number;
}

static const struct secret_number *number_of(const struct entry *entry, struct jg_str id)
{
	const struct jg_app *app = &entry->app->apps[0];
	for (uint32_t i = 0; i < app->secrets_n; i++)
		if (jg_str_eq(app->secrets[i].id, id))
			return &entry->numbers[i];
	return NULL;
}

// A secret keeps its number while its app is replaced; those that are gone give theirs back.
static void number_secrets(struct jg_state *state, const struct entry *old, struct entry *fresh)
{
	const struct jg_app *app = fresh == NULL ? NULL : &fresh->app->apps[0];
	for (uint32_t i = 0; app != NULL && i < app->secrets_n; i++) {
		const struct secret_number *kept =
			old == NULL ? NULL : number_of(old, app->secrets[i].id);
		fresh->numbers[i] = kept != NULL
			? *kept
			: (struct secret_number){number_take(state), (int64_t)time(NULL)};
	}
	const struct jg_app *gone = old == NULL ? NULL : &old->app->apps[0];
	for (uint32_t i = 0; gone != NULL && i < gone->secrets_n; i++)
		if (fresh == NULL || number_of(fresh, gone->secrets[i].id) == NULL)
			number_give(state, old->numbers[i].number);
}

void jg_state_clear(struct jg_state *state)
{
	for (size_t i = 0; i < state->buckets_n; i++) {
		while (state->buckets[i] != NULL) {
			struct entry *entry = state->buckets[i];
			state->buckets[i] = entry->next;
			entry_free(entry);
		}
	}
	state->entries_n = 0;
	state->apps_n = 0;
	state->bounds_n = 0;
	state->next_number = 0;
	state->spare_n = 0;
}

void jg_state_free(struct jg_state *state)
{
	if (state == NULL)
		return;
	jg_state_clear(state);
	jg_cut_offs_free(state->cut_offs);
	free(state->buckets);
	free(state->spare);
	free(state);
}

// FNV-1a: paths come from operators alone.
static uint64_t hash_of(struct jg_str path)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);
	for (uint32_t i = 0; i < path.len; i++)
		hash = (hash ^ (unsigned char)path.p[i]) * UINT64_C(0x100000001b3);
	return hash ^ hash >> 32;
}

// Where the entry of a path hangs, or would.
static struct entry **slot_of(const struct jg_state *state, struct jg_str path, uint64_t hash)
{
	struct entry **slot = &state->buckets[hash & (state->buckets_n - 1)];
	while (*slot != NULL &&
		((*slot)->hash != hash || strlen((*slot)->path) != path.len ||
			memcmp((*slot)->path, path.p, path.len) != 0))
		slot = &(*slot)->next;
	return slot;
}

static void grow(struct jg_state *state)
{
	size_t n = state->buckets_n * 2;
	struct entry **buckets = calloc(n, sizeof(struct entry *));
	if (buckets == NULL)
		return; // longer chains, nothing worse
	for (size_t i = 0; i < state->buckets_n; i++) {
		while (state->buckets[i] != NULL) {
			struct entry *entry = state->buckets[i];
			state->buckets[i] = entry->next;
			entry->next = buckets[entry->hash & (n - 1)];
			buckets[entry->hash & (n - 1)] = entry;
		}
	}
	free(state->buckets);
	state->buckets = buckets;
	state->buckets_n = n;
}

static bool starts_with(struct jg_str text, const char *prefix)
{
	size_t len = strlen(prefix);
	return text.len >= len && memcmp(text.p, prefix, len) == 0;
}

// A record says twice whose it is, in its path and in its value; they must agree, or a sealed
// record could be served under another's name.
static int bound_to(const char *derived, struct jg_str path, struct jg_error *err)
{
	if (strlen(derived) == path.len && memcmp(derived, path.p, path.len) == 0)
		return 0;
	jg_error_set(
		err, "record %.*s holds what belongs at %.200s", (int)path.len, path.p, derived);
	return -EINVAL;
}

static int read_app(struct entry *entry, const struct jg_record *record, struct jg_error *err)
{
	char path[JG_PATH_MAX];
	entry->app = jg_record_app(record->value, err);
	if (entry->app == NULL)
		return -EINVAL;
	const struct jg_app *app = &entry->app->apps[0];
	entry->numbers = calloc(app->secrets_n + 1u, sizeof(*entry->numbers));
	if (entry->numbers == NULL)
		return -ENOMEM;
	if (!jg_path_app(path, app->vendor, app->key))
		return -EINVAL;
	return bound_to(path, record->path, err);
}

static int read_override(struct entry *entry, const struct jg_record *record, struct jg_error *err)
{
	char path[JG_PATH_MAX];
	if (!jg_record_override(&entry->override, record->value, err))
		return -EINVAL;
	const struct jg_override *o = &entry->override.override;
	if (!jg_path_override(path, o->vendor, o->app, o->room, o->identity))
		return -EINVAL;
	return bound_to(path, record->path, err);
}

static int read_floor(struct entry *entry, const struct jg_record *record, struct jg_error *err)
{
	char path[JG_PATH_MAX];
	struct jg_floor floor;
	json_t *json;
	if (!jg_record_floor(&floor, &json, record->value, err))
		return -EINVAL;
	entry->bounds = true;
	entry->floor = floor.before;
	bool fits = jg_path_floor(path, floor.vendor, floor.app);
	json_decref(json);
	return fits ? bound_to(path, record->path, err) : -EINVAL;
}

static struct entry *read_entry(const struct jg_record *record, int *result, struct jg_error *err)
{
	struct entry *entry = calloc(1, sizeof(*entry));
	*result = -ENOMEM;
	if (entry != NULL)
		entry->path = strndup(record->path.p, record->path.len);
	if (entry == NULL || entry->path == NULL) {
		jg_error_set(err, "out of memory for a record");
		free(entry);
		return NULL;
	}
	entry->hash = hash_of(record->path);
	entry->revision = record->revision;
	if (starts_with(record->path, "app/")) {
		*result = read_app(entry, record, err);
	} else if (starts_with(record->path, "override/")) {
		*result = read_override(entry, record, err);
	} else if (starts_with(record->path, "floor/")) {
		*result = read_floor(entry, record, err);
	} else {
		jg_error_set(err, "record %.*s is of no kind that this version knows",
			(int)record->path.len, record->path.p);
		*result = -EINVAL;
	}
	if (*result == 0)
		return entry;
	entry_free(entry);
	return NULL;
}

int jg_state_check(const struct jg_record *record, struct jg_error *err)
{
	int result = 0;
	if (record->value.p == NULL)
		return 0;
	struct entry *entry = read_entry(record, &result, err);
	if (entry == NULL)
		return result;
	// What cannot be compiled must be refused before it is written.
	struct jg_snapshot_builder *builder = jg_snapshot_builder_new();
	if (builder == NULL) {
		jg_error_set(err, "out of memory for a snapshot");
		result = -ENOMEM;
	} else if (entry->app != NULL) {
		result = jg_snapshot_builder_add(builder, &entry->app->apps[0], err);
	} else if (!entry->bounds) {
		result = jg_snapshot_builder_override(builder, &entry->override.override, err);
	}
	jg_snapshot_builder_free(builder);
	entry_free(entry);
	return result;
}

// What stands against all tokens of an app, into the table.
static int enforce_bounds(struct jg_state *state, unsigned vendor, struct jg_str app,
	const struct entry *bounds, struct jg_error *err)
{
	int64_t before = bounds->cut_off > bounds->floor ? bounds->cut_off : bounds->floor;
	const struct jg_cut_off c = {
		.scope = JG_SCOPE_APP,
		.vendor = (uint8_t)vendor,
		.app = app,
		.before = before == 0 ? JG_TIME_NONE : before,
	};
	return jg_cut_offs_set(state->cut_offs, &c, err);
}

// Hang fresh in the place of old; either may be NULL.
static void replace(struct jg_state *state, struct entry **slot, struct entry *fresh)
{
	struct entry *old = *slot;
	state->apps_generation +=
		(fresh != NULL && fresh->app != NULL) || (old != NULL && old->app != NULL);
	if (fresh != NULL) {
		fresh->next = old != NULL ? old->next : NULL;
		*slot = fresh;
		state->entries_n++;
		state->apps_n += fresh->app != NULL;
		state->bounds_n += fresh->bounds;
	} else if (old != NULL) {
		*slot = old->next;
	}
	if (old != NULL) {
		state->entries_n--;
		state->apps_n -= old->app != NULL;
		state->bounds_n -= old->bounds;
		entry_free(old);
	}
	if (state->entries_n > state->buckets_n)
		grow(state);
}

// A floor's record; the app's cut-off stays as it is.
static int apply_floor(struct jg_state *state, const struct jg_record *record, struct jg_error *err)
{
	struct jg_floor floor;
	json_t *json;
	int result = 0;
	struct entry **slot = slot_of(state, record->path, hash_of(record->path));
	if (record->value.p == NULL) {
		if (*slot != NULL)
			jg_error_set(err, "a floor is never taken away");
		return *slot != NULL ? -EINVAL : 0;
	}
	struct entry *fresh = read_entry(record, &result, err);
	if (fresh == NULL)
		return result;
	fresh->cut_off = *slot != NULL ? (*slot)->cut_off : 0;
	if (*slot != NULL && (*slot)->floor > fresh->floor)
		fresh->floor = (*slot)->floor;
	if (jg_record_floor(&floor, &json, record->value, err)) {
		result = enforce_bounds(state, floor.vendor, floor.app, fresh, err);
		json_decref(json);
	}
	replace(state, slot, fresh);
	return result;
}

int jg_state_apply(struct jg_state *state, const struct jg_record *record, struct jg_error *err)
{
	int result = 0;
	struct entry *fresh = NULL;
	if (starts_with(record->path, "floor/"))
		return apply_floor(state, record, err);
	struct entry **slot = slot_of(state, record->path, hash_of(record->path));
	const struct entry *old = *slot;
	if (record->value.p != NULL) {
		fresh = read_entry(record, &result, err);
		if (fresh == NULL)
			return result;
		fresh->index = old != NULL ? old->index : state->next_index++;
	}
	if (starts_with(record->path, "app/"))
		number_secrets(state, old, fresh);
	replace(state, slot, fresh);
	return 0;
}

// An app's own cut-off shares its place in the table with the floor.
static int cut_off_app(struct jg_state *state, const struct jg_cut_off *c, struct jg_error *err)
{
	char path[JG_PATH_MAX];
	if (!jg_path_floor(path, c->vendor, c->app)) {
		jg_error_set(err, "a cut-off of an app with a name that is too long");
		return -EINVAL;
	}
	const struct jg_str text = {path, (uint32_t)strlen(path)};
	struct entry **slot = slot_of(state, text, hash_of(text));
	if (*slot == NULL) {
		struct entry *bounds = calloc(1, sizeof(*bounds));
		if (bounds != NULL)
			bounds->path = strdup(path);
		if (bounds == NULL || bounds->path == NULL) {
			jg_error_set(err, "out of memory for a cut-off");
			free(bounds);
			return -ENOMEM;
		}
		bounds->hash = hash_of(text);
		bounds->bounds = true;
		replace(state, slot, bounds);
		slot = slot_of(state, text, hash_of(text));
	}
	(*slot)->cut_off = c->before == JG_TIME_NONE ? 0 : c->before;
	return enforce_bounds(state, c->vendor, c->app, *slot, err);
}

int jg_state_cut_off(struct jg_state *state, const struct jg_cut_off *cut_off, struct jg_error *err)
{
	bool named = cut_off->vendor != JG_VENDOR_NONE && cut_off->vendor < JG_VENDOR_COUNT;
	if (cut_off->scope == JG_SCOPE_APP && named)
		return cut_off_app(state, cut_off, err);
	return jg_cut_offs_set(state->cut_offs, cut_off, err);
}

int64_t jg_state_floor(const struct jg_state *state, unsigned vendor, struct jg_str key)
{
	char path[JG_PATH_MAX];
	if (!jg_path_floor(path, vendor, key))
		return 0;
	const struct jg_str text = {path, (uint32_t)strlen(path)};
	const struct entry *entry = *slot_of(state, text, hash_of(text));
	return entry == NULL ? 0 : entry->floor;
}

struct jg_cut_offs *jg_state_cut_offs(const struct jg_state *state)
{
	return state->cut_offs;
}

bool jg_state_find(const struct jg_state *state, unsigned vendor, struct jg_str key,
	struct jg_state_app *found)
{
	char path[JG_PATH_MAX];
	if (!jg_path_app(path, vendor, key))
		return false;
	const struct jg_str text = {path, (uint32_t)strlen(path)};
	const struct entry *entry = *slot_of(state, text, hash_of(text));
	if (entry == NULL)
		return false;
	*found = (struct jg_state_app){&entry->app->apps[0], entry->index, entry->revision};
	return true;
}

int jg_state_apps(const struct jg_state *state, void *arg,
	int (*visit)(void *arg, const struct jg_state_app *app))
{
	for (size_t i = 0; i < state->buckets_n; i++) {
		for (const struct entry *e = state->buckets[i]; e != NULL; e = e->next) {
			if (e->app == NULL)
				continue;
			const struct jg_state_app app = {&e->app->apps[0], e->index, e->revision};
			int result = visit(arg, &app);
			if (result != 0)
				return result;
		}
	}
	return 0;
}

bool jg_state_secret(const struct jg_state *state, unsigned vendor, struct jg_str key,
	struct jg_str id, uint32_t *number, int64_t *since)
{
	char path[JG_PATH_MAX];
	if (!jg_path_app(path, vendor, key))
		return false;
	const struct jg_str text = {path, (uint32_t)strlen(path)};
	const struct entry *entry = *slot_of(state, text, hash_of(text));
	const struct secret_number *found = entry == NULL ? NULL : number_of(entry, id);
	if (found == NULL)
		return false;
	*number = found->number;
	*since = found->since;
	return true;
}

uint64_t jg_state_apps_generation(const struct jg_state *state)
{
	return state->apps_generation;
}

unsigned jg_state_apps_count(const struct jg_state *state)
{
	return state->apps_n;
}

unsigned jg_state_overrides_count(const struct jg_state *state)
{
	return (unsigned)state->entries_n - state->apps_n - state->bounds_n;
}

// With the numbers that workers count by.
static int add_app(
	struct jg_snapshot_builder *builder, const struct entry *entry, struct jg_error *err)
{
	struct jg_app app = entry->app->apps[0];
	struct jg_secret *secrets = calloc(app.secrets_n + 1u, sizeof(*secrets));
	if (secrets == NULL) {
		jg_error_set(err, "out of memory for a snapshot");
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < app.secrets_n; i++) {
		secrets[i] = app.secrets[i];
		secrets[i].index = entry->numbers[i].number;
	}
	app.secrets = secrets;
	app.index = entry->index;
	int result = jg_snapshot_builder_add(builder, &app, err);
	free(secrets); // they only point at the secrets
	return result;
}

static int build(const struct jg_state *state, struct jg_snapshot_builder *builder,
	const struct jg_config *config, struct jg_error *err)
{
	int result = 0;
	for (size_t i = 0; i < state->buckets_n && result == 0; i++) {
		for (const struct entry *e = state->buckets[i]; e != NULL && result == 0;
			e = e->next) {
			if (e->app == NULL)
				continue;
			result = add_app(builder, e, err);
		}
	}
	for (size_t i = 0; i < state->buckets_n && result == 0; i++)
		for (const struct entry *e = state->buckets[i]; e != NULL && result == 0;
			e = e->next)
			if (e->app == NULL && !e->bounds)
				result = jg_snapshot_builder_override(
					builder, &e->override.override, err);
	if (result == 0)
		result = jg_config_allow(config, builder, err);
	jg_snapshot_builder_set_cut_offs(builder, state->cut_offs);
	return result;
}

static struct jg_front_ends *front_ends(const struct jg_config *config, struct jg_error *err)
{
	size_t n = config->front_ends_n;
	struct jg_front_end_entry *entries = calloc(n + 1, sizeof(*entries));
	if (entries == NULL) {
		jg_error_set(err, "out of memory for the front ends");
		return NULL;
	}
	for (uint32_t i = 0; i < n; i++) {
		const struct jg_config_front_end *f = &config->front_ends[i];
		entries[i] = (struct jg_front_end_entry){
			.id = (uint32_t)f->id,
			.caller = i + 1,
			.key = f->key,
			.from = f->from,
			.from_n = f->from_n,
		};
	}
	struct jg_front_ends *made = jg_front_ends_new(entries, (unsigned)n, config->insecure, err);
	free(entries);
	return made;
}

struct jg_gate_state *jg_state_compile(const struct jg_state *state, const struct jg_config *config,
	uint64_t epoch, const _Atomic int64_t *admit_until, struct jg_error *err)
{
	struct jg_gate_state *compiled = calloc(1, sizeof(*compiled));
	struct jg_snapshot_builder *builder = jg_snapshot_builder_new();
	if (compiled == NULL || builder == NULL) {
		jg_error_set(err, "out of memory for a snapshot");
		jg_snapshot_builder_free(builder);
		free(compiled);
		return NULL;
	}
	int result = build(state, builder, config, err);
	if (result != 0) {
		jg_snapshot_builder_free(builder);
		free(compiled);
		return NULL;
	}
	compiled->snapshot = jg_snapshot_build(builder, epoch, err);
	compiled->admit_until = admit_until;
	if (compiled->snapshot != NULL)
		compiled->front_ends = front_ends(config, err);
	if (compiled->front_ends == NULL) {
		jg_compiled_free(compiled);
		return NULL;
	}
	return compiled;
}

// Nobody reads them any more, so the const of the workers' view may go.
void jg_compiled_free(void *compiled)
{
	struct jg_gate_state *state = compiled;
	if (state == NULL)
		return;
	jg_front_ends_free((struct jg_front_ends *)(uintptr_t)state->front_ends);
	jg_snapshot_free((struct jg_snapshot *)(uintptr_t)state->snapshot);
	free(state);
}
