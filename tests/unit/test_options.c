// SPDX-License-Identifier: BSD-3-Clause
#include "options.h"

#include <criterion/criterion.h>

#include <errno.h>

static struct options options;
static struct jg_error err;

// Options separated by spaces, behind what every run needs.
static int read(const char *text)
{
	static char copy[512];
	char *argv[40] = {"joingate-load"};
	int argc = 1;
	snprintf(copy, sizeof(copy), "%s", text);
	for (char *save, *word = strtok_r(copy, " ", &save); word != NULL;
		word = strtok_r(NULL, " ", &save))
		argv[argc++] = word;
	return options_read(&options, argc, argv, &err);
}

#define NEEDED "--gate 127.0.0.1 --config x.json "

Test(options, what_is_not_said_has_a_default)
{
	cr_assert_eq(read(NEEDED), 0, "%s", err.text);
	cr_assert_eq(options.tokens, 20000);
	cr_assert_eq(options.timeout, 1000000000);
	cr_assert_eq(options.cpus[0], -1);
	cr_assert(options.profile.warm_rate > 99 && options.profile.warm_rate < 101);
	cr_assert_not(options.seeded);
}

Test(options, all_are_read)
{
	cr_assert_eq(
		read(NEEDED
			"--socket --front-end 7 --key-file k --tokens 5 --bad 20 --reconnect 10 "
			"--rooms 3 --zipf 0.5 --extra 10..20 --ttl 60 --seed 9 --profile launch "
			"--rate 5000 --duration 60 --sigma 1 --arrivals poisson"),
		0, "%s", err.text);
	cr_assert_eq(options.front_end, 7);
	cr_assert(options.mix.bad > 0.19 && options.mix.bad < 0.21);
	cr_assert_eq(options.mix.extra_max, 20);
	cr_assert_eq(options.ttl, 60);
	cr_assert(options.seeded && options.seed == 9 && options.poisson);
	cr_assert_eq(options.profile.kind, PROFILE_LAUNCH);
	cr_assert_eq(read(NEEDED "--senders 2 --cpus 1,0 --late 500 --timeout 20 --allow 192.0.2.1 "
				 "--slo p99<1ms --json j --csv c --hlog h --html r --plan --quiet"),
		0, "%s", err.text);
	cr_assert_eq(options.cpus[0], 1);
	cr_assert_eq(options.cpus[1], 0);
	cr_assert_eq(options.late, 500000);
	cr_assert_eq(options.timeout, 20000000);
	cr_assert_eq(options.slo.n, 1);
	cr_assert(options.plan_only && options.quiet && options.allow_n == 1);
}

Test(options, a_port_is_a_sender)
{
	cr_assert_eq(read(NEEDED "--port veth1 --port veth2 --address 10.0.0.2/24 "
				 "--gate-mac 02:00:5e:10:aB:ff"),
		0, "%s", err.text);
	cr_assert_eq(options.ports_n, 2);
	cr_assert_eq(options.senders, 2);
	cr_assert_str_eq(options.ports[1], "veth2");
	cr_assert(options.gate_mac_given);
	cr_assert_eq(options.gate_mac[4], 0xab);
	cr_assert_not(options.inside);
}

Test(options, a_gate_inside_needs_no_address)
{
	cr_assert_eq(read("--in-process --config x --front-end 3 --senders 2"), 0, "%s", err.text);
	cr_assert(options.inside);
	cr_assert_eq(options.senders, 2);
	cr_assert_null(options.gate);
}

Test(options, ways_are_not_mixed)
{
	static const char *const bad[] = {NEEDED "--socket --port veth1", NEEDED "--in-process",
		"--in-process --config x --socket", "--in-process --config x --port veth1",
		"--in-process --tokens-file x", "--in-process",
		"--gate 127.0.0.1 --tokens-file x --fresh",
		"--in-process --config x --front-end 1 --key-file k",
		NEEDED "--address 10.0.0.2/24", NEEDED "--gate-mac 02:00:00:00:00:01",
		NEEDED "--port veth1 --senders 2", NEEDED "--port veth1 --gate-mac 2",
		NEEDED "--port veth1 --gate-mac 02:00:00:00:00:01:02",
		NEEDED "--port veth1 --gate-mac 03:00:00:00:00:01",
		NEEDED "--port veth1 --gate-mac 02-00-00-00-00-01"};
	for (size_t i = 0; i < JG_ARRAY_SIZE(bad); i++)
		cr_assert_eq(read(bad[i]), -EINVAL, "%s", bad[i]);
}

Test(options, help_is_not_a_mistake)
{
	cr_assert_eq(read("--help"), 1);
}

Test(options, mistakes_are_told)
{
	static const char *const bad[] = {"", "--gate 127.0.0.1", "--config x",
		NEEDED "--tokens-file y", NEEDED "--front-end 1", NEEDED "--key-file k",
		NEEDED "--front-end 0 --key-file k", NEEDED "--front-end 65536 --key-file k",
		NEEDED "--rate", NEEDED "--rate x", NEEDED "--rate 0", NEEDED "--rate 1e12",
		NEEDED "--tokens 1.5", NEEDED "--bad 101", NEEDED "--bad -1",
		NEEDED "--profile steep", NEEDED "--arrivals odd", NEEDED "--extra 5..1",
		NEEDED "--extra x", NEEDED "--extra 1..", NEEDED "--extra 99999", NEEDED "--cpus x",
		NEEDED "--cpus 1,", NEEDED "--slo p99", NEEDED "--kinds nothing",
		NEEDED "--vendors nobody", NEEDED "--nonsense", NEEDED "word",
		NEEDED "--senders 65", NEEDED "--profile steps",
		NEEDED "--profile spike --from 5000", NEEDED "--rate nan"};
	for (size_t i = 0; i < JG_ARRAY_SIZE(bad); i++) {
		err.text[0] = '\0';
		cr_assert_eq(read(bad[i]), -EINVAL, "%s", bad[i]);
		cr_assert_neq(err.text[0], '\0', "%s", bad[i]);
	}
}
