// SPDX-License-Identifier: BSD-3-Clause
#include "settings.h"

#include <criterion/criterion.h>

Test(address, prefixes_of_both_families_are_read_and_written_back)
{
	static const char *const texts[] = {
		"0.0.0.0/0", "10.0.0.1/24", "255.255.255.255/32", "::/0", "fd00::1/64", "::1/128"};
	for (size_t i = 0; i < JG_ARRAY_SIZE(texts); i++) {
		struct jg_address address;
		char text[64];
		cr_assert(jg_address_parse_prefix(texts[i], &address), "%s", texts[i]);
		jg_address_render(&address, text, sizeof(text));
		cr_expect_str_eq(text, texts[i]);
	}
}

Test(address, what_is_no_prefix_is_refused)
{
	static const char *const texts[] = {"", "/", "10.0.0.1", "10.0.0.1/", "10.0.0.1/33",
		"10.0.0.1/+8", "10.0.0.1/08", "10.0.0.1/8 ", "10.0.0/8", "010.0.0.1/8", "::1/129",
		"::g/64", "host/8", "10.0.0.1/4294967304",
		"1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb:cccc/8"};
	for (size_t i = 0; i < JG_ARRAY_SIZE(texts); i++) {
		struct jg_address address;
		cr_expect_not(jg_address_parse_prefix(texts[i], &address), "%s", texts[i]);
	}
}

Test(address, endpoints_have_a_port)
{
	struct jg_address address;
	cr_assert(jg_address_parse_listen("127.0.0.1:9600", &address));
	cr_expect(address.family == 4 && address.port == 9600);
	cr_assert(jg_address_parse_listen("[::1]:65535", &address));
	cr_expect(address.family == 6 && address.port == 65535);
	char text[64];
	jg_address_render(&address, text, sizeof(text));
	cr_expect_str_eq(text, "[::1]:65535");
}

Test(address, what_is_no_endpoint_is_refused)
{
	static const char *const texts[] = {"", ":", "127.0.0.1", "127.0.0.1:", "127.0.0.1:0",
		"127.0.0.1:65536", "::1:80", "[127.0.0.1]:80", "[::1:80", "localhost:80", ":80",
		"127.0.0.1:-1", "[]:80"};
	for (size_t i = 0; i < JG_ARRAY_SIZE(texts); i++) {
		struct jg_address address;
		cr_expect_not(jg_address_parse_listen(texts[i], &address), "%s", texts[i]);
	}
}

Test(address, bits_beyond_the_prefix_are_seen)
{
	static const struct {
		char text[24], masked[24];
	} table[] = {
		{"10.1.2.3/24", "10.1.2.0/24"},
		{"10.1.255.3/17", "10.1.128.0/17"},
		{"10.1.2.3/0", "0.0.0.0/0"},
		{"fd00::1/64", "fd00::/64"},
	};
	for (size_t i = 0; i < JG_ARRAY_SIZE(table); i++) {
		struct jg_address address, masked, again;
		char text[64];
		cr_assert(jg_address_parse_prefix(table[i].text, &address));
		cr_expect_not(jg_address_mask(&address, &masked));
		jg_address_render(&masked, text, sizeof(text));
		cr_expect_str_eq(text, table[i].masked);
		cr_expect(jg_address_mask(&masked, &again));
	}
}

Test(address, near_words_are_suggested_and_far_ones_not)
{
	struct suggestion near = {.word = "leway"};
	jg_config_consider(&near, "deny");
	jg_config_consider(&near, "leeway");
	jg_config_consider(&near, "require");
	cr_expect_str_eq(near.nearest, "leeway");
	struct suggestion far = {.word = "id"};
	jg_config_consider(&far, "key");
	cr_expect_null(far.nearest);
	char text[40];
	cr_expect_str_eq(jg_config_suggest(&far, text, sizeof(text)), "");
}
