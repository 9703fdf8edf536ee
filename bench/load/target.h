// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** Where the load goes, and whether it may. */

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
