// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** A veth pair between two network namespaces, and a client in the far one: for bench_veth. */

#include <stdbool.h>
#include <sys/types.h>

#define VETH_NEAR "jgveth0"
#define VETH_GATE "10.0.0.1"

struct veth {
	pid_t client;
	int go; /**< a byte: start asking */
	int results; /**< struct veth_result */
};

struct veth_result {
	double best_rate; /**< requests answered in a second, best window */
	double median_rate;
	unsigned long asked;
	unsigned long answered;
	unsigned long refused; /**< answers that do not admit */
};

/**
 * Enter a network namespace of our own with one end of a new veth pair; fork the client into another one
 * with the other end. False with why filled in: no right to, or `ip` is missing.
 */
bool veth_open(struct veth *veth, bool plain, unsigned windows, const char **why);
/** Let the client ask. */
void veth_go(struct veth *veth);
/** Has it finished? Then its result is there. */
bool veth_done(struct veth *veth, struct veth_result *result);
void veth_close(struct veth *veth);
