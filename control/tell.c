// SPDX-License-Identifier: BSD-3-Clause
#include "tell.h"

#include "control.h"
#include "figures_json.h"

#include <stdio.h>
#include <stdlib.h>

#define NAME_LEN 128
#define DEPTH 4 // of what is told: state/keys/livekit/active
#define KEYS_A_TIME 32 // DPDK's answers have 256 members at most
#define APPS_A_TIME 10

// What is told of a topic: a member of stats --json; of a list so many rows at once.
static const struct topic {
	const char *topic;
	const char *member;
	size_t rows; // 0: it is no list
} topics[] = {
	{"state", "state", 0},
	{"service", "service_us", 0},
	{"stages", "stages_us", 0},
	{"top", "top_apps", APPS_A_TIME},
	{"keys", "keys", KEYS_A_TIME},
};

// A container that is being walked through.
struct level {
	json_t *of;
	size_t next;
	void *iter; // of an object
	size_t prefix; // bytes of its name with the "/"
};

// The next element of a level: its name behind the level's prefix, and its value. NULL = no more
static json_t *step(struct level *level, char name[NAME_LEN])
{
	char *end = name + level->prefix;
	size_t room = NAME_LEN - level->prefix;
	if (json_is_array(level->of)) {
		(void)snprintf(end, room, "%zu", level->next);
		return json_array_get(level->of, level->next++);
	}
	level->iter = level->next++ == 0 ? json_object_iter(level->of)
					 : json_object_iter_next(level->of, level->iter);
	if (level->iter == NULL)
		return NULL;
	(void)snprintf(end, room, "%s", json_object_iter_key(level->iter));
	return json_object_iter_value(level->iter);
}

static void tell_value(struct jg_gate_told *told, const char *name, const json_t *value)
{
	char text[32];
	if (json_is_boolean(value)) {
		told->count(told, name, json_is_true(value));
	} else if (json_is_integer(value)) {
		told->count(told, name, (uint64_t)json_integer_value(value));
	} else if (json_is_real(value)) {
		(void)snprintf(text, sizeof(text), "%.17g", json_real_value(value));
		told->text(told, name, text);
	} else {
		told->text(told, name, json_string_value(value));
	}
}

// What lies deeper is named "outer/inner": DPDK's older clients see one level.
static void tell_all(struct jg_gate_told *told, json_t *root, const char *prefix)
{
	struct level levels[DEPTH] = {{.of = root, .prefix = strlen(prefix)}};
	char name[NAME_LEN];
	unsigned depth = 1;
	(void)snprintf(name, sizeof(name), "%s", prefix);
	while (depth > 0) {
		json_t *value = step(&levels[depth - 1], name);
		if (value == NULL) {
			depth--;
		} else if (json_is_object(value) || json_is_array(value)) {
			size_t len = strlen(name);
			if (depth == DEPTH || len + 1 >= sizeof(name))
				continue;
			memcpy(name + len, "/", sizeof("/"));
			levels[depth++] = (struct level){.of = value, .prefix = len + 1};
		} else {
			tell_value(told, name, value);
		}
	}
}

static void tell_rows(struct jg_gate_told *told, const json_t *list, size_t first, size_t most)
{
	char prefix[32];
	told->count(told, "rows", json_array_size(list));
	for (size_t i = first; i < json_array_size(list) && i - first < most; i++) {
		(void)snprintf(prefix, sizeof(prefix), "%zu/", i);
		tell_all(told, json_array_get(list, i), prefix);
	}
}

static bool is_counter(const char *name)
{
	for (unsigned i = 0; i < JG_COUNTER_COUNT; i++)
		if (strcmp(jg_counter_name(i), name) == 0)
			return true;
	return false;
}

// The packet side has told the counters itself.
static void tell_member(struct jg_gate_told *told, json_t *workers, const char *member)
{
	json_t *worker = json_object_get(workers, member);
	const char *name;
	json_t *value;
	void *next;
	json_object_foreach_safe(worker, next, name, value) if (is_counter(name))(void)
		json_object_del(worker, name);
	if (worker != NULL)
		tell_all(told, worker, "");
}

void jg_tell(const struct jg_figures *figures, const char *topic, const char *member,
	unsigned first, struct jg_gate_told *told)
{
	json_t *json = json_object();
	jg_figures_json(figures, json);
	if (strcmp(topic, "stats") == 0)
		tell_member(told, json_object_get(json, "workers"), member);
	for (size_t i = 0; i < JG_ARRAY_SIZE(topics); i++) {
		json_t *of = json_object_get(json, topics[i].member);
		if (strcmp(topics[i].topic, topic) != 0)
			continue;
		if (topics[i].rows > 0)
			tell_rows(told, of, first, topics[i].rows);
		else
			tell_all(told, of, "");
	}
	json_decref(json);
}

void jg_control_tell(void *control, const char *topic, const char *member, unsigned first,
	struct jg_gate_told *told)
{
	struct jg_figures *figures = calloc(1, sizeof(*figures));
	if (figures == NULL)
		return;
	jg_control_figures(control, figures);
	if (figures->version != NULL)
		jg_tell(figures, topic, member, first, told);
	free(figures);
}
