// SPDX-License-Identifier: BSD-3-Clause
#include "app_find.h"

#include <joingate/capability.h>

#include <criterion/criterion.h>

#include <errno.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdio.h>

static const struct jg_secret one_secret = {.id = {"a", 1},
	.secret = {"secret", 6},
	.not_before = JG_TIME_NONE,
	.not_after = JG_TIME_NONE};

static struct jg_app livekit(const char *key)
{
	return (struct jg_app){.key = {key, (uint32_t)strlen(key)},
		.vendor = JG_VENDOR_LIVEKIT,
		.secrets = &one_secret,
		.secrets_n = 1,
		.policy = jg_policy_default()};
}

static struct jg_snapshot_builder *builder_of(const struct jg_app *app)
{
	struct jg_snapshot_builder *builder = jg_snapshot_builder_new();
	struct jg_error err = {""};
	cr_assert_not_null(builder);
	cr_assert_eq(jg_snapshot_builder_add(builder, app, &err), 0, "%s", err.text);
	return builder;
}

static struct jg_snapshot *seal(struct jg_snapshot_builder *builder)
{
	struct jg_error err = {""};
	struct jg_snapshot *snapshot = jg_snapshot_build(builder, 7, &err);
	cr_assert_not_null(snapshot, "%s", err.text);
	return snapshot;
}

static void expect_refused(const struct jg_app *app, int status, const char *why)
{
	struct jg_snapshot_builder *builder = jg_snapshot_builder_new();
	struct jg_error err = {""};
	cr_expect_eq(jg_snapshot_builder_add(builder, app, &err), status);
	cr_expect_not_null(strstr(err.text, why), "\"%s\" lacks \"%s\"", err.text, why);
	jg_snapshot_builder_free(builder);
}

// Each snapshot has seeds of its own, so that in some of them any two hashes share a slot.
Test(snapshot, a_key_is_its_vendors_alone)
{
	static const char *const keys[] = {
		"APIq7Rk2ZtVw9LmX", "12345678", "short", "a key that is much longer"};
	for (unsigned i = 0; i < 4000; i++) {
		const char *text = keys[i % JG_ARRAY_SIZE(keys)];
		const struct jg_app app = livekit(text);
		struct jg_snapshot *snapshot = seal(builder_of(&app));
		for (unsigned vendor = 0; vendor < JG_VENDOR_COUNT; vendor++)
			cr_assert_eq(jg_snapshot_find(snapshot, vendor, app.key) != NULL,
				vendor == JG_VENDOR_LIVEKIT, "%s of vendor %u", text, vendor);
		jg_snapshot_free(snapshot);
	}
}

Test(snapshot, an_empty_one_knows_no_app)
{
	struct jg_snapshot *snapshot = seal(jg_snapshot_builder_new());
	cr_assert_null(jg_snapshot_find(snapshot, JG_VENDOR_LIVEKIT, JG_STR("APIx")));
	cr_assert_null(jg_snapshot_find(snapshot, JG_VENDOR_LIVEKIT, JG_STR("")));
	cr_assert_eq(jg_snapshot_epoch(snapshot), 7);
	cr_assert_null(jg_snapshot_cut_offs(snapshot));
	jg_snapshot_free(snapshot);
	jg_snapshot_free(NULL);
	jg_snapshot_builder_free(NULL);
}

Test(snapshot, finds_each_of_many_apps_by_vendor_and_key)
{
	enum {
		APPS = 3000
	};
	struct jg_snapshot_builder *builder = jg_snapshot_builder_new();
	char key[160];
	for (unsigned i = 0; i < APPS; i++) {
		// Some longer than what a slot holds.
		(void)snprintf(key, sizeof(key), "%0*u", i % 3 == 0 ? 120 : 12, i);
		struct jg_app app = livekit(key);
		app.index = i;
		cr_assert_eq(jg_snapshot_builder_add(builder, &app, NULL), 0);
	}
	struct jg_snapshot *snapshot = seal(builder);
	for (unsigned i = 0; i < APPS; i++) {
		(void)snprintf(key, sizeof(key), "%0*u", i % 3 == 0 ? 120 : 12, i);
		struct jg_str name = {key, (uint32_t)strlen(key)};
		const struct jg_app_entry *app =
			jg_snapshot_find(snapshot, JG_VENDOR_LIVEKIT, name);
		cr_assert_not_null(app);
		cr_assert_eq(app->index, i);
		cr_assert_null(jg_snapshot_find(snapshot, JG_VENDOR_STREAM, name));
		key[0] = 'x';
		cr_assert_null(jg_snapshot_find(snapshot, JG_VENDOR_LIVEKIT, name));
	}
	jg_snapshot_free(snapshot);
}

