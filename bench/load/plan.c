// SPDX-License-Identifier: BSD-3-Clause
#include "plan.h"

#include "figures.h"
#include "limit.h"

static void print_profile(FILE *out, const struct options *o)
{
	const struct profile *p = &o->profile;
	fprintf(out, "plan      %s", profile_name(p->kind));
	if (p->kind == PROFILE_CONSTANT || p->kind == PROFILE_LAUNCH)
		fprintf(out, ", %s/s%s", figure_count(p->rate).text,
			p->kind == PROFILE_LAUNCH ? " at the peak" : "");
	else
		fprintf(out, ", %s/s to %s/s", figure_count(p->from).text,
			figure_count(p->rate).text);
	fprintf(out, ", %g s%s, %s arrivals, %g s of warm-up before", p->seconds,
		p->kind == PROFILE_STEPS ? " each" : "", o->poisson ? "poisson" : "even",
		p->warm_up);
	if (p->kind != PROFILE_STEPS)
		fprintf(out, ": %.0f requests", profile_total(p));
	fprintf(out, "; seed %lu\n", (unsigned long)o->seed);
}

static void print_kinds(FILE *out, const struct pool *pool)
{
	unsigned column = 0;
	fprintf(out, "mix      ");
	for (unsigned i = 0; i < JG_VENDOR_COUNT; i++)
		if (pool->vendors[i] > 0)
			fprintf(out, " %s %s", jg_vendor_name(i),
				figure_share(pool->vendors[i], pool->n).text);
	fprintf(out, "\nkinds    ");
	for (unsigned i = 0; i <= KIND_COUNT; i++) {
		if (pool->kinds[i] == 0)
			continue;
		if (column > 0 && column % 5 == 0)
			fprintf(out, "\n         ");
		fprintf(out, " %s %s", i == KIND_COUNT ? "other" : kind_name(i),
			figure_share(pool->kinds[i], pool->n).text);
		column++;
	}
	fputc('\n', out);
}

static void print_way(FILE *out, const struct options *o)
{
	if (o->inside)
		fputs("rings within this process", out);
	else if (o->ports_n == 0)
		fputs("a kernel socket", out);
	for (unsigned i = 0; i < o->ports_n; i++)
		fprintf(out, "%s%.80s", i > 0 ? ", " : "port ", o->ports[i]);
}

void plan_print(
	FILE *out, const struct options *o, const struct target *target, const struct pool *pool)
{
	print_profile(out, o);
	fprintf(out, "gate      %s (%s), over ", target->text, target->why);
	print_way(out, o);
	fprintf(out, ", %u sender%s, ", o->senders, o->senders == 1 ? "" : "s");
	if (o->front_end != 0)
		fprintf(out, "as front end %u\n", o->front_end);
	else
		fprintf(out, "unauthenticated\n");
	fprintf(out, "tokens    %s%u, %lu bytes on average, %u at most",
		o->fresh ? "each minted when it is due; a sample: " : "", pool->n,
		(unsigned long)(pool->token_bytes / pool->n), pool->token_max);
	if (pool->seconds > 0)
		fprintf(out, ", minted %s/s", figure_count(pool->n / pool->seconds).text);
	if (pool->threads > 1)
		fprintf(out, " by %u threads", pool->threads);
	fputc('\n', out);
	print_kinds(out, pool);
	if (o->slo.n > 0)
		fprintf(out, "slo      ");
	for (unsigned i = 0; i < o->slo.n; i++)
		fprintf(out, " %s", o->slo.term[i].text);
	if (o->slo.n > 0)
		fputc('\n', out);
	fflush(out);
}

void plan_generator(FILE *out, const struct options *o, const struct generator *g)
{
	fprintf(out, "generator %s/s a sender:", figure_count(g->rate).text);
	if (o->fresh)
		fprintf(out, " %s/s minted,", figure_count(g->minting).text);
	fprintf(out, " %s/s sent to itself and read,", figure_count(g->sending).text);
	fprintf(out, " %s/s answers checked;\n          %s p50 %s p99 for one there and back;",
		figure_count(g->judging).text, figure_time(g->floor_p50).text,
		figure_time(g->floor_p99).text);
	fprintf(out, " longest pause of this machine %s\n", figure_time(g->pause).text);
	if (g->rate > 0 && g->rate * o->senders < 2 * o->profile.rate)
		fprintf(out,
			"warning   the generator is near its own limit at %s/s: what breaks first "
			"may "
			"be this side\n",
			figure_count(o->profile.rate).text);
	if (g->pause > (double)o->late)
		fprintf(out,
			"warning   this machine stops threads for longer than --late: the highest "
			"percentiles are partly its own\n");
	fflush(out);
}

