// SPDX-License-Identifier: BSD-3-Clause
// The live table of cut-offs: one writer, lock-free readers, grown a few buckets at a time.
//
// An entry is a keyed 64-bit fingerprint of what it is about and a time. A slot belongs to its
// fingerprint for the life of a table, so a reader that has seen the fingerprint may read the time
// without looking twice; undone entries keep their slot with time 0 until the table is replaced.
// While a table is replaced, all writes go to the new one and readers ask it first: what is not
// there yet still stands in the old one, which nobody changes any more.
#include "hash.h"
#include "pages.h"
#include "state.h"

#include <assert.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

#define SLOTS 5 // of one bucket
#define BUCKETS_MIN 64
#define MOVED_PER_SET 8 // buckets of the old table
#define BEFORE_MAX (((int64_t)1 << 32) - 2)

struct bucket {
	alignas(JG_CACHE_LINE) _Atomic uint64_t fingerprint[SLOTS]; // 0: empty
	_Atomic uint32_t before[SLOTS]; // 0: undone
	_Atomic uint32_t overflowed; // not 0: the search goes on in the next bucket
};

static_assert(sizeof(struct bucket) == JG_CACHE_LINE, "one line per bucket");
static_assert(ATOMIC_LLONG_LOCK_FREE == 2 && ATOMIC_POINTER_LOCK_FREE == 2, "readers never wait");

struct table {
	struct bucket *buckets;
	size_t buckets_n;
	size_t size; // bytes of buckets
	size_t used; // slots; writer only
};

// What readers look at; never changed once published.
struct view {
	struct table *current;
	struct table *old; // NULL: no growth under way
	struct view *retired; // the next one to free
	struct table *retired_table; // goes with this view
};

struct jg_cut_offs {
	_Atomic(struct view *) view; // writer: wo, readers: ro
	_Atomic unsigned scopes; // bit per scope with entries in force; writer: wo, readers: ro
	struct jg_hash_seed seed; // read-only
	// From here on writer only.
	size_t in_scope[JG_SCOPE_COUNT]; // entries in force
	size_t moved; // buckets of the old table that are done with
	size_t live;
	struct view *retired;
};

static struct table *table_new(size_t entries)
{
	struct table *table = calloc(1, sizeof(*table));
	if (table == NULL)
		return NULL;
	// Filled to three quarters at most.
	size_t buckets = entries / 3 * 4 / SLOTS + 1;
	table->buckets_n = buckets < BUCKETS_MIN ? BUCKETS_MIN : buckets;
	table->size = table->buckets_n * sizeof(struct bucket);
	table->buckets = jg_pages_new(&table->size);
	if (table->buckets == NULL) {
		free(table);
		return NULL;
	}
	return table;
}

static struct view *view_new(struct table *current, struct table *old)
{
	struct view *view = calloc(1, sizeof(*view));
	if (view == NULL)
		return NULL;
	view->current = current;
	view->old = old;
	return view;
}

static void table_free(struct table *table)
{
	if (table == NULL)
		return;
	jg_pages_free(table->buckets, table->size);
	free(table);
}

__extension__ typedef unsigned __int128 uint128;

static size_t home(const struct table *table, uint64_t fingerprint)
{
	return (size_t)((uint128)fingerprint * table->buckets_n >> 64);
}

// The fingerprint's slot, or SLOTS. Looks at all of them without a branch: which it is cannot be guessed.
static inline unsigned slot_of(const struct bucket *bucket, uint64_t fingerprint)
{
	unsigned slot = SLOTS;
	for (unsigned i = 0; i < SLOTS; i++)
		if (atomic_load_explicit(&bucket->fingerprint[i], memory_order_acquire) ==
			fingerprint)
			slot = i;
	return slot;
}

// True when the table holds the fingerprint, with the time it stands for. Any thread.
static bool table_find(const struct table *table, uint64_t fingerprint, uint32_t *before)
{
	size_t at = home(table, fingerprint);
	for (size_t seen = 0; seen < table->buckets_n; seen++) {
		struct bucket *bucket = &table->buckets[at];
		unsigned slot = slot_of(bucket, fingerprint);
		if (slot < SLOTS) {
			*before = atomic_load_explicit(&bucket->before[slot], memory_order_relaxed);
			return true;
		}
		if (atomic_load_explicit(&bucket->overflowed, memory_order_acquire) == 0)
			return false;
		at = at + 1 == table->buckets_n ? 0 : at + 1;
	}
	return false;
}

