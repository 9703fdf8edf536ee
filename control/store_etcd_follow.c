// SPDX-License-Identifier: BSD-3-Clause
// The thread that reads what etcd has and then watches: into batches for the control thread.
#include "locked.h"
#include "log.h"
#include "store_etcd.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define PAGE 1000
#define QUEUED_MAX ((size_t)64 << 20) // bytes that wait for the control thread
#define BEHIND_S 2 // our own renewal must come back within this time

json_t *jg_etcd_key(const struct jg_etcd_store *s, const char *tail)
{
	char key[JG_PATH_MAX + 400];
	snprintf(key, sizeof(key), "%s%s", s->prefix, tail);
	return jg_etcd_bytes(key);
}

json_t *jg_etcd_range(const struct jg_etcd_store *s, const char *tail)
{
	char end[400];
	// The first key behind: tails end with '/', and '0' follows it.
	snprintf(end, sizeof(end), "%s%s", s->prefix, tail);
	end[strlen(end) - 1]++;
	return json_pack(
		"{s:o, s:o}", "key", jg_etcd_key(s, tail), "range_end", jg_etcd_bytes(end));
}

void jg_etcd_batch_free(struct jg_etcd_batch *batch)
{
	if (batch == NULL)
		return;
	jg_etcd_events_free(&batch->events);
	free(batch);
}

void jg_etcd_observe(struct jg_etcd_store *s, const struct jg_etcd_event *node)
{
	const char *name = node->bytes + 2;
	const json_t *old = json_object_get(s->nodes, name);
	if (json_integer_value(json_array_get(old, 0)) == node->mod)
		return;
	json_t *value = json_loadb(jg_etcd_event_value(node), node->value_len, 0, NULL);
	json_int_t revision = json_integer_value(json_object_get(value, "revision"));
	json_decref(value);
	(void)json_object_set_new(s->nodes, name,
		json_pack("[I, I, I]", (json_int_t)node->mod, (json_int_t)jg_boottime(), revision));
}

static void observe_mark(struct jg_etcd_store *s, int64_t mod)
{
	if (mod != s->mark)
		s->mark_since = jg_boottime();
	s->mark = mod;
}

static bool has_mark(const struct jg_etcd_events *events)
{
	for (size_t i = 0; i < events->n; i++)
		if (strcmp(events->list[i]->bytes, JG_ETCD_SEED_MARK) == 0)
			return true;
	return false;
}

// Members are for us, what is left is for the control thread. The lock is held.
static void take_members(struct jg_etcd_store *s, struct jg_etcd_events *events)
{
	size_t kept = 0;
	for (size_t i = 0; i < events->n; i++) {
		struct jg_etcd_event *e = events->list[i];
		if (jg_etcd_event_below(e, "s/c/") || jg_etcd_event_below(e, "s/r/") ||
			strcmp(e->bytes, "s/h") == 0) {
			events->list[kept++] = e;
			continue;
		}
		if (strcmp(e->bytes, JG_ETCD_SEED_MARK) == 0)
			observe_mark(s, e->gone ? 0 : e->mod);
		bool member = jg_etcd_event_below(e, "n/");
		if (member && e->gone)
			(void)json_object_del(s->nodes, e->bytes + 2);
		else if (member)
			jg_etcd_observe(s, e);
		free(e);
	}
	events->n = kept;
}

static void append(struct jg_etcd_store *s, struct jg_etcd_batch *batch)
{
	struct jg_etcd_batch **end = &s->queue;
	while (*end != NULL)
		end = &(*end)->next;
	*end = batch;
	s->queued += batch->events.bytes;
}

// Hand events over (they are taken) unless the history has changed meanwhile; waits while the control
// thread is far behind. The revision is what is known with them.
static bool deliver(struct jg_etcd_store *s, struct jg_etcd_events *events, int64_t revision,
	int64_t history, const struct jg_etcd_batch *like)
{
	const uint64_t one = 1;
	struct jg_etcd_batch *batch = calloc(1, sizeof(*batch));
	(void)pthread_mutex_lock(&s->lock);
	while (s->queued > QUEUED_MAX && s->history == history && !atomic_load(&s->quit)) {
		const struct timespec until = jg_etcd_deadline(200);
		(void)pthread_cond_timedwait(&s->delivered, &s->lock, &until);
	}
	bool good = batch != NULL && s->history == history;
	if (good) {
		*batch = *like;
		if (like->whole && !has_mark(events))
			observe_mark(s, 0);
		take_members(s, events);
		batch->events = *events;
		batch->revision = revision;
		batch->history = history;
		*events = (struct jg_etcd_events){0};
		bool empty = batch->events.n == 0;
		if (!s->synced)
			s->blank = empty;
		if (!empty || batch->whole)
			append(s, batch);
		else
			jg_etcd_batch_free(batch);
		s->from = revision;
		s->synced = true;
		(void)pthread_cond_broadcast(&s->delivered);
	} else {
		free(batch);
	}
	(void)pthread_mutex_unlock(&s->lock);
	jg_etcd_events_free(events);
	if (good)
		(void)!write(s->head.wake_fd, &one, sizeof(one));
	return good;
}

