// SPDX-License-Identifier: BSD-3-Clause
#include "mint_world.h"

#include <criterion/criterion.h>

#define SEED UINT64_C(0x72656672657368)
#define LATER (NOW + 1800)

static struct jg_policy policy;

static struct world *begin(void)
{
	return world_new(SEED, &policy);
}

static void init(void)
{
	policy = jg_policy_default();
}

TestSuite(refresh, .init = init);

static struct jg_mint *ask_livekit(struct world *w)
{
	w->asks[0] = world_ask(JG_VENDOR_LIVEKIT, JG_FORMAT_NONE);
	w->asks[0].identity = JG_STR("al\"ice");
	w->asks[0].room = JG_STR("lobby");
	return &w->asks[0];
}

static struct jg_mint *ask_session(struct world *w, unsigned vendor, unsigned format)
{
	w->asks[0] = world_ask(vendor, format);
	w->asks[0].room = JG_STR(SESSION);
	w->asks[0].role = JG_STR("moderator");
	w->asks[0].metadata = JG_STR("a b&\xc3\xa9");
	w->asks[0].layout_classes = JG_STR("x y");
	return &w->asks[0];
}

static void sign_first(struct world *w)
{
	static char first[TOKEN_SIZE];
	world_round_trip(w, 1);
	memcpy(first, w->token[0], w->minted[0].len);
	w->requests[0].token.p = first;
}

static void refresh_signed(struct world *w, int64_t now)
{
	w->requests[0].type = JG_REQUEST_REFRESH;
	w->requests[0].flags = JG_REQUEST_AUTHENTICATED;
	jg_verify_burst(w->verifier, w->snapshot, now, w->requests, w->verdicts, 1);
	jg_refresh_burst(w->minter, w->snapshot, now, w->requests, w->verdicts, w->minted, 1);
}

// Mint the first ask, judge it as a refresh and refresh it at that time.
static void refresh_at(struct world *w, int64_t now)
{
	sign_first(w);
	refresh_signed(w, now);
}

// Judge the successor as a join.
static const struct jg_verdict *join_at(struct world *w, int64_t now)
{
	cr_assert_null(w->minted[0].problem, "%s", w->minted[0].problem);
	cr_assert_gt(w->minted[0].len, 0);
	w->requests[0].token = (struct jg_str){w->token[0], w->minted[0].len};
	w->requests[0].type = JG_REQUEST_JOIN;
	w->requests[0].flags = 0;
	jg_verify_burst(w->verifier, w->snapshot, now, w->requests, w->verdicts, 1);
	cr_assert_eq(w->verdicts[0].reason, JG_REASON_OK, "%s, %.*s",
		jg_reason_name(w->verdicts[0].reason), (int)w->verdicts[0].subject.len,
		w->verdicts[0].subject.p);
	return &w->verdicts[0];
}

static void expect_problem(struct world *w, const char *part)
{
	cr_assert_eq(w->minted[0].len, 0);
	cr_assert_not_null(w->minted[0].problem);
	cr_assert_not_null(
		strstr(w->minted[0].problem, part), "problem is '%s'", w->minted[0].problem);
}

static bool eq(struct jg_str text, const char *expected)
{
	return text.len == strlen(expected) && memcmp(text.p, expected, text.len) == 0;
}

Test(refresh, livekit_claims_are_carried_and_rights_elsewhere_dropped)
{
	struct world *w = begin();
	struct jg_mint *ask = ask_livekit(w);
	ask->name = JG_STR("Al\n\"\xc3\xa9");
	ask->kind = JG_STR("agent");
	ask->metadata = JG_STR("{\"exp\":1}");
	ask->attributes = JG_STR("{\"a\":\"\\u0062\"}");
	ask->claims =
		JG_STR("{ \"roomConfig\":{\"x\":[1,\"2\"]},\"x\\u0079z\":1,\"sha256\":\"s\" }");
	uint64_t carried =
		JG_CAPABILITY(JOIN) | JG_CAPABILITY(PUBLISH_CAMERA) | JG_CAPABILITY(HIDDEN);
	ask->capabilities = carried | JG_CAPABILITY(SIP_ADMIN) | JG_CAPABILITY(AGENT_ADMIN) |
		JG_CAPABILITY(INFERENCE) | JG_CAPABILITY(OBSERVABILITY_WRITE);
	refresh_at(w, LATER);
	const struct jg_verdict *v = join_at(w, LATER);
	cr_assert_eq(v->capabilities, carried);
	cr_assert(eq(v->identity, "al\"ice"));
	cr_assert(eq(v->name, "Al\n\"\xc3\xa9"));
	cr_assert(eq(v->kind, "agent"));
	cr_assert(eq(v->metadata, "{\"exp\":1}"));
	cr_assert(eq(v->attributes, "{\"a\":\"\\u0062\"}"));
	cr_assert(eq(v->room, "lobby"));
	world_free(w);
}

