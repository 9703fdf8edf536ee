// SPDX-License-Identifier: BSD-3-Clause
// What the control thread does between requests: reloads, retries, collection.
#include "engine.h"
#include "log.h"
#include "refusals.h"

#include <joingate/verify.h>

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#define COLLECT_MAX 1000 // cut-offs in one transaction
#define RETRY_NS (UINT64_C(1) * 1000000000)

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

struct collecting {
	struct jg_engine *engine;
	int64_t now;
	struct jg_cut_off *found;
	uint32_t n;
};

// Subjects are copied: the store's rows do not outlive the visit.
static struct jg_str keep(struct jg_str text)
{
	char *copy = text.p == NULL ? NULL : malloc(text.len + 1u);
	if (copy == NULL)
		return (struct jg_str){NULL, 0};
	memcpy(copy, text.p, text.len);
	return (struct jg_str){copy, text.len};
}

static int collect_one(void *arg, const struct jg_cut_off *cut_off, struct jg_error *err)
{
	(void)err;
	struct collecting *c = arg;
	struct jg_cut_off *kept = &c->found[c->n++];
	*kept = *cut_off;
	kept->app = keep(cut_off->app);
	kept->user = keep(cut_off->user);
	kept->room = keep(cut_off->room);
	kept->secret = keep(cut_off->secret);
	kept->before = JG_TIME_NONE;
	return 0;
}

static int collect_app(void *arg, const struct jg_state_app *found)
{
	struct collecting *c = arg;
	struct jg_error err;
	int64_t life = longest_life(found->app);
	if (life == 0 || c->n == COLLECT_MAX)
		return 0;
	const struct jg_cut_off_filter old = {
		.vendor = found->app->vendor,
		.app = found->app->key,
		.older_than = c->now - life,
		.limit = COLLECT_MAX - c->n,
	};
	const struct jg_store_sink sink = {.arg = c, .cut_off = collect_one};
	struct jg_store *store = c->engine->store;
	if (store->ops->cut_offs(store, &old, &sink, &err) != 0)
		jg_log(JG_LOG_WARNING, "store", "collecting cut-offs: %s", err.text);
	return 0;
}

void jg_engine_collect(struct jg_engine *engine, int64_t now)
{
	if (engine->store == NULL)
		return;
	struct collecting c = {.engine = engine, .now = now};
	c.found = calloc(COLLECT_MAX, sizeof(*c.found));
	if (c.found == NULL)
		return;
	(void)jg_state_apps(engine->state, &c, collect_app);
	if (c.n > 0) {
		json_t *detail = json_pack("{s:i}", "cut_offs", (int)c.n);
		const struct jg_change change = {
			.who = "joingated",
			.what = "collect",
			.detail = detail,
			.cut_offs = c.found,
			.cut_offs_n = c.n,
			.local = true,
		};
		struct jg_change_result result;
		struct jg_error err;
		if (jg_engine_change(engine, &change, &result, &err) != 0)
			jg_log(JG_LOG_WARNING, "store", "collecting cut-offs: %s", err.text);
		else
			engine->collected += c.n;
		json_decref(detail);
	}
	for (uint32_t i = 0; i < c.n; i++) {
		free((char *)(uintptr_t)c.found[i].app.p);
		free((char *)(uintptr_t)c.found[i].user.p);
		free((char *)(uintptr_t)c.found[i].room.p);
		free((char *)(uintptr_t)c.found[i].secret.p);
	}
	free(c.found);
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
	if (engine->dirty) {
		if (jg_engine_publish(engine, &err) != 0)
			jg_log(JG_LOG_ERROR, "state", "not in force yet, will be tried again: %s",
				err.text);
	} else if (jg_publisher_publish(engine->publisher, NULL, jg_monotonic_ns()) == 0) {
		engine->dirty = true;
	}
	engine->reclaim_epoch = jg_publisher_epoch(engine->publisher);
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