// One page; a page that is too large is asked for again in smaller ones.
static int read_page(struct jg_etcd_store *s, struct jg_etcd_events *events,
	struct jg_etcd_reading *reading, int64_t *limit, struct jg_error *err)
{
	json_t *request = jg_etcd_range(s, "s/");
	if (reading->last != NULL) {
		// The next key is the last one with a NUL behind it.
		char *after = jg_base64(reading->last, reading->last_len + 1);
		(void)json_object_set_new(request, "key", json_string(after != NULL ? after : ""));
		jg_locked_free(after);
	}
	(void)json_object_set_new(request, "limit", jg_etcd_string(*limit));
	if (reading->revision != 0)
		(void)json_object_set_new(request, "revision", jg_etcd_string(reading->revision));
	json_t *reply = jg_etcd_call(s->watcher, "kv/range", request, NULL, err);
	if (reply == NULL && jg_etcd_too_large(s->watcher) && *limit > 1) {
		*limit /= 10;
		return 1;
	}
	int more = reply == NULL ? -EIO : jg_etcd_events_page(events, reading, reply, err);
	json_decref(reply);
	return more;
}

static void read_all(struct jg_etcd_store *s)
{
	struct jg_error err;
	struct jg_etcd_events events = {0};
	struct jg_etcd_reading reading = {.prefix = s->prefix};
	int64_t limit = PAGE;
	int more;
	(void)pthread_mutex_lock(&s->lock);
	int64_t history = s->history;
	const struct jg_etcd_batch like = {.whole = true, .merge = s->merge};
	reading.after = s->after;
	s->reread_at = 0;
	(void)pthread_mutex_unlock(&s->lock);
	do
		more = read_page(s, &events, &reading, &limit, &err);
	while (more > 0 && !atomic_load(&s->quit));
	if (more < 0) {
		jg_etcd_trouble(s, err.text);
	} else if (more == 0 && reading.revision < reading.after) {
		jg_etcd_rewound(s, reading.revision);
	} else if (more == 0) {
		jg_etcd_events_sort(&events);
		(void)pthread_mutex_lock(&s->lock);
		if (!s->merge)
			s->alarm[0] = '\0';
		(void)pthread_mutex_unlock(&s->lock);
		if (deliver(s, &events, reading.revision, history, &like))
			jg_etcd_trouble(s, NULL);
	}
	jg_etcd_events_free(&events);
	free(reading.last);
}

struct watching {
	struct jg_etcd_store *store;
	struct jg_etcd_events events; // of a message that comes in parts
	int64_t history;
	int64_t last; // CLOCK_BOOTTIME of the last message
	struct jg_error err; // why it ended
};

static bool take_message(void *arg, json_t *message)
{
	struct watching *w = arg;
	struct jg_etcd_store *s = w->store;
	static const struct jg_etcd_batch like = {0};
	w->last = jg_boottime();
	(void)pthread_mutex_lock(&s->lock);
	int64_t from = s->from;
	(void)pthread_mutex_unlock(&s->lock);
	switch (jg_etcd_events_message(&w->events, s->prefix, from, message, &w->err)) {
	case JG_ETCD_MESSAGE_PART:
		return true;
	case JG_ETCD_MESSAGE_EVENTS:
		jg_etcd_trouble(s, NULL);
		return w->events.n == 0 ||
			deliver(s, &w->events, w->events.list[w->events.n - 1]->mod, w->history,
				&like);
	case JG_ETCD_MESSAGE_COMPACTED:
		// What we missed is gone, so everything is read again.
		jg_log(JG_LOG_WARNING, "store",
			"etcd was compacted while this gate was away: the fleet's state is read "
			"again");
		(void)pthread_mutex_lock(&s->lock);
		if (s->history == w->history)
			s->from = 0;
		(void)pthread_mutex_unlock(&s->lock);
		return false;
	case JG_ETCD_MESSAGE_REWOUND:
		jg_etcd_rewound(s, 0);
		return false;
	case JG_ETCD_MESSAGE_END:
		jg_etcd_trouble(s, w->err.text);
		return false;
	}
	return false;
}

