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
#include <unistd.h>

#define OPERATIONS_MAX 100 // of etcd's 128 in one transaction
#define FIRST_WAIT_S 5

static struct jg_etcd_store *self(struct jg_store *store)
{
	return (struct jg_etcd_store *)store;
}

static void know(struct jg_etcd_store *s, const char *path, int64_t mod, int64_t generation)
{
	(void)json_object_set_new(
		s->known, path, json_pack("[I, I]", (json_int_t)mod, (json_int_t)generation));
}

static bool is_tombstone(struct jg_str value)
{
	return value.len == strlen(JG_TOMBSTONE) && memcmp(value.p, JG_TOMBSTONE, value.len) == 0;
}

// --- The local memory ---

struct remembering {
	struct jg_etcd_store *store;
	const struct jg_store_sink *sink;
};

static int64_t boot_id(void)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);
	FILE *f = fopen("/proc/sys/kernel/random/boot_id", "re");
	for (int c; f != NULL && (c = fgetc(f)) != EOF;)
		hash = (hash ^ (unsigned)c) * UINT64_C(0x100000001b3);
	if (f != NULL)
		(void)fclose(f);
	return (int64_t)(hash >> 1);
}

static void recall_local(struct jg_etcd_store *s, const struct jg_record *record)
{
	json_t *json = json_loadb(record->value.p, record->value.len, 0, NULL);
	const char *node = json_string_value(json_object_get(json, "node"));
	if (node != NULL)
		snprintf(s->node, sizeof(s->node), "%s", node);
	// Before the threads run: from then on the renewals count.
	if (!s->running && json_integer_value(json_object_get(json, "boot")) == boot_id()) {
		s->renewed = json_integer_value(json_object_get(json, "renewed"));
		if (s->renewed >= 0)
			jg_fence_resume(&s->fence, s->renewed);
	}
	json_decref(json);
}

static int recall_record(void *arg, const struct jg_record *record, struct jg_error *err)
{
	struct remembering *r = arg;
	char path[JG_PATH_MAX];
	if (record->path.len == 5 && memcmp(record->path.p, "local", 5) == 0) {
		recall_local(r->store, record);
		return 0;
	}
	snprintf(path, sizeof(path), "%.*s", (int)record->path.len, record->path.p);
	know(r->store, path, 0, record->revision);
	if (is_tombstone(record->value))
		return 0;
	return r->sink->record(r->sink->arg, record, err);
}

static int recall_cut_off(void *arg, const struct jg_cut_off *cut_off, struct jg_error *err)
{
	struct remembering *r = arg;
	return r->sink->cut_off(r->sink->arg, cut_off, err);
}

static void remember(struct jg_etcd_store *s, const struct jg_record *records, uint32_t records_n,
	const struct jg_cut_off *cut_offs, uint32_t cut_offs_n)
{
	struct jg_error err;
	const struct jg_store_change change = {
		.records = records,
		.records_n = records_n,
		.cut_offs = cut_offs,
		.cut_offs_n = cut_offs_n,
		.epoch = s->head.epoch > s->cache->epoch ? s->head.epoch : s->cache->epoch + 1,
	};
	if (s->cache->ops->commit(s->cache, &change, &err) != 0)
		jg_log(JG_LOG_WARNING, "store",
			"the fleet's state could not be kept for a restart: %s", err.text);
}

static void remember_local(struct jg_etcd_store *s)
{
	json_t *json = json_pack("{s:s, s:I, s:I}", "node", s->node, "boot", (json_int_t)boot_id(),
		"renewed", (json_int_t)s->renewed);
	char *text = jg_text_of(json);
	const struct jg_record record = {.path = JG_STR("local"),
		.value = {text, text == NULL ? 0 : (uint32_t)strlen(text)},
		.revision = 1};
	if (text != NULL)
		remember(s, &record, 1, NULL, 0);
	jg_text_free(text);
	json_decref(json);
}

static int etcd_load(struct jg_store *store, const struct jg_store_sink *sink, struct jg_error *err)
{
	struct jg_etcd_store *s = self(store);
	struct remembering r = {s, sink};
	const struct jg_store_sink through = {&r, recall_record, recall_cut_off};
	return s->cache->ops->load(s->cache, &through, err);
}

// --- What etcd tells ---

