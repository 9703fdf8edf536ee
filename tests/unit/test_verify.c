// SPDX-License-Identifier: BSD-3-Clause
// The coordinator: secrets by rounds, what a refusal tells, and bursts at their limits.
#include "internal/base.h"
#include "internal/mac.h"
#include "judge.h"
#include "verifier.h"

#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>

#define CLAIMS_OF(user)                                                                          \
	"{\"iss\":\"" JUDGE_KEY "\",\"exp\":1800000600,\"nbf\":1799999900,\"sub\":\"" user "\"," \
	"\"metadata\":\"m\",\"video\":{\"roomJoin\":true,\"room\":\"lobby\"}}"
#define CLAIMS CLAIMS_OF("alice")

static struct judge judge;

static void set_up(void)
{
	judge_init(&judge, JG_VENDOR_LIVEKIT);
}

static void tear_down(void)
{
	judge_fini(&judge);
}

TestSuite(verify, .init = set_up, .fini = tear_down);

static struct jg_verdict signed_with(const char *secret)
{
	return judge_request(&judge, (struct jg_request){.token = judge_sign(CLAIMS, secret)});
}

static void add_secret(size_t i, const char *id, const char *secret, uint8_t status)
{
	judge.secrets[i].id = (struct jg_str){id, (uint32_t)strlen(id)};
	judge.secrets[i].secret = (struct jg_str){secret, (uint32_t)strlen(secret)};
	judge.secrets[i].status = status;
	judge.app.secrets_n = (uint32_t)i + 1;
}

Test(verify, each_secret_of_an_app_is_tried)
{
	add_secret(1, "b", "the second secret", JG_SECRET_VERIFY_ONLY);
	add_secret(2, "c", "the third secret", JG_SECRET_ACTIVE);
	struct jg_verdict v = signed_with("the second secret");
	expect_reason(&v, JG_REASON_OK, NULL);
	expect_text(v.key, "b");
	v = signed_with("the third secret");
	expect_text(v.key, "c");
	v = signed_with(JUDGE_SECRET);
	expect_text(v.key, "a");
	v = signed_with("the fourth secret");
	expect_reason(&v, JG_REASON_BAD_SIGNATURE, NULL);
	cr_assert_eq(v.rule, JG_RULE_NONE);
}

Test(verify, a_retired_secret_opens_nothing)
{
	add_secret(1, "b", "the second secret", JG_SECRET_RETIRED);
	struct jg_verdict v = signed_with("the second secret");
	expect_reason(&v, JG_REASON_BAD_SIGNATURE, NULL);
}

Test(verify, a_secret_works_inside_its_window_only)
{
	static const struct {
		int64_t from, to;
		bool usable;
	} windows[] = {{JUDGE_NOW, JUDGE_NOW + 1, true}, {JUDGE_NOW + 1, JUDGE_NOW + 9, false},
		{JUDGE_NOW - 9, JUDGE_NOW, false}, {JG_TIME_NONE, JUDGE_NOW + 1, true},
		{JUDGE_NOW, JG_TIME_NONE, true}, {JUDGE_NOW + 1, JG_TIME_NONE, false},
		{JG_TIME_NONE, JUDGE_NOW, false}, {JG_TIME_NONE, JG_TIME_NONE, true}};
	for (size_t i = 0; i < JG_ARRAY_SIZE(windows); i++) {
		judge.secrets[0].not_before = windows[i].from;
		judge.secrets[0].not_after = windows[i].to;
		judge_build(&judge);
		struct jg_verdict v = signed_with(JUDGE_SECRET);
		cr_assert_eq(v.reason, windows[i].usable ? JG_REASON_OK : JG_REASON_BAD_SIGNATURE,
			"window %zu", i);
		cr_assert(windows[i].usable || v.rule == JG_RULE_NO_SECRET);
	}
}

Test(verify, a_verifier_stands_where_its_parts_may)
{
	cr_assert_eq((uintptr_t)judge.verifier % alignof(struct jg_verifier), 0);
}

Test(verify, a_forged_token_is_told_nothing_of_itself)
{
	struct jg_verdict v = signed_with("somebody else's secret");
	expect_reason(&v, JG_REASON_BAD_SIGNATURE, NULL);
	cr_assert_not(v.verified);
	cr_assert(v.identity.p == NULL && v.room.p == NULL && v.app.p == NULL && v.key.p == NULL);
	cr_assert(v.metadata.p == NULL && v.expires_at == JG_TIME_NONE);
	cr_assert_eq(v.app_index, 77);
	cr_assert_eq(v.format, JG_FORMAT_JWT_HS256);
}

