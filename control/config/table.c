// SPDX-License-Identifier: BSD-3-Clause
// JG_CONFIG as data: rows with the offsets of their members.
#include "settings.h"

#define RELOAD_YES true
#define RELOAD_NO false

#define COUNT_INTEGER(type, f) 0
#define COUNT_BOOLEAN(type, f) 0
#define COUNT_WORD(type, f) 0
#define COUNT_TEXT(type, f) 0
#define COUNT_SECRET(type, f) 0
#define COUNT_CONTENT(type, f) 0
#define COUNT_KEY_FILE(type, f) 0
#define COUNT_PATH(type, f) 0
#define COUNT_LISTEN(type, f) 0
#define COUNT_TIME(type, f) 0
#define COUNT_VENDOR(type, f) 0
#define COUNT_SCOPE(type, f) 0
#define COUNT_TOKEN_ID(type, f) 0
#define COUNT_CAPABILITIES(type, f) 0
#define COUNT_SOURCES(type, f) 0
#define COUNT_CLAIMS(type, f) 0
#define COUNT_POLICY(type, f) 0
#define COUNT_TEXTS(type, f) offsetof(type, f##_n)
#define COUNT_UIDS(type, f) offsetof(type, f##_n)
#define COUNT_ADDRESSES(type, f) offsetof(type, f##_n)
#define COUNT_PREFIXES(type, f) offsetof(type, f##_n)
#define COUNT_ALLOWED(type, f) offsetof(type, f##_n)
#define COUNT_ROLES(type, f) offsetof(type, f##_n)
#define COUNT_APPS(type, f) offsetof(type, f##_n)
#define COUNT_SECRETS(type, f) offsetof(type, f##_n)
#define COUNT_ROOMS(type, f) offsetof(type, f##_n)
#define COUNT_CUT_OFFS(type, f) offsetof(type, f##_n)
#define COUNT_PORTS(type, f) offsetof(type, f##_n)
#define COUNT_FRONT_ENDS(type, f) offsetof(type, f##_n)
#define COUNT_CALLERS(type, f) offsetof(type, f##_n)

#define TYPE_ROOT struct jg_config
#define TYPE_APP struct jg_app
#define TYPE_SECRET struct jg_secret
#define TYPE_POLICY struct jg_policy
#define TYPE_ROOM struct jg_room_rule
#define TYPE_CUT_OFF struct jg_cut_off
#define TYPE_PORT struct jg_config_port
#define TYPE_FRONT_END struct jg_config_front_end
#define TYPE_CALLER struct jg_config_caller

#define ROW(type, field, kind, path, preset, min, max, unit, reload, help)                      \
	{path, preset, unit, help, min, max, offsetof(type, field), sizeof(((type *)0)->field), \
		COUNT_##kind(type, field), KIND_##kind, RELOAD_##reload},

#define X(...) ROW(TYPE_ROOT, __VA_ARGS__)
static const struct setting root[] = {JG_CONFIG_ROOT(X)};
#undef X
#define X(...) ROW(TYPE_APP, __VA_ARGS__)
static const struct setting app[] = {JG_CONFIG_APP(X)};
#undef X
#define X(...) ROW(TYPE_SECRET, __VA_ARGS__)
static const struct setting secret[] = {JG_CONFIG_SECRET(X)};
#undef X
#define X(...) ROW(TYPE_POLICY, __VA_ARGS__)
static const struct setting policy[] = {JG_CONFIG_POLICY(X)};
#undef X
#define X(...) ROW(TYPE_ROOM, __VA_ARGS__)
static const struct setting room[] = {JG_CONFIG_ROOM(X)};
#undef X
#define X(...) ROW(TYPE_CUT_OFF, __VA_ARGS__)
static const struct setting cut_off[] = {JG_CONFIG_CUT_OFF(X)};
#undef X
#define X(...) ROW(TYPE_PORT, __VA_ARGS__)
static const struct setting port[] = {JG_CONFIG_PORT(X)};
#undef X
#define X(...) ROW(TYPE_FRONT_END, __VA_ARGS__)
static const struct setting front_end[] = {JG_CONFIG_FRONT_END(X)};
#undef X
#define X(...) ROW(TYPE_CALLER, __VA_ARGS__)
static const struct setting caller[] = {JG_CONFIG_CALLER(X)};
#undef X

#define SECTION(symbol, rows, place) \
	[SECTION_##symbol] = {place, rows, JG_ARRAY_SIZE(rows), sizeof(TYPE_##symbol)}
const struct section jg_config_sections[SECTION_COUNT] = {
	SECTION(ROOT, root, ""),
	SECTION(APP, app, "apps[]."),
	SECTION(SECRET, secret, "apps[].secrets[]."),
	SECTION(POLICY, policy, "apps[].policy."),
	SECTION(ROOM, room, "apps[].policy.rooms[]."),
	SECTION(CUT_OFF, cut_off, "cut_offs[]."),
	SECTION(PORT, port, "ports[]."),
	SECTION(FRONT_END, front_end, "front_ends[]."),
	SECTION(CALLER, caller, "token_server.callers[]."),
};

static_assert(JG_ARRAY_SIZE(root) <= JG_ARRAY_SIZE(((struct jg_config *)0)->fixed),
	"a digest for every root setting");

enum section_id jg_config_child(enum kind kind)
{
	switch (kind) {
	case KIND_APPS:
		return SECTION_APP;
	case KIND_SECRETS:
		return SECTION_SECRET;
	case KIND_POLICY:
		return SECTION_POLICY;
	case KIND_ROOMS:
		return SECTION_ROOM;
	case KIND_CUT_OFFS:
		return SECTION_CUT_OFF;
	case KIND_PORTS:
		return SECTION_PORT;
	case KIND_FRONT_ENDS:
		return SECTION_FRONT_END;
	case KIND_CALLERS:
		return SECTION_CALLER;
	default:
		return SECTION_COUNT;
	}
}

// "poll|pause|sleep" as "poll, pause or sleep".
static void spell_words(const char *words, char *text, size_t size)
{
	size_t used = 0;
	while (*words != '\0' && used + 1 < size) {
		size_t len = strcspn(words, "|");
		const char *rest = words + len;
		int n = snprintf(text + used, size - used, "%.*s%s", (int)len, words,
			*rest == '\0'				? ""
				: strchr(rest + 1, '|') == NULL ? " or "
								: ", ");
		used += n > 0 ? (size_t)n : 0;
		words = *rest == '\0' ? rest : rest + 1;
	}
}

void jg_config_expected(const struct setting *s, char *text, size_t size)
{
	const char *unit = s->unit[0] != '\0' ? s->unit : "";
	text[0] = '\0';
	switch (s->kind) {
	case KIND_BOOLEAN:
		(void)snprintf(text, size, "true or false");
		return;
	case KIND_WORD:
		spell_words(s->unit, text, size);
		return;
	case KIND_VENDOR:
		spell_words("livekit|stream|opentok|vonage|agora", text, size);
		return;
	case KIND_SCOPE:
		spell_words("app|user|room|participant|secret|token", text, size);
		return;
	case KIND_TOKEN_ID:
		(void)snprintf(text, size, "%s", unit);
		return;
	case KIND_POLICY:
		(void)snprintf(text, size, "an object");
		return;
	case KIND_LISTEN:
		(void)snprintf(text, size, "address:port, or \"\" for none");
		return;
	default:
		(void)snprintf(text, size, "%lld..%lld%s%s", (long long)s->min, (long long)s->max,
			unit[0] != '\0' ? " " : "", unit);
	}
}
