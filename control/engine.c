// SPDX-License-Identifier: BSD-3-Clause
#include "engine.h"

#include "log.h"

#include <joingate/verify.h>

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

int jg_engine_publish(struct jg_engine *engine, struct jg_error *err)
{
	uint64_t epoch = jg_publisher_next(engine->publisher);
	struct jg_gate_state *compiled = jg_state_compile(engine->state, engine->config, epoch,
		engine->store == NULL ? NULL : engine->store->admit_until, err);
	if (compiled == NULL)
		return -EINVAL;
	if (jg_publisher_publish(engine->publisher, compiled, jg_monotonic_ns()) == 0) {
		jg_error_set(err, "out of memory while publishing");
		return -ENOMEM;
	}
	engine->dirty = false;
	engine->loaded_at = jg_realtime();
	return 0;
}

static int validate(const struct jg_change *change, struct jg_error *err)
{
	size_t size = 0;
	for (uint32_t i = 0; i < change->records_n; i++) {
		const struct jg_record *r = &change->records[i];
		size += r->path.len + r->value.len;
		int result = jg_state_check(r, err);
		if (result != 0)
			return result;
	}
	for (uint32_t i = 0; i < change->cut_offs_n; i++) {
		const struct jg_cut_off *c = &change->cut_offs[i];
		size += c->user.len + c->room.len + c->secret.len;
	}
	if (size > JG_CHANGE_MAX) {
		jg_error_set(err, "the change is larger than 1 MiB; split it");
		return -E2BIG;
	}
	return 0;
}

// The change as the store takes it. What it points to lives in written and detail.
struct written {
	struct jg_audit audit;
	struct jg_store_change change;
	char *detail;
};

static void written_init(struct written *w, const struct jg_change *change, uint64_t epoch)
{
	w->detail = change->detail == NULL ? NULL : jg_text_of(change->detail);
	w->audit = (struct jg_audit){
		.time = (int64_t)jg_realtime(),
		.epoch = epoch,
		.who = {change->who, (uint32_t)strlen(change->who)},
		.what = {change->what, (uint32_t)strlen(change->what)},
		.detail = w->detail == NULL
			? JG_STR("{}")
			: (struct jg_str){w->detail, (uint32_t)strlen(w->detail)},
	};
	w->change = (struct jg_store_change){
		.records = change->records,
		.records_n = change->records_n,
		.cut_offs = change->cut_offs,
		.cut_offs_n = change->cut_offs_n,
		.audit = &w->audit,
		.epoch = epoch,
		.local = change->local,
	};
}

static int write_durably(struct jg_engine *engine, const struct jg_change *change, uint64_t epoch,
	struct jg_error *err)
{
	struct written w;
	written_init(&w, change, epoch);
	int result = engine->store->ops->commit(engine->store, &w.change, err);
	jg_text_free(w.detail);
	return result;
}

// From here on the change is durable: what fails is retried, never undone.
static void apply(struct jg_engine *engine, const struct jg_change *change)
{
	struct jg_error err;
	for (uint32_t i = 0; i < change->records_n; i++)
		if (jg_state_apply(engine->state, &change->records[i], &err) != 0)
			jg_log(JG_LOG_ERROR, "state", "a durable change could not be applied: %s",
				err.text);
	for (uint32_t i = 0; i < change->cut_offs_n; i++)
		if (jg_state_cut_off(engine->state, &change->cut_offs[i], &err) != 0)
			jg_log(JG_LOG_ERROR, "state", "a durable cut-off could not be applied: %s",
				err.text);
}

// A seal where only cut-offs changed, else a new snapshot.
static uint64_t publish(struct jg_engine *engine, const struct jg_change *change)
{
	struct jg_error err;
	if (change->cut_offs_n > 0) {
		engine->reclaim = true;
		engine->reclaim_epoch = jg_publisher_next(engine->publisher);
	}
	if (change->records_n == 0 && !engine->dirty)
		return jg_publisher_publish(engine->publisher, NULL, jg_monotonic_ns());
	engine->dirty = true;
	if (jg_engine_publish(engine, &err) != 0) {
		jg_log(JG_LOG_ERROR, "state", "a durable change is not in force yet: %s", err.text);
		return 0;
	}
	return jg_publisher_epoch(engine->publisher);
}

