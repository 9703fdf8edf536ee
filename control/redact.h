// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** Datagrams of the wire without the tokens in them. */

#include "internal/base.h"

#include <stdint.h>

/**
 * Put the fingerprint of each token in its place, in a request or a reply of the wire: "[<16 digits>]" and
 * dots, or as much of that as has room, so that lengths stay and the datagram can still be read. Padding
 * becomes zeros, as do bytes that are no fields; a copy of the token elsewhere in the datagram is
 * replaced like it. The MAC stays, and does not hold any more.
 *
 * @return the last token's fingerprint; 0: there was none
 */
uint64_t jg_redact(uint8_t *datagram, size_t len);
