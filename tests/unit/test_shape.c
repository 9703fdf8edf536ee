// SPDX-License-Identifier: BSD-3-Clause
// Known shapes: whatever matches, json.c reads alike; what an app may keep is bounded.
#include "scan_sample.h"
#include "simd/decoders.h"

#include <stdio.h>

#define SEED 20261122u
#define ROUNDS 200000
#define SCHEMA 0

static struct jg_scan_schema schema;
static struct jg_json *json;

static void set_up(void)
{
	jg_scan_schema_init(&schema, &jg_livekit_schema);
	json = jg_json_new(1);
	cr_assert_not_null(json);
}

static void tear_down(void)
{
	jg_json_free(json);
}

TestSuite(shape, .init = set_up, .fini = tear_down);

static void teach(struct jg_shapes *shapes, uint32_t owner, const char *payload)
{
	static struct sample s;
	struct jg_claims claims = {0};
	struct jg_holes holes = {0};
	sample_set(&s, (const uint8_t *)payload, strlen(payload));
	cr_assert(jg_scan(&schema, &s.text, &claims, &holes), "%s", payload);
	jg_shapes_learn(shapes, SCHEMA, owner, &s.text, &claims, &holes);
}

static bool matches(struct jg_shapes *shapes, const char *payload)
{
	static struct sample s;
	struct jg_claims claims = {0}, slow = {0};
	sample_set(&s, (const uint8_t *)payload, strlen(payload));
	claims.text = s.bytes;
	claims.len = s.text.len;
	if (!jg_shapes_match(shapes, SCHEMA, &s.text, &claims))
		return false;
	cr_assert(read_slowly(json, &s, &slow), "%s", payload);
	expect_same_claims(&claims, &slow, &s);
	return true;
}

static struct jg_shapes *shapes_of(const struct jg_decoders *decoders)
{
	struct jg_shapes *shapes = jg_shapes_new(decoders->fit);
	cr_assert_not_null(shapes);
	return shapes;
}

Test(shape, a_taught_shape_fits_other_values)
{
	for (const struct jg_decoders *d = NULL; (d = jg_decoders_next(d)) != NULL;) {
		struct jg_shapes *shapes = shapes_of(d);
		cr_assert_not(matches(shapes, "{\"iss\":\"a\",\"exp\":1,\"sub\":\"b\"}"));
		teach(shapes, 1, "{\"iss\":\"a\",\"exp\":1,\"sub\":\"b\"}");
		cr_assert(matches(shapes, "{\"iss\":\"a\",\"exp\":1,\"sub\":\"b\"}"));
		cr_assert(matches(
			shapes, "{\"iss\":\"\",\"exp\":-18000.5e3,\"sub\":\"longer\\\"x\"}"));
		cr_assert_not(matches(shapes, "{\"iss\":\"a\",\"exp\":01,\"sub\":\"b\"}"));
		cr_assert_not(matches(shapes, "{\"iss\":\"a\",\"exp\":,\"sub\":\"b\"}"));
		cr_assert_not(matches(shapes, "{\"iss\":\"a\",\"nbf\":1,\"sub\":\"b\"}"));
		cr_assert_not(matches(shapes, "{\"iss\":\"a\",\"exp\":1,\"sub\":\"b\"}x"));
		cr_assert_not(matches(shapes, " {\"iss\":\"a\",\"exp\":1,\"sub\":\"b\"}"));
		cr_assert_not(matches(shapes, "{\"iss\":\"a\",\"exp\":1,\"sub\":\"\\u0041\"}"));
		jg_shapes_free(shapes);
	}
}

Test(shape, an_empty_value_teaches_as_well_as_a_long_one)
{
	const struct jg_decoders *d = jg_decoders_next(NULL);
	struct jg_shapes *shapes = shapes_of(d);
	teach(shapes, 1, "{\"iss\":\"\",\"sub\":\"\"}");
	cr_assert(matches(shapes, "{\"iss\":\"abc\",\"sub\":\"def\"}"));
	jg_shapes_free(shapes);
}

