// SPDX-License-Identifier: BSD-3-Clause
#include "host.h"

#include <criterion/criterion.h>

#include <stdio.h>

static const struct jg_address loopback4 = {.bytes = {127, 0, 0, 1}, .family = 4, .port = 9600};
static const struct jg_address loopback6 = {.bytes = {[15] = 1}, .family = 6, .port = 9600};
static const struct jg_address private4 = {.bytes = {10, 1, 2, 3}, .family = 4, .port = 9600};
static const struct jg_address any4 = {.family = 4, .port = 9600};
static const struct jg_address web4 = {.bytes = {10, 1, 2, 3}, .family = 4, .port = 80};
static const struct jg_str named[] = {JG_STR_INIT("gate.example"), JG_STR_INIT("other")};

static bool allowed(const char *host, const struct jg_address *listen)
{
	return jg_host_allowed(host, listen, NULL, 0);
}

Test(host, the_listen_address_with_its_port_is_ours)
{
	cr_assert(allowed("127.0.0.1:9600", &loopback4));
	cr_assert(allowed("[::1]:9600", &loopback6));
	cr_assert(allowed("[0:0:0:0:0:0:0:1]:9600", &loopback6));
	cr_assert(allowed("10.1.2.3:9600", &private4));
	cr_assert(allowed("10.1.2.3", &web4));
}

Test(host, localhost_is_ours_on_a_loopback_address_alone)
{
	cr_assert(allowed("localhost:9600", &loopback4));
	cr_assert(allowed("LOCALHOST:9600", &loopback6));
	cr_assert(allowed("localhost:9600", &any4));
	cr_assert_not(allowed("localhost:9600", &private4));
}

Test(host, on_all_addresses_every_address_is_ours_and_no_name)
{
	cr_assert(allowed("192.0.2.7:9600", &any4));
	cr_assert(allowed("[fe80::1]:9600", &any4));
	cr_assert_not(allowed("evil.example:9600", &any4));
}

Test(host, names_elsewhere_are_refused)
{
	static const char *const hosts[] = {"evil.example", "evil.example:9600",
		"127.0.0.1.evil.example:9600", "localhost.evil.example:9600", "127.0.0.2:9600",
		"127.0.0.1:9601", "127.0.0.1:09600", "127.0.0.1:9600 ", " 127.0.0.1:9600",
		"127.0.0.1", "127.0.0.1:", "127.1:9600", "2130706433:9600", "0x7f000001:9600",
		"[127.0.0.1]:96000", "[::1]:9600", "[::ffff:127.0.0.1]:9600", "", ":9600", "[",
		"[]", "[]:9600", "[::1", "[127.0.0.1]x:9600", "user@127.0.0.1:9600",
		"127.0.0.1:9600:9600"};
	for (size_t i = 0; i < JG_ARRAY_SIZE(hosts); i++)
		cr_assert_not(allowed(hosts[i], &loopback4), "%s", hosts[i]);
	cr_assert_not(allowed(NULL, &loopback4), "no Host at all");
}

Test(host, a_name_of_any_length_is_no_trouble)
{
	static char longer[4096];
	memset(longer, 'a', sizeof(longer) - 1);
	cr_assert_not(allowed(longer, &loopback4));
	longer[0] = '[';
	cr_assert_not(allowed(longer, &loopback4));
}

Test(host, a_name_of_the_list_is_ours_with_any_port)
{
	cr_assert(jg_host_allowed("gate.example:443", &private4, named, 2));
	cr_assert(jg_host_allowed("GATE.example", &private4, named, 2));
	cr_assert(jg_host_allowed("other", &private4, named, 2));
	cr_assert_not(jg_host_allowed("gate.exampl", &private4, named, 2));
	cr_assert_not(jg_host_allowed("gate.example.evil", &private4, named, 2));
	cr_assert_not(jg_host_allowed("other", &private4, named, 1));
}
