// SPDX-License-Identifier: BSD-3-Clause
// From a place in a JSON text to its line and column. The text has been parsed before, so it is
// well-formed; this scanner still never reads beyond it.
#include "settings.h"

#define STEPS_MAX 24

struct step {
	const char *name; // NULL: an element
	size_t len;
	size_t index;
};

struct scan {
	const char *p;
	const char *end;
};

// Steps from the root to the place; their number.
static size_t unroll(const struct place *place, struct step *steps)
{
	size_t n = STEPS_MAX;
	for (; place != NULL && n > 0; place = place->parent) {
		if (place->name == NULL) {
			steps[--n] = (struct step){NULL, 0, place->index};
			continue;
		}
		const char *end = place->name + strlen(place->name);
		for (const char *from; n > 0; end = from - 1) {
			from = end;
			while (from > place->name && (place->verbatim || from[-1] != '.'))
				from--;
			steps[--n] = (struct step){from, (size_t)(end - from), 0};
			if (from == place->name)
				break;
		}
	}
	memmove(steps, steps + n, (STEPS_MAX - n) * sizeof(*steps));
	return STEPS_MAX - n;
}

static void skip_space(struct scan *scan)
{
	while (scan->p < scan->end && memchr(" \t\r\n", *scan->p, 4) != NULL)
		scan->p++;
}

static void skip_string(struct scan *scan)
{
	for (scan->p++; scan->p < scan->end && *scan->p != '"'; scan->p++)
		if (*scan->p == '\\' && scan->p + 1 < scan->end)
			scan->p++;
	if (scan->p < scan->end)
		scan->p++;
}

// Past one value of any depth.
static void skip_value(struct scan *scan)
{
	size_t depth = 0;
	while (scan->p < scan->end) {
		char c = *scan->p;
		if (c == '"') {
			skip_string(scan);
		} else if (c == '{' || c == '[') {
			depth++;
			scan->p++;
		} else if (c == '}' || c == ']') {
			if (depth == 0)
				return;
			depth--;
			scan->p++;
		} else if (c == ',' && depth == 0) {
			return;
		} else {
			scan->p++;
			continue;
		}
		if (depth == 0)
			return;
	}
}

// Is the string literal at p this name? Escapes are left to jansson.
static bool is_name(const char *p, const char *after, const struct step *step)
{
	if (after - p < 2)
		return false;
	size_t len = (size_t)(after - p) - 2;
	if (memchr(p, '\\', len + 2) == NULL)
		return len == step->len && memcmp(p + 1, step->name, len) == 0;
	json_t *name = json_loadb(p, len + 2, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
	bool same = name != NULL && json_string_length(name) == step->len &&
		memcmp(json_string_value(name), step->name, step->len) == 0;
	json_decref(name);
	return same;
}

// From the start of a container to the value of one step; name is where its name stands.
static bool enter(struct scan *scan, const struct step *step, const char **name)
{
	char open = step->name == NULL ? '[' : '{';
	if (scan->p >= scan->end || *scan->p != open)
		return false;
	scan->p++;
	for (size_t i = 0; scan->p < scan->end; i++) {
		skip_space(scan);
		if (scan->p >= scan->end || *scan->p == ']' || *scan->p == '}')
			return false;
		*name = scan->p;
		bool here = step->name == NULL && i == step->index;
		if (step->name != NULL) {
			skip_string(scan);
			here = is_name(*name, scan->p, step);
			while (scan->p < scan->end && *scan->p != ':')
				scan->p++;
			scan->p += scan->p < scan->end;
			skip_space(scan);
		}
		if (here)
			return true;
		skip_value(scan);
		skip_space(scan);
		scan->p += scan->p < scan->end && *scan->p == ',';
	}
	return false;
}

void jg_config_locate(
	struct jg_str text, const struct place *place, uint32_t *line, uint32_t *column)
{
	struct step steps[STEPS_MAX];
	size_t n = unroll(place, steps);
	struct scan scan = {text.p, text.p + text.len};
	skip_space(&scan);
	const char *found = scan.p;
	for (size_t i = 0; i < n; i++) {
		const char *name = scan.p;
		if (!enter(&scan, &steps[i], &name))
			break;
		found = place->at_name && i + 1 == n ? name : scan.p;
	}
	*line = 1;
	*column = 1;
	for (const char *p = text.p; p < found; p++) {
		if (*p == '\n') {
			++*line;
			*column = 1;
		} else if (((unsigned char)*p & 0xc0) != 0x80) {
			++*column;
		}
	}
}

void jg_config_spell(const struct place *place, char *text, size_t size)
{
	const struct place *chain[STEPS_MAX];
	size_t n = 0;
	for (; place != NULL && n < STEPS_MAX; place = place->parent)
		chain[n++] = place;
	size_t used = 0;
	text[0] = '\0';
	while (n-- > 0 && used < size) {
		const struct place *at = chain[n];
		int k = at->name == NULL
			? snprintf(text + used, size - used, "[%zu]", at->index)
			: snprintf(text + used, size - used, "%s%s", used > 0 ? "." : "", at->name);
		used += k > 0 ? (size_t)k : 0;
	}
}
