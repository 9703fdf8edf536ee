// SPDX-License-Identifier: BSD-3-Clause
// grant set|clear: what one participant may do, whatever the token says.
#include "request.h"

#include <stdlib.h>

static void change(struct jg_ask *ask, const struct jg_app *app, const char *what, json_t *object)
{
	char path[JG_PATH_MAX];
	struct jg_str room = jg_str_of(json_object_get(ask->request, "room"));
	struct jg_str identity = jg_str_of(json_object_get(ask->request, "identity"));
	if (room.p == NULL || room.len > 1024 || identity.len < 1 || identity.len > 1024 ||
		!jg_path_override(path, app->vendor, app->key, room, identity)) {
		jg_ask_fail(ask, JG_FAILURE_INVALID,
			"room and identity name the participant; expected at most 1024 bytes each");
		return;
	}
	json_t *detail = json_pack("{s:s, s:s%, s:s%, s:s%}", "vendor", jg_vendor_name(app->vendor),
		"app", app->key.p, (size_t)app->key.len, "room", room.p, (size_t)room.len,
		"identity", identity.p, (size_t)identity.len);
	if (object != NULL)
		(void)json_object_update(detail, object);
	char *value = object == NULL ? NULL : jg_text_of(detail);
	struct jg_record record = {.path = {path, (uint32_t)strlen(path)}};
	if (value != NULL)
		record.value = (struct jg_str){value, (uint32_t)strlen(value)};
	struct jg_change wanted = {
		.what = what, .detail = detail, .records = &record, .records_n = 1};
	(void)jg_ask_change(ask, &wanted);
	jg_text_free(value);
	json_decref(detail);
}

void jg_ask_grant(struct jg_ask *ask)
{
	static const char *const fields[] = {"capabilities", "name", "metadata"};
	struct jg_state_app found;
	const char *verb = jg_ask_string(ask, "verb");
	if (verb == NULL || !jg_ask_app(ask, &found))
		return;
	if (strcmp(verb, "clear") == 0) {
		change(ask, found.app, "grant clear", NULL);
		return;
	}
	if (strcmp(verb, "set") != 0) {
		jg_ask_fail(ask, JG_FAILURE_INVALID,
			"there is no grant %.40s; expected set or clear", verb);
		return;
	}
	json_t *object = json_object();
	for (size_t i = 0; i < JG_ARRAY_SIZE(fields); i++) {
		json_t *value = json_object_get(ask->request, fields[i]);
		if (value != NULL)
			(void)json_object_set(object, fields[i], value);
	}
	change(ask, found.app, "grant set", object);
	json_decref(object);
}
