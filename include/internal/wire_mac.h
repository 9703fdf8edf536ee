// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/**
 * MACs of requests and replies as jobs for jg_mac_burst(), for a gate that computes them in batches:
 *
 *     parse -> jg_front_ends_admit() -> jg_wire_request_mac_job() -> jg_mac_burst() ->
 *     jg_wire_request_mac_holds() -> jg_verify_burst() -> jg_wire_reply_build() ->
 *     jg_wire_reply_mac_job() -> jg_mac_burst() -> jg_wire_mac_store()
 */

#include "internal/mac.h"

#include <joingate/wire.h>

#include <stdbool.h>

/** Scratch bytes that one request's MAC job takes at most; typically 128. */
#define JG_WIRE_MAC_SCRATCH                                                                     \
	((JG_WIRE_HEADER + 5 * 4 + JG_WIRE_APP_MAX + 3 * JG_WIRE_STRING_MAX + JG_WIRE_BINDING + \
		 JG_CACHE_LINE - 1) /                                                           \
		JG_CACHE_LINE * JG_CACHE_LINE)

/**
 * The job of a request that jg_wire_request_parse() accepted, front end not 0.
 *
 * @param scratch room for JG_WIRE_MAC_SCRATCH bytes that live as long as the job; tokens that are
 *                bound as a whole need none, the message is the datagram itself then
 * @return scratch bytes used, whole cache lines: give the next request what follows, so that a burst stays
 *         dense and, where the first one's are aligned, no lane of the MACs reads across two lines
 */
size_t jg_wire_request_mac_job(const struct jg_wire_request *wire, const struct jg_mac_key *key,
	uint8_t *scratch, struct jg_mac_job *job);

/** Is the job's digest the MAC that the request carries? Constant time. */
JG_MUST_CHECK bool jg_wire_request_mac_holds(
	const struct jg_wire_request *wire, const struct jg_mac_job *job);

/** The job of a reply as jg_wire_reply_build() left it; the reply itself is the message. */
void jg_wire_reply_mac_job(
	const uint8_t *reply, size_t len, const struct jg_mac_key *key, struct jg_mac_job *job);

/** Put the job's digest, truncated, at the end of a datagram. */
void jg_wire_mac_store(uint8_t *datagram, size_t len, const struct jg_mac_job *job);
