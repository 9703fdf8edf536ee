// SPDX-License-Identifier: BSD-3-Clause
#include "internal/base.h"
#include "judge.h"

#include <criterion/criterion.h>

#include <stdio.h>

static struct judge judge;

static void set_up(void)
{
	judge_init(&judge, JG_VENDOR_LIVEKIT);
}

static void tear_down(void)
{
	judge_fini(&judge);
}

TestSuite(profile_livekit, .init = set_up, .fini = tear_down);

// A token that joins but for what stands in more (", ..." behind the usual claims).
static struct jg_verdict with(const char *video, const char *more)
{
	static char claims[2048];
	(void)snprintf(claims, sizeof(claims),
		"{\"iss\":\"" JUDGE_KEY "\",\"exp\":1800000600,"
		"\"video\":{\"roomJoin\":true,\"room\":\"lobby\"%s}%s}",
		video, more);
	return judge_claims(&judge, claims);
}

static struct jg_verdict alice(const char *video, const char *more)
{
	static char all[1024];
	(void)snprintf(all, sizeof(all), ",\"sub\":\"alice\"%s", more);
	return with(video, all);
}

Test(profile_livekit, a_plain_join_gets_the_defaults)
{
	struct jg_verdict v = alice("", "");
	expect_reason(&v, JG_REASON_OK, NULL);
	expect_text(v.identity, "alice");
	expect_text(v.room, "lobby");
	expect_text(v.kind, "standard");
	expect_text(v.attributes, "");
	cr_assert_eq(v.capabilities,
		JG_CAPABILITY(JOIN) | JG_CAPABILITY(SUBSCRIBE) | JG_CAPABILITY_PUBLISH |
			JG_CAPABILITY(PUBLISH_DATA));
	cr_assert_eq(v.issued_at, JG_TIME_NONE);
	cr_assert_eq(v.epoch, 42);
	cr_assert_eq(v.app_index, 77);
}

Test(profile_livekit, every_known_claim_of_a_wrong_type_is_refused_by_its_name)
{
	static const struct {
		char claim[32];
		char json[64];
	} bad[] = {{"jti", ",\"jti\":7"}, {"identity", ",\"identity\":{}"},
		{"name", ",\"name\":[]"}, {"kind", ",\"kind\":1"},
		{"kindDetails", ",\"kindDetails\":\"x\""},
		{"kindDetails", ",\"kindDetails\":[\"x\",1]"}, {"metadata", ",\"metadata\":{}"},
		{"attributes", ",\"attributes\":\"{}\""},
		{"attributes", ",\"attributes\":{\"a\":1}"},
		{"attributes", ",\"attributes\":{\"a\":\"b\",\"c\":{}}"}, {"sip", ",\"sip\":true"},
		{"sip.admin", ",\"sip\":{\"admin\":1}"},
		{"sip.call", ",\"sip\":{\"call\":\"true\"}"}, {"agent", ",\"agent\":[]"},
		{"agent.admin", ",\"agent\":{\"admin\":0}"}, {"inference", ",\"inference\":5"},
		{"inference.perform", ",\"inference\":{\"perform\":\"\"}"},
		{"observability", ",\"observability\":\"\""},
		{"observability.write", ",\"observability\":{\"write\":1}"},
		{"roomConfig", ",\"roomConfig\":\"x\""}, {"roomPreset", ",\"roomPreset\":1"},
		{"sha256", ",\"sha256\":false"}, {"nbf", ",\"nbf\":\"1\""},
		{"nbf", ",\"nbf\":1e300"}, {"iat", ",\"iat\":true"},
		{"iat", ",\"iat\":9007199254740993"}};
	for (size_t i = 0; i < JG_ARRAY_SIZE(bad); i++) {
		struct jg_verdict v = alice("", bad[i].json);
		expect_reason(&v, JG_REASON_BAD_CLAIM, bad[i].claim);
	}
}

// An absent time, as null is, has nothing wrong that could be told.
Test(profile_livekit, of_a_wrong_time_and_a_wrong_type_the_time_is_told)
{
	static const struct {
		char claim[8];
		char json[64];
	} bad[] = {{"nbf", ",\"kind\":1,\"nbf\":\"1\""}, {"iat", ",\"jti\":7,\"iat\":1e300"},
		{"nbf", ",\"kind\":1,\"iat\":true,\"nbf\":[]"},
		{"kind", ",\"nbf\":null,\"kind\":1"}};
	for (size_t i = 0; i < JG_ARRAY_SIZE(bad); i++) {
		struct jg_verdict v = alice("", bad[i].json);
		expect_reason(&v, JG_REASON_BAD_CLAIM, bad[i].claim);
	}
}

