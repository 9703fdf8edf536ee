// SPDX-License-Identifier: BSD-3-Clause
#include "internal/base.h"
#include "judge.h"
#include "profile.h"

#include <criterion/criterion.h>

#include <stdio.h>

// 1~47301122~x~, base64 without padding
#define SESSION "1_MX40NzMwMTEyMn54fg"

static struct judge judge;

static void set_up(void)
{
	judge_init(&judge, JG_VENDOR_OPENTOK);
}

static void tear_down(void)
{
	judge_fini(&judge);
}

TestSuite(profile_opentok, .init = set_up, .fini = tear_down);

static struct jg_verdict with(const char *role, const char *session, const char *more)
{
	static char claims[8192];
	(void)snprintf(claims, sizeof(claims),
		"{\"iss\":\"" JUDGE_KEY "\",\"ist\":\"project\",\"iat\":1800000000,"
		"\"exp\":1800003600,\"scope\":\"session.connect\",\"role\":\"%s\","
		"\"session_id\":\"%s\"%s}",
		role, session, more);
	return judge_claims(&judge, claims);
}

Test(profile_opentok, roles_are_exactly_these_words)
{
	const uint64_t publish = JG_CAPABILITY_PUBLISH, join = JG_CAPABILITY(JOIN);
	const uint64_t both = join | JG_CAPABILITY(SUBSCRIBE);
	struct jg_verdict v = with("subscriber", SESSION, "");
	cr_assert_eq(v.capabilities, both);
	v = with("publisheronly", SESSION, "");
	cr_assert_eq(v.capabilities, join | publish);
	v = with("publisher", SESSION, "");
	cr_assert_eq(v.capabilities, both | publish | JG_CAPABILITY(SIGNAL));
	v = with("moderator", SESSION, "");
	cr_assert_eq(v.capabilities,
		both | publish | JG_CAPABILITY(SIGNAL) | JG_CAPABILITY(FORCE_DISCONNECT) |
			JG_CAPABILITY(FORCE_UNPUBLISH) | JG_CAPABILITY(FORCE_MUTE));
	static const char bad[][16] = {
		"", "Publisher", "publisher ", "publishe", "publishers", "admin", "presenter"};
	for (size_t i = 0; i < JG_ARRAY_SIZE(bad); i++) {
		v = with(bad[i], SESSION, "");
		expect_reason(&v, JG_REASON_BAD_CLAIM, "role");
	}
}

Test(profile_opentok, connection_data_counts_characters)
{
	char more[4096] = ",\"connection_data\":\"";
	size_t n = strlen(more);
	for (unsigned i = 0; i < 1000; i++, n += 3)
		memcpy(more + n, "\xe7\x95\x8c", 3);
	memcpy(more + n, "\"", 2);
	struct jg_verdict v = with("publisher", SESSION, more);
	expect_reason(&v, JG_REASON_OK, NULL);
	cr_assert_eq(v.metadata.len, 3000);
	memcpy(more + n, "x\"", 3);
	v = with("publisher", SESSION, more);
	expect_reason(&v, JG_REASON_BAD_CLAIM, "connection_data");
	cr_assert_eq(v.rule_value, 1001);
}

Test(profile_opentok, layout_classes_come_with_single_spaces)
{
	static const struct {
		char json[48];
		char classes[16];
	} good[] = {{"\"\"", ""}, {"\"a\"", "a"}, {"\" a  b   \"", "a b"}, {"[]", ""},
		{"[\"a\",\"b\"]", "a b"}, {"[\"\",\"\\u0061\"]", "a"}, {"\"   \"", ""}};
	for (size_t i = 0; i < JG_ARRAY_SIZE(good); i++) {
		char more[96];
		(void)snprintf(
			more, sizeof(more), ",\"initial_layout_class_list\":%.47s", good[i].json);
		struct jg_verdict v = with("publisher", SESSION, more);
		expect_reason(&v, JG_REASON_OK, NULL);
		expect_text(v.layout_classes, good[i].classes);
	}
}

Test(profile_opentok, known_claims_of_a_wrong_type_are_refused_by_their_names)
{
	static const struct {
		char claim[32];
		char json[64];
	} bad[] = {{"initial_layout_class_list", ",\"initial_layout_class_list\":5"},
		{"initial_layout_class_list", ",\"initial_layout_class_list\":[\"a\",5]"},
		{"initial_layout_class_list", ",\"initial_layout_class_list\":{}"},
		{"connection_data", ",\"connection_data\":null"},
		{"connection_data", ",\"connection_data\":{\"a\":1}"}, {"nbf", ",\"nbf\":\"0\""}};
	for (size_t i = 0; i < JG_ARRAY_SIZE(bad); i++) {
		struct jg_verdict v = with("publisher", SESSION, bad[i].json);
		expect_reason(&v, JG_REASON_BAD_CLAIM, bad[i].claim);
	}
}

