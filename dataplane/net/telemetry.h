// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** The gate's figures for DPDK's own telemetry client: /joingate/stats, /joingate/verdicts and so on. */

struct jg_gate;

/** The gate is borrowed until jg_telemetry_stop(). */
void jg_telemetry_start(const struct jg_gate *gate);
/** No answer is being written any more when this returns. */
void jg_telemetry_stop(const struct jg_gate *gate);
