// SPDX-License-Identifier: BSD-3-Clause
#include "request.h"

#include "log.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define WAIT_DEFAULT_S 5
#define WAIT_MAX_S 60

const char *jg_failure_name(enum jg_failure failure)
{
	static const char *const names[] = {"",
#define X(symbol, code) code,
		JG_FAILURES(X)
#undef X
	};
	return (size_t)failure < JG_ARRAY_SIZE(names) ? names[failure] : "";
}

void jg_ask_fail(struct jg_ask *ask, enum jg_failure failure, const char *format, ...)
{
	va_list args;
	ask->failure = failure;
	va_start(args, format);
	(void)vsnprintf(ask->err.text, sizeof(ask->err.text), format, args);
	va_end(args);
}

const char *jg_ask_string(struct jg_ask *ask, const char *name)
{
	const json_t *value = json_object_get(ask->request, name);
	if (!json_is_string(value)) {
		jg_ask_fail(ask, JG_FAILURE_INVALID, "%s is missing; expected a string", name);
		return NULL;
	}
	return json_string_value(value);
}

bool jg_ask_app(struct jg_ask *ask, struct jg_state_app *found)
{
	const json_t *vendor = json_object_get(ask->request, "vendor");
	struct jg_str key = jg_str_of(json_object_get(ask->request, "app"));
	unsigned wanted = JG_VENDOR_NONE;
	if (key.p == NULL || key.len == 0 || key.len > 128) {
		jg_ask_fail(ask, JG_FAILURE_INVALID, "app is missing; expected the app's key");
		return false;
	}
	if (vendor != NULL) {
		wanted =
			json_is_string(vendor) ? jg_vendor_find(jg_str_of(vendor)) : JG_VENDOR_NONE;
		if (wanted == JG_VENDOR_NONE) {
			jg_ask_fail(ask, JG_FAILURE_INVALID,
				"vendor is unknown; expected livekit, stream, opentok, vonage or "
				"agora");
			return false;
		}
	}
	unsigned matches = 0;
	for (unsigned v = 1; v < JG_VENDOR_COUNT; v++)
		if ((wanted == JG_VENDOR_NONE || wanted == v) &&
			jg_state_find(ask->engine->state, v, key, found))
			matches++;
	if (matches > 1)
		jg_ask_fail(ask, JG_FAILURE_INVALID,
			"several vendors have an app %.128s; say which with vendor", key.p);
	else if (matches == 0)
		jg_ask_fail(ask, JG_FAILURE_NOT_FOUND, "there is no app %s%s%.128s",
			wanted != JG_VENDOR_NONE ? jg_vendor_name(wanted) : "",
			wanted != JG_VENDOR_NONE ? " " : "", key.p);
	return matches == 1;
}

static bool changed(struct jg_ask *ask, int result)
{
	switch (result) {
	case 0:
		ask->epoch = ask->change.epoch;
		if (ask->epoch == 0)
			ask->epoch = jg_publisher_next(ask->engine->publisher);
		return true;
	case -EINVAL:
	case -EEXIST:
	case -E2BIG:
	case -ENOTSUP:
		ask->failure = JG_FAILURE_INVALID;
		return false;
	case -EAGAIN:
		ask->failure = JG_FAILURE_CONFLICT;
		return false;
	default:
		ask->failure = JG_FAILURE_UNAVAILABLE;
		return false;
	}
}

bool jg_ask_change(struct jg_ask *ask, struct jg_change *change)
{
	change->who = ask->who;
	return changed(ask, jg_engine_change(ask->engine, change, &ask->change, &ask->err));
}

void jg_ask_cut_off(struct jg_ask *ask, const char *what, json_t *detail,
	struct jg_cut_off *cut_offs, uint32_t n)
{
	const struct jg_store *store = ask->engine->store;
	struct jg_change change = {
		.who = ask->who,
		.what = what,
		.detail = detail,
		.cut_offs = cut_offs,
		.cut_offs_n = n,
	};
	ask->cut_offs = cut_offs;
	ask->detail = detail;
	if (store == NULL || store->ops->commit_all == NULL) {
		if (!jg_ask_change(ask, &change))
			(void)json_object_clear(ask->reply); // it speaks of what did not happen
		return;
	}
	ask->pending.change = change;
	ask->queued = true;
	jg_engine_queue(ask->engine, &ask->pending);
}