Test(snapshot, a_row_says_what_its_app_and_the_first_secret_do)
{
	struct jg_secret secrets[2] = {one_secret, one_secret};
	struct jg_app app = livekit("a key of many characters");
	app.secrets = secrets;
	app.secrets_n = 2;
	app.index = 9;
	app.policy.leeway = 7;
	secrets[0].status = JG_SECRET_VERIFY_ONLY;
	secrets[1].id = JG_STR("signs");
	secrets[1].index = 5;
	for (unsigned window = 0; window < 2; window++) {
		secrets[1].not_after = window == 0 ? JG_TIME_NONE : 2000000000;
		struct jg_snapshot *snapshot = seal(builder_of(&app));
		uint64_t hash = jg_snapshot_hash(snapshot, JG_VENDOR_LIVEKIT, app.key);
		const struct jg_app_row *row =
			jg_snapshot_search(snapshot, hash, JG_VENDOR_LIVEKIT, app.key);
		cr_assert_not_null(row);
		cr_assert_eq(row, jg_snapshot_first(snapshot, hash));
		const struct jg_app_entry *entry = row->app;
		cr_assert(jg_str_eq(jg_app_key(row), app.key) && entry->keys_n == 2);
		cr_assert(row->index == 9 && row->leeway == 7 && row->plain_policy);
		cr_assert(jg_str_eq(
			(struct jg_str){row->first_id, row->first_id_len}, JG_STR("signs")));
		cr_assert(row->first_index == 5 && row->first_usable == (window == 0));
		cr_assert_arr_eq(&row->first, &jg_app_keys(entry)->mac, sizeof(row->first));
		jg_snapshot_free(snapshot);
	}
}

// Short keys are compared in another way than long ones.
Test(snapshot, every_byte_of_a_key_counts)
{
	char key[129], other[129];
	for (unsigned len = 1; len <= 40; len++) {
		memset(key, 'k', len);
		key[len] = other[len] = '\0';
		struct jg_app app = livekit(key);
		struct jg_snapshot *snapshot = seal(builder_of(&app));
		cr_assert_not_null(
			jg_snapshot_find(snapshot, JG_VENDOR_LIVEKIT, (struct jg_str){key, len}));
		for (unsigned i = 0; i < len; i++) {
			memcpy(other, key, len);
			other[i] = 'x';
			cr_assert_null(jg_snapshot_find(snapshot, JG_VENDOR_LIVEKIT,
					       (struct jg_str){other, len}),
				"%u of %u", i, len);
			cr_assert_null(jg_snapshot_find(
				snapshot, JG_VENDOR_LIVEKIT, (struct jg_str){key, i}));
		}
		jg_snapshot_free(snapshot);
	}
}

