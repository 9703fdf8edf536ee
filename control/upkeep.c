// SPDX-License-Identifier: BSD-3-Clause
// What the control thread does between requests: reloads, retries, collection.
#include "engine.h"
#include "log.h"
#include "refusals.h"

#include <joingate/verify.h>

#include <errno.h>
#include <stdlib.h>

#define COLLECT_MAX 1000 // cut-offs in one transaction
#define SCAN_MAX 10000 // cut-offs looked at in one step
#define SEARCH_NS (UINT64_C(60) * 1000000000) // from the start of one search to the next
#define QUIET_NS (UINT64_C(1) * 1000000000) // without a change: time for what can wait
#define UNSETTLED_MAX 16384u // rows; beyond that it cannot wait,
#define PRESSED_NS (UINT64_C(100) * 1000000) // but those who change still come first
#define RETRY_NS (UINT64_C(1) * 1000000000)
#define SEED_NS (UINT64_C(5) * 1000000000) // may wait for etcd

unsigned jg_engine_compare(const struct jg_engine *engine)
{
	unsigned differ = 0;
	for (uint32_t i = 0; i < engine->config->apps_n; i++) {
		const struct jg_app *app = &engine->config->apps[i];
		struct jg_state_app found;
		bool same = false;
		if (jg_state_find(engine->state, app->vendor, app->key, &found)) {
			char *a = jg_config_app_render(app, true);
			char *b = jg_config_app_render(found.app, true);
			same = a != NULL && b != NULL && strcmp(a, b) == 0;
			jg_text_free(a);
			jg_text_free(b);
		}
		if (!same) {
			differ++;
			jg_log(JG_LOG_WARNING, "settings",
				"app %s %.*s of the configuration differs from the store's, which "
				"counts",
				jg_vendor_name(app->vendor), (int)app->key.len, app->key.p);
		}
	}
	return differ;
}

static void log_problems(const char *path, const struct jg_problems *problems)
{
	for (uint32_t i = 0; i < problems->n && i < 20; i++)
		jg_log(problems->list[i].warning ? JG_LOG_WARNING : JG_LOG_ERROR, "settings",
			"%s:%u:%u: %s", path, problems->list[i].line, problems->list[i].column,
			problems->list[i].text);
}

static struct jg_config *read_config(struct jg_engine *engine, struct jg_error *err)
{
	struct jg_problems problems = {0};
	struct jg_config *fresh = jg_config_load(engine->config_path, JG_CONFIG_ALL, &problems);
	log_problems(engine->config_path, &problems);
	const char *fixed = fresh == NULL ? NULL : jg_config_fixed(engine->config, fresh);
	if (fresh == NULL) {
		const struct jg_problem *first = problems.n > 0 ? &problems.list[0] : NULL;
		jg_error_set(err, "%s:%u:%u: %s (%u mistakes; nothing was changed)",
			engine->config_path, first != NULL ? first->line : 0,
			first != NULL ? first->column : 0,
			first != NULL ? first->text : "cannot be read", problems.mistakes);
	} else if (fixed != NULL) {
		jg_log(JG_LOG_WARNING, "settings",
			"%s changed; that needs a restart, the rest is taken over", fixed);
	}
	jg_problems_free(&problems);
	return fresh;
}

static bool same_subject(const struct jg_cut_off *a, const struct jg_cut_off *b)
{
	return a->scope == b->scope && a->vendor == b->vendor && jg_str_eq(a->app, b->app) &&
		jg_str_eq(a->user, b->user) && jg_str_eq(a->room, b->room) &&
		jg_str_eq(a->secret, b->secret) && memcmp(a->token_id, b->token_id, 16) == 0;
}

