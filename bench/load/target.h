// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** Where the load goes, and whether it may. */

#include "internal/address.h"
#include "internal/base.h"

#include <sys/socket.h>

#define TARGET_ALLOW_MAX 16

struct target {
	struct sockaddr_storage address;
	socklen_t len;
	char text[80]; // "10.0.0.1:7600"
	const char *why; // it may: "loopback", ...
};

/** "ADDRESS", "ADDRESS:PORT" or "[ADDRESS]:PORT"; numbers only. 0, or -EINVAL with err. */
JG_MUST_CHECK int target_parse(struct target *target, const char *text, struct jg_error *err);

/**
 * May it be loaded? Loopback, an address of this machine, a neighbour on a virtual link of a
 * namespace without a way out, or one that was named.
 *
 * @param allow "ADDRESS" or "ADDRESS/BITS", n of them
 * @return 0, -EPERM, or -EINVAL for an entry that is no address; err says more
 */
JG_MUST_CHECK int target_check(
	struct target *target, const char *const *allow, unsigned n, struct jg_error *err);

/** The first of our addresses that can talk to it; NULL: none is of its family. */
const struct jg_address *target_address(
	const struct target *target, const struct jg_address *own, unsigned n);

/** A port that the kernel does not route for. */
struct target_link {
	const char *device; // a network interface, or any other name
	bool closed; // a device that has no wire by its kind
	const struct jg_address *own; // our address on it, with its prefix
};

/** The same for a gate on the link of a port: the link must be virtual, in a namespace without a way
 * out, and the gate a private neighbour on it, unless it was named. */
JG_MUST_CHECK int target_check_link(struct target *target, const struct target_link *link,
	const char *const *allow, unsigned n, struct jg_error *err);
