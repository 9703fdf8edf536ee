// SPDX-License-Identifier: BSD-3-Clause
#include "closed.h"

#include <criterion/criterion.h>

static struct closed closed;
static struct jg_room_rule rules[4];
static struct jg_app apps[3];
static struct jg_cut_off cut_offs[4];
static struct jg_config config = {.apps = apps, .cut_offs = cut_offs};

static void add_app(unsigned vendor, const char *key, const char *pattern)
{
	struct jg_app *app = &apps[config.apps_n];
	*app = (struct jg_app){.key = {key, (uint32_t)strlen(key)}, .vendor = (uint8_t)vendor};
	if (pattern != NULL) {
		rules[config.apps_n].pattern = (struct jg_str){pattern, (uint32_t)strlen(pattern)};
		app->policy.rooms = &rules[config.apps_n];
		app->policy.rooms_n = 1;
	}
	config.apps_n++;
}

static void add_cut_off(unsigned scope, unsigned vendor, const char *app, const char *user)
{
	cut_offs[config.cut_offs_n++] = (struct jg_cut_off){.scope = (uint8_t)scope,
		.vendor = (uint8_t)vendor,
		.app = {app, (uint32_t)strlen(app)},
		.user = {user, (uint32_t)strlen(user)},
		.before = 1800000000};
}

static uint32_t count(unsigned kind, unsigned vendor)
{
	closed_find(&closed, &config);
	return closed_apps(&closed, kind, (enum jg_vendor)vendor)->n;
}

Test(closed, without_settings_nobody_is_shut_out)
{
	add_app(JG_VENDOR_LIVEKIT, "APIone", NULL);
	cr_assert_eq(count(KIND_REVOKED, JG_VENDOR_LIVEKIT), 0);
	cr_assert_eq(count(KIND_NOT_PERMITTED, JG_VENDOR_LIVEKIT), 0);
	cr_assert_null(closed_apps(&closed, KIND_EXPIRED, JG_VENDOR_LIVEKIT));
	cr_assert_null(closed_apps(&closed, KIND_GOOD, JG_VENDOR_LIVEKIT));
}

Test(closed, a_user_who_was_cut_off_is_found)
{
	add_app(JG_VENDOR_STREAM, "one", NULL);
	add_app(JG_VENDOR_LIVEKIT, "one", NULL);
	add_cut_off(JG_SCOPE_USER, JG_VENDOR_LIVEKIT, "one", "banned");
	cr_assert_eq(count(KIND_REVOKED, JG_VENDOR_STREAM), 0);
	cr_assert_eq(count(KIND_REVOKED, JG_VENDOR_LIVEKIT), 1);
	const struct closed_app *app = closed_apps(&closed, KIND_REVOKED, JG_VENDOR_LIVEKIT)->apps;
	cr_assert_eq(app->app, 1);
	cr_assert_eq(app->cut_off, &cut_offs[0]);
}

Test(closed, other_cut_offs_are_not_for_it)
{
	add_app(JG_VENDOR_LIVEKIT, "one", NULL);
	add_cut_off(JG_SCOPE_ROOM, JG_VENDOR_LIVEKIT, "one", "");
	add_cut_off(JG_SCOPE_USER, JG_VENDOR_LIVEKIT, "other", "banned");
	add_cut_off(JG_SCOPE_USER, JG_VENDOR_LIVEKIT, "one", "a-name-of-thirty-two-bytes-in-all");
	cr_assert_eq(count(KIND_REVOKED, JG_VENDOR_LIVEKIT), 0);
}

Test(closed, a_policy_that_names_rooms_closes_the_rest)
{
	add_app(JG_VENDOR_LIVEKIT, "one", "room-*");
	add_app(JG_VENDOR_LIVEKIT, "two", "*");
	add_app(JG_VENDOR_AGORA, "three", "lobby?");
	cr_assert_eq(count(KIND_NOT_PERMITTED, JG_VENDOR_LIVEKIT), 1);
	cr_assert_eq(closed_apps(&closed, KIND_NOT_PERMITTED, JG_VENDOR_LIVEKIT)->apps[0].app, 0);
	cr_assert_eq(count(KIND_NOT_PERMITTED, JG_VENDOR_AGORA), 1);
}

Test(closed, a_policy_that_names_the_closed_room_opens_it)
{
	static const char *const open[] = {
		"*", "closed-*", "closed-to-everybod?", CLOSED_ROOM, "[abc]*", "\\*"};
	for (size_t i = 0; i < JG_ARRAY_SIZE(open); i++) {
		config.apps_n = 0;
		add_app(JG_VENDOR_LIVEKIT, "one", open[i]);
		cr_assert_eq(count(KIND_NOT_PERMITTED, JG_VENDOR_LIVEKIT), 0, "%s", open[i]);
	}
}

Test(closed, more_than_there_is_room_for_are_left_out)
{
	add_app(JG_VENDOR_LIVEKIT, "one", NULL);
	add_cut_off(JG_SCOPE_USER, JG_VENDOR_LIVEKIT, "one", "banned");
	static struct jg_cut_off many[CLOSED_APPS * 2];
	for (size_t i = 0; i < JG_ARRAY_SIZE(many); i++)
		many[i] = cut_offs[0];
	config.cut_offs = many;
	config.cut_offs_n = JG_ARRAY_SIZE(many);
	cr_assert_eq(count(KIND_REVOKED, JG_VENDOR_LIVEKIT), CLOSED_APPS);
}
