// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/**
 * What nearly all frames are: IPv4 without options or fragments, no VLAN tag, UDP from some port to ours. The
 * short way for them decides nothing that jg_frame_parse() would decide otherwise, and leaves it the rest.
 */

#include "frame.h"

/** When all of an interface is set: what plain frames to it begin with. Before, none is plain. */
void jg_plain_prepare(struct jg_interface *port);

/**
 * Parse a plain frame, to what jg_frame_parse() finds in it.
 *
 * @return the frame is a MESSAGE; false: ask jg_frame_parse(), this one has found nothing
 */
JG_MUST_CHECK bool jg_plain_parse(const struct jg_interface *port, const uint8_t *bytes,
	uint32_t len, unsigned checked, struct jg_frame *frame);
