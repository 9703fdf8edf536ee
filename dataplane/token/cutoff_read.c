// SPDX-License-Identifier: BSD-3-Clause
// The readers of the live table of cut-offs; for any thread.
#include "cut_off_table.h"

// The fingerprint's slot, or JG_CUT_OFF_SLOTS. Looks at all of them without a branch: which it is cannot be
// guessed.
static unsigned slot_of(const struct jg_cut_off_bucket *bucket, uint64_t fingerprint)
{
	unsigned found = 1u << JG_CUT_OFF_SLOTS;
#pragma GCC unroll 5
	for (unsigned i = 0; i < JG_CUT_OFF_SLOTS; i++)
		found |= (unsigned)(atomic_load_explicit(&bucket->fingerprint[i],
					    memory_order_acquire) == fingerprint)
			<< i;
	return (unsigned)__builtin_ctz(found);
}

// True when the table holds the fingerprint, with the time it stands for. Any thread.
static bool table_find(const struct jg_cut_off_table *table, uint64_t fingerprint, uint32_t *before)
{
	size_t at = jg_cut_off_home(table, fingerprint);
	for (size_t seen = 0; seen < table->buckets_n; seen++) {
		struct jg_cut_off_bucket *bucket = &table->buckets[at];
		unsigned slot = slot_of(bucket, fingerprint);
		if (slot < JG_CUT_OFF_SLOTS) {
			*before = atomic_load_explicit(&bucket->before[slot], memory_order_relaxed);
			return true;
		}
		if ((atomic_load_explicit(&bucket->overflowed, memory_order_acquire) &
			    jg_cut_off_bit(fingerprint)) == 0)
			return false;
		at = at + 1 == table->buckets_n ? 0 : at + 1;
	}
	return false;
}

bool jg_cut_off_search(const struct jg_cut_off_view *view, uint64_t fingerprint, uint32_t *before)
{
	if (table_find(view->current, fingerprint, before))
		return true;
	return view->old != NULL && table_find(view->old, fingerprint, before);
}

uint64_t jg_cut_off_fingerprint_of(const struct jg_cut_offs *cut_offs, unsigned scope, uint64_t app,
	const struct jg_cut_off_query *query)
{
	const struct jg_hash_seed *seed = &cut_offs->seed;
	const struct jg_str none = {NULL, 0};
	uint64_t hash = 0;
	app = jg_cut_off_scope(app, scope);
	switch (scope) {
	case JG_SCOPE_USER:
		hash = jg_hash(seed, app, query->user);
		break;
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
	return jg_cut_off_fingerprint(hash);
}

unsigned jg_cut_off_scopes_named(const struct jg_cut_off_query *query)
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
	return jg_cut_off_fingerprint(jg_hash(&cut_offs->seed, vendor, app));
}

unsigned jg_cut_offs_scopes(const struct jg_cut_offs *cut_offs)
{
	return cut_offs == NULL ? 0 : atomic_load_explicit(&cut_offs->scopes, memory_order_relaxed);
}

void jg_cut_offs_probe(const struct jg_cut_offs *cut_offs, const struct jg_cut_off_query *query,
	struct jg_cut_off_probe *probe)
{
	unsigned scopes = jg_cut_offs_scopes(cut_offs) & jg_cut_off_scopes_named(query);
	probe->scopes = (uint8_t)scopes;
	probe->issued_at = query->issued_at;
	if (scopes == 0)
		return;
	const struct jg_cut_off_view *view = jg_cut_offs_view(cut_offs);
	uint64_t app = query->app_hash != 0
		? query->app_hash
		: jg_cut_offs_app_hash(cut_offs, query->vendor, query->app);
	for (; scopes != 0; scopes &= scopes - 1) {
		unsigned scope = (unsigned)__builtin_ctz(scopes);
		probe->fingerprint[scope] = jg_cut_off_fingerprint_of(cut_offs, scope, app, query);
		jg_cut_off_prefetch(view, probe->fingerprint[scope]);
	}
}

void jg_cut_offs_fetch(const struct jg_cut_offs *cut_offs, const struct jg_cut_off_probe *probe)
{
	if (probe->scopes == 0)
		return;
	const struct jg_cut_off_view *view = jg_cut_offs_view(cut_offs);
	for (unsigned scopes = probe->scopes; scopes != 0; scopes &= scopes - 1) {
		uint64_t fingerprint = probe->fingerprint[__builtin_ctz(scopes)];
		if (jg_cut_off_may_refuse(view, fingerprint, probe->issued_at))
			jg_cut_off_prefetch_search(view, fingerprint);
	}
}

int jg_cut_offs_judge(
	const struct jg_cut_offs *cut_offs, const struct jg_cut_off_probe *probe, int64_t *before)
{
	if (probe->scopes == 0)
		return -1;
	const struct jg_cut_off_view *view = jg_cut_offs_view(cut_offs);
	for (unsigned scopes = probe->scopes; scopes != 0; scopes &= scopes - 1) {
		unsigned scope = (unsigned)__builtin_ctz(scopes);
		uint64_t fingerprint = probe->fingerprint[scope];
		uint32_t found = 0;
		if (!jg_cut_off_may_refuse(view, fingerprint, probe->issued_at) ||
			!jg_cut_off_search(view, fingerprint, &found) ||
			!jg_cut_off_refuses(found, probe->issued_at))
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
