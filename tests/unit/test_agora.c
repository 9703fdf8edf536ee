// SPDX-License-Identifier: BSD-3-Clause
#include "agora.h"
#include "deflate.h"

#include <criterion/criterion.h>

#define INFO           \
	"\x03\x00"     \
	"app"          \
	"\x01\0\0\0"   \
	"\x10\x0e\0\0" \
	"\x07\0\0\0"
#define SIGNATURE  \
	"\x04\x00" \
	"sig!"
#define RTC                \
	"\x01\0"           \
	"\x02\0"           \
	"\x01\0\0\0\0\0"   \
	"\x02\0\x05\0\0\0" \
	"\x04\0"           \
	"room"             \
	"\x02\0"           \
	"42"
#define RTM      \
	"\x02\0" \
	"\0\0"   \
	"\x03\0" \
	"ann"
#define RTM2     \
	"\x08\0" \
	"\0\0"   \
	"\x03\0" \
	"ann"    \
	"\x01\0" \
	"\x01\0" \
	"\x01\0" \
	"\0\0"   \
	"\x01\0" \
	"\x01\0" \
	"x"
#define APAAS    \
	"\x07\0" \
	"\0\0"   \
	"\x01\0" \
	"r"      \
	"\x01\0" \
	"u"      \
	"\x03\0"
#define UNKNOWN    \
	"\xe7\x03" \
	"\x01\0"
#define BYTES(literal) (literal), sizeof(literal) - 1

static uint8_t scratch[JG_AGORA_SCRATCH(4096)];
static struct jg_agora agora;
static struct jg_agora_tools tools = {.decode = jg_base64_decode};

static enum jg_reason parse(const char *content, size_t n)
{
	static char token[4096] = "007";
	uint8_t packed[2048];
	struct jg_deflater *deflater = jg_deflater_new();
	size_t size = jg_deflate(deflater, content, n, packed, sizeof(packed));
	cr_assert_gt(size, 0);
	jg_deflater_free(deflater);
	tools.inflater = tools.inflater == NULL ? jg_inflater_new() : tools.inflater;
	size_t len = 3 + jg_base64_encode(packed, size, token + 3);
	return jg_agora_parse_007((struct jg_str){token, (uint32_t)len}, &tools, scratch, &agora);
}

static void fini(void)
{
	jg_inflater_free(tools.inflater);
}

TestSuite(agora, .fini = fini);

Test(agora, header_and_services_are_read)
{
	cr_assert_eq(parse(BYTES(SIGNATURE INFO "\x05\0" RTC RTM RTM2 APAAS "\x09\0\0\0")),
		JG_REASON_OK);
	cr_assert(jg_str_eq(agora.signature, JG_STR("sig!")));
	cr_assert(jg_str_eq(agora.app_id, JG_STR("app")));
	cr_assert_eq(agora.issued_at, 1);
	cr_assert_eq(agora.expire, 3600);
	cr_assert_eq(agora.salt, 7);
	struct jg_agora_service s;
	struct jg_agora_privilege p;
	uint16_t left = agora.services_n;
	cr_assert(jg_agora_service_next(&agora.services, &left, &s));
	cr_assert_eq(s.type, JG_AGORA_RTC);
	cr_assert(jg_str_eq(s.channel, JG_STR("room")));
	cr_assert(jg_str_eq(s.account, JG_STR("42")));
	cr_assert(jg_agora_privilege_next(&s.privileges, &p) && p.key == 1 && p.value == 0);
	cr_assert(jg_agora_privilege_next(&s.privileges, &p) && p.key == 2 && p.value == 5);
	cr_assert_not(jg_agora_privilege_next(&s.privileges, &p));
	for (unsigned type = 2, n = 0; n < 4; n++, type = n == 1 ? 8 : n == 2 ? 7 : 9) {
		cr_assert(jg_agora_service_next(&agora.services, &left, &s));
		cr_assert_eq(s.type, type);
	}
	cr_assert_not(jg_agora_service_next(&agora.services, &left, &s));
}

