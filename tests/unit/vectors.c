// SPDX-License-Identifier: BSD-3-Clause
#include "vectors.h"

#include "internal/base.h"

#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>

static struct jg_str text_of(const json_t *value)
{
	if (!json_is_string(value))
		return (struct jg_str){0};
	return (struct jg_str){json_string_value(value), (uint32_t)json_string_length(value)};
}

static struct jg_str member(const json_t *object, const char *name)
{
	return text_of(json_object_get(object, name));
}

json_t *vectors_load(const char *file)
{
	char path[4096], error[128];
	const char *folder = getenv("JG_VECTORS");
	cr_assert_not_null(folder, "JG_VECTORS names the folder of the vectors");
	(void)snprintf(path, sizeof(path), "%s/%s.jsonl", folder, file);
	FILE *in = fopen(path, "r");
	cr_assert_not_null(in, "cannot open %s", path);
	json_t *all = json_array(), *line;
	json_error_t where;
	while ((line = json_loadf(in, JSON_DISABLE_EOF_CHECK | JSON_ALLOW_NUL, &where)) != NULL) {
		json_array_append_new(all, line);
		int c = fgetc(in);
		if (c == EOF)
			break;
	}
	(void)snprintf(
		error, sizeof(error), "line %zu: %.80s", json_array_size(all) + 1, where.text);
	cr_assert(feof(in) || fgetc(in) == EOF, "%s: %s", path, error);
	fclose(in);
	cr_assert_gt(json_array_size(all), 0, "%s has no vectors", path);
	return all;
}

// Beside the token each vendor has its own names for what is asked.
static void fill_request(struct jg_request *request, const json_t *line)
{
	static const struct {
		const char *name;
		size_t at;
	} names[] = {{"api_key", offsetof(struct jg_request, app)},
		{"app", offsetof(struct jg_request, app)},
		{"user_id", offsetof(struct jg_request, identity)},
		{"uid", offsetof(struct jg_request, identity)},
		{"identity", offsetof(struct jg_request, identity)},
		{"call_cid", offsetof(struct jg_request, room)},
		{"session_id", offsetof(struct jg_request, room)},
		{"channel", offsetof(struct jg_request, room)},
		{"room", offsetof(struct jg_request, room)}};
	const json_t *beside = json_object_get(line, "request");
	request->vendor = (uint8_t)jg_vendor_find(member(line, "vendor"));
	request->type = JG_REQUEST_JOIN;
	request->token = member(line, "token");
	for (size_t i = 0; i < JG_ARRAY_SIZE(names); i++) {
		struct jg_str value = member(beside, names[i].name);
		if (value.p != NULL)
			memcpy((char *)request + names[i].at, &value, sizeof(value));
	}
	if (jg_str_eq(member(beside, "service"), JG_STR("rtm")))
		request->service = JG_SERVICE_RTM;
	if (jg_str_eq(member(beside, "type"), JG_STR("refresh")))
		request->type = JG_REQUEST_REFRESH;
	if (jg_str_eq(member(beside, "type"), JG_STR("reconnect")))
		request->type = JG_REQUEST_RECONNECT;
	if (json_is_true(json_object_get(beside, "authenticated")))
		request->flags |= JG_REQUEST_AUTHENTICATED;
}

static uint64_t capabilities_of(const json_t *names)
{
	uint64_t word = 0;
	size_t i;
	json_t *name;
	json_array_foreach(names, i, name)
	{
		int bit = jg_capability_find(text_of(name));
		cr_assert_geq(bit, 0, "%s is no capability", json_string_value(name));
		word |= UINT64_C(1) << bit;
	}
	return word;
}

static int64_t integer(const json_t *object, const char *name, int64_t absent)
{
	const json_t *value = json_object_get(object, name);
	return json_is_integer(value) ? json_integer_value(value) : absent;
}

#define ENTRIES_MAX 4

// The lists of a policy, while the snapshot is built from them.
struct lists {
	struct jg_room_rule rooms[ENTRIES_MAX];
	struct jg_role roles[ENTRIES_MAX];
};

