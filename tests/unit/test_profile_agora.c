// SPDX-License-Identifier: BSD-3-Clause
// What the shared vectors leave open: requests that say nothing, leeway, rotation, mixed bursts.
#include "mint_world.h"

#include <criterion/criterion.h>

#define JOIN (JG_CAPABILITY(JOIN) | JG_CAPABILITY(SUBSCRIBE))
#define LOGIN (JG_CAPABILITY(RTM_LOGIN) | JG_CAPABILITY(SIGNAL))

static struct world *w;
static struct jg_policy policy;

static void init(void)
{
	policy = jg_policy_default();
	w = world_new(11, &policy);
}

static void fini(void)
{
	world_free(w);
}

TestSuite(profile_agora, .init = init, .fini = fini);

static struct jg_mint *ask(
	unsigned i, const char *room, const char *identity, uint64_t capabilities)
{
	w->asks[i] = world_ask(JG_VENDOR_AGORA, JG_FORMAT_AGORA_007);
	w->asks[i].room = (struct jg_str){room, (uint32_t)strlen(room)};
	w->asks[i].identity = (struct jg_str){identity, (uint32_t)strlen(identity)};
	w->asks[i].capabilities = capabilities;
	return &w->asks[i];
}

// Judge the first token again, with something else beside it.
static const struct jg_verdict *judge(struct jg_str room, struct jg_str identity, unsigned service)
{
	w->requests[0].room = room;
	w->requests[0].identity = identity;
	w->requests[0].service = (uint8_t)service;
	jg_verify_burst(w->verifier, w->snapshot, NOW, w->requests, w->verdicts, 1);
	return &w->verdicts[0];
}

#define ABSENT ((struct jg_str){NULL, 0})

static void expect_reason(const struct jg_verdict *v, enum jg_reason reason, const char *what)
{
	cr_assert_eq(v->reason, reason, "%s: %s", what, jg_reason_name(v->reason));
}

Test(profile_agora, a_request_that_names_nothing_gets_what_the_token_says)
{
	ask(0, "room", "42", JOIN);
	world_round_trip(w, 1);
	const struct jg_verdict *v = judge(ABSENT, ABSENT, JG_SERVICE_RTC);
	expect_reason(v, JG_REASON_OK, "nothing asked");
	cr_assert(jg_str_eq(v->room, JG_STR("room")));
	cr_assert(jg_str_eq(v->identity, JG_STR("42")));
	expect_reason(
		judge(JG_STR(""), ABSENT, JG_SERVICE_RTC), JG_REASON_ROOM_MISMATCH, "empty room");
	expect_reason(judge(ABSENT, JG_STR(""), JG_SERVICE_RTC), JG_REASON_IDENTITY_MISMATCH,
		"empty uid");
	expect_reason(
		judge(JG_STR("x"), JG_STR("y"), JG_SERVICE_RTC), JG_REASON_ROOM_MISMATCH, "both");
}

Test(profile_agora, a_pattern_is_never_handed_on_as_a_name)
{
	ask(0, "r*", "*", JOIN);
	world_round_trip(w, 1);
	const struct jg_verdict *v = judge(ABSENT, ABSENT, JG_SERVICE_RTC);
	expect_reason(v, JG_REASON_OK, "nothing asked");
	cr_assert_eq(v->room.len, 0);
	cr_assert_eq(v->identity.len, 0);
	v = judge(JG_STR("room"), JG_STR("anybody"), JG_SERVICE_RTC);
	expect_reason(v, JG_REASON_OK, "fits");
	cr_assert(jg_str_eq(v->identity, JG_STR("anybody")));
}

Test(profile_agora, a_login_is_for_one_user_to_the_letter)
{
	ask(0, "", "*", LOGIN)->service = JG_SERVICE_RTM;
	world_round_trip(w, 1);
	expect_reason(
		judge(ABSENT, JG_STR("ann"), JG_SERVICE_RTM), JG_REASON_IDENTITY_MISMATCH, "*");
	expect_reason(judge(ABSENT, JG_STR("*"), JG_SERVICE_RTM), JG_REASON_OK, "a user named so");
	expect_reason(judge(ABSENT, JG_STR("*"), JG_SERVICE_RTC), JG_REASON_NO_JOIN, "no RTC");
}

