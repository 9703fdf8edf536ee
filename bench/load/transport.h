// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** How datagrams travel. One thread each. */

#include "internal/base.h"

#include <stdint.h>

#define TRANSPORT_BURST 64

struct packet {
	uint8_t *bytes;
	uint32_t len;
};

struct transport_figures {
	uint64_t refused; // errors that came back: nobody listens, no neighbour
	uint64_t blocked; // sends that the kernel or the port had no room for, tried again
	uint64_t dropped; // arrived here and lost: the receive queue was full
};

struct transport;

struct transport_ops {
	/** Hand over packets, in order. @return how many were taken; the others later again */
	unsigned (*send)(struct transport *transport, const struct packet *packets, unsigned n);
	/** What has arrived, at most TRANSPORT_BURST; bytes are ours until the next call. */
	unsigned (*receive)(struct transport *transport, struct packet *packets);
	/** Sleep until something arrives, or so many nanoseconds. */
	void (*wait)(struct transport *transport, uint64_t nanoseconds);
	/** Any thread. */
	void (*figures)(const struct transport *transport, struct transport_figures *figures);
	void (*close)(struct transport *transport);
};

/** The first member of each kind of transport. */
struct transport {
	const struct transport_ops *ops;
};

struct target;

/** A UDP socket of the kernel's. NULL with err. */
JG_MUST_CHECK struct transport *transport_socket_open(
	const struct target *target, struct jg_error *err);

/** A socket on loopback that hears itself. NULL with err. */
JG_MUST_CHECK struct transport *transport_echo_open(struct jg_error *err);