// The outcome of a queued change, once there is one.
static bool take_outcome(struct jg_ask *ask)
{
	if (!ask->pending.done)
		return false;
	ask->queued = false;
	ask->change = ask->pending.result;
	if (!changed(ask, ask->pending.status)) {
		ask->err = ask->pending.err;
		(void)json_object_clear(ask->reply);
	}
	return true;
}

void jg_ask_fini(struct jg_ask *ask)
{
	assert(!ask->queued);
	json_decref(ask->request);
	json_decref(ask->reply);
	json_decref(ask->detail);
	free(ask->cut_offs);
	*ask = (struct jg_ask){.fd = -1};
}

bool jg_ask_put_app(struct jg_ask *ask, const char *what, const struct jg_app *named, json_t *app,
	const json_t *detail)
{
	char path[JG_PATH_MAX];
	char *value = app == NULL ? NULL : jg_text_of(app);
	json_decref(app);
	if (!jg_path_app(path, named->vendor, named->key))
		return false;
	struct jg_record record = {.path = {path, (uint32_t)strlen(path)}};
	if (value != NULL)
		record.value = (struct jg_str){value, (uint32_t)strlen(value)};
	struct jg_change change = {
		.what = what, .detail = detail, .records = &record, .records_n = 1};
	bool ok = jg_ask_change(ask, &change);
	jg_text_free(value);
	return ok;
}

static void put_text(json_t *object, const char *name, struct jg_str text)
{
	(void)json_object_set_new(object, name, json_stringn(text.p, text.len));
}

struct telling {
	struct jg_ask *ask;
	json_t *lines;
};

static int tell_line(void *arg, const struct jg_audit *line)
{
	struct telling *t = arg;
	json_t *json = json_object();
	(void)json_object_set_new(json, "id", json_integer((json_int_t)line->id));
	(void)json_object_set_new(json, "time", json_integer(line->time));
	(void)json_object_set_new(json, "epoch", json_integer((json_int_t)line->epoch));
	put_text(json, "who", line->who);
	put_text(json, "what", line->what);
	json_t *detail = json_loadb(line->detail.p, line->detail.len, JSON_ALLOW_NUL, NULL);
	(void)json_object_set_new(json, "detail", detail != NULL ? detail : json_null());
	t->ask->after = line->id;
	return json_array_append_new(t->lines, json);
}

void jg_ask_audit(struct jg_ask *ask, unsigned limit, json_t *lines)
{
	struct jg_store *store = ask->engine->store;
	struct telling t = {ask, lines};
	if (store == NULL)
		jg_ask_fail(ask, JG_FAILURE_UNAVAILABLE,
			"there is no store, so there is no audit trail; set store.sqlite");
	else if (store->ops->audit(store, ask->after, limit, &t, tell_line, &ask->err) != 0)
		ask->failure = JG_FAILURE_UNAVAILABLE;
}

static void ask_audit(struct jg_ask *ask)
{
	const json_t *after = json_object_get(ask->request, "after");
	const json_t *limit = json_object_get(ask->request, "limit");
	json_int_t n = limit == NULL ? 100 : json_integer_value(limit);
	ask->after = (uint64_t)json_integer_value(after);
	ask->follow = json_is_true(json_object_get(ask->request, "follow"));
	if (n < 1 || n > 1000) {
		jg_ask_fail(ask, JG_FAILURE_INVALID, "limit is out of range; expected 1..1000");
		return;
	}
	json_t *lines = json_array();
	jg_ask_audit(ask, (unsigned)n, lines);
	(void)json_object_set_new(ask->reply, "audit", lines);
	(void)json_object_set_new(ask->reply, "after", json_integer((json_int_t)ask->after));
}

static void ask_reload(struct jg_ask *ask)
{
	ask->change.began_ns = jg_monotonic_ns();
	if (jg_engine_reload(ask->engine, ask->who, &ask->epoch, &ask->err) != 0)
		ask->failure = JG_FAILURE_INVALID;
	else
		jg_log(JG_LOG_INFO, "reload", "reloaded %s, epoch %llu, asked for by %s",
			ask->engine->config_path, (unsigned long long)ask->epoch, ask->who);
}

static void ask_drain(struct jg_ask *ask)
{
	bool undo = json_is_false(json_object_get(ask->request, "drain"));
	if (atomic_exchange(&ask->engine->draining, !undo) == undo)
		jg_log(JG_LOG_INFO, "drain", "%s, asked for by %s",
			undo ? "ready again" : "draining", ask->who);
	(void)json_object_set_new(ask->reply, "draining", json_boolean(!undo));
}