Test(profile_agora, leeway_lengthens_privileges_as_it_does_tokens)
{
	struct jg_capability_expiry end = {JOIN, NOW + 100};
	policy.leeway = 10;
	struct world *slack = world_new(12, &policy);
	struct jg_mint asked = *ask(0, "room", "42", JOIN | JG_CAPABILITY(PUBLISH_DATA));
	asked.capability_expires = &end;
	asked.capability_expires_n = 1;
	slack->asks[0] = asked;
	world_round_trip(slack, 1);
	for (int64_t now = NOW + 99; now < NOW + 112; now++) {
		jg_verify_burst(
			slack->verifier, slack->snapshot, now, slack->requests, slack->verdicts, 1);
		expect_reason(&slack->verdicts[0],
			now < NOW + 110 ? JG_REASON_OK : JG_REASON_EXPIRED, "join privilege");
	}
	world_free(slack);
}

static struct jg_snapshot *with_secrets(const char *first, const char *second)
{
	struct jg_error err = {""};
	struct jg_secret secrets[2] = {{.id = JG_STR("1"),
					       .secret = {first, 32},
					       .not_before = JG_TIME_NONE,
					       .not_after = JG_TIME_NONE},
		{.id = JG_STR("2"),
			.secret = {second, 32},
			.not_before = JG_TIME_NONE,
			.not_after = JG_TIME_NONE,
			.status = JG_SECRET_VERIFY_ONLY}};
	struct jg_snapshot_builder *builder = jg_snapshot_builder_new();
	static const uint8_t vendors[] = {JG_VENDOR_AGORA, JG_VENDOR_OPENTOK};
	for (size_t i = 0; i < JG_ARRAY_SIZE(vendors); i++) {
		struct jg_app app = {.key = world_app(vendors[i]),
			.secrets = secrets,
			.secrets_n = 2,
			.vendor = vendors[i],
			.policy = jg_policy_default()};
		cr_assert_eq(jg_snapshot_builder_add(builder, &app, &err), 0, "%s", err.text);
	}
	struct jg_snapshot *snapshot = jg_snapshot_build(builder, 1, &err);
	cr_assert_not_null(snapshot);
	return snapshot;
}

Test(profile_agora, tokens_of_old_and_new_secrets_pass_in_one_burst)
{
	static const char old[] = "0123456789abcdef0123456789abcdef";
	static const char new[] = "fedcba9876543210fedcba9876543210";
	static const char foreign[] = "ffffffffffffffffffffffffffffffff";
	struct jg_snapshot *minting[] = {
		with_secrets(old, new), with_secrets(new, old), with_secrets(foreign, new)};
	for (unsigned i = 0; i < 210; i++) {
		struct jg_mint *a = ask(i, "room", "42", JOIN);
		if (i % 2 == 1)
			a->format = JG_FORMAT_AGORA_006;
		if (i % 7 == 3) {
			*a = world_ask(JG_VENDOR_OPENTOK, JG_FORMAT_T1);
			a->room = JG_STR(SESSION);
		}
		jg_mint_burst(w->minter, minting[i % 3], NOW, a, &w->minted[i], 1);
		cr_assert_null(w->minted[i].problem);
		w->requests[i] = (struct jg_request){.token = {w->token[i], w->minted[i].len},
			.app = a->app,
			.room = a->room,
			.identity = a->identity,
			.vendor = a->vendor,
			.type = JG_REQUEST_JOIN};
	}
	jg_verify_burst(w->verifier, minting[1], NOW, w->requests, w->verdicts, 210);
	for (unsigned i = 0; i < 210; i++) {
		expect_reason(&w->verdicts[i], i % 3 == 2 ? JG_REASON_BAD_SIGNATURE : JG_REASON_OK,
			"rotation");
		if (i % 3 < 2)
			cr_assert(jg_str_eq(
				w->verdicts[i].key, i % 3 == 0 ? JG_STR("2") : JG_STR("1")));
	}
	for (unsigned i = 0; i < 3; i++)
		jg_snapshot_free(minting[i]);
}

