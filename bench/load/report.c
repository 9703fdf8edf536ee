// SPDX-License-Identifier: BSD-3-Clause
#include "report.h"

#include "figures.h"
#include "limit.h"
#include "report_plot.h"
#include "result.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <time.h>

#define HEAT_COLUMNS 300
#define STAGES 20

static const char style[] =
	"<!doctype html><html lang=en><head><meta charset=utf-8>"
	"<meta name=viewport content=\"width=device-width,initial-scale=1\">"
	"<meta name=color-scheme content=\"light dark\"><title>joingate-load</title><style>\n"
	":root{--bg:#fff;--fg:#1b1f24;--soft:#57606a;--line:#d8dee4;--card:#f6f8fa;--a:#0969da;"
	"--b:#1a7f37;--c:#9a6700;--bad:#cf222e;--good:#1a7f37}\n"
	"@media(prefers-color-scheme:dark){:root{--bg:#0d1117;--fg:#e6edf3;--soft:#9198a1;"
	"--line:#30363d;--card:#161b22;--a:#58a6ff;--b:#3fb950;--c:#d29922;--bad:#f85149;"
	"--good:#3fb950}}\n"
	"*{box-sizing:border-box}body{margin:0 "
	"auto;padding:16px;max-width:1100px;background:var(--bg);"
	"color:var(--fg);font:15px/1.5 system-ui,sans-serif}\n"
	"h1{font-size:1.4em;margin:.2em 0}h2{font-size:1.05em;margin:1.2em 0 .1em}"
	".note,header p{color:var(--soft);margin:.1em 0 .4em;font-size:.9em}\n"
	".state{display:inline-block;padding:.1em .6em;border-radius:1em;color:var(--bg);"
	"background:var(--good);font-weight:600}.state.bad{background:var(--bad)}\n"
	".tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(105px,1fr));gap:8px;"
	"margin:12px 0}.tiles div{background:var(--card);border:1px solid var(--line);"
	"border-radius:8px;padding:8px 10px}.tiles b{display:block;font-size:1.2em}"
	".tiles span{color:var(--soft);font-size:.85em}.tiles .bad b{color:var(--bad)}\n"
	".plots{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,420px),1fr));"
	"gap:0 24px}figure{margin:0;min-width:0}svg{width:100%;height:auto;display:block}\n"
	"svg text{fill:var(--soft);font:10.5px system-ui,sans-serif}.grid{stroke:var(--line);"
	"stroke-width:.7}path{fill:none;stroke-width:1.6;stroke-linejoin:round}\n"
	"path.a{stroke:var(--a)}path.b{stroke:var(--b)}path.c{stroke:var(--c)}path.d{stroke:var(--"
	"soft);"
	"stroke-dasharray:4 3}rect.lost{fill:var(--bad);fill-opacity:.75}rect.out{fill:var(--bad);"
	"fill-opacity:.12}rect.heat{fill:var(--a);shape-rendering:crispEdges}\n"
	"figcaption{font-size:.85em;color:var(--soft)}.key "
	"i{display:inline-block;width:12px;height:3px;"
	"margin:0 5px 4px 0;background:var(--a)}i.b{background:var(--b)!important}"
	"i.c{background:var(--c)!important}i.d{background:var(--soft)!important}"
	"i.lost{background:var(--bad)!important;height:9px!important;margin-bottom:0!important}"
	"i.heat{height:9px!important}\n"
	"table{border-collapse:collapse;width:100%;font-size:.92em}td,th{text-align:left;"
	"padding:3px 8px 3px 0;border-bottom:1px solid var(--line);vertical-align:top;"
	"overflow-wrap:break-word}th{white-space:nowrap}td.n,th.n{text-align:right;white-space:"
	"nowrap;"
	"font-variant-numeric:tabular-nums}td.w{width:45%}.bar{display:block;height:10px;"
	"border-radius:2px;background:var(--a);min-width:1px}.bar.no{background:var(--c)}"
	".pairs "
	"td:first-child{width:1%;white-space:nowrap;padding-right:20px}.narrow{max-width:38em}"
	".bad{color:var(--bad)}.state.bad{color:var(--bg)}\n"
	"</style></head><body>\n";

struct report {
	FILE *out;
	const json_t *result;
	const json_t *rows;
	unsigned n; // seconds
	double *t;
	double *y;
};

