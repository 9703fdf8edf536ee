// SPDX-License-Identifier: BSD-3-Clause
#include "worlds.h"

#include <errno.h>
#include <stdlib.h>

struct named {
	struct jg_str key;
	unsigned vendor;
};

// All keys that are somebody's, a stranger's among them: a table with open addressing.
struct keys {
	struct named *slots; // without a key: free
	uint32_t mask;
};

static uint32_t hash_key(unsigned vendor, struct jg_str key)
{
	uint32_t hash = vendor;
	for (uint32_t i = 0; i < key.len; i++)
		hash = (hash ^ (uint8_t)key.p[i]) * UINT32_C(0x01000193);
	return hash ^ hash >> 15;
}

static struct named *find_slot(const struct keys *keys, unsigned vendor, struct jg_str key)
{
	uint32_t at = hash_key(vendor, key) & keys->mask;
	while (keys->slots[at].key.p != NULL &&
		(keys->slots[at].vendor != vendor || !jg_str_eq(keys->slots[at].key, key)))
		at = (at + 1) & keys->mask;
	return &keys->slots[at];
}

// False: it is somebody's already.
static bool take_key(const struct keys *keys, unsigned vendor, struct jg_str key)
{
	struct named *slot = find_slot(keys, vendor, key);
	if (slot->key.p != NULL)
		return false;
	*slot = (struct named){key, vendor};
	return true;
}

static void find_strange_key(const struct keys *keys, const struct jg_app *app, char *key)
{
	memcpy(key, app->key.p, app->key.len);
	// Digits are in the alphabet of every vendor's keys.
	for (uint32_t at = app->key.len; at-- > 0;) {
		for (char c = '0'; c <= '9'; c++) {
			key[at] = c;
			if (take_key(keys, app->vendor, (struct jg_str){key, app->key.len}))
				return;
		}
		key[at] = app->key.p[at];
	}
}

static int find_strange_keys(
	struct worlds *worlds, const struct jg_config *config, struct jg_error *err)
{
	const uint32_t n = config->apps_n;
	struct keys keys = {.mask = 1};
	while (keys.mask < 4 * n)
		keys.mask = 2 * keys.mask + 1;
	keys.slots = calloc((size_t)keys.mask + 1, sizeof(*keys.slots));
	worlds->strange_keys = calloc(n + 1, sizeof(*worlds->strange_keys));
	if (keys.slots == NULL || worlds->strange_keys == NULL) {
		jg_error_set(err, "no memory");
		free(keys.slots);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < n; i++)
		(void)take_key(&keys, config->apps[i].vendor, config->apps[i].key);
	for (uint32_t i = 0; i < n; i++)
		find_strange_key(&keys, &config->apps[i], worlds->strange_keys[i]);
	free(keys.slots);
	return 0;
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

static int add_strange(struct jg_snapshot_builder *builder, const struct worlds *worlds,
	const struct jg_config *config, uint32_t index, struct jg_error *err)
{
	struct jg_app strange = config->apps[index];
	strange.key.p = worlds->strange_keys[index];
	return jg_snapshot_builder_add(builder, &strange, err);
}

static struct jg_snapshot *build(const struct worlds *worlds, const struct jg_config *config,
	enum world world, struct jg_error *err)
{
	struct jg_snapshot_builder *builder = jg_snapshot_builder_new();
	int rc = builder == NULL ? -ENOMEM : 0;
	for (uint32_t i = 0; i < config->apps_n && rc == 0; i++)
		rc = world == WORLD_FORGED ? add_forged(builder, &config->apps[i], err)
					   : add_strange(builder, worlds, config, i, err);
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
	int rc = find_strange_keys(worlds, config, err);
	if (rc == 0)
		rc = jg_config_seed_cut_offs(config, worlds->cut_offs, err);
	if (rc != 0)
		return rc;
	snapshots[WORLD_OWN] = jg_config_snapshot(config, worlds->cut_offs, 1, err);
	for (unsigned i = WORLD_FORGED; i < WORLD_COUNT && snapshots[i - 1] != NULL; i++)
		snapshots[i] = build(worlds, config, (enum world)i, err);
	return snapshots[WORLD_COUNT - 1] == NULL ? -EINVAL : 0;
}

void worlds_free(struct worlds *worlds)
{
	for (unsigned i = 0; i < WORLD_COUNT; i++)
		jg_snapshot_free(worlds->snapshots[i]);
	jg_cut_offs_free(worlds->cut_offs);
	free(worlds->strange_keys);
	*worlds = (struct worlds){0};
}