Test(agora, message_runs_from_the_app_id_to_the_end)
{
	cr_assert_eq(parse(BYTES(SIGNATURE INFO "\x01\0" RTM)), JG_REASON_OK);
	cr_assert_eq(agora.message.len, sizeof(INFO "\x01\0" RTM) - 1);
	cr_assert_eq(memcmp(agora.message.p, INFO "\x01\0" RTM, agora.message.len), 0);
}

Test(agora, an_unknown_service_ends_the_list)
{
	struct jg_agora_service s;
	cr_assert_eq(parse(BYTES(SIGNATURE INFO "\x03\0" RTM UNKNOWN RTC)), JG_REASON_OK);
	uint16_t left = agora.services_n;
	cr_assert(jg_agora_service_next(&agora.services, &left, &s));
	cr_assert_not(jg_agora_service_next(&agora.services, &left, &s));
	cr_assert_eq(parse(BYTES(SIGNATURE INFO "\x01\0"
						"\0\0")),
		JG_REASON_OK);
}

Test(agora, lying_lengths_and_left_over_bytes_are_malformed)
{
	static const struct {
		const char *content;
		size_t n;
	} rows[] = {
		{BYTES("")},
		{BYTES("\x20")},
		{BYTES(SIGNATURE)},
		{BYTES("\xff\xff"
		       "sig!" INFO "\x01\0" RTM)},
		{BYTES(SIGNATURE INFO)},
		{BYTES(SIGNATURE INFO "\x02\0" RTM)},
		{BYTES(SIGNATURE INFO "\x01\0" RTM "x")},
		{BYTES(SIGNATURE INFO "\0\0" RTM)},
		{BYTES(SIGNATURE INFO "\x01\0"
				      "\x02")},
		{BYTES(SIGNATURE INFO "\x01\0"
				      "\x02\0"
				      "\xff\xff"
				      "\x01\0\0\0\0\0")},
		{BYTES(SIGNATURE INFO "\x01\0"
				      "\x02\0"
				      "\0\0"
				      "\x04\0"
				      "ann")},
		{BYTES(SIGNATURE INFO "\x01\0"
				      "\x01\0"
				      "\0\0"
				      "\x01\0"
				      "r"
				      "\xff\xff"
				      "u")},
		{BYTES(SIGNATURE INFO "\x01\0"
				      "\x07\0"
				      "\0\0"
				      "\x01\0"
				      "r"
				      "\x01\0"
				      "u"
				      "\x03")},
		{BYTES(SIGNATURE INFO "\x01\0"
				      "\x08\0"
				      "\0\0"
				      "\x03\0"
				      "ann"
				      "\xff\xff")},
		{BYTES(SIGNATURE INFO "\x01\0"
				      "\x08\0"
				      "\0\0"
				      "\x03\0"
				      "ann"
				      "\x01\0\x01\0\xff\xff")},
		{BYTES(SIGNATURE INFO "\x01\0"
				      "\x02\0"
				      "\0\0"
				      "\x03\0"
				      "a\0n")},
		{BYTES(SIGNATURE INFO "\x01\0"
				      "\x02\0"
				      "\0\0"
				      "\x03\0"
				      "a\xffn")},
	};
	for (size_t i = 0; i < JG_ARRAY_SIZE(rows); i++)
		cr_assert_eq(parse(rows[i].content, rows[i].n), JG_REASON_MALFORMED, "row %zu", i);
}

Test(agora, other_versions_are_malformed_and_bad_base64_is_named)
{
	tools.inflater = jg_inflater_new();
	static const struct {
		const char *token;
		enum jg_reason reason;
	} rows[] = {{"", JG_REASON_MALFORMED}, {"00", JG_REASON_MALFORMED},
		{"007", JG_REASON_MALFORMED}, {"006eJw=", JG_REASON_MALFORMED},
		{" 007eJw=", JG_REASON_MALFORMED}, {"007eJw=", JG_REASON_MALFORMED},
		{"007eJw", JG_REASON_BAD_ENCODING}, {"007eJw=\n", JG_REASON_BAD_ENCODING},
		{"007e-_w", JG_REASON_BAD_ENCODING}};
	for (size_t i = 0; i < JG_ARRAY_SIZE(rows); i++) {
		struct jg_str token = {rows[i].token, (uint32_t)strlen(rows[i].token)};
		cr_assert_eq(jg_agora_parse_007(token, &tools, scratch, &agora), rows[i].reason,
			"row %zu", i);
	}
}

