// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** Figures from the control thread to those who render them. */

#include "figures.h"

struct jg_watch;

JG_MUST_CHECK struct jg_watch *jg_watch_new(const struct jg_engine *engine, struct jg_error *err);
void jg_watch_free(struct jg_watch *watch);

/** Before the control thread starts. Borrowed. */
void jg_watch_ports(struct jg_watch *watch, const struct jg_control_ports *ports);

/** Gather if somebody waits for it, and log links that come or go. Control thread. */
void jg_watch_turn(struct jg_watch *watch);

/** Gather now. Control thread; NULL when memory ran out, else free() it. */
JG_MUST_CHECK struct jg_figures *jg_watch_gather(struct jg_watch *watch);

/** Somebody will wait: call before waking the control thread. */
void jg_watch_want(struct jg_watch *watch);

/** The figures that the control thread gathers now, or the last ones where it does not answer within
 * half a second. Any other thread. */
void jg_watch_read(struct jg_watch *watch, struct jg_figures *figures);
