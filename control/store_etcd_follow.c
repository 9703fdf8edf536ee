// SPDX-License-Identifier: BSD-3-Clause
// The threads of the etcd store: what etcd has, in the order of its revisions, into a queue.
#include "locked.h"
#include "store_etcd.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define PAGE 1000

int64_t jg_boottime(void)
{
	struct timespec now;
	(void)clock_gettime(CLOCK_BOOTTIME, &now);
	return now.tv_sec;
}

void jg_etcd_trouble(struct jg_etcd_store *s, const char *text)
{
	(void)pthread_mutex_lock(&s->lock);
	snprintf(s->trouble, sizeof(s->trouble), "%.255s", text);
	(void)pthread_mutex_unlock(&s->lock);
}

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

static json_t *event_of(const json_t *kv, bool gone)
{
	json_t *value = json_object_get(kv, "value");
	json_t *empty = json_string("");
	json_t *event = json_pack("[O, O, I]", json_object_get(kv, "key"),
		gone			? json_null()
			: value != NULL ? value
					: empty,
		(json_int_t)jg_etcd_number(json_object_get(kv, "mod_revision")));
	json_decref(empty);
	return event;
}

static void deliver(struct jg_etcd_store *s, json_t *events, int64_t revision)
{
	const uint64_t one = 1;
	(void)pthread_mutex_lock(&s->lock);
	(void)json_array_extend(s->queue, events);
	if (revision > s->from)
		s->from = revision;
	s->synced = true;
	s->trouble[0] = '\0';
	(void)pthread_cond_broadcast(&s->delivered);
	(void)pthread_mutex_unlock(&s->lock);
	(void)!write(s->head.wake_fd, &one, sizeof(one));
}

static int by_revision(const void *a, const void *b)
{
	json_int_t x = json_integer_value(json_array_get(*(json_t *const *)a, 2));
	json_int_t y = json_integer_value(json_array_get(*(json_t *const *)b, 2));
	return x < y ? -1 : x > y;
}

// The same subject may stand in several records: the later revision wins, so order by it.
static void sort_events(json_t *events)
{
	size_t n = json_array_size(events);
	json_t **list = calloc(n + 1, sizeof(json_t *));
	for (size_t i = 0; list != NULL && i < n; i++)
		list[i] = json_incref(json_array_get(events, i));
	if (list == NULL)
		return;
	qsort(list, n, sizeof(json_t *), by_revision);
	(void)json_array_clear(events);
	for (size_t i = 0; i < n; i++)
		(void)json_array_append_new(events, list[i]);
	free(list);
}

// One page of the whole reading. 1: more follow, 0: done, negative: failed.
static int read_page(struct jg_etcd_store *s, json_t *events, int64_t *revision, json_t **next,
	struct jg_error *err)
{
	bool sent;
	json_t *request = jg_etcd_range(s, "s/");
	if (*next != NULL)
		(void)json_object_set_new(request, "key", *next);
	*next = NULL;
	(void)json_object_set_new(request, "limit", jg_etcd_string(PAGE));
	if (*revision != 0)
		(void)json_object_set_new(request, "revision", jg_etcd_string(*revision));
	json_t *reply = jg_etcd_call(s->watcher, "kv/range", request, &sent, err);
	if (reply == NULL)
		return -EIO;
	if (*revision == 0)
		*revision = jg_etcd_number(
			json_object_get(json_object_get(reply, "header"), "revision"));
	size_t i;
	json_t *kv;
	const json_t *last = NULL;
	json_array_foreach(json_object_get(reply, "kvs"), i, kv)
	{
		(void)json_array_append_new(events, event_of(kv, false));
		last = json_object_get(kv, "key");
	}
	bool more = json_is_true(json_object_get(reply, "more")) && last != NULL;
	if (more) {
		// The next key is the last one with a NUL behind it.
		size_t len;
		char *key = jg_unbase64(jg_str_of(last), &len);
		char *after = key == NULL ? NULL : jg_base64(key, len + 1);
		*next = json_string(after != NULL ? after : "");
		jg_locked_free(key);
		jg_locked_free(after);
	}
	json_decref(reply);
	return more;
}

