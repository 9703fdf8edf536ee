// SPDX-License-Identifier: BSD-3-Clause
#include "json.h"

#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>

// Known: a, b, o.a, o.p.x; everything else is not.
enum {
	A,
	B,
	O,
	O_A,
	O_P_X
};
static const struct jg_json_member top[] = {
	JG_JSON_MEMBER("a", A, 0), JG_JSON_MEMBER("b", B, 0), JG_JSON_MEMBER("o", O, 1)};
static const struct jg_json_member inner[] = {
	JG_JSON_MEMBER("a", O_A, 0), JG_JSON_MEMBER("p", 5, 2)};
static const struct jg_json_member innermost[] = {JG_JSON_MEMBER("x", O_P_X, 0)};
static const struct jg_json_level levels[] = {{top, 3}, {inner, 2}, {innermost, 1}};
static const struct jg_json_schema schema = {.levels = levels, .n = 3};

static struct jg_json *json;
static struct jg_scratch scratch;
static struct jg_claims claims;

static void set_up(void)
{
	json = jg_json_new(5);
	scratch.size = 1 << 17;
	scratch.base = malloc(scratch.size);
	cr_assert(json != NULL && scratch.base != NULL);
}

static void tear_down(void)
{
	free(scratch.base);
	jg_json_free(json);
}

TestSuite(json, .init = set_up, .fini = tear_down);

// Read from a copy of exactly this size, so that a sanitizer sees any look beyond it.
static bool reads_bytes(const char *text, size_t n)
{
	uint8_t *copy = malloc(n + (n == 0));
	cr_assert_not_null(copy);
	memcpy(copy, text, n);
	struct jg_claims own = {.text = copy, .len = (uint32_t)n};
	bool good = jg_json_read(json, &scratch, &schema, &own);
	free(copy);
	return good;
}

static bool reads(const char *text)
{
	return reads_bytes(text, strlen(text));
}

// The middle between two fixed texts; overwritten by the next call.
static const char *between(const char *before, const char *middle, const char *after)
{
	static char text[1024];
	(void)snprintf(text, sizeof(text), "%s%s%s", before, middle, after);
	return text;
}

// Keep the text: slots are looked at afterwards.
static void read_known(const char *text)
{
	claims = (struct jg_claims){.text = (const uint8_t *)text, .len = (uint32_t)strlen(text)};
	cr_assert(jg_json_read(json, &scratch, &schema, &claims), "%s", text);
}

static void expect_text(unsigned slot, const char *wanted)
{
	struct jg_str have = jg_claim_text(&claims, &claims.slot[slot]);
	cr_assert_eq(claims.present >> slot & 1, 1);
	cr_assert(jg_str_eq(have, (struct jg_str){wanted, (uint32_t)strlen(wanted)}),
		"%.*s is not %s", (int)have.len, have.p, wanted);
}

static void expect_string(unsigned slot, const char *wanted)
{
	struct jg_str have = jg_claims_string(&scratch, &claims, slot);
	cr_assert(jg_str_eq(have, (struct jg_str){wanted, (uint32_t)strlen(wanted)}),
		"%.*s is not %s", (int)have.len, have.p, wanted);
}

Test(json, known_members_are_found_at_their_paths_only)
{
	read_known(" {\"x\":{\"a\":9,\"o\":{\"a\":8}}, \"o\" : "
		   "{\"a\":[1,{\"a\":2}],\"p\":{\"x\":true}},"
		   "\"a\":-1.5e3,\"A\":7}\r\n\t");
	expect_text(A, "-1.5e3");
	expect_text(O, "{\"a\":[1,{\"a\":2}],\"p\":{\"x\":true}}");
	expect_text(O_A, "[1,{\"a\":2}]");
	expect_text(O_P_X, "true");
	cr_assert_eq(jg_claims_type(&claims, B), JG_JSON_NONE);
	cr_assert_eq(jg_claims_type(&claims, O_A), JG_JSON_ARRAY);
}

Test(json, a_known_object_inside_an_array_is_not_at_its_path)
{
	read_known("{\"o\":[{\"a\":1}]}");
	cr_assert_eq(jg_claims_type(&claims, O), JG_JSON_ARRAY);
	cr_assert_eq(jg_claims_type(&claims, O_A), JG_JSON_NONE);
}

