// SPDX-License-Identifier: BSD-3-Clause
#include "store_etcd.h"

#include "locked.h"
#include "log.h"

#include <joingate/verify.h>

#include <curl/curl.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#define BYTES_MAX \
	JG_CHANGE_MAX // of etcd's 1.5 MiB in one request; one record may exceed it when sealed
#define GIVE_BACK_RETRY_S 5
#define GIVE_BACK_AGAIN_S 1 // when others changed cut-offs meanwhile

static struct jg_etcd_store *self(struct jg_store *store)
{
	return (struct jg_etcd_store *)store;
}

static int etcd_load(struct jg_store *store, const struct jg_store_sink *sink, struct jg_error *err)
{
	return jg_etcd_recall(self(store), sink, err);
}

static int etcd_poll(struct jg_store *store, const struct jg_store_sink *sink, struct jg_error *err)
{
	struct jg_etcd_store *s = self(store);
	int told = jg_etcd_take_over(s, sink);
	s->fresh = s->fresh && told == 0;
	store->empty = jg_etcd_unseeded(s);
	store->unsettled = s->cache->unsettled;
	if (s->give_back_at == 0 || jg_boottime() < s->give_back_at || s->at != NULL)
		return told;
	int given = jg_etcd_give_back(s, err);
	if (given == -EAGAIN) {
		s->give_back_at = jg_boottime() + GIVE_BACK_AGAIN_S;
		return told;
	}
	if (given != 0) {
		jg_log(JG_LOG_WARNING, "store",
			"what etcd lacks could not be given back, will be tried again: %s",
			err->text);
		s->give_back_at = jg_boottime() + GIVE_BACK_RETRY_S;
		return told;
	}
	s->give_back_at = 0;
	jg_ledger_free(s->ledger);
	s->ledger = NULL;
	(void)pthread_mutex_lock(&s->lock);
	if (!s->gap)
		s->alarm[0] = '\0';
	(void)pthread_mutex_unlock(&s->lock);
	return told;
}

// --- Changes ---

// Until the watch has told of it: false when the history went back meanwhile.
static bool wait_echo(struct jg_etcd_store *s, int64_t revision)
{
	// Later than that the request waits by itself.
	const struct timespec until = jg_etcd_deadline(s->config->store_etcd_timeout);
	(void)pthread_mutex_lock(&s->lock);
	while (s->history == s->seen_history && s->from < revision &&
		pthread_cond_timedwait(&s->delivered, &s->lock, &until) == 0)
		;
	bool same = s->history == s->seen_history;
	(void)pthread_mutex_unlock(&s->lock);
	return same;
}

static json_t *head_put(const struct jg_etcd_store *s)
{
	return json_pack("{s:{s:o, s:o}}", "request_put", "key", jg_etcd_key(s, "s/h"), "value",
		jg_etcd_bytes(s->instance));
}

int jg_etcd_transact(
	struct jg_etcd_store *s, json_t *compare, json_t *puts, bool wait, struct jg_error *err)
{
	bool sent;
	(void)pthread_mutex_lock(&s->lock);
	int64_t known = s->from;
	(void)pthread_mutex_unlock(&s->lock);
	(void)json_array_append_new(puts, head_put(s));
	json_t *reply = jg_etcd_call(s->calls, "kv/txn",
		json_pack("{s:o, s:o}", "compare", compare, "success", puts), &sent, err);
	if (reply == NULL)
		return sent ? -ETIMEDOUT : -EHOSTUNREACH;
	const json_t *verdict = json_object_get(reply, "succeeded");
	bool ok = json_is_true(verdict);
	int64_t revision =
		jg_etcd_number(json_object_get(json_object_get(reply, "header"), "revision"));
	json_decref(reply);
	if (!ok && revision > 0) {
		jg_error_set(err,
			"another operator changed the same app or participant at the same "
			"time; nothing was changed: look again and repeat");
		return -EAGAIN;
	}
	if (revision <= known) {
		if (revision > 0)
			jg_etcd_rewound(s, revision);
		jg_error_set(err,
			"etcd answers out of its order (revision %" PRId64 " after %" PRId64
			"): was an older backup restored? The outcome is not known: repeat the "
			"command",
			revision, known);
		return -ETIMEDOUT;
	}
	s->head.committed = revision;
	if (wait && !wait_echo(s, revision))
		jg_etcd_follow_history(s);
	return 0;
}

