// SPDX-License-Identifier: BSD-3-Clause
// Datagrams over a connected UDP socket, many a system call.
#include "internal/counters.h"
#include "target.h"
#include "transport.h"

#include <joingate/wire.h>

#include <arpa/inet.h>
#include <errno.h>
#include <linux/sock_diag.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#define QUEUE_BYTES (64 * 1024 * 1024)
#define SLOT (JG_WIRE_DATAGRAM_MAX + 8)
#define TRIES 4 // at a datagram that errors of earlier ones come back for

struct socket_transport {
	struct transport base;
	int fd;
	jg_count refused;
	jg_count blocked;
	struct mmsghdr out[TRANSPORT_BURST];
	struct iovec out_bytes[TRANSPORT_BURST];
	struct mmsghdr in[TRANSPORT_BURST];
	struct iovec in_bytes[TRANSPORT_BURST];
	uint8_t slots[TRANSPORT_BURST][SLOT];
};

static unsigned send_packets(struct transport *base, const struct packet *packets, unsigned n)
{
	struct socket_transport *t = (struct socket_transport *)base;
	unsigned errors = 0;
	for (unsigned i = 0; i < n; i++)
		t->out_bytes[i] =
			(struct iovec){.iov_base = packets[i].bytes, .iov_len = packets[i].len};
	for (unsigned taken = 0; taken < n;) {
		const int sent = sendmmsg(t->fd, t->out + taken, n - taken, MSG_DONTWAIT);
		if (sent > 0) {
			taken += (unsigned)sent;
			errors = 0;
		} else if (errno == EAGAIN || errno == ENOBUFS) {
			jg_count_add(&t->blocked, 1);
			return taken;
		} else {
			// An earlier datagram's error; this one may do, else it counts as lost.
			jg_count_add(&t->refused, 1);
			taken += ++errors % TRIES == 0;
		}
	}
	return n;
}

static unsigned receive_packets(struct transport *base, struct packet *packets)
{
	struct socket_transport *t = (struct socket_transport *)base;
	const int n = recvmmsg(t->fd, t->in, TRANSPORT_BURST, MSG_DONTWAIT, NULL);
	if (n < 0) {
		if (errno != EAGAIN && errno != EINTR)
			jg_count_add(&t->refused, 1);
		return 0;
	}
	for (int i = 0; i < n; i++)
		packets[i] = (struct packet){.bytes = t->slots[i], .len = t->in[i].msg_len};
	return (unsigned)n;
}

static void wait_packets(struct transport *base, uint64_t nanoseconds)
{
	struct socket_transport *t = (struct socket_transport *)base;
	struct pollfd ready = {.fd = t->fd, .events = POLLIN};
	const struct timespec time = {.tv_sec = (time_t)(nanoseconds / 1000000000),
		.tv_nsec = (long)(nanoseconds % 1000000000)};
	(void)ppoll(&ready, 1, &time, NULL);
}

static void read_figures(const struct transport *base, struct transport_figures *figures)
{
	const struct socket_transport *t = (const struct socket_transport *)base;
	uint32_t memory[SK_MEMINFO_VARS] = {0};
	socklen_t len = sizeof(memory);
	*figures = (struct transport_figures){
		.refused = jg_count_read(&t->refused), .blocked = jg_count_read(&t->blocked)};
	if (getsockopt(t->fd, SOL_SOCKET, SO_MEMINFO, memory, &len) == 0)
		figures->dropped = memory[SK_MEMINFO_DROPS];
}

static void close_socket(struct transport *base)
{
	struct socket_transport *t = (struct socket_transport *)base;
	if (t->fd >= 0)
		close(t->fd);
	free(t);
}

static const struct transport_ops ops = {.send = send_packets,
	.receive = receive_packets,
	.wait = wait_packets,
	.figures = read_figures,
	.close = close_socket};

static struct socket_transport *open_socket(int family, struct jg_error *err)
{
	const int bytes = QUEUE_BYTES;
	struct socket_transport *t = calloc(1, sizeof(*t));
	if (t == NULL) {
		jg_error_set(err, "no memory for a socket's buffers");
		return NULL;
	}
	t->base.ops = &ops;
	for (unsigned i = 0; i < TRANSPORT_BURST; i++) {
		t->in_bytes[i] = (struct iovec){.iov_base = t->slots[i], .iov_len = SLOT};
		t->in[i].msg_hdr = (struct msghdr){.msg_iov = &t->in_bytes[i], .msg_iovlen = 1};
		t->out[i].msg_hdr = (struct msghdr){.msg_iov = &t->out_bytes[i], .msg_iovlen = 1};
	}
	t->fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (t->fd < 0) {
		jg_error_set(err, "no socket: %s", strerror(errno));
		free(t);
		return NULL;
	}
	// Root may have more than the limit of the machine; others take what they get.
	if (setsockopt(t->fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)) != 0)
		(void)setsockopt(t->fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
	if (setsockopt(t->fd, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof(bytes)) != 0)
		(void)setsockopt(t->fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
	return t;
}

struct socket_way {
	struct way base;
	const struct target *target;
};

static struct transport *open_to_target(struct way *way, unsigned sender, struct jg_error *err)
{
	const struct target *target = ((struct socket_way *)way)->target;
	struct socket_transport *t = open_socket(target->address.ss_family, err);
	(void)sender;
	if (t == NULL)
		return NULL;
	if (connect(t->fd, (const struct sockaddr *)(const void *)&target->address, target->len) ==
		0)
		return &t->base;
	jg_error_set(err, "%s cannot be reached: %s", target->text, strerror(errno));
	close_socket(&t->base);
	return NULL;
}

static struct transport *open_to_itself(struct way *way, struct jg_error *err)
{
	struct sockaddr_in self = {
		.sin_family = AF_INET, .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
	socklen_t len = sizeof(self);
	struct socket_transport *t = open_socket(AF_INET, err);
	(void)way;
	if (t == NULL)
		return NULL;
	if (bind(t->fd, (struct sockaddr *)(void *)&self, len) == 0 &&
		getsockname(t->fd, (struct sockaddr *)(void *)&self, &len) == 0 &&
		connect(t->fd, (struct sockaddr *)(void *)&self, len) == 0)
		return &t->base;
	jg_error_set(err, "no socket on loopback: %s", strerror(errno));
	close_socket(&t->base);
	return NULL;
}

static void close_way(struct way *way)
{
	free(way);
}

static const struct way_ops way_ops = {
	.open = open_to_target, .echo = open_to_itself, .close = close_way};

struct way *way_socket_open(const struct target *target, struct jg_error *err)
{
	struct socket_way *way = calloc(1, sizeof(*way));
	if (way == NULL) {
		jg_error_set(err, "no memory");
		return NULL;
	}
	*way = (struct socket_way){
		.base = {.ops = &way_ops, .text = "a kernel socket"}, .target = target};
	return &way->base;
}
