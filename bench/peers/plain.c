// SPDX-License-Identifier: BSD-3-Clause
#include "plain.h"

#include "bench.h"
#include "gate_world.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>

#define DATAGRAM_MAX 2048

struct plain {
	int fd;
	struct jg_verifier *verifier;
	struct mmsghdr messages[GATE_BURST];
	struct iovec vectors[GATE_BURST];
	struct sockaddr_in from[GATE_BURST];
	uint8_t bytes[GATE_BURST][DATAGRAM_MAX];
	struct jg_wire_request wires[GATE_BURST];
	struct jg_request requests[GATE_BURST];
	struct jg_verdict verdicts[GATE_BURST];
	unsigned place[GATE_BURST]; // of each request's message
};

struct plain *plain_open(void)
{
	static struct plain plain;
	struct jg_error err = {.text = ""};
	struct sockaddr_in here = {.sin_family = AF_INET, .sin_port = htons(JG_WIRE_PORT)};
	struct timeval moment = {.tv_usec = 2000};
	int room = 4 << 20;

	plain.fd = socket(AF_INET, SOCK_DGRAM, 0);
	gate_must(plain.fd >= 0 && bind(plain.fd, (struct sockaddr *)&here, sizeof(here)) == 0,
		"the plain server has no socket");
	setsockopt(plain.fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
	setsockopt(plain.fd, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room));
	setsockopt(plain.fd, SOL_SOCKET, SO_RCVTIMEO, &moment, sizeof(moment));
	plain.verifier = jg_verifier_new(NULL, &err);
	gate_must(plain.verifier != NULL, err.text);
	return &plain;
}

static void aim(struct plain *plain, unsigned i, size_t len)
{
	plain->vectors[i] = (struct iovec){plain->bytes[i], len};
	plain->messages[i].msg_hdr = (struct msghdr){.msg_name = &plain->from[i],
		.msg_namelen = sizeof(plain->from[i]),
		.msg_iov = &plain->vectors[i],
		.msg_iovlen = 1};
}

unsigned plain_poll(struct plain *plain)
{
	unsigned live = 0;

	for (unsigned i = 0; i < GATE_BURST; i++)
		aim(plain, i, DATAGRAM_MAX);
	int n = recvmmsg(plain->fd, plain->messages, GATE_BURST, MSG_WAITFORONE, NULL);
	for (int i = 0; i < n; i++) {
		plain->place[live] = (unsigned)i;
		if (jg_wire_request_parse(plain->bytes[i], plain->messages[i].msg_len,
			    &plain->wires[live], &plain->requests[live]) == JG_WIRE_FATE_OK &&
			plain->wires[live].type != JG_WIRE_PING)
			live++;
	}
	if (live == 0)
		return 0;
	jg_verify_burst(plain->verifier, gate.snapshot, (int64_t)time(NULL), plain->requests,
		plain->verdicts, live);
	for (unsigned i = 0; i < live; i++) {
		unsigned from = plain->place[i];
		size_t len = jg_wire_reply_build(&plain->wires[i], &plain->verdicts[i],
			(struct jg_str){NULL, 0}, plain->bytes[from], DATAGRAM_MAX);

		plain->from[i] = plain->from[from];
		aim(plain, i, len);
		plain->vectors[i].iov_base = plain->bytes[from];
	}
	int sent = sendmmsg(plain->fd, plain->messages, live, 0);
	return sent > 0 ? (unsigned)sent : 0;
}
