// SPDX-License-Identifier: BSD-3-Clause
#include "internal/base.h"
#include "judge.h"

#include <criterion/criterion.h>

static struct judge judge;

static void set_up(void)
{
	judge_init(&judge, JG_VENDOR_STREAM);
}

static void tear_down(void)
{
	judge_fini(&judge);
}

TestSuite(profile_stream, .init = set_up, .fini = tear_down);

static struct jg_verdict dev_token(const char *token)
{
	judge.app.policy.auth_checks = false;
	return judge_request(
		&judge, (struct jg_request){.token = {token, (uint32_t)strlen(token)}});
}

Test(profile_stream, known_claims_of_a_wrong_type_are_refused_by_their_names)
{
	static const struct {
		char claim[16];
		char json[64];
	} bad[] = {{"user_id", "{\"user_id\":1}"}, {"server", "{\"user_id\":\"j\",\"server\":1}"},
		{"role", "{\"user_id\":\"j\",\"role\":[]}"},
		{"call_cids", "{\"user_id\":\"j\",\"call_cids\":[1]}"},
		{"call_cids", "{\"user_id\":\"j\",\"call_cids\":{}}"},
		{"channel_cids", "{\"user_id\":\"j\",\"channel_cids\":[\"a\",null]}"},
		{"exp", "{\"user_id\":\"j\",\"exp\":null}"},
		{"nbf", "{\"user_id\":\"j\",\"nbf\":null}"},
		{"iat", "{\"user_id\":\"j\",\"iat\":\"1\"}"},
		{"exp", "{\"user_id\":1,\"exp\":null}"}}; // times first
	for (size_t i = 0; i < JG_ARRAY_SIZE(bad); i++) {
		struct jg_verdict v = judge_claims(&judge, bad[i].json);
		expect_reason(&v, JG_REASON_BAD_CLAIM, bad[i].claim);
	}
}

Test(profile_stream, a_list_of_calls_opens_these_and_no_others)
{
	struct jg_str token =
		judge_sign("{\"user_id\":\"j\",\"call_cids\":[\"default:a\",\"default:\\u0062\"]}",
			JUDGE_SECRET);
	struct jg_verdict v = judge_request(
		&judge, (struct jg_request){.token = token, .room = JG_STR("default:b")});
	expect_reason(&v, JG_REASON_OK, NULL);
	expect_text(v.room, "default:b");
	v = judge_request(&judge, (struct jg_request){.token = token, .room = JG_STR("default:")});
	expect_reason(&v, JG_REASON_ROOM_MISMATCH, "call");
	v = judge_request(&judge, (struct jg_request){.token = token});
	expect_reason(&v, JG_REASON_OK, NULL);
}

Test(profile_stream, a_list_of_channels_does_not_open_calls)
{
	struct jg_str token =
		judge_sign("{\"user_id\":\"j\",\"channel_cids\":[\"messaging:a\"]}", JUDGE_SECRET);
	struct jg_verdict v = judge_request(
		&judge, (struct jg_request){.token = token, .room = JG_STR("default:a")});
	expect_reason(&v, JG_REASON_ROOM_MISMATCH, "call");
}

Test(profile_stream, the_api_key_must_travel_beside_the_token)
{
	struct jg_str token = judge_sign("{\"user_id\":\"j\"}", JUDGE_SECRET);
	struct jg_verdict v =
		judge_request(&judge, (struct jg_request){.token = token, .app = {"", 0}});
	expect_reason(&v, JG_REASON_UNKNOWN_KEY, NULL);
}

Test(profile_stream, an_empty_user_beside_the_token_is_another_user)
{
	struct jg_str token = judge_sign("{\"user_id\":\"j\"}", JUDGE_SECRET);
	struct jg_verdict v =
		judge_request(&judge, (struct jg_request){.token = token, .identity = {"", 0}});
	expect_reason(&v, JG_REASON_IDENTITY_MISMATCH, "user_id");
}

Test(profile_stream, development_tokens_may_be_padded)
{
	struct jg_verdict v =
		dev_token("eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJ1c2VyX2lkIjoiam8ifQ==.devtoken");
	expect_reason(&v, JG_REASON_OK, NULL);
	expect_text(v.identity, "jo");
	expect_text(v.key, "");
}