Test(snapshot, copies_every_string)
{
	char key[] = "APIq", id[] = "2026", certificate[] = "5CFd2fd1755d40ecb72977518be15d3b";
	char role[] = "host", pattern[] = "room-*";
	struct jg_secret secret = one_secret;
	secret.id = (struct jg_str){id, 4};
	secret.secret = (struct jg_str){certificate, 32};
	struct jg_role roles = {.role = {role, 4}, .capabilities = JG_CAPABILITY(JOIN)};
	struct jg_room_rule rooms = {.pattern = {pattern, 6}};
	struct jg_app app = livekit(key);
	app.vendor = JG_VENDOR_AGORA;
	app.secrets = &secret;
	app.policy.roles = &roles;
	app.policy.roles_n = 1;
	app.policy.rooms = &rooms;
	app.policy.rooms_n = 1;
	struct jg_snapshot *snapshot = seal(builder_of(&app));
	struct jg_mac_key wanted;
	jg_mac_key_init(&wanted, JG_MAC_SHA256, certificate, 32);
	explicit_bzero(key, 4);
	explicit_bzero(id, 4);
	explicit_bzero(certificate, 32);
	explicit_bzero(role, 4);
	explicit_bzero(pattern, 6);
	const struct jg_app_entry *entry =
		jg_snapshot_find(snapshot, JG_VENDOR_AGORA, JG_STR("APIq"));
	cr_assert_not_null(entry);
	cr_assert_eq(entry->keys_n, 1);
	cr_assert(jg_str_eq(jg_app_keys(entry)[0].id, JG_STR("2026")));
	cr_assert(jg_str_eq(
		jg_app_keys(entry)[0].certificate, JG_STR("5CFd2fd1755d40ecb72977518be15d3b")));
	cr_assert_arr_eq(&jg_app_keys(entry)[0].mac, &wanted, sizeof(wanted));
	cr_assert(jg_str_eq(entry->policy.roles[0].role, JG_STR("host")));
	cr_assert(jg_str_eq(entry->policy.rooms[0].pattern, JG_STR("room-*")));
	cr_assert_not(entry->plain_policy);
	jg_snapshot_free(snapshot);
}

Test(snapshot, keys_stand_in_the_order_they_are_tried)
{
	const struct jg_secret secrets[] = {
		{{"old", 3}, {"1", 1}, .not_before = JG_TIME_NONE, .not_after = 1800600000,
			.status = JG_SECRET_VERIFY_ONLY},
		{{"gone", 4}, {"2", 1}, .not_before = JG_TIME_NONE, .not_after = JG_TIME_NONE,
			.status = JG_SECRET_RETIRED},
		{{"new", 3}, {"3", 1}, .not_before = 1700000000, .not_after = JG_TIME_NONE},
		{{"newer", 5}, {"4", 1}, .not_before = JG_TIME_NONE, .not_after = JG_TIME_NONE},
	};
	struct jg_app app = livekit("APIx");
	app.secrets = secrets;
	app.secrets_n = 4;
	struct jg_snapshot *snapshot = seal(builder_of(&app));
	const struct jg_app_entry *entry =
		jg_snapshot_find(snapshot, JG_VENDOR_LIVEKIT, JG_STR("APIx"));
	cr_assert_eq(entry->keys_n, 3);
	cr_assert(jg_str_eq(jg_app_keys(entry)[0].id, JG_STR("new")));
	cr_assert(jg_str_eq(jg_app_keys(entry)[1].id, JG_STR("newer")));
	cr_assert(jg_str_eq(jg_app_keys(entry)[2].id, JG_STR("old")));
	cr_assert_eq(jg_app_keys(entry)[0].not_before, 1700000000);
	cr_assert_eq(jg_app_keys(entry)[0].not_after, INT64_MAX);
	cr_assert_eq(jg_app_keys(entry)[2].not_before, INT64_MIN);
	cr_assert_eq(jg_app_keys(entry)[2].not_after, 1800600000);
	jg_snapshot_free(snapshot);
}

Test(snapshot, leeway_becomes_the_vendors_own_seconds)
{
	struct jg_app app = livekit("APIx");
	struct jg_snapshot_builder *builder = builder_of(&app);
	app.vendor = JG_VENDOR_STREAM;
	cr_assert_eq(jg_snapshot_builder_add(builder, &app, NULL), 0);
	app.vendor = JG_VENDOR_OPENTOK;
	app.policy.leeway = 17;
	cr_assert_eq(jg_snapshot_builder_add(builder, &app, NULL), 0);
	struct jg_snapshot *snapshot = seal(builder);
	struct jg_str key = JG_STR("APIx");
	const struct jg_app_entry *entry = jg_snapshot_find(snapshot, JG_VENDOR_LIVEKIT, key);
	cr_assert_eq(entry->policy.leeway, 60);
	cr_assert(entry->plain_policy);
	cr_assert_eq(jg_snapshot_find(snapshot, JG_VENDOR_STREAM, key)->policy.leeway, 0);
	cr_assert_eq(jg_snapshot_find(snapshot, JG_VENDOR_OPENTOK, key)->policy.leeway, 17);
	jg_snapshot_free(snapshot);
}

