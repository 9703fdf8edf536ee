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
 * Before the search readers ask for the latest time of all fingerprints that share a word with theirs. Most tokens
 * are newer than that, and all that is asked about millions of cut-offs is a ninth of their table. The word tells
 * only what need not be searched for: it is raised after an entry is there, and never lowered.
 *
 * Inlined for the readers of whole bursts: the calls cost as much as what they do.
 */

#include "hash.h"
#include "state.h"

#include <assert.h>
#include <stdatomic.h>

#define JG_CUT_OFF_SLOTS 5u /**< of one bucket */
#define JG_CUT_OFF_LATEST 2u /**< words of one bucket */

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
	_Atomic uint32_t *latest; /**< JG_CUT_OFF_LATEST a bucket, behind them; 0: none */
	size_t buckets_n;
	size_t size; /**< bytes of both */
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

/** The word that tells of a fingerprint in a table. */
static inline _Atomic uint32_t *jg_cut_off_latest(
	const struct jg_cut_off_table *table, uint64_t fingerprint)
{
	static_assert(JG_CUT_OFF_LATEST == 2, "a bit tells which");
	return &table->latest[2 * jg_cut_off_home(table, fingerprint) + (fingerprint >> 5 & 1)];
}

/** Searches both tables to the end. True: there is an entry, with the time it stands for. */
bool jg_cut_off_search(const struct jg_cut_off_view *view, uint64_t fingerprint, uint32_t *before);

/** Does a cut-off at this time (0: none) refuse? A token that does not say when it was issued was issued before
 * any: JG_TIME_NONE is less than every time. Most are issued later than any, so that whether there is a cut-off, which
 * cannot be guessed, is asked of the others alone. */
static inline bool jg_cut_off_refuses(uint32_t before, int64_t issued_at)
{
	return issued_at < (int64_t)before && before != 0;
}

static inline bool jg_cut_off_word_refuses(const _Atomic uint32_t *latest, int64_t issued_at)
{
	return jg_cut_off_refuses(atomic_load_explicit(latest, memory_order_acquire), issued_at);
}

/** May the search find a cut-off that refuses? False: it cannot. */
static inline bool jg_cut_off_may_refuse(
	const struct jg_cut_off_view *view, uint64_t fingerprint, int64_t issued_at)
{
	return jg_cut_off_word_refuses(jg_cut_off_latest(view->current, fingerprint), issued_at) ||
		(view->old != NULL &&
			jg_cut_off_word_refuses(
				jg_cut_off_latest(view->old, fingerprint), issued_at));
}

/** For jg_cut_off_may_refuse(). */
static inline void jg_cut_off_prefetch(const struct jg_cut_off_view *view, uint64_t fingerprint)
{
	__builtin_prefetch(jg_cut_off_latest(view->current, fingerprint));
	if (view->old != NULL)
		__builtin_prefetch(jg_cut_off_latest(view->old, fingerprint));
}

static inline void jg_cut_off_prefetch_bucket(
	const struct jg_cut_off_table *table, uint64_t fingerprint)
{
	__builtin_prefetch(&table->buckets[jg_cut_off_home(table, fingerprint)]);
}

/** For the search. */
static inline void jg_cut_off_prefetch_search(
	const struct jg_cut_off_view *view, uint64_t fingerprint)
{
	jg_cut_off_prefetch_bucket(view->current, fingerprint);
	if (view->old != NULL)
		jg_cut_off_prefetch_bucket(view->old, fingerprint);
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
