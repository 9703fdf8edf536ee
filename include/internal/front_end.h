// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/**
 * Who may ask a gate: an immutable table that control builds and workers read, replaced as a whole
 * together with the snapshot. Implemented by dataplane/wire/front_end.c.
 */

#include "internal/address.h"
#include "internal/mac.h"

#include <joingate/snapshot.h>
#include <joingate/wire.h>

#include <stdbool.h>

/** Front end keys are at least this long. */
#define JG_FRONT_END_KEY_MIN 16

/** A front end as configured. Everything is copied; the key becomes midstates. */
struct jg_front_end_entry {
	uint32_t id; /**< 1..65535, as on the wire */
	uint32_t
		caller; /**< 1..JG_CALLERS_MAX - 1: jg_request.caller, jg_snapshot_builder_allow() */
	struct jg_str key; /**< JG_FRONT_END_KEY_MIN bytes or more */
	const struct jg_address *from; /**< prefixes it may ask from */
	uint32_t from_n; /**< 1.. */
};

/** A prefix as it is compared: the bits of an address that count, and what they must be. */
struct jg_source {
	uint64_t mask[2];
	uint64_t value[2];
	uint64_t family;
};

/** One front end, compiled. */
struct jg_front_end {
	struct jg_mac_key key;
	const struct jg_source *from;
	uint32_t from_n;
	uint16_t id;
	uint16_t caller;
};

struct jg_front_ends;

/**
 * Compile.
 *
 * @param insecure requests without MAC are judged too, as caller 0: an explicit setting
 * @return NULL with err filled in: an id or caller twice or out of range, a short key, no prefix,
 *         memory ran out
 */
JG_MUST_CHECK struct jg_front_ends *jg_front_ends_new(
	const struct jg_front_end_entry *entries, unsigned n, bool insecure, struct jg_error *err);

/** Wipe and free; NULL is allowed. No worker may still read it. */
void jg_front_ends_free(struct jg_front_ends *front_ends);

/** How many there are. */
unsigned jg_front_ends_count(const struct jg_front_ends *front_ends);

/** Are requests without a front end judged too? jg_front_ends_admit() has nothing against them then. */
bool jg_front_ends_insecure(const struct jg_front_ends *front_ends);

/** The front end of this id, or NULL. Any thread. */
const struct jg_front_end *jg_front_ends_find(const struct jg_front_ends *front_ends, unsigned id);

/**
 * May this request be judged, as far as id and source tell? The MAC is still to be checked.
 *
 * @param source where the packet came from; an IPv4 prefix never matches an IPv6 packet
 * @param[out] found its front end; NULL with JG_WIRE_FATE_OK: unauthenticated, the gate is insecure
 * @return JG_WIRE_FATE_OK, JG_WIRE_FATE_FRONT_END or JG_WIRE_FATE_SOURCE
 */
JG_MUST_CHECK enum jg_wire_fate jg_front_ends_admit(const struct jg_front_ends *front_ends,
	const struct jg_wire_request *wire, unsigned family, const uint8_t source[16],
	const struct jg_front_end **found);