// Writes into the first free slot, or over the entry when it is there and replace says so.
static void table_put(struct table *table, uint64_t fingerprint, uint32_t before, bool replace)
{
	for (size_t at = home(table, fingerprint);; at = at + 1 == table->buckets_n ? 0 : at + 1) {
		struct bucket *bucket = &table->buckets[at];
		for (unsigned i = 0; i < SLOTS; i++) {
			uint64_t found =
				atomic_load_explicit(&bucket->fingerprint[i], memory_order_relaxed);
			if (found != 0 && found != fingerprint)
				continue;
			if (found == 0 || replace)
				atomic_store_explicit(
					&bucket->before[i], before, memory_order_relaxed);
			if (found == 0) {
				// The time is there before the fingerprint is.
				atomic_store_explicit(
					&bucket->fingerprint[i], fingerprint, memory_order_release);
				table->used++;
			}
			return;
		}
		atomic_store_explicit(&bucket->overflowed, 1, memory_order_release);
	}
}

// Fullness in hundredths, with one entry more.
static size_t fullness(const struct table *table)
{
	return (table->used + 1) * 100 / (table->buckets_n * SLOTS);
}

static struct view *current_view(const struct jg_cut_offs *cut_offs)
{
	// The writer reads its own store.
	return atomic_load_explicit(&cut_offs->view, memory_order_relaxed);
}

static const struct view *reader_view(const struct jg_cut_offs *cut_offs)
{
	return atomic_load_explicit(&cut_offs->view, memory_order_acquire);
}

// Publishes; what readers saw before waits for jg_cut_offs_reclaim().
static void publish(struct jg_cut_offs *cut_offs, struct view *view, struct table *retired_table)
{
	struct view *before = current_view(cut_offs);
	atomic_store_explicit(&cut_offs->view, view, memory_order_release);
	before->retired = cut_offs->retired;
	before->retired_table = retired_table;
	cut_offs->retired = before;
}

struct jg_cut_offs *jg_cut_offs_new(size_t expected, struct jg_error *err)
{
	struct jg_cut_offs *cut_offs = calloc(1, sizeof(*cut_offs));
	struct table *table = table_new(expected);
	struct view *view = table == NULL ? NULL : view_new(table, NULL);
	if (cut_offs == NULL || view == NULL || table == NULL) {
		jg_error_set(err, "no memory for a table of %zu cut-offs", expected);
		free(cut_offs);
		free(view);
		table_free(table);
		return NULL;
	}
	jg_hash_seed_init(&cut_offs->seed, 0);
	atomic_init(&cut_offs->view, view);
	return cut_offs;
}

void jg_cut_offs_reclaim(struct jg_cut_offs *cut_offs)
{
	while (cut_offs->retired != NULL) {
		struct view *view = cut_offs->retired;
		cut_offs->retired = view->retired;
		table_free(view->retired_table);
		free(view);
	}
}

void jg_cut_offs_free(struct jg_cut_offs *cut_offs)
{
	if (cut_offs == NULL)
		return;
	jg_cut_offs_reclaim(cut_offs);
	struct view *view = current_view(cut_offs);
	table_free(view->old);
	table_free(view->current);
	free(view);
	explicit_bzero(cut_offs, sizeof(*cut_offs));
	free(cut_offs);
}

// What an app's fingerprints of a scope begin with.
static inline uint64_t of_scope(uint64_t app, unsigned scope)
{
	return app + (scope + 1) * UINT64_C(0x9e3779b97f4a7c15);
}

// 0 is an empty slot's.
static inline uint64_t fingerprint_from(uint64_t hash)
{
	return hash == 0 ? 1 : hash;
}

static inline uint64_t user_fingerprint(
	const struct jg_cut_offs *cut_offs, uint64_t app, struct jg_str user)
{
	return fingerprint_from(jg_hash(&cut_offs->seed, of_scope(app, JG_SCOPE_USER), user));
}