Test(profile_livekit, every_grant_of_a_wrong_type_is_refused_by_its_name)
{
	static const char switches[][24] = {"canSubscribe", "canPublish", "canPublishData",
		"canUpdateOwnMetadata", "hidden", "recorder", "agent", "canSubscribeMetrics",
		"canManageAgentSession", "roomAdmin", "roomCreate", "roomList", "roomRecord",
		"ingressAdmin"};
	for (size_t i = 0; i < JG_ARRAY_SIZE(switches); i++) {
		char json[512], name[512];
		(void)snprintf(json, sizeof(json), ",\"%s\":\"true\"", switches[i]);
		(void)snprintf(name, sizeof(name), "video.%s", switches[i]);
		struct jg_verdict v = alice(json, "");
		expect_reason(&v, JG_REASON_BAD_CLAIM, name);
		(void)snprintf(json, sizeof(json), ",\"%s\":null", switches[i]);
		v = alice(json, "");
		expect_reason(&v, JG_REASON_OK, NULL);
	}
	struct jg_verdict v = alice(",\"destinationRoom\":1", "");
	expect_reason(&v, JG_REASON_BAD_CLAIM, "video.destinationRoom");
	v = alice(",\"canPublishSources\":[\"camera\",5]", "");
	expect_reason(&v, JG_REASON_BAD_CLAIM, "video.canPublishSources");
}

Test(profile_livekit, identity_comes_from_sub_then_jti_and_never_from_identity)
{
	struct jg_verdict v = with("", ",\"jti\":\"j\",\"identity\":\"i\"");
	expect_text(v.identity, "j");
	v = with("", ",\"sub\":\"\",\"jti\":\"j\"");
	expect_text(v.identity, "j");
	v = with("", ",\"sub\":null,\"identity\":\"i\"");
	expect_reason(&v, JG_REASON_MISSING_CLAIM, "sub");
}

Test(profile_livekit, sources_limit_publishing_but_not_data)
{
	struct jg_verdict v =
		alice(",\"canPublishSources\":[\"\\u0063amera\",\"CAMERA\",\"\"]", "");
	cr_assert_eq(v.capabilities & JG_CAPABILITY_PUBLISH, JG_CAPABILITY(PUBLISH_CAMERA));
	cr_assert_neq(v.capabilities & JG_CAPABILITY(PUBLISH_DATA), 0);
	v = alice(",\"canPublishSources\":[\"x\"]", "");
	cr_assert_eq(v.capabilities & JG_CAPABILITY_PUBLISH, 0);
	v = alice(",\"canPublish\":false,\"canPublishSources\":[\"camera\"]", "");
	cr_assert_eq(v.capabilities & (JG_CAPABILITY_PUBLISH | JG_CAPABILITY(PUBLISH_DATA)), 0);
	v = alice(",\"canPublishSources\":[null]", "");
	cr_assert_eq(v.capabilities & JG_CAPABILITY_PUBLISH, 0);
}

Test(profile_livekit, kinds_are_compared_without_case_and_unknown_ones_are_standard)
{
	struct jg_verdict v = alice("", ",\"kind\":\"EgrEss\"");
	expect_text(v.kind, "egress");
	v = alice("", ",\"kind\":\"bridge\"");
	expect_text(v.kind, "bridge");
	v = alice("", ",\"kind\":\"robot\"");
	expect_text(v.kind, "standard");
	v = alice("", ",\"kind\":\"\"");
	expect_text(v.kind, "standard");
}

Test(profile_livekit, attributes_are_handed_on_as_they_stand)
{
	struct jg_verdict v = alice("", ",\"attributes\": { \"a\\n\" : \"b\" } ");
	expect_text(v.attributes, "{ \"a\\n\" : \"b\" }");
	v = alice("", ",\"attributes\":null");
	expect_text(v.attributes, "");
}

Test(profile_livekit, the_issue_time_is_iat_else_nbf)
{
	struct jg_verdict v = alice("", ",\"nbf\":1799999000");
	cr_assert_eq(v.issued_at, 1799999000);
	v = alice("", ",\"nbf\":1799999000,\"iat\":1799998000.9");
	cr_assert_eq(v.issued_at, 1799998000);
}

Test(profile_livekit, a_request_for_another_room_or_identity_is_refused)
{
	struct jg_str token =
		judge_sign("{\"iss\":\"" JUDGE_KEY "\",\"exp\":1800000600,\"sub\":\"alice\","
			   "\"video\":{\"roomJoin\":true,\"room\":\"lobby\"}}",
			JUDGE_SECRET);
	struct jg_verdict v =
		judge_request(&judge, (struct jg_request){.token = token, .room = JG_STR("Lobby")});
	expect_reason(&v, JG_REASON_ROOM_MISMATCH, "room");
	v = judge_request(
		&judge, (struct jg_request){.token = token, .identity = JG_STR("alice2")});
	expect_reason(&v, JG_REASON_IDENTITY_MISMATCH, "identity");
	v = judge_request(&judge,
		(struct jg_request){
			.token = token, .room = JG_STR("lobby"), .identity = JG_STR("alice")});
	expect_reason(&v, JG_REASON_OK, NULL);
	v = judge_request(&judge, (struct jg_request){.token = token, .app = JG_STR("473011220")});
	expect_reason(&v, JG_REASON_UNKNOWN_KEY, NULL);
}

Test(profile_livekit, lengths_count_decoded_bytes)
{
	char more[1200] = ",\"jti\":\"";
	size_t n = strlen(more);
	for (unsigned i = 0; i < 129; i++, n += 6) // two bytes each once decoded: 258
		memcpy(more + n, "\\u00e9", 6);
	memcpy(more + n, "\"", 2);
	struct jg_verdict v = with("", more);
	expect_reason(&v, JG_REASON_BAD_CLAIM, "sub");
	cr_assert_eq(v.rule_value, 258);
	memcpy(more + n - 6, "\"", 2);
	v = with("", more);
	expect_reason(&v, JG_REASON_OK, NULL);
}
