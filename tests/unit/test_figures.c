// SPDX-License-Identifier: BSD-3-Clause
// Verdicts by app: a bounded number of rows, none of which ever falls.
#include "engine.h"
#include "fake_channel.h"
#include "figures_apps.h"

#include <criterion/criterion.h>

#include <stdlib.h>

static struct jg_error err;
static struct jg_engine engine;
static struct jg_counters *counters;
static struct jg_control_member member;
static struct jg_app_figures *apps;
static struct jg_figures *figures;

static void setup(void)
{
	counters = calloc(1, sizeof(*counters) + JG_CACHE_LINE);
	counters = (void *)(((uintptr_t)counters + JG_CACHE_LINE - 1) & ~(uintptr_t)63);
	member = (struct jg_control_member){.name = "worker 0", .counters = counters};
	engine =
		(struct jg_engine){.state = jg_state_new(&err), .members = &member, .members_n = 1};
	apps = jg_app_figures_new();
	figures = calloc(1, sizeof(*figures));
}

TestSuite(figures, .init = setup);

static void put(unsigned number, bool present)
{
	char path[64];
	char value[256];
	int n = snprintf(value, sizeof(value),
		"{\"vendor\":\"stream\",\"key\":\"app%u\",\"secrets\":[{\"id\":\"s\",\"secret\":"
		"\"not-a-secret\",\"not_before\":1799000000}]}",
		number);
	int m = snprintf(path, sizeof(path), "app/stream/app%u", number);
	const struct jg_record record = {.path = {path, (uint32_t)m},
		.value = {present ? value : NULL, present ? (uint32_t)n : 0},
		.revision = 1};
	cr_assert_eq(jg_state_apply(engine.state, &record, &err), 0, "%s", err.text);
}

static void say(unsigned index, unsigned reason, uint64_t n)
{
	jg_count_add(&counters->apps[index][reason], n);
}

static void gather(void)
{
	jg_app_figures_gather(apps, &engine, figures);
}

// What is said of "app7"; "" = the others. UINT64_MAX: it has no row.
static uint64_t told(const char *key, unsigned reason)
{
	for (unsigned i = 0; i < figures->app_n; i++)
		if (strcmp(figures->app[i].key, key) == 0)
			return figures->app[i].verdicts[reason];
	return UINT64_MAX;
}

Test(figures, apps_stand_in_the_order_of_their_verdicts)
{
	for (unsigned i = 0; i < 3; i++)
		put(i, true);
	say(0, JG_REASON_OK, 1);
	say(2, JG_REASON_OK, 5);
	say(2, JG_REASON_EXPIRED, 5);
	say(1, JG_REASON_REVOKED, 9);
	gather();
	cr_assert_eq(figures->app_n, 4);
	cr_assert_str_eq(figures->app[0].key, "app2");
	cr_assert_str_eq(figures->app[1].key, "app1");
	cr_assert_str_eq(figures->app[2].key, "app0");
	cr_assert_eq(told("app2", JG_REASON_EXPIRED), 5);
	cr_assert_eq(told("", JG_REASON_OK), 0);
	cr_assert_str_eq(jg_figures_app_label(&figures->app[3]), "other");
}

Test(figures, beyond_the_top_all_apps_share_one_row)
{
	for (unsigned i = 0; i < 100; i++) {
		put(i, true);
		say(i, JG_REASON_OK, 1000 - i);
	}
	say(JG_COUNTER_APPS, JG_REASON_OK, 7); // those that have no counters of their own
	gather();
	cr_assert_eq(figures->app_n, JG_FIGURES_APPS + 1);
	uint64_t sum = 7;
	for (unsigned i = JG_FIGURES_APPS; i < 100; i++)
		sum += 1000 - i;
	cr_assert_eq(told("", JG_REASON_OK), sum);
	cr_assert_eq(told("app0", JG_REASON_OK), 1000);
	cr_assert_eq(told("app20", JG_REASON_OK), UINT64_MAX);
}

Test(figures, the_row_of_the_others_never_falls)
{
	for (unsigned i = 0; i <= JG_FIGURES_APPS; i++) {
		put(i, true);
		say(i, JG_REASON_OK, i < JG_FIGURES_APPS ? 100 : 50);
	}
	gather();
	cr_assert_eq(told("", JG_REASON_OK), 50);
	say(JG_FIGURES_APPS, JG_REASON_OK, 200); // it comes up, another goes down
	gather();
	cr_assert_eq(told("app20", JG_REASON_OK), 250);
	cr_assert_eq(told("app19", JG_REASON_OK), UINT64_MAX);
	cr_assert_eq(told("", JG_REASON_OK), 250, "counted while it had no row");
	say(JG_FIGURES_APPS, JG_REASON_OK, 1);
	say(19, JG_REASON_OK, 3);
	gather();
	cr_assert_eq(told("", JG_REASON_OK), 253);
}

Test(figures, an_app_that_comes_again_keeps_its_counts)
{
	put(0, true);
	say(0, JG_REASON_OK, 5);
	gather();
	put(0, false);
	put(0, true); // under the next number
	engine.reloads++;
	say(1, JG_REASON_OK, 2);
	gather();
	cr_assert_eq(figures->app_n, 2, "one row and the others");
	cr_assert_eq(told("app0", JG_REASON_OK), 7);
	cr_assert_eq(told("", JG_REASON_OK), 0);
}

Test(figures, counts_without_a_name_belong_to_the_others)
{
	say(5, JG_REASON_BAD_SIGNATURE, 4);
	gather();
	cr_assert_eq(figures->app_n, 1);
	cr_assert_eq(told("", JG_REASON_BAD_SIGNATURE), 4);
}

Test(figures, secrets_show_their_begin_and_last_use)
{
	put(0, true);
	gather();
	cr_assert_eq(figures->key_n, 1);
	cr_assert_str_eq(figures->key[0].id, "s");
	cr_assert_str_eq(figures->key[0].app, "app0");
	cr_assert_str_eq(figures->key[0].status, "active");
	cr_assert_eq(figures->key[0].began, 1799000000);
	cr_assert_eq(figures->key[0].last_used, 0);
	uint32_t number;
	int64_t since;
	cr_assert(jg_state_secret(
		engine.state, JG_VENDOR_STREAM, JG_STR("app0"), JG_STR("s"), &number, &since));
	jg_count_set(&counters->key_used[number], (uint64_t)since + 10);
	gather();
	cr_assert_eq(figures->key[0].last_used, since + 10);
}

Test(figures, a_removed_app_has_no_secrets)
{
	put(0, true);
	gather();
	put(0, false);
	gather();
	cr_assert_eq(figures->key_n, 0);
}

// What put() added is one active secret each.
Test(figures, secrets_are_counted_over_all_apps_and_anew_when_one_changes)
{
	for (unsigned i = 0; i < 2 * JG_FIGURES_APPS; i++)
		put(i, true);
	gather();
	cr_assert_eq(figures->keys[JG_VENDOR_STREAM][JG_SECRET_ACTIVE], 2 * JG_FIGURES_APPS);
	cr_assert_eq(figures->keys[JG_VENDOR_LIVEKIT][JG_SECRET_ACTIVE], 0);
	uint64_t generation = jg_state_apps_generation(engine.state);
	gather();
	cr_assert_eq(jg_state_apps_generation(engine.state), generation);
	put(0, false);
	gather();
	cr_assert_eq(figures->keys[JG_VENDOR_STREAM][JG_SECRET_ACTIVE], 2 * JG_FIGURES_APPS - 1);
	cr_assert_eq(jg_state_apps_generation(engine.state), generation + 1);
}