static void fill_rooms(struct jg_policy *policy, const json_t *json, struct lists *lists)
{
	const json_t *patterns = json_object_get(json, "rooms");
	for (size_t i = 0; i < json_array_size(patterns) && i < ENTRIES_MAX; i++) {
		const json_t *rule = json_array_get(patterns, i);
		lists->rooms[i] = (struct jg_room_rule){.pattern = member(rule, "pattern"),
			.deny = capabilities_of(json_object_get(rule, "deny"))};
		policy->rooms_n = (uint32_t)i + 1;
	}
	policy->rooms = lists->rooms;
}

static void fill_roles(struct jg_policy *policy, const json_t *json, struct lists *lists)
{
	const char *role;
	json_t *names;
	json_object_foreach(json_object_get(json, "roles"), role, names)
	{
		cr_assert_lt(policy->roles_n, ENTRIES_MAX);
		lists->roles[policy->roles_n++] =
			(struct jg_role){.role = {role, (uint32_t)strlen(role)},
				.capabilities = capabilities_of(names)};
	}
	policy->roles = lists->roles;
}

static uint32_t claims_of(const json_t *names)
{
	static const char *const known[] = {"exp", "iat", "jti"};
	uint32_t bits = 0;
	for (size_t i = 0; i < json_array_size(names); i++)
		for (size_t k = 0; k < JG_ARRAY_SIZE(known); k++)
			if (strcmp(json_string_value(json_array_get(names, i)), known[k]) == 0)
				bits |= 1u << k;
	return bits;
}

// joingate's own vectors carry a policy in the names of the configuration.
static void fill_policy(struct jg_policy *policy, const json_t *json, struct lists *lists)
{
	const json_t *defaults = json_object_get(json, "default_capabilities");
	const json_t *sources = json_object_get(json, "publish_sources");
	if (defaults != NULL)
		policy->default_capabilities = capabilities_of(defaults);
	if (sources != NULL)
		policy->publish_sources = capabilities_of(sources);
	policy->deny = capabilities_of(json_object_get(json, "deny"));
	policy->require = capabilities_of(json_object_get(json, "require"));
	policy->max_lifetime = integer(json, "max_lifetime", 0);
	policy->leeway = (int32_t)integer(json, "leeway", -1);
	policy->required_claims = claims_of(json_object_get(json, "required_claims"));
	policy->reconnect_grace = integer(json, "reconnect_grace", 0);
	policy->refresh_until = integer(json, "refresh_until", 0);
	policy->refresh = json_is_true(json_object_get(json, "refresh"));
	fill_rooms(policy, json, lists);
	fill_roles(policy, json, lists);
}

static struct jg_snapshot *build_snapshot(const struct vector *v)
{
	struct jg_error err = {0};
	struct lists lists;
	struct jg_secret secret = {.id = JG_STR("a"),
		.secret = member(v->line, "secret"),
		.public_key = member(v->line, "public_key"),
		.not_before = JG_TIME_NONE,
		.not_after = JG_TIME_NONE};
	struct jg_app app = {.vendor = v->request.vendor,
		.key = member(v->line, "app_key"),
		.secrets = &secret,
		.secrets_n = 1,
		.policy = jg_policy_default()};
	const json_t *state = json_object_get(v->line, "state");
	fill_policy(&app.policy, json_object_get(v->line, "policy"), &lists);
	app.policy.auth_checks = !json_is_true(json_object_get(state, "auth_checks_disabled"));
	struct jg_snapshot_builder *builder = jg_snapshot_builder_new();
	cr_assert_not_null(builder);
	cr_assert_eq(jg_snapshot_builder_add(builder, &app, &err), 0, "%s: %s", v->name, err.text);
	jg_snapshot_builder_set_cut_offs(builder, v->cut_offs);
	struct jg_snapshot *snapshot = jg_snapshot_build(builder, 1, &err);
	cr_assert_not_null(snapshot, "%s: %s", v->name, err.text);
	return snapshot;
}

