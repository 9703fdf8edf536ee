// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/**
 * The HTTP side of watching: /metrics, /livez, /readyz, /stats.json and the page at /. Answers GET and
 * HEAD, changes nothing. One thread of its own; connections, times and memory are bounded.
 */

#include "control.h"

struct jg_metrics;

struct jg_metrics_options {
	struct jg_control *control; // outlives the server
	struct jg_address listen; // port 0: any free one
	const struct jg_str *hosts; // more names that a request's Host may have
	uint32_t hosts_n;
};

JG_MUST_CHECK struct jg_metrics *jg_metrics_start(
	const struct jg_metrics_options *options, struct jg_error *err);
/** NULL is allowed. */
void jg_metrics_stop(struct jg_metrics *metrics);

/** Where it listens. */
uint16_t jg_metrics_port(const struct jg_metrics *metrics);
