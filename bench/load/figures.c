// SPDX-License-Identifier: BSD-3-Clause
#include "figures.h"

#include "internal/base.h"

#include <stdio.h>

// Three significant digits.
static struct figure three(double value, const char *unit)
{
	struct figure f;
	snprintf(f.text, sizeof(f.text), "%.*f%s",
		value >= 100	      ? 0
			: value >= 10 ? 1
				      : 2,
		value, unit);
	return f;
}

struct figure figure_time(double ns)
{
	if (ns < 999.5)
		return three(ns, " ns");
	if (ns < 999.5e3)
		return three(ns / 1e3, " us");
	if (ns < 999.5e6)
		return three(ns / 1e6, " ms");
	return three(ns / 1e9, " s");
}

struct figure figure_count(double n)
{
	struct figure f;
	if (n >= 999.5e6)
		return three(n / 1e9, "G");
	if (n >= 999.5e3)
		return three(n / 1e6, "M");
	if (n >= 9999.5)
		return three(n / 1e3, "k");
	snprintf(f.text, sizeof(f.text), "%.0f", n);
	return f;
}

struct figure figure_share(double part, double whole)
{
	struct figure f;
	const double percent = whole > 0 ? part / whole * 100 : 0;
	if (percent > 0 && percent < 0.1)
		snprintf(f.text, sizeof(f.text), "%.2g %%", percent);
	else
		snprintf(f.text, sizeof(f.text), "%.*f %%", percent > 0 && percent < 10, percent);
	return f;
}