static int told_record(struct jg_etcd_store *s, const char *path, const char *value, size_t len,
	int64_t mod, const struct jg_store_sink *sink)
{
	struct jg_error err;
	char *text = NULL;
	int64_t generation = 0;
	char trouble[256];
	if (!jg_seal_open(
		    s->seal, path, (struct jg_str){value, (uint32_t)len}, &generation, &text)) {
		snprintf(trouble, sizeof(trouble),
			"record %.120s is not sealed with this fleet's key; "
			"the last good one stays",
			path);
		jg_etcd_trouble(s, trouble);
		return 0;
	}
	int told = 0;
	if (generation < jg_etcd_known(s, path, 1)) {
		snprintf(trouble, sizeof(trouble),
			"record %.120s went back to generation %" PRId64 "; the newer one stays",
			path, generation);
		jg_etcd_trouble(s, trouble);
	} else if (generation > jg_etcd_known(s, path, 1)) {
		struct jg_record record = {.path = {path, (uint32_t)strlen(path)},
			.value = {text, (uint32_t)strlen(text)},
			.revision = generation};
		remember(s, &record, 1, NULL, 0);
		if (is_tombstone(record.value))
			record.value = (struct jg_str){NULL, 0};
		if (sink->record(sink->arg, &record, &err) != 0)
			jg_log(JG_LOG_WARNING, "store", "a record of the fleet is refused: %s",
				err.text);
		told = 1;
		know(s, path, mod, generation);
	} else {
		know(s, path, mod, generation);
	}
	jg_locked_free(text);
	return told;
}

// {"list": [cut-off...]}, or for many users of one app {"users": [...], ...}.
static size_t read_cut_offs(const json_t *json, struct jg_cut_off *out, size_t room)
{
	struct jg_error err;
	size_t n = 0;
	size_t i;
	json_t *one;
	json_array_foreach(json_object_get(json, "list"), i,
		one) if (n < room && jg_record_cut_off(&out[n], one, &err)) n++;
	json_t *users = json_object_get(json, "users");
	if (users == NULL)
		return n;
	json_t *copy = json_copy((json_t *)(uintptr_t)json);
	json_array_foreach(users, i, one)
	{
		(void)json_object_set(copy, "user", one);
		// Its strings live in json, not in the copy.
		if (n < room && jg_record_cut_off(&out[n], copy, &err))
			n++;
	}
	json_decref(copy);
	return n;
}