Test(json, an_escaped_name_is_the_name)
{
	read_known("{\"\\u0061\":1,\"\\u006F\":{\"\\u0070\":{\"\\u0078\":null}}}");
	expect_text(A, "1");
	expect_text(O_P_X, "null");
}

Test(json, look_alikes_inside_strings_are_not_members)
{
	read_known("{\"b\":\"\\\",\\\"a\\\":1,\\\"o\\\":{\",\"\\\"a\\\":1\":2}");
	cr_assert_eq(claims.present, 1u << B);
	expect_string(B, "\",\"a\":1,\"o\":{");
}

Test(json, escapes_decode_to_what_they_name)
{
	read_known("{\"a\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\\u00e9\\u20AC\\ud83C\\uDFA5z\"}");
	expect_string(A, "\"\\/\b\f\n\r\tA\xc3\xa9\xe2\x82\xac\xf0\x9f\x8e\xa5z");
}

Test(json, what_the_grammar_does_not_know_is_refused)
{
	static const char *const bad[] = {"", " ", "{", "}", "[", "[]", "[{}]", "1", "\"a\"",
		"true", "null", "{}{}", "{} x", "{},", "{}]", "{\"a\"}", "{\"a\":}", "{\"a\" 1}",
		"{a:1}", "{'a':1}", "{\"a\":1,}", "{,\"a\":1}", "{\"a\":1 \"b\":2}",
		"{\"a\":1;\"b\":2}", "{\"a\":[1,]}", "{\"a\":[,1]}", "{\"a\":[1 2]}", "{\"a\":[}",
		"{\"a\":[1}", "{\"a\":{]}", "{\"a\":1]", "{\"a\":1", "{\"a\":", "{\"a", "{\"a\"",
		"{\"a\":\"", "{\"a\":\"\\", "{\"a\":1}//", "{/**/}", "{\"a\":1}\f",
		"\xef\xbb\xbf{}", "{\"a\":tru}", "{\"a\":True}", "{\"a\":truee}", "{\"a\":nul",
		"{\"a\":NaN}", "{\"a\":Infinity}", "{\"a\":undefined}", "{1:2}", "{null:1}",
		"{\"a\"::1}", "{\"a\":1,,\"b\":2}", "{[]:1}", "{{}:1}", "{\"a\":{}}}",
		"{\"a\":\"x\"\"y\"}", "\xc2\xa0{}", "{\"a\":1}\xe2\x80\xa8"};
	for (size_t i = 0; i < JG_ARRAY_SIZE(bad); i++)
		cr_assert_not(reads(bad[i]), "%s", bad[i]);
}

Test(json, what_looks_like_a_number_and_is_none_is_refused)
{
	static const char *const bad[] = {"0123", "+1", "0x10", "1.", ".5", "-", "-.5", "1e", "1e+",
		"1.e5", "--1", "1.2.3", "1e5.5", "00", "-01", "1_000", "1,5", "1a", "0b1"};
	for (size_t i = 0; i < JG_ARRAY_SIZE(bad); i++) {
		cr_assert_not(reads(between("{\"a\":", bad[i], "}")), "%s", bad[i]);
	}
}

Test(json, numbers_of_every_form_are_read)
{
	static const char *const good[] = {"0", "-0", "10", "-1", "0.5", "1.50", "1e5", "1E+5",
		"0e0", "1e-5", "-0.0e-0", "123456789012345678901234567890", "1e400"};
	for (size_t i = 0; i < JG_ARRAY_SIZE(good); i++) {
		cr_assert(reads(between("{\"a\":", good[i], "}")), "%s", good[i]);
	}
}

Test(json, bad_strings_are_refused_as_names_and_as_values)
{
	static const char *const bad[] = {"\\", "\\x41", "\\'", "\\0", "\\u", "\\u00", "\\u004",
		"\\u004g", "\\U0041", "\\u0000", "\\ud800", "\\udc00", "\\ud800x", "\\ud800\\n",
		"\\ud800\\u0041", "\\ud800\\ud800", "\\udfff\\ud800", "\n", "\t", "\x01", "\x1f",
		"\x80", "\xbf", "\xc0\xaf", "\xc1\x81", "\xc2", "\xc2\x41", "\xe0\x80\xaf",
		"\xe0\x9f\xbf", "\xe2\x82", "\xed\xa0\x80", "\xed\xbf\xbf", "\xf0\x80\x80\xaf",
		"\xf0\x8f\xbf\xbf", "\xf0\x9f\x8e", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff",
		"\xfe", "a\xe2\x28\xa1"};
	for (size_t i = 0; i < JG_ARRAY_SIZE(bad); i++) {
		cr_assert_not(reads(between("{\"k\":\"", bad[i], "\"}")), "value %zu", i);
		cr_assert_not(reads(between("{\"", bad[i], "\":1}")), "name %zu", i);
	}
}

