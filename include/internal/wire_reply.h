// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** Replies to what nearly all requests are. */

#include <joingate/wire.h>

#define JG_WIRE_LONE_TOKEN (JG_WIRE_HEADER + 4) /**< where it is without a field before it */

/** Came the token alone? A verdict of jg_verify_burst() repeats the identity or room it was asked with and nothing of
 * the token as that was sent, so that none of its strings lies in the datagram of such a request. */
static inline bool jg_wire_is_lone(const struct jg_wire_request *wire)
{
	return wire->token_at == JG_WIRE_LONE_TOKEN;
}

/** jg_wire_reply_build() for a verdict none of whose strings lies where the reply is going to be. */
size_t jg_wire_reply_build_apart(const struct jg_wire_request *wire,
	const struct jg_verdict *verdict, struct jg_str token, uint8_t *out, size_t size);