Test(snapshot, the_same_app_twice_is_refused)
{
	struct jg_app app = livekit("APIx");
	struct jg_snapshot_builder *builder = builder_of(&app);
	struct jg_error err = {""};
	cr_assert_eq(jg_snapshot_builder_add(builder, &app, &err), -EEXIST);
	cr_assert_not_null(strstr(err.text, "APIx"));
	app.vendor = JG_VENDOR_STREAM;
	cr_assert_eq(jg_snapshot_builder_add(builder, &app, &err), 0);
	jg_snapshot_builder_free(builder);
}

Test(snapshot, an_app_without_a_proper_name_is_refused)
{
	struct jg_app app = livekit("");
	expect_refused(&app, -EINVAL, "1 to 128 bytes");
	app.key = (struct jg_str){NULL, 0};
	expect_refused(&app, -EINVAL, "1 to 128 bytes");
	char longer[129];
	memset(longer, 'k', sizeof(longer));
	app.key = (struct jg_str){longer, sizeof(longer)};
	expect_refused(&app, -EINVAL, "1 to 128 bytes");
	app = livekit("APIx");
	app.vendor = JG_VENDOR_NONE;
	expect_refused(&app, -EINVAL, "vendor");
	app.vendor = JG_VENDOR_COUNT;
	expect_refused(&app, -EINVAL, "vendor");
}

Test(snapshot, a_bad_secret_is_refused_and_never_repeated)
{
	struct jg_secret secrets[] = {one_secret, one_secret};
	struct jg_app app = livekit("APIx");
	app.secrets = secrets;
	app.secrets_n = 2;
	expect_refused(&app, -EINVAL, "twice");
	app.secrets_n = 1;
	secrets[0].id = JG_STR("");
	expect_refused(&app, -EINVAL, "1 to 64 bytes");
	secrets[0] = one_secret;
	secrets[0].secret = JG_STR("");
	expect_refused(&app, -EINVAL, "empty");
	secrets[0] = one_secret;
	secrets[0].status = 3;
	expect_refused(&app, -EINVAL, "status");
	secrets[0] = one_secret;
	secrets[0].not_before = secrets[0].not_after = 1800000000;
	expect_refused(&app, -EINVAL, "window");
	secrets[0] = one_secret;
	secrets[0].public_key = JG_STR("-----BEGIN");
	expect_refused(&app, -EINVAL, "RSA");
	app.vendor = JG_VENDOR_VONAGE;
	expect_refused(&app, -EINVAL, "RS256");
	secrets[0].secret = (struct jg_str){NULL, 0};
	expect_refused(&app, -EINVAL, "PEM");
	secrets[0].status = JG_SECRET_RETIRED;
	expect_refused(&app, -EINVAL, "PEM");
	secrets[0].public_key = (struct jg_str){NULL, 0};
	expect_refused(&app, -EINVAL, "no key");
}