Test(json, a_raw_nul_is_refused)
{
	cr_assert_not(reads_bytes("{\"a\":\"x\0y\"}", 11));
	cr_assert_not(reads_bytes("{}\0", 3));
	cr_assert_not(reads_bytes("\0{}", 3));
}

Test(json, doubled_names_are_refused_at_every_level_and_in_every_spelling)
{
	static const char *const bad[] = {"{\"a\":1,\"a\":1}", "{\"a\":1,\"b\":2,\"a\":3}",
		"{\"a\":1,\"\\u0061\":2}", "{\"\\u0061\":1,\"\\u0061\":2}", "{\"\":1,\"\":2}",
		"{\"z\":{\"q\":1,\"q\":2}}", "{\"z\":[{\"q\":1},{\"q\":1,\"r\":2,\"q\":3}]}",
		"{\"o\":{\"p\":{\"x\":1,\"\\u0078\":2}}}", "{\"o\":{},\"o\":{}}",
		"{\"\xc3\xa9\":1,\"\\u00e9\":2}", "{\"\\ud83c\\udfa5\":1,\"\xf0\x9f\x8e\xa5\":2}",
		"{\"/\":1,\"\\/\":2}"};
	for (size_t i = 0; i < JG_ARRAY_SIZE(bad); i++)
		cr_assert_not(reads(bad[i]), "%s", bad[i]);
}

Test(json, the_same_name_in_different_objects_is_fine)
{
	cr_assert(reads("{\"a\":{\"a\":{\"a\":1}},\"z\":[{\"q\":1},{\"q\":1}],\"A\":1,\"aa\":1}"));
	cr_assert(reads("{\"z\":{\"q\":1},\"q\":{\"z\":1}}"));
}

Test(json, nesting_ends_at_the_limit)
{
	char text[512];
	for (unsigned depth = 1; depth < 100; depth++) { // arrays, inside the top object
		size_t n = 0;
		memcpy(text, "{\"x\":", 5), n = 5;
		memset(text + n, '[', depth), n += depth;
		memset(text + n, ']', depth), n += depth;
		text[n++] = '}';
		cr_assert_eq(reads_bytes(text, n), depth < JG_JSON_DEPTH_MAX, "depth %u", depth);
	}
	static_assert(
		JG_JSON_DEPTH_MAX >= 17 && JG_JSON_DEPTH_MAX <= 64, "16 admitted, 65 refused");
}

Test(json, a_text_full_of_different_names_is_read)
{
	static char text[JG_JSON_TEXT_MAX];
	size_t n = 1;
	text[0] = '{';
	for (unsigned i = 0; n + 10 < sizeof(text); i++) // two bytes of name each, 3600 of them
		n += (size_t)snprintf(text + n, sizeof(text) - n, "\"%x\":0,", i);
	text[n - 1] = '}';
	cr_assert(reads_bytes(text, n));
	text[n - 4] = text[2]; // the last name becomes another; no crash whatever it is
	(void)reads_bytes(text, n);
}

Test(json, reading_many_texts_forgets_the_names_of_the_last)
{
	for (unsigned i = 0; i < 100000; i++)
		cr_assert(reads("{\"a\":1,\"b\":2}"));
}

Test(json, a_text_that_is_cut_anywhere_is_refused)
{
	static const char text[] =
		"{\"a\":[1,\"\\u00e9\xc3\xa9\",{\"b\":null}],\"o\":{\"p\":-1.5e+3}}";
	for (size_t n = 0; n < sizeof(text) - 1; n++)
		cr_assert_not(reads_bytes(text, n), "cut at %zu", n);
	cr_assert(reads_bytes(text, sizeof(text) - 1));
}

