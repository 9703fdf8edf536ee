// SPDX-License-Identifier: BSD-3-Clause
// From a file to struct jg_config: section by section, every mistake noted.
#include "settings.h"

#include <joingate/verify.h>

#include <errno.h>
#include <malloc.h>
#include <stdlib.h>

#define FILE_MAX ((size_t)256 << 20)
#define NAMES_MAX 32

// Secrets pass through jansson's buffers, so whatever it frees is wiped.
static void wiping_free(void *p)
{
	if (p == NULL)
		return;
	explicit_bzero(p, malloc_usable_size(p));
	free(p);
}

static void wipe_what_jansson_frees(void)
{
	json_malloc_t get;
	json_free_t put;
	json_get_alloc_funcs(&get, &put);
	if (put == free) // else somebody has found a better place for them
		json_set_alloc_funcs(malloc, wiping_free);
}

// The value at a dotted path, NULL when there is none.
static json_t *find(json_t *object, const char *path)
{
	char name[64];
	while (object != NULL) {
		size_t len = strcspn(path, ".");
		assert(len < sizeof(name));
		memcpy(name, path, len);
		name[len] = '\0';
		object = json_object_get(object, name);
		if (path[len] == '\0')
			return object;
		path += len + 1;
	}
	return NULL;
}

// Objects whose names are still to be checked: the section's own and those inside dotted paths.
struct names {
	json_t *object;
	const struct place *place;
	char prefix[64]; // "store.etcd."
};

enum match {
	UNKNOWN,
	IS_SETTING,
	IS_PREFIX
};

static enum match match_name(const struct section *section, const char *prefix, const char *name,
	struct suggestion *suggestion)
{
	size_t prefix_len = strlen(prefix);
	size_t len = strlen(name);
	for (size_t i = 0; i < section->n; i++) {
		const char *path = section->settings[i].path;
		if (strncmp(path, prefix, prefix_len) != 0)
			continue;
		path += prefix_len;
		bool leaf = strchr(path, '.') == NULL;
		if (leaf && strcmp(path, name) == 0)
			return IS_SETTING;
		if (strncmp(path, name, len) == 0 && path[len] == '.')
			return IS_PREFIX;
		jg_config_consider(suggestion, path);
	}
	return UNKNOWN;
}

static void check_name(struct loader *loader, const struct section *section, struct names *names,
	size_t *n, const char *name, json_t *value)
{
	const struct names at = names[0];
	struct suggestion suggestion = {.word = name};
	enum match match = match_name(section, at.prefix, name, &suggestion);
	struct place *place = jg_config_memory_get(loader->scratch, 1, sizeof(*place));
	if (place == NULL) {
		loader->out_of_memory = true;
		return;
	}
	*place = (struct place){.parent = at.place, .name = name, .verbatim = true};
	if (match == UNKNOWN) {
		char hint[80];
		place->at_name = true;
		jg_config_mistake(loader, place, "is not a setting%s",
			jg_config_suggest(&suggestion, hint, sizeof(hint)));
	} else if (match == IS_PREFIX && !json_is_object(value)) {
		jg_config_mistake(loader, place, "is not an object; expected {...}");
	} else if (match == IS_PREFIX && *n < NAMES_MAX) {
		struct names *next = &names[(*n)++];
		*next = (struct names){.object = value, .place = place};
		(void)snprintf(next->prefix, sizeof(next->prefix), "%.31s%.30s.", at.prefix, name);
	}
}

static void check_names(struct loader *loader, const struct pending *pending)
{
	struct names names[NAMES_MAX] = {{.object = pending->json, .place = pending->place}};
	size_t n = 1;
	while (n > 0) {
		const char *name;
		json_t *value;
		json_object_foreach(names[0].object, name, value)
			check_name(loader, pending->section, names, &n, name, value);
		names[0] = names[--n];
	}
}