Test(snapshot, a_bad_policy_is_refused)
{
	const struct jg_app good = livekit("APIx");
	struct jg_app app = good;
	app.policy.leeway = 301;
	expect_refused(&app, -EINVAL, "leeway");
	app.policy.leeway = -2;
	expect_refused(&app, -EINVAL, "leeway");
	app = good;
	app.policy.deny = UINT64_C(1) << JG_CAPABILITY_COUNT;
	expect_refused(&app, -EINVAL, "capability");
	app = good;
	app.policy.publish_sources = JG_CAPABILITY(JOIN);
	expect_refused(&app, -EINVAL, "publish_sources");
	app = good;
	app.policy.max_lifetime = -1;
	expect_refused(&app, -EINVAL, "max_lifetime");
	app = good;
	app.policy.refresh_until = INT64_MAX;
	expect_refused(&app, -EINVAL, "refresh_until");
	app = good;
	app.policy.required_claims = 8;
	expect_refused(&app, -EINVAL, "required_claims");
	app = good;
	app.policy.auth_checks = false;
	expect_refused(&app, -EINVAL, "auth_checks");
	app.vendor = JG_VENDOR_STREAM;
	jg_snapshot_builder_free(builder_of(&app));
	const struct jg_role roles[] = {{{"host", 4}, 1}, {{"host", 4}, 2}, {{"", 0}, 0}};
	app = good;
	app.policy.roles = roles;
	app.policy.roles_n = 2;
	expect_refused(&app, -EINVAL, "twice");
	app.policy.roles = &roles[2];
	app.policy.roles_n = 1;
	expect_refused(&app, -EINVAL, "1024 bytes");
	const struct jg_room_rule rooms[] = {{{"", 0}, 0}, {{"*", 1}, UINT64_MAX}};
	app = good;
	app.policy.rooms = rooms;
	app.policy.rooms_n = 1;
	expect_refused(&app, -EINVAL, "pattern");
	app.policy.rooms = &rooms[1];
	expect_refused(&app, -EINVAL, "capability");
}

static bool allows(
	const struct jg_snapshot *snapshot, const struct jg_app_entry *app, unsigned caller)
{
	return jg_snapshot_allows(snapshot, app->vendor, app->caller_set, caller);
}

Test(snapshot, callers_may_ask_about_what_they_were_allowed)
{
	struct jg_app app = livekit("APIa");
	struct jg_snapshot_builder *builder = builder_of(&app);
	app = livekit("APIb");
	cr_assert_eq(jg_snapshot_builder_add(builder, &app, NULL), 0);
	app = livekit("st");
	app.vendor = JG_VENDOR_STREAM;
	cr_assert_eq(jg_snapshot_builder_add(builder, &app, NULL), 0);
	const struct jg_str all = {NULL, 0};
	const unsigned lk = JG_VENDOR_LIVEKIT;
	cr_assert_eq(jg_snapshot_builder_allow(builder, 1, JG_VENDOR_NONE, all, NULL), 0);
	cr_assert_eq(jg_snapshot_builder_allow(builder, 2, lk, all, NULL), 0);
	cr_assert_eq(jg_snapshot_builder_allow(builder, 3, lk, JG_STR("APIa"), NULL), 0);
	cr_assert_eq(jg_snapshot_builder_allow(builder, 1023, lk, JG_STR("APIb"), NULL), 0);
	cr_assert_eq(jg_snapshot_builder_allow(builder, 1023, lk, JG_STR("APIa"), NULL), 0);
	cr_assert_eq(jg_snapshot_builder_allow(builder, 3, lk, JG_STR("APIa"), NULL), 0);
	cr_assert_eq(jg_snapshot_builder_allow(builder, 3, lk, JG_STR("APIb"), NULL), 0);
	struct jg_snapshot *snapshot = seal(builder);
	const struct jg_app_entry *a = jg_snapshot_find(snapshot, lk, JG_STR("APIa"));
	const struct jg_app_entry *b = jg_snapshot_find(snapshot, lk, JG_STR("APIb"));
	const struct jg_app_entry *s = jg_snapshot_find(snapshot, JG_VENDOR_STREAM, JG_STR("st"));
	cr_assert_eq(a->caller_set, b->caller_set);
	static const struct {
		unsigned caller;
		bool a, b, s;
	} rows[] = {{0, true, true, true}, {1, true, true, true}, {2, true, true, false},
		{3, true, true, false}, {4, false, false, false}, {1023, true, true, false},
		{1024, false, false, false}, {UINT32_MAX, false, false, false}};
	for (unsigned i = 0; i < JG_ARRAY_SIZE(rows); i++) {
		cr_expect_eq(allows(snapshot, a, rows[i].caller), rows[i].a);
		cr_expect_eq(allows(snapshot, b, rows[i].caller), rows[i].b);
		cr_expect_eq(allows(snapshot, s, rows[i].caller), rows[i].s);
	}
	jg_snapshot_free(snapshot);
}

