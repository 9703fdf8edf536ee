// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** The packet path built once more, under other names and without counting; see meson.build. */

#include "worker.h"

JG_MUST_CHECK struct jg_worker *jg_worker_new_uncounted(
	const struct jg_worker_options *options, struct jg_error *err);
void jg_worker_free_uncounted(struct jg_worker *worker);
bool jg_worker_poll_uncounted(struct jg_worker *worker);
