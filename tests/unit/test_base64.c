// SPDX-License-Identifier: BSD-3-Clause
#include "base64.h"
#include "base64url.h"
#include "simd/decoders.h"

#include <criterion/criterion.h>

#include <stdlib.h>

static int decode(const char *text, uint8_t *out)
{
	return jg_base64_decode((struct jg_str){text, (uint32_t)strlen(text)}, out);
}

Test(base64, known_answers_of_rfc_4648)
{
	static const char *const rows[][2] = {{"", ""}, {"f", "Zg=="}, {"fo", "Zm8="},
		{"foo", "Zm9v"}, {"foob", "Zm9vYg=="}, {"fooba", "Zm9vYmE="},
		{"foobar", "Zm9vYmFy"}};
	for (size_t i = 0; i < JG_ARRAY_SIZE(rows); i++) {
		char text[16];
		uint8_t bytes[16];
		size_t n = strlen(rows[i][0]);
		size_t len = jg_base64_encode((const uint8_t *)rows[i][0], n, text);
		cr_assert_eq(len, strlen(rows[i][1]));
		cr_assert_eq(memcmp(text, rows[i][1], len), 0);
		cr_assert_eq(decode(rows[i][1], bytes), (int)n);
		cr_assert_eq(memcmp(bytes, rows[i][0], n), 0);
	}
}

Test(base64, every_length_and_byte_comes_back)
{
	uint8_t in[300], out[300];
	char text[JG_BASE64_ENCODED(300)];
	for (unsigned i = 0; i < sizeof(in); i++)
		in[i] = (uint8_t)(i * 251 + 7);
	for (size_t n = 0; n <= sizeof(in); n++) {
		size_t len = jg_base64_encode(in, n, text);
		cr_assert_eq(len, JG_BASE64_ENCODED(n));
		cr_assert_eq(jg_base64_decode((struct jg_str){text, (uint32_t)len}, out), (int)n);
		cr_assert_eq(memcmp(in, out, n), 0);
	}
}

Test(base64, url_encoding_has_its_own_signs_and_no_padding)
{
	char text[8];
	cr_assert_eq(jg_base64url_encode((const uint8_t *)"\xfb\xff", 2, text), 3);
	cr_assert_eq(memcmp(text, "-_8", 3), 0);
	cr_assert_eq(jg_base64url_encode((const uint8_t *)"\xff", 1, text), 2);
	cr_assert_eq(memcmp(text, "_w", 2), 0);
}

Test(base64, only_the_canonical_spelling_is_accepted)
{
	static const char *const bad[] = {"Z", "Zg", "Zg=", "Zm8", "Zg==\n", "Zg\n=", "Zm\r\n",
		"Zm8=\r\n\r\n", "====", "Z===", "=g==", "Zg=a", "Zg==Zg==", "Zm8=Zm9v", "-_-_",
		"Zm9-", "Zm9_",
		"Zh==", "Zn==", "Zm9=", "Zm+=", " Zg=", "Zg= ", "Zm9v=", "Zm9v====", "Zm9\"",
		"Zm9v\x80\x80\x80\x80"};
	uint8_t out[32];
	for (size_t i = 0; i < JG_ARRAY_SIZE(bad); i++)
		cr_assert_eq(decode(bad[i], out), -1, "'%s' was accepted", bad[i]);
	cr_assert_eq(jg_base64_decode((struct jg_str){"Zm9\0", 4}, out), -1);
}

