// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** Plots as inline SVG, coloured by the page's style sheet. */

#include <stdbool.h>
#include <stdio.h>

struct plot_axis {
	double from;
	double to;
	bool logarithmic; // then from > 0
};

struct plot {
	FILE *out;
	struct plot_axis x;
	struct plot_axis y;
};

/** Text where markup is read. */
void plot_escape(FILE *out, const char *text);
/** The same for a name of ours, which may be broken where its words end. */
void plot_name(FILE *out, const char *name);

/** Opens the figure: heading, one line on what it shows, grid and the labels of y. Labels of time
 * when `times`, of counts else. */
void plot_begin(const struct plot *plot, const char *title, const char *note, bool times);
/** Labels of x: seconds. */
void plot_seconds(const struct plot *plot);
/** Labels of x, an axis of 1 / (1 - share): percentiles. */
void plot_percentiles(const struct plot *plot);
/** A line of n points; on a logarithmic axis there is none where y is 0. @param style its class */
void plot_line(
	const struct plot *plot, const double *x, const double *y, unsigned n, const char *style);
/** A rectangle in the axes' units, cut to them. */
void plot_box(
	const struct plot *plot, double x0, double x1, double y0, double y1, const char *style);
/** The same with an opacity, 0..1. */
void plot_shade(const struct plot *plot, const double box[4], double opacity);
/** Closes it: names of the lines, by class. */
void plot_end(
	const struct plot *plot, const char *const *names, const char *const *styles, unsigned n);
