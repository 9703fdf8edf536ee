// SPDX-License-Identifier: BSD-3-Clause
#include "worlds.h"

#include <errno.h>
#include <stdlib.h>

static bool is_taken(const struct jg_config *config, unsigned vendor, struct jg_str key)
{
	for (uint32_t i = 0; i < config->apps_n; i++)
		if (config->apps[i].vendor == vendor && jg_str_eq(config->apps[i].key, key))
			return true;
	return false;
}

void worlds_strange_key(const struct jg_config *config, const struct jg_app *app, char key[130])
{
	const uint32_t len = app->key.len;
	memcpy(key, app->key.p, len);
	key[len] = '\0';
	// Digits are in the alphabet of every vendor's keys.
	for (uint32_t at = len; at-- > 0;) {
		for (char c = '0'; c <= '9'; c++) {
			key[at] = c;
			if (!is_taken(config, app->vendor, (struct jg_str){key, len}))
				return;
		}
		key[at] = app->key.p[at];
	}
}

// A copy whose last character differs; hexadecimal stays so. NULL: no memory.
static char *other_text(struct jg_str text)
{
	char *copy = malloc(text.len + 1);
	if (copy == NULL || text.len == 0)
		return copy;
	memcpy(copy, text.p, text.len);
	copy[text.len - 1] = copy[text.len - 1] == '1' ? '2' : '1';
	return copy;
}

static int add_forged(
	struct jg_snapshot_builder *builder, const struct jg_app *app, struct jg_error *err)
{
	struct jg_secret secrets[64];
	struct jg_app forged = *app;
	int rc = 0;
	uint32_t n = 0;
	for (; n < app->secrets_n && n < JG_ARRAY_SIZE(secrets) && rc == 0; n++) {
		secrets[n] = app->secrets[n];
		if (secrets[n].secret.p == NULL)
			continue;
		secrets[n].secret.p = other_text(app->secrets[n].secret);
		rc = secrets[n].secret.p == NULL ? -ENOMEM : 0;
	}
	forged.secrets = secrets;
	forged.secrets_n = n;
	if (rc == 0)
		rc = jg_snapshot_builder_add(builder, &forged, err);
	else
		jg_error_set(err, "no memory");
	for (uint32_t i = 0; i < n; i++) {
		char *text = (char *)(uintptr_t)secrets[i].secret.p;
		if (text == NULL)
			continue;
		explicit_bzero(text, secrets[i].secret.len);
		free(text);
	}
	return rc;
}

static int add_strange(struct jg_snapshot_builder *builder, const struct jg_config *config,
	const struct jg_app *app, struct jg_error *err)
{
	char key[130];
	struct jg_app strange = *app;
	worlds_strange_key(config, app, key);
	strange.key.p = key;
	return jg_snapshot_builder_add(builder, &strange, err);
}

static struct jg_snapshot *build(
	const struct jg_config *config, enum world world, struct jg_error *err)
{
	struct jg_snapshot_builder *builder = jg_snapshot_builder_new();
	int rc = builder == NULL ? -ENOMEM : 0;
	for (uint32_t i = 0; i < config->apps_n && rc == 0; i++)
		rc = world == WORLD_FORGED ? add_forged(builder, &config->apps[i], err)
					   : add_strange(builder, config, &config->apps[i], err);
	if (rc == 0)
		return jg_snapshot_build(builder, 1, err);
	if (builder == NULL)
		jg_error_set(err, "no memory");
	jg_snapshot_builder_free(builder);
	return NULL;
}

int worlds_build(struct worlds *worlds, const struct jg_config *config, struct jg_error *err)
{
	struct jg_snapshot **snapshots = worlds->snapshots;
	*worlds = (struct worlds){.cut_offs = jg_cut_offs_new(config->cut_offs_n, err)};
	if (worlds->cut_offs == NULL)
		return -ENOMEM;
	const int rc = jg_config_seed_cut_offs(config, worlds->cut_offs, err);
	if (rc != 0)
		return rc;
	snapshots[WORLD_OWN] = jg_config_snapshot(config, worlds->cut_offs, 1, err);
	for (unsigned i = WORLD_FORGED; i < WORLD_COUNT && snapshots[i - 1] != NULL; i++)
		snapshots[i] = build(config, (enum world)i, err);
	return snapshots[WORLD_COUNT - 1] == NULL ? -EINVAL : 0;
}

void worlds_free(struct worlds *worlds)
{
	for (unsigned i = 0; i < WORLD_COUNT; i++)
		jg_snapshot_free(worlds->snapshots[i]);
	jg_cut_offs_free(worlds->cut_offs);
	*worlds = (struct worlds){0};
}
