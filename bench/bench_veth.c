// SPDX-License-Identifier: BSD-3-Clause
// What kernel bypass buys where there is no NIC: the gate on a veth pair through net_af_packet and
// net_af_xdp, and a plain recvmmsg()/sendmmsg() server with the same core. The client is the same for
// all: kernel sockets, on another core where there is one. Requests answered in a second, and the CPU
// time that the server's thread spent on each. Needs root. --quick: a short run.
#include "bench.h"
#include "gate_world.h"
#include "peers/plain.h"
#include "veth.h"

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum server {
	PLAIN,
	AF_PACKET_PORT,
	AF_XDP_PORT,
	SERVERS
};

static const char *const names[] = {"recvmmsg", "net_af_packet", "net_af_xdp"};

static void start_port(enum server server)
{
	static const struct jg_address address = {.family = 4, .bytes = {10, 0, 0, 1}};
	const struct jg_config_port port = {.device = JG_STR(VETH_NEAR),
		.driver = server == AF_XDP_PORT ? JG_PORT_AF_XDP : JG_PORT_AF_PACKET,
		.args = server == AF_XDP_PORT ? JG_STR("force_copy=1") : (struct jg_str){NULL, 0},
		.addresses = &address,
		.addresses_n = 1,
		.mtu = 1500};

	gate_world_start(&port);
}

// Nanoseconds of this thread a request, over polls that brought some; they are many at once, since the
// clock is a system call.
struct effort {
	struct bench_samples each;
	double ns;
	unsigned long n;
};

static void add_effort(struct effort *effort, double ns, unsigned n)
{
	effort->ns += n > 0 ? ns : 0;
	effort->n += n;
	if (effort->n < 4096)
		return;
	bench_add(&effort->each, effort->ns / (double)effort->n);
	effort->ns = 0;
	effort->n = 0;
}

static unsigned poll_gate(void)
{
	uint64_t before = jg_count_read(&gate.worker->counters.value[JG_COUNTER_VERDICT]);

	(void)jg_worker_poll(gate.worker);
	return (unsigned)(jg_count_read(&gate.worker->counters.value[JG_COUNTER_VERDICT]) - before);
}

// What reading the clock costs, which is in every sample.
static double clock_ns(void)
{
	double best = 1e9;

	for (unsigned i = 0; i < 1000; i++) {
		double begin = bench_cpu_ns();
		double took = bench_cpu_ns() - begin;

		best = took < best ? took : best;
	}
	return best;
}

static void serve(enum server server, struct veth *veth, struct veth_result *result)
{
	static struct effort effort;
	struct plain *plain = server == PLAIN ? plain_open() : NULL;

	double clock = clock_ns();
	veth_go(veth);
	for (unsigned turn = 0; turn % 64 != 0 || !veth_done(veth, result); turn++) {
		double begin = bench_cpu_ns();
		unsigned n = plain != NULL ? plain_poll(plain) : poll_gate();

		add_effort(&effort, bench_cpu_ns() - begin - clock, n);
	}
	gate_must(result->answered > 0 && result->refused == 0, "requests were refused");
	double ns = bench_quantile(&effort.each, 0.1);
	printf("{\"bench\": \"veth\", \"server\": \"%s\", \"requests_per_second\": %.0f, "
	       "\"requests_per_second_median\": %.0f, \"server_ns\": %.1f, \"server_ns_median\": "
	       "%.1f, \"asked\": %lu, \"answered\": %lu}\n",
		names[server], result->best_rate, result->median_rate, ns,
		bench_quantile(&effort.each, 0.5), result->asked, result->answered);
}

static void skip(enum server server, const char *why)
{
	printf("{\"bench\": \"veth\", \"server\": \"%s\", \"skipped\": \"%s\"}\n", names[server],
		why);
}

// In a process of its own: EAL starts once in each.
static void measure(enum server server, unsigned windows)
{
	struct veth veth;
	struct veth_result result;
	const char *why;

	gate_world_ask();
	if (!veth_open(&veth, server == PLAIN, windows, &why)) {
		skip(server, why);
		return;
	}
	if (server != PLAIN)
		start_port(server);
	serve(server, &veth, &result);
	veth_close(&veth);
}

int main(int argc, char **argv)
{
	unsigned windows = argc > 1 && strcmp(argv[1], "--quick") == 0 ? 4 : 40;
	int failed = 0;

	for (unsigned i = 0; i < SERVERS; i++) {
		int status = -1;
		pid_t pid = fork();

		if (pid == 0) {
			measure((enum server)i, windows);
			fflush(stdout);
			_exit(0);
		}
		gate_must(pid > 0 && waitpid(pid, &status, 0) == pid, "no process for a server");
		failed |= status;
	}
	return failed == 0 ? 0 : 1;
}
