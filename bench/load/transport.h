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
	/** The thread that uses it calls these first and last. NULL: nothing to do. */
	void (*enter)(struct transport *transport);
	void (*leave)(struct transport *transport);
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

/** How a run's transports come about; outlives them. One thread. */
struct way {
	const struct way_ops *ops;
	char text[128]; // "a kernel socket", "port veth1 (net_af_packet)"
};

struct way_ops {
	/** The transport of one sender. NULL with err. */
	struct transport *(*open)(struct way *way, unsigned sender, struct jg_error *err);
	/** One that hears itself, for the generator to measure itself with. NULL with err. */
	struct transport *(*echo)(struct way *way, struct jg_error *err);
	/** Share of its time that the gate worked since the last call, 0..1; negative: not known.
	 * NULL: never known. */
	double (*gate_busy)(struct way *way);
	void (*close)(struct way *way);
};

struct target;

/** Over UDP sockets of the kernel's. The target is borrowed. NULL with err. */
JG_MUST_CHECK struct way *way_socket_open(const struct target *target, struct jg_error *err);