static void set_cut_off(struct vector *v, struct jg_cut_off cut_off, const json_t *before)
{
	struct jg_error err = {0};
	cut_off.vendor = v->request.vendor;
	cut_off.app = member(v->line, "app_key");
	cut_off.before = json_is_integer(before) ? json_integer_value(before) : JG_TIME_NONE;
	cr_assert_eq(jg_cut_offs_set(v->cut_offs, &cut_off, &err), 0, "%s: %s", v->name, err.text);
}

static void fill_cut_offs(struct vector *v)
{
	struct jg_error err = {0};
	json_t *state = json_object_get(v->line, "state"), *before;
	const char *user;
	v->cut_offs = jg_cut_offs_new(0, &err);
	cr_assert_not_null(v->cut_offs, "%s", err.text);
	if (json_object_get(state, "app_revoke_before") != NULL)
		set_cut_off(v, (struct jg_cut_off){.scope = JG_SCOPE_APP},
			json_object_get(state, "app_revoke_before"));
	json_object_foreach(json_object_get(state, "user_revoke_before"), user, before) set_cut_off(
		v,
		(struct jg_cut_off){.scope = JG_SCOPE_USER, .user = {user, (uint32_t)strlen(user)}},
		before);
}

struct vector vector_of(json_t *line)
{
	struct vector v = {.line = line,
		.name = json_string_value(json_object_get(line, "name")),
		.now = json_integer_value(json_object_get(line, "now"))};
	fill_request(&v.request, line);
	fill_cut_offs(&v);
	v.snapshot = build_snapshot(&v);
	return v;
}

void vector_fini(struct vector *v)
{
	jg_snapshot_free(v->snapshot);
	jg_cut_offs_free(v->cut_offs);
}

static char difference[512];

static const char *differs(const char *field, struct jg_str have, struct jg_str want)
{
	(void)snprintf(difference, sizeof(difference), "%s is \"%.*s\", expected \"%.*s\"", field,
		(int)(have.len > 150 ? 150 : have.len), have.p != NULL ? have.p : "",
		(int)(want.len > 150 ? 150 : want.len), want.p != NULL ? want.p : "");
	return difference;
}

static const char *differs_at(const char *field, int64_t have, int64_t want)
{
	(void)snprintf(difference, sizeof(difference), "%s is %lld, expected %lld", field,
		(long long)have, (long long)want);
	return difference;
}

static bool is_expected_reason(const json_t *expect, const char *reason)
{
	const json_t *any = json_object_get(expect, "reason_any");
	for (size_t i = 0; i < json_array_size(any); i++)
		if (strcmp(json_string_value(json_array_get(any, i)), reason) == 0)
			return true;
	return strcmp(json_string_value(json_object_get(expect, "reason")), reason) == 0;
}

static const char *compare_refusal(const json_t *expect, const struct jg_verdict *verdict)
{
	const char *reason = jg_reason_name(verdict->reason);
	const char *want = json_string_value(json_object_get(expect, "reason"));
	if (verdict->capabilities != 0)
		return "a refusal has capabilities";
	if (verdict->reason != JG_REASON_OK && is_expected_reason(expect, reason))
		return NULL;
	return differs("reason", (struct jg_str){reason, (uint32_t)strlen(reason)},
		(struct jg_str){want, (uint32_t)strlen(want)});
}

static const char *compare_texts(const json_t *expect, const struct jg_verdict *verdict)
{
	const struct {
		const char *name;
		struct jg_str have;
	} texts[] = {{"identity", verdict->identity}, {"room", verdict->room},
		{"name", verdict->name}, {"metadata", verdict->metadata}, {"kind", verdict->kind},
		{"role", verdict->role}};
	for (size_t i = 0; i < JG_ARRAY_SIZE(texts); i++) {
		struct jg_str want = member(expect, texts[i].name);
		if (want.p != NULL && !jg_str_eq(texts[i].have, want))
			return differs(texts[i].name, texts[i].have, want);
	}
	return NULL;
}