// Without a store: what the old file cut off and the new one does not is undone.
static void undo_missing(struct jg_engine *engine, const struct jg_config *old)
{
	struct jg_error err;
	for (uint32_t i = 0; i < old->cut_offs_n; i++) {
		struct jg_cut_off gone = old->cut_offs[i];
		bool there = false;
		for (uint32_t k = 0; k < engine->config->cut_offs_n && !there; k++)
			there = same_subject(&gone, &engine->config->cut_offs[k]);
		gone.before = JG_TIME_NONE;
		if (!there && jg_state_cut_off(engine->state, &gone, &err) != 0)
			jg_log(JG_LOG_ERROR, "state", "a cut-off could not be undone: %s",
				err.text);
	}
}

static bool has_app(const struct jg_config *config, const struct jg_app *app)
{
	for (uint32_t i = 0; i < config->apps_n; i++)
		if (config->apps[i].vendor == app->vendor &&
			jg_str_eq(config->apps[i].key, app->key))
			return true;
	return false;
}

// Without a store: apps of the old file that the new one does not have.
static void drop_missing(struct jg_engine *engine, const struct jg_config *old)
{
	struct jg_error err;
	for (uint32_t i = 0; i < old->apps_n; i++) {
		char path[JG_PATH_MAX];
		const struct jg_app *app = &old->apps[i];
		if (has_app(engine->config, app) || !jg_path_app(path, app->vendor, app->key))
			continue;
		const struct jg_record gone = {.path = {path, (uint32_t)strlen(path)}};
		if (jg_state_apply(engine->state, &gone, &err) != 0)
			jg_log(JG_LOG_ERROR, "state", "an app could not be removed: %s", err.text);
	}
}

// The file is the state. What workers read is the snapshot of the old one until this has worked out.
// Apps that stay keep their entries, and with them their counters.
static int reload_state(struct jg_engine *engine, const struct jg_config *old, struct jg_error *err)
{
	int result = jg_engine_load(engine, err);
	if (result != 0)
		return result;
	drop_missing(engine, old);
	undo_missing(engine, old);
	engine->reclaim = true;
	engine->reclaim_epoch = jg_publisher_next(engine->publisher);
	return 0;
}

// With a store only the audit line is written, so that the trail knows of every epoch.
static int note_reload(struct jg_engine *engine, const char *who, struct jg_error *err)
{
	const struct jg_audit audit = {
		.time = (int64_t)jg_realtime(),
		.epoch = jg_publisher_next(engine->publisher),
		.who = {who, (uint32_t)strlen(who)},
		.what = JG_STR("reload"),
		.detail = JG_STR("{}"),
	};
	const struct jg_store_change change = {.audit = &audit, .epoch = audit.epoch};
	(void)jg_engine_compare(engine);
	return engine->store->ops->commit(engine->store, &change, err);
}

int jg_engine_reload(
	struct jg_engine *engine, const char *who, uint64_t *epoch, struct jg_error *err)
{
	int result = -EINVAL;
	*epoch = 0;
	jg_engine_flush(engine);
	struct jg_config *fresh = NULL;
	if (engine->config_path == NULL)
		jg_error_set(err, "the gate was started without a configuration file");
	else
		fresh = read_config(engine, err);
	if (fresh == NULL) {
		engine->reload_failures++;
		return result;
	}
	struct jg_config *old = engine->config;
	engine->config = fresh;
	if (engine->store == NULL)
		result = reload_state(engine, old, err);
	else
		result = note_reload(engine, who, err);
	if (result == 0)
		result = jg_engine_publish(engine, err);
	if (result != 0) {
		struct jg_error again;
		engine->config = old;
		engine->reload_failures++;
		if (engine->store == NULL && reload_state(engine, fresh, &again) != 0)
			jg_log(JG_LOG_ERROR, "reload",
				"the old configuration could not be restored: %s", again.text);
		jg_config_free(fresh);
		return result;
	}
	if (old != engine->first_config) // which the store borrows
		jg_config_free(old);
	engine->reloads++;
	jg_refusals_apply(engine);
	*epoch = jg_publisher_epoch(engine->publisher);
	return 0;
}

