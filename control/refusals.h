// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/**
 * Refused joins as lines of the log: what the members tell through their witnesses, at most log.refusals
 * of one reason in one second; the next line of a reason says how many were left out. Control thread.
 */

#include "engine.h"

/** Start with {0}. */
struct jg_refusals {
	int64_t second; // that what is left counts for
	uint32_t limit; // and what there was in the beginning: a reload may have changed it
	uint32_t left[JG_REASON_COUNT];
	uint64_t skipped[JG_REASON_COUNT]; // told by members and not logged
};

/** Take over the settings log.*: once the members are there, and after a reload. */
void jg_refusals_apply(const struct jg_engine *engine);

/** Log what has come. @param now seconds since the Unix epoch */
void jg_refusals_turn(struct jg_refusals *refusals, const struct jg_engine *engine, int64_t now);

/** A note's rule in words; nothing in it comes from a token. @return text */
const char *jg_note_detail(const struct jg_note *note, char *text, size_t size);