static int too_large(struct jg_error *err)
{
	jg_error_set(err, "the change is larger than 1 MiB as a record; split it");
	return -E2BIG;
}

// The operations of a change. 0 or negative.
static int add_operations(struct jg_etcd_store *s, const struct jg_store_change *change,
	json_t *compare, json_t *puts, struct jg_error *err)
{
	size_t bytes = 0;
	if (change->records_n > JG_ETCD_OPERATIONS_MAX)
		return too_large(err);
	for (uint32_t i = 0; i < change->records_n; i++) {
		const struct jg_record *record = &change->records[i];
		if (record->value.len > BYTES_MAX)
			return too_large(err);
		if (!jg_etcd_add_record(s, record, compare, puts, &bytes)) {
			jg_error_set(err, "out of memory while sealing");
			return -ENOMEM;
		}
	}
	if (change->cut_offs_n > 0 &&
		!jg_etcd_add_cut_offs(s, change->cut_offs, change->cut_offs_n, puts, &bytes))
		return too_large(err);
	if (change->audit != NULL)
		jg_etcd_add_audit(s, change->audit, puts);
	return 0;
}

static int etcd_commit(
	struct jg_store *store, const struct jg_store_change *change, struct jg_error *err)
{
	struct jg_etcd_store *s = self(store);
	if (change->local)
		return jg_etcd_remember(s, change, store->applied) ? 0 : -EIO;
	if (change->seed) {
		int seeded = jg_etcd_seed(s, change, err);
		store->empty = false; // until poll() finds it so again
		return seeded;
	}
	json_t *compare = json_array();
	json_t *puts = json_array();
	int result = add_operations(s, change, compare, puts, err);
	if (result != 0) {
		json_decref(compare);
		json_decref(puts);
		return result;
	}
	return jg_etcd_transact(
		s, compare, puts, change->records_n > 0 || change->cut_offs_n > 0, err);
}

// --- The rest ---

static int etcd_cut_offs(struct jg_store *store, const struct jg_cut_off_filter *filter,
	const struct jg_store_sink *sink, struct jg_error *err)
{
	struct jg_etcd_store *s = self(store);
	return s->cache->ops->cut_offs(s->cache, filter, sink, err);
}

static int etcd_settle(struct jg_store *store, struct jg_error *err)
{
	struct jg_etcd_store *s = self(store);
	int result = s->cache->ops->settle(s->cache, err);
	store->unsettled = s->cache->unsettled;
	return result;
}

static int etcd_audit(struct jg_store *store, uint64_t after, unsigned limit, void *arg,
	int (*visit)(void *arg, const struct jg_audit *line), struct jg_error *err)
{
	struct jg_etcd_store *s = self(store);
	json_t *request = jg_etcd_range(s, "a/");
	(void)json_object_set_new(request, "min_mod_revision", jg_etcd_string((int64_t)after + 1));
	(void)json_object_set_new(request, "limit", jg_etcd_string(limit));
	(void)json_object_set_new(request, "sort_target", json_string("MOD"));
	(void)json_object_set_new(request, "sort_order", json_string("ASCEND"));
	json_t *reply = jg_etcd_call(s->calls, "kv/range", request, NULL, err);
	if (reply == NULL)
		return -EIO;
	int result = 0;
	size_t i;
	json_t *kv;
	json_array_foreach(json_object_get(reply, "kvs"), i, kv)
	{
		size_t len = 0;
		char *text = jg_unbase64(jg_str_of(json_object_get(kv, "value")), &len);
		json_t *json = text == NULL ? NULL : json_loadb(text, len, JSON_ALLOW_NUL, NULL);
		const struct jg_audit line = {
			.id = (uint64_t)jg_etcd_number(json_object_get(kv, "mod_revision")),
			.time = json_integer_value(json_object_get(json, "time")),
			.epoch = (uint64_t)json_integer_value(json_object_get(json, "epoch")),
			.who = jg_str_of(json_object_get(json, "who")),
			.what = jg_str_of(json_object_get(json, "what")),
			.detail = jg_str_of(json_object_get(json, "detail")),
		};
		if (result == 0 && json != NULL)
			result = visit(arg, &line);
		json_decref(json);
		jg_locked_free(text);
	}
	json_decref(reply);
	return result;
}

