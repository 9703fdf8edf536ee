// SPDX-License-Identifier: BSD-3-Clause
// Settings that are lists: masks of words, addresses, and objects that are read later.
#include "settings.h"

#include <joingate/capability.h>

struct word {
	const char *name;
	uint64_t bit;
};

static const struct word capabilities[] = {
#define X(bit, symbol, name, help) {name, UINT64_C(1) << (bit)},
	JG_CAPABILITIES(X)
#undef X
};

static const struct word sources[] = {
	{"camera", JG_CAPABILITY(PUBLISH_CAMERA)},
	{"microphone", JG_CAPABILITY(PUBLISH_MICROPHONE)},
	{"screen_share", JG_CAPABILITY(PUBLISH_SCREEN_SHARE)},
	{"screen_share_audio", JG_CAPABILITY(PUBLISH_SCREEN_SHARE_AUDIO)},
	{"other", JG_CAPABILITY(PUBLISH_OTHER)},
	// The names of the capabilities do as well, and LiveKit's word for a track without a source.
	{"publish_camera", JG_CAPABILITY(PUBLISH_CAMERA)},
	{"publish_microphone", JG_CAPABILITY(PUBLISH_MICROPHONE)},
	{"publish_screen_share", JG_CAPABILITY(PUBLISH_SCREEN_SHARE)},
	{"publish_screen_share_audio", JG_CAPABILITY(PUBLISH_SCREEN_SHARE_AUDIO)},
	{"publish_other", JG_CAPABILITY(PUBLISH_OTHER)},
	{"unknown", JG_CAPABILITY(PUBLISH_OTHER)},
};

static const struct word claims[] = {
	{"exp", JG_CLAIM_EXP},
	{"iat", JG_CLAIM_IAT},
	{"jti", JG_CLAIM_JTI},
};

static uint64_t find_word(
	const struct word *words, size_t n, const char *name, struct suggestion *suggestion)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(words[i].name, name) == 0)
			return words[i].bit;
	for (size_t i = 0; i < n; i++)
		jg_config_consider(suggestion, words[i].name);
	return 0;
}

void jg_config_mask(struct loader *loader, enum kind kind, json_t *value, uint64_t *mask,
	const struct place *place)
{
	const struct word *words = capabilities;
	size_t n = JG_ARRAY_SIZE(capabilities);
	const char *what = "a capability";
	if (kind == KIND_SOURCES) {
		words = sources;
		n = JG_ARRAY_SIZE(sources);
		what = "a source: camera, microphone, screen_share, screen_share_audio or other";
	} else if (kind == KIND_CLAIMS) {
		words = claims;
		n = JG_ARRAY_SIZE(claims);
		what = "exp, iat or jti";
	}
	*mask = 0;
	for (size_t i = 0; i < json_array_size(value); i++) {
		const struct place at = {.parent = place, .index = i};
		const char *name = json_string_value(json_array_get(value, i));
		struct suggestion suggestion = {.word = name != NULL ? name : ""};
		uint64_t bit = find_word(words, n, suggestion.word, &suggestion);
		char hint[80];
		if (bit == 0)
			jg_config_mistake(loader, &at, "is \"%.48s\"; expected %s%s",
				suggestion.word, what,
				jg_config_suggest(&suggestion, hint, sizeof(hint)));
		*mask |= bit;
	}
}

// Room for the entries, already referred to by the members; NULL when there is nothing to read.
static void *start(struct loader *loader, const struct setting *setting, size_t n, size_t each,
	char *to, const struct place *place)
{
	if ((int64_t)n < setting->min || (int64_t)n > setting->max) {
		char expected[128];
		jg_config_expected(setting, expected, sizeof(expected));
		jg_config_mistake(loader, place, "has %zu; expected %s", n, expected);
		return NULL;
	}
	void *list = n == 0 ? NULL : jg_config_memory_get(loader->config->memory, n, each);
	if (n != 0 && list == NULL)
		loader->out_of_memory = true;
	uint32_t count = list == NULL ? 0 : (uint32_t)n;
	memcpy(to + setting->offset, &list, sizeof(list));
	memcpy(to + setting->count_offset, &count, sizeof(count));
	return list;
}

static void push(struct loader *loader, const struct section *section, json_t *json, char *to,
	const struct place *place)
{
	struct pending *pending = jg_config_memory_get(loader->scratch, 1, sizeof(*pending));
	struct place *parent = jg_config_memory_get(loader->scratch, 1, sizeof(*parent));
	if (pending == NULL || parent == NULL) {
		loader->out_of_memory = true;
		return;
	}
	// The caller's place is on its stack, except for its own parent.
	*parent = *place;
	if (place->parent != NULL && place->name == NULL) {
		struct place *list = jg_config_memory_get(loader->scratch, 1, sizeof(*list));
		if (list == NULL) {
			loader->out_of_memory = true;
			return;
		}
		*list = *place->parent;
		parent->parent = list;
	}
	*pending = (struct pending){loader->pending, section, json, to, parent};
	loader->pending = pending;
}

static void read_objects(struct loader *loader, const struct setting *setting, json_t *value,
	char *to, const struct place *place)
{
	const struct section *section = &jg_config_sections[jg_config_child(setting->kind)];
	char *list = start(loader, setting, json_array_size(value), section->size, to, place);
	for (size_t i = 0; list != NULL && i < json_array_size(value); i++) {
		const struct place at = {.parent = place, .index = i};
		push(loader, section, json_array_get(value, i), list + i * section->size, &at);
	}
}

