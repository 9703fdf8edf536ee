// SPDX-License-Identifier: BSD-3-Clause
#include "figures_apps.h"

#include "engine.h"

#include <joingate/verify.h>

#include <stdlib.h>

#define ROWS (JG_COUNTER_APPS + 1) // the last: apps beyond the counters' table

// An app by its number. After a reload an app may go on under another number: same_as is the first
// number that had its name, where its counts are added up.
struct name {
	char key[JG_FIGURES_KEY_MAX]; // "" = not named yet
	uint8_t vendor;
	uint16_t same_as;
};

struct jg_app_figures {
	struct name names[ROWS];
	uint64_t now[ROWS][JG_REASON_COUNT];
	uint64_t last[ROWS][JG_REASON_COUNT];
	uint64_t others[JG_REASON_COUNT]; // what had no row of its own when it was counted
	uint64_t total[ROWS];
	uint16_t shown[JG_FIGURES_APPS];
	unsigned shown_n;
	unsigned apps_seen;
	uint64_t reloads_seen;
	bool named;
	uint64_t keys[JG_VENDOR_COUNT][JG_FIGURES_STATUSES]; // of this generation of apps
	uint64_t keys_generation;
};

struct jg_app_figures *jg_app_figures_new(void)
{
	return calloc(1, sizeof(struct jg_app_figures));
}

void jg_app_figures_free(struct jg_app_figures *apps)
{
	free(apps);
}

static int name_app(void *arg, const struct jg_state_app *found)
{
	struct jg_app_figures *apps = arg;
	if (found->index >= JG_COUNTER_APPS || found->app->key.len >= JG_FIGURES_KEY_MAX)
		return 0;
	struct name *name = &apps->names[found->index];
	if (name->key[0] != '\0')
		return 0;
	memcpy(name->key, found->app->key.p, found->app->key.len);
	name->key[found->app->key.len] = '\0';
	name->vendor = found->app->vendor;
	name->same_as = (uint16_t)found->index;
	for (uint16_t i = 0; i < found->index; i++)
		if (apps->names[i].vendor == name->vendor &&
			strcmp(apps->names[i].key, name->key) == 0) {
			name->same_as = apps->names[i].same_as;
			break;
		}
	return 0;
}

// Walks over all apps only when some may have come.
static void name_apps(struct jg_app_figures *apps, const struct jg_engine *engine)
{
	unsigned n = jg_state_apps_count(engine->state);
	bool unnamed = false;
	for (unsigned i = 0; i < JG_COUNTER_APPS; i++)
		unnamed |= apps->total[i] > 0 && apps->names[i].key[0] == '\0';
	if (apps->named && !unnamed && n == apps->apps_seen &&
		engine->reloads == apps->reloads_seen)
		return;
	(void)jg_state_apps(engine->state, apps, name_app);
	apps->named = true;
	apps->apps_seen = n;
	apps->reloads_seen = engine->reloads;
}

static void count(struct jg_app_figures *apps, const struct jg_engine *engine)
{
	memcpy(apps->last, apps->now, sizeof(apps->last));
	memset(apps->now, 0, sizeof(apps->now));
	memset(apps->total, 0, sizeof(apps->total));
	for (unsigned m = 0; m < engine->members_n; m++) {
		const struct jg_counters *counters = engine->members[m].counters;
		for (unsigned row = 0; counters != NULL && row < ROWS; row++)
			for (unsigned r = 0; r < JG_REASON_COUNT; r++)
				apps->now[row][r] += jg_count_read(&counters->apps[row][r]);
	}
	for (unsigned row = 0; row < ROWS; row++)
		for (unsigned r = 0; r < JG_REASON_COUNT; r++)
			apps->total[row] += apps->now[row][r];
}

static bool is_shown(const struct jg_app_figures *apps, unsigned row)
{
	for (unsigned i = 0; i < apps->shown_n; i++)
		if (apps->shown[i] == row)
			return true;
	return false;
}

// What came since the last time belongs to the row that stood then.
static void add_others(struct jg_app_figures *apps)
{
	for (unsigned row = 0; row < ROWS; row++) {
		const struct name *name = &apps->names[row];
		if (name->key[0] != '\0' && is_shown(apps, name->same_as))
			continue;
		for (unsigned r = 0; r < JG_REASON_COUNT; r++)
			apps->others[r] += apps->now[row][r] - apps->last[row][r];
	}
}

// Sums at the first number of each app, for the choice.
static void join_numbers(struct jg_app_figures *apps)
{
	for (unsigned row = 0; row < JG_COUNTER_APPS; row++) {
		unsigned first = apps->names[row].same_as;
		if (apps->names[row].key[0] == '\0' || first == row)
			continue;
		apps->total[first] += apps->total[row];
		apps->total[row] = 0;
	}
}