static json_t *preset(struct loader *loader, const struct section *section, size_t i)
{
	json_t **slot = &loader->presets[section - jg_config_sections][i];
	if (*slot == NULL)
		*slot = json_loads(section->settings[i].preset, JSON_DECODE_ANY, NULL);
	if (*slot == NULL)
		loader->out_of_memory = true;
	return *slot;
}

// An alternative to the row before it: secret_file beside secret.
static bool is_second(const struct section *section, size_t i, json_t *object)
{
	return section->settings[i].kind == KIND_CONTENT && i > 0 &&
		find(object, section->settings[i - 1].path) != NULL;
}

static void read_setting(struct loader *loader, const struct pending *pending, size_t i)
{
	const struct setting *setting = &pending->section->settings[i];
	const struct place place = {.parent = pending->place, .name = setting->path};
	json_t *value = find(pending->json, setting->path);
	if (value != NULL && is_second(pending->section, i, pending->json)) {
		jg_config_mistake(loader, &place, "is given beside %s; expected one of the two",
			pending->section->settings[i - 1].path);
	} else if (value != NULL) {
		jg_config_value(loader, setting, value, pending->to, &place);
	} else if (setting->preset[0] == '!') {
		char expected[128];
		jg_config_expected(setting, expected, sizeof(expected));
		jg_config_mistake(loader, &place, "is not given; expected %s%s%s", expected,
			expected[0] != '\0' ? ": " : "", setting->help);
	} else if (setting->preset[0] != '\0') {
		value = preset(loader, pending->section, i);
		if (value != NULL)
			jg_config_value(loader, setting, value, pending->to, &place);
	}
}

static bool is_wanted(
	const struct loader *loader, const struct section *section, const struct setting *setting)
{
	if (section != &jg_config_sections[SECTION_ROOT] || loader->parts == JG_CONFIG_ALL)
		return true;
	return setting->kind == KIND_APPS || setting->kind == KIND_CUT_OFFS ||
		(loader->parts == JG_CONFIG_TOKEN_SERVER &&
			strncmp(setting->path, "token_server.", 13) == 0);
}

static void read_section(struct loader *loader, const struct pending *pending)
{
	if (!json_is_object(pending->json)) {
		jg_config_mistake(loader, pending->place, "is not an object; expected {...}");
		return;
	}
	check_names(loader, pending);
	for (size_t i = 0; i < pending->section->n; i++)
		if (is_wanted(loader, pending->section, &pending->section->settings[i]))
			read_setting(loader, pending, i);
}

// FNV-1a over a setting as written, so that a reload can tell whether it changed.
static uint64_t digest(json_t *value, const char *preset_text)
{
	char *text = value == NULL
		? NULL
		: json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT | JSON_SORT_KEYS);
	uint64_t hash = UINT64_C(0xcbf29ce484222325);
	for (const char *p = text != NULL ? text : preset_text; *p != '\0'; p++)
		hash = (hash ^ (unsigned char)*p) * UINT64_C(0x100000001b3);
	json_malloc_t get;
	json_free_t put;
	json_get_alloc_funcs(&get, &put);
	if (text != NULL)
		put(text); // it wipes
	return hash;
}

static void note_digests(struct loader *loader, json_t *json)
{
	const struct section *root = &jg_config_sections[SECTION_ROOT];
	for (size_t i = 0; i < root->n; i++) {
		const struct setting *setting = &root->settings[i];
		json_t *value = find(json, setting->path);
		if (value == NULL && setting->preset[0] != '\0')
			value = preset(loader, root, i);
		loader->config->fixed[i] = digest(value, "");
	}
}

static void read_all(struct loader *loader, json_t *json)
{
	struct pending root = {
		.section = &jg_config_sections[SECTION_ROOT],
		.json = json,
		.to = (char *)loader->config,
	};
	read_section(loader, &root);
	while (loader->pending != NULL) {
		const struct pending *next = loader->pending;
		loader->pending = next->next;
		read_section(loader, next);
	}
	if (json_is_object(json)) {
		note_digests(loader, json);
		jg_config_check(loader);
	}
}