static double num(const struct report *r, const char *path)
{
	return result_number(r->result, path);
}

static double cell(const struct report *r, unsigned row, const char *name)
{
	return json_number_value(json_object_get(json_array_get(r->rows, row), name));
}

static const double *column(const struct report *r, const char *name)
{
	for (unsigned i = 0; i < r->n; i++)
		r->y[i] = cell(r, i, name);
	return r->y;
}

static double highest(const struct report *r, const char *name)
{
	double most = 0;
	for (unsigned i = 0; i < r->n; i++)
		most = fmax(most, cell(r, i, name));
	return most;
}

static void write_head(const struct report *r)
{
	char when[40] = "";
	const int status = (int)num(r, "status");
	const time_t started = (time_t)num(r, "started");
	struct tm tm;
	const bool silent = num(r, "totals.answered") <= 0;
	const bool interrupted = json_is_true(json_object_get(r->result, "interrupted"));
	if (gmtime_r(&started, &tm) != NULL)
		strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S UTC", &tm);
	fprintf(r->out, "<header><h1>Load on a join gate <span class=\"state%s\">%s</span></h1><p>",
		status == 0 ? "" : " bad",
		silent		      ? "no answer"
			: interrupted ? "interrupted"
			: status == 0 ? "all kept"
				      : "broken");
	fprintf(r->out, "%s, ", when);
	plot_escape(r->out, result_text(r->result, "settings.profile"));
	fprintf(r->out, " profile, %s/s, %.0f s, seed %.0f, gate ",
		figure_count(num(r, "settings.rate")).text, num(r, "totals.seconds"),
		num(r, "settings.seed"));
	plot_escape(r->out, result_text(r->result, "settings.gate"));
	fputs("</p></header>\n", r->out);
}

static void tile(const struct report *r, const char *name, struct figure figure, bool bad)
{
	fprintf(r->out, "<div%s><b>%s</b><span>%s</span></div>\n", bad ? " class=bad" : "",
		figure.text, name);
}

static void write_tiles(const struct report *r)
{
	const double sent = num(r, "totals.sent");
	const double lost = num(r, "totals.unanswered");
	const double wrong = num(r, "totals.wrong") + num(r, "warm_up.wrong");
	const double late = num(r, "totals.late");
	char outage[48];
	snprintf(outage, sizeof(outage), "longest outage, from %.1f s on",
		num(r, "totals.outage_from"));
	fputs("<div class=tiles>\n", r->out);
	tile(r, "sent", figure_count(sent), false);
	tile(r, "answered", figure_count(num(r, "totals.answered")), false);
	tile(r, "unanswered", figure_count(lost), lost > 0);
	if (lost > 0)
		tile(r, outage, figure_time(num(r, "totals.outage") * 1e9), true);
	tile(r, "wrong verdicts", figure_count(wrong), wrong > 0);
	tile(r, "p50", figure_time(num(r, "latency.p50")), false);
	tile(r, "p99", figure_time(num(r, "latency.p99")), false);
	tile(r, "p99.9", figure_time(num(r, "latency.p999")), false);
	tile(r, "max", figure_time(num(r, "latency.max")), false);
	tile(r, "sent late", figure_share(late, sent), late > sent / 100);
	tile(r, "overloaded", figure_count(num(r, "totals.overloaded")),
		num(r, "totals.overloaded") > 0);
	fputs("</div>\n", r->out);
}

// Whose limit it was: before anything is blamed on the gate.
static void write_limit(const struct report *r)
{
	const char *name = result_text(r->result, "totals.limit");
	if (name[0] == '\0')
		return;
	fprintf(r->out, "<p class=note%s>Limit: ", strcmp(name, "none") == 0 ? "" : " id=limit");
	plot_escape(r->out, name);
	fprintf(r->out, " &ndash; %s", limit_explain(name));
	fprintf(r->out,
		". Senders busy %s in their busiest second; measured on itself, one could do "
		"%s/s.</p>\n",
		figure_share(num(r, "totals.busiest"), 1).text,
		figure_count(num(r, "generator.rate")).text);
}