// Tokens that are admitted although one bit of them was flipped.
static unsigned admitted_flips(unsigned format)
{
	unsigned admitted = 0;
	ask(0, "room", "42", JOIN)->format = (uint8_t)format;
	world_round_trip(w, 1);
	w->requests[0].flags = JG_REQUEST_TOKEN_ID;
	jg_verify_burst(w->verifier, w->snapshot, NOW, w->requests, &w->verdicts[1], 1);
	expect_reason(&w->verdicts[1], JG_REASON_OK, "unchanged");
	for (uint32_t bit = 0; bit < w->minted[0].len * 8; bit++) {
		w->token[0][bit / 8] = (char)(w->token[0][bit / 8] ^ 1 << bit % 8);
		jg_verify_burst(w->verifier, w->snapshot, NOW, w->requests, w->verdicts, 1);
		w->token[0][bit / 8] = (char)(w->token[0][bit / 8] ^ 1 << bit % 8);
		if (w->verdicts[0].reason != JG_REASON_OK)
			continue;
		admitted++;
		cr_assert_eq(memcmp(w->verdicts[0].token_id, w->verdicts[1].token_id, 16), 0,
			"bit %u made another token", bit);
	}
	return admitted;
}

Test(profile_agora, every_flipped_bit_of_a_006_token_is_refused)
{
	cr_assert_eq(admitted_flips(JG_FORMAT_AGORA_006), 0);
}

// RFC 1951 leaves up to seven bits behind the last block to chance: no inflater looks at them, and
// what is signed does not change.
Test(profile_agora, flipped_bits_of_a_007_token_change_nothing_or_are_refused)
{
	cr_assert_leq(admitted_flips(JG_FORMAT_AGORA_007), 7);
}

#define END (NOW + 3600)
#define GRACE 300

// Judge the first token at a time, as a reconnect of a front end that is known, or as something else.
static const struct jg_verdict *judge_late(
	struct world *late, int64_t now, unsigned type, unsigned flags)
{
	late->requests[0].type = (uint8_t)type;
	late->requests[0].flags = (uint8_t)flags;
	jg_verify_burst(late->verifier, late->snapshot, now, late->requests, late->verdicts, 1);
	return &late->verdicts[0];
}

static const struct jg_verdict *reconnect(struct world *late, int64_t now)
{
	return judge_late(late, now, JG_REQUEST_RECONNECT, JG_REQUEST_AUTHENTICATED);
}

static int64_t end_of(const struct jg_verdict *v, uint64_t capability)
{
	for (uint32_t i = 0; i < v->capability_expires_n; i++)
		if ((v->capability_expires[i].capabilities & capability) != 0)
			return v->capability_expires[i].expires_at;
	return JG_TIME_NONE;
}

// A token with a camera until that time and everything else as long as the token says.
static struct world *graceful(unsigned format, int64_t join_end, int64_t camera_end)
{
	static struct jg_capability_expiry ends[2];
	uint64_t camera = JG_CAPABILITY(PUBLISH_CAMERA) | JG_CAPABILITY(PUBLISH_SCREEN_SHARE);
	policy.reconnect_grace = GRACE;
	policy.leeway = 10;
	struct world *late = world_new(13, &policy);
	struct jg_mint *a = &late->asks[0];
	*a = *ask(0, "room", "42", JOIN | camera);
	a->format = (uint8_t)format;
	ends[0] = (struct jg_capability_expiry){JOIN, join_end};
	ends[1] = (struct jg_capability_expiry){camera, camera_end};
	a->capability_expires = ends;
	a->capability_expires_n = 2;
	world_round_trip(late, 1);
	return late;
}

Test(profile_agora, within_the_grace_a_reconnect_gets_what_ended_with_the_token)
{
	static const uint8_t formats[] = {JG_FORMAT_AGORA_007, JG_FORMAT_AGORA_006};
	const uint64_t camera = JG_CAPABILITY(PUBLISH_CAMERA);
	for (size_t i = 0; i < JG_ARRAY_SIZE(formats); i++) {
		struct world *late = graceful(formats[i], END, END);
		for (int64_t now = END + 9; now < END + 10 + GRACE; now += 75) {
			const struct jg_verdict *v = reconnect(late, now);
			expect_reason(v, JG_REASON_OK, "within the grace");
			cr_assert_eq(v->capabilities & (JOIN | camera), JOIN | camera);
			int64_t end = now < END + 10 ? END : END + 10 + GRACE;
			cr_assert_eq(end_of(v, JG_CAPABILITY(JOIN)), end);
			cr_assert_eq(end_of(v, camera), end);
			cr_assert_eq(v->expires_at, END);
		}
		expect_reason(reconnect(late, END + 10 + GRACE), JG_REASON_EXPIRED, "after it");
		world_free(late);
	}
}

