// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** Verdicts by app, for a bounded number of apps. Control thread only. */

#include "figures.h"

struct jg_app_figures;
JG_MUST_CHECK struct jg_app_figures *jg_app_figures_new(void);
void jg_app_figures_free(struct jg_app_figures *apps);

/**
 * Fill in figures->app and figures->key. The row of the others never falls: an app that gets a row of
 * its own takes with it only what it counts from then on.
 */
void jg_app_figures_gather(
	struct jg_app_figures *apps, const struct jg_engine *engine, struct jg_figures *figures);