// Until when a token of this app can live at most, counted from its issue; 0 = for ever. Only where
// the app's policy or the vendor makes every token say when it was issued and when it ends.
static int64_t longest_life(const struct jg_app *app)
{
	const struct jg_policy *p = &app->policy;
	bool dated = (p->required_claims & JG_CLAIM_IAT) != 0 || app->vendor == JG_VENDOR_AGORA;
	if (p->max_lifetime <= 0 || !dated)
		return 0;
	return p->max_lifetime + 300 + p->reconnect_grace + 1;
}

// What one step found: cut-offs to undo, and for each of their apps a floor that stands in for them
// should its tokens ever be allowed to live longer. Keys come in order: an app's are together.
struct collecting {
	struct jg_engine *engine;
	int64_t now;
	int64_t life; // of tokens of the app looked at last
	struct jg_state_app app;
	struct jg_cut_off *found;
	uint32_t n;
	size_t bytes;
	struct jg_record *floors;
	struct jg_floor *floor; // the one at the same place
	uint32_t floors_n;
};

// Subjects are copied: the store's rows do not outlive the visit.
static bool keep(struct jg_str *kept, struct jg_str text, size_t *bytes)
{
	char *copy = text.p == NULL ? NULL : malloc(text.len + 1u);
	if (copy != NULL)
		memcpy(copy, text.p, text.len);
	*kept = (struct jg_str){copy, copy == NULL ? 0 : text.len};
	*bytes += text.len;
	return copy != NULL || text.p == NULL;
}

static void raise_floor(struct collecting *c, int64_t before)
{
	const struct jg_app *app = c->app.app;
	struct jg_floor *last = c->floors_n == 0 ? NULL : &c->floor[c->floors_n - 1];
	if (last == NULL || last->vendor != app->vendor || !jg_str_eq(last->app, app->key)) {
		last = &c->floor[c->floors_n++];
		*last = (struct jg_floor){.vendor = app->vendor, .app = app->key};
		last->before = jg_state_floor(c->engine->state, app->vendor, app->key);
	}
	if (before > last->before)
		last->before = before;
}

static int collect_one(void *arg, const struct jg_cut_off *cut_off, struct jg_error *err)
{
	struct collecting *c = arg;
	const struct jg_app *app = c->app.app;
	if (app == NULL || app->vendor != cut_off->vendor || !jg_str_eq(app->key, cut_off->app)) {
		c->app.app = NULL;
		c->life = jg_state_find(c->engine->state, cut_off->vendor, cut_off->app, &c->app)
			? longest_life(c->app.app)
			: 0;
	}
	if (c->life == 0 || cut_off->before >= c->now - c->life)
		return 0;
	struct jg_cut_off *kept = &c->found[c->n++];
	*kept = *cut_off;
	kept->before = JG_TIME_NONE;
	bool ok = keep(&kept->user, cut_off->user, &c->bytes);
	ok &= keep(&kept->room, cut_off->room, &c->bytes);
	ok &= keep(&kept->secret, cut_off->secret, &c->bytes);
	kept->app = c->app.app->key;
	if (!ok) {
		jg_error_set(err, "out of memory");
		return -ENOMEM;
	}
	raise_floor(c, cut_off->before);
	return c->n == COLLECT_MAX || c->bytes > JG_CHANGE_MAX / 4; // 1: enough for one step
}

static int put_floors(struct collecting *c)
{
	char path[JG_PATH_MAX];
	for (uint32_t i = 0; i < c->floors_n; i++) {
		const struct jg_floor *floor = &c->floor[i];
		if (!jg_path_floor(path, floor->vendor, floor->app))
			return -EINVAL;
		char *kept = strdup(path);
		char *value = jg_record_floor_text(floor);
		c->floors[i].path = (struct jg_str){kept, (uint32_t)strlen(path)};
		c->floors[i].value =
			(struct jg_str){value, value == NULL ? 0 : (uint32_t)strlen(value)};
		if (kept == NULL || value == NULL)
			return -ENOMEM;
	}
	return 0;
}