static void ask_version(struct jg_ask *ask)
{
	(void)json_object_set_new(ask->reply, "version", json_string(ask->engine->version));
}

static const struct command {
	const char *name;
	void (*run)(struct jg_ask *ask);
} commands[] = {
	{"app", jg_ask_apps},
	{"audit", ask_audit},
	{"capture", jg_ask_capture},
	{"cut_offs", jg_ask_cut_offs},
	{"drain", ask_drain},
	{"grant", jg_ask_grant},
	{"node", jg_ask_node},
	{"policy", jg_ask_policy},
	{"reload", ask_reload},
	{"revoke", jg_ask_revoke},
	{"rotate", jg_ask_rotate},
	{"stats", jg_ask_stats},
	{"status", jg_ask_status},
	{"unrevoke", jg_ask_unrevoke},
	{"version", ask_version},
};

void jg_ask_run(struct jg_ask *ask)
{
	const json_t *wait = json_object_get(ask->request, "wait");
	json_int_t seconds = wait == NULL ? WAIT_DEFAULT_S : json_integer_value(wait);
	ask->reply = json_object();
	if (seconds < 0 || seconds > WAIT_MAX_S || (wait != NULL && !json_is_integer(wait))) {
		jg_ask_fail(ask, JG_FAILURE_INVALID, "wait is out of range; expected 0..%d seconds",
			WAIT_MAX_S);
		return;
	}
	ask->wait_ns = (uint64_t)seconds * 1000000000u;
	const struct jg_store *store = ask->engine->store;
	ask->fleet = json_is_true(json_object_get(ask->request, "fleet"));
	const char *name = jg_ask_string(ask, "command");
	if (name == NULL)
		return;
	if (ask->fleet && (store == NULL || store->ops->fleet == NULL)) {
		jg_ask_fail(ask, JG_FAILURE_INVALID,
			"this gate is not part of a fleet: set store.etcd, or leave out --fleet");
		return;
	}
	for (size_t i = 0; i < JG_ARRAY_SIZE(commands); i++) {
		if (strcmp(commands[i].name, name) == 0) {
			commands[i].run(ask);
			return;
		}
	}
	jg_ask_fail(
		ask, JG_FAILURE_INVALID, "there is no command \"%.40s\"; see docs/admin.md", name);
}

static json_t *workers(const struct jg_ask *ask)
{
	const struct jg_publisher *publisher = ask->engine->publisher;
	json_t *list = json_array();
	for (unsigned i = 0; i < jg_publisher_workers(publisher); i++) {
		struct jg_worker_lag lag;
		jg_publisher_lag(publisher, i, jg_monotonic_ns(), &lag);
		json_t *worker = json_pack("{s:s, s:I, s:I}", "name", lag.name, "epoch",
			(json_int_t)lag.acknowledged, "lag", (json_int_t)lag.lag);
		(void)json_array_append_new(list, worker);
	}
	return list;
}

// What came of a change: durable, in force, how long each took.
static void finish_change(struct jg_ask *ask)
{
	uint64_t now = jg_monotonic_ns();
	char stuck[256];
	unsigned missing =
		jg_publisher_missing(ask->engine->publisher, ask->epoch, stuck, sizeof(stuck));
	bool told = jg_engine_has(ask->engine, ask->change.revision);
	bool in_force = told && jg_publisher_in_force(ask->engine->publisher) >= ask->epoch;
	json_t *reply = ask->reply;
	(void)json_object_set_new(reply, "epoch", json_integer((json_int_t)ask->epoch));
	if (ask->change.durable_ns != 0) {
		(void)json_object_set_new(reply, "durable_at", json_real(ask->change.durable_at));
		(void)json_object_set_new(reply, "durable_ms",
			json_real((double)(ask->change.durable_ns - ask->change.began_ns) / 1e6));
	}
	(void)json_object_set_new(reply, "in_force", json_boolean(in_force));
	(void)json_object_set_new(reply, "workers", workers(ask));
	(void)json_object_set_new(
		reply, "took_ms", json_real((double)(now - ask->change.began_ns) / 1e6));
	if (in_force) {
		(void)json_object_set_new(reply, "in_force_at", json_real(jg_realtime()));
		return;
	}
	if (!told &&
		jg_publisher_in_force(ask->engine->publisher) ==
			jg_publisher_epoch(ask->engine->publisher)) {
		jg_ask_fail(ask, JG_FAILURE_NOT_IN_FORCE,
			"durable in the fleet's store, but this gate has not taken it over yet; "
			"joingatectl status says what stands between them");
		return;
	}
	jg_ask_fail(ask, JG_FAILURE_NOT_IN_FORCE,
		"durable, but not in force everywhere: %u of %u workers have not acknowledged "
		"epoch "
		"%llu: %s",
		missing, jg_publisher_workers(ask->engine->publisher),
		(unsigned long long)ask->epoch, stuck);
}