static void print_latency(FILE *out, const char *name, const struct histogram *h)
{
	static const double percents[] = {50, 90, 99, 99.9, 99.99};
	fprintf(out, "%-9s", name);
	for (size_t i = 0; i < JG_ARRAY_SIZE(percents); i++)
		fprintf(out, " p%g %s", percents[i],
			figure_time((double)histogram_percentile(h, percents[i])).text);
	fprintf(out, " max %s\n", figure_time((double)h->max).text);
}

static void print_wrongs(FILE *out, const struct outcome *o)
{
	for (unsigned i = 0; i < o->wrongs_n; i++) {
		const struct wrong *w = &o->wrongs[i];
		fprintf(out, "WRONG     token %u (%s, %s): expected %s, got %s%s\n", w->question,
			jg_vendor_name(w->vendor),
			w->kind == KIND_COUNT ? "other" : kind_name(w->kind),
			jg_reason_name(w->expected), jg_reason_name(w->got),
			w->content ? ", but not the right identity, room, times or capabilities"
				   : "");
	}
}

static void print_ignored(FILE *out, const struct totals *t)
{
	for (unsigned i = 0; i < JG_WIRE_FATE_COUNT; i++)
		if (t->ignored[i] > 0)
			fprintf(out, "ignored   %lu datagrams: %s\n", (unsigned long)t->ignored[i],
				jg_wire_fate_name(i));
	if (t->transport.refused > 0)
		fprintf(out, "network   %lu errors came back: nobody listens there, or no way\n",
			(unsigned long)t->transport.refused);
}

static void print_slo(FILE *out, const struct options *o, const struct outcome *outcome)
{
	const struct slo_result result = outcome_result(outcome);
	for (unsigned i = 0; i < o->slo.n; i++) {
		const struct slo_term *term = &o->slo.term[i];
		const double figure = slo_figure(term, &result);
		const bool time = term->figure <= SLO_MEAN && term->figure != SLO_LOSS;
		char plain[32];
		snprintf(plain, sizeof(plain), "%g", figure);
		fprintf(out, "slo       %-24s %s  %s\n", term->text,
			slo_term_kept(term, &result) ? "kept  " : "BROKEN",
			time ? figure_time(figure).text : plain);
	}
}

void plan_outcome(FILE *out, const struct options *o, const struct outcome *outcome,
	const struct generator *generator)
{
	const uint64_t *t = outcome->totals.tally[1];
	const uint64_t *w = outcome->totals.tally[0];
	fprintf(out, "\nwarm-up   sent %lu, answered %lu, unanswered %lu: not counted below\n",
		(unsigned long)w[TALLY_SENT], (unsigned long)w[TALLY_ANSWERED],
		(unsigned long)w[TALLY_UNANSWERED]);
	fprintf(out,
		"sent      %lu of %.0f meant in %.1f s, in %.1f s: %s/s; late %s; senders busy "
		"%s\n",
		(unsigned long)t[TALLY_SENT], outcome->intended, outcome->seconds, outcome->sending,
		figure_count(outcome->sending > 0 ? (double)t[TALLY_SENT] / outcome->sending : 0)
			.text,
		figure_share((double)t[TALLY_LATE], (double)t[TALLY_SENT]).text,
		figure_share(outcome->busy, 1).text);
	fprintf(out,
		"answers   %lu, unanswered %lu (%s), overloaded %lu, too late %lu, dropped here "
		"%lu\n",
		(unsigned long)t[TALLY_ANSWERED], (unsigned long)t[TALLY_UNANSWERED],
		figure_share((double)t[TALLY_UNANSWERED], (double)t[TALLY_SENT]).text,
		(unsigned long)t[TALLY_OVERLOADED], (unsigned long)t[TALLY_AFTER_TIMEOUT],
		(unsigned long)outcome->totals.transport.dropped);
	if (t[TALLY_UNANSWERED] > 0)
		fprintf(out, "outage    %s without an answer at the longest, from %.2f s on\n",
			figure_time(outcome->outage * 1e9).text, outcome->outage_from);
	print_latency(out, "latency", outcome->latency);
	if (t[TALLY_UNANSWERED] > 0)
		print_latency(out, "with lost", outcome->judged);
	fprintf(out, "verdicts ");
	for (unsigned i = 0; i < JG_REASON_COUNT; i++)
		if (outcome->totals.reasons[i] > 0)
			fprintf(out, " %s %lu", jg_reason_name(i),
				(unsigned long)outcome->totals.reasons[i]);
	fprintf(out, "\nwrong     %lu\n", (unsigned long)(t[TALLY_WRONG] + w[TALLY_WRONG]));
	const enum limit limit = limit_find(outcome, generator->rate * o->senders);
	fprintf(out, "limit     %s: %s\n", limit_name(limit), limit_help(limit));
	print_wrongs(out, outcome);
	print_ignored(out, &outcome->totals);
	print_slo(out, o, outcome);
	fflush(out);
}
