// SPDX-License-Identifier: BSD-3-Clause
// Every variant of the JWT part decoder against the portable one.
#include "simd/decoders.h"
#include "text.h"

#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>

#define SEED 20261122u
#define LEN_MAX 400

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static uint8_t bytes[2][LEN_MAX + JG_TEXT_SLACK];
static uint16_t quotes[2][LEN_MAX + JG_TEXT_SLACK];
static uint8_t signatures[2][JG_SIGNATURE_BYTES];

static bool run(const struct jg_decoders *variant, unsigned which, const char *in, size_t len,
	struct jg_text *text)
{
	// A copy of exactly this size, so that a sanitizer sees a read beyond it.
	uint8_t *copy = malloc(len > 0 ? len : 1);
	cr_assert_not_null(copy);
	memcpy(copy, in, len);
	*text = (struct jg_text){.bytes = bytes[which], .quotes = quotes[which]};
	bool ok = variant->text(copy, len, text);
	free(copy);
	return ok;
}

static void encode(char *out, size_t len, const uint8_t *text)
{
	for (size_t i = 0; i < len; i++) {
		size_t bit = i * 6;
		unsigned two = (unsigned)text[bit / 8] << 8 | text[bit / 8 + 1];
		out[i] = alphabet[two >> (10 - bit % 8) & 0x3f];
	}
}

static void expect_same(const char *in, size_t len)
{
	struct jg_text reference, text;
	const struct jg_decoders *portable = jg_decoders_next(NULL);
	bool expected = run(portable, 0, in, len, &reference);
	for (const struct jg_decoders *v = portable; (v = jg_decoders_next(v)) != NULL;) {
		cr_assert_eq(run(v, 1, in, len, &text), expected, "%s, %zu: %.*s", v->name, len,
			(int)len, in);
		if (!expected)
			continue;
		cr_assert_eq(text.len, reference.len);
		cr_assert_eq(text.flags, reference.flags, "%s: %.*s", v->name, (int)len, in);
		cr_assert_eq(text.quotes_n, reference.quotes_n);
		cr_assert_arr_eq(bytes[1], bytes[0], text.len + 1);
		cr_assert_arr_eq(quotes[1], quotes[0], (text.quotes_n + 1) * sizeof(quotes[0][0]));
	}
}

// Texts full of quotes and runs of backslashes, which are what the index is about.
static uint8_t random_byte(unsigned kind)
{
	int r = rand() % 8;
	if (r == 0)
		return '"';
	if (r < 3 && kind > 0)
		return '\\';
	if (r == 3 && kind > 1)
		return (uint8_t)rand();
	return (uint8_t)("abfnrtu/"[rand() % 8]);
}

Test(text, variants_agree_on_random_texts_of_all_lengths)
{
	srand(SEED);
	for (unsigned round = 0; round < 24; round++) {
		for (size_t len = 0; len < LEN_MAX; len++) {
			uint8_t text[LEN_MAX];
			char in[LEN_MAX];
			size_t n = len * 3 / 4;
			for (size_t i = 0; i < n; i++)
				text[i] = random_byte(round % 3);
			text[n] = text[n + 1] = 0;
			encode(in, len, text);
			if (round % 4 == 3 && len > 0)
				in[(size_t)rand() % len] = (char)rand();
			expect_same(in, len);
		}
	}
}

Test(text, variants_agree_on_every_byte_at_every_place)
{
	char in[132];
	for (unsigned c = 0; c < 256; c++) {
		for (size_t at = 0; at < sizeof(in); at++) {
			// What a character is does not depend on those beside it.
			for (size_t i = 0; i < sizeof(in); i++)
				in[i] = alphabet[(i + c * 7 + at * 3) % 64];
			in[at] = (char)c;
			expect_same(in, sizeof(in));
		}
	}
}

static bool decodes(const char *in)
{
	struct jg_text text;
	expect_same(in, strlen(in));
	return run(jg_decoders_next(NULL), 0, in, strlen(in), &text);
}

Test(text, spare_bits_padding_and_foreign_characters_are_refused)
{
	static const char *const bad[] = {
		"A", "AAAAA", "QQ==", "eyJ9=", "e+J9", "e/J9", "ey J", "eyJ\n", "QR", "QUJ", "QUF"};
	cr_assert(decodes("QQ"));
	cr_assert(decodes("QUI"));
	cr_assert(decodes(""));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		cr_assert_not(decodes(bad[i]), "%s", bad[i]);
}

Test(text, quotes_after_an_odd_run_of_backslashes_are_not_indexed)
{
	const char *json = "{\"a\\\"b\":\"\\\\\"}";
	uint8_t text[64] = {0};
	char in[64];
	struct jg_text result;
	memcpy(text, json, strlen(json));
	size_t len = (strlen(json) * 8 + 5) / 6;
	encode(in, len, text);
	cr_assert(run(jg_decoders_next(NULL), 0, in, len, &result));
	cr_assert_eq(result.quotes_n, 4);
	cr_assert_eq(result.flags, JG_TEXT_BACKSLASH);
	expect_same(in, len);
}

static void expect_same_utf8(const uint8_t *text, size_t len)
{
	bool expected = jg_utf8_valid_portable(text, len);
	for (const struct jg_decoders *v = NULL; (v = jg_decoders_next(v)) != NULL;)
		cr_assert_eq(v->utf8_valid(text, len), expected, "%s, length %zu", v->name, len);
}

