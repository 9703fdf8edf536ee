// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/**
 * The live table of cut-offs, as its one writer (cutoff.c) makes it and its lock-free readers look into it.
 *
 * An entry is a keyed 64-bit fingerprint of what it is about and a time. A slot belongs to its
 * fingerprint for the life of a table, so a reader that has seen the fingerprint may read the time
 * without looking twice; undone entries keep their slot with time 0 until the table is replaced.
 * While a table is replaced, all writes go to the new one and readers ask it first: what is not
 * there yet still stands in the old one, which nobody changes any more.
 *
 * Inlined for the readers of whole bursts: the calls cost as much as what they do.
 */

#include "hash.h"
#include "state.h"

#include <assert.h>
#include <stdatomic.h>

#define JG_CUT_OFF_SLOTS 5u /**< of one bucket */

struct jg_cut_off_bucket {
	alignas(JG_CACHE_LINE) _Atomic uint64_t fingerprint[JG_CUT_OFF_SLOTS]; /**< 0: empty */
	_Atomic uint32_t before[JG_CUT_OFF_SLOTS]; /**< 0: undone */
	/** A bit for each fingerprint that found no room here: the search for it goes on in the next
	 * bucket. 0: for none. */
	_Atomic uint32_t overflowed;
};

static_assert(sizeof(struct jg_cut_off_bucket) == JG_CACHE_LINE, "one line per bucket");
static_assert(ATOMIC_LLONG_LOCK_FREE == 2 && ATOMIC_POINTER_LOCK_FREE == 2, "readers never wait");

struct jg_cut_off_table {
	struct jg_cut_off_bucket *buckets;
	size_t buckets_n;
	size_t size; /**< bytes of buckets */
};

/** What readers look at; never changed once published. */
struct jg_cut_off_view {
	struct jg_cut_off_table *current;
	struct jg_cut_off_table *old; /**< NULL: no growth under way */
	struct jg_cut_off_view *retired; /**< the next one to free */
	struct jg_cut_off_table *retired_table; /**< goes with this view */
};

struct jg_cut_offs {
	_Atomic(struct jg_cut_off_view *) view; /**< writer: wo, readers: ro */
	_Atomic unsigned
		scopes; /**< bit per scope with entries in force; writer: wo, readers: ro */
	struct jg_hash_seed seed; /**< read-only */
	/** From here on writer only: lines of its own, as it writes with every entry. */
	alignas(JG_CACHE_LINE) size_t in_scope[JG_SCOPE_COUNT]; /**< entries in force */
	size_t used; /**< slots of the current table */
	size_t moved; /**< buckets of the old table that are done with */
	size_t live;
	struct jg_cut_off_view *retired;
};

static inline const struct jg_cut_off_view *jg_cut_offs_view(const struct jg_cut_offs *cut_offs)
{
	return atomic_load_explicit(&cut_offs->view, memory_order_acquire);
}

static inline size_t jg_cut_off_home(const struct jg_cut_off_table *table, uint64_t fingerprint)
{
	return (size_t)((jg_uint128)fingerprint * table->buckets_n >> 64);
}

/** The bit of a fingerprint in jg_cut_off_bucket.overflowed. The bits that tell its home are others. */
static inline uint32_t jg_cut_off_bit(uint64_t fingerprint)
{
	return UINT32_C(1) << (fingerprint & 31);
}

/** The fingerprint's slot, or JG_CUT_OFF_SLOTS. Looks at all of them without a branch: which it is cannot be
 * guessed. */
static inline unsigned jg_cut_off_slot(const struct jg_cut_off_bucket *bucket, uint64_t fingerprint)
{
	unsigned found = 1u << JG_CUT_OFF_SLOTS;
#pragma GCC unroll 5
	for (unsigned i = 0; i < JG_CUT_OFF_SLOTS; i++)
		found |= (unsigned)(atomic_load_explicit(&bucket->fingerprint[i],
					    memory_order_acquire) == fingerprint)
			<< i;
	return (unsigned)__builtin_ctz(found);
}

