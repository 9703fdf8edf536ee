// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** The member's side of internal/witness.h: which of a burst's verdicts control is told about. */

#include "internal/witness.h"

struct jg_judge;

/** Private to a member. */
struct jg_sampler {
	int64_t second; /**< that what is left counts for */
	uint32_t left[JG_REASON_COUNT]; /**< refusals to tell in it */
	uint64_t skipped[JG_REASON_COUNT]; /**< since the last note */
	unsigned captured_n; /**< requests of the burst that are captured */
	uint16_t captured[JG_BURST_MAX]; /**< their places among the live ones */
};

/** Spools for one member; 0 or negative errno with err filled in. */
JG_MUST_CHECK int jg_witness_init(struct jg_witness *witness, struct jg_error *err);
void jg_witness_fini(struct jg_witness *witness);

/** After the verdicts and before the replies, which may overwrite the requests. */
void jg_witness_verdicts(struct jg_judge *judge, unsigned refused, int64_t now);

/** After the replies. */
void jg_witness_replies(struct jg_judge *judge);
