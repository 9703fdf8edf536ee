// SPDX-License-Identifier: BSD-3-Clause
// Every shared vector, alone and in company: verdict, reason and every field.
#include "internal/base.h"
#include "vectors.h"

#include <criterion/criterion.h>

#include <inttypes.h>
#include <stdio.h>
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

// Which rule of the policy it was: the words name the setting.
static const char *setting_of(const char *reason, const char *name)
{
	static const struct {
		const char *reason, *vector, *setting;
	} rows[] = {{"lifetime", "", "policy.max_lifetime"},
		{"missing_claim", "lifetime", "policy.max_lifetime"},
		{"missing_claim", "", "policy.required_claims"},
		{"not_permitted", "require", "policy.require"},
		{"not_permitted", "deny", "policy.deny"}, {"not_permitted", "room", "policy.rooms"},
		{"not_permitted", "role", "policy.roles"},
		{"not_permitted", "refresh-not-for-strangers", "not authenticated"},
		{"not_permitted", "refresh", "policy.refresh"},
		{"expired", "grace-over", "policy.reconnect_grace"}};
	for (size_t i = 0; i < JG_ARRAY_SIZE(rows); i++)
		if (strcmp(rows[i].reason, reason) == 0 && strstr(name, rows[i].vector) != NULL)
			return rows[i].setting;
	return NULL;
}

Test(vectors, a_refusal_by_policy_names_the_setting)
{
	struct jg_verifier *verifier = new_verifier("ref");
	json_t *lines = vectors_load("policy"), *line;
	size_t i, named = 0;
	json_array_foreach(lines, i, line)
	{
		struct vector v = vector_of(line);
		struct jg_verdict verdict;
		char detail[256];
		judge(verifier, &v, &verdict);
		(void)jg_verdict_detail(&verdict, detail, sizeof(detail));
		const char *setting = setting_of(jg_reason_name(verdict.reason), v.name);
		cr_expect(setting == NULL || strstr(detail, setting) != NULL, "%s: %s", v.name,
			detail);
		cr_expect(
			setting != NULL || verdict.reason != JG_REASON_NOT_PERMITTED, "%s", v.name);
		named += setting != NULL;
		vector_fini(&v);
	}
	cr_assert_geq(named, 20);
	json_decref(lines);
	jg_verifier_free(verifier);
}

static const char *const files[] = {"livekit", "stream", "opentok", "vonage", "agora", "policy"};

// Reasons that no token provokes, and the end-to-end test that does.
static const struct {
	uint8_t reason;
	const char *test;
} elsewhere[] = {{JG_REASON_OVERLOADED, "e2e/overloaded_test.sh"}};

#define APPS_MAX 16
#define SECRETS_MAX 16