static int collect_found(struct collecting *c, struct jg_error *err)
{
	json_t *detail = json_pack("{s:i}", "cut_offs", (int)c->n);
	const struct jg_change change = {
		.who = "joingated",
		.what = "collect",
		.detail = detail,
		.records = c->floors,
		.records_n = c->floors_n,
		.cut_offs = c->found,
		.cut_offs_n = c->n,
		.local = true,
	};
	struct jg_change_result result;
	uint64_t changed_ns = c->engine->changed_ns;
	int failed = put_floors(c);
	if (failed != 0)
		jg_error_set(err, "out of memory");
	else
		failed = jg_engine_change(c->engine, &change, &result, err);
	if (failed == 0)
		c->engine->collected += c->n;
	c->engine->changed_ns = changed_ns; // nobody else's change: there is time for more
	json_decref(detail);
	return failed;
}

static void collecting_fini(struct collecting *c)
{
	for (uint32_t i = 0; i < c->n; i++) {
		free((char *)(uintptr_t)c->found[i].user.p);
		free((char *)(uintptr_t)c->found[i].room.p);
		free((char *)(uintptr_t)c->found[i].secret.p);
	}
	for (uint32_t i = 0; c->floors != NULL && i < c->floors_n; i++) {
		free((char *)(uintptr_t)c->floors[i].path.p);
		jg_text_free((char *)(uintptr_t)c->floors[i].value.p);
	}
	free(c->found);
	free(c->floors);
	free(c->floor);
}

bool jg_engine_collect(struct jg_engine *engine, int64_t now)
{
	struct jg_error err;
	struct jg_store *store = engine->store;
	struct collecting c = {.engine = engine, .now = now};
	const struct jg_cut_off_filter some = {
		.older_than = now,
		.limit = UINT32_MAX,
		.scan = SCAN_MAX,
		.place = &engine->place,
	};
	const struct jg_store_sink sink = {.arg = &c, .cut_off = collect_one};
	c.found = calloc(COLLECT_MAX, sizeof(*c.found));
	c.floors = calloc(COLLECT_MAX, sizeof(*c.floors));
	c.floor = calloc(COLLECT_MAX, sizeof(*c.floor));
	int result = -ENOMEM;
	jg_error_set(&err, "out of memory");
	if (c.found != NULL && c.floors != NULL && c.floor != NULL)
		result = store->ops->cut_offs(store, &some, &sink, &err);
	if (result >= 0 && c.n > 0)
		result = collect_found(&c, &err);
	if (result < 0) {
		jg_log(JG_LOG_WARNING, "store", "collecting cut-offs: %s", err.text);
		engine->place.len = 0;
	}
	collecting_fini(&c);
	return engine->place.len == 0;
}

// The clock may have been set wrong since the start: what has not lasted that long is not over.
static int64_t elapsed_now(const struct jg_engine *engine, uint64_t now_ns)
{
	int64_t now = (int64_t)jg_realtime();
	int64_t lasted =
		engine->started_at + (int64_t)((now_ns - engine->started_ns) / 1000000000u);
	return now < lasted ? now : lasted;
}

bool jg_engine_rest(struct jg_engine *engine, uint64_t now_ns)
{
	struct jg_error err;
	struct jg_store *store = engine->store;
	bool quiet = now_ns - engine->changed_ns >= QUIET_NS && now_ns >= engine->changed_ns;
	if (store == NULL || now_ns < engine->rest_ns)
		return false;
	if (store->ops->settle != NULL && store->unsettled > (quiet ? 0 : UNSETTLED_MAX)) {
		int result = store->ops->settle(store, &err);
		if (!quiet)
			engine->rest_ns = now_ns + PRESSED_NS;
		if (result == 0)
			return true;
		jg_log(JG_LOG_WARNING, "store", "%s", err.text);
		engine->rest_ns = now_ns + RETRY_NS;
		return false;
	}
	if (!quiet)
		return false;
	if (!engine->searching && now_ns - engine->searched_ns >= SEARCH_NS) {
		engine->searching = true;
		engine->searched_ns = now_ns;
	}
	if (engine->searching)
		engine->searching = !jg_engine_collect(engine, elapsed_now(engine, now_ns));
	return engine->searching;
}