static void read_roles(struct loader *loader, const struct setting *setting, json_t *value,
	char *to, const struct place *place)
{
	struct jg_role *list =
		start(loader, setting, json_object_size(value), sizeof(*list), to, place);
	const char *role;
	json_t *names;
	size_t i = 0;
	if (list == NULL)
		return;
	json_object_foreach(value, role, names)
	{
		const struct place at = {.parent = place, .name = role, .verbatim = true};
		list[i].role = jg_config_copy(loader, role, strlen(role));
		if (strlen(role) == 0 || strlen(role) > 128)
			jg_config_mistake(loader, &at, "names a role of %zu bytes; expected 1..128",
				strlen(role));
		if (json_is_array(names))
			jg_config_mask(
				loader, KIND_CAPABILITIES, names, &list[i].capabilities, &at);
		else
			jg_config_mistake(loader, &at, "is not a list; expected capabilities");
		i++;
	}
}

static void read_texts(struct loader *loader, const struct setting *setting, json_t *value,
	char *to, const struct place *place)
{
	struct jg_str *list =
		start(loader, setting, json_array_size(value), sizeof(*list), to, place);
	for (size_t i = 0; list != NULL && i < json_array_size(value); i++) {
		const struct place at = {.parent = place, .index = i};
		const char *text = json_string_value(json_array_get(value, i));
		if (text == NULL || *text == '\0' || strlen(text) > 4096)
			jg_config_mistake(
				loader, &at, "is not a word; expected 1..4096 bytes of text");
		else
			list[i] = jg_config_copy(loader, text, strlen(text));
	}
}

static void read_uids(struct loader *loader, const struct setting *setting, json_t *value, char *to,
	const struct place *place)
{
	uint32_t *list = start(loader, setting, json_array_size(value), sizeof(*list), to, place);
	for (size_t i = 0; list != NULL && i < json_array_size(value); i++) {
		const struct place at = {.parent = place, .index = i};
		const json_t *uid = json_array_get(value, i);
		json_int_t number = json_is_integer(uid) ? json_integer_value(uid) : -1;
		if (number < 0 || number >= UINT32_MAX)
			jg_config_mistake(
				loader, &at, "is not a user; expected a number, 0..4294967294");
		else
			list[i] = (uint32_t)number;
	}
}

static void read_addresses(struct loader *loader, const struct setting *setting, json_t *value,
	char *to, const struct place *place)
{
	struct jg_address *list =
		start(loader, setting, json_array_size(value), sizeof(*list), to, place);
	for (size_t i = 0; list != NULL && i < json_array_size(value); i++) {
		const struct place at = {.parent = place, .index = i};
		const char *text = json_string_value(json_array_get(value, i));
		struct jg_address masked;
		char net[64];
		if (text == NULL || !jg_address_parse_prefix(text, &list[i])) {
			jg_config_mistake(loader, &at,
				"is \"%.48s\"; expected an address and a prefix length: "
				"10.0.0.1/24 or fd00::1/64",
				text != NULL ? text : "?");
		} else if (setting->kind == KIND_PREFIXES && !jg_address_mask(&list[i], &masked)) {
			jg_address_render(&masked, net, sizeof(net));
			jg_config_mistake(loader, &at,
				"is \"%.48s\", an address within a network; expected the network: "
				"%s",
				text, net);
		}
	}
}

static bool parse_allowed(struct loader *loader, const char *text, struct jg_allowed *allowed)
{
	*allowed = (struct jg_allowed){.vendor = JG_VENDOR_NONE};
	if (strcmp(text, "*") == 0)
		return true;
	const char *colon = strchr(text, ':');
	if (colon == NULL || colon[1] == '\0' || strlen(colon + 1) > 128)
		return false;
	allowed->vendor = (uint8_t)jg_vendor_find((struct jg_str){text, (uint32_t)(colon - text)});
	if (strcmp(colon + 1, "*") != 0)
		allowed->key = jg_config_copy(loader, colon + 1, strlen(colon + 1));
	return allowed->vendor != JG_VENDOR_NONE;
}

static void read_allowed(struct loader *loader, const struct setting *setting, json_t *value,
	char *to, const struct place *place)
{
	struct jg_allowed *list =
		start(loader, setting, json_array_size(value), sizeof(*list), to, place);
	for (size_t i = 0; list != NULL && i < json_array_size(value); i++) {
		const struct place at = {.parent = place, .index = i};
		const char *text = json_string_value(json_array_get(value, i));
		if (text == NULL || !parse_allowed(loader, text, &list[i]))
			jg_config_mistake(loader, &at,
				"is \"%.48s\"; expected \"*\", \"vendor:*\" or \"vendor:key\"",
				text != NULL ? text : "?");
	}
}

void jg_config_list(struct loader *loader, const struct setting *setting, json_t *value, char *to,
	const struct place *place)
{
	bool object = setting->kind == KIND_ROLES || setting->kind == KIND_POLICY;
	if (object ? !json_is_object(value) : !json_is_array(value)) {
		jg_config_unexpected(loader, setting, value, place);
		return;
	}
	switch ((enum kind)setting->kind) {
	case KIND_TEXTS:
		read_texts(loader, setting, value, to, place);
		return;
	case KIND_UIDS:
		read_uids(loader, setting, value, to, place);
		return;
	case KIND_ADDRESSES:
	case KIND_PREFIXES:
		read_addresses(loader, setting, value, to, place);
		return;
	case KIND_ALLOWED:
		read_allowed(loader, setting, value, to, place);
		return;
	case KIND_ROLES:
		read_roles(loader, setting, value, to, place);
		return;
	case KIND_POLICY:
		push(loader, &jg_config_sections[SECTION_POLICY], value, to + setting->offset,
			place);
		return;
	default:
		read_objects(loader, setting, value, to, place);
	}
}
