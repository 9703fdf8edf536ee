// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** The run while it runs: a picture for terminals, a line a second for everything else. */

#include "run.h"

#define VIEW_HISTORY 48

struct view {
	struct watcher watcher; // first
	FILE *out;
	bool terminal;
	bool quiet;
	unsigned lines; // drawn so far, to be drawn over
	double rates[VIEW_HISTORY]; // of the last seconds
	unsigned rates_n;
	const volatile int *stop; // set by a signal: end the run
};

void view_init(struct view *view, FILE *out, bool terminal, bool quiet, const volatile int *stop);

/** For tests: what the watcher does. */
void view_draw(struct view *view, const struct moment *moment);
void view_line(struct view *view, const struct moment *moment);
