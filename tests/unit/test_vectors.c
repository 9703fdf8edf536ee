// SPDX-License-Identifier: BSD-3-Clause
// Every shared vector, alone and in company: verdict, reason and every field.
#include "internal/base.h"
#include "vectors.h"

#include <criterion/criterion.h>

#include <stdlib.h>

static struct jg_verifier *new_verifier(const char *engine)
{
	struct jg_error err = {0};
	struct jg_verifier_options options = {.mac_engine = engine, .seed = 7};
	struct jg_verifier *verifier = jg_verifier_new(&options, &err);
	cr_assert_not_null(verifier, "%s", err.text);
	return verifier;
}

static void judge(struct jg_verifier *verifier, const struct vector *v, struct jg_verdict *verdict)
{
	jg_verify_burst(verifier, v->snapshot, v->now, &v->request, verdict, 1);
}

// Judge a file's vectors one by one; every difference is told, then the test fails.
static void check_file(const char *file, size_t expected)
{
	struct jg_verifier *verifier = new_verifier("ref");
	json_t *lines = vectors_load(file), *line;
	size_t i, bad = 0;
	cr_assert_eq(json_array_size(lines), expected);
	json_array_foreach(lines, i, line)
	{
		struct vector v = vector_of(line);
		struct jg_verdict verdict;
		judge(verifier, &v, &verdict);
		const char *found = vector_compare(&v, &verdict);
		bad += found != NULL;
		if (found != NULL)
			cr_log_error("%s: %s", v.name, found);
		vector_fini(&v);
	}
	json_decref(lines);
	jg_verifier_free(verifier);
	cr_assert_eq(bad, 0, "%zu of %zu vectors of %s differ", bad, expected, file);
}

Test(vectors, livekit_tokens_get_the_expected_verdicts)
{
	check_file("livekit", 180);
}

Test(vectors, stream_tokens_get_the_expected_verdicts)
{
	check_file("stream", 93);
}

Test(vectors, opentok_tokens_get_the_expected_verdicts)
{
	check_file("opentok", 125);
}

Test(vectors, vonage_tokens_get_the_expected_verdicts)
{
	check_file("vonage", 53);
}

Test(vectors, agora_tokens_get_the_expected_verdicts)
{
	check_file("agora", 133);
}

Test(vectors, policies_change_verdicts_as_expected)
{
	check_file("policy", 57);
}

static const char *const files[] = {"livekit", "stream", "opentok", "vonage", "agora", "policy"};

// Reasons that no token provokes, and the end-to-end test that does.
static const struct {
	uint8_t reason;
	char test[32];
} elsewhere[] = {{JG_REASON_OVERLOADED, "tests/e2e/overload.sh"}};

#define APPS_MAX 16
#define SECRETS_MAX 16

// All vectors of one second whose app has no state, judged by one snapshot: the apps of all of them,
// each with every secret that any of its vectors names.
struct company {
	json_t *lines[1024];
	size_t n;
	struct jg_app apps[APPS_MAX];
	struct jg_secret secrets[APPS_MAX][SECRETS_MAX];
	char ids[SECRETS_MAX];
	size_t apps_n;
	struct jg_snapshot *snapshot;
};

static struct jg_str text_of(const json_t *line, const char *name)
{
	const json_t *value = json_object_get(line, name);
	if (value == NULL)
		return (struct jg_str){0};
	return (struct jg_str){json_string_value(value), (uint32_t)json_string_length(value)};
}

static void add_secret(struct company *c, const json_t *line, size_t app)
{
	struct jg_str secret = text_of(line, "secret"), key = text_of(line, "public_key");
	uint32_t n = c->apps[app].secrets_n;
	for (uint32_t i = 0; i < n; i++)
		if (jg_str_eq(c->secrets[app][i].secret, secret) &&
			jg_str_eq(c->secrets[app][i].public_key, key))
			return;
	cr_assert_lt(n, SECRETS_MAX);
	c->ids[n] = (char)('a' + n);
	c->secrets[app][n] = (struct jg_secret){.id = {&c->ids[n], 1},
		.secret = secret,
		.public_key = key,
		.not_before = JG_TIME_NONE,
		.not_after = JG_TIME_NONE};
	c->apps[app].secrets = c->secrets[app];
	c->apps[app].secrets_n = n + 1;
}

