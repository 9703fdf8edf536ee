// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** A verifier that is not ours: peer.c measures it, one of the peers' files says what it does. */

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define PEER_NOW 1800000000

extern const char peer_name[];

/** secret lives as long as the process. */
bool peer_open(const char *key, const char *secret);

/** Does the token admit? NUL-terminated as well. */
bool peer_verify(const char *token, size_t len);