Test(text, variants_agree_on_every_border_of_utf8)
{
	static const uint8_t pool[] = {0x20, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc1, 0xc2,
		0xdf, 0xe0, 0xed, 0xef, 0xf0, 0xf4, 0xf5};
	const size_t kinds = sizeof(pool);
	uint8_t text[128 + JG_TEXT_SLACK];
	for (size_t n = 0; n < kinds * kinds * kinds * kinds; n++) {
		size_t at = 28 + n % 5;
		size_t rest = n;
		memset(text, 'a', sizeof(text));
		for (size_t i = 0; i < 4; i++, rest /= kinds)
			text[at + i] = pool[rest % kinds];
		expect_same_utf8(text, at + 4);
		expect_same_utf8(text, at + 24);
	}
}

// A signature behind a payload; both in a copy of exactly this size, so that a sanitizer sees a read beyond.
static bool run_jwt(const struct jg_decoders *variant, uint8_t *marks, const char *payload,
	size_t len, const char *signature, struct jg_text *text)
{
	unsigned which = variant != jg_decoders_next(NULL);
	uint8_t *copy = malloc(len + 1 + JG_SIGNATURE_TEXT);
	cr_assert_not_null(copy);
	memcpy(copy, payload, len);
	copy[len] = '.';
	memcpy(copy + len + 1, signature, JG_SIGNATURE_TEXT);
	*text = (struct jg_text){.bytes = bytes[which], .quotes = quotes[which], .marks = marks};
	bool ok = variant->jwt(copy, len, text, copy + len + 1, signatures[which]);
	free(copy);
	return ok;
}

static void expect_same_jwt(const char *payload, size_t len, const char *signature, uint8_t *marks)
{
	struct jg_text reference, text;
	const struct jg_decoders *portable = jg_decoders_next(NULL);
	bool ok = run_jwt(portable, NULL, payload, len, signature, &reference);
	for (const struct jg_decoders *v = portable; (v = jg_decoders_next(v)) != NULL;) {
		cr_assert_eq(run_jwt(v, marks, payload, len, signature, &text), ok,
			"%s: %.*s.%.43s", v->name, (int)len, payload, signature);
		if (!ok)
			continue;
		cr_assert_eq((text.flags & JG_TEXT_MARKED) != 0, marks != NULL && v->list != NULL);
		if ((text.flags & JG_TEXT_MARKED) != 0)
			v->list(&text);
		cr_assert_arr_eq(signatures[1], signatures[0], JG_SIGNATURE_BYTES, "%s: %.43s",
			v->name, signature);
		cr_assert(text.len == reference.len && text.flags == reference.flags &&
			text.quotes_n == reference.quotes_n);
		cr_assert_arr_eq(bytes[1], bytes[0], text.len + 1);
		cr_assert_arr_eq(quotes[1], quotes[0], (text.quotes_n + 1) * sizeof(quotes[0][0]));
	}
}

static void expect_same_signature(const char *in)
{
	expect_same_jwt("e30", 3, in, NULL);
}

Test(text, variants_agree_on_payloads_before_a_signature)
{
	char signature[JG_SIGNATURE_TEXT];
	memset(signature, 'A', sizeof(signature));
	srand(SEED);
	for (unsigned round = 0; round < 4; round++) {
		for (size_t len = 0; len < LEN_MAX; len++) {
			uint8_t text[LEN_MAX];
			char in[LEN_MAX];
			size_t n = len * 3 / 4;
			for (size_t i = 0; i < n; i++)
				text[i] = random_byte(round % 3);
			text[n] = text[n + 1] = 0;
			encode(in, len, text);
			if (round % 4 == 3 && len > 0)
				in[(size_t)rand() % len] = (char)rand();
			// Of exactly this size, too.
			uint8_t *marks = malloc(JG_TEXT_MARKS(n));
			cr_assert_not_null(marks);
			expect_same_jwt(in, len, signature, NULL);
			expect_same_jwt(in, len, signature, marks);
			free(marks);
		}
	}
}

Test(text, variants_agree_on_signatures)
{
	char in[JG_SIGNATURE_TEXT + 2];
	uint8_t bytes_of[JG_SIGNATURE_BYTES + 2] = {0};
	srand(SEED);
	for (unsigned round = 0; round < 2000; round++) {
		for (size_t i = 0; i < JG_SIGNATURE_BYTES; i++)
			bytes_of[i] = (uint8_t)rand();
		encode(in, JG_SIGNATURE_TEXT, bytes_of);
		expect_same_signature(in);
		in[(size_t)rand() % JG_SIGNATURE_TEXT] = (char)rand();
		expect_same_signature(in);
	}
	for (unsigned c = 0; c < 256; c++)
		for (size_t at = 0; at < JG_SIGNATURE_TEXT; at++) {
			memset(in, 'A', sizeof(in));
			in[at] = (char)c;
			expect_same_signature(in);
		}
}

Test(text, a_signature_with_spare_bits_is_refused)
{
	struct jg_text text;
	char in[JG_SIGNATURE_TEXT];
	memset(in, 'A', sizeof(in));
	for (const struct jg_decoders *v = NULL; (v = jg_decoders_next(v)) != NULL;) {
		in[JG_SIGNATURE_TEXT - 1] = 'E';
		cr_assert(run_jwt(v, NULL, "e30", 3, in, &text));
		cr_assert_eq(signatures[v != jg_decoders_next(NULL)][JG_SIGNATURE_BYTES - 1], 1);
		in[JG_SIGNATURE_TEXT - 1] = 'B';
		cr_assert_not(run_jwt(v, NULL, "e30", 3, in, &text), "%s", v->name);
	}
}
