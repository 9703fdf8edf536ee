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
static const struct jg_decoders *level; // of the shapes

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
	jg_shapes_learn(shapes, &jg_livekit_schema, owner, &s.text, &claims, &holes);
}

// What a reading says is what the claims of the full reader say.
static void expect_same_reading(const struct jg_reading *reading, const struct jg_claims *claims)
{
	struct jg_outline outline = {0};
	memset(outline.slot, JG_VALUE_NO_SLOT, sizeof(outline.slot));
	cr_assert(jg_livekit_schema.outline(claims, &outline));
	cr_assert_eq(reading->capabilities, outline.capabilities);
	cr_assert_eq(reading->claim_bits, outline.claim_bits);
	for (unsigned value = 0; value < JG_VALUES; value++) {
		bool there = outline.slot[value] != JG_VALUE_NO_SLOT;
		cr_assert_eq(reading->values >> value & 1, there);
		if (!there)
			continue;
		const struct jg_claim *claim = &claims->slot[outline.slot[value]];
		cr_assert_eq(reading->place[2 * value], claim->start);
		cr_assert_eq(reading->place[2 * value + 1], claim->start + claim->len);
		int64_t seconds;
		if (value < JG_VALUE_EXP)
			continue;
		cr_assert(jg_claim_seconds(claims, claim, &seconds));
		cr_assert_eq(reading->time[value - JG_VALUE_EXP], seconds);
	}
}

// Texts as the level leaves them are read by an outline, or else listed and matched.
static enum jg_match match_either(struct jg_shapes *shapes, struct jg_text *text,
	struct jg_claims *claims, struct jg_reading *reading)
{
	const bool marked = (text->flags & JG_TEXT_MARKED) != 0;
	enum jg_match read = JG_MATCH_PERHAPS;
	if (level->shape_read != NULL && marked == (level->list != NULL))
		read = jg_shapes_read(shapes, SCHEMA, text, reading);
	if (read == JG_MATCH_READING)
		return read;
	if ((text->flags & JG_TEXT_MARKED) != 0)
		level->list(text);
	const enum jg_match match = jg_shapes_match(shapes, SCHEMA, text, claims, reading);
	cr_assert(read == JG_MATCH_PERHAPS || match == JG_MATCH_NONE, "a shape that was denied");
	return match;
}

static enum jg_match match_text(struct jg_shapes *shapes, struct sample *s, struct jg_text *text)
{
	struct jg_claims claims = {0}, slow = {0};
	struct jg_reading reading;
	claims.text = s->bytes;
	claims.len = s->text.len;
	enum jg_match match = match_either(shapes, text, &claims, &reading);
	if (match == JG_MATCH_NONE)
		return match;
	cr_assert(read_slowly(json, s, &slow), "%.*s", (int)s->text.len, (char *)s->bytes);
	if (match == JG_MATCH_CLAIMS)
		expect_same_claims(&claims, &slow, s);
	else
		expect_same_reading(&reading, &slow);
	return match;
}

// The same text as a decoder leaves it that marks.
static struct jg_text marked_text(const struct sample *s)
{
	static uint16_t quotes[SAMPLE_MAX + JG_TEXT_SLACK];
	static uint8_t mark[JG_TEXT_MARKS(SAMPLE_MAX)];
	struct jg_text text = s->text;
	memset(mark, 0, sizeof(mark));
	for (uint32_t i = 0; i <= text.quotes_n; i++)
		mark[s->text.quotes[i] / 8] |= (uint8_t)(1u << s->text.quotes[i] % 8);
	text.marks = mark;
	text.quotes = quotes;
	text.flags |= JG_TEXT_MARKED;
	return text;
}

// Listed, and marked where that can be: all the same.
static enum jg_match match_sample(struct jg_shapes *shapes, struct sample *s)
{
	enum jg_match match = match_text(shapes, s, &s->text);
	if (level->list == NULL)
		return match;
	struct jg_text text = marked_text(s);
	cr_assert_eq(match_text(shapes, s, &text), match, "%.*s", (int)text.len, (char *)s->bytes);
	return match;
}

static enum jg_match matches(struct jg_shapes *shapes, const char *payload)
{
	static struct sample s;
	sample_set(&s, (const uint8_t *)payload, strlen(payload));
	return match_sample(shapes, &s);
}

