// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** The figures for DPDK's telemetry socket: those of stats --json under flat names. */

#include "figures.h"

/**
 * Tell a topic: state, service, stages, top, keys, or stats (of one member, its counters aside).
 *
 * @param first row of a list; a few follow, and "rows" says how many there are
 */
void jg_tell(const struct jg_figures *figures, const char *topic, const char *member,
	unsigned first, struct jg_gate_told *told);

/** The same of a struct jg_control, at this moment: the tell() of a jg_gate_teller. */
void jg_control_tell(void *control, const char *topic, const char *member, unsigned first,
	struct jg_gate_told *told);
