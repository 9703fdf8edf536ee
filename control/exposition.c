// SPDX-License-Identifier: BSD-3-Clause
#include "exposition.h"

#include <inttypes.h>
#include <math.h>

#define PREFIX "joingate_"

// Help and label values: backslash, line end and quote are escaped, as OpenMetrics has it for both
// (the older format takes \" in label values alone). What is not plain ASCII does not belong there.
static void put_escaped(struct jg_writer *w, const char *text, bool quote)
{
	for (; *text != '\0'; text++) {
		if (*text == '\\')
			(void)fputs("\\\\", w->out);
		else if (*text == '\n')
			(void)fputs("\\n", w->out);
		else if (*text == '"' && quote)
			(void)fputs("\\\"", w->out);
		else
			(void)fputc(*text < ' ' || *text > '~' ? '?' : *text, w->out);
	}
}

void jg_family(
	struct jg_writer *w, const char *name, const char *type, const char *unit, const char *help)
{
	bool counter = strcmp(type, "counter") == 0;
	bool described = strcmp(type, "info") == 0;
	// The older format names a counter by its samples, and knows no info.
	const char *suffix = w->openmetrics ? "" : counter ? "_total" : described ? "_info" : "";
	w->name = name;
	(void)fprintf(w->out, "# HELP " PREFIX "%s%s ", name, suffix);
	put_escaped(w, help, w->openmetrics);
	(void)fprintf(w->out, "\n# TYPE " PREFIX "%s%s %s\n", name, suffix,
		described && !w->openmetrics ? "gauge" : type);
	if (w->openmetrics && unit[0] != '\0')
		(void)fprintf(w->out, "# UNIT " PREFIX "%s %s\n", name, unit);
}

void jg_sample(struct jg_writer *w, const char *suffix)
{
	w->labels = 0;
	(void)fprintf(w->out, PREFIX "%s%s", w->name, suffix);
}

void jg_label(struct jg_writer *w, const char *name, const char *value)
{
	(void)fprintf(w->out, "%c%s=\"", w->labels++ == 0 ? '{' : ',', name);
	put_escaped(w, value, true);
	(void)fputc('"', w->out);
}

void jg_value(struct jg_writer *w, double value)
{
	(void)fputs(w->labels > 0 ? "} " : " ", w->out);
	if (isinf(value))
		(void)fputs(value > 0 ? "+Inf\n" : "-Inf\n", w->out);
	else
		(void)fprintf(w->out, "%.15g\n", value);
}

void jg_count_value(struct jg_writer *w, uint64_t value)
{
	(void)fprintf(w->out, "%s%" PRIu64 "\n", w->labels > 0 ? "} " : " ", value);
}

void jg_exposition_end(struct jg_writer *w)
{
	if (w->openmetrics)
		(void)fputs("# EOF\n", w->out);
}