// All vectors of one second whose app has no state, judged by one snapshot: the apps of all of them,
// each with every secret that any of its vectors names.
struct company {
	json_t *all;
	json_t *lines[1024];
	size_t n;
	struct jg_app apps[APPS_MAX];
	struct jg_secret secrets[APPS_MAX][SECRETS_MAX];
	char ids[SECRETS_MAX];
	size_t apps_n;
	struct jg_cut_offs *cut_offs; // none at first
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
	c->cut_offs = jg_cut_offs_new(0, &err);
	cr_assert_not_null(c->cut_offs, "%s", err.text);
	jg_snapshot_builder_set_cut_offs(builder, c->cut_offs);
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

static struct company *company_of_all(void)
{
	json_t *all = json_array();
	for (size_t f = 0; f < JG_ARRAY_SIZE(files) - 1; f++) { // policies are per vector
		json_t *lines = vectors_load(files[f]);
		json_array_extend(all, lines);
		json_decref(lines);
	}
	struct company *c = gather_company(all);
	c->all = all;
	cr_assert_gt(c->n, 500);
	build_company(c);
	return c;
}

static void free_company(struct company *c)
{
	jg_snapshot_free(c->snapshot);
	jg_cut_offs_free(c->cut_offs);
	json_decref(c->all);
	free(c);
}

Test(vectors, a_mixed_burst_gets_the_expected_verdicts)
{
	static const unsigned bursts[] = {JG_BURST_MAX, 17, 64};
	struct company *c = company_of_all();
	cr_assert_neq(c->n % 101, 0);
	struct jg_verifier *verifier = new_verifier("ref");
	for (size_t i = 0; i < JG_ARRAY_SIZE(bursts); i++)
		check_company(c, verifier, bursts[i]);
	jg_verifier_free(verifier);
	free_company(c);
}

static void put_hex(FILE *out, const void *bytes, size_t n)
{
	static const char digits[] = "0123456789abcdef";
	for (const uint8_t *p = bytes; n > 0; n--, p++) {
		(void)putc_unlocked(digits[*p >> 4], out);
		(void)putc_unlocked(digits[*p & 15], out);
	}
}

// A verdict in whole, so that two can be compared and the difference read.
static char *render(const struct jg_verdict *v)
{
	const struct {
		const char *name;
		struct jg_str text;
	} strings[] = {{"app", v->app}, {"key", v->key}, {"identity", v->identity},
		{"room", v->room}, {"name", v->name}, {"metadata", v->metadata},
		{"attributes", v->attributes}, {"role", v->role}, {"kind", v->kind},
		{"layout", v->layout_classes}, {"subject", v->subject}, {"ancestors", v->ancestors},
		{"permissions", v->rtm_permissions}};
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	cr_assert_not_null(out);
	fprintf(out,
		"%s %" PRIx64 " issued %" PRId64 " expires %" PRId64 " rule %u %" PRId64 " %" PRId64
		" format %u vendor %u verified %d index %u %u",
		jg_reason_name(v->reason), v->capabilities, v->issued_at, v->expires_at, v->rule,
		v->rule_value, v->rule_limit, v->format, v->vendor, v->verified, v->app_index,
		v->key_index);
	for (size_t i = 0; i < JG_ARRAY_SIZE(strings); i++) {
		fprintf(out, " %s=", strings[i].name);
		put_hex(out, strings[i].text.p, strings[i].text.len);
	}
	fprintf(out, " id=");
	put_hex(out, v->token_id, sizeof(v->token_id));
	for (uint32_t i = 0; i < v->capability_expires_n; i++)
		fprintf(out, " %" PRIx64 "@%" PRId64, v->capability_expires[i].capabilities,
			v->capability_expires[i].expires_at);
	(void)fclose(out);
	return text;
}

/** What each token is judged as when it is alone. */
struct alone {
	struct vector vectors[1024];
	char *verdicts[1024];
	size_t order[1024];
	size_t next;
	uint64_t random;
};

static size_t draw(struct alone *a, size_t n)
{
	a->random ^= a->random << 13;
	a->random ^= a->random >> 7;
	a->random ^= a->random << 17;
	return (size_t)(a->random >> 11) % n;
}

// The next of a shuffled pack, which is shuffled again when it is used up: no token is left out.
static size_t deal(struct alone *a, size_t n)
{
	if (a->next == n)
		a->next = 0;
	for (size_t i = n; a->next == 0 && i > 1; i--) {
		size_t other = draw(a, i), kept = a->order[i - 1];
		a->order[i - 1] = a->order[other];
		a->order[other] = kept;
	}
	return a->order[a->next++];
}

static struct alone *judge_alone(const struct company *c)
{
	struct alone *a = calloc(1, sizeof(*a));
	struct jg_error err = {0};
	struct jg_verifier_options options = {.mac_engine = "ref",
		.simd = "portable",
		.no_shapes = true,
		.no_beginnings = true,
		.seed = 7};
	struct jg_verifier *verifier = jg_verifier_new(&options, &err);
	cr_assert(a != NULL && verifier != NULL, "%s", err.text);
	a->random = UINT64_C(0x6d69786564);
	for (size_t i = 0; i < c->n; i++) {
		struct jg_verdict verdict;
		a->order[i] = i;
		a->vectors[i] = vector_of(c->lines[i]);
		if (i % 2 == 0) // those that want nothing special have a shorter way
			a->vectors[i].request.flags |= JG_REQUEST_TOKEN_ID;
		jg_verify_burst(
			verifier, c->snapshot, 1800000000, &a->vectors[i].request, &verdict, 1);
		a->verdicts[i] = render(&verdict);
	}
	jg_verifier_free(verifier);
	return a;
}

static void judge_together(
	const struct company *c, struct alone *a, struct jg_verifier *verifier, unsigned burst)
{
	static struct jg_request requests[JG_BURST_MAX];
	static struct jg_verdict verdicts[JG_BURST_MAX];
	size_t who[JG_BURST_MAX];
	for (unsigned i = 0; i < burst; i++) {
		who[i] = deal(a, c->n);
		requests[i] = a->vectors[who[i]].request;
	}
	jg_verify_burst(verifier, c->snapshot, 1800000000, requests, verdicts, burst);
	for (unsigned i = 0; i < burst; i++) {
		char *text = render(&verdicts[i]);
		cr_assert_str_eq(text, a->verdicts[who[i]], "%s, number %u of %u:\n%s\nalone:\n%s",
			a->vectors[who[i]].name, i, burst, text, a->verdicts[who[i]]);
		free(text);
	}
}

static void free_alone(struct alone *a, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		vector_fini(&a->vectors[i]);
		free(a->verdicts[i]);
	}
	free(a);
}

