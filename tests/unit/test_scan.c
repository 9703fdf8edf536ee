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

// Armed with the guesses that the whole text leaves behind, nearly the same text.
static void expect_no_mistake(struct sample *s, const uint8_t *text, size_t len)
{
	struct jg_claims quick = {0}, slow = {0};
	sample_set(s, text, len);
	quick.text = s->bytes;
	quick.len = s->text.len;
	if (!jg_scan(&schema, &s->text, &quick, NULL))
		return;
	cr_assert(read_slowly(json, s, &slow), "%.*s", (int)len, (const char *)text);
	expect_same_claims(&quick, &slow, s);
}

static const char *const of_all_lengths =
	"{\"name\":\"n\",\"iss\":\"A\",\"metadata\":\"\",\"exp\":1800021600,\"identity\":\"i\","
	"\"observability\":{\"write\":true},\"video\":{\"room\":\"r\",\"hidden\":false,"
	"\"canSubscribe\":true,\"canPublishData\":true,\"destinationRoom\":\"d\","
	"\"canPublishSources\":[],\"canSubscribeMetrics\":null,\"canManageAgentSession\":true,"
	"\"canUpdateOwnMetadata\":true,\"unheard\":1},\"unheard\":[\"iss\",\"exp\"],\"sub\":\"s\"}";

Test(scan, a_name_that_was_guessed_is_compared_to_the_last_byte)
{
	static const char others[] = "aZ_\"\\:,}5";
	static struct sample s;
	const size_t len = strlen(of_all_lengths);
	for (size_t at = 0; at < len; at++)
		for (size_t i = 0; i < sizeof(others) - 1; i++) {
			uint8_t text[SAMPLE_MAX];
			struct jg_claims claims = {0};
			memcpy(text, of_all_lengths, len);
			sample_set(&s, text, len);
			cr_assert(jg_scan(&schema, &s.text, &claims, NULL));
			text[at] = (uint8_t)others[i];
			expect_no_mistake(&s, text, len);
		}
}

// A guess covers 24 bytes of a name; this one has more, which another is not to be taken for.
Test(scan, a_name_longer_than_a_guess_is_compared_to_the_last_byte)
{
	static const char whole[] = "{\"scope\":\"session.connect\",\"initial_layout_class_list\":"
				    "\"a b\",\"role\":\"publisher\"}";
	static struct sample s;
	jg_scan_schema_init(&schema, &jg_opentok_schema);
	const char *name = strstr(whole, "initial");
	for (size_t i = 0; i < strlen("initial_layout_class_list"); i++) {
		uint8_t text[SAMPLE_MAX];
		struct jg_claims claims = {0};
		memcpy(text, whole, sizeof(whole) - 1);
		sample_set(&s, text, sizeof(whole) - 1);
		for (unsigned round = 0; round < 2; round++)
			cr_assert(jg_scan(&schema, &s.text, &claims, NULL));
		const int known = __builtin_popcountll(claims.present);
		cr_assert_geq(known, 2);
		text[(size_t)(name - whole) + i] = 'Z';
		sample_set(&s, text, sizeof(whole) - 1);
		cr_assert(jg_scan(&schema, &s.text, &claims, NULL));
		cr_assert_eq(__builtin_popcountll(claims.present), known - 1, "byte %zu", i);
	}
}

Test(scan, members_in_any_order_are_found)
{
	static const char *const members[] = {"\"iss\":\"A\"", "\"exp\":1800021600",
		"\"video\":{\"roomJoin\":true,\"room\":\"r\"}", "\"sub\":\"s\"", "\"x\":1"};
	const size_t n = JG_ARRAY_SIZE(members);
	static struct sample s;
	for (size_t order = 0; order < n * n * n * n * n; order++) {
		char text[SAMPLE_MAX] = "{";
		unsigned taken = 0, twice = 0;
		size_t left = order;
		for (size_t i = 0; i < n; i++, left /= n) {
			(void)strcat(i == 0 ? text : strcat(text, ","), members[left % n]);
			twice |= taken & 1u << left % n;
			taken |= 1u << left % n;
		}
		(void)strcat(text, "}");
		struct jg_claims claims = {0};
		sample_set(&s, (const uint8_t *)text, strlen(text));
		cr_assert_eq(jg_scan(&schema, &s.text, &claims, NULL), twice == 0, "%s", text);
		expect_no_mistake(&s, (const uint8_t *)text, strlen(text));
	}
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