Test(snapshot, a_permission_for_what_is_not_there_is_refused)
{
	struct jg_app app = livekit("APIa");
	struct jg_snapshot_builder *builder = builder_of(&app);
	struct jg_error err = {""};
	const unsigned lk = JG_VENDOR_LIVEKIT;
	cr_assert_eq(jg_snapshot_builder_allow(builder, 1, lk, JG_STR("APIb"), &err), -ENOENT);
	cr_assert_not_null(strstr(err.text, "APIb"));
	const struct jg_str key = JG_STR("APIa");
	cr_assert_eq(jg_snapshot_builder_allow(builder, 0, lk, key, &err), -EINVAL);
	cr_assert_eq(jg_snapshot_builder_allow(builder, JG_CALLERS_MAX, lk, key, &err), -EINVAL);
	cr_assert_eq(jg_snapshot_builder_allow(builder, 1, JG_VENDOR_NONE, key, &err), -EINVAL);
	cr_assert_eq(jg_snapshot_builder_allow(builder, 1, JG_VENDOR_COUNT, key, &err), -EINVAL);
	struct jg_snapshot *snapshot = seal(builder);
	const struct jg_app_entry *a = jg_snapshot_find(snapshot, lk, key);
	cr_assert_not(allows(snapshot, a, 1));
	jg_snapshot_free(snapshot);
}

Test(snapshot, an_override_is_found_for_its_participant_alone)
{
	struct jg_app app = livekit("APIa");
	struct jg_snapshot_builder *builder = builder_of(&app);
	char name[] = "Ann";
	struct jg_override override = {.vendor = JG_VENDOR_LIVEKIT,
		.app = JG_STR("APIa"),
		.room = JG_STR("r1"),
		.identity = JG_STR("ann"),
		.set_capabilities = true,
		.capabilities = JG_CAPABILITY(JOIN),
		.name = {name, 3}};
	struct jg_error err = {""};
	cr_assert_eq(jg_snapshot_builder_override(builder, &override, &err), 0, "%s", err.text);
	cr_assert_eq(jg_snapshot_builder_override(builder, &override, &err), -EEXIST);
	override.identity = JG_STR("");
	cr_assert_eq(jg_snapshot_builder_override(builder, &override, &err), -EINVAL);
	override.identity = JG_STR("bob");
	override.capabilities = UINT64_MAX;
	cr_assert_eq(jg_snapshot_builder_override(builder, &override, &err), -EINVAL);
	struct jg_snapshot *snapshot = seal(builder);
	memset(name, 0, sizeof(name));
	const struct jg_app_entry *a =
		jg_snapshot_find(snapshot, JG_VENDOR_LIVEKIT, JG_STR("APIa"));
	const struct jg_override *found =
		jg_snapshot_override(snapshot, a, JG_STR("r1"), JG_STR("ann"));
	cr_assert_not_null(found);
	cr_assert(jg_str_eq(found->name, JG_STR("Ann")));
	cr_assert_null(found->metadata.p);
	cr_assert_null(jg_snapshot_override(snapshot, a, JG_STR("r1"), JG_STR("bob")));
	cr_assert_null(jg_snapshot_override(snapshot, a, JG_STR("r2"), JG_STR("ann")));
	cr_assert_null(jg_snapshot_override(snapshot, a, JG_STR("r1a"), JG_STR("nn")));
	cr_assert_null(jg_snapshot_override(snapshot, a, JG_STR(""), JG_STR("r1ann")));
	jg_snapshot_free(snapshot);
}

Test(snapshot, two_snapshots_hash_differently)
{
	struct jg_snapshot *a = seal(jg_snapshot_builder_new());
	struct jg_snapshot *b = seal(jg_snapshot_builder_new());
	cr_assert_neq(
		jg_snapshot_hash(a, 1, JG_STR("APIx")), jg_snapshot_hash(b, 1, JG_STR("APIx")));
	jg_snapshot_free(a);
	jg_snapshot_free(b);
}