int jg_engine_change(struct jg_engine *engine, const struct jg_change *change,
	struct jg_change_result *result, struct jg_error *err)
{
	*result = (struct jg_change_result){.began_ns = jg_monotonic_ns()};
	jg_engine_flush(engine);
	if (engine->store == NULL) {
		jg_error_set(err,
			"there is no store: the configuration file is the state. Change %s and run "
			"joingatectl reload, or set store.sqlite",
			engine->config_path != NULL ? engine->config_path : "it");
		return -ENOTSUP;
	}
	int failed = validate(change, err);
	if (failed == 0)
		failed = write_durably(engine, change, jg_publisher_next(engine->publisher), err);
	if (failed != 0)
		return failed;
	result->durable_ns = jg_monotonic_ns();
	result->durable_at = jg_realtime();
	if (engine->store->echoes && !change->local) {
		jg_engine_take_over(engine);
		result->revision = engine->store->committed;
		bool there = engine->store->applied >= result->revision && !engine->dirty;
		result->epoch = there ? jg_publisher_epoch(engine->publisher) : 0;
	} else {
		apply(engine, change);
		result->epoch = publish(engine, change);
	}
	engine->changes++;
	engine->changed_ns = result->durable_ns;
	return 0;
}

bool jg_engine_has(const struct jg_engine *engine, int64_t revision)
{
	// After a rewound history the old announcement says nothing about the new revisions.
	return revision == 0 ||
		(engine->announced == engine->revision && engine->announced >= revision);
}

void jg_engine_queue(struct jg_engine *engine, struct jg_pending_change *pending)
{
	assert(pending->change.records_n == 0 && engine->store->ops->commit_all != NULL);
	pending->next = NULL;
	pending->result = (struct jg_change_result){.began_ns = jg_monotonic_ns()};
	pending->status = validate(&pending->change, &pending->err);
	pending->done = pending->status != 0;
	if (pending->done)
		return;
	struct jg_pending_change **end = &engine->pending;
	while (*end != NULL)
		end = &(*end)->next;
	*end = pending;
}

// All of them in one transaction. Where that fails, each alone: one may be what the store refuses.
static void write_pending(struct jg_engine *engine, struct jg_pending_change *first, uint32_t n)
{
	struct jg_error err;
	uint64_t epoch = jg_publisher_next(engine->publisher);
	struct written *written = calloc(n, sizeof(*written));
	struct jg_store_change *changes = calloc(n, sizeof(*changes));
	int result = written == NULL || changes == NULL ? -ENOMEM : 0;
	uint32_t i = 0;
	for (struct jg_pending_change *p = first; p != NULL && result == 0; p = p->next, i++) {
		written_init(&written[i], &p->change, epoch);
		changes[i] = written[i].change;
	}
	if (result == 0)
		result = engine->store->ops->commit_all(engine->store, changes, n, &err);
	for (struct jg_pending_change *p = first; p != NULL; p = p->next)
		p->status = result == 0 ? 0 : write_durably(engine, &p->change, epoch, &p->err);
	for (uint32_t k = 0; k < i; k++)
		jg_text_free(written[k].detail);
	free(written);
	free(changes);
}

void jg_engine_flush(struct jg_engine *engine)
{
	struct jg_pending_change *first = engine->pending;
	const struct jg_change sealed = {.cut_offs_n = 1};
	uint32_t n = 0;
	uint32_t written = 0;
	engine->pending = NULL;
	for (struct jg_pending_change *p = first; p != NULL; p = p->next)
		n++;
	if (n == 0)
		return;
	write_pending(engine, first, n);
	uint64_t durable_ns = jg_monotonic_ns();
	for (struct jg_pending_change *p = first; p != NULL; p = p->next) {
		p->result.durable_ns = durable_ns;
		p->result.durable_at = jg_realtime();
		written += p->status == 0;
		if (p->status == 0)
			apply(engine, &p->change);
	}
	uint64_t epoch = written == 0 ? 0 : publish(engine, &sealed);
	engine->changes += written;
	engine->changed_ns = durable_ns;
	for (struct jg_pending_change *p = first; p != NULL; p = p->next) {
		p->result.epoch = epoch;
		p->done = true;
	}
}

int64_t jg_engine_now(struct jg_engine *engine)
{
	int64_t now = (int64_t)jg_realtime();
	if (now > engine->now)
		engine->now = now;
	return engine->now;
}

static int load_record(void *arg, const struct jg_record *record, struct jg_error *err)
{
	struct jg_engine *engine = arg;
	return jg_state_apply(engine->state, record, err);
}

static int load_cut_off(void *arg, const struct jg_cut_off *cut_off, struct jg_error *err)
{
	struct jg_engine *engine = arg;
	return jg_state_cut_off(engine->state, cut_off, err);
}

