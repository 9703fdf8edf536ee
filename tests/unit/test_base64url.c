// SPDX-License-Identifier: BSD-3-Clause
#include "base64.h"
#include "base64url.h"
#include "simd/decoders.h"

#include <criterion/criterion.h>

static int strict(const char *text, size_t n)
{
	static uint8_t out[4096];
	return jg_base64url_decode(text, n, out);
}

static int lenient(const char *text)
{
	uint8_t out[64];
	return jg_base64_decode_lenient(text, strlen(text), out);
}

Test(base64url, whatever_was_encoded_comes_back)
{
	uint8_t bytes[300], back[512];
	char text[512];
	for (size_t n = 0; n <= sizeof(bytes); n++) {
		for (size_t i = 0; i < n; i++)
			bytes[i] = (uint8_t)((i * 7 + n) % 251);
		size_t len = jg_base64url_encode(bytes, n, text);
		cr_assert_eq(jg_base64url_decode(text, len, back), (int)n);
		cr_assert_eq(memcmp(bytes, back, n), 0, "length %zu", n);
	}
}

Test(base64url, every_byte_outside_the_alphabet_is_refused_at_every_place)
{
	for (int c = 0; c < 256; c++) {
		const char *alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				       "0123456789-_";
		bool known = c != 0 && strchr(alphabet, c) != NULL;
		for (size_t at = 0; at < 11; at++) {
			char text[] = "AAAAAAAAAAAA"; // 3 groups, so spare bits play no part
			text[at] = (char)c;
			cr_assert_eq(strict(text, 12), known ? 9 : -1, "byte %d at %zu", c, at);
		}
	}
}

Test(base64url, impossible_lengths_are_refused)
{
	cr_assert_eq(strict("", 0), 0);
	cr_assert_eq(strict("A", 1), -1);
	cr_assert_eq(strict("AAAAA", 5), -1);
	cr_assert_eq(strict("AA", 2), 1);
	cr_assert_eq(strict("AAA", 3), 2);
}

Test(base64url, spare_bits_must_be_zero)
{
	const char *alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	for (size_t v = 0; v < 64; v++) {
		char two[] = {'x', alphabet[v]}, three[] = {'x', 'y', alphabet[v]};
		cr_assert_eq(strict(two, 2), v % 16 == 0 ? 1 : -1);
		cr_assert_eq(strict(three, 3), v % 4 == 0 ? 2 : -1);
	}
}

Test(base64url, padding_and_white_space_are_refused)
{
	static const char *const bad[] = {"AA==", "AAA=", "AAAA=", "AA=", "AAAA\n", " AAAA",
		"AA\r\nAA", "AAAA ", "AA\tA", "AA+A", "AA/A"};
	for (size_t i = 0; i < JG_ARRAY_SIZE(bad); i++)
		cr_assert_eq(strict(bad[i], strlen(bad[i])), -1, "%s", bad[i]);
}

Test(base64url, development_tokens_may_use_either_alphabet_and_padding)
{
	cr_assert_eq(lenient("-_+/"), 3);
	cr_assert_eq(lenient("AA=="), 1);
	cr_assert_eq(lenient("AAA="), 2);
	cr_assert_eq(lenient("AA"), 1);
}

Test(base64url, development_tokens_may_not_spell_nonsense)
{
	static const char *const bad[] = {"A",
		"AA=", "AAA==", "AAAA=", "A===", "AB==", "AAB=", "=AAA", "AA=A", "AA A", "A\nAA",
		"===="};
	for (size_t i = 0; i < JG_ARRAY_SIZE(bad); i++)
		cr_assert_eq(lenient(bad[i]), -1, "%s", bad[i]);
}

Test(base64url, an_unknown_level_is_refused_with_its_name)
{
	struct jg_error err = {0};
	cr_assert_null(jg_decoders_select("mmx", &err));
	cr_assert_not_null(strstr(err.text, "mmx"));
	cr_assert_str_eq(jg_decoders_select("portable", &err)->name, "portable");
}