static uint64_t fingerprint_of(const struct jg_cut_offs *cut_offs, unsigned scope, uint64_t app,
	const struct jg_cut_off_query *query)
{
	const struct jg_hash_seed *seed = &cut_offs->seed;
	const struct jg_str none = {NULL, 0};
	uint64_t hash = 0;
	if (scope == JG_SCOPE_USER)
		return user_fingerprint(cut_offs, app, query->user);
	app = of_scope(app, scope);
	switch (scope) {
	case JG_SCOPE_ROOM:
		hash = jg_hash(seed, app, query->room);
		break;
	case JG_SCOPE_PARTICIPANT:
		hash = jg_hash(seed, jg_hash(seed, app, query->room), query->user);
		break;
	case JG_SCOPE_SECRET:
		hash = jg_hash(seed, app, query->secret);
		break;
	case JG_SCOPE_TOKEN:
		hash = jg_hash(seed, app, (struct jg_str){(const char *)query->token_id, 16});
		break;
	default:
		hash = jg_hash(seed, app, none);
		break;
	}
	return fingerprint_from(hash);
}

// Scopes that the query names, a bit each.
static unsigned scopes_named(const struct jg_cut_off_query *query)
{
	unsigned scopes = 1u << JG_SCOPE_APP;
	if (query->user.len > 0)
		scopes |= 1u << JG_SCOPE_USER;
	if (query->room.len > 0)
		scopes |= 1u << JG_SCOPE_ROOM;
	if (query->user.len > 0 && query->room.len > 0)
		scopes |= 1u << JG_SCOPE_PARTICIPANT;
	if (query->secret.len > 0)
		scopes |= 1u << JG_SCOPE_SECRET;
	if (query->token_id != NULL)
		scopes |= 1u << JG_SCOPE_TOKEN;
	return scopes;
}

uint64_t jg_cut_offs_app_hash(
	const struct jg_cut_offs *cut_offs, unsigned vendor, struct jg_str app)
{
	return fingerprint_from(jg_hash(&cut_offs->seed, vendor, app));
}

static void set_scope(struct jg_cut_offs *cut_offs, unsigned scope, bool any)
{
	unsigned scopes = atomic_load_explicit(&cut_offs->scopes, memory_order_relaxed);
	scopes = any ? scopes | 1u << scope : scopes & ~(1u << scope);
	atomic_store_explicit(&cut_offs->scopes, scopes, memory_order_relaxed);
}

// Starts a table that has room for twice what is in force, also if all of the moving time is spent
// on new entries.
static int growth_start(struct jg_cut_offs *cut_offs)
{
	struct table *old = current_view(cut_offs)->current;
	struct table *table = table_new(2 * cut_offs->live + old->buckets_n / (MOVED_PER_SET / 2));
	struct view *view = table == NULL ? NULL : view_new(table, old);
	if (view == NULL) {
		table_free(table);
		return -ENOMEM;
	}
	cut_offs->moved = 0;
	publish(cut_offs, view, NULL);
	return 0;
}

// Moves a few buckets; the last ones end the growth.
static void move_some(struct jg_cut_offs *cut_offs)
{
	struct view *view = current_view(cut_offs);
	struct table *old = view->old;
	for (unsigned n = 0; n < MOVED_PER_SET && cut_offs->moved < old->buckets_n; n++) {
		struct bucket *bucket = &old->buckets[cut_offs->moved++];
		for (unsigned i = 0; i < SLOTS; i++) {
			uint64_t fingerprint =
				atomic_load_explicit(&bucket->fingerprint[i], memory_order_relaxed);
			uint32_t before =
				atomic_load_explicit(&bucket->before[i], memory_order_relaxed);
			if (before != 0)
				table_put(view->current, fingerprint, before, false);
		}
	}
	if (cut_offs->moved < old->buckets_n)
		return;
	struct view *after = view_new(view->current, NULL);
	if (after != NULL)
		publish(cut_offs, after, old);
	// Without memory readers go on with both; the next set tries again.
}

static int make_room(struct jg_cut_offs *cut_offs)
{
	struct view *view = current_view(cut_offs);
	if (view->old != NULL)
		move_some(cut_offs);
	view = current_view(cut_offs);
	if (fullness(view->current) <= 75)
		return 0;
	if (view->old == NULL && growth_start(cut_offs) == 0)
		return 0;
	// Without memory to grow there is still some room, at the price of longer searches.
	return fullness(view->current) <= 95 ? 0 : -ENOMEM;
}

static bool view_find(const struct view *view, uint64_t fingerprint, uint32_t *before)
{
	if (table_find(view->current, fingerprint, before))
		return true;
	return view->old != NULL && table_find(view->old, fingerprint, before);
}

