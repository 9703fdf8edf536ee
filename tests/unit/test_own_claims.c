// SPDX-License-Identifier: BSD-3-Clause
// A caller's claims: whatever was read before, the reader of all JSON says the same.
#include "own_claims.h"
#include "simd/decoders.h"

#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>

static const struct jg_json_member members[] = {
	JG_JSON_MEMBER("iss", 0, 0), JG_JSON_MEMBER("sub", 1, 0), JG_JSON_MEMBER("video", 2, 0)};
static const struct jg_json_level levels[] = {{members, 3}};
static const struct jg_json_schema schema = {.levels = levels, .n = 1};

static struct jg_json *json;
static struct jg_scratch scratch;
static struct jg_own_claims *own[4]; // one for each level
static unsigned own_n;

static void setup(void)
{
	json = jg_json_new(1);
	scratch.size = JG_SCRATCH_TOKEN;
	scratch.base = malloc(scratch.size);
	cr_assert(json != NULL && scratch.base != NULL);
	for (const struct jg_decoders *v = NULL; (v = jg_decoders_next(v)) != NULL; own_n++) {
		own[own_n] = jg_own_claims_new(&schema, v);
		cr_assert_not_null(own[own_n]);
		cr_assert_eq((uintptr_t)own[own_n] % JG_CACHE_LINE, 0, "names are a line each");
	}
}

static void teardown(void)
{
	while (own_n > 0)
		jg_own_claims_free(own[--own_n]);
	free(scratch.base);
	jg_json_free(json);
}

TestSuite(own_claims, .init = setup, .fini = teardown);

static bool expect_same(const char *text, size_t len)
{
	char *copy = malloc(len > 0 ? len : 1); // a sanitizer sees a byte too many
	cr_assert_not_null(copy);
	memcpy(copy, text, len);
	struct jg_claims expected = {.text = (const uint8_t *)copy, .len = (uint32_t)len};
	bool good = jg_json_read(json, &scratch, &schema, &expected);
	for (unsigned i = 0; i < own_n; i++) {
		struct jg_claims claims = {.text = (const uint8_t *)copy, .len = (uint32_t)len};
		cr_assert_eq(jg_own_claims_read(own[i], json, &scratch, &claims), good,
			"level %u: %.*s", i, (int)len, text);
		cr_assert(!good || claims.present == expected.present, "level %u: %.*s", i,
			(int)len, text);
	}
	free(copy);
	return good;
}

static bool same(const char *text)
{
	return expect_same(text, strlen(text));
}

#define VIDEO(room) "{\"video\":{\"roomJoin\":true,\"room\":\"" room "\",\"n\":1},\"x\":[\"y\"]}"

Test(own_claims, texts_of_one_template_are_read_alike)
{
	cr_assert(same(VIDEO("lobby")));
	cr_assert(same(VIDEO("")));
	cr_assert(same(VIDEO("a longer name, with {\\\"braces\\\"} and \\u0041 in it")));
	cr_assert(same(VIDEO("{}[]:,true")));
	cr_assert(same(VIDEO("caf\xc3\xa9")));
	cr_assert(same(VIDEO("lobby")));
}

Test(own_claims, what_differs_outside_of_strings_is_parsed_again)
{
	cr_assert(same("{\"sub\":\"a\",\"x\":1}"));
	cr_assert(same("{\"iss\":\"a\",\"x\":1}"));
	cr_assert(same("{\"sub\":\"a\",\"x\":2}"));
	cr_assert_not(same("{\"sub\":\"a\",\"x\":02}"));
	cr_assert_not(same("{\"sub\":\"a\",\"x\":1"));
	cr_assert_not(same("{\"sub\":\"a\" \"x\":1}"));
	cr_assert(same("{\"sub\":\"a\",\"x\":1}"));
	cr_assert_not(same("{\"sub\":\"a\",\"sub\":1}"));
}

Test(own_claims, a_string_that_needs_a_second_look_gets_it)
{
	cr_assert(same(VIDEO("lobby")));
	cr_assert_not(same(VIDEO("lob\nby")));
	cr_assert_not(same(VIDEO("lob\xff"
				 "by")));
	cr_assert_not(same(VIDEO("lob\\xby")));
	cr_assert_not(same(VIDEO("lobby\\")));
	cr_assert_not(same(VIDEO("lobby\\u0000")));
	cr_assert(same(VIDEO("lobby\x7f")));
}

Test(own_claims, a_quotation_mark_more_or_less_is_noticed)
{
	cr_assert(same("{\"sub\":\"a\",\"iss\":\"b\"}"));
	cr_assert_not(same("{\"sub\":\"a\"\",\"iss\":\"b\"}"));
	cr_assert_not(same("{\"sub\":a\",\"iss\":\"b\"}"));
	cr_assert_not(same("{\"sub\":\"a,\"iss\":\"b\"\"}"));
	cr_assert(same("{\"sub\":\"a\",\"iss\":\"b\"}"));
}

Test(own_claims, empty_and_foreign_texts_are_refused)
{
	cr_assert_not(same("[]"));
	cr_assert_not(same(" "));
	cr_assert_not(same("\"sub\""));
	cr_assert(same("{}"));
	cr_assert(same(" { \"sub\" : \"a\" } "));
}

Test(own_claims, long_texts_and_many_strings_are_read_too)
{
	static char text[JG_JSON_TEXT_MAX];
	for (unsigned strings = 1; strings < 200; strings += 13) {
		size_t n = (size_t)snprintf(text, sizeof(text), "{\"sub\":\"s\"");
		for (unsigned i = 0; i < strings; i++)
			n += (size_t)snprintf(text + n, sizeof(text) - n, ",\"m%u\":\"%0*u\"", i,
				(int)(i % 40 + 1), i);
		text[n++] = '}';
		cr_assert(expect_same(text, n));
		text[n - 3] = 'x';
		cr_assert(expect_same(text, n));
		text[n - 2] = 'x';
		cr_assert_not(expect_same(text, n));
	}
}

// One byte of a text becomes another, between readings of the text as it was.
Test(own_claims, spoilt_copies_of_a_template_are_judged_alike)
{
	static const char text[] = "{\"video\":{\"room\":\"lobby-7\",\"a\":true},\"iss\":\"key\","
				   "\"n\":17,\"list\":[\"q\",\"r\"],\"sub\":\"ann\"}";
	static const char bytes[] = "\"\\{}[]:,0 a\n\x80";
	for (size_t at = 0; at < sizeof(text) - 1; at++)
		for (size_t i = 0; i < sizeof(bytes) - 1; i++) {
			char copy[sizeof(text)];
			memcpy(copy, text, sizeof(text));
			copy[at] = bytes[i];
			(void)expect_same(copy, sizeof(text) - 1);
			cr_assert(expect_same(text, sizeof(text) - 1));
		}
}
