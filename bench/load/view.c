// SPDX-License-Identifier: BSD-3-Clause
#include "view.h"

#include "figures.h"

#include <math.h>

#define BAR 40

static double share_done(const struct moment *m)
{
	const struct profile *p = &m->options->profile;
	const double share = (m->time + p->warm_up) / (p->seconds + p->warm_up);
	return share < 0 ? 0 : share > 1 ? 1 : share;
}

static double last_second(const struct moment *m, enum tally tally)
{
	double n = 0;
	for (unsigned i = 0; i < 2; i++)
		n += (double)(m->totals->tally[i][tally] - m->before->tally[i][tally]);
	return n;
}

static void draw_bar(FILE *out, const struct moment *m)
{
	const struct profile *p = &m->options->profile;
	const double left = p->seconds - m->time;
	const unsigned full = (unsigned)(share_done(m) * BAR);
	fprintf(out, "\033[K%s ", m->time < 0 ? "warm-up" : profile_name(p->kind));
	for (unsigned i = 0; i < BAR; i++)
		fputs(i < full ? "█" : "░", out);
	fprintf(out, " %3.0f %%  %.0f:%02.0f left\n", share_done(m) * 100,
		floor(fmax(left, 0) / 60), floor(fmod(fmax(left, 0), 60)));
}

static void draw_sparkline(struct view *v)
{
	static const char *const blocks[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
	double most = 1;
	for (unsigned i = 0; i < v->rates_n; i++)
		most = fmax(most, v->rates[i]);
	fprintf(v->out, "\033[Kanswers  ");
	for (unsigned i = 0; i < v->rates_n; i++)
		fputs(blocks[(unsigned)(v->rates[i] / most * 7)], v->out);
	fprintf(v->out, " %s/s at most\n", figure_count(most).text);
}

static void draw_latency(FILE *out, const char *name, const uint64_t *v)
{
	static const char *const names[] = {"p50", "p90", "p99", "p99.9", "max"};
	fprintf(out, "\033[K%-9s", name);
	for (unsigned i = 0; i < 5; i++)
		fprintf(out, " %s %-9s", names[i], figure_time((double)v[i]).text);
	fputc('\n', out);
}

static void draw_latencies(FILE *out, const struct moment *m)
{
	const struct histogram *h = m->latency;
	const uint64_t all[] = {histogram_percentile(h, 50), histogram_percentile(h, 90),
		histogram_percentile(h, 99), histogram_percentile(h, 99.9), h->max};
	const uint64_t none[5] = {0};
	const struct row *r = m->row;
	const uint64_t last[] = {r == NULL ? 0 : r->p50, r == NULL ? 0 : r->p90,
		r == NULL ? 0 : r->p99, r == NULL ? 0 : r->p999, r == NULL ? 0 : r->max};
	draw_latency(out, "last s", r == NULL ? none : last);
	draw_latency(out, "so far", all);
}

static void draw_verdicts(FILE *out, const struct moment *m)
{
	unsigned shown = 0;
	fprintf(out, "\033[Kverdicts ");
	for (unsigned i = 0; i < JG_REASON_COUNT; i++) {
		if (m->totals->reasons[i] == 0)
			continue;
		if (shown > 0 && shown % 4 == 0)
			fprintf(out, "\n\033[K         ");
		fprintf(out, " %s %s", jg_reason_name(i),
			figure_count((double)m->totals->reasons[i]).text);
		shown++;
	}
	fputc('\n', out);
}

// Newlines that draw_verdicts() writes.
static unsigned verdict_lines(const struct moment *m)
{
	unsigned shown = 0;
	for (unsigned i = 0; i < JG_REASON_COUNT; i++)
		shown += m->totals->reasons[i] > 0;
	return shown == 0 ? 1 : (shown - 1) / 4 + 1;
}

void view_draw(struct view *v, const struct moment *m)
{
	const uint64_t *t = m->totals->tally[1];
	if (v->lines > 0)
		fprintf(v->out, "\033[%uA", v->lines);
	draw_bar(v->out, m);
	fprintf(v->out, "\033[Krate      target %s/s",
		figure_count(profile_rate(&m->options->profile, m->time)).text);
	fprintf(v->out, "  answered %s/s",
		figure_count(v->rates_n == 0 ? 0 : v->rates[v->rates_n - 1]).text);
	fprintf(v->out, "  in flight %s\n", figure_count((double)m->totals->in_flight).text);
	draw_latencies(v->out, m);
	draw_verdicts(v->out, m);
	fprintf(v->out,
		"\033[Klost      unanswered %lu  dropped here %lu  late %s  overloaded %lu\n",
		(unsigned long)t[TALLY_UNANSWERED], (unsigned long)m->totals->transport.dropped,
		figure_share((double)t[TALLY_LATE], (double)t[TALLY_SENT]).text,
		(unsigned long)t[TALLY_OVERLOADED]);
	fprintf(v->out, "\033[K%swrong     %lu%s\n", t[TALLY_WRONG] > 0 ? "\033[1;31m" : "",
		(unsigned long)t[TALLY_WRONG], t[TALLY_WRONG] > 0 ? "\033[0m" : "");
	draw_sparkline(v);
	v->lines = 7 + verdict_lines(m);
	fflush(v->out);
}

void view_line(struct view *v, const struct moment *m)
{
	const uint64_t *t = m->totals->tally[m->time >= 1];
	const struct row *r = m->row;
	fprintf(v->out, "%5.0f s%s target %s/s sent %s/s answered %s/s", floor(m->time),
		m->time < 1 ? " (warm-up)" : "",
		figure_count(profile_rate(&m->options->profile, m->time - 0.5)).text,
		figure_count(last_second(m, TALLY_SENT)).text,
		figure_count(last_second(m, TALLY_ANSWERED)).text);
	if (r != NULL)
		fprintf(v->out, " p50 %s p99 %s p99.9 %s max %s", figure_time((double)r->p50).text,
			figure_time((double)r->p99).text, figure_time((double)r->p999).text,
			figure_time((double)r->max).text);
	fprintf(v->out, " unanswered %lu late %lu wrong %lu\n", (unsigned long)t[TALLY_UNANSWERED],
		(unsigned long)t[TALLY_LATE], (unsigned long)t[TALLY_WRONG]);
	fflush(v->out);
}

static void remember(struct view *v, double rate)
{
	if (v->rates_n == VIEW_HISTORY)
		memmove(v->rates, v->rates + 1, --v->rates_n * sizeof(v->rates[0]));
	v->rates[v->rates_n++] = rate;
}

static bool look(struct watcher *watcher, const struct moment *moment)
{
	struct view *v = (struct view *)watcher;
	if (moment->whole)
		remember(v, last_second(moment, TALLY_ANSWERED));
	if (!v->quiet && v->terminal)
		view_draw(v, moment);
	else if (!v->quiet && moment->whole)
		view_line(v, moment);
	return *v->stop == 0;
}

void view_init(struct view *view, FILE *out, bool terminal, bool quiet, const volatile int *stop)
{
	*view = (struct view){.watcher = {.look = look},
		.out = out,
		.terminal = terminal,
		.quiet = quiet,
		.stop = stop};
}