// A record per app of the configuration; texts in the locked memory of JSON. Free with records_free.
static struct jg_record *config_records(const struct jg_config *config, struct jg_error *err)
{
	struct jg_record *records = calloc((size_t)config->apps_n + 1, sizeof(*records));
	if (records == NULL) {
		jg_error_set(err, "out of memory for the apps");
		return NULL;
	}
	for (uint32_t i = 0; i < config->apps_n; i++) {
		char path[JG_PATH_MAX];
		const struct jg_app *app = &config->apps[i];
		char *value = jg_config_app_render(app, true);
		bool ok = jg_path_app(path, app->vendor, app->key);
		assert(ok); // 128 bytes fit
		(void)ok;
		char *kept = strdup(path);
		records[i].path = (struct jg_str){kept, kept == NULL ? 0 : (uint32_t)strlen(kept)};
		records[i].value =
			(struct jg_str){value, value == NULL ? 0 : (uint32_t)strlen(value)};
		if (kept == NULL || value == NULL)
			jg_error_set(err, "out of memory for the apps");
	}
	return records;
}

static void records_free(struct jg_record *records, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		free((char *)(uintptr_t)records[i].path.p);
		jg_text_free((char *)(uintptr_t)records[i].value.p);
	}
	free(records);
}

static int apply_config(struct jg_engine *engine, struct jg_record *records, struct jg_error *err)
{
	int result = 0;
	for (uint32_t i = 0; i < engine->config->apps_n && result == 0; i++)
		result = records[i].value.p == NULL
			? -ENOMEM
			: jg_state_apply(engine->state, &records[i], err);
	for (uint32_t i = 0; i < engine->config->cut_offs_n && result == 0; i++)
		result = jg_state_cut_off(engine->state, &engine->config->cut_offs[i], err);
	return result;
}

static int seed(struct jg_engine *engine, struct jg_record *records, struct jg_error *err)
{
	const struct jg_audit audit = {
		.time = engine->started_at,
		.epoch = 1,
		.who = JG_STR("configuration"),
		.what = JG_STR("seed"),
		.detail = JG_STR("{}"),
	};
	const struct jg_store_change change = {
		.records = records,
		.records_n = engine->config->apps_n,
		.cut_offs = engine->config->cut_offs,
		.cut_offs_n = engine->config->cut_offs_n,
		.audit = &audit,
		.epoch = 1,
		.seed = true,
	};
	return engine->store->ops->commit(engine->store, &change, err);
}

static void tell_seeding(int result, const struct jg_error *err)
{
	if (result == 0)
		jg_log(JG_LOG_INFO, "store", "the fleet has its first state from this gate");
	else if (result == -EAGAIN)
		jg_log(JG_LOG_INFO, "store", "another gate writes the fleet's first state");
	else
		jg_log(JG_LOG_WARNING, "store", "the fleet has no first state yet: %s", err->text);
}

// At the start. A fleet may not be seeded by us now: what another node wrote, or what we try again,
// comes with a poll.
static int seed_first(struct jg_engine *engine, struct jg_record *records, struct jg_error *err)
{
	int result = seed(engine, records, err);
	if (result == 0 || !engine->store->echoes)
		return result;
	tell_seeding(result, err);
	jg_state_clear(engine->state);
	return 0;
}

void jg_engine_seed(struct jg_engine *engine)
{
	struct jg_error err;
	struct jg_record *records = config_records(engine->config, &err);
	tell_seeding(records == NULL ? -ENOMEM : seed(engine, records, &err), &err);
	if (records != NULL)
		records_free(records, engine->config->apps_n);
}

int jg_engine_load(struct jg_engine *engine, struct jg_error *err)
{
	bool seeding = engine->store != NULL && engine->store->empty;
	if (engine->store != NULL && !seeding) {
		const struct jg_store_sink sink = {engine, load_record, load_cut_off};
		int result = engine->store->ops->load(engine->store, &sink, err);
		if (result == 0)
			jg_publisher_resume(engine->publisher, engine->store->epoch);
		return result;
	}
	struct jg_record *records = config_records(engine->config, err);
	if (records == NULL)
		return -ENOMEM;
	int result = apply_config(engine, records, err);
	if (result == 0 && seeding)
		result = seed_first(engine, records, err);
	if (result == 0 && seeding)
		jg_publisher_resume(engine->publisher, engine->store->epoch);
	records_free(records, engine->config->apps_n);
	return result;
}