Test(profile_stream, what_is_nearly_a_development_token_is_not_one)
{
	static const struct {
		char token[96];
		uint8_t reason;
	} bad[] = {
		{"eyJhbGciOiJIUzI1NiJ9.eyJ1c2VyX2lkIjoiam8ifQ==.Devtoken", JG_REASON_BAD_ENCODING},
		{"eyJhbGciOiJIUzI1NiJ9.eyJ1c2VyX2lkIjoiam8ifQ.devtoken ", JG_REASON_BAD_ENCODING},
		{"eyJhbGciOiJIUzI1NiJ9.eyJ1c2VyX2lkIjoiam8ifQ.devtoke", JG_REASON_BAD_ENCODING},
		{"eyJhbGciOiJIUzI1NiJ9.eyJ1c2VyX2lkIjoiam8ifQ.DEVTOKEN", JG_REASON_BAD_SIGNATURE},
		{"eyJhbGciOiJub25lIn0.eyJ1c2VyX2lkIjoiam8ifQ.devtoken", JG_REASON_BAD_ALG},
		{"eyJhbGciOiJIUzI1NiJ9.eyJ1c2VyX2lkIjoiam8ifQ=.devtoken", JG_REASON_BAD_ENCODING},
		{"eyJhbGciOiJIUzI1NiJ9.eyJzZXJ2ZXIiOnRydWV9.devtoken", JG_REASON_NO_JOIN}};
	for (size_t i = 0; i < JG_ARRAY_SIZE(bad); i++) {
		struct jg_verdict v = dev_token(bad[i].token);
		expect_reason(&v, bad[i].reason, NULL);
	}
}

Test(profile_stream, development_tokens_are_refused_while_the_app_checks)
{
	judge_build(&judge);
	struct jg_verdict v = dev_token("eyJhbGciOiJIUzI1NiJ9.eyJ1c2VyX2lkIjoiam8ifQ.devtoken");
	expect_reason(&v, JG_REASON_DEV_TOKEN, NULL);
	cr_assert_not(v.verified);
}

Test(profile_stream, other_vendors_know_no_development_tokens)
{
	judge.app.vendor = JG_VENDOR_OPENTOK;
	static const char token[] = "eyJhbGciOiJIUzI1NiJ9.eyJpc3MiOiI0NzMwMTEyMiJ9.devtoken";
	struct jg_verdict v =
		judge_request(&judge, (struct jg_request){.token = {token, sizeof(token) - 1}});
	expect_reason(&v, JG_REASON_BAD_SIGNATURE, NULL);
}

Test(profile_stream, a_known_shape_changes_no_verdict)
{
	static const char *const claims[] = {
		"{\"user_id\":\"john\",\"exp\":1800003600,\"iat\":1800000000}",
		"{\"user_id\":\"jane\",\"exp\":1800003601,\"iat\":1799999999}",
		"{\"user_id\":\"a\\\"b\",\"exp\":1800003601,\"iat\":1799999999}",
		"{\"user_id\":\"J\xc3\xbcrgen\",\"exp\":1800003601,\"iat\":1799999999}",
		"{\"user_id\":\"\",\"exp\":1800003600,\"iat\":1800000000}",
		"{\"user_id\":\"john\",\"exp\":1700003600,\"iat\":1700000000}",
		"{\"user_id\":\"john\",\"exp\":1800003600,\"iat\":1800009000}",
		"{\"user_id\":\"john\",\"exp\":1800003600.5,\"iat\":1e9}",
		"{\"user_id\":\"john\",\"exp\":18000036000000000,\"iat\":1800000000}",
		"{\"user_id\":\"john\",\"exp\":null,\"iat\":1800000000}",
		"{\"user_id\":\"john\",\"role\":\"host\"}",
		"{\"user_id\":\"john\",\"role\":\"\"}",
		"{\"user_id\":\"john\",\"server\":false}",
		"{\"user_id\":\"john\",\"server\":true}",
		"{\"user_id\":\"john\",\"call_cids\":[\"a:b\"]}",
		"{\"user_id\":null,\"exp\":1800003600}",
	};
	expect_shapes_agree(JG_VENDOR_STREAM, claims, JG_ARRAY_SIZE(claims));
}
