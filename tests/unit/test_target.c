// SPDX-License-Identifier: BSD-3-Clause
#include "target.h"

#include <criterion/criterion.h>

#include <errno.h>

static struct target target;
static struct jg_error err;

static int check(const char *text, const char *allow)
{
	cr_assert_eq(target_parse(&target, text, &err), 0, "%s", err.text);
	return target_check(&target, &allow, allow != NULL, &err);
}

Test(target, addresses_are_read)
{
	static const char *const good[][2] = {{"127.0.0.1", "127.0.0.1:7600"},
		{"10.0.0.1:99", "10.0.0.1:99"}, {"::1", "[::1]:7600"}, {"[::1]", "[::1]:7600"},
		{"[fd00::1]:65535", "[fd00::1]:65535"}};
	for (size_t i = 0; i < JG_ARRAY_SIZE(good); i++) {
		cr_assert_eq(target_parse(&target, good[i][0], &err), 0, "%s", good[i][0]);
		cr_assert_str_eq(target.text, good[i][1]);
	}
}

Test(target, what_is_no_address_is_refused)
{
	static const char *const bad[] = {"", ":", "localhost", "127.0.0.1:", "127.0.0.1:0",
		"127.0.0.1:65536", "127.0.0.1:1x", "127.0.0.1:-1", "[::1", "[]:5",
		"[::1]:", "1.2.3", "fd00::1::2", "gate.example:7600"};
	for (size_t i = 0; i < JG_ARRAY_SIZE(bad); i++)
		cr_assert_eq(target_parse(&target, bad[i], &err), -EINVAL, "%s", bad[i]);
}

Test(target, loopback_may_be_loaded)
{
	cr_assert_eq(check("127.0.0.1", NULL), 0);
	cr_assert_eq(check("127.8.8.8:5", NULL), 0);
	cr_assert_eq(check("::1", NULL), 0);
	cr_assert_str_eq(target.why, "loopback");
}

Test(target, the_world_may_not)
{
	static const char *const far[] = {"192.0.2.1", "198.51.100.7:7600", "203.0.113.9",
		"2001:db8::1", "::ffff:192.0.2.1", "0.0.0.0", "255.255.255.255"};
	for (size_t i = 0; i < JG_ARRAY_SIZE(far); i++) {
		cr_assert_eq(check(far[i], NULL), -EPERM, "%s", far[i]);
		cr_assert_not_null(strstr(err.text, "--allow"));
	}
}

Test(target, what_is_named_may)
{
	cr_assert_eq(check("192.0.2.1", "192.0.2.1"), 0);
	cr_assert_eq(check("192.0.2.1", "192.0.2.0/24"), 0);
	cr_assert_eq(check("2001:db8::1", "2001:db8::/32"), 0);
	cr_assert_str_eq(target.why, "named by --allow");
}

Test(target, naming_one_does_not_allow_another)
{
	cr_assert_eq(check("192.0.2.1", "192.0.2.2"), -EPERM);
	cr_assert_eq(check("192.0.3.1", "192.0.2.0/24"), -EPERM);
	cr_assert_eq(check("192.0.2.1", "192.0.2.0/25"), 0);
	cr_assert_eq(check("192.0.2.200", "192.0.2.0/25"), -EPERM);
	cr_assert_eq(check("192.0.2.1", "2001:db8::/32"), -EPERM);
}

Test(target, an_entry_that_is_no_address_is_a_mistake)
{
	static const char *const bad[] = {"", "all", "192.0.2.0/", "192.0.2.0/x", "/24"};
	for (size_t i = 0; i < JG_ARRAY_SIZE(bad); i++)
		cr_assert_eq(check("192.0.2.1", bad[i]), -EINVAL, "%s", bad[i]);
}