// The time in force for a fingerprint, 0: none. Whether there is an entry cannot be guessed either, so that the
// first bucket, which is the only one for most, tells without a branch.
static inline uint32_t time_of(const struct view *view, uint64_t fingerprint)
{
	const struct bucket *bucket = &view->current->buckets[home(view->current, fingerprint)];
	unsigned slot = slot_of(bucket, fingerprint);
	uint32_t mask = slot < SLOTS ? UINT32_MAX : 0;
	uint32_t before = atomic_load_explicit(&bucket->before[slot & mask], memory_order_relaxed);
	uint32_t overflowed = atomic_load_explicit(&bucket->overflowed, memory_order_acquire);
	if (__builtin_expect(view->old == NULL && (overflowed & ~mask) == 0, 1))
		return before & mask;
	return view_find(view, fingerprint, &before) ? before : 0;
}

static int check_cut_off(const struct jg_cut_off *cut_off, const struct jg_cut_off_query *query,
	struct jg_error *err)
{
	static const char *const fields[] = {
#define X(code, symbol, name, fields) [code] = fields,
		JG_SCOPES(X)
#undef X
	};
	if (cut_off->scope >= JG_SCOPE_COUNT || cut_off->vendor == JG_VENDOR_NONE ||
		cut_off->vendor >= JG_VENDOR_COUNT || cut_off->app.len == 0) {
		jg_error_set(err,
			"cut-off: vendor, app or scope is missing or unknown; expected "
			"an app's vendor and key, and one of app, user, room, "
			"participant, secret, token");
		return -EINVAL;
	}
	if ((scopes_named(query) >> cut_off->scope & 1) == 0) {
		jg_error_set(err, "cut-off: its scope also needs: %s", fields[cut_off->scope]);
		return -EINVAL;
	}
	if (cut_off->before != JG_TIME_NONE &&
		(cut_off->before < 1 || cut_off->before > BEFORE_MAX)) {
		jg_error_set(err,
			"cut-off: before is %lld; expected seconds since 1970, 1 to %lld, or null "
			"to undo it",
			(long long)cut_off->before, (long long)BEFORE_MAX);
		return -EINVAL;
	}
	return 0;
}

static struct jg_cut_off_query query_of(const struct jg_cut_off *cut_off)
{
	return (struct jg_cut_off_query){.vendor = cut_off->vendor,
		.app = cut_off->app,
		.user = cut_off->user,
		.room = cut_off->room,
		.secret = cut_off->secret,
		.token_id = cut_off->token_id};
}

static uint64_t fingerprint_for(
	const struct jg_cut_offs *cut_offs, unsigned scope, const struct jg_cut_off_query *query)
{
	return fingerprint_of(
		cut_offs, scope, jg_cut_offs_app_hash(cut_offs, query->vendor, query->app), query);
}

int64_t jg_cut_offs_before(const struct jg_cut_offs *cut_offs, const struct jg_cut_off *subject)
{
	const struct jg_cut_off_query query = query_of(subject);
	uint64_t fingerprint = fingerprint_for(cut_offs, subject->scope, &query);
	uint32_t before = 0;
	bool there = view_find(current_view(cut_offs), fingerprint, &before);
	return there && before != 0 ? (int64_t)before : JG_TIME_NONE;
}

int jg_cut_offs_set(
	struct jg_cut_offs *cut_offs, const struct jg_cut_off *cut_off, struct jg_error *err)
{
	const struct jg_cut_off_query query = query_of(cut_off);
	int status = check_cut_off(cut_off, &query, err);
	if (status != 0)
		return status;
	uint64_t fingerprint = fingerprint_for(cut_offs, cut_off->scope, &query);
	uint32_t was = 0;
	bool there = view_find(current_view(cut_offs), fingerprint, &was);
	uint32_t before = cut_off->before == JG_TIME_NONE ? 0 : (uint32_t)cut_off->before;
	if (before == was && (there || before == 0))
		return 0;
	if (make_room(cut_offs) != 0) {
		jg_error_set(err, "no memory for more than %zu cut-offs", cut_offs->live);
		return -ENOMEM;
	}
	// A reader is told of the scope before it could miss the entry, and after it is gone.
	size_t *in_scope = &cut_offs->in_scope[cut_off->scope];
	if (was == 0 && (*in_scope)++ == 0)
		set_scope(cut_offs, cut_off->scope, true);
	table_put(current_view(cut_offs)->current, fingerprint, before, true);
	if (before == 0 && --*in_scope == 0)
		set_scope(cut_offs, cut_off->scope, false);
	cut_offs->live += (was == 0 ? 1u : 0u);
	cut_offs->live -= (before == 0 ? 1u : 0u);
	return 0;
}

