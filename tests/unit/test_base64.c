// SPDX-License-Identifier: BSD-3-Clause
#include "base64.h"

#include <criterion/criterion.h>

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
