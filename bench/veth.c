// SPDX-License-Identifier: BSD-3-Clause
#include "veth.h"

#include "bench.h"
#include "gate_world.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	BATCH = 64, // datagrams a system call
	IN_FLIGHT = 256,
	WINDOW_MS = 50,
	PATIENCE_MS = 20, // what has not been answered by then is lost: ask on
	REPLY_MAX = 2048,
	REASON = 56, // where a reply has its reason (wire.h)
};

static bool run(const char *command)
{
	pid_t pid = fork();
	int status;
	if (pid == 0) {
		execl("/bin/sh", "sh", "-c", command, (char *)NULL);
		_exit(127);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

struct client {
	int fd;
	struct veth_result result;
	struct mmsghdr out[BATCH];
	struct mmsghdr in[BATCH];
	struct iovec out_bytes[BATCH];
	struct iovec in_bytes[BATCH];
	uint8_t replies[BATCH][REPLY_MAX];
};

static int open_socket(void)
{
	struct sockaddr_in gate_address = {.sin_family = AF_INET, .sin_port = htons(JG_WIRE_PORT)};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	int room = 4 << 20;

	gate_must(fd >= 0, "no socket");
	inet_pton(AF_INET, VETH_GATE, &gate_address.sin_addr);
	gate_must(connect(fd, (struct sockaddr *)&gate_address, sizeof(gate_address)) == 0,
		"the client cannot connect");
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
	setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room));
	return fd;
}

static void ask(struct client *client, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		struct gate_frame *frame =
			&gate.frames[0][(client->result.asked + i) % GATE_TOKENS];

		client->out_bytes[i] =
			(struct iovec){frame->bytes + GATE_HEADERS, frame->len - GATE_HEADERS};
		client->out[i].msg_hdr =
			(struct msghdr){.msg_iov = &client->out_bytes[i], .msg_iovlen = 1};
	}
	int sent = sendmmsg(client->fd, client->out, n, 0);
	client->result.asked += sent > 0 ? (unsigned)sent : 0;
}

static unsigned take(struct client *client)
{
	for (unsigned i = 0; i < BATCH; i++) {
		client->in_bytes[i] = (struct iovec){client->replies[i], REPLY_MAX};
		client->in[i].msg_hdr =
			(struct msghdr){.msg_iov = &client->in_bytes[i], .msg_iovlen = 1};
	}
	int n = recvmmsg(client->fd, client->in, BATCH, 0, NULL);
	for (int i = 0; i < n; i++)
		client->result.refused += client->in[i].msg_len <= REASON ||
			client->replies[i][REASON] != JG_REASON_OK;
	client->result.answered += n > 0 ? (unsigned)n : 0;
	return n > 0 ? (unsigned)n : 0;
}

// Keeps so many requests in flight for one window; the rate of the answers.
static double window(struct client *client)
{
	double begin = bench_now_ns();
	double heard = begin;
	unsigned long first = client->result.answered;
	unsigned flying = 0;
	double now = begin;

	while (now - begin < WINDOW_MS * 1e6) {
		if (flying + BATCH <= IN_FLIGHT) {
			ask(client, BATCH);
			flying += BATCH;
		}
		unsigned n = take(client);
		now = bench_now_ns();
		flying -= n < flying ? n : flying;
		heard = n > 0 ? now : heard;
		if (now - heard > PATIENCE_MS * 1e6) {
			flying = 0;
			heard = now;
		}
	}
	return (double)(client->result.answered - first) * 1e9 / (now - begin);
}

static void run_client(int go, int results, unsigned windows)
{
	static struct client client;
	static struct bench_samples rates;
	char byte;

	gate_must(unshare(CLONE_NEWNET) == 0, "no network namespace for the client");
	gate_must(write(results, "r", 1) == 1 && read(go, &byte, 1) == 1, "the server has gone");
	gate_must(run("ip link set jgveth1 up && ip addr add 10.0.0.2/24 dev jgveth1"),
		"the client has no address");
	gate_must(read(go, &byte, 1) == 1, "the server has gone");
	if (CPU_COUNT(&gate.others) > 0)
		(void)sched_setaffinity(0, sizeof(gate.others), &gate.others);
	client.fd = open_socket();
	for (unsigned i = 0; i < windows; i++) {
		double rate = window(&client);

		if (i > 0) // the first one also asks for the address
			bench_add(&rates, -rate);
	}
	client.result.best_rate = -bench_quantile(&rates, 0);
	client.result.median_rate = -bench_quantile(&rates, 0.5);
	gate_must(write(results, &client.result, sizeof(client.result)) ==
			(ssize_t)sizeof(client.result),
		"the server has gone");
}

// The near end: the plain server's address is the kernel's, the gate's its own.
static bool set_up_near(pid_t client, bool plain)
{
	char command[160];

	snprintf(command, sizeof(command),
		"ip link set jgveth1 netns %d && ip link set " VETH_NEAR " up%s", (int)client,
		plain ? " && ip addr add " VETH_GATE "/24 dev " VETH_NEAR : "");
	return run(command);
}

bool veth_open(struct veth *veth, bool plain, unsigned windows, const char **why)
{
	int go[2];
	int results[2];
	char ready;

	*why = "needs root: network namespaces and raw sockets";
	if (geteuid() != 0 || unshare(CLONE_NEWNET) != 0)
		return false;
	*why = "no veth here: `ip link add type veth` fails";
	if (!run("ip link add " VETH_NEAR " type veth peer name jgveth1 2>/dev/null"))
		return false;
	gate_must(pipe2(go, O_CLOEXEC) == 0 && pipe2(results, O_CLOEXEC) == 0, "no pipes");
	veth->client = fork();
	gate_must(veth->client >= 0, "no process for the client");
	if (veth->client == 0) {
		close(go[1]);
		close(results[0]);
		run_client(go[0], results[1], windows);
		_exit(0);
	}
	close(go[0]);
	close(results[1]);
	veth->go = go[1];
	veth->results = results[0];
	*why = "the veth pair could not be set up";
	if (read(veth->results, &ready, 1) != 1 || !set_up_near(veth->client, plain)) {
		veth_close(veth);
		return false;
	}
	fcntl(veth->results, F_SETFL, O_NONBLOCK);
	return write(veth->go, "u", 1) == 1;
}

void veth_go(struct veth *veth)
{
	gate_must(write(veth->go, "g", 1) == 1, "the client has gone");
}

bool veth_done(struct veth *veth, struct veth_result *result)
{
	ssize_t n = read(veth->results, result, sizeof(*result));

	gate_must(n == (ssize_t)sizeof(*result) || (n < 0 && errno == EAGAIN),
		"the client ended without a result");
	return n == (ssize_t)sizeof(*result);
}

void veth_close(struct veth *veth)
{
	close(veth->go);
	close(veth->results);
	kill(veth->client, SIGKILL);
	waitpid(veth->client, NULL, 0);
}