// The apps with most verdicts; where two have as many, the lower number stays in front.
static void choose(struct jg_app_figures *apps)
{
	apps->shown_n = 0;
	for (uint16_t row = 0; row < JG_COUNTER_APPS; row++) {
		if (apps->names[row].key[0] == '\0' || apps->names[row].same_as != row)
			continue;
		unsigned place = apps->shown_n;
		while (place > 0 && apps->total[apps->shown[place - 1]] < apps->total[row])
			place--;
		if (place == JG_FIGURES_APPS)
			continue;
		unsigned n = apps->shown_n < JG_FIGURES_APPS ? apps->shown_n : JG_FIGURES_APPS - 1;
		memmove(&apps->shown[place + 1], &apps->shown[place],
			(n - place) * sizeof(apps->shown[0]));
		apps->shown[place] = row;
		apps->shown_n = n + 1;
	}
}

static void fill_apps(const struct jg_app_figures *apps, struct jg_figures *figures)
{
	memset(figures->app, 0, sizeof(figures->app));
	for (unsigned i = 0; i < apps->shown_n; i++) {
		struct jg_figures_app *to = &figures->app[i];
		const struct name *name = &apps->names[apps->shown[i]];
		memcpy(to->key, name->key, sizeof(to->key));
		to->vendor = name->vendor;
		for (unsigned row = 0; row < JG_COUNTER_APPS; row++)
			if (apps->names[row].key[0] != '\0' &&
				apps->names[row].same_as == apps->shown[i])
				for (unsigned r = 0; r < JG_REASON_COUNT; r++)
					to->verdicts[r] += apps->now[row][r];
	}
	memcpy(figures->app[apps->shown_n].verdicts, apps->others, sizeof(apps->others));
	figures->app_n = apps->shown_n + 1;
}

static int64_t last_use(const struct jg_engine *engine, uint32_t number)
{
	uint64_t last = 0;
	for (unsigned m = 0; m < engine->members_n && number < JG_COUNTER_KEYS; m++) {
		const struct jg_counters *counters = engine->members[m].counters;
		uint64_t used = counters == NULL ? 0 : jg_count_read(&counters->key_used[number]);
		last = used > last ? used : last;
	}
	return (int64_t)last;
}

static void add_key(const struct jg_engine *engine, const struct jg_app *app,
	const struct jg_secret *secret, struct jg_figures *figures)
{
	uint32_t number;
	int64_t since;
	struct jg_figures_key *key = &figures->key[figures->key_n];
	if (!jg_state_secret(engine->state, app->vendor, app->key, secret->id, &number, &since))
		return;
	int64_t last = last_use(engine, number);
	*key = (struct jg_figures_key){.vendor = app->vendor,
		.status = jg_figures_status(secret->status),
		.began = secret->not_before != JG_TIME_NONE ? secret->not_before : since,
		.last_used = last >= since ? last : 0};
	(void)snprintf(key->id, sizeof(key->id), "%.*s", (int)secret->id.len, secret->id.p);
	(void)snprintf(key->app, sizeof(key->app), "%.*s", (int)app->key.len, app->key.p);
	figures->key_n++;
}

static void fill_keys(const struct jg_engine *engine, struct jg_figures *figures)
{
	figures->key_n = 0;
	for (unsigned i = 0; i + 1 < figures->app_n; i++) {
		const struct jg_figures_app *shown = &figures->app[i];
		const struct jg_str key = {shown->key, (uint32_t)strlen(shown->key)};
		struct jg_state_app found;
		if (!jg_state_find(engine->state, shown->vendor, key, &found))
			continue; // removed since
		for (uint32_t s = 0; s < found.app->secrets_n && figures->key_n < JG_FIGURES_KEYS;
			s++)
			add_key(engine, found.app, &found.app->secrets[s], figures);
	}
}

static int count_keys(void *arg, const struct jg_state_app *found)
{
	struct jg_app_figures *apps = arg;
	for (uint32_t s = 0; s < found->app->secrets_n; s++)
		apps->keys[found->app->vendor][found->app->secrets[s].status]++;
	return 0;
}

// Walks over all apps only when one has changed.
static void fill_key_counts(
	struct jg_app_figures *apps, const struct jg_engine *engine, struct jg_figures *figures)
{
	uint64_t generation = jg_state_apps_generation(engine->state);
	if (generation != apps->keys_generation) {
		memset(apps->keys, 0, sizeof(apps->keys));
		(void)jg_state_apps(engine->state, apps, count_keys);
		apps->keys_generation = generation;
	}
	memcpy(figures->keys, apps->keys, sizeof(figures->keys));
}

void jg_app_figures_gather(
	struct jg_app_figures *apps, const struct jg_engine *engine, struct jg_figures *figures)
{
	count(apps, engine);
	name_apps(apps, engine);
	join_numbers(apps);
	if (apps->shown_n == 0)
		choose(apps); // nothing was shown yet: nothing has to stay where it was
	add_others(apps);
	choose(apps);
	fill_apps(apps, figures);
	fill_keys(engine, figures);
	fill_key_counts(apps, engine, figures);
}