/** Searches both tables to the end. True: there is an entry, with the time it stands for. */
bool jg_cut_off_search(const struct jg_cut_off_view *view, uint64_t fingerprint, uint32_t *before);

/** The same, as a time; 0: none in force. */
uint32_t jg_cut_off_search_time(const struct jg_cut_off_view *view, uint64_t fingerprint);

/** The time in force for a fingerprint whose search begins in this bucket of the current table, 0: none. For a view
 * without an old table. Whether there is an entry cannot be guessed, so that the first bucket, which is the only one
 * for most, tells without a branch. A time is of the fingerprint in its slot whenever it is read. */
static inline uint32_t jg_cut_off_time_at(const struct jg_cut_off_view *view,
	const struct jg_cut_off_bucket *bucket, uint64_t fingerprint)
{
	uint32_t before = 0;
#pragma GCC unroll 5
	for (unsigned i = 0; i < JG_CUT_OFF_SLOTS; i++) {
		uint32_t time = atomic_load_explicit(&bucket->before[i], memory_order_relaxed);
		before = atomic_load_explicit(&bucket->fingerprint[i], memory_order_acquire) ==
				fingerprint
			? time
			: before;
	}
	uint32_t overflowed = atomic_load_explicit(&bucket->overflowed, memory_order_acquire);
	if (__builtin_expect((overflowed & jg_cut_off_bit(fingerprint)) == 0 || before != 0, 1))
		return before;
	return jg_cut_off_search_time(view, fingerprint);
}

static inline const struct jg_cut_off_bucket *jg_cut_off_first(
	const struct jg_cut_off_table *table, uint64_t fingerprint)
{
	return &table->buckets[jg_cut_off_home(table, fingerprint)];
}

/** The time in force for a fingerprint, 0: none. */
static inline uint32_t jg_cut_off_time(const struct jg_cut_off_view *view, uint64_t fingerprint)
{
	if (view->old != NULL)
		return jg_cut_off_search_time(view, fingerprint);
	return jg_cut_off_time_at(view, jg_cut_off_first(view->current, fingerprint), fingerprint);
}

static inline void jg_cut_off_prefetch(const struct jg_cut_off_view *view, uint64_t fingerprint)
{
	__builtin_prefetch(jg_cut_off_first(view->current, fingerprint));
	if (view->old != NULL)
		__builtin_prefetch(jg_cut_off_first(view->old, fingerprint));
}

/** Does a cut-off at this time (0: none) refuse? A token that does not say when it was issued was issued before
 * any: JG_TIME_NONE is less than every time. Most are issued later than any, so that whether there is a cut-off, which
 * cannot be guessed, is asked of the others alone. */
static inline bool jg_cut_off_refuses(uint32_t before, int64_t issued_at)
{
	return issued_at < (int64_t)before && before != 0;
}

/** What an app's fingerprints of a scope begin with. */
static inline uint64_t jg_cut_off_scope(uint64_t app, unsigned scope)
{
	return app + (scope + 1) * UINT64_C(0x9e3779b97f4a7c15);
}

/** 0 is an empty slot's. */
static inline uint64_t jg_cut_off_fingerprint(uint64_t hash)
{
	return hash == 0 ? 1 : hash;
}

/** The fingerprint of a user by jg_cut_offs_app_hash() and jg_hash_text() of his name, which can be hashed before
 * the app is known. */
static inline uint64_t jg_cut_off_user(
	const struct jg_cut_offs *cut_offs, uint64_t app, uint64_t name)
{
	return jg_cut_off_fingerprint(
		jg_hash_chain(&cut_offs->seed, jg_cut_off_scope(app, JG_SCOPE_USER), name));
}

/** The fingerprint of what a query says about a scope. */
uint64_t jg_cut_off_fingerprint_of(const struct jg_cut_offs *cut_offs, unsigned scope, uint64_t app,
	const struct jg_cut_off_query *query);

/** Scopes that the query names, a bit each. */
unsigned jg_cut_off_scopes_named(const struct jg_cut_off_query *query);