static enum jg_reason parse_006(const char *content, size_t n)
{
	static char token[512] = "0060123456789abcdef0123456789abcdef";
	size_t len = JG_AGORA_006_HEAD;
	len += jg_base64_encode((const uint8_t *)content, n, token + len);
	return jg_agora_parse_006((struct jg_str){token, (uint32_t)len}, &tools, scratch, &agora);
}

#define CRCS         \
	"\x01\0\0\0" \
	"\x02\0\0\0"
#define M006         \
	"\x07\0\0\0" \
	"\x08\0\0\0" \
	"\x01\0"     \
	"\x01\0\x09\0\0\0"

Test(agora, a_006_token_is_read)
{
	struct jg_agora_privilege p;
	cr_assert_eq(parse_006(BYTES(SIGNATURE CRCS "\x10\0" M006)), JG_REASON_OK);
	cr_assert(jg_str_eq(agora.app_id, JG_STR("0123456789abcdef0123456789abcdef")));
	cr_assert(jg_str_eq(agora.signature, JG_STR("sig!")));
	cr_assert_eq(agora.crc_channel, 1);
	cr_assert_eq(agora.crc_uid, 2);
	cr_assert_eq(agora.salt, 7);
	cr_assert_eq(agora.ends_at, 8);
	cr_assert_eq(agora.message.len, 16);
	cr_assert(jg_agora_privilege_next(&agora.privileges, &p) && p.key == 1 && p.value == 9);
}

Test(agora, a_broken_006_token_is_malformed)
{
	cr_assert_eq(parse_006(BYTES("")), JG_REASON_MALFORMED);
	cr_assert_eq(parse_006(BYTES(SIGNATURE CRCS)), JG_REASON_MALFORMED);
	cr_assert_eq(parse_006(BYTES(SIGNATURE CRCS "\x10\0" M006 "z")), JG_REASON_MALFORMED);
	cr_assert_eq(parse_006(BYTES(SIGNATURE CRCS "\x11\0" M006 "z")), JG_REASON_MALFORMED);
	cr_assert_eq(parse_006(BYTES(SIGNATURE CRCS "\x0f\0" M006)), JG_REASON_MALFORMED);
	cr_assert_eq(parse_006(BYTES(SIGNATURE CRCS "\x11\0" M006)), JG_REASON_MALFORMED);
	cr_assert_eq(jg_agora_parse_006(JG_STR("0063f1c"), &tools, scratch, &agora),
		JG_REASON_MALFORMED);
}

static bool match(const char *pattern, const char *text)
{
	return jg_agora_match((struct jg_str){pattern, (uint32_t)strlen(pattern)},
		(struct jg_str){text, (uint32_t)strlen(text)});
}

Test(agora, stars_match_any_run_and_nothing_else_is_special)
{
	static const struct {
		const char *pattern, *text;
		bool match;
	} rows[] = {{"*", "", true}, {"*", "abc", true}, {"", "", true}, {"", "a", false},
		{"1*a*2", "1abc2", true}, {"1*a*2", "1bbb2", false}, {"1*a*2", "1abc23", false},
		{"a?c", "abc", false}, {"a?c", "a?c", true}, {"[ab]", "a", false},
		{"A", "a", false}, {"a*", "a", true}, {"*a", "ba", true}, {"*a", "ab", false},
		{"**", "x", true}, {"a*b*c", "a_b_b_c", true}, {"a", "aa", false},
		{"aa", "a", false}, {"*ab", "aab", true}};
	for (size_t i = 0; i < JG_ARRAY_SIZE(rows); i++)
		cr_assert_eq(match(rows[i].pattern, rows[i].text), rows[i].match, "row %zu", i);
}
