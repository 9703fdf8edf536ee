// SPDX-License-Identifier: BSD-3-Clause
// From what etcd told to the state: first into the local memory, then to the workers.
#include "locked.h"
#include "log.h"
#include "store_etcd.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define EVENTS_AT_ONCE 2000 // between two looks at requests
#define CUT_OFFS_AT_ONCE 20000
#define KEPT_S 3 // the local memory knows of a renewal at least this young
#define REREAD_S 30 // when something could not be taken over or kept

// What is taken over together. The strings live in the JSON values and opened texts.
struct taking {
	struct jg_etcd_store *store;
	struct jg_record *records;
	struct jg_cut_off *cut_offs;
	json_t **values;
	char **texts; // of records, in locked memory
	uint32_t records_n;
	uint32_t cut_offs_n;
	uint32_t values_n;
	bool gap; // something could not be read
};

// Room for n more; NULL: none, and the old stays.
static void *more(void *list, uint32_t have, uint32_t n, size_t size)
{
	// Lists double at powers of two, so that what is there need not be remembered.
	uint32_t room = 16;
	while (room < have)
		room *= 2;
	if (list != NULL && have + n <= room)
		return list;
	while (room < have + n)
		room *= 2;
	return reallocarray(list, room, size);
}

static void put_record(struct taking *t, const char *path, char *text, int64_t generation)
{
	struct jg_record *records = more(t->records, t->records_n, 1, sizeof(*records));
	t->records = records != NULL ? records : t->records;
	char **texts = more(t->texts, t->records_n, 1, sizeof(*texts));
	t->texts = texts != NULL ? texts : t->texts;
	if (records == NULL || texts == NULL) {
		t->gap = true;
		jg_locked_free(text);
		return;
	}
	t->texts[t->records_n] = text;
	t->records[t->records_n++] = (struct jg_record){
		.path = {path, (uint32_t)strlen(path)},
		.value = {text, (uint32_t)strlen(text)},
		.revision = generation,
	};
}

static void told_record(struct taking *t, const struct jg_etcd_event *e)
{
	struct jg_etcd_store *s = t->store;
	const char *path = e->bytes + strlen("s/r/");
	char *text = NULL;
	char trouble[256];
	int64_t generation = 0;
	int64_t known = jg_etcd_known(s, path, 1);
	if (e->gone) {
		snprintf(trouble, sizeof(trouble),
			"record %.120s was deleted in etcd by hand; the last one stays in force",
			path);
		jg_etcd_alarm(s, trouble);
		jg_etcd_know(s, path, 0, known, false);
		return;
	}
	const struct jg_str value = {jg_etcd_event_value(e), e->value_len};
	if (!jg_seal_open(s->seal, path, value, &generation, &text)) {
		snprintf(trouble, sizeof(trouble),
			"record %.100s in etcd is not sealed with this gate's fleet key, or is "
			"damaged; the last good one stays. Check store.etcd.fleet_key_file",
			path);
		jg_etcd_alarm(s, trouble);
		t->gap = true;
	} else if (generation < known) {
		snprintf(trouble, sizeof(trouble),
			"record %.100s in etcd went back to generation %" PRId64
			"; the newer one stays in force here",
			path, generation);
		jg_etcd_alarm(s, trouble);
	} else if (generation > known) {
		put_record(t, path, text, generation);
		text = NULL;
		known = generation;
	}
	// Whatever it holds: an operator's next change replaces this revision.
	jg_etcd_know(s, path, e->mod, known, generation == known);
	jg_locked_free(text);
}

// {"list": [cut-off...]}, or for many users of one app {"users": [...], ...}. False: not all is read.
static bool read_cut_offs(const json_t *json, struct jg_cut_off *out, uint32_t *n)
{
	struct jg_error err;
	bool all = true;
	size_t i;
	json_t *one;
	json_array_foreach(json_object_get(json, "list"), i, one)
	{
		if (jg_record_cut_off(&out[*n], one, &err))
			(*n)++;
		else
			all = false;
	}
	json_t *users = json_object_get(json, "users");
	if (users == NULL)
		return all;
	json_t *copy = json_copy((json_t *)(uintptr_t)json);
	json_array_foreach(users, i, one)
	{
		(void)json_object_set(copy, "user", one);
		// Its strings live in json, not in the copy.
		if (jg_record_cut_off(&out[*n], copy, &err))
			(*n)++;
		else
			all = false;
	}
	json_decref(copy);
	return all;
}

