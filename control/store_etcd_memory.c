// SPDX-License-Identifier: BSD-3-Clause
// The local memory of the etcd store: the last state, and what this node has told the fleet.
#include "log.h"
#include "store_etcd.h"

#include <errno.h>
#include <inttypes.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int64_t jg_etcd_known(const struct jg_etcd_store *s, const char *path, size_t what)
{
	return json_integer_value(json_array_get(json_object_get(s->known, path), what));
}

void jg_etcd_know(
	struct jg_etcd_store *s, const char *path, int64_t mod, int64_t generation, bool there)
{
	(void)json_object_set_new(s->known, path,
		json_pack("[I, I, i]", (json_int_t)mod, (json_int_t)generation, there));
}

void jg_etcd_node(struct jg_etcd_store *s, char node[JG_NODE_MAX])
{
	(void)pthread_mutex_lock(&s->lock);
	memcpy(node, s->node, JG_NODE_MAX);
	(void)pthread_mutex_unlock(&s->lock);
}

void jg_etcd_name(struct jg_etcd_store *s)
{
	uint32_t draw[3] = {0};
	char host[64] = "gate";
	// Without randomness the process and its time still tell nodes apart.
	if (RAND_bytes((unsigned char *)draw, sizeof(draw)) != 1)
		draw[0] = (uint32_t)jg_boottime() * 2654435761u ^ (uint32_t)getpid() << 12;
	(void)gethostname(host, sizeof(host) - 1);
	host[strcspn(host, "/")] = '\0';
	(void)pthread_mutex_lock(&s->lock);
	snprintf(s->node, sizeof(s->node), "%s-%08x", host, draw[0]);
	snprintf(s->instance, sizeof(s->instance), "%08x%08x", draw[1], draw[2]);
	(void)pthread_mutex_unlock(&s->lock);
}

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

// The promise that the fleet knows binds us until it knows another.
static void recall_promise(struct jg_etcd_store *s, int64_t promised)
{
	int64_t most = s->config->store_max_staleness;
	s->announced_staleness = promised;
	if (promised > 0 && (most == 0 || promised < most))
		most = promised;
	jg_fence_init(&s->fence, most);
	s->head.admit_until = most > 0 ? &s->fence.until_ns : NULL;
}

static void recall_local(struct jg_etcd_store *s, const struct jg_record *record)
{
	json_t *json = json_loadb(record->value.p, record->value.len, 0, NULL);
	const char *node = json_string_value(json_object_get(json, "node"));
	if (node != NULL)
		snprintf(s->node, sizeof(s->node), "%s", node);
	s->after = json_integer_value(json_object_get(json, "applied"));
	s->last_mod = json_integer_value(json_object_get(json, "mod"));
	s->merge = json_is_true(json_object_get(json, "merge"));
	recall_promise(s, json_integer_value(json_object_get(json, "max_staleness")));
	if (json_integer_value(json_object_get(json, "boot")) == boot_id()) {
		s->renewed = json_integer_value(json_object_get(json, "renewed"));
		if (s->renewed >= 0)
			jg_fence_resume(&s->fence, s->renewed);
	}
	json_decref(json);
}

static bool is_local(const struct jg_record *record)
{
	return record->path.len == 5 && memcmp(record->path.p, "local", 5) == 0;
}

static int only_local(void *arg, const struct jg_record *record, struct jg_error *err)
{
	(void)err;
	struct jg_etcd_store *s = arg;
	if (is_local(record))
		recall_local(s, record);
	else
		s->fresh = false;
	return 0;
}

static int no_cut_off(void *arg, const struct jg_cut_off *cut_off, struct jg_error *err)
{
	struct jg_etcd_store *s = arg;
	(void)cut_off, (void)err;
	s->fresh = false;
	return 1; // enough
}

void jg_etcd_recall_name(struct jg_etcd_store *s)
{
	struct jg_error err;
	const struct jg_store_sink sink = {s, only_local, no_cut_off};
	jg_etcd_name(s);
	s->fresh = true;
	if (s->cache->ops->load(s->cache, &sink, &err) < 0)
		jg_log(JG_LOG_WARNING, "store", "%s", err.text);
}

struct recalling {
	struct jg_etcd_store *store;
	const struct jg_store_sink *sink;
};

static int recall_record(void *arg, const struct jg_record *record, struct jg_error *err)
{
	struct recalling *r = arg;
	char path[JG_PATH_MAX];
	if (is_local(record))
		return 0;
	snprintf(path, sizeof(path), "%.*s", (int)record->path.len, record->path.p);
	if (jg_etcd_known(r->store, path, 1) < record->revision)
		jg_etcd_know(
			r->store, path, jg_etcd_known(r->store, path, 0), record->revision, false);
	if (record->value.len == strlen(JG_TOMBSTONE) &&
		memcmp(record->value.p, JG_TOMBSTONE, record->value.len) == 0)
		return 0;
	return r->sink->record(r->sink->arg, record, err);
}

static int recall_cut_off(void *arg, const struct jg_cut_off *cut_off, struct jg_error *err)
{
	struct recalling *r = arg;
	return r->sink->cut_off(r->sink->arg, cut_off, err);
}

int jg_etcd_recall(struct jg_etcd_store *s, const struct jg_store_sink *sink, struct jg_error *err)
{
	struct recalling r = {s, sink};
	const struct jg_store_sink through = {&r, recall_record, recall_cut_off};
	return s->cache->ops->load(s->cache, &through, err);
}

static char *local_text(struct jg_etcd_store *s, int64_t applied)
{
	(void)pthread_mutex_lock(&s->lock);
	json_t *json = json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:b}", "node", s->node, "boot",
		(json_int_t)boot_id(), "renewed", (json_int_t)s->renewed, "max_staleness",
		(json_int_t)s->announced_staleness, "mod", (json_int_t)s->last_mod, "applied",
		(json_int_t)applied, "merge", s->merge);
	s->kept = s->renewed;
	(void)pthread_mutex_unlock(&s->lock);
	char *text = jg_text_of(json);
	json_decref(json);
	return text;
}

bool jg_etcd_remember(
	struct jg_etcd_store *s, const struct jg_store_change *change, int64_t applied)
{
	struct jg_error err = {.text = "out of memory"};
	char *text = local_text(s, applied);
	struct jg_record *records = calloc((size_t)change->records_n + 1, sizeof(*records));
	int result = -ENOMEM;
	if (text != NULL && records != NULL) {
		if (change->records_n > 0)
			memcpy(records, change->records, change->records_n * sizeof(*records));
		records[change->records_n] = (struct jg_record){.path = JG_STR("local"),
			.value = {text, (uint32_t)strlen(text)},
			.revision = 1};
		struct jg_store_change all = *change;
		all.records = records;
		all.records_n = change->records_n + 1;
		all.epoch = s->head.epoch > s->cache->epoch ? s->head.epoch : s->cache->epoch + 1;
		result = s->cache->ops->commit(s->cache, &all, &err);
	}
	jg_text_free(text);
	free(records);
	if (result != 0) {
		char trouble[256];
		snprintf(trouble, sizeof(trouble),
			"the fleet's state cannot be kept for a restart: %.180s", err.text);
		jg_etcd_alarm(s, trouble);
		return false;
	}
	(void)pthread_mutex_lock(&s->lock);
	if (s->history == s->seen_history)
		s->after = applied;
	(void)pthread_mutex_unlock(&s->lock);
	return true;
}