// More marks than two registers hold, a piece of more than one register, and both together.
Test(shape, long_skeletons_and_many_values_fit)
{
	static const char long_names[] =
		"{\"iss\":\"%s\","
		"\"a1234567890123456789012345678901234567890123456789012345678901234567890\":true,"
		"\"sub\":\"%s\"}";
	char taught[1024], other[1024];
	for (const struct jg_decoders *d = NULL; (d = jg_decoders_next(d)) != NULL;) {
		struct jg_shapes *shapes = shapes_of(d);
		snprintf(taught, sizeof(taught), long_names, "a", "b");
		teach(shapes, 1, taught);
		snprintf(other, sizeof(other), long_names, "other", "");
		cr_assert(matches(shapes, other));
		strstr(other, "7890\":true")[0] = '8';
		cr_assert_not(matches(shapes, other), "%s", d->name);
		size_t a = (size_t)snprintf(taught, sizeof(taught), "{\"iss\":\"a\"");
		size_t b = (size_t)snprintf(other, sizeof(other), "{\"iss\":\"other\"");
		for (unsigned i = 0; i < 24; i++) {
			a += (size_t)snprintf(taught + a, sizeof(taught) - a, ",\"n%u\":\"\"", i);
			b += (size_t)snprintf(
				other + b, sizeof(other) - b, ",\"n%u\":\"%u\"", i, i);
		}
		snprintf(taught + a, sizeof(taught) - a, "}");
		snprintf(other + b, sizeof(other) - b, "}");
		teach(shapes, 1, taught);
		cr_assert(matches(shapes, other), "%s", d->name);
		strstr(other, "n23")[0] = 'm';
		cr_assert_not(matches(shapes, other), "%s", d->name);
		jg_shapes_free(shapes);
	}
}

Test(shape, two_numbers_in_a_row_are_not_learnt)
{
	const struct jg_decoders *d = jg_decoders_next(NULL);
	struct jg_shapes *shapes = shapes_of(d);
	teach(shapes, 1, "{\"iss\":[1,2]}");
	cr_assert_not(matches(shapes, "{\"iss\":[1,2]}"));
	jg_shapes_free(shapes);
}

Test(shape, what_matches_the_full_reader_reads_alike)
{
	static struct sample s;
	unsigned matched = 0;
	cr_log_info("seed %u", SEED);
	for (const struct jg_decoders *d = NULL; (d = jg_decoders_next(d)) != NULL;) {
		struct jg_shapes *shapes = shapes_of(d);
		srand(SEED);
		for (size_t i = 0; i < JG_ARRAY_SIZE(samples); i++)
			if (strlen(samples[i]) > 2)
				teach(shapes, (uint32_t)i, samples[i]);
		for (unsigned i = 0; i < ROUNDS; i++) {
			uint8_t text[SAMPLE_MAX];
			struct jg_claims claims = {0}, slow = {0};
			size_t len = damage(text, samples[i % JG_ARRAY_SIZE(samples)]);
			sample_set(&s, text, len);
			claims.text = s.bytes;
			claims.len = s.text.len;
			if (!jg_utf8_valid_portable(s.bytes, len) ||
				!jg_shapes_match(shapes, SCHEMA, &s.text, &claims))
				continue;
			matched++;
			cr_assert(read_slowly(json, &s, &slow), "%.*s", (int)len, (char *)text);
			expect_same_claims(&claims, &slow, &s);
		}
		jg_shapes_free(shapes);
	}
	cr_assert_gt(matched, ROUNDS / 20);
}

// Payloads of different shapes with the same number of quotation marks.
static void variant(char *payload, size_t size, unsigned n)
{
	snprintf(payload, size, "{\"iss\":\"a\",\"x%03u\":true,\"sub\":\"b\"}", n);
}

Test(shape, one_app_cannot_push_out_the_others)
{
	const struct jg_decoders *d = jg_decoders_next(NULL);
	struct jg_shapes *shapes = shapes_of(d);
	char payload[64];
	for (unsigned n = 0; n < 8; n++) {
		variant(payload, sizeof(payload), n);
		teach(shapes, 7, payload);
	}
	teach(shapes, 8, "{\"iss\":\"a\",\"mine\":true,\"sub\":\"b\"}");
	for (unsigned n = 100; n < 400; n++) {
		variant(payload, sizeof(payload), n);
		teach(shapes, 7, payload);
		cr_assert(matches(shapes, payload));
		cr_assert(matches(shapes, "{\"iss\":\"a\",\"mine\":true,\"sub\":\"b\"}"));
	}
	jg_shapes_free(shapes);
}

Test(shape, learning_takes_turns)
{
	const struct jg_decoders *d = jg_decoders_next(NULL);
	struct jg_shapes *shapes = shapes_of(d);
	unsigned turns = 0;
	for (unsigned burst = 0; burst < 1000; burst++)
		turns += jg_shapes_turn(shapes);
	cr_assert(turns > 0 && turns <= 250);
	jg_shapes_free(shapes);
}
