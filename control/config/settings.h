// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** The table of settings as data, and what the files of this folder share. */

#include "internal/config.h"

#include <jansson.h>

#include <assert.h>

enum kind {
	KIND_INTEGER,
	KIND_BOOLEAN,
	KIND_WORD,
	KIND_TEXT,
	KIND_SECRET,
	KIND_CONTENT,
	KIND_KEY_FILE,
	KIND_PATH,
	KIND_LISTEN,
	KIND_TIME,
	KIND_VENDOR,
	KIND_SCOPE,
	KIND_TOKEN_ID,
	KIND_CAPABILITIES,
	KIND_SOURCES,
	KIND_CLAIMS,
	KIND_TEXTS,
	KIND_UIDS,
	KIND_ADDRESSES,
	KIND_PREFIXES,
	KIND_ALLOWED,
	KIND_ROLES,
	KIND_POLICY,
	KIND_APPS,
	KIND_SECRETS,
	KIND_ROOMS,
	KIND_CUT_OFFS,
	KIND_PORTS,
	KIND_FRONT_ENDS,
	KIND_CALLERS,
	KIND_COUNT
};

enum section_id {
#define X(symbol, where) SECTION_##symbol,
	JG_CONFIG(X)
#undef X
	SECTION_COUNT
};

/** A row of JG_CONFIG_*. */
struct setting {
	const char *path;
	const char *preset;
	const char *unit;
	const char *help;
	int64_t min;
	int64_t max;
	uint16_t offset; /**< of the member, and its size */
	uint16_t size;
	uint16_t count_offset; /**< of <field>_n; lists only */
	uint8_t kind; /**< enum kind */
	bool reload;
};

/** Rows of a section, at most. */
#define SETTINGS_MAX 64

struct section {
	const char *where; /**< "apps[]." */
	const struct setting *settings;
	size_t n;
	size_t size; /**< of its structure */
};

extern const struct section jg_config_sections[SECTION_COUNT];

/** The section of the objects in a setting of this kind; SECTION_COUNT = it holds none. */
enum section_id jg_config_child(enum kind kind);

/** What stands at a setting: "1..128", "poll, pause or sleep". */
void jg_config_expected(const struct setting *setting, char *text, size_t size);

/** Where something stands in a file: a chain from the leaf to the root. */
struct place {
	const struct place *parent; /**< NULL = the root object */
	const char *name; /**< members, separated by dots; NULL = an element of a list */
	size_t index; /**< of the element */
	bool verbatim; /**< name is one member's, dots and all */
	bool at_name; /**< point at the member's name, not its value */
};

/** Line and column of a place; of the innermost object around it when it is not there. */
void jg_config_locate(
	struct jg_str text, const struct place *place, uint32_t *line, uint32_t *column);
/** "apps[0].secrets[1].status". */
void jg_config_spell(const struct place *place, char *text, size_t size);

struct jg_config_memory;
JG_MUST_CHECK struct jg_config_memory *jg_config_memory_new(void);
/** Zeroed; lives until jg_config_memory_free(), which wipes it. */
JG_MUST_CHECK void *jg_config_memory_get(struct jg_config_memory *memory, size_t n, size_t size);
void jg_config_memory_free(struct jg_config_memory *memory);

/** One object still to be read. */
struct pending {
	struct pending *next;
	const struct section *section;
	json_t *json;
	char *to; /**< its structure */
	const struct place *place;
};

struct loader {
	struct jg_config *config;
	struct jg_problems *problems;
	struct jg_config_memory *scratch;
	struct pending *pending;
	struct jg_str text; /**< of the file */
	const char *folder;
	json_t *presets[SECTION_COUNT][SETTINGS_MAX]; /**< parsed when first needed */
	enum jg_config_parts parts;
	bool open_to_others; /**< every user can read the file; cleared by the warning */
	bool out_of_memory;
};

/** Note a mistake at a place. The text is "<path> <what>". */
JG_COLD JG_PRINTF(3, 4) void jg_config_mistake(
	struct loader *loader, const struct place *place, const char *format, ...);
JG_COLD JG_PRINTF(3, 4) void jg_config_warning(
	struct loader *loader, const struct place *place, const char *format, ...);
/** Without the path in front; line 0 for the file as such. */
JG_COLD JG_PRINTF(4, 5) void jg_problems_add(
	struct jg_problems *problems, uint32_t line, uint32_t column, const char *format, ...);

/** The nearest of the words seen so far. Start with {word}. */
struct suggestion {
	const char *word;
	const char *nearest; /**< NULL: nothing is near */
	int nearest_len; /**< up to a dot */
	unsigned distance;
};
void jg_config_consider(struct suggestion *suggestion, const char *candidate);
/** "; did you mean deny?" or "". */
const char *jg_config_suggest(const struct suggestion *suggestion, char *text, size_t size);

/** A copy that lives as long as the configuration, NUL-terminated. */
struct jg_str jg_config_copy(struct loader *loader, const char *text, size_t len);

/** Read a value into the member at to + setting->offset. */
void jg_config_value(struct loader *loader, const struct setting *setting, json_t *value, char *to,
	const struct place *place);
/** Kinds that are lists, and those that hold objects, which are put on loader->pending. */
void jg_config_list(struct loader *loader, const struct setting *setting, json_t *value, char *to,
	const struct place *place);
/** A mask from a list of words of the kind. */
void jg_config_mask(struct loader *loader, enum kind kind, json_t *value, uint64_t *mask,
	const struct place *place);
/** Note that a value is not what was expected. */
JG_COLD void jg_config_unexpected(struct loader *loader, const struct setting *setting,
	json_t *value, const struct place *place);

/** Rules between settings; after everything has been read. */
void jg_config_check(struct loader *loader);
void jg_config_check_apps(struct loader *loader);

/** Read a file whole. 0 or negative errno. @param[out] bytes free after wiping */
JG_MUST_CHECK int jg_config_slurp(
	const char *path, size_t limit, char **bytes, size_t *len, bool *open_to_others);
/** A file name, made relative to the configuration's folder. */
void jg_config_path(struct loader *loader, const char *name, struct jg_str *to);
/** The content of a key file as text of the configuration: less one final newline. */
void jg_config_content(struct loader *loader, const struct setting *setting, const char *name,
	struct jg_str *to, const struct place *place);

/** "10.0.0.1/24", "[::1]:9600". False when it is not one. */
JG_MUST_CHECK bool jg_address_parse_prefix(const char *text, struct jg_address *address);
JG_MUST_CHECK bool jg_address_parse_listen(const char *text, struct jg_address *address);
/** Write the address with bits beyond the prefix cleared. False when it had such bits. */
JG_MUST_CHECK bool jg_address_mask(const struct jg_address *address, struct jg_address *masked);
void jg_address_render(const struct jg_address *address, char *text, size_t size);