Test(refresh, life_is_what_is_left_or_ten_minutes_when_that_is_longer)
{
	static const int64_t rows[][2] = {{LATER, NOW + 3600}, {NOW + 3000, NOW + 3600},
		{NOW + 3001, NOW + 3601}, {NOW + 3599, NOW + 4199}, {NOW + 3659, NOW + 4259}};
	for (size_t i = 0; i < JG_ARRAY_SIZE(rows); i++) {
		struct world *w = begin();
		ask_livekit(w);
		refresh_at(w, rows[i][0]); // the last row is within the leeway
		cr_assert_eq(join_at(w, rows[i][0])->expires_at, rows[i][1], "row %zu", i);
		world_free(w);
	}
}

Test(refresh, the_original_issue_time_stays_over_any_number_of_refreshes)
{
	struct world *w = begin();
	struct jg_mint *ask = ask_livekit(w);
	ask->issued_at = JG_TIME_NONE;
	ask->not_before = NOW - 77; // stands for the issue time
	refresh_at(w, LATER);
	for (int64_t now = LATER; now < LATER + 6000; now += 500) {
		static char token[TOKEN_SIZE];
		cr_assert_eq(join_at(w, now)->issued_at, NOW - 77);
		memcpy(token, w->token[0], w->minted[0].len);
		w->requests[0].token.p = token;
		w->requests[0].type = JG_REQUEST_REFRESH;
		w->requests[0].flags = JG_REQUEST_AUTHENTICATED;
		jg_verify_burst(w->verifier, w->snapshot, now, w->requests, w->verdicts, 1);
		jg_refresh_burst(
			w->minter, w->snapshot, now, w->requests, w->verdicts, w->minted, 1);
	}
	world_free(w);
}

Test(refresh, a_token_without_issue_time_is_issued_at_zero_for_ever)
{
	struct world *w = begin();
	ask_livekit(w)->issued_at = JG_TIME_NONE;
	refresh_at(w, LATER);
	cr_assert_eq(join_at(w, LATER)->issued_at, 0);
	world_free(w);
}

Test(refresh, a_secret_that_signs_signs_the_successor_of_its_token)
{
	struct world *w = begin();
	ask_livekit(w)->key = JG_STR("b");
	world_rotate(w, JG_VENDOR_LIVEKIT, JG_SECRET_ACTIVE, &policy);
	refresh_at(w, LATER);
	cr_assert(eq(join_at(w, LATER)->key, "b"));
	world_free(w);
}

static void expect_refusal(struct world *w, const char *part)
{
	char detail[256];
	(void)jg_verdict_detail(&w->verdicts[0], detail, sizeof(detail));
	cr_assert_eq(w->verdicts[0].reason, JG_REASON_NOT_PERMITTED, "%s",
		jg_reason_name(w->verdicts[0].reason));
	cr_assert_eq(w->verdicts[0].capabilities, 0);
	cr_assert_not_null(strstr(detail, part), "detail is '%s'", detail);
	expect_problem(w, "not admitted");
}

// Another secret's signature would outlive what is done to this one.
Test(refresh, a_token_of_a_secret_that_only_verifies_has_no_successor)
{
	struct world *w = begin();
	ask_livekit(w)->key = JG_STR("b");
	world_rotate(w, JG_VENDOR_LIVEKIT, JG_SECRET_ACTIVE, &policy);
	sign_first(w);
	world_rotate(w, JG_VENDOR_LIVEKIT, JG_SECRET_VERIFY_ONLY, &policy);
	refresh_signed(w, LATER);
	expect_refusal(w, "its secret only verifies now");
	world_free(w);
}

Test(refresh, a_required_jti_is_carried_so_that_the_successor_is_admitted)
{
	policy.required_claims = JG_CLAIM_JTI;
	struct world *w = begin();
	ask_livekit(w)->claims = JG_STR("{\"jti\":\"t-1\"}");
	refresh_at(w, LATER);
	cr_assert(eq(join_at(w, LATER)->identity, "al\"ice"));
	world_free(w);
}

Test(refresh, policy_caps_the_chain_from_the_original_issue)
{
	policy.refresh_until = 2000;
	struct world *w = begin();
	ask_livekit(w);
	refresh_at(w, LATER);
	cr_assert_eq(join_at(w, LATER)->expires_at, NOW + 2000);
	ask_livekit(w);
	refresh_at(w, NOW + 2000);
	expect_problem(w, "not admitted");
	world_free(w);
}

Test(refresh, a_successor_never_outlives_max_lifetime)
{
	policy.max_lifetime = 3600;
	struct world *w = begin();
	ask_livekit(w);
	refresh_at(w, NOW + 3500);
	cr_assert_eq(join_at(w, NOW + 3500)->expires_at, NOW + 3600);
	ask_livekit(w);
	refresh_at(w, NOW + 3620); // within the leeway, but nothing is left to give
	expect_refusal(w, "is over");
	world_free(w);
}

