// SPDX-License-Identifier: BSD-3-Clause
// The writer of the live table of cut-offs, which is grown a few buckets at a time.
#include "cut_off_table.h"
#include "pages.h"

#include <errno.h>
#include <stdlib.h>

#define BUCKETS_MIN 64
#define MOVED_PER_SET 8 // buckets of the old table
#define BEFORE_MAX (((int64_t)1 << 32) - 2)

static struct jg_cut_off_table *table_new(size_t entries)
{
	struct jg_cut_off_table *table = calloc(1, sizeof(*table));
	if (table == NULL)
		return NULL;
	// Filled to three quarters at most.
	size_t buckets = entries / 3 * 4 / JG_CUT_OFF_SLOTS + 1;
	table->buckets_n = buckets < BUCKETS_MIN ? BUCKETS_MIN : buckets;
	const size_t words = JG_CUT_OFF_LATEST * sizeof(*table->latest);
	table->size = table->buckets_n * (sizeof(*table->buckets) + words);
	table->buckets = jg_pages_new(&table->size);
	if (table->buckets == NULL) {
		free(table);
		return NULL;
	}
	table->latest = (_Atomic uint32_t *)(table->buckets + table->buckets_n);
	return table;
}

static struct jg_cut_off_view *view_new(
	struct jg_cut_off_table *current, struct jg_cut_off_table *old)
{
	struct jg_cut_off_view *view = calloc(1, sizeof(*view));
	if (view == NULL)
		return NULL;
	view->current = current;
	view->old = old;
	return view;
}

static void table_free(struct jg_cut_off_table *table)
{
	if (table == NULL)
		return;
	jg_pages_free(table->buckets, table->size);
	free(table);
}

// When the entry is there: who is not told of it does not look.
static void raise_latest(struct jg_cut_off_table *table, uint64_t fingerprint, uint32_t before)
{
	_Atomic uint32_t *latest = jg_cut_off_latest(table, fingerprint);
	if (atomic_load_explicit(latest, memory_order_relaxed) < before)
		atomic_store_explicit(latest, before, memory_order_release);
}

// Writes into the first free slot, or over the entry when it is there and replace says so. True: a slot was taken.
static bool table_put(
	struct jg_cut_off_table *table, uint64_t fingerprint, uint32_t before, bool replace)
{
	for (size_t at = jg_cut_off_home(table, fingerprint);;
		at = at + 1 == table->buckets_n ? 0 : at + 1) {
		struct jg_cut_off_bucket *bucket = &table->buckets[at];
		for (unsigned i = 0; i < JG_CUT_OFF_SLOTS; i++) {
			uint64_t found =
				atomic_load_explicit(&bucket->fingerprint[i], memory_order_relaxed);
			if (found != 0 && found != fingerprint)
				continue;
			if (found == 0 || replace)
				atomic_store_explicit(
					&bucket->before[i], before, memory_order_relaxed);
			if (found != 0)
				return false;
			// The time is there before the fingerprint is.
			atomic_store_explicit(
				&bucket->fingerprint[i], fingerprint, memory_order_release);
			return true;
		}
		uint32_t overflowed =
			atomic_load_explicit(&bucket->overflowed, memory_order_relaxed);
		atomic_store_explicit(&bucket->overflowed, overflowed | jg_cut_off_bit(fingerprint),
			memory_order_release);
	}
}

static struct jg_cut_off_view *current_view(const struct jg_cut_offs *cut_offs)
{
	// The writer reads its own store.
	return atomic_load_explicit(&cut_offs->view, memory_order_relaxed);
}

static void current_put(
	struct jg_cut_offs *cut_offs, uint64_t fingerprint, uint32_t before, bool replace)
{
	struct jg_cut_off_table *table = current_view(cut_offs)->current;
	if (table_put(table, fingerprint, before, replace))
		cut_offs->used++;
	raise_latest(table, fingerprint, before);
}

// Fullness in hundredths, with one entry more.
static size_t fullness(const struct jg_cut_offs *cut_offs)
{
	return (cut_offs->used + 1) * 100 /
		(current_view(cut_offs)->current->buckets_n * JG_CUT_OFF_SLOTS);
}

// Publishes; what readers saw before waits for jg_cut_offs_reclaim().
static void publish(struct jg_cut_offs *cut_offs, struct jg_cut_off_view *view,
	struct jg_cut_off_table *retired_table)
{
	struct jg_cut_off_view *before = current_view(cut_offs);
	atomic_store_explicit(&cut_offs->view, view, memory_order_release);
	before->retired = cut_offs->retired;
	before->retired_table = retired_table;
	cut_offs->retired = before;
}