static void etcd_in_force(struct jg_store *store, int64_t revision)
{
	struct jg_etcd_store *s = self(store);
	(void)pthread_mutex_lock(&s->lock);
	// What an older history had in force says nothing in this one.
	if (s->history == s->seen_history) {
		s->in_force = revision;
		s->announce = true;
	}
	(void)pthread_cond_signal(&s->renew_now);
	(void)pthread_mutex_unlock(&s->lock);
}

static int etcd_fleet(struct jg_store *store, int64_t revision, void *list, struct jg_error *err)
{
	return jg_etcd_fleet(self(store), revision, list, err);
}

static bool etcd_fleet_may(struct jg_store *store, int64_t revision)
{
	return jg_etcd_fleet_may(self(store), revision);
}

static int etcd_forget(struct jg_store *store, const char *node, struct jg_error *err)
{
	return jg_etcd_forget(self(store), node, err);
}

static int64_t staleness(struct jg_etcd_store *s)
{
	(void)pthread_mutex_lock(&s->lock);
	int64_t stale = s->renewed < 0 ? -1 : jg_boottime() - s->renewed;
	(void)pthread_mutex_unlock(&s->lock);
	return stale;
}

static bool etcd_fenced(struct jg_store *store)
{
	struct jg_etcd_store *s = self(store);
	return s->head.admit_until != NULL && jg_fence_over(&s->fence, jg_boottime());
}

static void etcd_status(struct jg_store *store, struct jg_store_status *status)
{
	struct jg_etcd_store *s = self(store);
	static char trouble[256]; // control thread only
	(void)pthread_mutex_lock(&s->lock);
	snprintf(trouble, sizeof(trouble), "%s", s->alarm[0] != '\0' ? s->alarm : s->trouble);
	(void)pthread_mutex_unlock(&s->lock);
	int64_t stale = staleness(s);
	*status = (struct jg_store_status){
		.kind = "etcd",
		.where = s->config->store_etcd_endpoints[0].p,
		.trouble = trouble[0] != '\0' ? trouble : NULL,
		.stale_s = stale > jg_etcd_renew_ms(s) / 1000 + 1 || stale < 0 ? stale : 0,
		.revision = store->applied,
	};
	jg_etcd_count_nodes(s, status->nodes);
}

static void etcd_free(struct jg_store *store)
{
	struct jg_etcd_store *s = self(store);
	atomic_store(&s->quit, true);
	(void)pthread_mutex_lock(&s->lock);
	(void)pthread_cond_broadcast(&s->renew_now);
	(void)pthread_cond_broadcast(&s->delivered);
	(void)pthread_mutex_unlock(&s->lock);
	if (s->watching)
		(void)pthread_join(s->watch_thread, NULL);
	if (s->renewing)
		(void)pthread_join(s->renew_thread, NULL);
	jg_etcd_free(s->calls);
	jg_etcd_free(s->watcher);
	jg_etcd_free(s->renewer);
	jg_seal_free(s->seal);
	json_decref(s->known);
	jg_etcd_batch_free(s->at);
	while (s->queue != NULL) {
		struct jg_etcd_batch *next = s->queue->next;
		jg_etcd_batch_free(s->queue);
		s->queue = next;
	}
	jg_ledger_free(s->ledger);
	json_decref(s->nodes);
	if (store->wake_fd >= 0)
		(void)close(store->wake_fd);
	s->cache->ops->free(s->cache);
	(void)pthread_cond_destroy(&s->delivered);
	(void)pthread_cond_destroy(&s->renew_now);
	(void)pthread_mutex_destroy(&s->lock);
	free(s);
}