static int other_record(void *arg, const struct jg_record *record, struct jg_error *err)
{
	struct jg_engine *engine = arg;
	int result = jg_state_apply(engine->state, record, err);
	if (result == 0)
		engine->dirty = true;
	return result;
}

static int other_cut_off(void *arg, const struct jg_cut_off *cut_off, struct jg_error *err)
{
	struct jg_engine *engine = arg;
	engine->reclaim = true;
	return jg_state_cut_off(engine->state, cut_off, err);
}

void jg_engine_take_over(struct jg_engine *engine)
{
	struct jg_error err;
	struct jg_store *store = engine->store;
	const struct jg_store_sink sink = {engine, other_record, other_cut_off};
	store->epoch = jg_publisher_next(engine->publisher) - 1;
	int n = store->ops->poll(store, &sink, &err);
	if (n < 0)
		jg_log(JG_LOG_ERROR, "store", "%s", err.text);
	if (store->applied != engine->revision)
		engine->revision = store->applied;
	if (n <= 0)
		return;
	engine->changed_ns = jg_monotonic_ns();
	// Of the next epoch, whenever it comes: workers of this one may still look at what was replaced.
	engine->reclaim_epoch = jg_publisher_next(engine->publisher);
	if (engine->dirty) {
		if (jg_engine_publish(engine, &err) != 0)
			jg_log(JG_LOG_ERROR, "state", "not in force yet, will be tried again: %s",
				err.text);
	} else if (jg_publisher_publish(engine->publisher, NULL, jg_monotonic_ns()) == 0) {
		engine->dirty = true;
	}
}

// Workers see by themselves that their time is over; this is what operators and probes see of it.
static void fence(struct jg_engine *engine)
{
	bool fenced = engine->store->ops->fenced(engine->store);
	if (fenced == engine->fenced)
		return;
	engine->fenced = fenced;
	jg_log(fenced ? JG_LOG_ERROR : JG_LOG_INFO, "store", "%s",
		fenced ? "out of contact with the fleet beyond store.max_staleness: nobody is "
			 "admitted"
		       : "in contact with the fleet again");
}

void jg_engine_turn(struct jg_engine *engine)
{
	struct jg_error err;
	if (engine->store != NULL && engine->store->ops->poll != NULL) {
		jg_engine_take_over(engine);
		fence(engine);
	}
	uint64_t now_ns = jg_monotonic_ns();
	if (engine->store != NULL && engine->store->echoes && engine->store->empty &&
		now_ns >= engine->seed_ns) {
		engine->seed_ns = now_ns + SEED_NS;
		jg_engine_seed(engine);
	}
	if (engine->dirty && now_ns >= engine->retry_ns && jg_engine_publish(engine, &err) != 0) {
		jg_log(JG_LOG_ERROR, "state", "not in force yet, will be tried again: %s",
			err.text);
		engine->retry_ns = now_ns + RETRY_NS;
	}
	jg_publisher_poll(engine->publisher, now_ns);
	uint64_t in_force = jg_publisher_in_force(engine->publisher);
	bool all = in_force == jg_publisher_epoch(engine->publisher);
	if (engine->reclaim && all && in_force >= engine->reclaim_epoch) {
		jg_cut_offs_reclaim(jg_state_cut_offs(engine->state));
		engine->reclaim = false;
	}
	if (all && !engine->dirty && engine->revision != engine->announced) {
		engine->announced = engine->revision;
		engine->store->ops->in_force(engine->store, engine->revision);
	}
	atomic_store(&engine->ready, !engine->fenced && (all || atomic_load(&engine->ready)));
}
