// SPDX-License-Identifier: BSD-3-Clause
#include "t1.h"

#include <criterion/criterion.h>

#include <stdio.h>

#define SIG "00112233445566778899aabbccddeeff01234567"
#define HEAD "partner_id=47&sig=" SIG ":"

static uint8_t scratch[JG_BASE64_DECODED(8192)], fields[sizeof(scratch) + 1];
static struct jg_t1 t1;

static enum jg_reason parse(const char *sentinel, const char *body, size_t n)
{
	static char token[8192];
	size_t at = strlen(sentinel);
	memcpy(token, sentinel, at);
	at += jg_base64_encode((const uint8_t *)body, n, token + at);
	enum jg_reason reason =
		jg_t1_parse((struct jg_str){token, (uint32_t)at}, jg_base64_decode, scratch, &t1);
	if (reason != JG_REASON_OK)
		return reason;
	return jg_t1_parse_data(&t1, fields) ? JG_REASON_OK : JG_REASON_MALFORMED;
}

static enum jg_reason parse_body(const char *body)
{
	return parse("T1==", body, strlen(body));
}

static bool is(struct jg_str text, const char *expected)
{
	return text.p != NULL && text.len == strlen(expected) &&
		memcmp(text.p, expected, text.len) == 0;
}

Test(t1, prefix_and_fields_are_found)
{
	cr_assert_eq(parse_body(HEAD "session_id=1_a&create_time=1800000000&role=publisher"
				     "&nonce=0.5&expire_time=1800000600&connection_data=x"
				     "&initial_layout_class_list=a%20b&scope=s"),
		JG_REASON_OK);
	cr_assert(is(t1.partner_id, "47"));
	cr_assert(t1.signature_found);
	cr_assert_eq(t1.signature[1], 0x11);
	cr_assert_eq(t1.signature[19], 0x67);
	cr_assert(is(t1.field[JG_T1_SESSION_ID], "1_a"));
	cr_assert(is(t1.field[JG_T1_CREATE_TIME], "1800000000"));
	cr_assert(is(t1.field[JG_T1_EXPIRE_TIME], "1800000600"));
	cr_assert(is(t1.field[JG_T1_ROLE], "publisher"));
	cr_assert(is(t1.field[JG_T1_DATA], "x"));
	cr_assert(is(t1.field[JG_T1_LAYOUT], "a b"));
	cr_assert(is(t1.field[JG_T1_SCOPE], "s"));
}

Test(t1, message_is_every_raw_byte_after_the_first_colon)
{
	cr_assert_eq(parse_body(HEAD "r%6fle=a+b&connection_data=x:y:&role2=1:"), JG_REASON_OK);
	cr_assert(is(t1.message, "r%6fle=a+b&connection_data=x:y:&role2=1:"));
	cr_assert(is(t1.field[JG_T1_ROLE], "a b"));
	cr_assert(is(t1.field[JG_T1_DATA], "x:y:"));
}

Test(t1, escapes_of_either_case_and_plus_are_decoded)
{
	cr_assert_eq(parse_body(HEAD "connection_data=%c3%A9%2b+%2B%25%26%3d"), JG_REASON_OK);
	cr_assert(is(t1.field[JG_T1_DATA], "\xc3\xa9+ +%&="));
}

Test(t1, absent_and_empty_fields_differ)
{
	cr_assert_eq(parse_body(HEAD "connection_data=&role&&scope"), JG_REASON_OK);
	cr_assert(is(t1.field[JG_T1_DATA], ""));
	cr_assert(is(t1.field[JG_T1_ROLE], ""));
	cr_assert_null(t1.field[JG_T1_SESSION_ID].p);
	cr_assert_eq(parse_body(HEAD), JG_REASON_OK);
	cr_assert_eq(t1.message.len, 0);
}

Test(t1, prefix_members_come_in_any_order)
{
	cr_assert_eq(parse_body("sig=" SIG "&sdk_version=tb&partner_id=47:role=a"), JG_REASON_OK);
	cr_assert(is(t1.partner_id, "47"));
	cr_assert(t1.signature_found);
}

Test(t1, a_signature_of_another_spelling_is_none)
{
	static const char *const bodies[] = {"partner_id=4:role=a", "partner_id=4&sig=:role=a",
		"partner_id=4&sig=00112233445566778899AABBCCDDEEFF01234567:role=a",
		"partner_id=4&sig=" SIG "0:role=a", "partner_id=4&sig=0" SIG ":role=a",
		"partner_id=4&sig=0g112233445566778899aabbccddeeff01234567:r=a",
		"partner_id=4&sig:r=a"};
	for (size_t i = 0; i < JG_ARRAY_SIZE(bodies); i++) {
		cr_assert_eq(parse_body(bodies[i]), JG_REASON_OK, "row %zu", i);
		cr_assert_not(t1.signature_found, "row %zu", i);
	}
}

