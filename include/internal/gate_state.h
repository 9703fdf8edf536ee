// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** What a worker judges by, as one: the payload of JG_MESSAGE_SNAPSHOT. Immutable once sent. */

#include <stdatomic.h>
#include <stdint.h>

struct jg_front_ends;
struct jg_snapshot;

/**
 * Control's in all its parts: wiped and freed by control, with jg_snapshot_free() and
 * jg_front_ends_free(), when every worker has acknowledged a later epoch. Consecutive states may
 * share a part that did not change; control keeps count.
 */
struct jg_gate_state {
	const struct jg_snapshot *snapshot;
	const struct jg_front_ends *front_ends;
	/** Nanoseconds of CLOCK_BOOTTIME beyond which every request is overloaded; NULL = for ever. Moves
	 * while the state is in use, without any message: a control thread that hangs extends nothing.
	 * It outlives every state. */
	const _Atomic int64_t *admit_until;
};
