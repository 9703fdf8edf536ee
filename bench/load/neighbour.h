// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** Asking a link for the Ethernet address of the gate: ARP and IPv6 neighbour discovery, as bytes. */

#include "frame.h"

/** Bytes of the longest question. */
#define NEIGHBOUR_QUESTION_MAX (14 + 40 + 32)

/**
 * Ask who has to->source, as to->target. Needs NEIGHBOUR_QUESTION_MAX bytes.
 * Source: RFC 826; RFC 4861 section 4.3. @return length of the frame
 */
uint32_t neighbour_ask(const struct jg_interface *port, const struct jg_frame *to, uint8_t *frame);

/** Is this frame the answer? Then the address is in mac. */
bool neighbour_told(const struct jg_interface *port, const struct jg_frame *to,
	const uint8_t *frame, uint32_t len, uint8_t mac[6]);