static const struct jg_store_ops etcd_ops = {
	.load = etcd_load,
	.commit = etcd_commit,
	.settle = etcd_settle,
	.cut_offs = etcd_cut_offs,
	.audit = etcd_audit,
	.poll = etcd_poll,
	.in_force = etcd_in_force,
	.fleet = etcd_fleet,
	.fleet_may = etcd_fleet_may,
	.forget = etcd_forget,
	.fenced = etcd_fenced,
	.status = etcd_status,
	.free = etcd_free,
};

static bool start(struct jg_etcd_store *s)
{
	s->watching = pthread_create(&s->watch_thread, NULL, jg_etcd_follow, s) == 0;
	s->renewing = pthread_create(&s->renew_thread, NULL, jg_etcd_renew, s) == 0;
	if (!s->watching || !s->renewing)
		return false;
	const struct timespec until = jg_etcd_deadline(s->config->store_etcd_timeout * 5 / 3);
	(void)pthread_mutex_lock(&s->lock);
	while (!s->synced && pthread_cond_timedwait(&s->delivered, &s->lock, &until) == 0)
		;
	bool synced = s->synced;
	(void)pthread_mutex_unlock(&s->lock);
	s->head.empty = jg_etcd_unseeded(s);
	if (!synced)
		jg_log(JG_LOG_WARNING, "store",
			"etcd does not answer; the gate goes on with the state it last had");
	return true;
}

static void init(struct jg_etcd_store *s, const struct jg_config *config, struct jg_store *cache)
{
	pthread_condattr_t clock;
	s->head = (struct jg_store){.ops = &etcd_ops, .echoes = true, .epoch = cache->epoch};
	s->cache = cache;
	s->config = config;
	s->renewed = -1;
	s->known = json_object();
	s->nodes = json_object();
	// Not the time of day, which may jump.
	(void)pthread_condattr_init(&clock);
	(void)pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&s->delivered, &clock);
	(void)pthread_cond_init(&s->renew_now, &clock);
	(void)pthread_condattr_destroy(&clock);
	(void)pthread_mutex_init(&s->lock, NULL);
	struct jg_str prefix = config->store_etcd_prefix;
	bool slash = prefix.len > 0 && prefix.p[prefix.len - 1] == '/';
	snprintf(s->prefix, sizeof(s->prefix), "%.*s%s", (int)prefix.len, prefix.p,
		slash ? "" : "/");
	s->head.wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	jg_fence_init(&s->fence, config->store_max_staleness);
	if (config->store_max_staleness > 0)
		s->head.admit_until = &s->fence.until_ns;
}

// Name, promise and place in the history are kept before the first word to the fleet.
static bool recall_and_keep(struct jg_etcd_store *s, struct jg_error *err)
{
	const struct jg_store_change nothing = {0};
	jg_etcd_recall_name(s);
	s->announced_staleness = s->fence.most;
	if (jg_etcd_remember(s, &nothing, s->after))
		return true;
	jg_error_set(err, "%.255s", s->alarm);
	return false;
}

struct jg_store *jg_store_etcd_open(
	const struct jg_config *config, struct jg_store *cache, struct jg_error *err)
{
	struct jg_etcd_store *s = calloc(1, sizeof(*s));
	if (s == NULL) {
		jg_error_set(err, "out of memory for the store");
		cache->ops->free(cache);
		return NULL;
	}
	(void)curl_global_init(CURL_GLOBAL_DEFAULT);
	init(s, config, cache);
	s->seal = jg_seal_new(config->store_etcd_fleet_key, err);
	if (s->seal != NULL) {
		s->calls = jg_etcd_new(config, err);
		s->watcher = jg_etcd_new(config, err);
		s->renewer = jg_etcd_new(config, err);
	}
	if (s->calls != NULL && s->watcher != NULL && s->renewer != NULL &&
		recall_and_keep(s, err)) {
		if (start(s))
			return &s->head;
		jg_error_set(err, "the threads of the store do not start");
	}
	etcd_free(&s->head);
	return NULL;
}