static int told_cut_offs(
	struct jg_etcd_store *s, const char *value, size_t len, const struct jg_store_sink *sink)
{
	struct jg_error err;
	json_t *json = json_loadb(value, len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
	size_t room = json_array_size(json_object_get(json, "list")) +
		json_array_size(json_object_get(json, "users"));
	struct jg_cut_off *list = calloc(room + 1, sizeof(*list));
	size_t n = list == NULL ? 0 : read_cut_offs(json, list, room);
	for (size_t i = 0; i < n; i++)
		if (sink->cut_off(sink->arg, &list[i], &err) != 0)
			jg_log(JG_LOG_WARNING, "store", "a cut-off of the fleet is refused: %s",
				err.text);
	if (n > 0)
		remember(s, NULL, 0, list, (uint32_t)n);
	if (n < room || room == 0)
		jg_etcd_trouble(s, "a cut-off record in etcd that cannot be read");
	free(list);
	json_decref(json);
	return n > 0;
}

static int told(struct jg_etcd_store *s, const json_t *event, const struct jg_store_sink *sink)
{
	size_t key_len = 0;
	size_t len = 0;
	int n = 0;
	const json_t *raw = json_array_get(event, 1);
	char *key = jg_unbase64(jg_str_of(json_array_get(event, 0)), &key_len);
	char *value = json_is_string(raw) ? jg_unbase64(jg_str_of(raw), &len) : NULL;
	size_t skip = strlen(s->prefix);
	if (key != NULL && key_len > skip + 4 && value != NULL) {
		const char *tail = key + skip;
		if (memcmp(tail, "s/r/", 4) == 0)
			n = told_record(s, tail + 4, value, len,
				json_integer_value(json_array_get(event, 2)), sink);
		else if (memcmp(tail, "s/c/", 4) == 0)
			n = told_cut_offs(s, value, len, sink);
	} else if (key != NULL && key_len > skip + 4 && memcmp(key + skip, "s/r/", 4) == 0) {
		jg_etcd_trouble(
			s, "a record was deleted in etcd by hand; the last one stays in force");
	}
	jg_locked_free(key);
	jg_locked_free(value);
	return n;
}

static int etcd_poll(struct jg_store *store, const struct jg_store_sink *sink, struct jg_error *err)
{
	struct jg_etcd_store *s = self(store);
	uint64_t count;
	(void)err;
	(void)!read(store->wake_fd, &count, sizeof(count));
	(void)pthread_mutex_lock(&s->lock);
	json_t *queue = s->queue;
	int64_t from = s->from;
	int64_t renewed = s->renewed;
	if (json_array_size(queue) > 0)
		s->queue = json_array();
	(void)pthread_mutex_unlock(&s->lock);
	int n = 0;
	if (queue != s->queue) {
		size_t i;
		json_t *event;
		json_array_foreach(queue, i, event) n += told(s, event, sink);
		json_decref(queue);
	}
	if (from > store->applied)
		store->applied = from;
	if (renewed - s->kept >= JG_RENEW_S) {
		s->kept = renewed;
		remember_local(s);
	}
	return n;
}

// --- Changes ---

static int transact(
	struct jg_etcd_store *s, json_t *compare, json_t *puts, bool wait, struct jg_error *err)
{
	bool sent;
	json_t *reply = jg_etcd_call(s->calls, "kv/txn",
		json_pack("{s:o, s:o}", "compare", compare, "success", puts), &sent, err);
	if (reply == NULL)
		return sent ? -ETIMEDOUT : -EHOSTUNREACH;
	bool ok = json_is_true(json_object_get(reply, "succeeded"));
	int64_t revision =
		jg_etcd_number(json_object_get(json_object_get(reply, "header"), "revision"));
	json_decref(reply);
	if (!ok) {
		jg_error_set(err,
			"another operator changed the same app or participant at the same "
			"time; nothing was changed: look again and repeat");
		return -EAGAIN;
	}
	s->head.committed = revision;
	struct timespec until;
	(void)clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += 3;
	(void)pthread_mutex_lock(&s->lock);
	while (wait && s->from < revision &&
		pthread_cond_timedwait(&s->delivered, &s->lock, &until) == 0)
		;
	(void)pthread_mutex_unlock(&s->lock);
	return 0;
}

static int etcd_commit(
	struct jg_store *store, const struct jg_store_change *change, struct jg_error *err)
{
	struct jg_etcd_store *s = self(store);
	uint32_t done = 0;
	int result = 0;
	// One transaction, but for the seeding of a fleet with more apps than etcd takes at once.
	do {
		json_t *compare = json_array();
		json_t *puts = json_array();
		uint32_t end = done;
		bool ok = true;
		while (ok && end < change->records_n && end - done < OPERATIONS_MAX)
			ok = jg_etcd_add_record(s, &change->records[end++], compare, puts);
		bool last = end == change->records_n;
		if (ok && last && change->cut_offs_n > 0)
			ok = jg_etcd_add_cut_offs(s, change->cut_offs, change->cut_offs_n, puts);
		if (last && change->audit != NULL)
			jg_etcd_add_audit(s, change->audit, puts);
		if (!ok) {
			json_decref(compare);
			json_decref(puts);
			jg_error_set(err, "out of memory while sealing");
			return -ENOMEM;
		}
		result = transact(
			s, compare, puts, change->records_n > 0 || change->cut_offs_n > 0, err);
		done = end;
	} while (result == 0 && done < change->records_n);
	store->empty = store->empty && result != 0;
	return result;
}

// --- The rest ---

static int etcd_cut_offs(struct jg_store *store, const struct jg_cut_off_filter *filter,
	const struct jg_store_sink *sink, struct jg_error *err)
{
	struct jg_etcd_store *s = self(store);
	return s->cache->ops->cut_offs(s->cache, filter, sink, err);
}

static int etcd_audit(struct jg_store *store, uint64_t after, unsigned limit, void *arg,
	int (*visit)(void *arg, const struct jg_audit *line), struct jg_error *err)
{
	struct jg_etcd_store *s = self(store);
	bool sent;
	json_t *request = jg_etcd_range(s, "a/");
	(void)json_object_set_new(request, "min_mod_revision", jg_etcd_string((int64_t)after + 1));
	(void)json_object_set_new(request, "limit", jg_etcd_string(limit));
	(void)json_object_set_new(request, "sort_target", json_string("MOD"));
	(void)json_object_set_new(request, "sort_order", json_string("ASCEND"));
	json_t *reply = jg_etcd_call(s->calls, "kv/range", request, &sent, err);
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
	s->in_force = revision;
	s->announce = true;
	(void)pthread_cond_signal(&s->renew_now);
	(void)pthread_mutex_unlock(&s->lock);
}

static int etcd_fleet(struct jg_store *store, int64_t revision, void *list, struct jg_error *err)
{
	return jg_etcd_fleet(self(store), revision, list, err);
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
	snprintf(trouble, sizeof(trouble), "%s", s->trouble);
	(void)pthread_mutex_unlock(&s->lock);
	int64_t stale = staleness(s);
	*status = (struct jg_store_status){
		.kind = "etcd",
		.where = s->config->store_etcd_endpoints[0].p,
		.trouble = trouble[0] != '\0' ? trouble : NULL,
		.stale_s = stale > JG_RENEW_S + 1 || stale < 0 ? stale : 0,
		.revision = store->applied,
	};
}

static void etcd_free(struct jg_store *store)
{
	struct jg_etcd_store *s = self(store);
	if (s->running) {
		atomic_store(&s->quit, true);
		(void)pthread_mutex_lock(&s->lock);
		(void)pthread_cond_signal(&s->renew_now);
		(void)pthread_mutex_unlock(&s->lock);
		(void)pthread_join(s->watch_thread, NULL);
		(void)pthread_join(s->renew_thread, NULL);
	}
	jg_etcd_free(s->calls);
	jg_etcd_free(s->watcher);
	jg_etcd_free(s->renewer);
	jg_seal_free(s->seal);
	json_decref(s->known);
	json_decref(s->queue);
	json_decref(s->nodes);
	if (store->wake_fd >= 0)
		(void)close(store->wake_fd);
	s->cache->ops->free(s->cache);
	free(s);
}

static const struct jg_store_ops etcd_ops = {
	.load = etcd_load,
	.commit = etcd_commit,
	.cut_offs = etcd_cut_offs,
	.audit = etcd_audit,
	.poll = etcd_poll,
	.in_force = etcd_in_force,
	.fleet = etcd_fleet,
	.forget = etcd_forget,
	.fenced = etcd_fenced,
	.status = etcd_status,
	.free = etcd_free,
};

static int forget_record(void *arg, const struct jg_record *record, struct jg_error *err)
{
	(void)arg, (void)record, (void)err;
	return 0;
}

static int forget_cut_off(void *arg, const struct jg_cut_off *cut_off, struct jg_error *err)
{
	(void)arg, (void)cut_off, (void)err;
	return 0;
}

// The node's name is drawn once and kept with the state.
static void name_node(struct jg_etcd_store *s, struct jg_error *err)
{
	const struct jg_store_sink nowhere = {NULL, forget_record, forget_cut_off};
	(void)etcd_load(&s->head, &nowhere, err);
	json_object_clear(s->known);
	if (s->node[0] != '\0')
		return;
	char host[64] = "gate";
	(void)gethostname(host, sizeof(host) - 1);
	host[strcspn(host, "/")] = '\0';
	snprintf(s->node, sizeof(s->node), "%s-%08x", host,
		(unsigned)(jg_boottime() * 2654435761 ^ getpid() << 12));
	remember_local(s);
}

static bool start(struct jg_etcd_store *s)
{
	struct timespec until;
	(void)clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += FIRST_WAIT_S;
	s->running = pthread_create(&s->watch_thread, NULL, jg_etcd_follow, s) == 0 &&
		pthread_create(&s->renew_thread, NULL, jg_etcd_renew, s) == 0;
	(void)pthread_mutex_lock(&s->lock);
	while (s->running && !s->synced &&
		pthread_cond_timedwait(&s->delivered, &s->lock, &until) == 0)
		;
	bool synced = s->synced;
	s->head.empty = synced && json_array_size(s->queue) == 0 && s->cache->epoch <= 1;
	(void)pthread_mutex_unlock(&s->lock);
	if (!synced)
		jg_log(JG_LOG_WARNING, "store",
			"etcd does not answer; the gate goes on with the state it last had");
	return s->running;
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
	s->head = (struct jg_store){.ops = &etcd_ops, .echoes = true, .epoch = cache->epoch};
	s->cache = cache;
	s->config = config;
	s->renewed = -1;
	jg_fence_init(&s->fence, config->store_max_staleness);
	if (config->store_max_staleness > 0)
		s->head.admit_until = &s->fence.until_ns;
	s->known = json_object();
	s->queue = json_array();
	s->nodes = json_object();
	(void)pthread_mutex_init(&s->lock, NULL);
	(void)pthread_cond_init(&s->delivered, NULL);
	(void)pthread_cond_init(&s->renew_now, NULL);
	snprintf(s->prefix, sizeof(s->prefix), "%s", config->store_etcd_prefix.p);
	s->head.wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	s->seal = jg_seal_new(config->store_etcd_fleet_key, err);
	if (s->seal != NULL) {
		s->calls = jg_etcd_new(config, err);
		s->watcher = jg_etcd_new(config, err);
		s->renewer = jg_etcd_new(config, err);
	}
	if (s->calls != NULL && s->watcher != NULL && s->renewer != NULL) {
		name_node(s, err);
		if (start(s))
			return &s->head;
		jg_error_set(err, "the threads of the store do not start");
	}
	etcd_free(&s->head);
	return NULL;
}