Test(refresh, only_admitted_refresh_requests_get_a_successor)
{
	struct world *w = begin();
	ask_livekit(w);
	refresh_at(w, NOW + 3600 + 60); // over, leeway included
	expect_problem(w, "not admitted");
	ask_livekit(w);
	world_round_trip(w, 1);
	jg_refresh_burst(w->minter, w->snapshot, NOW, w->requests, w->verdicts, w->minted, 1);
	expect_problem(w, "not a refresh request");
	world_free(w);
}

Test(refresh, sessions_keep_everything_but_their_end)
{
	static const struct {
		uint8_t vendor, format;
	} rows[] = {{JG_VENDOR_OPENTOK, JG_FORMAT_JWT_HS256}, {JG_VENDOR_OPENTOK, JG_FORMAT_T1},
		{JG_VENDOR_VONAGE, JG_FORMAT_JWT_RS256}};
	for (size_t i = 0; i < JG_ARRAY_SIZE(rows); i++) {
		struct world *w = begin();
		ask_session(w, rows[i].vendor, rows[i].format);
		refresh_at(w, NOW + 3590);
		const struct jg_verdict *v = join_at(w, NOW + 3590);
		cr_assert_eq(v->format, rows[i].format);
		cr_assert_eq(v->expires_at, NOW + 4190);
		cr_assert_eq(v->issued_at, NOW);
		cr_assert(eq(v->role, "moderator"));
		cr_assert(eq(v->metadata, "a b&\xc3\xa9"));
		cr_assert(eq(v->layout_classes, "x y"));
		world_free(w);
	}
}

Test(refresh, a_session_token_never_lives_longer_than_thirty_days)
{
	struct world *w = begin();
	ask_session(w, JG_VENDOR_OPENTOK, JG_FORMAT_T1)->expires_at = NOW + 30 * 86400;
	refresh_at(w, NOW + 30 * 86400 - 10);
	cr_assert_eq(join_at(w, NOW + 30 * 86400 - 10)->expires_at, NOW + 30 * 86400);
	world_free(w);
}

Test(refresh, stream_tokens_keep_their_claims)
{
	struct world *w = begin();
	w->asks[0] = world_ask(JG_VENDOR_STREAM, JG_FORMAT_NONE);
	w->asks[0].identity = JG_STR("john");
	w->asks[0].room = JG_STR("default:standup");
	w->asks[0].role = JG_STR("host");
	w->asks[0].type = JG_TOKEN_CALL;
	refresh_at(w, NOW + 3590);
	const struct jg_verdict *v = join_at(w, NOW + 3590);
	cr_assert(eq(v->identity, "john") && eq(v->role, "host") && eq(v->room, "default:standup"));
	cr_assert_eq(v->expires_at, NOW + 4190);
	cr_assert_eq(v->issued_at, NOW);
	world_free(w);
}

Test(refresh, what_cannot_be_refreshed_says_why)
{
	struct world *w = begin();
	w->asks[0] = world_ask(JG_VENDOR_AGORA, JG_FORMAT_NONE);
	w->asks[0].room = JG_STR("room");
	w->asks[0].identity = JG_STR("42");
	refresh_at(w, LATER);
	expect_refusal(w, "24 hours");
	w->asks[0] = world_ask(JG_VENDOR_STREAM, JG_FORMAT_NONE);
	w->asks[0].identity = JG_STR("john");
	w->asks[0].expires_at = JG_TIME_NONE;
	refresh_at(w, LATER);
	expect_refusal(w, "never expires");
	w->asks[0].type = JG_TOKEN_DEVELOPMENT;
	refresh_at(w, LATER);
	expect_refusal(w, "nobody signed");
	world_free(w);
}

// White space may follow the payload's object. {"user_id":"john","iat":1800000000,"exp":1800003600,
// "x":0} and a space, signed with the secret of key "a".
Test(refresh, white_space_behind_the_payload_is_not_taken_along)
{
	static const char payload[] =
		" {\"user_id\":\"john\",\"iat\":1800000000,\"exp\":1800003600,\"x\":0} \n";
	static char token[512];
	struct world *w = begin();
	w->asks[0] = world_ask(JG_VENDOR_STREAM, JG_FORMAT_NONE);
	w->asks[0].identity = JG_STR("john");
	world_round_trip(w, 1);
	w->requests[0].token = (struct jg_str){
		token, world_sign_hs256(payload, sizeof(payload) - 1, token, sizeof(token))};
	refresh_signed(w, LATER);
	cr_assert(eq(join_at(w, LATER)->identity, "john"));
	world_free(w);
}
