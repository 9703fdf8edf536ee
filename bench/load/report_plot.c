// SPDX-License-Identifier: BSD-3-Clause
#include "report_plot.h"

#include "figures.h"

#include <math.h>

// Small enough that letters stay legible when a phone scales it to its width.
#define WIDTH 420.0
#define HEIGHT 220.0
#define LEFT 56.0
#define RIGHT 22.0 // half a label
#define TOP 8.0
#define BOTTOM 22.0
#define ALONE 10.0 // a point without neighbours becomes a stroke so long

void plot_escape(FILE *out, const char *text)
{
	for (; *text != '\0'; text++) {
		switch (*text) {
		case '<':
			fputs("&lt;", out);
			break;
		case '>':
			fputs("&gt;", out);
			break;
		case '&':
			fputs("&amp;", out);
			break;
		case '"':
			fputs("&quot;", out);
			break;
		case '\'':
			fputs("&#39;", out);
			break;
		default:
			fputc(*text, out);
			break;
		}
	}
}

void plot_name(FILE *out, const char *name)
{
	for (; *name != '\0'; name++) {
		const char letter[2] = {*name, '\0'};
		plot_escape(out, letter);
		if (*name == '_')
			fputs("<wbr>", out);
	}
}

static double share_of(const struct plot_axis *axis, double value)
{
	double share = axis->logarithmic
		? log(fmax(value, axis->from) / axis->from) / log(axis->to / axis->from)
		: (value - axis->from) / (axis->to - axis->from);
	return share < 0 ? 0 : share > 1 ? 1 : share;
}

static double x_of(const struct plot *p, double value)
{
	return LEFT + share_of(&p->x, value) * (WIDTH - LEFT - RIGHT);
}

static double y_of(const struct plot *p, double value)
{
	return HEIGHT - BOTTOM - share_of(&p->y, value) * (HEIGHT - TOP - BOTTOM);
}

static void grid_line(const struct plot *p, double value, bool times)
{
	const double y = y_of(p, value);
	const struct figure label = times ? figure_time(value) : figure_count(value);
	fprintf(p->out, "<line class=grid x1=%.1f x2=%.1f y1=%.1f y2=%.1f />", LEFT, WIDTH - RIGHT,
		y, y);
	fprintf(p->out, "<text x=%.1f y=%.1f text-anchor=end>%s</text>\n", LEFT - 4, y + 3.5,
		label.text);
}

// 1, 2 or 5 times a power of ten, so that there are about n of them.
static double step_of(double length, double n)
{
	const double power = pow(10, floor(log10(length / n)));
	const double rest = length / n / power;
	return power * (rest <= 1 ? 1 : rest <= 2 ? 2 : rest <= 5 ? 5 : 10);
}

void plot_begin(const struct plot *p, const char *title, const char *note, bool times)
{
	fprintf(p->out, "<figure><h2>%s</h2><p class=note>%s</p>\n", title, note);
	fprintf(p->out, "<svg viewBox=\"0 0 %.0f %.0f\" role=img aria-label=\"%s\">\n", WIDTH,
		HEIGHT, title);
	if (p->y.logarithmic) {
		for (double value = p->y.from; value <= p->y.to * 1.001; value *= 10)
			grid_line(p, value, times);
		return;
	}
	const double step = step_of(p->y.to - p->y.from, 4);
	for (double value = p->y.from; value <= p->y.to * 1.001; value += step)
		grid_line(p, value, times);
}

static void x_label(const struct plot *p, double value, const char *text)
{
	const double x = x_of(p, value);
	fprintf(p->out, "<line class=grid x1=%.1f x2=%.1f y1=%.1f y2=%.1f />", x, x, TOP,
		HEIGHT - BOTTOM);
	fprintf(p->out, "<text x=%.1f y=%.1f text-anchor=middle>%s</text>\n", x,
		HEIGHT - BOTTOM + 14, text);
}

void plot_seconds(const struct plot *p)
{
	const double step = step_of(p->x.to - p->x.from, 6);
	for (double value = p->x.from; value <= p->x.to * 1.001; value += step) {
		char text[32];
		snprintf(text, sizeof(text), "%g s", value);
		x_label(p, value, text);
	}
}

void plot_percentiles(const struct plot *p)
{
	static const char *const labels[] = {"0 %", "90 %", "99 %", "99.9 %", "99.99 %", "99.999 %",
		"6 nines", "7 nines", "8 nines", "9 nines"};
	double value = 1;
	for (unsigned i = 0; i < sizeof(labels) / sizeof(labels[0]); i++, value *= 10)
		if (value <= p->x.to)
			x_label(p, value, labels[i]);
}

void plot_line(
	const struct plot *p, const double *x, const double *y, unsigned n, const char *style)
{
	bool drawn = false;
	fprintf(p->out, "<path class=%s d=\"", style);
	for (unsigned i = 0; i < n; i++) {
		const bool there = !p->y.logarithmic || y[i] > 0;
		const bool ends = i + 1 == n || (p->y.logarithmic && y[i + 1] <= 0);
		const bool alone = there && !drawn && ends;
		if (there)
			fprintf(p->out, "%c%.1f %.1f", drawn ? 'L' : 'M',
				x_of(p, x[i]) - (alone ? ALONE / 2 : 0), y_of(p, y[i]));
		if (alone)
			fprintf(p->out, "h%.0f", ALONE);
		drawn = there;
	}
	fputs("\" />\n", p->out);
}

static void box(const struct plot *p, const double b[4])
{
	const double x = x_of(p, b[0]);
	const double y = y_of(p, b[3]);
	fprintf(p->out, " x=%.2f y=%.1f width=%.2f height=%.1f />\n", x, y, x_of(p, b[1]) - x,
		y_of(p, b[2]) - y);
}

void plot_box(const struct plot *p, double x0, double x1, double y0, double y1, const char *style)
{
	const double b[4] = {x0, x1, y0, y1};
	fprintf(p->out, "<rect class=%s", style);
	box(p, b);
}

void plot_shade(const struct plot *p, const double b[4], double opacity)
{
	fprintf(p->out, "<rect class=heat fill-opacity=%.2f", opacity);
	box(p, b);
}

void plot_end(const struct plot *p, const char *const *names, const char *const *styles, unsigned n)
{
	fputs("</svg><figcaption>", p->out);
	for (unsigned i = 0; i < n; i++)
		fprintf(p->out, "<span class=key><i class=%s></i>%s</span> ", styles[i], names[i]);
	fputs("</figcaption></figure>\n", p->out);
}
