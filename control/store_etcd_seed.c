// SPDX-License-Identifier: BSD-3-Clause
// The first state of a fleet, from a gate's configuration. It may be more than etcd takes at once: what
// refuses comes first, and until all is there a mark says so, with which another gate goes on when
// this one is gone.
#include "log.h"
#include "store_etcd.h"

#include <joingate/verify.h>

#include <errno.h>
#include <stdlib.h>

#define CUT_OFFS_AT_ONCE 250 // 1 MiB of the longest names

struct seeding {
	struct jg_etcd_store *store;
	const struct jg_store_change *change;
	int64_t mark; // mod_revision of the mark that was left behind; 0 = nobody was here
	bool marked; // by us
	int64_t since; // revision up to which all cut-offs of etcd's are known or ours
	uint32_t cut_offs; // done
	uint32_t records;
};

static json_t *equal(struct jg_etcd_store *s, const char *target, const char *name, json_t *value)
{
	return json_pack("{s:o, s:s, s:s, s:o}", "key", jg_etcd_key(s, JG_ETCD_SEED_MARK), "target",
		target, "result", "EQUAL", name, value);
}

// The mark must be as we saw it, then as we left it. Where there was none nobody may have begun, or be done.
static json_t *as_known(const struct seeding *w)
{
	if (w->marked)
		return json_pack("[o]",
			equal(w->store, "VALUE", "value", jg_etcd_bytes(w->store->instance)));
	json_t *mark = equal(w->store, "MOD", "mod_revision", jg_etcd_string(w->mark));
	if (w->mark != 0)
		return json_pack("[o]", mark);
	return json_pack("[o, o]", mark, jg_etcd_none_since(w->store, "s/r/", 0));
}

static json_t *mark_put(const struct seeding *w)
{
	return json_pack("{s:{s:o, s:o}}", "request_put", "key",
		jg_etcd_key(w->store, JG_ETCD_SEED_MARK), "value",
		jg_etcd_bytes(w->store->instance));
}

static json_t *mark_delete(const struct seeding *w)
{
	return json_pack("{s:{s:o}}", "request_delete_range", "key",
		jg_etcd_key(w->store, JG_ETCD_SEED_MARK));
}

// What is there already was written before us, or changed by an operator since: it stays.
static int add_records(struct seeding *w, json_t *compare, json_t *puts, struct jg_error *err)
{
	size_t bytes = 0;
	uint32_t n = 0;
	for (; w->records < w->change->records_n && n < JG_ETCD_OPERATIONS_MAX &&
		bytes < JG_CHANGE_MAX / 2;
		w->records++) {
		const struct jg_record *record = &w->change->records[w->records];
		char path[JG_PATH_MAX];
		snprintf(path, sizeof(path), "%.*s", (int)record->path.len, record->path.p);
		if (jg_etcd_known(w->store, path, 0) != 0)
			continue;
		if (!jg_etcd_add_record(w->store, record, compare, puts, &bytes)) {
			jg_error_set(err, "out of memory while sealing");
			return -ENOMEM;
		}
		n++;
	}
	return 0;
}

static int add_cut_offs(struct seeding *w, struct jg_ledger *known, json_t *compare, json_t *puts,
	struct jg_error *err)
{
	struct jg_cut_off *list = calloc(CUT_OFFS_AT_ONCE, sizeof(*list));
	size_t bytes = 0;
	uint32_t n = 0;
	for (; list != NULL && w->cut_offs < w->change->cut_offs_n && n < CUT_OFFS_AT_ONCE;
		w->cut_offs++)
		if (jg_ledger_newer(known, &w->change->cut_offs[w->cut_offs]))
			list[n++] = w->change->cut_offs[w->cut_offs];
	bool ok = list != NULL && (n == 0 || jg_etcd_add_cut_offs(w->store, list, n, puts, &bytes));
	free(list);
	if (n > 0)
		(void)json_array_append_new(
			compare, jg_etcd_none_since(w->store, "s/c/", w->since));
	if (!ok)
		jg_error_set(err, "out of memory for the cut-offs");
	return ok ? 0 : -ENOMEM;
}

// The next transaction. 1: there are more.
static int step(struct seeding *w, struct jg_ledger *known, struct jg_error *err)
{
	json_t *compare = as_known(w);
	json_t *puts = json_array();
	int result = add_cut_offs(w, known, compare, puts, err);
	if (result == 0 && w->cut_offs == w->change->cut_offs_n)
		result = add_records(w, compare, puts, err);
	if (result != 0) {
		json_decref(compare);
		json_decref(puts);
		return result;
	}
	bool more = w->cut_offs < w->change->cut_offs_n || w->records < w->change->records_n;
	if (more)
		(void)json_array_append_new(puts, mark_put(w));
	else if (w->marked || w->mark != 0)
		(void)json_array_append_new(puts, mark_delete(w));
	if (!more)
		jg_etcd_add_audit(w->store, w->change->audit, puts);
	result = jg_etcd_transact(w->store, compare, puts, !more, err);
	w->marked |= result == 0 && more;
	w->since = result == 0 ? w->store->head.committed : w->since;
	return result == 0 && more ? 1 : result;
}

// When a step did not find what it knew: is nobody else at it, or done with it? Then an operator has changed something
// meanwhile, and who has been told of that goes on after a lease. -EAGAIN: another gate is.
static int leave_mark(const struct seeding *w, struct jg_error *err)
{
	json_t *puts = json_pack("[o]", mark_put(w));
	int result = jg_etcd_transact(w->store, as_known(w), puts, false, err);
	if (result != 0)
		return result;
	jg_error_set(err,
		"an operator changed something meanwhile; it goes on after a lease "
		"(store.etcd.lease)");
	return -EBUSY;
}

bool jg_etcd_unseeded(struct jg_etcd_store *s)
{
	(void)pthread_mutex_lock(&s->lock);
	// Who began it may still be at it: a lease's time is his.
	bool left = s->mark != 0 && jg_boottime() - s->mark_since > s->config->store_etcd_lease;
	bool unseeded = (s->synced && s->blank && s->fresh) || left;
	(void)pthread_mutex_unlock(&s->lock);
	return unseeded;
}

int jg_etcd_seed(
	struct jg_etcd_store *s, const struct jg_store_change *change, struct jg_error *err)
{
	jg_etcd_follow_history(s);
	// What is not in our memory is not in the ledger either.
	struct seeding w = {.store = s, .change = change, .since = s->head.applied};
	struct jg_ledger *known = jg_ledger_new(s->cache);
	int result = known == NULL ? -ENOMEM : 1;
	(void)pthread_mutex_lock(&s->lock);
	w.mark = s->mark;
	if (result == 1 && s->mark == 0 && !s->blank)
		result = -EAGAIN; // somebody completed it just now
	(void)pthread_mutex_unlock(&s->lock);
	jg_error_set(err, "out of memory for the cut-offs");
	if (w.mark != 0)
		jg_log(JG_LOG_WARNING, "store",
			"the fleet's first state was not written to its end: it is completed from "
			"this gate's configuration");
	bool tried = result == 1;
	while (result == 1)
		result = step(&w, known, err);
	jg_ledger_free(known);
	if (tried && result == -EAGAIN)
		result = leave_mark(&w, err);
	(void)pthread_mutex_lock(&s->lock);
	if (result == 0 || result == -EAGAIN || result == -EBUSY)
		s->blank = false; // there is something now, from us or from another gate
	s->mark_since = jg_boottime(); // where it did not work out: not at once again
	(void)pthread_mutex_unlock(&s->lock);
	return result;
}