#define FLEET_NS (UINT64_C(100) * 1000000) // nodes are fenced, or join, without a word to us

// Are all nodes there, or fenced? Their list, as etcd has it, is part of the reply.
static bool ask_fleet(struct jg_ask *ask)
{
	struct jg_store *store = ask->engine->store;
	json_t *nodes = json_array();
	int missing = store->ops->fleet(store, ask->change.revision, nodes, &ask->err);
	(void)json_object_set_new(ask->reply, "nodes", nodes);
	ask->fleet_done = missing == 0;
	return missing == 0;
}

// etcd is not asked before what nodes told on their own says that it may be so.
static bool fleet_done(struct jg_ask *ask, uint64_t now_ns)
{
	struct jg_store *store = ask->engine->store;
	bool may = store->ops->fleet_may(store, ask->change.revision);
	if (!ask->fleet_left)
		ask->fleet_ns = now_ns + FLEET_NS;
	ask->fleet_left = true;
	if (now_ns < ask->fleet_ns && (!may || ask->fleet_asked))
		return false;
	ask->fleet_asked = may;
	ask->fleet_ns = now_ns + FLEET_NS;
	return ask_fleet(ask);
}

enum jg_pace jg_ask_pace(const struct jg_ask *ask)
{
	return ask->captures ? JG_PACE_IDLE : ask->fleet_left ? JG_PACE_REST : JG_PACE_SPIN;
}

bool jg_ask_done(struct jg_ask *ask, uint64_t now_ns, uint64_t deadline_ns)
{
	if (ask->captures)
		return jg_ask_capture_done(ask);
	if (ask->queued && !take_outcome(ask))
		return false;
	if (ask->failure != JG_FAILURE_NONE || ask->epoch == 0 || now_ns >= deadline_ns)
		return true;
	if (jg_publisher_in_force(ask->engine->publisher) < ask->epoch ||
		!jg_engine_has(ask->engine, ask->change.revision))
		return false;
	return !ask->fleet || fleet_done(ask, now_ns);
}

// Which nodes have not got it; after finish_change() has spoken of this one.
static void finish_fleet(struct jg_ask *ask)
{
	char names[256] = "";
	size_t i;
	json_t *node;
	json_array_foreach(json_object_get(ask->reply, "nodes"), i, node)
	{
		const char *state = json_string_value(json_object_get(node, "state"));
		size_t used = strlen(names);
		if (json_integer_value(json_object_get(node, "revision")) < ask->change.revision &&
			strcmp(state, "fenced") != 0)
			snprintf(names + used, sizeof(names) - used, "%s%s (%s)",
				used > 0 ? ", " : "",
				json_string_value(json_object_get(node, "node")), state);
	}
	jg_ask_fail(ask, JG_FAILURE_NOT_IN_FORCE,
		"durable and in force here, but not on every node of the fleet: %s",
		names[0] != '\0' ? names : "their list cannot be read");
}

void jg_ask_finish(struct jg_ask *ask)
{
	if (ask->failure == JG_FAILURE_NONE && ask->epoch != 0)
		finish_change(ask);
	// Out of time: who is missing is said as etcd has it now.
	if (ask->failure == JG_FAILURE_NONE && ask->epoch != 0 && ask->fleet && !ask->fleet_done &&
		!ask_fleet(ask))
		finish_fleet(ask);
	if (ask->reply == NULL)
		ask->reply = json_object();
	if (ask->captures)
		jg_ask_capture_finish(ask);
	jg_ask_leave(ask);
	(void)json_object_set_new(ask->reply, "ok", json_boolean(ask->failure == JG_FAILURE_NONE));
	if (ask->failure != JG_FAILURE_NONE) {
		(void)json_object_set_new(
			ask->reply, "code", json_string(jg_failure_name(ask->failure)));
		json_t *error = json_string(ask->err.text);
		// A name cut inside a character is no UTF-8 any more.
		(void)json_object_set_new(ask->reply, "error",
			error != NULL ? error : json_string("a name in the request is refused"));
	}
}