static void told_cut_offs(struct taking *t, const struct jg_etcd_event *e)
{
	if (e->gone)
		return; // what was revoked stays revoked
	json_t *json = json_loadb(jg_etcd_event_value(e), e->value_len,
		JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
	size_t n = json_array_size(json_object_get(json, "list")) +
		json_array_size(json_object_get(json, "users"));
	struct jg_cut_off *cut_offs = NULL;
	json_t **values = more(t->values, t->values_n, 1, sizeof(*values));
	t->values = values != NULL ? values : t->values;
	if (n > 0 && n < 1u << 20)
		cut_offs = more(t->cut_offs, t->cut_offs_n, (uint32_t)n, sizeof(*cut_offs));
	t->cut_offs = cut_offs != NULL ? cut_offs : t->cut_offs;
	if (cut_offs == NULL || values == NULL || !read_cut_offs(json, cut_offs, &t->cut_offs_n)) {
		char trouble[200];
		snprintf(trouble, sizeof(trouble), "cut-offs %.60s in etcd cannot be read",
			e->bytes);
		jg_etcd_alarm(t->store, trouble);
		t->gap = true;
	}
	if (values != NULL && cut_offs != NULL)
		t->values[t->values_n++] = json;
	else
		json_decref(json);
}

// Of two histories the newer cut-off stays, and what one of them undid is not undone; until all is given back what
// other gates give back lowers nothing either.
static void merge(struct taking *t, bool (*newer)(struct jg_ledger *, const struct jg_cut_off *))
{
	struct jg_etcd_store *s = t->store;
	if (s->ledger == NULL)
		s->ledger = jg_ledger_new(s->cache);
	uint32_t n = 0;
	if (s->ledger == NULL)
		t->gap = true;
	for (uint32_t i = 0; s->ledger != NULL && i < t->cut_offs_n; i++)
		if (newer(s->ledger, &t->cut_offs[i]))
			t->cut_offs[n++] = t->cut_offs[i];
	t->cut_offs_n = n;
}

static void tell(struct taking *t, const struct jg_store_sink *sink)
{
	struct jg_error err;
	char trouble[256];
	for (uint32_t i = 0; i < t->cut_offs_n; i++) {
		if (sink->cut_off(sink->arg, &t->cut_offs[i], &err) == 0)
			continue;
		snprintf(trouble, sizeof(trouble), "a cut-off of the fleet is refused: %.180s",
			err.text);
		jg_etcd_alarm(t->store, trouble);
		t->gap = true;
	}
	for (uint32_t i = 0; i < t->records_n; i++) {
		if (strcmp(t->records[i].value.p, JG_TOMBSTONE) == 0)
			t->records[i].value = (struct jg_str){NULL, 0};
		if (sink->record(sink->arg, &t->records[i], &err) == 0)
			continue;
		snprintf(trouble, sizeof(trouble), "a record of the fleet is refused: %.180s",
			err.text);
		jg_etcd_alarm(t->store, trouble);
		t->gap = true;
	}
}

static void taking_free(struct taking *t)
{
	for (uint32_t i = 0; i < t->records_n; i++)
		jg_locked_free(t->texts[i]);
	for (uint32_t i = 0; i < t->values_n; i++)
		json_decref(t->values[i]);
	free(t->records);
	free(t->cut_offs);
	free(t->values);
	free(t->texts);
}

// What is known counts from the local memory on: what is not kept there is told again.
static void keep(struct taking *t, int64_t applied)
{
	struct jg_etcd_store *s = t->store;
	const struct jg_store_change change = {
		.records = t->records,
		.records_n = t->records_n,
		.cut_offs = t->cut_offs,
		.cut_offs_n = t->cut_offs_n,
	};
	if (jg_etcd_remember(s, &change, applied))
		return;
	t->gap = true;
	for (uint32_t i = 0; i < t->records_n; i++)
		jg_etcd_know(s, t->records[i].path.p, jg_etcd_known(s, t->records[i].path.p, 0),
			t->records[i].revision - 1, true);
}

void jg_etcd_follow_history(struct jg_etcd_store *s)
{
	(void)pthread_mutex_lock(&s->lock);
	bool changed = s->history != s->seen_history;
	s->seen_history = s->history;
	(void)pthread_mutex_unlock(&s->lock);
	if (!changed)
		return;
	const char *path;
	json_t *one;
	void *next;
	s->head.applied = 0;
	s->told = 0;
	json_object_foreach_safe(s->known, next, path, one)
		jg_etcd_know(s, path, 0, json_integer_value(json_array_get(one, 1)), false);
	jg_ledger_free(s->ledger);
	s->ledger = NULL;
	jg_etcd_batch_free(s->at);
	s->at = NULL;
}

// The next batch of this history; those of an older one are dropped.
static bool next_batch(struct jg_etcd_store *s)
{
	(void)pthread_mutex_lock(&s->lock);
	while (s->at == NULL && s->queue != NULL) {
		struct jg_etcd_batch *batch = s->queue;
		s->queue = batch->next;
		batch->next = NULL;
		s->queued -= batch->events.bytes;
		if (batch->history == s->seen_history)
			s->at = batch;
		else
			jg_etcd_batch_free(batch);
	}
	(void)pthread_cond_broadcast(&s->delivered);
	(void)pthread_mutex_unlock(&s->lock);
	if (s->at != NULL && s->at->whole)
		s->gap = false; // it holds what was missed
	return s->at != NULL;
}

// Events of the batch at hand; true: it is used up.
static bool take_events(struct taking *t, unsigned *room)
{
	struct jg_etcd_batch *batch = t->store->at;
	while (*room > 0 && batch->taken < batch->events.n && t->cut_offs_n < CUT_OFFS_AT_ONCE) {
		const struct jg_etcd_event *e = batch->events.list[batch->taken++];
		(*room)--;
		if (jg_etcd_event_below(e, "s/c/"))
			told_cut_offs(t, e);
		else if (jg_etcd_event_below(e, "s/r/"))
			told_record(t, e);
	}
	return batch->taken == batch->events.n;
}

// Many small batches make one turn, a large one several. @return the batches that are used up
static struct jg_etcd_batch *take(struct taking *t, int64_t *revision)
{
	struct jg_etcd_store *s = t->store;
	struct jg_etcd_batch *used = NULL;
	unsigned room = EVENTS_AT_ONCE;
	bool merging = false;
	while (room > 0 && t->cut_offs_n < CUT_OFFS_AT_ONCE && !merging &&
		(s->at != NULL || next_batch(s))) {
		merging = s->at->merge;
		if (!take_events(t, &room))
			break;
		*revision = s->told = s->at->revision;
		s->at->next = used;
		used = s->at;
		s->at = NULL;
		if (merging)
			s->give_back_at = jg_boottime();
	}
	if (merging)
		merge(t, jg_ledger_newer);
	else if (s->ledger != NULL)
		merge(t, jg_ledger_later);
	return used;
}

// What was taken is known from here on, unless something is missing.
static void finish(struct jg_etcd_store *s, int64_t revision, bool merged)
{
	if (!s->gap && revision > s->head.applied)
		s->head.applied = revision;
	(void)pthread_mutex_lock(&s->lock);
	if (s->gap && s->reread_at == 0)
		s->reread_at = jg_boottime() + REREAD_S;
	if (merged && !s->gap && s->history == s->seen_history)
		s->merge = false;
	(void)pthread_mutex_unlock(&s->lock);
}

static bool has_more(struct jg_etcd_store *s, bool *renewed)
{
	(void)pthread_mutex_lock(&s->lock);
	bool more_to_come = s->at != NULL || s->queue != NULL;
	*renewed = s->renewed - s->kept >= KEPT_S;
	(void)pthread_mutex_unlock(&s->lock);
	return more_to_come;
}

int jg_etcd_take_over(struct jg_etcd_store *s, const struct jg_store_sink *sink)
{
	uint64_t one = 1;
	(void)!read(s->head.wake_fd, &one, sizeof(one));
	jg_etcd_follow_history(s);
	struct taking t = {.store = s};
	int64_t revision = s->head.applied;
	struct jg_etcd_batch *used = take(&t, &revision);
	bool merged = used != NULL && used->merge;
	bool renewed;
	bool again = has_more(s, &renewed);
	if (used != NULL || s->at != NULL || renewed)
		keep(&t, t.gap || s->gap ? s->head.applied : revision);
	tell(&t, sink);
	s->gap |= t.gap;
	if (used != NULL)
		finish(s, revision, merged);
	int told = (int)(t.records_n + t.cut_offs_n);
	taking_free(&t);
	while (used != NULL) {
		struct jg_etcd_batch *next = used->next;
		jg_etcd_batch_free(used);
		used = next;
	}
	one = 1;
	if (again)
		(void)!write(s->head.wake_fd, &one, sizeof(one));
	return told;
}
