// SPDX-License-Identifier: BSD-3-Clause
#include "approach.h"

#include <criterion/criterion.h>

#include <errno.h>

static struct approach approach;
static struct options options;
static struct jg_error err;

// Options as on a command line that is good but for the way.
static int choose(const char *gate, const char *port, const char *address, const char *allow)
{
	memset(&options, 0, sizeof(options));
	options.gate = gate;
	options.senders = 1;
	options.address = address;
	if (port != NULL)
		options.ports[options.ports_n++] = port;
	if (allow != NULL)
		options.allow[options.allow_n++] = allow;
	err.text[0] = '\0';
	return approach_choose(&approach, &options, &err);
}

Test(approach, without_a_word_it_is_a_socket)
{
	cr_assert_eq(choose("127.0.0.1", NULL, NULL, NULL), 0, "%s", err.text);
	cr_assert_null(approach.ports);
	cr_assert_not(approach.signs);
	cr_assert_eq(approach_open(&approach, &options, NULL, &err), 0, "%s", err.text);
	cr_assert_str_eq(approach.way->text, "a kernel socket");
	approach_close(&approach);
}

Test(approach, a_foreign_gate_is_refused_whatever_leads_there)
{
	cr_assert_eq(choose("192.0.2.1", NULL, NULL, NULL), -EPERM);
	approach_close(&approach);
	cr_assert_eq(choose("192.0.2.1", "eth0", "192.0.2.2/24", NULL), -EPERM);
	approach_close(&approach);
	cr_assert_eq(choose("10.0.0.1", "0000:03:00.0", "10.0.0.2/24", NULL), -EPERM);
	cr_assert_not_null(strstr(err.text, "--allow"));
	approach_close(&approach);
	cr_assert_eq(choose("10.0.9.1", "{\"device\": \"tap0\", \"driver\": \"tap\"}",
			     "10.0.0.2/24", NULL),
		-EPERM, "no neighbour");
	approach_close(&approach);
}

Test(approach, what_is_named_may_be_reached_over_a_port)
{
	cr_assert_eq(choose("192.0.2.1", "0000:03:00.0", "192.0.2.2/24", "192.0.2.0/30"), 0, "%s",
		err.text);
	cr_assert_str_eq(approach.target.why, "named by --allow");
	cr_assert_eq(approach.ports->ports_n, 1);
	approach_close(&approach);
}

Test(approach, loopback_has_no_port)
{
	cr_assert_eq(choose("127.0.0.1", "lo", "127.0.0.2/8", NULL), -EINVAL);
	cr_assert_not_null(strstr(err.text, "--socket"));
	approach_close(&approach);
}

Test(approach, a_port_needs_an_address_of_the_gates_family)
{
	cr_assert_eq(choose("fd00::1", "veth0", "10.0.0.2/24", "fd00::1"), -EINVAL);
	approach_close(&approach);
	cr_assert_eq(choose("10.0.0.1", "veth0", NULL, "10.0.0.1"), -EINVAL);
	approach_close(&approach);
}

Test(approach, a_gate_inside_gets_a_key_of_its_own)
{
	memset(&options, 0, sizeof(options));
	options.inside = true;
	options.front_end = 7;
	cr_assert_eq(approach_choose(&approach, &options, &err), 0, "%s", err.text);
	cr_assert(approach.signs);
	static const uint8_t zeros[sizeof(approach.secret)];
	cr_assert_neq(memcmp(approach.secret, zeros, sizeof(zeros)), 0);
	approach_close(&approach);
	cr_assert_eq(memcmp(approach.secret, zeros, sizeof(zeros)), 0, "it is wiped");
}

Test(approach, a_key_that_cannot_be_read_is_told)
{
	memset(&options, 0, sizeof(options));
	options.gate = "127.0.0.1";
	options.key_file = "/nonexistent/front.key";
	cr_assert_eq(approach_choose(&approach, &options, &err), -EINVAL);
	cr_assert_not_null(strstr(err.text, "front.key"));
	approach_close(&approach);
}