static bool read_all(struct jg_etcd_store *s)
{
	struct jg_error err;
	json_t *events = json_array();
	json_t *next = NULL;
	int64_t revision = 0;
	int more;
	do
		more = read_page(s, events, &revision, &next, &err);
	while (more > 0 && !atomic_load(&s->quit));
	if (more < 0) {
		jg_etcd_trouble(s, err.text);
	} else if (more == 0) {
		sort_events(events);
		deliver(s, events, revision);
	}
	json_decref(events);
	return more == 0;
}

static bool take_message(void *arg, json_t *message)
{
	struct jg_etcd_store *s = arg;
	const json_t *result = json_object_get(message, "result");
	if (result == NULL || json_is_true(json_object_get(result, "canceled"))) {
		// Compacted: what we missed is gone, so everything is read again.
		(void)pthread_mutex_lock(&s->lock);
		s->from = 0;
		(void)pthread_mutex_unlock(&s->lock);
		return false;
	}
	size_t i;
	json_t *event;
	json_t *events = json_array();
	int64_t revision = 0;
	json_array_foreach(json_object_get(result, "events"), i, event)
	{
		const char *type = json_string_value(json_object_get(event, "type"));
		const json_t *kv = json_object_get(event, "kv");
		int64_t mod = jg_etcd_number(json_object_get(kv, "mod_revision"));
		(void)json_array_append_new(
			events, event_of(kv, type != NULL && strcmp(type, "DELETE") == 0));
		revision = mod > revision ? mod : revision;
	}
	if (json_array_size(events) > 0)
		deliver(s, events, revision);
	json_decref(events);
	return true;
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
		(void)pthread_mutex_lock(&s->lock);
		int64_t from = s->from;
		(void)pthread_mutex_unlock(&s->lock);
		if (from != 0 || read_all(s)) {
			(void)pthread_mutex_lock(&s->lock);
			from = s->from;
			(void)pthread_mutex_unlock(&s->lock);
			json_t *create = jg_etcd_range(s, "s/");
			(void)json_object_set_new(
				create, "start_revision", jg_etcd_string(from + 1));
			jg_etcd_watch(s->watcher, json_pack("{s:o}", "create_request", create),
				&s->quit, s, take_message);
		}
		pause_ms(200);
	}
	return NULL;
}

// What every node sees of every other, by its own clock.
static void observe(struct jg_etcd_store *s)
{
	bool sent;
	struct jg_error err;
	json_t *reply = jg_etcd_call(s->renewer, "kv/range", jg_etcd_range(s, "n/"), &sent, &err);
	size_t i;
	json_t *kv;
	(void)pthread_mutex_lock(&s->lock);
	json_array_foreach(json_object_get(reply, "kvs"), i, kv)
	{
		const char *key = json_string_value(json_object_get(kv, "key"));
		json_int_t mod = jg_etcd_number(json_object_get(kv, "mod_revision"));
		json_t *old = key == NULL ? NULL : json_object_get(s->nodes, key);
		if (key != NULL && json_integer_value(json_array_get(old, 0)) != mod)
			(void)json_object_set_new(
				s->nodes, key, json_pack("[I, I]", mod, (json_int_t)jg_boottime()));
	}
	(void)pthread_mutex_unlock(&s->lock);
	json_decref(reply);
}

static int64_t grant(struct jg_etcd_store *s)
{
	bool sent;
	struct jg_error err;
	json_t *reply = jg_etcd_call(s->renewer, "lease/grant",
		json_pack("{s:o}", "TTL", jg_etcd_string(JG_LEASE_S)), &sent, &err);
	int64_t id = jg_etcd_number(json_object_get(reply, "ID"));
	json_decref(reply);
	if (id == 0)
		jg_etcd_trouble(s, err.text);
	return id;
}