Test(profile_opentok, a_session_belongs_to_the_key_inside_it)
{
	const struct jg_str key = JG_STR(JUDGE_KEY);
	cr_assert(jg_opentok_session_is_of(jg_base64_decode, JG_STR(SESSION), key));
	cr_assert(jg_opentok_session_is_of(jg_base64_decode, JG_STR("2_MX40NzMwMTEyMn54fg"), key));
	cr_assert_not(
		jg_opentok_session_is_of(jg_base64_decode, JG_STR(SESSION), JG_STR("4730112")));
	cr_assert_not(
		jg_opentok_session_is_of(jg_base64_decode, JG_STR(SESSION), JG_STR("473011222")));
	static const char bad[][32] = {"", "1", "1_", "3_MX40NzMwMTEyMn54fg",
		"1-MX40NzMwMTEyMn54fg", "MX40NzMwMTEyMn54fg", "1_M340NzMwMTEyMn54fg",
		"1_MX40NzMwMTEyMg", "1_MX40NzMw!TEyMn54fg", "1_MX4", "1_M"};
	for (size_t i = 0; i < JG_ARRAY_SIZE(bad); i++)
		cr_assert_not(jg_opentok_session_is_of(jg_base64_decode,
				      (struct jg_str){bad[i], (uint32_t)strlen(bad[i])}, key),
			"%s", bad[i]);
}

Test(profile_opentok, a_session_of_another_project_is_refused)
{
	struct jg_verdict v = with("publisher", "1_MX40NzMwMTEyM354fg", "");
	expect_reason(&v, JG_REASON_ROOM_MISMATCH, "project key in session_id");
}

#define CONNECT(ist, scope, role, session, more)                                                \
	"{\"iss\":\"" JUDGE_KEY "\",\"ist\":\"" ist "\",\"iat\":1800000000,\"exp\":1800003600," \
	"\"scope\":\"" scope "\",\"role\":\"" role "\",\"session_id\":\"" session "\"" more "}"

Test(profile_opentok, a_known_shape_changes_no_verdict)
{
	static const char *const claims[] = {
		CONNECT("project", "session.connect", "publisher", SESSION, ""),
		CONNECT("project", "session.connect", "publisher", SESSION,
			",\"connection_data\":\"name=J\xc3\xbcrgen\""),
		CONNECT("project", "session.connect", "moderator", SESSION, ""),
		CONNECT("project", "session.connect", "nobody", SESSION, ""),
		CONNECT("project", "session.connect", "", SESSION, ""),
		CONNECT("project", "session.connect", "publisher", "", ""),
		CONNECT("project", "session.connect", "publisher", "1_MX40NzMwMTEyMX54fg", ""),
		CONNECT("account", "session.connect", "publisher", SESSION, ""),
		CONNECT("project", "session.conceal", "publisher", SESSION, ""),
		CONNECT("project", "session.connect ", "publisher", SESSION, ""),
		CONNECT("project", "session.connect", "pub\\u006cisher", SESSION, ""),
		CONNECT("projec\\/", "session.connect", "publisher", SESSION, ""),
		CONNECT("project", "session.connect", "publisher", SESSION,
			",\"connection_data\":\"a \\\"b\\\" \\\\c\""),
		CONNECT("project", "session.connect", "publisher", SESSION, ",\"jti\":\"x\""),
		CONNECT("project", "session.connect", "publisher", SESSION,
			",\"initial_layout_class_list\":\"a  b\""),
		CONNECT("project", "session.connect", "publisher", SESSION,
			",\"initial_layout_class_list\":\"\""),
		CONNECT("project", "session.connect", "publisher", SESSION,
			",\"initial_layout_class_list\":[]"),
		CONNECT("project", "session.connect", "publisher", SESSION,
			",\"initial_layout_class_list\":[\"a\",\"b\"]"),
		"{\"iss\":\"" JUDGE_KEY "\",\"ist\":\"project\",\"scope\":\"session.connect\","
		"\"role\":\"publisher\",\"session_id\":\"" SESSION "\",\"exp\":1800003600}",
		"{\"iss\":\"" JUDGE_KEY "\",\"ist\":\"project\",\"scope\":\"session.connect\","
		"\"role\":\"publisher\",\"session_id\":\"" SESSION "\",\"exp\":1700003600}",
	};
	expect_shapes_agree(JG_VENDOR_OPENTOK, claims, JG_ARRAY_SIZE(claims));
}
