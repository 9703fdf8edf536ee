// SPDX-License-Identifier: BSD-3-Clause
// status, stats and node: what the gate knows about itself.
#include "figures_json.h"
#include "locked.h"
#include "request.h"
#include "watch.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

static json_t *worker_status(const struct jg_engine *engine, unsigned i)
{
	const struct jg_control_member *member = &engine->members[i];
	struct jg_worker_lag lag;
	jg_publisher_lag(engine->publisher, i, jg_monotonic_ns(), &lag);
	json_t *json = json_pack("{s:s, s:I, s:I, s:f}", "name", lag.name, "epoch",
		(json_int_t)lag.acknowledged, "lag", (json_int_t)lag.lag, "behind_ms",
		(double)lag.behind_ns / 1e6);
	if (member->describe != NULL)
		(void)json_object_set_new(json, "verifier", json_string(member->describe));
	if (member->counters != NULL)
		(void)json_object_set_new(json, "heartbeat",
			json_integer((json_int_t)jg_count_read(
				&member->counters->value[JG_COUNTER_HEARTBEAT])));
	return json;
}

static json_t *store_status(struct jg_store *store)
{
	struct jg_store_status status;
	if (store == NULL)
		return json_pack("{s:s}", "kind", "none");
	store->ops->status(store, &status);
	return json_pack("{s:s, s:s, s:s?, s:I, s:I}", "kind", status.kind, "where", status.where,
		"trouble", status.trouble, "stale_s", (json_int_t)status.stale_s, "revision",
		(json_int_t)status.revision);
}

void jg_ask_status(struct jg_ask *ask)
{
	const struct jg_engine *engine = ask->engine;
	struct jg_cut_offs *cut_offs = jg_state_cut_offs(engine->state);
	json_t *workers = json_array();
	for (unsigned i = 0; i < engine->members_n; i++)
		(void)json_array_append_new(workers, worker_status(engine, i));
	json_t *json = json_pack("{s:s, s:i, s:I, s:I, s:I, s:b, s:b, s:I, s:I, s:I, s:I, s:I}",
		"version", engine->version, "pid", (int)getpid(), "uptime_s",
		(json_int_t)jg_realtime() - engine->started_at, "epoch",
		(json_int_t)jg_publisher_epoch(engine->publisher), "in_force",
		(json_int_t)jg_publisher_in_force(engine->publisher), "ready",
		atomic_load(&engine->ready), "draining", atomic_load(&engine->draining), "apps",
		(json_int_t)jg_state_apps_count(engine->state), "overrides",
		(json_int_t)jg_state_overrides_count(engine->state), "cut_offs",
		(json_int_t)jg_cut_offs_count(cut_offs), "cut_off_bytes",
		(json_int_t)jg_cut_offs_memory(cut_offs), "collected",
		(json_int_t)engine->collected);
	(void)json_object_update(ask->reply, json);
	json_decref(json);
	(void)json_object_set_new(ask->reply, "reloads", json_integer((json_int_t)engine->reloads));
	(void)json_object_set_new(
		ask->reply, "reload_failures", json_integer((json_int_t)engine->reload_failures));
	(void)json_object_set_new(ask->reply, "changes", json_integer((json_int_t)engine->changes));
	(void)json_object_set_new(
		ask->reply, "unlocked_bytes", json_integer((json_int_t)jg_locked_shortage()));
	(void)json_object_set_new(ask->reply, "fenced", json_boolean(engine->fenced));
	if (engine->store != NULL)
		(void)json_object_set_new(ask->reply, "unsettled",
			json_integer((json_int_t)engine->store->unsettled));
	(void)json_object_set_new(ask->reply, "store", store_status(engine->store));
	(void)json_object_set_new(ask->reply, "workers", workers);
}

void jg_ask_stats(struct jg_ask *ask)
{
	struct jg_figures *figures = jg_watch_gather(ask->engine->watch);
	if (figures == NULL) {
		jg_ask_fail(ask, JG_FAILURE_UNAVAILABLE, "out of memory for the figures");
		return;
	}
	jg_figures_json(figures, ask->reply);
	free(figures);
}

void jg_ask_node(struct jg_ask *ask)
{
	struct jg_store *store = ask->engine->store;
	const char *verb = jg_ask_string(ask, "verb");
	if (verb == NULL)
		return;
	if (store == NULL || store->ops->fleet == NULL) {
		jg_ask_fail(ask, JG_FAILURE_INVALID,
			"this gate is not part of a fleet: nodes are known where store.etcd is "
			"set");
	} else if (strcmp(verb, "list") == 0) {
		json_t *nodes = json_array();
		if (store->ops->fleet(store, ask->engine->revision, nodes, &ask->err) < 0)
			ask->failure = JG_FAILURE_UNAVAILABLE;
		(void)json_object_set_new(ask->reply, "nodes", nodes);
	} else if (strcmp(verb, "forget") == 0) {
		const char *node = jg_ask_string(ask, "node");
		int result = node == NULL ? 0 : store->ops->forget(store, node, &ask->err);
		if (result != 0)
			ask->failure =
				result == -ENOENT ? JG_FAILURE_NOT_FOUND : JG_FAILURE_UNAVAILABLE;
	} else {
		jg_ask_fail(ask, JG_FAILURE_INVALID,
			"there is no node %.40s; expected list or forget", verb);
	}
}
