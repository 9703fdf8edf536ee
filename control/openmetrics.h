// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** Figures as text for Prometheus. */

#include "figures.h"

enum jg_exposition {
	JG_EXPOSITION_TEXT, // Prometheus' own text format 0.0.4
	JG_EXPOSITION_OPENMETRICS, // OpenMetrics 1.0.0
};

/** @return length of *text, to be freed with free(); 0 when memory ran out */
JG_MUST_CHECK size_t jg_openmetrics_render(
	const struct jg_figures *figures, enum jg_exposition exposition, char **text);