struct jg_cut_offs *jg_cut_offs_new(size_t expected, struct jg_error *err)
{
	struct jg_cut_offs *cut_offs =
		aligned_alloc(alignof(struct jg_cut_offs), sizeof(*cut_offs));
	struct jg_cut_off_table *table = table_new(expected);
	struct jg_cut_off_view *view = table == NULL ? NULL : view_new(table, NULL);
	if (cut_offs == NULL || view == NULL || table == NULL) {
		jg_error_set(err, "no memory for a table of %zu cut-offs", expected);
		free(cut_offs);
		free(view);
		table_free(table);
		return NULL;
	}
	memset(cut_offs, 0, sizeof(*cut_offs));
	jg_hash_seed_init(&cut_offs->seed, 0);
	atomic_init(&cut_offs->view, view);
	return cut_offs;
}

void jg_cut_offs_reclaim(struct jg_cut_offs *cut_offs)
{
	while (cut_offs->retired != NULL) {
		struct jg_cut_off_view *view = cut_offs->retired;
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
	struct jg_cut_off_view *view = current_view(cut_offs);
	table_free(view->old);
	table_free(view->current);
	free(view);
	explicit_bzero(cut_offs, sizeof(*cut_offs));
	free(cut_offs);
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
	struct jg_cut_off_table *old = current_view(cut_offs)->current;
	struct jg_cut_off_table *table =
		table_new(2 * cut_offs->live + old->buckets_n / (MOVED_PER_SET / 2));
	struct jg_cut_off_view *view = table == NULL ? NULL : view_new(table, old);
	if (view == NULL) {
		table_free(table);
		return -ENOMEM;
	}
	cut_offs->moved = 0;
	cut_offs->used = 0;
	publish(cut_offs, view, NULL);
	return 0;
}

// Moves a few buckets; the last ones end the growth.
static void move_some(struct jg_cut_offs *cut_offs)
{
	struct jg_cut_off_view *view = current_view(cut_offs);
	struct jg_cut_off_table *old = view->old;
	for (unsigned n = 0; n < MOVED_PER_SET && cut_offs->moved < old->buckets_n; n++) {
		struct jg_cut_off_bucket *bucket = &old->buckets[cut_offs->moved++];
		for (unsigned i = 0; i < JG_CUT_OFF_SLOTS; i++) {
			uint64_t fingerprint =
				atomic_load_explicit(&bucket->fingerprint[i], memory_order_relaxed);
			uint32_t before =
				atomic_load_explicit(&bucket->before[i], memory_order_relaxed);
			if (before != 0)
				current_put(cut_offs, fingerprint, before, false);
		}
	}
	if (cut_offs->moved < old->buckets_n)
		return;
	struct jg_cut_off_view *after = view_new(view->current, NULL);
	if (after != NULL)
		publish(cut_offs, after, old);
	// Without memory readers go on with both; the next set tries again.
}

static int make_room(struct jg_cut_offs *cut_offs)
{
	if (current_view(cut_offs)->old != NULL)
		move_some(cut_offs);
	if (fullness(cut_offs) <= 75)
		return 0;
	if (current_view(cut_offs)->old == NULL && growth_start(cut_offs) == 0)
		return 0;
	// Without memory to grow there is still some room, at the price of longer searches.
	return fullness(cut_offs) <= 95 ? 0 : -ENOMEM;
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
	if ((jg_cut_off_scopes_named(query) >> cut_off->scope & 1) == 0) {
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
	return jg_cut_off_fingerprint_of(
		cut_offs, scope, jg_cut_offs_app_hash(cut_offs, query->vendor, query->app), query);
}

int64_t jg_cut_offs_before(const struct jg_cut_offs *cut_offs, const struct jg_cut_off *subject)
{
	const struct jg_cut_off_query query = query_of(subject);
	uint64_t fingerprint = fingerprint_for(cut_offs, subject->scope, &query);
	uint32_t before = 0;
	bool there = jg_cut_off_search(current_view(cut_offs), fingerprint, &before);
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
	bool there = jg_cut_off_search(current_view(cut_offs), fingerprint, &was);
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
	current_put(cut_offs, fingerprint, before, true);
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
	const struct jg_cut_off_view *view = current_view(cut_offs);
	size_t size = sizeof(*cut_offs) + sizeof(*view) + view->current->size;
	if (view->old != NULL)
		size += view->old->size;
	for (view = cut_offs->retired; view != NULL; view = view->retired)
		size += sizeof(*view) +
			(view->retired_table != NULL ? view->retired_table->size : 0);
	return size;
}