static void add_line(struct company *c, json_t *line)
{
	struct jg_app app = {.vendor = (uint8_t)jg_vendor_find(text_of(line, "vendor")),
		.key = text_of(line, "app_key"),
		.policy = jg_policy_default()};
	size_t i = 0;
	while (i < c->apps_n &&
		!(c->apps[i].vendor == app.vendor && jg_str_eq(c->apps[i].key, app.key)))
		i++;
	cr_assert_lt(i, APPS_MAX);
	if (i == c->apps_n)
		c->apps[c->apps_n++] = app;
	add_secret(c, line, i);
	cr_assert_lt(c->n, JG_ARRAY_SIZE(c->lines));
	c->lines[c->n++] = line;
}

static void build_company(struct company *c)
{
	struct jg_error err = {0};
	struct jg_snapshot_builder *builder = jg_snapshot_builder_new();
	for (size_t i = 0; i < c->apps_n; i++)
		cr_assert_eq(
			jg_snapshot_builder_add(builder, &c->apps[i], &err), 0, "%s", err.text);
	c->snapshot = jg_snapshot_build(builder, 1, &err);
	cr_assert_not_null(c->snapshot, "%s", err.text);
}

// Every vector again, strangers beside each other, in bursts of this size.
static void check_company(const struct company *c, struct jg_verifier *verifier, unsigned burst)
{
	static struct jg_request requests[JG_BURST_MAX];
	static struct jg_verdict verdicts[JG_BURST_MAX];
	static struct vector vectors[JG_BURST_MAX];
	for (size_t start = 0; start < c->n; start += burst) {
		unsigned n = (unsigned)(c->n - start < burst ? c->n - start : burst);
		for (unsigned i = 0; i < n; i++) {
			// A step that leaves no vector out: neighbours come from afar.
			vectors[i] = vector_of(c->lines[(start + i) * 101 % c->n]);
			requests[i] = vectors[i].request;
		}
		jg_verify_burst(verifier, c->snapshot, 1800000000, requests, verdicts, n);
		for (unsigned i = 0; i < n; i++) {
			const char *found = vector_compare(&vectors[i], &verdicts[i]);
			cr_assert_null(found, "%s in a burst of %u: %s", vectors[i].name, n, found);
			vector_fini(&vectors[i]);
		}
	}
}

static struct company *gather_company(json_t *all)
{
	struct company *c = calloc(1, sizeof(*c));
	json_t *line;
	size_t i;
	cr_assert_not_null(c);
	json_array_foreach(
		all, i, line) if (json_integer_value(json_object_get(line, "now")) == 1800000000 &&
		json_object_get(line, "state") == NULL) add_line(c, line);
	return c;
}

Test(vectors, a_mixed_burst_gets_the_verdicts_of_each_alone)
{
	static const unsigned bursts[] = {JG_BURST_MAX, 17, 64};
	json_t *all = json_array();
	for (size_t f = 0; f < JG_ARRAY_SIZE(files) - 1; f++) { // policies are per vector
		json_t *lines = vectors_load(files[f]);
		json_array_extend(all, lines);
		json_decref(lines);
	}
	struct company *c = gather_company(all);
	cr_assert_gt(c->n, 500);
	cr_assert_neq(c->n % 101, 0);
	build_company(c);
	struct jg_verifier *verifier = new_verifier("ref");
	for (size_t i = 0; i < JG_ARRAY_SIZE(bursts); i++)
		check_company(c, verifier, bursts[i]);
	jg_verifier_free(verifier);
	jg_snapshot_free(c->snapshot);
	free(c);
	json_decref(all);
}

Test(vectors, every_reason_is_provoked_by_a_vector)
{
	bool seen[JG_REASON_COUNT] = {[JG_REASON_OK] = true};
	for (size_t i = 0; i < JG_ARRAY_SIZE(elsewhere); i++)
		seen[elsewhere[i].reason] = true;
	for (size_t f = 0; f < JG_ARRAY_SIZE(files); f++) {
		json_t *lines = vectors_load(files[f]), *line;
		size_t i;
		json_array_foreach(lines, i, line)
		{
			const json_t *expect = json_object_get(line, "expect");
			const char *name = json_string_value(json_object_get(expect, "reason"));
			for (unsigned r = 0; name != NULL && r < JG_REASON_COUNT; r++)
				seen[r] |= strcmp(name, jg_reason_name(r)) == 0;
		}
		json_decref(lines);
	}
	for (unsigned r = 0; r < JG_REASON_COUNT; r++)
		cr_expect(seen[r], "no vector is refused as %s", jg_reason_name(r));
}
