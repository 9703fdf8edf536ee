// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** Figures as JSON: `joingatectl stats --json` and the web page. */

#include "figures.h"

#include <jansson.h>

/** Put members into an object. */
void jg_figures_json(const struct jg_figures *figures, json_t *object);