Test(verify, any_flipped_bit_is_refused)
{
	struct jg_str token = judge_sign(CLAIMS, JUDGE_SECRET);
	char *copy = malloc(token.len);
	cr_assert_not_null(copy);
	for (uint32_t bit = 0; bit < token.len * 8; bit++) {
		memcpy(copy, token.p, token.len);
		copy[bit / 8] ^= (char)(1 << bit % 8);
		struct jg_verdict v =
			judge_request(&judge, (struct jg_request){.token = {copy, token.len}});
		cr_assert_neq(v.reason, JG_REASON_OK, "bit %u", bit);
		cr_assert_not(v.verified);
	}
	free(copy);
}

Test(verify, any_cut_of_a_token_is_refused)
{
	struct jg_str token = judge_sign(CLAIMS, JUDGE_SECRET);
	for (uint32_t n = 0; n < token.len; n++) {
		char *copy = malloc(n + 1);
		memcpy(copy, token.p, n);
		struct jg_verdict v =
			judge_request(&judge, (struct jg_request){.token = {copy, n}});
		cr_assert_neq(v.reason, JG_REASON_OK, "%u bytes", n);
		free(copy);
	}
}

Test(verify, an_unknown_vendor_is_refused)
{
	struct jg_request request = {.token = judge_sign(CLAIMS, JUDGE_SECRET), .type = 1};
	struct jg_verdict verdict;
	judge_build(&judge);
	for (unsigned vendor = 0; vendor < 256; vendor++) {
		request.vendor = (uint8_t)vendor;
		jg_verify_burst(judge.verifier, judge.snapshot, JUDGE_NOW, &request, &verdict, 1);
		cr_assert_eq(verdict.reason == JG_REASON_OK, vendor == JG_VENDOR_LIVEKIT);
	}
}

Test(verify, a_caller_may_ask_about_its_apps_only)
{
	struct jg_error err = {0};
	struct jg_snapshot_builder *builder = jg_snapshot_builder_new();
	cr_assert_eq(jg_snapshot_builder_add(builder, &judge.app, &err), 0, "%s", err.text);
	cr_assert_eq(jg_snapshot_builder_allow(builder, 5, JG_VENDOR_LIVEKIT, judge.app.key, &err),
		0, "%s", err.text);
	judge.snapshot = jg_snapshot_build(builder, 1, &err);
	cr_assert_not_null(judge.snapshot);
	struct jg_request request = {.token = judge_sign(CLAIMS, JUDGE_SECRET), .caller = 5};
	struct jg_verdict v = judge_request(&judge, request);
	expect_reason(&v, JG_REASON_OK, NULL);
	request.caller = 6;
	v = judge_request(&judge, request);
	expect_reason(&v, JG_REASON_UNKNOWN_KEY, NULL);
	cr_assert_eq(v.rule, JG_RULE_CALLER);
	cr_assert_eq(v.app_index, UINT32_MAX);
}

Test(verify, a_token_id_names_app_and_signature)
{
	uint8_t text[sizeof(JUDGE_KEY) + 32] = JUDGE_KEY, digest[32];
	struct jg_str token = judge_sign(CLAIMS, JUDGE_SECRET);
	struct jg_mac *mac = jg_mac_new("ref", NULL);
	struct jg_mac_key key;
	struct jg_mac_job job = {
		.message = (const uint8_t *)token.p, .len = token.len - 44, .key = &key};
	jg_mac_key_init(&key, JG_MAC_SHA256, JUDGE_SECRET, strlen(JUDGE_SECRET));
	jg_mac_burst(mac, JG_MAC_SHA256, &job, 1);
	jg_mac_free(mac);
	memcpy(text + sizeof(JUDGE_KEY), job.digest, 32);
	jg_sha256(text, sizeof(text), digest);
	struct jg_verdict v = judge_request(
		&judge, (struct jg_request){.token = token, .flags = JG_REQUEST_TOKEN_ID});
	cr_assert_eq(memcmp(v.token_id, digest, 16), 0);
	v = judge_request(&judge, (struct jg_request){.token = token});
	cr_assert_neq(memcmp(v.token_id, digest, 16), 0, "nobody asked");
}

static void cut_off(struct jg_cut_off cut_off)
{
	struct jg_error err = {0};
	cut_off.vendor = JG_VENDOR_LIVEKIT;
	cut_off.app = judge.app.key;
	cr_assert_eq(jg_cut_offs_set(judge.cut_offs, &cut_off, &err), 0, "%s", err.text);
}