static bool seconds_of(const char *number, int64_t *seconds)
{
	read_known(between("{\"a\":", number, "}"));
	return jg_claim_seconds(&claims, &claims.slot[A], seconds);
}

Test(json, numbers_are_cut_to_whole_seconds_exactly)
{
	static const struct {
		char number[32];
		int64_t seconds;
	} good[] = {{"0", 0}, {"-0", 0}, {"1800000600", 1800000600}, {"1800000600.75", 1800000600},
		{"1.8000006e9", 1800000600}, {"18000036E2", 1800003600},
		{"18000006000e-1", 1800000600}, {"18000006009e-1", 1800000600}, {"-1.5", -2},
		{"-1", -1}, {"-1.0", -1}, {"0.999", 0}, {"-0.001", -1},
		{"9007199254740992", INT64_C(9007199254740992)},
		{"9007199254740991.999", INT64_C(9007199254740991)},
		{"-9007199254740992", -INT64_C(9007199254740992)}, {"0e99999999999", 0},
		{"1e-99999999", 0}, {"0.00000018e16", 1800000000},
		{"4300000000", INT64_C(4300000000)}, {"1e0", 1}, {"12e+1", 120}};
	for (size_t i = 0; i < JG_ARRAY_SIZE(good); i++) {
		int64_t have = 0;
		cr_assert(seconds_of(good[i].number, &have), "%s", good[i].number);
		cr_assert_eq(have, good[i].seconds, "%s is %lld", good[i].number, (long long)have);
	}
}

Test(json, numbers_beyond_2_to_53_are_no_times)
{
	static const char bad[][32] = {"9007199254740993", "-9007199254740993",
		"9223372036854775808", "18446744073709551616", "1e16", "1e300", "1e400", "-1e400",
		"1e99999999999", "0.1e18", "90071992547409930e-1", "9007199254740992.5",
		"-9007199254740992.5", "123456789012345678901234567"};
	for (size_t i = 0; i < JG_ARRAY_SIZE(bad); i++) {
		int64_t have;
		cr_assert_not(seconds_of(bad[i], &have), "%s", bad[i]);
	}
}

Test(json, a_walk_visits_every_member_and_element)
{
	read_known(
		"{\"a\": [ \"x\\\"]\" , {\"k\":[1,\"}\"]},-2.5,null,[ ],true ,\"\" ], \"b\":{ }}");
	static const struct {
		char text[24];
		uint8_t type;
	} wanted[] = {{"x\\\"]", JG_JSON_STRING}, {"{\"k\":[1,\"}\"]}", JG_JSON_OBJECT},
		{"-2.5", JG_JSON_NUMBER}, {"null", JG_JSON_NULL}, {"[ ]", JG_JSON_ARRAY},
		{"true", JG_JSON_TRUE}, {"", JG_JSON_STRING}};
	struct jg_json_walk walk = jg_json_walk_of(&claims, &claims.slot[A]);
	struct jg_claim value;
	for (size_t i = 0; i < JG_ARRAY_SIZE(wanted); i++) {
		cr_assert(jg_json_next(&walk, NULL, &value));
		cr_assert_eq(value.type, wanted[i].type);
		cr_assert(jg_str_eq(jg_claim_text(&claims, &value),
			(struct jg_str){wanted[i].text, (uint32_t)strlen(wanted[i].text)}));
	}
	cr_assert_not(jg_json_next(&walk, NULL, &value));
	walk = jg_json_walk_of(&claims, &claims.slot[B]);
	cr_assert_not(jg_json_next(&walk, NULL, &value));
}

Test(json, a_walk_gives_names_with_their_values)
{
	read_known("{\"o\":{ \"k\\n\" : \"v\" ,\"l\":false}}");
	struct jg_json_walk walk = jg_json_walk_of(&claims, &claims.slot[O]);
	struct jg_claim name, value;
	cr_assert(jg_json_next(&walk, &name, &value));
	cr_assert(jg_str_eq(jg_claim_string(&scratch, &claims, &name), JG_STR("k\n")));
	cr_assert(jg_str_eq(jg_claim_text(&claims, &value), JG_STR("v")));
	cr_assert(jg_json_next(&walk, &name, &value));
	cr_assert_eq(value.type, JG_JSON_FALSE);
	cr_assert_not(jg_json_next(&walk, &name, &value));
}