// Every token as it was judged alone, in bursts of every size in ever new orders.
static void keep_company(
	const struct company *c, const struct jg_verifier_options *options, size_t n)
{
	struct alone *a = judge_alone(c);
	for (size_t i = 0; i < n; i++) {
		struct jg_error err = {0};
		struct jg_verifier *verifier = jg_verifier_new(&options[i], &err);
		if (verifier == NULL && options[i].simd != NULL)
			continue; // another CPU's
		cr_assert_not_null(verifier, "%s", err.text);
		for (unsigned burst = 1; burst <= JG_BURST_MAX; burst++)
			judge_together(c, a, verifier, burst);
		jg_verifier_free(verifier);
	}
	free_alone(a, c->n);
}

// Some of the users in all apps; others stay.
static void cut_users_off(struct company *c)
{
	static const struct jg_str users[] = {
		JG_STR_INIT("alice"), JG_STR_INIT("john"), JG_STR_INIT("2882341273")};
	for (size_t i = 0; i < c->apps_n * JG_ARRAY_SIZE(users); i++) {
		const struct jg_app *app = &c->apps[i / JG_ARRAY_SIZE(users)];
		const struct jg_cut_off cut_off = {.scope = JG_SCOPE_USER,
			.vendor = app->vendor,
			.app = app->key,
			.user = users[i % JG_ARRAY_SIZE(users)],
			.before = 1800000001};
		struct jg_error err = {0};
		cr_assert_eq(jg_cut_offs_set(c->cut_offs, &cut_off, &err), 0, "%s", err.text);
	}
}

// All six layouts, good and hostile, with the fastest code of this CPU and the portable one, with and without
// learnt shapes: nobody's verdict hangs on company. Where users alone are cut off, which has a way of its own,
// it does not either.
Test(vectors, company_of_any_size_and_order_changes_no_verdict)
{
	static const struct jg_verifier_options options[] = {{.seed = 7},
		{.no_shapes = true, .seed = 7}, {.no_beginnings = true, .seed = 7},
		{.simd = "portable", .seed = 7}, {.simd = "avx2", .seed = 7},
		{.mac_engine = "ref", .seed = 7},
		{.mac_engine = "ref",
			.simd = "portable",
			.no_shapes = true,
			.no_beginnings = true,
			.seed = 7}};
	struct company *c = company_of_all();
	keep_company(c, options, JG_ARRAY_SIZE(options));
	cut_users_off(c);
	keep_company(c, options, JG_ARRAY_SIZE(options));
	free_company(c);
}

// Does the script stand beside the vectors' folder, and does it name the reason?
static bool script_provokes(const char *script, const char *reason)
{
	static char text[1 << 16];
	char path[4096];
	(void)snprintf(path, sizeof(path), "%s/../%s", getenv("JG_VECTORS"), script);
	FILE *in = fopen(path, "r");
	if (in == NULL)
		return false;
	text[fread(text, 1, sizeof(text) - 1, in)] = '\0';
	(void)fclose(in);
	return strstr(text, reason) != NULL;
}

Test(vectors, every_reason_is_provoked_by_a_vector)
{
	bool seen[JG_REASON_COUNT] = {[JG_REASON_OK] = true};
	for (size_t i = 0; i < JG_ARRAY_SIZE(elsewhere); i++)
		seen[elsewhere[i].reason] =
			script_provokes(elsewhere[i].test, jg_reason_name(elsewhere[i].reason));
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