static int by_place(const void *a, const void *b)
{
	const struct jg_problem *x = a;
	const struct jg_problem *y = b;
	if (x->line != y->line)
		return x->line < y->line ? -1 : 1;
	if (x->column != y->column)
		return x->column < y->column ? -1 : 1;
	return strcmp(x->text, y->text);
}

// jansson quotes what stands there, which may be a secret.
static void note_syntax_error(struct jg_problems *problems, const json_error_t *error)
{
	const char *quoted = strstr(error->text, " near ");
	int len = quoted != NULL ? (int)(quoted - error->text) : (int)strlen(error->text);
	jg_problems_add(problems, error->line > 0 ? (uint32_t)error->line : 1,
		error->column > 0 ? (uint32_t)error->column : 1, "not JSON: %.*s", len,
		error->text);
}

static struct jg_config *finish(struct loader *loader)
{
	const struct section *sections = jg_config_sections;
	for (size_t s = 0; s < SECTION_COUNT; s++)
		for (size_t i = 0; i < sections[s].n; i++)
			json_decref(loader->presets[s][i]);
	jg_config_memory_free(loader->scratch);
	if (loader->out_of_memory)
		jg_problems_add(loader->problems, 0, 0, "out of memory");
	if (loader->problems->n > 0)
		qsort(loader->problems->list, loader->problems->n, sizeof(struct jg_problem),
			by_place);
	if (loader->problems->mistakes == 0)
		return loader->config;
	jg_config_free(loader->config);
	return NULL;
}

static struct jg_config *load(struct loader *loader)
{
	json_error_t error;
	wipe_what_jansson_frees();
	loader->scratch = jg_config_memory_new();
	loader->config = calloc(1, sizeof(*loader->config));
	if (loader->config != NULL)
		loader->config->memory = jg_config_memory_new();
	if (loader->config == NULL || loader->config->memory == NULL || loader->scratch == NULL) {
		loader->out_of_memory = true;
		return finish(loader);
	}
	json_t *json = json_loadb(loader->text.p, loader->text.len, JSON_REJECT_DUPLICATES, &error);
	if (json == NULL)
		note_syntax_error(loader->problems, &error);
	else
		read_all(loader, json);
	json_decref(json);
	return finish(loader);
}

struct jg_config *jg_config_parse(struct jg_str text, const char *folder,
	enum jg_config_parts parts, struct jg_problems *problems)
{
	struct loader loader = {
		.problems = problems, .text = text, .folder = folder, .parts = parts};
	return load(&loader);
}

struct jg_config *jg_config_load(
	const char *path, enum jg_config_parts parts, struct jg_problems *problems)
{
	char *bytes;
	size_t len;
	bool open_to_others;
	int err = jg_config_slurp(path, FILE_MAX, &bytes, &len, &open_to_others);
	if (err != 0) {
		jg_problems_add(
			problems, 0, 0, "cannot be read: %s; expected a JSON file", strerror(-err));
		return NULL;
	}
	const char *slash = strrchr(path, '/');
	char *folder = slash == NULL ? strdup("")
		: slash == path	     ? strdup("/")
				     : strndup(path, (size_t)(slash - path));
	struct jg_config *config = NULL;
	if (folder == NULL)
		jg_problems_add(problems, 0, 0, "out of memory");
	else
		config = load(&(struct loader){.problems = problems,
			.text = {bytes, (uint32_t)len},
			.folder = folder,
			.parts = parts,
			.open_to_others = open_to_others});
	free(folder);
	explicit_bzero(bytes, len);
	free(bytes);
	return config;
}

void jg_config_free(struct jg_config *config)
{
	if (config == NULL)
		return;
	jg_config_memory_free(config->memory);
	explicit_bzero(config, sizeof(*config));
	free(config);
}

const char *jg_config_fixed(const struct jg_config *a, const struct jg_config *b)
{
	const struct section *root = &jg_config_sections[SECTION_ROOT];
	for (size_t i = 0; i < root->n; i++)
		if (!root->settings[i].reload && a->fixed[i] != b->fixed[i])
			return root->settings[i].path;
	return NULL;
}