Test(verify, every_scope_of_cut_offs_refuses_what_was_issued_before)
{
	struct jg_error err = {0};
	struct jg_request request = {
		.token = judge_sign(CLAIMS, JUDGE_SECRET), .flags = JG_REQUEST_TOKEN_ID};
	judge.cut_offs = jg_cut_offs_new(0, &err);
	cr_assert_not_null(judge.cut_offs, "%s", err.text);
	struct jg_verdict first = judge_request(&judge, request);
	expect_reason(&first, JG_REASON_OK, NULL);
	struct jg_cut_off scopes[JG_SCOPE_COUNT] = {[JG_SCOPE_USER] = {.user = JG_STR("alice")},
		[JG_SCOPE_ROOM] = {.room = JG_STR("lobby")},
		[JG_SCOPE_PARTICIPANT] = {.user = JG_STR("alice"), .room = JG_STR("lobby")},
		[JG_SCOPE_SECRET] = {.secret = JG_STR("a")}};
	memcpy(scopes[JG_SCOPE_TOKEN].token_id, first.token_id, 16);
	request.flags = 0;
	for (uint8_t scope = 0; scope < JG_SCOPE_COUNT; scope++) {
		scopes[scope].scope = scope;
		scopes[scope].before = 1799999900; // the token's own second lives
		cut_off(scopes[scope]);
		struct jg_verdict v = judge_request(&judge, request);
		expect_reason(&v, JG_REASON_OK, NULL);
		scopes[scope].before++;
		cut_off(scopes[scope]);
		v = judge_request(&judge, request);
		expect_reason(&v, JG_REASON_REVOKED, NULL);
		cr_assert_eq(v.rule_value, 1799999900);
		cr_assert_eq(v.rule_limit, 1799999901);
		scopes[scope].before = JG_TIME_NONE;
		cut_off(scopes[scope]);
	}
	struct jg_verdict v = judge_request(&judge, request);
	expect_reason(&v, JG_REASON_OK, NULL);
}

// The users' names, written plainly and with an escape, and whether each is cut off.
static void expect_cut_off_together(bool alice)
{
	static const struct {
		const char *claims, *user;
	} rows[] = {{CLAIMS, "alice"}, {CLAIMS_OF("carol"), "carol"},
		{CLAIMS_OF("car\\u006fl"), "carol"}, {CLAIMS_OF("bob"), "bob"}};
	static char text[JG_ARRAY_SIZE(rows)][512];
	struct jg_request requests[JG_ARRAY_SIZE(rows)];
	struct jg_verdict verdicts[JG_ARRAY_SIZE(rows)];
	for (size_t i = 0; i < JG_ARRAY_SIZE(rows); i++) {
		struct jg_str token = judge_sign(rows[i].claims, JUDGE_SECRET);
		memcpy(text[i], token.p, token.len);
		requests[i] = (struct jg_request){.token = {text[i], token.len},
			.vendor = JG_VENDOR_LIVEKIT,
			.type = JG_REQUEST_JOIN};
	}
	jg_verify_burst(
		judge.verifier, judge.snapshot, JUDGE_NOW, requests, verdicts, JG_ARRAY_SIZE(rows));
	for (size_t i = 0; i < JG_ARRAY_SIZE(rows); i++) {
		bool out = rows[i].user[0] == 'c' || (alice && rows[i].user[0] == 'a');
		expect_reason(&verdicts[i], out ? JG_REASON_REVOKED : JG_REASON_OK, NULL);
		expect_text(verdicts[i].identity, rows[i].user);
	}
}

Test(verify, users_are_cut_off_however_they_are_written_and_while_the_table_grows)
{
	struct jg_error err = {0};
	struct jg_cut_off alice = {.scope = JG_SCOPE_USER, .user = JG_STR("alice")};
	char name[16];
	judge.cut_offs = jg_cut_offs_new(0, &err);
	cr_assert_not_null(judge.cut_offs, "%s", err.text);
	judge_build(&judge);
	size_t memory = jg_cut_offs_memory(judge.cut_offs);
	cut_off((struct jg_cut_off){
		.scope = JG_SCOPE_USER, .user = JG_STR("carol"), .before = JUDGE_NOW});
	for (unsigned i = 0; i < 300; i++) {
		cut_off((struct jg_cut_off){.scope = JG_SCOPE_USER,
			.user = {name, (uint32_t)snprintf(name, sizeof(name), "u%u", i)},
			.before = JUDGE_NOW});
		alice.before = i % 2 == 0 ? JUDGE_NOW : JG_TIME_NONE;
		cut_off(alice);
		expect_cut_off_together(i % 2 == 0);
	}
	cr_assert_gt(jg_cut_offs_memory(judge.cut_offs), memory, "it has not grown");
}