static void write_slo(const struct report *r)
{
	size_t i;
	json_t *term;
	const json_t *slo = json_object_get(r->result, "slo");
	if (json_array_size(slo) == 0)
		return;
	fputs("<h2>What had to be kept</h2><table class=narrow><tr><th>objective<th "
	      "class=n>figure<th>\n",
		r->out);
	json_array_foreach(slo, i, term)
	{
		const char *text = result_text(term, "term");
		const double figure = result_number(term, "figure");
		const bool kept = json_is_true(json_object_get(term, "kept"));
		const bool time = text[0] == 'p' || text[0] == 'm';
		char plain[32];
		snprintf(plain, sizeof(plain), "%.4g", figure);
		fputs("<tr><td>", r->out);
		plot_escape(r->out, text);
		fprintf(r->out, "<td class=n>%s<td%s>%s\n", time ? figure_time(figure).text : plain,
			kept ? "" : " class=bad", kept ? "kept" : "broken");
	}
	fputs("</table>\n", r->out);
}

static void shade_outages(const struct report *r, const struct plot *plot)
{
	for (unsigned i = 0; i < r->n; i++)
		if (cell(r, i, "unanswered") > 0)
			plot_box(plot, i, i + 1, plot->y.from, plot->y.to, "out");
}

static void plot_rates(const struct report *r)
{
	static const char *const names[] = {"meant", "sent", "answered", "unanswered"};
	static const char *const styles[] = {"d", "a", "b", "lost"};
	const double most = fmax(fmax(highest(r, "intended"), highest(r, "sent")), 1);
	const struct plot plot = {.out = r->out, .x = {.to = r->n}, .y = {.to = most * 1.05}};
	plot_begin(&plot, "Requests over time",
		"by the second each was meant for; red: never answered", false);
	plot_seconds(&plot);
	for (unsigned i = 0; i < r->n; i++)
		if (cell(r, i, "unanswered") > 0)
			plot_box(&plot, i, i + 1, 0, cell(r, i, "unanswered"), "lost");
	plot_line(&plot, r->t, column(r, "sent"), r->n, "a");
	plot_line(&plot, r->t, column(r, "answered"), r->n, "b");
	plot_line(&plot, r->t, column(r, "intended"), r->n, "d");
	plot_end(&plot, names, styles, 4);
}

// Whole decades around what there is, in ns.
static struct plot_axis time_axis(double most)
{
	return (struct plot_axis){.from = 1e3,
		.to = fmax(1e5, pow(10, ceil(log10(fmax(most, 1))))),
		.logarithmic = true};
}

static void plot_latencies(const struct report *r)
{
	static const char *const names[] = {
		"p50", "p99", "max", "seconds with unanswered requests"};
	static const char *const styles[] = {"b", "a", "c", "lost"};
	const struct plot plot = {
		.out = r->out, .x = {.to = r->n}, .y = time_axis(highest(r, "max"))};
	plot_begin(&plot, "Latency over time",
		"from the intended send time, by the second of the answer; a gap: no answers",
		true);
	plot_seconds(&plot);
	shade_outages(r, &plot);
	plot_line(&plot, r->t, column(r, "max"), r->n, "c");
	plot_line(&plot, r->t, column(r, "p99"), r->n, "a");
	plot_line(&plot, r->t, column(r, "p50"), r->n, "b");
	plot_end(&plot, names, styles, 4);
}

static void plot_by_percentile(const struct report *r)
{
	static const char *const names[] = {"latency"};
	static const char *const styles[] = {"a"};
	const json_t *points = json_object_get(r->result, "percentiles");
	const unsigned n = (unsigned)json_array_size(points);
	double *x = calloc(n + 1, sizeof(*x));
	double *y = calloc(n + 1, sizeof(*y));
	double right = 1000;
	for (unsigned i = 0; i < n && x != NULL && y != NULL; i++) {
		const json_t *point = json_array_get(points, i);
		const double rest = 1 - json_number_value(json_array_get(point, 0)) / 100;
		// The last stands for the very maximum.
		x[i] = rest > 1e-12 ? 1 / rest : i > 0 ? x[i - 1] * 1.2 : 1;
		y[i] = json_number_value(json_array_get(point, 1));
		right = fmax(right, x[i]);
	}
	const struct plot plot = {.out = r->out,
		.x = {.from = 1, .to = right, .logarithmic = true},
		.y = time_axis(num(r, "latency_with_unanswered.max"))};
	plot_begin(&plot, "Latency by percentile",
		"an unanswered request counts as long as it was waited for", true);
	plot_percentiles(&plot);
	if (x != NULL && y != NULL)
		plot_line(&plot, x, y, n, "a");
	plot_end(&plot, names, styles, 1);
	free(x);
	free(y);
}