// One renewal: membership that outlives the lease, and the lease's own key.
static bool renew(struct jg_etcd_store *s, int64_t lease)
{
	bool sent;
	struct jg_error err;
	char tail[160];
	char value[160];
	(void)pthread_mutex_lock(&s->lock);
	snprintf(value, sizeof(value), "{\"revision\":%lld,\"max_staleness\":%lld,\"lease\":%d}",
		(long long)s->in_force, (long long)s->config->store_max_staleness, JG_LEASE_S);
	s->announce = false;
	(void)pthread_mutex_unlock(&s->lock);
	snprintf(tail, sizeof(tail), "n/%s", s->node);
	json_t *member = json_pack("{s:{s:o, s:o}}", "request_put", "key", jg_etcd_key(s, tail),
		"value", jg_etcd_bytes(value));
	tail[0] = 'l';
	json_t *leased =
		json_pack("{s:{s:o, s:o, s:o}}", "request_put", "key", jg_etcd_key(s, tail),
			"value", jg_etcd_bytes(value), "lease", jg_etcd_string(lease));
	json_t *alive = jg_etcd_call(s->renewer, "lease/keepalive",
		json_pack("{s:o}", "ID", jg_etcd_string(lease)), &sent, &err);
	json_t *reply = jg_etcd_call(s->renewer, "kv/txn",
		json_pack("{s:[o, o]}", "success", member, leased), &sent, &err);
	bool ok = alive != NULL && json_is_true(json_object_get(reply, "succeeded"));
	if (!ok)
		jg_etcd_trouble(s, err.text);
	json_decref(alive);
	json_decref(reply);
	return ok;
}

static void wait_renewal(struct jg_etcd_store *s)
{
	struct timespec until;
	(void)clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += JG_RENEW_S;
	(void)pthread_mutex_lock(&s->lock);
	if (!s->announce && !atomic_load(&s->quit))
		(void)pthread_cond_timedwait(&s->renew_now, &s->lock, &until);
	(void)pthread_mutex_unlock(&s->lock);
}

// The revision of the newest change of the state; negative: not to be learnt now.
static int64_t newest(struct jg_etcd_store *s)
{
	bool sent;
	struct jg_error err;
	json_t *range = jg_etcd_range(s, "s/");
	(void)json_object_update_new(range,
		json_pack("{s:s, s:s, s:s, s:b}", "sort_order", "DESCEND", "sort_target", "MOD",
			"limit", "1", "keys_only", 1));
	json_t *reply = jg_etcd_call(s->renewer, "kv/range", range, &sent, &err);
	if (reply == NULL)
		return -1;
	const json_t *kv = json_array_get(json_object_get(reply, "kvs"), 0);
	int64_t revision = jg_etcd_number(json_object_get(kv, "mod_revision"));
	json_decref(reply);
	return revision;
}

// A node that was fenced may have been counted as done: it admits again only with what it missed.
static void count_renewal(struct jg_etcd_store *s, int64_t start)
{
	if (jg_fence_asks(&s->fence, start, jg_boottime()))
		jg_fence_require(&s->fence, newest(s));
	(void)pthread_mutex_lock(&s->lock);
	if (jg_fence_renew(&s->fence, start, s->in_force))
		s->renewed = start;
	(void)pthread_mutex_unlock(&s->lock);
}

void *jg_etcd_renew(void *arg)
{
	struct jg_etcd_store *s = arg;
	int64_t lease = 0;
	while (!atomic_load(&s->quit)) {
		int64_t start = jg_boottime();
		if (lease == 0)
			lease = grant(s);
		if (lease != 0 && renew(s, lease)) {
			count_renewal(s, start);
			observe(s);
		} else {
			lease = 0;
			pause_ms(300);
		}
		wait_renewal(s);
	}
	return NULL;
}