static struct jg_shapes *shapes_of(const struct jg_decoders *decoders)
{
	struct jg_shapes *shapes = jg_shapes_new(decoders);
	cr_assert_not_null(shapes);
	level = decoders;
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
	unsigned matched = 0, read = 0;
	cr_log_info("seed %u", SEED);
	for (const struct jg_decoders *d = NULL; (d = jg_decoders_next(d)) != NULL;) {
		struct jg_shapes *shapes = shapes_of(d);
		srand(SEED);
		for (size_t i = 0; i < JG_ARRAY_SIZE(samples); i++)
			if (strlen(samples[i]) > 2)
				teach(shapes, (uint32_t)i, samples[i]);
		for (unsigned i = 0; i < ROUNDS; i++) {
			uint8_t text[SAMPLE_MAX];
			size_t len = damage(text, samples[i % JG_ARRAY_SIZE(samples)]);
			sample_set(&s, text, len);
			if (!jg_utf8_valid_portable(s.bytes, len))
				continue;
			enum jg_match match = match_sample(shapes, &s);
			matched += match != JG_MATCH_NONE;
			read += match == JG_MATCH_READING;
		}
		jg_shapes_free(shapes);
	}
	cr_assert_gt(matched, ROUNDS / 20);
	cr_assert_gt(read, ROUNDS / 200);
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
	for (unsigned n = 0; n < 16; n++) {
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

static const char participant[] = "{\"iss\":\"APIq\",\"exp\":%s,\"sub\":\"%s\",\"video\":{"
				  "\"roomJoin\":true,\"room\":\"%s\"}}";

static enum jg_match join(
	struct jg_shapes *shapes, const char *exp, const char *identity, const char *room)
{
	char payload[1024];
	snprintf(payload, sizeof(payload), participant, exp, identity, room);
	return matches(shapes, payload);
}

// Values that ask for a closer look are left to those who look at claims.
Test(shape, an_ordinary_participant_needs_no_claims)
{
	char longest[JG_VALUE_SHORT + 2];
	memset(longest, 'x', sizeof(longest));
	for (const struct jg_decoders *d = NULL; (d = jg_decoders_next(d)) != NULL;) {
		struct jg_shapes *shapes = shapes_of(d);
		char payload[256];
		snprintf(payload, sizeof(payload), participant, "1800000000", "a", "r");
		teach(shapes, 1, payload);
		cr_assert_eq(join(shapes, "1800000000", "alice", "lobby"), JG_MATCH_READING);
		cr_assert_eq(join(shapes, "10000000", "\\\"", "\\\\"), JG_MATCH_READING);
		cr_assert_eq(join(shapes, "999999999999999", "a", "r"), JG_MATCH_READING);
		cr_assert_eq(join(shapes, "9999999999999999", "a", "r"), JG_MATCH_CLAIMS);
		cr_assert_eq(join(shapes, "1800000", "a", "r"), JG_MATCH_CLAIMS);
		cr_assert_eq(join(shapes, "-1800000000", "a", "r"), JG_MATCH_CLAIMS);
		cr_assert_eq(join(shapes, "1800000000.5", "a", "r"), JG_MATCH_CLAIMS);
		cr_assert_eq(join(shapes, "18000000e2", "a", "r"), JG_MATCH_CLAIMS);
		cr_assert_eq(join(shapes, "0800000000", "a", "r"), JG_MATCH_NONE);
		cr_assert_eq(join(shapes, "18000000:0", "a", "r"), JG_MATCH_NONE);
		cr_assert_eq(join(shapes, "1800000/00", "a", "r"), JG_MATCH_NONE);
		cr_assert_eq(join(shapes, "1800000000", "", "r"), JG_MATCH_CLAIMS);
		cr_assert_eq(join(shapes, "1800000000", "a", ""), JG_MATCH_CLAIMS);
		longest[JG_VALUE_SHORT] = 0;
		cr_assert_eq(join(shapes, "1800000000", longest, longest), JG_MATCH_READING);
		longest[JG_VALUE_SHORT] = 'x';
		longest[JG_VALUE_SHORT + 1] = 0;
		cr_assert_eq(join(shapes, "1800000000", longest, "r"), JG_MATCH_CLAIMS);
		cr_assert_eq(join(shapes, "1800000000", "a", longest), JG_MATCH_CLAIMS);
		jg_shapes_free(shapes);
	}
}

// What the types alone do not decide has no outline.
Test(shape, lists_kinds_and_refusals_have_no_outline)
{
	static const char *const payloads[] = {
		"{\"iss\":\"A\",\"exp\":1800000000,\"sub\":\"b\",\"video\":{\"roomJoin\":true,"
		"\"room\":\"r\",\"canPublishSources\":[\"camera\"]}}",
		"{\"iss\":\"A\",\"exp\":1800000000,\"sub\":\"b\",\"kind\":\"agent\",\"video\":"
		"{\"roomJoin\":true,\"room\":\"r\"}}",
		"{\"iss\":\"A\",\"exp\":1800000000,\"sub\":\"b\",\"attributes\":{\"a\":\"b\"},"
		"\"video\":{\"roomJoin\":true,\"room\":\"r\"}}",
		"{\"iss\":\"A\",\"exp\":1800000000,\"sub\":\"b\",\"video\":{\"roomJoin\":false,"
		"\"room\":\"r\"}}",
		"{\"iss\":\"A\",\"exp\":1800000000,\"sub\":\"b\",\"video\":{\"roomJoin\":true,"
		"\"room\":7000000000}}",
		"{\"iss\":\"A\",\"exp\":1800000000,\"sub\":\"b\",\"name\":true,\"video\":"
		"{\"roomJoin\":true,\"room\":\"r\"}}",
		"{\"iss\":\"A\",\"exp\":1800000000,\"nbf\":\"x\",\"sub\":\"b\",\"video\":"
		"{\"roomJoin\":true,\"room\":\"r\"}}",
		"{\"iss\":\"A\",\"sub\":\"b\",\"video\":{\"roomJoin\":true,\"room\":\"r\"}}",
	};
	struct jg_shapes *shapes = shapes_of(jg_decoders_next(NULL));
	for (size_t i = 0; i < JG_ARRAY_SIZE(payloads); i++) {
		teach(shapes, 1, payloads[i]);
		cr_assert_eq(matches(shapes, payloads[i]), JG_MATCH_CLAIMS, "%s", payloads[i]);
	}
	jg_shapes_free(shapes);
}

Test(shape, sixteen_shapes_of_one_length_are_all_known)
{
	char payload[64];
	for (const struct jg_decoders *d = NULL; (d = jg_decoders_next(d)) != NULL;) {
		struct jg_shapes *shapes = shapes_of(d);
		for (unsigned n = 0; n < 16; n++) {
			variant(payload, sizeof(payload), n);
			teach(shapes, 1, payload);
		}
		for (unsigned n = 0; n < 16; n++) {
			variant(payload, sizeof(payload), 15 - n);
			cr_assert_eq(matches(shapes, payload), JG_MATCH_CLAIMS, "%s", payload);
		}
		variant(payload, sizeof(payload), 16);
		cr_assert_eq(matches(shapes, payload), JG_MATCH_NONE);
		jg_shapes_free(shapes);
	}
}

Test(shape, shapes_that_are_never_met_again_are_learnt_seldom)
{
	struct jg_shapes *shapes = shapes_of(jg_decoders_next(NULL));
	unsigned turns = 0;
	char payload[64];
	for (unsigned burst = 0; burst < 6400; burst++) {
		if (!jg_shapes_turn(shapes))
			continue;
		turns++;
		variant(payload, sizeof(payload), burst % 1000);
		teach(shapes, 1, payload);
	}
	cr_assert(turns >= 100 && turns < 150, "%u", turns);
	// One that is met brings the old pace back.
	while (!jg_shapes_turn(shapes))
		;
	cr_assert_eq(matches(shapes, payload), JG_MATCH_CLAIMS);
	teach(shapes, 1, "{\"iss\":\"a\"}");
	for (turns = 0; !jg_shapes_turn(shapes); turns++)
		;
	cr_assert_lt(turns, 4);
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

static enum jg_match at_a_glance(struct jg_shapes *shapes, const char *payload)
{
	static struct sample s;
	struct jg_reading reading;
	sample_set(&s, (const uint8_t *)payload, strlen(payload));
	struct jg_text text = level->list == NULL ? s.text : marked_text(&s);
	return jg_shapes_read(shapes, SCHEMA, &text, &reading);
}

#define JOINING(exp, more)                 \
	"{\"iss\":\"A\",\"exp\":" exp more \
	",\"sub\":\"s\",\"video\":{\"roomJoin\":true,\"room\":\"r\"}}"

Test(shape, shapes_of_one_kind_are_told_apart_at_a_glance)
{
	for (const struct jg_decoders *d = NULL; (d = jg_decoders_next(d)) != NULL;) {
		if (d->shape_read == NULL)
			continue;
		struct jg_shapes *shapes = shapes_of(d);
		cr_assert_eq(
			at_a_glance(shapes, JOINING("1800000000", ",\"x1\":true")), JG_MATCH_NONE);
		teach(shapes, 1, JOINING("1800000000", ",\"x1\":true"));
		teach(shapes, 1, JOINING("1800000000", ",\"x2\":true"));
		teach(shapes, 1, JOINING("1800000000", ",\"x3\":7"));
		for (unsigned round = 0; round < 2; round++) {
			cr_assert_eq(at_a_glance(shapes, JOINING("1800000009", ",\"x1\":true")),
				JG_MATCH_READING, "%s", d->name);
			cr_assert_eq(at_a_glance(shapes, JOINING("1800000009", ",\"x2\":true")),
				JG_MATCH_READING, "%s", d->name);
			cr_assert_eq(at_a_glance(shapes, JOINING("1800000009", ",\"x3\":88")),
				JG_MATCH_READING, "%s: a number that is no time", d->name);
			cr_assert_eq(at_a_glance(shapes, JOINING("1800000009", ",\"x4\":true")),
				JG_MATCH_NONE, "%s: never taught", d->name);
			cr_assert_eq(at_a_glance(shapes, JOINING("1.8e9", ",\"x2\":true")),
				JG_MATCH_PERHAPS, "%s: wants a closer look", d->name);
			cr_assert_eq(at_a_glance(shapes, "{\"iss\":\"A\"}"), JG_MATCH_NONE,
				"%s: of no kind", d->name);
		}
		jg_shapes_free(shapes);
	}
}
