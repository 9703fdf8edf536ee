// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** Records between their stored form (path and JSON text) and what they mean. */

#include "internal/config.h"
#include "store.h"

#include <jansson.h>

/** Longest path: two names of 1024 bytes, every byte escaped. */
#define JG_PATH_MAX 8192

/** "app/livekit/APIx", bytes outside letters, digits and -_.@ as %XX. False when it does not fit. */
JG_MUST_CHECK bool jg_path_app(char path[JG_PATH_MAX], unsigned vendor, struct jg_str key);
/** "override/livekit/APIx/room/identity". */
JG_MUST_CHECK bool jg_path_override(char path[JG_PATH_MAX], unsigned vendor, struct jg_str app,
	struct jg_str room, struct jg_str id);

/** "floor/livekit/APIx". */
JG_MUST_CHECK bool jg_path_floor(char path[JG_PATH_MAX], unsigned vendor, struct jg_str key);

/** A string value as jg_str: p == NULL when it is not a string. Borrowed. */
struct jg_str jg_str_of(const json_t *value);
/** JSON text as it is stored; free it with jg_text_free(). NULL: out of memory. */
JG_MUST_CHECK char *jg_text_of(const json_t *value);
/** Wipe and free text that jansson made. */
void jg_text_free(char *text);

/**
 * An app from one JSON object as in the configuration's apps[]; every mistake is named.
 *
 * @return config->apps[0] is it; free with jg_config_free()
 */
JG_MUST_CHECK struct jg_config *jg_record_app(struct jg_str value, struct jg_error *err);
/** The stored JSON of an app, secrets and all; NULL: out of memory. */
JG_MUST_CHECK json_t *jg_record_app_json(const struct jg_app *app, bool secrets);

/** An override and the JSON that its strings live in. */
struct jg_override_record {
	struct jg_override override;
	json_t *json;
};

/** Read one; false with err. Release with jg_record_override_fini(). */
JG_MUST_CHECK bool jg_record_override(
	struct jg_override_record *record, struct jg_str value, struct jg_error *err);
void jg_record_override_fini(struct jg_override_record *record);

/** What collecting an app's cut-offs leaves behind: {"vendor", "app", "before"}. */
struct jg_floor {
	uint8_t vendor;
	struct jg_str app;
	int64_t before; /**< cut-offs up to this one were collected */
};

/** Read one; the app's key lives in *json, to be released. */
JG_MUST_CHECK bool jg_record_floor(
	struct jg_floor *floor, json_t **json, struct jg_str value, struct jg_error *err);
/** The stored JSON text; free with jg_text_free(). NULL: out of memory. */
JG_MUST_CHECK char *jg_record_floor_text(const struct jg_floor *floor);

/** One cut-off from {"vendor", "app", "scope", "user"…, "before": N or null}; its strings live in json. */
JG_MUST_CHECK bool jg_record_cut_off(
	struct jg_cut_off *cut_off, const json_t *json, struct jg_error *err);
/** The other way; NULL: out of memory. */
JG_MUST_CHECK json_t *jg_record_cut_off_json(const struct jg_cut_off *cut_off);
/** "user" … as in JG_SCOPES; -1 when there is none of that name. */
int jg_scope_find(const char *name);
const char *jg_scope_name(unsigned scope);