Test(base64, a_foreign_byte_at_any_place_is_refused)
{
	uint8_t out[16];
	for (unsigned at = 0; at < 16; at++)
		for (unsigned byte = 0; byte < 256; byte++) {
			char text[17] = "QUJDREVGR0hJSktM";
			bool legal = (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z') ||
				(byte >= '0' && byte <= '9') || byte == '+' || byte == '/';
			text[at] = (char)byte;
			if (byte == '=' && at == 15)
				continue; // a shorter text, canonical or not
			int n = jg_base64_decode((struct jg_str){text, 16}, out);
			cr_assert_eq(n, legal ? 12 : -1, "byte %u at %u", byte, at);
		}
}

#define LEN_MAX 300
#define SEED 20261125u

// Fresh memory of exactly this size, so that a sanitizer sees a byte too many.
static void *copy(const void *from, size_t n)
{
	void *p = malloc(n > 0 ? n : 1);
	cr_assert_not_null(p);
	if (n > 0)
		memcpy(p, from, n);
	return p;
}

static void expect_same_text(jg_base64_encode_fn *variant, jg_base64_encode_fn *reference,
	const uint8_t *bytes, size_t n, const char *name)
{
	char expected[JG_BASE64_ENCODED(LEN_MAX)], guarded[JG_BASE64_ENCODED(LEN_MAX) + 64];
	memset(guarded, '!', sizeof(guarded));
	size_t len = reference(bytes, n, expected);
	cr_assert_eq(variant(bytes, n, guarded), len, "%s, %zu bytes", name, n);
	cr_assert_eq(memcmp(guarded, expected, len), 0, "%s, %zu bytes", name, n);
	size_t intact = len;
	while (intact < sizeof(guarded) && guarded[intact] == '!')
		intact++;
	cr_assert_eq(intact, sizeof(guarded), "%s, %zu bytes: wrote beyond", name, n);
}

Test(base64, every_level_encodes_alike_and_no_further)
{
	const struct jg_decoders *portable = jg_decoders_next(NULL);
	srand(SEED);
	for (size_t n = 0; n <= LEN_MAX; n++) {
		uint8_t in[LEN_MAX];
		for (size_t i = 0; i < n; i++)
			in[i] = (uint8_t)rand();
		uint8_t *bytes = copy(in, n);
		for (const struct jg_decoders *v = portable; (v = jg_decoders_next(v)) != NULL;) {
			expect_same_text(
				v->base64_encode, portable->base64_encode, bytes, n, v->name);
			expect_same_text(
				v->base64url_encode, portable->base64url_encode, bytes, n, v->name);
		}
		free(bytes);
	}
}

static void expect_same_bytes(const char *text, size_t len)
{
	const struct jg_decoders *portable = jg_decoders_next(NULL);
	uint8_t expected[LEN_MAX + 3], out[LEN_MAX + 3 + 64];
	char *in = copy(text, len);
	int n = jg_base64_decode((struct jg_str){in, (uint32_t)len}, expected);
	for (const struct jg_decoders *v = portable; (v = jg_decoders_next(v)) != NULL;) {
		memset(out, 0xee, sizeof(out));
		cr_assert_eq(v->base64_decode((struct jg_str){in, (uint32_t)len}, out), n,
			"%s: %.*s", v->name, (int)len, text);
		cr_assert(n < 0 || memcmp(out, expected, (size_t)n) == 0, "%s", v->name);
		size_t intact = JG_BASE64_DECODED(len);
		while (intact < sizeof(out) && out[intact] == 0xee)
			intact++;
		cr_assert_eq(intact, sizeof(out), "%s: wrote beyond %zu", v->name, len);
	}
	free(in);
}

Test(base64, every_level_decodes_alike_and_no_further)
{
	srand(SEED);
	for (size_t n = 0; n <= LEN_MAX; n++) {
		uint8_t in[LEN_MAX];
		char text[JG_BASE64_ENCODED(LEN_MAX)];
		for (size_t i = 0; i < n; i++)
			in[i] = (uint8_t)rand();
		size_t len = jg_base64_encode(in, n, text);
		expect_same_bytes(text, len);
		for (size_t cut = 1; cut < 4 && cut <= len; cut++)
			expect_same_bytes(text, len - cut);
	}
}

Test(base64, every_level_refuses_the_same_spoilt_texts)
{
	static const char odd[] = "=-_+/ \n.\x80\xff@[`{";
	srand(SEED);
	for (size_t n = 1; n <= LEN_MAX; n++) {
		for (unsigned round = 0; round < 24; round++) {
			uint8_t in[LEN_MAX];
			char text[JG_BASE64_ENCODED(LEN_MAX)];
			for (size_t i = 0; i < n; i++)
				in[i] = (uint8_t)rand();
			size_t len = jg_base64_encode(in, n, text);
			size_t at = round < 8 ? len - 1 - round % 4 : (size_t)rand() % len;
			text[at] =
				round % 2 == 0 ? odd[(size_t)rand() % sizeof(odd)] : (char)rand();
			expect_same_bytes(text, len);
		}
	}
}

Test(base64, every_level_refuses_a_foreign_byte_at_any_place_of_a_step)
{
	for (size_t at = 0; at < 136; at += 3)
		for (unsigned byte = 0; byte < 256; byte++) {
			char text[136];
			memset(text, 'Q', sizeof(text));
			text[at] = (char)byte;
			expect_same_bytes(text, sizeof(text));
		}
}

Test(base64, every_level_wants_the_spare_bits_zero)
{
	for (size_t len = 4; len <= 260; len += 4)
		for (unsigned pads = 1; pads <= 2; pads++)
			for (const char *c = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdef0189+/"; *c != 0;
				c++) {
				char text[260];
				memset(text, 'Q', len);
				memset(text + len - pads, '=', pads);
				text[len - pads - 1] = *c;
				expect_same_bytes(text, len);
			}
}

Test(base64, either_alphabet_is_read_as_the_lenient_reader_does)
{
	static const char signs[] = "AQgwZ059+/-_=. \n\x80";
	srand(SEED);
	for (size_t n = 0; n <= JG_BASE64_ANY_MAX; n++)
		for (unsigned round = 0; round < 30; round++) {
			uint8_t expected[JG_BASE64_ANY_MAX], out[JG_BASE64_ANY_MAX];
			char text[JG_BASE64_ANY_MAX];
			for (size_t i = 0; i < n; i++)
				text[i] = signs[(size_t)rand() % 11];
			for (size_t i = n > 3 ? n - 3 : 0; i < n && round % 3 == 0; i++)
				text[i] = signs[(size_t)rand() % (sizeof(signs) - 1)];
			for (size_t i = n - round % 3; round % 5 == 0 && n > 2 && i < n; i++)
				text[i] = '=';
			int is = jg_base64_decode_lenient(text, n, expected);
			for (const struct jg_decoders *v = NULL;
				(v = jg_decoders_next(v)) != NULL;) {
				struct jg_str in = {text, (uint32_t)n};
				int len = jg_base64_decode_any(v->base64_decode, in, out);
				cr_assert_eq(len, is, "%s: %.*s", v->name, (int)n, text);
				cr_assert(is < 0 || memcmp(out, expected, (size_t)is) == 0);
			}
		}
}

Test(base64, a_text_too_long_for_either_alphabet_is_refused)
{
	char text[JG_BASE64_ANY_MAX + 4];
	uint8_t out[JG_BASE64_ANY_MAX];
	memset(text, 'A', sizeof(text));
	cr_assert_eq(jg_base64_decode_any(jg_base64_decode, (struct jg_str){text, 256}, out), 192);
	cr_assert_eq(jg_base64_decode_any(jg_base64_decode, (struct jg_str){text, 260}, out), -1);
}