size_t jg_cut_offs_count(const struct jg_cut_offs *cut_offs)
{
	return cut_offs->live;
}

size_t jg_cut_offs_memory(const struct jg_cut_offs *cut_offs)
{
	const struct view *view = current_view(cut_offs);
	size_t size = sizeof(*cut_offs) + sizeof(*view) + view->current->size;
	if (view->old != NULL)
		size += view->old->size;
	for (view = cut_offs->retired; view != NULL; view = view->retired)
		size += sizeof(*view) +
			(view->retired_table != NULL ? view->retired_table->size : 0);
	return size;
}

unsigned jg_cut_offs_scopes(const struct jg_cut_offs *cut_offs)
{
	return cut_offs == NULL ? 0 : atomic_load_explicit(&cut_offs->scopes, memory_order_relaxed);
}

static inline void view_prefetch(const struct view *view, uint64_t fingerprint)
{
	__builtin_prefetch(&view->current->buckets[home(view->current, fingerprint)]);
	if (view->old != NULL)
		__builtin_prefetch(&view->old->buckets[home(view->old, fingerprint)]);
}

void jg_cut_offs_probe(const struct jg_cut_offs *cut_offs, const struct jg_cut_off_query *query,
	struct jg_cut_off_probe *probe)
{
	unsigned scopes = jg_cut_offs_scopes(cut_offs) & scopes_named(query);
	probe->scopes = (uint8_t)scopes;
	probe->issued_at = query->issued_at;
	if (scopes == 0)
		return;
	const struct view *view = reader_view(cut_offs);
	uint64_t app = query->app_hash != 0
		? query->app_hash
		: jg_cut_offs_app_hash(cut_offs, query->vendor, query->app);
	for (; scopes != 0; scopes &= scopes - 1) {
		unsigned scope = (unsigned)__builtin_ctz(scopes);
		probe->fingerprint[scope] = fingerprint_of(cut_offs, scope, app, query);
		view_prefetch(view, probe->fingerprint[scope]);
	}
}

void jg_cut_offs_probe_user(const struct jg_cut_offs *cut_offs, uint64_t app_hash,
	struct jg_str user, struct jg_cut_off_probe *probe)
{
	uint64_t fingerprint = user_fingerprint(cut_offs, app_hash, user);
	probe->fingerprint[JG_SCOPE_USER] = fingerprint;
	view_prefetch(reader_view(cut_offs), fingerprint);
}

// Does a cut-off at this time (0: none) refuse? A token that does not say when it was issued was issued before
// any: JG_TIME_NONE is less than every time.
static inline bool refuses(uint32_t before, int64_t issued_at)
{
	return before != 0 && issued_at < (int64_t)before;
}

bool jg_cut_offs_judge_user(const struct jg_cut_offs *cut_offs,
	const struct jg_cut_off_probe *probe, int64_t issued_at, int64_t *before)
{
	uint32_t found = time_of(reader_view(cut_offs), probe->fingerprint[JG_SCOPE_USER]);
	*before = found;
	return refuses(found, issued_at);
}

int jg_cut_offs_judge(
	const struct jg_cut_offs *cut_offs, const struct jg_cut_off_probe *probe, int64_t *before)
{
	if (probe->scopes == 0)
		return -1;
	const struct view *view = reader_view(cut_offs);
	for (unsigned scopes = probe->scopes; scopes != 0; scopes &= scopes - 1) {
		unsigned scope = (unsigned)__builtin_ctz(scopes);
		uint32_t found = time_of(view, probe->fingerprint[scope]);
		if (!refuses(found, probe->issued_at))
			continue;
		*before = found;
		return (int)scope;
	}
	return -1;
}

int jg_cut_offs_check(
	const struct jg_cut_offs *cut_offs, const struct jg_cut_off_query *query, int64_t *before)
{
	struct jg_cut_off_probe probe;
	jg_cut_offs_probe(cut_offs, query, &probe);
	return jg_cut_offs_judge(cut_offs, &probe, before);
}