static double stage(const struct report *r, unsigned row, unsigned i)
{
	return json_number_value(
		json_array_get(json_object_get(json_array_get(r->rows, row), "stages"), i));
}

static void plot_heat(const struct report *r)
{
	static const char *const names[] = {"share of the answers"};
	static const char *const styles[] = {"heat"};
	const unsigned wide = r->n / HEAT_COLUMNS + 1;
	const struct plot plot = {.out = r->out,
		.x = {.to = r->n},
		.y = {.from = 1e3, .to = 1e9, .logarithmic = true}};
	plot_begin(&plot, "Where the answers lie",
		"the stronger, the more of that second's answers", true);
	plot_seconds(&plot);
	for (unsigned from = 0; from < r->n; from += wide) {
		double sum[STAGES] = {0};
		double all = 0;
		for (unsigned i = 0; i < STAGES; i++)
			for (unsigned row = from; row < from + wide && row < r->n; row++) {
				sum[i] += stage(r, row, i);
				all += stage(r, row, i);
			}
		for (unsigned i = 0; i < STAGES; i++) {
			const double low = 1e3 * pow(2, i) / 2;
			const double area[4] = {from, from + wide, low, low * 2};
			if (sum[i] > 0)
				plot_shade(&plot, area, 0.08 + 0.92 * sqrt(sum[i] / all));
		}
	}
	plot_end(&plot, names, styles, 1);
}

static void write_verdicts(const struct report *r)
{
	const char *name;
	json_t *value;
	json_t *reasons = json_object_get(r->result, "reasons");
	double most = 1;
	json_object_foreach(reasons, name, value) most = fmax(most, json_number_value(value));
	fputs("<figure><h2>Verdicts</h2><p class=note>every one compared with what its token must "
	      "get</p><table>\n",
		r->out);
	json_object_foreach(reasons, name, value)
	{
		const double n = json_number_value(value);
		fputs("<tr><td>", r->out);
		plot_escape(r->out, name);
		fprintf(r->out,
			"<td class=n>%.0f<td class=w><span class=\"bar%s\" "
			"style=\"width:%.1f%%\"></span>\n",
			n, strcmp(name, "ok") == 0 ? "" : " no", n / most * 100);
	}
	fputs("</table></figure>\n", r->out);
}

static void write_kinds(const struct report *r)
{
	const char *name;
	json_t *value;
	fputs("<figure><h2>Kinds of tokens</h2><p class=note>sent, and answered wrongly</p>"
	      "<table><tr><th>kind<th class=n>sent<th class=n>wrong\n",
		r->out);
	json_object_foreach(json_object_get(r->result, "kinds"), name, value)
	{
		const double wrong = result_number(value, "wrong");
		fputs("<tr><td>", r->out);
		plot_escape(r->out, name);
		fprintf(r->out, "<td class=n>%.0f<td class=\"n%s\">%.0f\n",
			result_number(value, "sent"), wrong > 0 ? " bad" : "", wrong);
	}
	fputs("</table></figure>\n", r->out);
}

static void write_wrongs(const struct report *r)
{
	size_t i;
	json_t *wrong;
	const json_t *wrongs = json_object_get(r->result, "wrong");
	if (json_array_size(wrongs) == 0)
		return;
	fputs("<h2 class=bad>Wrong "
	      "verdicts</h2><table><tr><th>vendor<th>kind<th>expected<th>got<th>token\n",
		r->out);
	json_array_foreach(wrongs, i, wrong)
	{
		static const char *const names[] = {"vendor", "kind", "expected", "got"};
		fputs("<tr>", r->out);
		for (size_t j = 0; j < JG_ARRAY_SIZE(names); j++) {
			fputs("<td>", r->out);
			plot_name(r->out, result_text(wrong, names[j]));
		}
		if (json_is_true(json_object_get(wrong, "content")))
			fputs(" with other content", r->out);
		fprintf(r->out, "<td>%.0f\n", result_number(wrong, "token"));
	}
	fputs("</table>\n", r->out);
}

