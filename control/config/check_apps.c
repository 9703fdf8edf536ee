// SPDX-License-Identifier: BSD-3-Clause
// Rules between the settings of an app.
#include "settings.h"

#include <joingate/verify.h>

#include <errno.h>
#include <stdlib.h>

static bool usable_times(const struct jg_secret *secret)
{
	return secret->not_before == JG_TIME_NONE || secret->not_after == JG_TIME_NONE ||
		secret->not_before < secret->not_after;
}

// A vendor with RSA keys needs keys, the others a secret.
static void check_material(struct loader *loader, unsigned vendor, const struct jg_secret *secret,
	const struct place *place)
{
	const struct place text = {.parent = place, .name = "secret"};
	const struct place public = {.parent = place, .name = "public_key"};
	const struct place private = {.parent = place, .name = "private_key"};
	if (vendor == JG_VENDOR_VONAGE) {
		if (secret->secret.p != NULL)
			jg_config_mistake(loader, &text,
				"is given; vonage signs with RSA: expected public_key or "
				"public_key_file");
		else if (secret->public_key.p == NULL)
			jg_config_mistake(loader, &public,
				"is not given; expected public_key or public_key_file");
		return;
	}
	if (secret->secret.p == NULL)
		jg_config_mistake(loader, &text, "is not given; expected secret or secret_file");
	if (secret->public_key.p != NULL)
		jg_config_mistake(loader, &public, "is for vonage; expected secret or secret_file");
	if (secret->private_key.p != NULL)
		jg_config_mistake(
			loader, &private, "is for vonage; expected secret or secret_file");
}

static void check_secrets(
	struct loader *loader, const struct jg_app *app, const struct place *app_place)
{
	const struct place list = {.parent = app_place, .name = "secrets"};
	bool active = false;
	for (uint32_t i = 0; i < app->secrets_n; i++) {
		const struct jg_secret *secret = &app->secrets[i];
		const struct place at = {.parent = &list, .index = i};
		const struct place id = {.parent = &at, .name = "id"};
		const struct place after = {.parent = &at, .name = "not_after"};
		for (uint32_t j = 0; j < i && secret->id.p != NULL; j++)
			if (jg_str_eq(secret->id, app->secrets[j].id))
				jg_config_mistake(loader, &id, "is that of secrets[%u]", j);
		if (!usable_times(secret))
			jg_config_mistake(loader, &after, "is not later than not_before");
		check_material(loader, app->vendor, secret, &at);
		active |= secret->status == JG_SECRET_ACTIVE;
	}
	if (!active && app->secrets_n > 0)
		jg_config_warning(loader, &list, "has none that is active; nothing can be minted");
}

static void check_policy(
	struct loader *loader, const struct jg_app *app, const struct place *app_place)
{
	const struct place policy = {.parent = app_place, .name = "policy"};
	const struct place checks = {.parent = &policy, .name = "auth_checks"};
	const struct place deny = {.parent = &policy, .name = "deny"};
	const struct place require = {.parent = &policy, .name = "require"};
	if (!app->policy.auth_checks && app->vendor != JG_VENDOR_STREAM)
		jg_config_mistake(loader, &checks, "is false; only stream has development tokens");
	else if (!app->policy.auth_checks)
		jg_config_warning(loader, &checks, "is false: anybody may be any user of this app");
	if (app->policy.deny & JG_CAPABILITY(JOIN))
		jg_config_warning(loader, &deny, "holds join: nobody is admitted");
	if (app->policy.deny & app->policy.require)
		jg_config_warning(
			loader, &require, "holds what deny takes away: nobody is admitted");
}

struct keyed {
	const struct jg_app *app;
	size_t index;
};

static int by_key(const void *a, const void *b)
{
	const struct keyed *x = a;
	const struct keyed *y = b;
	if (x->app->vendor != y->app->vendor)
		return x->app->vendor < y->app->vendor ? -1 : 1;
	uint32_t shorter = x->app->key.len < y->app->key.len ? x->app->key.len : y->app->key.len;
	int order = shorter == 0 ? 0 : memcmp(x->app->key.p, y->app->key.p, shorter);
	if (order == 0 && x->app->key.len != y->app->key.len)
		order = x->app->key.len < y->app->key.len ? -1 : 1;
	if (order == 0)
		order = x->index < y->index ? -1 : 1;
	return order;
}

static void check_duplicates(struct loader *loader, const struct place *list)
{
	const struct jg_config *config = loader->config;
	struct keyed *keys = calloc((size_t)config->apps_n + 1, sizeof(*keys));
	if (keys == NULL) {
		loader->out_of_memory = true;
		return;
	}
	for (uint32_t i = 0; i < config->apps_n; i++)
		keys[i] = (struct keyed){&config->apps[i], i};
	qsort(keys, config->apps_n, sizeof(*keys), by_key);
	for (uint32_t i = 1; i < config->apps_n; i++) {
		const struct jg_app *app = keys[i].app;
		const struct place at = {.parent = list, .index = keys[i].index};
		const struct place key = {.parent = &at, .name = "key"};
		if (app->key.p != NULL && app->vendor == keys[i - 1].app->vendor &&
			jg_str_eq(app->key, keys[i - 1].app->key))
			jg_config_mistake(loader, &key, "is that of apps[%zu]", keys[i - 1].index);
	}
	free(keys);
}

// What only the snapshot's builder can tell: a PEM that is no key, a role that no vendor has.
static void try_build(struct loader *loader, const struct place *list)
{
	const struct jg_config *config = loader->config;
	struct jg_snapshot_builder *builder = jg_snapshot_builder_new();
	for (uint32_t i = 0; builder != NULL && i < config->apps_n; i++) {
		struct jg_error err = {""};
		const struct place at = {.parent = list, .index = i};
		int fail = jg_snapshot_builder_add(builder, &config->apps[i], &err);
		if (fail == -ENOMEM)
			loader->out_of_memory = true;
		else if (fail != 0)
			jg_config_mistake(loader, &at, "cannot be used: %s", err.text);
	}
	if (builder == NULL)
		loader->out_of_memory = true;
	jg_snapshot_builder_free(builder);
}

void jg_config_check_apps(struct loader *loader)
{
	const struct jg_config *config = loader->config;
	// Written by the loader alone; the structure shows them to others as constants.
	struct jg_app *apps = (struct jg_app *)(uintptr_t)config->apps;
	const struct place list = {.name = "apps"};
	for (uint32_t i = 0; i < config->apps_n; i++) {
		const struct place at = {.parent = &list, .index = i};
		apps[i].index = i;
		// A vendor that is none has been noted.
		if (apps[i].vendor == JG_VENDOR_NONE)
			continue;
		check_secrets(loader, &apps[i], &at);
		check_policy(loader, &apps[i], &at);
	}
	check_duplicates(loader, &list);
	if (loader->problems->mistakes == 0)
		try_build(loader, &list);
}
