// SPDX-License-Identifier: BSD-3-Clause
// The quick reader against json.c, which is always right.
#include "scan_sample.h"

#define SEED 20261122u
#define ROUNDS 400000

static const uint64_t json_seed = 1;
static struct jg_scan_schema schema;
static struct jg_json *json;

static void set_up(void)
{
	jg_scan_schema_init(&schema, &jg_livekit_schema);
	json = jg_json_new(json_seed);
	cr_assert_not_null(json);
}

static void tear_down(void)
{
	jg_json_free(json);
}

TestSuite(scan, .init = set_up, .fini = tear_down);

Test(scan, what_sdks_write_is_read)
{
	static struct sample s;
	for (size_t i = 0; i < JG_ARRAY_SIZE(samples); i++) {
		struct jg_claims quick = {0}, slow = {0};
		sample_set(&s, (const uint8_t *)samples[i], strlen(samples[i]));
		quick.text = s.bytes;
		quick.len = s.text.len;
		cr_assert(jg_scan(&schema, &s.text, &quick, NULL), "%s", samples[i]);
		cr_assert(read_slowly(json, &s, &slow), "%s", samples[i]);
		expect_same_claims(&quick, &slow, &s);
	}
}

Test(scan, what_it_accepts_the_full_reader_accepts_alike)
{
	static struct sample s;
	unsigned accepted = 0;
	cr_log_info("seed %u", SEED);
	srand(SEED);
	for (unsigned i = 0; i < ROUNDS; i++) {
		uint8_t text[SAMPLE_MAX];
		struct jg_claims quick = {0}, slow = {0};
		size_t len = damage(text, samples[i % JG_ARRAY_SIZE(samples)]);
		sample_set(&s, text, len);
		quick.text = s.bytes;
		quick.len = s.text.len;
		// Valid UTF-8 is a condition, and checked before.
		if (!jg_utf8_valid_portable(s.bytes, len) ||
			!jg_scan(&schema, &s.text, &quick, NULL))
			continue;
		accepted++;
		cr_assert(read_slowly(json, &s, &slow), "%.*s", (int)len, (char *)text);
		expect_same_claims(&quick, &slow, &s);
	}
	cr_assert_gt(accepted, ROUNDS / 20);
}

Test(scan, what_it_should_not_judge_is_left_alone)
{
	static const char *const others[] = {"", "[]", " {}", "{} ", "{\"a\":1}x", "{\"a\":1,}",
		"{,\"a\":1}", "{\"a\"}", "{\"a\":}", "{\"a\":01}", "{\"a\":1.}", "{\"a\":+1}",
		"{\"a\":tru}", "{\"a\":1 }", "{\"a\\n\":1}", "{\"a\":\"\\u0041\"}",
		"{\"a\":\"\\x\"}", "{\"a\":1,\"a\":2}", "{\"iss\":\"a\",\"iss\":\"b\"}",
		"{\"a\":[1,]}", "{\"a\":[}", "{\"video\":{\"room\":\"a\",\"room\":\"b\"}}",
		"{\"a\":{\"b\":1,\"b\":1}}", "{\"a\":\"b}", "{\"a\":\"\\\"}",
		"{\"a\":[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]}"};
	static struct sample s;
	for (size_t i = 0; i < JG_ARRAY_SIZE(others); i++) {
		struct jg_claims claims = {0};
		sample_set(&s, (const uint8_t *)others[i], strlen(others[i]));
		cr_assert_not(jg_scan(&schema, &s.text, &claims, NULL), "%s", others[i]);
	}
}

Test(scan, values_are_noted_as_holes)
{
	static struct sample s;
	struct jg_claims claims = {0};
	struct jg_holes holes = {0};
	sample_set(&s, (const uint8_t *)samples[0], strlen(samples[0]));
	cr_assert(jg_scan(&schema, &s.text, &claims, &holes));
	cr_assert_eq(holes.n, 5);
	cr_assert_eq(holes.hole[0].type, JG_JSON_STRING);
	cr_assert_arr_eq(s.bytes + holes.hole[0].start, "lobby", 5);
	cr_assert_eq(holes.hole[2].type, JG_JSON_NUMBER);
	cr_assert_arr_eq(s.bytes + holes.hole[2].start, "1800021600", 10);
	cr_assert_eq(holes.hole[4].end, s.text.len - 2);
}