static const char *compare_attributes(const json_t *expect, const struct jg_verdict *verdict)
{
	const json_t *want = json_object_get(expect, "attributes");
	if (want == NULL)
		return NULL;
	json_t *have = verdict->attributes.len == 0
		? json_object()
		: json_loadb(verdict->attributes.p, verdict->attributes.len, 0, NULL);
	bool equal = json_equal(have, want) != 0;
	json_decref(have);
	return equal ? NULL : differs("attributes", verdict->attributes, JG_STR("see vector"));
}

static const char *compare_layout_classes(const json_t *expect, const struct jg_verdict *verdict)
{
	const json_t *want = json_object_get(expect, "layout_classes");
	char joined[2048] = "";
	size_t n = 0;
	if (want == NULL)
		return NULL;
	for (size_t i = 0; i < json_array_size(want); i++)
		n += (size_t)snprintf(joined + n, sizeof(joined) - n, "%s%s", i > 0 ? " " : "",
			json_string_value(json_array_get(want, i)));
	struct jg_str text = {joined, (uint32_t)n};
	return jg_str_eq(verdict->layout_classes, text)
		? NULL
		: differs("layout_classes", verdict->layout_classes, text);
}

static int64_t end_of(const struct jg_verdict *verdict, unsigned bit)
{
	for (uint32_t i = 0; i < verdict->capability_expires_n; i++)
		if ((verdict->capability_expires[i].capabilities >> bit & 1) != 0)
			return verdict->capability_expires[i].expires_at;
	return JG_TIME_NONE;
}

static const char *compare_ends(const json_t *expect, const struct jg_verdict *verdict)
{
	const json_t *want = json_object_get(expect, "grant_expires");
	for (unsigned bit = 0; bit < JG_CAPABILITY_COUNT && want != NULL; bit++) {
		int64_t end = integer(want, jg_capability_name(bit), JG_TIME_NONE);
		if (end_of(verdict, bit) != end)
			return differs_at(jg_capability_name(bit), end_of(verdict, bit), end);
	}
	return NULL;
}

// Replies are written over the token while a verdict's strings are read.
static const char *find_in_token(const struct jg_str token, const struct jg_verdict *verdict)
{
	const struct jg_str strings[] = {verdict->identity, verdict->room, verdict->app,
		verdict->key, verdict->role, verdict->name, verdict->kind, verdict->metadata,
		verdict->attributes, verdict->layout_classes, verdict->subject, verdict->ancestors,
		verdict->rtm_permissions};

	for (size_t i = 0; i < JG_ARRAY_SIZE(strings); i++)
		if ((uintptr_t)strings[i].p - (uintptr_t)token.p < token.len)
			return differs("where it lies", strings[i], JG_STR("not in the token"));
	return NULL;
}

const char *vector_compare(const struct vector *v, const struct jg_verdict *verdict)
{
	const json_t *expect = json_object_get(v->line, "expect");
	const char *wanted = json_string_value(json_object_get(expect, "verdict"));
	const char *repeated = find_in_token(v->request.token, verdict);
	if (repeated != NULL)
		return repeated;
	if (strcmp(wanted, "reject") == 0)
		return compare_refusal(expect, verdict);
	const char *reason = jg_reason_name(verdict->reason);
	if (verdict->reason != JG_REASON_OK)
		return differs(
			"reason", (struct jg_str){reason, (uint32_t)strlen(reason)}, JG_STR("ok"));
	uint64_t grants = capabilities_of(json_object_get(expect, "grants"));
	if (verdict->capabilities != grants)
		return differs_at("capabilities", (int64_t)verdict->capabilities, (int64_t)grants);
	int64_t expires = integer(expect, "expires_at", JG_TIME_NONE);
	if (verdict->expires_at != expires)
		return differs_at("expires_at", verdict->expires_at, expires);
	const char *(*const parts[])(const json_t *, const struct jg_verdict *) = {
		compare_texts, compare_attributes, compare_layout_classes, compare_ends};
	for (size_t i = 0; i < JG_ARRAY_SIZE(parts); i++) {
		const char *found = parts[i](expect, verdict);
		if (found != NULL)
			return found;
	}
	return NULL;
}