Test(profile_agora, the_grace_is_for_known_front_ends_and_reconnects_only)
{
	struct world *late = graceful(JG_FORMAT_AGORA_007, END, END);
	expect_reason(judge_late(late, END + 10, JG_REQUEST_JOIN, JG_REQUEST_AUTHENTICATED),
		JG_REASON_EXPIRED, "join");
	expect_reason(judge_late(late, END + 10, JG_REQUEST_RECONNECT, 0), JG_REASON_EXPIRED,
		"unauthenticated");
	world_free(late);
}

Test(profile_agora, the_grace_revives_no_privilege_that_was_over_before_the_token)
{
	struct world *late = graceful(JG_FORMAT_AGORA_007, END - 1, END);
	expect_reason(reconnect(late, END + 8), JG_REASON_OK, "within the leeway");
	expect_reason(reconnect(late, END + 9), JG_REASON_EXPIRED, "join was over");
	expect_reason(reconnect(late, END + 10), JG_REASON_EXPIRED, "join was over before");
	world_free(late);
	late = graceful(JG_FORMAT_AGORA_007, END, END - 1);
	const struct jg_verdict *v = reconnect(late, END + 10);
	expect_reason(v, JG_REASON_OK, "join ended with the token");
	cr_assert_eq(v->capabilities, JOIN);
	world_free(late);
}

#define PERMISSIONS "\x01\0\x02\0\x02\0\0\0\x01\0\x01\0a\x01\0\x02\0\x01\0b\x03\0\xff*c"

static const struct jg_verdict *log_in(struct jg_str permissions, uint64_t capabilities)
{
	ask(0, "", "ann", capabilities)->service = JG_SERVICE_RTM;
	w->asks[0].rtm_permissions = permissions;
	world_round_trip(w, 1);
	expect_reason(&w->verdicts[0], JG_REASON_OK, "login");
	return &w->verdicts[0];
}

Test(profile_agora, rtm2_permissions_are_passed_on_raw)
{
	const struct jg_str permissions = JG_STR(PERMISSIONS);
	const uint64_t login = JG_CAPABILITY(RTM_LOGIN);
	cr_assert(jg_str_eq(log_in(permissions, login)->rtm_permissions, permissions));
	cr_assert(jg_str_eq(log_in(JG_STR(""), login)->rtm_permissions, JG_STR("\0\0")));
	cr_assert_eq(log_in(JG_STR(""), LOGIN)->rtm_permissions.len, 0, "RTM has none");
}

Test(profile_agora, an_rtc_join_gets_the_permissions_of_a_login_that_lives)
{
	struct jg_capability_expiry end = {JG_CAPABILITY(RTM_LOGIN), NOW + 100};
	struct jg_mint *a = ask(0, "room", "ann", JOIN | JG_CAPABILITY(RTM_LOGIN));
	a->rtm_permissions = JG_STR(PERMISSIONS);
	a->capability_expires = &end;
	a->capability_expires_n = 1;
	world_round_trip(w, 1);
	for (int64_t now = NOW + 99; now < NOW + 102; now++) {
		jg_verify_burst(w->verifier, w->snapshot, now, w->requests, w->verdicts, 1);
		expect_reason(&w->verdicts[0], JG_REASON_OK, "join");
		cr_assert_eq(w->verdicts[0].rtm_permissions.len,
			now < NOW + 100 ? sizeof(PERMISSIONS) - 1 : 0);
	}
}

Test(profile_agora, broken_or_misplaced_permissions_are_not_minted)
{
	static const struct jg_str bad[] = {JG_STR_INIT("\x01"), JG_STR_INIT("\x01\0"),
		JG_STR_INIT(PERMISSIONS "\0"), JG_STR_INIT("\0\0\0\0")};
	for (size_t i = 0; i <= JG_ARRAY_SIZE(bad); i++) {
		bool misplaced = i == JG_ARRAY_SIZE(bad);
		ask(0, "room", "ann", misplaced ? JOIN | LOGIN : JG_CAPABILITY(RTM_LOGIN));
		w->asks[0].rtm_permissions = misplaced ? JG_STR(PERMISSIONS) : bad[i];
		jg_mint_burst(w->minter, w->snapshot, NOW, w->asks, w->minted, 1);
		cr_assert_not_null(w->minted[0].problem, "row %zu", i);
		cr_assert_str_eq(w->minted[0].field, "rtm_permissions");
	}
}