Test(t1, broken_content_is_malformed)
{
	static const char *const bodies[] = {"partner_id=4&sig=" SIG "&role=a",
		"partner_id=4&partner_id=4&sig=" SIG ":role=a", "sig=" SIG "&sig=" SIG ":role=a",
		"x=1&x=1:role=a", HEAD "role=a&role=a", HEAD "role=a&r%6fle=a",
		HEAD "x=1&role=a&x=1", HEAD "%78=1&x=1", HEAD "role=%", HEAD "role=%4",
		HEAD "role=%4g", HEAD "role=%g4", HEAD "role=%%41", HEAD "role=a%00b",
		HEAD "ro%00le=a", HEAD "role=%ff", HEAD "role=%c3", HEAD "role=\xff",
		HEAD "%c3%28=a", HEAD "role=%ed%a0%80", HEAD "role=%c0%80", ""};
	for (size_t i = 0; i < JG_ARRAY_SIZE(bodies); i++)
		cr_assert_eq(parse_body(bodies[i]), JG_REASON_MALFORMED, "row %zu", i);
	cr_assert_eq(parse("T1==", HEAD "role=a\0b", sizeof(HEAD) + 7), JG_REASON_MALFORMED);
}

Test(t1, other_sentinels_are_malformed)
{
	static const char *const sentinels[] = {"T2==", "t1==", "T1=", "", " T1=="};
	for (size_t i = 0; i < JG_ARRAY_SIZE(sentinels); i++)
		cr_assert_eq(parse(sentinels[i], HEAD "role=a", strlen(HEAD "role=a")),
			JG_REASON_MALFORMED, "row %zu", i);
	cr_assert_eq(
		jg_t1_parse(JG_STR("T1=="), jg_base64_decode, scratch, &t1), JG_REASON_MALFORMED);
	cr_assert_eq(jg_t1_parse(JG_STR(""), jg_base64_decode, scratch, &t1), JG_REASON_MALFORMED);
	cr_assert_eq(jg_t1_parse(JG_STR("T1==YQ="), jg_base64_decode, scratch, &t1),
		JG_REASON_BAD_ENCODING);
	cr_assert_eq(jg_t1_parse(JG_STR("T1==YR=="), jg_base64_decode, scratch, &t1),
		JG_REASON_BAD_ENCODING);
	cr_assert_eq(jg_t1_parse(JG_STR("T1==YWI=\n"), jg_base64_decode, scratch, &t1),
		JG_REASON_BAD_ENCODING);
}

Test(t1, the_data_string_is_not_looked_at_before_its_signature)
{
	const char *body = HEAD "role=a&role=b&x=%00";
	char token[256] = "T1==";
	size_t n = 4 + jg_base64_encode((const uint8_t *)body, strlen(body), token + 4);
	cr_assert_eq(
		jg_t1_parse((struct jg_str){token, (uint32_t)n}, jg_base64_decode, scratch, &t1),
		JG_REASON_OK);
	cr_assert(is(t1.message, "role=a&role=b&x=%00"));
	cr_assert_not(jg_t1_parse_data(&t1, fields));
}

Test(t1, too_many_names_are_malformed)
{
	char body[2048] = HEAD;
	size_t at = strlen(HEAD);
	for (unsigned i = 0; i < JG_T1_NAMES_MAX; i++)
		at += (size_t)snprintf(body + at, sizeof(body) - at, "f%u=&", i);
	cr_assert_eq(parse_body(body), JG_REASON_OK);
	(void)snprintf(body + at, sizeof(body) - at, "last=");
	cr_assert_eq(parse_body(body), JG_REASON_MALFORMED);
}

Test(t1, times_are_plain_digits)
{
	int64_t t = -1;
	cr_assert(jg_t1_time(JG_STR("1800000000"), &t));
	cr_assert_eq(t, 1800000000);
	cr_assert(jg_t1_time(JG_STR("9007199254740992"), &t));
	static const char *const bad[] = {"", "-1", "+1", "1.5", "1e9", "0x10", " 1", "1 ",
		"9007199254740993", "18446744073709551617", "99999999999999999999999999", "never"};
	for (size_t i = 0; i < JG_ARRAY_SIZE(bad); i++)
		cr_assert_not(jg_t1_time((struct jg_str){bad[i], (uint32_t)strlen(bad[i])}, &t),
			"'%s' was accepted", bad[i]);
}