// A watch that hangs (its member of etcd is cut off from the others, or we from it) says nothing:
// our own renewals must come back, and something must come within a lease.
static bool stop_watching(void *arg)
{
	struct watching *w = arg;
	struct jg_etcd_store *s = w->store;
	int64_t now = jg_boottime();
	(void)pthread_mutex_lock(&s->lock);
	bool hangs = now - w->last > s->config->store_etcd_lease ||
		(s->own_mod > s->from && now - s->contact > BEHIND_S && now - w->last > BEHIND_S);
	bool stop = atomic_load(&s->quit) || s->history != w->history || s->own_mod == 0 ||
		(s->reread_at != 0 && now >= s->reread_at) || hangs;
	(void)pthread_mutex_unlock(&s->lock);
	if (hangs)
		jg_etcd_trouble(s, "etcd's watch hangs; another connection is made");
	return stop;
}

static void watch_once(struct jg_etcd_store *s)
{
	struct watching w = {.store = s, .last = jg_boottime()};
	(void)pthread_mutex_lock(&s->lock);
	w.history = s->history;
	int64_t from = s->from;
	(void)pthread_mutex_unlock(&s->lock);
	char end[400];
	snprintf(end, sizeof(end), "%ss0", s->prefix);
	json_t *create = json_pack("{s:o, s:o, s:o, s:b}", "key", jg_etcd_key(s, "n/"), "range_end",
		jg_etcd_bytes(end), "start_revision", jg_etcd_string(from + 1), "fragment", 1);
	struct jg_error err;
	const struct jg_etcd_watch watch = {&w, take_message, stop_watching};
	jg_etcd_follow_watch(
		s->watcher, json_pack("{s:o}", "create_request", create), &watch, &err);
	if (!stop_watching(&w) && w.err.text[0] == '\0' && err.text[0] != '\0')
		jg_etcd_trouble(s, err.text);
	jg_etcd_events_free(&w.events);
}

// Is etcd's history still the one we know? Our own membership tells: it is as new as we wrote it.
// What every node shows is noted on the way.
static bool same_history(struct jg_etcd_store *s)
{
	struct jg_error err;
	(void)pthread_mutex_lock(&s->lock);
	int64_t own_mod = s->own_mod;
	int64_t from = s->from;
	int64_t history = s->history;
	(void)pthread_mutex_unlock(&s->lock);
	json_t *reply = jg_etcd_call(s->watcher, "kv/range", jg_etcd_range(s, "n/"), NULL, &err);
	struct jg_etcd_events events = {0};
	struct jg_etcd_reading reading = {.prefix = s->prefix};
	if (reply == NULL || jg_etcd_events_page(&events, &reading, reply, &err) != 0) {
		jg_etcd_trouble(s, err.text);
		reading.revision = 0;
	}
	json_decref(reply);
	bool back = reading.revision != 0 && reading.revision < from;
	(void)pthread_mutex_lock(&s->lock);
	for (size_t i = 0; i < events.n; i++) {
		const struct jg_etcd_event *e = events.list[i];
		jg_etcd_observe(s, e);
		back |= strcmp(e->bytes + 2, s->node) == 0 && e->mod < own_mod;
	}
	bool same = s->history == history && s->own_mod != 0;
	(void)pthread_mutex_unlock(&s->lock);
	jg_etcd_events_free(&events);
	int64_t revision = reading.revision;
	free(reading.last);
	if (back && same)
		jg_etcd_rewound(s, revision);
	return revision != 0 && same && !back;
}

// Nothing is read before the fleet knows of us: whoever changes something after our reading must wait
// for us, or it could miss a change that was said to be in force everywhere.
static bool wait_registered(struct jg_etcd_store *s)
{
	(void)pthread_mutex_lock(&s->lock);
	if (s->own_mod == 0 && !atomic_load(&s->quit)) {
		const struct timespec until = jg_etcd_deadline(200);
		(void)pthread_cond_timedwait(&s->delivered, &s->lock, &until);
	}
	bool registered = s->own_mod != 0;
	(void)pthread_mutex_unlock(&s->lock);
	return registered;
}

static void pause_ms(long ms)
{
	const struct timespec time = {.tv_nsec = ms * 1000000};
	(void)nanosleep(&time, NULL);
}

void *jg_etcd_follow(void *arg)
{
	struct jg_etcd_store *s = arg;
	while (!atomic_load(&s->quit)) {
		if (!wait_registered(s))
			continue;
		(void)pthread_mutex_lock(&s->lock);
		bool read = s->from == 0 || (s->reread_at != 0 && jg_boottime() >= s->reread_at);
		(void)pthread_mutex_unlock(&s->lock);
		if (read)
			read_all(s);
		(void)pthread_mutex_lock(&s->lock);
		bool ready = s->from != 0 && s->own_mod != 0;
		(void)pthread_mutex_unlock(&s->lock);
		if (ready && same_history(s))
			watch_once(s);
		pause_ms(200);
	}
	return NULL;
}