// "20 715 007", with narrow spaces.
static void write_grouped(FILE *out, double number)
{
	char digits[32];
	const int n = snprintf(digits, sizeof(digits), "%.0f", number);
	for (int i = 0; i < n; i++)
		fprintf(out, "%s%c", i > 0 && (n - i) % 3 == 0 ? "&#8239;" : "", digits[i]);
}

static void write_value(const struct report *r, const json_t *value, bool counts)
{
	const double number = json_number_value(value);
	if (json_is_string(value)) {
		plot_escape(r->out, json_string_value(value));
	} else if (json_is_number(value) && counts && number >= 10000) {
		write_grouped(r->out, number);
	} else if (json_is_array(value)) {
		for (size_t i = 0; i < json_array_size(value); i++) {
			fputs(i > 0 ? ", " : "", r->out);
			write_value(r, json_array_get(value, i), counts);
		}
	} else if (json_is_real(value)) {
		fprintf(r->out, "%.*g", counts ? 4 : 12, number);
	} else {
		char *text = json_dumps(value, JSON_ENCODE_ANY);
		plot_escape(r->out, text == NULL ? "" : text);
		free(text);
	}
}

static void write_object(const struct report *r, const char *title, const char *member, bool counts)
{
	const char *name;
	json_t *value;
	json_t *object = json_object_get(r->result, member);
	if (json_object_size(object) == 0)
		return;
	fprintf(r->out, "<figure><h2>%s</h2><table class=pairs>\n", title);
	json_object_foreach(object, name, value)
	{
		fputs("<tr><td>", r->out);
		plot_escape(r->out, name);
		fputs("<td>", r->out);
		write_value(r, value, counts);
		fputc('\n', r->out);
	}
	fputs("</table></figure>\n", r->out);
}

static void write_steps(const struct report *r)
{
	size_t i;
	json_t *step;
	const json_t *steps = json_object_get(r->result, "steps");
	if (json_array_size(steps) == 0)
		return;
	fputs("<h2>Steps to the capacity</h2><table class=narrow><tr><th class=n>rate<th "
	      "class=n>p99<th "
	      "class=n>p99.9"
	      "<th class=n>loss<th>\n",
		r->out);
	json_array_foreach(steps, i, step)
	{
		const bool kept = json_is_true(json_object_get(step, "kept"));
		fprintf(r->out, "<tr><td class=n>%s/s",
			figure_count(result_number(step, "rate")).text);
		fprintf(r->out, "<td class=n>%s", figure_time(result_number(step, "p99")).text);
		fprintf(r->out, "<td class=n>%s", figure_time(result_number(step, "p999")).text);
		fprintf(r->out, "<td class=n>%s<td%s>%s\n",
			figure_share(result_number(step, "loss"), 1).text, kept ? "" : " class=bad",
			kept ? "kept" : "broken");
	}
	fputs("</table>\n", r->out);
}

static void write_page(const struct report *r)
{
	fputs(style, r->out);
	write_head(r);
	write_tiles(r);
	write_limit(r);
	write_slo(r);
	write_wrongs(r);
	write_steps(r);
	fputs("<div class=plots>\n", r->out);
	plot_rates(r);
	plot_latencies(r);
	plot_by_percentile(r);
	plot_heat(r);
	write_verdicts(r);
	write_kinds(r);
	write_object(r, "Warm-up, not counted above", "warm_up", true);
	write_object(r, "Totals", "totals", true);
	write_object(r, "Datagrams that were no answer", "ignored", true);
	write_object(r, "This side of the network", "transport", true);
	write_object(r, "The generator itself (rates a second, ns)", "generator", true);
	write_object(r, "Environment", "environment", false);
	write_object(r, "Settings", "settings", false);
	fputs("</div></body></html>\n", r->out);
}

int report_write(FILE *out, const json_t *result)
{
	struct report r = {
		.out = out, .result = result, .rows = json_object_get(result, "seconds")};
	r.n = (unsigned)json_array_size(r.rows);
	r.t = calloc(r.n + 1, sizeof(*r.t));
	r.y = calloc(r.n + 1, sizeof(*r.y));
	const bool good = r.t != NULL && r.y != NULL;
	for (unsigned i = 0; i < r.n && good; i++)
		r.t[i] = i + 0.5;
	if (good)
		write_page(&r);
	free(r.t);
	free(r.y);
	return good && fflush(out) == 0 && !ferror(out) ? 0 : -EIO;
}