Test(verify, an_override_replaces_what_the_token_says)
{
	judge.override = (struct jg_override){.vendor = JG_VENDOR_LIVEKIT,
		.app = judge.app.key,
		.room = JG_STR("lobby"),
		.identity = JG_STR("alice"),
		.set_capabilities = true,
		.capabilities = JG_CAPABILITY(JOIN) | JG_CAPABILITY(HIDDEN),
		.name = JG_STR("Al")};
	judge.app.policy.deny = JG_CAPABILITY(HIDDEN);
	struct jg_verdict v = signed_with(JUDGE_SECRET);
	expect_reason(&v, JG_REASON_OK, NULL);
	cr_assert_eq(v.capabilities, JG_CAPABILITY(JOIN), "deny counts after the override");
	expect_text(v.name, "Al");
	expect_text(v.metadata, "m");
}

Test(verify, an_override_can_take_join_away)
{
	judge.override = (struct jg_override){.vendor = JG_VENDOR_LIVEKIT,
		.app = judge.app.key,
		.room = JG_STR("lobby"),
		.identity = JG_STR("alice"),
		.set_capabilities = true};
	struct jg_verdict v = signed_with(JUDGE_SECRET);
	expect_reason(&v, JG_REASON_NOT_PERMITTED, "the participant's override");
}

// As much as a token can hold: every byte escaped twice over in names and values.
static char *fat_claims(void)
{
	static char claims[JG_TOKEN_MAX];
	size_t n = 0, room = (JG_TOKEN_MAX - 100) / 4 * 3;
	n += (size_t)snprintf(claims, sizeof(claims), "%.*s", (int)sizeof(CLAIMS) - 2, CLAIMS);
	for (unsigned i = 0; n + 40 < room; i++)
		n += (size_t)snprintf(claims + n, sizeof(claims) - n, ",\"\\u0061%04x\":0", i);
	memcpy(claims + n, ",\"name\":\"\\u0062\"}", 18);
	return claims;
}

Test(verify, a_full_burst_of_the_longest_tokens_fits)
{
	static struct jg_request requests[JG_BURST_MAX];
	static struct jg_verdict verdicts[JG_BURST_MAX];
	struct jg_str token = judge_sign(fat_claims(), JUDGE_SECRET);
	cr_assert(token.len <= JG_TOKEN_MAX && token.len > JG_TOKEN_MAX - 200, "%u", token.len);
	for (unsigned i = 0; i < JG_BURST_MAX; i++)
		requests[i] = (struct jg_request){
			.token = token, .vendor = JG_VENDOR_LIVEKIT, .type = JG_REQUEST_JOIN};
	judge_build(&judge);
	jg_verify_burst(
		judge.verifier, judge.snapshot, JUDGE_NOW, requests, verdicts, JG_BURST_MAX);
	for (unsigned i = 0; i < JG_BURST_MAX; i++) {
		expect_reason(&verdicts[i], JG_REASON_OK, NULL);
		expect_text(verdicts[i].name, "b");
	}
}

Test(verify, one_byte_too_many_is_too_long)
{
	static char token[JG_TOKEN_MAX + 1];
	memset(token, 'A', sizeof(token));
	struct jg_verdict v =
		judge_request(&judge, (struct jg_request){.token = {token, sizeof(token)}});
	expect_reason(&v, JG_REASON_TOO_LONG, NULL);
	v = judge_request(&judge, (struct jg_request){.token = {token, JG_TOKEN_MAX}});
	expect_reason(&v, JG_REASON_MALFORMED, NULL);
}

Test(verify, a_verifier_says_what_it_uses_and_refuses_what_it_lacks)
{
	struct jg_error err = {0};
	struct jg_verifier_options options = {.mac_engine = "abacus"};
	cr_assert_not_null(strstr(jg_verifier_describe(judge.verifier), "mac=ref simd="));
	cr_assert_null(jg_verifier_new(&options, &err));
	cr_assert_not_null(strstr(err.text, "abacus"));
	options = (struct jg_verifier_options){.mac_engine = "ref", .simd = "mmx"};
	cr_assert_null(jg_verifier_new(&options, &err));
	cr_assert_not_null(strstr(err.text, "mmx"));
	jg_verifier_free(NULL);
}
