// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** What a worker judges by, as one: the payload of JG_MESSAGE_SNAPSHOT. Immutable once sent. */

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
};
