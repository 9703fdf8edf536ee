// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** A plain UDP server with the same core: recvmmsg(), judge, sendmmsg(). What kernel bypass is compared
 * with. */

struct plain;

struct plain *plain_open(void);
/** Answer what has come, waiting for a moment; how many. */
unsigned plain_poll(struct plain *plain);
