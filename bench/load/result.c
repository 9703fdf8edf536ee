// SPDX-License-Identifier: BSD-3-Clause
#include "result.h"

#include "limit.h"

#include <errno.h>
#include <stdlib.h>

static json_t *number(uint64_t n)
{
	return json_integer((json_int_t)n);
}

static json_t *build_settings(const struct result_parts *p)
{
	const struct options *o = p->options;
	json_t *slo = json_array();
	json_t *vendors = json_object();
	json_t *kinds = json_object();
	for (unsigned i = 0; i < o->slo.n; i++)
		json_array_append_new(slo, json_string(o->slo.term[i].text));
	for (unsigned i = 0; i < JG_VENDOR_COUNT; i++)
		if (p->pool->vendors[i] > 0)
			json_object_set_new(
				vendors, jg_vendor_name(i), number(p->pool->vendors[i]));
	for (unsigned i = 0; i <= KIND_COUNT; i++)
		if (p->pool->kinds[i] > 0)
			json_object_set_new(kinds, i == KIND_COUNT ? "other" : kind_name(i),
				number(p->pool->kinds[i]));
	return json_pack(
		"{ss ss ss ss sf sf sf sf ss sf sI si sI sI si sf sf sf si sf sI so so so}", "gate",
		p->target->text, "over", p->way, "allowed_as", p->target->why, "profile",
		profile_name(o->profile.kind), "rate", o->profile.rate, "from", o->profile.from,
		"duration", o->profile.seconds, "sigma", o->profile.sigma, "arrivals",
		o->poisson ? "poisson" : "even", "warm_up", o->profile.warm_up, "seed",
		(json_int_t)o->seed, "senders", (int)o->senders, "tokens", (json_int_t)p->pool->n,
		"token_bytes", (json_int_t)(p->pool->token_bytes / p->pool->n), "front_end",
		(int)o->front_end, "timeout_ms", (double)o->timeout / 1e6, "late_us",
		(double)o->late / 1e3, "bad", o->mix.bad, "rooms", (int)o->mix.rooms, "zipf",
		o->mix.zipf, "ttl", (json_int_t)o->ttl, "slo", slo, "vendors", vendors, "kinds",
		kinds);
}

static json_t *build_tally(const uint64_t *tally)
{
	json_t *json = json_object();
	for (unsigned i = 0; i < TALLY_COUNT; i++)
		json_object_set_new(json, tally_name(i), number(tally[i]));
	return json;
}

static json_t *build_latency(const struct histogram *h)
{
	return json_pack("{sI sI sf sI sI sI sI sI sI}", "count", (json_int_t)h->total, "min",
		(json_int_t)(h->total == 0 ? 0 : h->min), "mean", histogram_mean(h), "p50",
		(json_int_t)histogram_percentile(h, 50), "p90",
		(json_int_t)histogram_percentile(h, 90), "p99",
		(json_int_t)histogram_percentile(h, 99), "p999",
		(json_int_t)histogram_percentile(h, 99.9), "p9999",
		(json_int_t)histogram_percentile(h, 99.99), "max", (json_int_t)h->max);
}

// Half the rest, again and again, four points each, until it is less than one answer.
static json_t *build_percentiles(const struct histogram *h)
{
	json_t *points = json_array();
	for (double rest = 100; rest * (double)h->total > 50; rest /= 2)
		for (unsigned i = 0; i < 4; i++) {
			const double percent = 100 - rest + rest / 2 * i / 4;
			json_array_append_new(points,
				json_pack("[fI]", percent,
					(json_int_t)histogram_percentile(h, percent)));
		}
	json_array_append_new(points, json_pack("[fI]", 100.0, (json_int_t)h->max));
	return points;
}

static json_t *build_seconds(const struct outcome *o)
{
	json_t *seconds = json_array();
	for (uint32_t i = 0; i < o->rows_n; i++) {
		const struct row *r = &o->rows[i];
		json_t *row = json_pack("{si sf sI sI sI sI sI sI sI sI sI sI sI sf}", "t", (int)i,
			"intended", r->intended, "sent", (json_int_t)r->sent, "late",
			(json_int_t)r->late, "answered", (json_int_t)r->answered, "unanswered",
			(json_int_t)r->unanswered, "wrong", (json_int_t)r->wrong, "arrived",
			(json_int_t)r->arrived, "p50", (json_int_t)r->p50, "p90",
			(json_int_t)r->p90, "p99", (json_int_t)r->p99, "p999", (json_int_t)r->p999,
			"max", (json_int_t)r->max, "busy", r->busy);
		if (r->gate_busy >= 0)
			json_object_set_new(row, "gate_busy", json_real(r->gate_busy));
		json_t *stages = json_array();
		for (size_t j = 0; j < JG_ARRAY_SIZE(r->stages); j++)
			json_array_append_new(stages, number(r->stages[j]));
		json_object_set_new(row, "stages", stages);
		json_array_append_new(seconds, row);
	}
	return seconds;
}

static json_t *build_wrongs(const struct result_parts *p)
{
	json_t *wrongs = json_array();
	for (unsigned i = 0; i < p->outcome->wrongs_n; i++) {
		const struct wrong *w = &p->outcome->wrongs[i];
		char id[24];
		snprintf(id, sizeof(id), "%016lx", (unsigned long)w->id);
		json_array_append_new(wrongs,
			json_pack("{ss ss ss ss sb si ss}", "vendor", jg_vendor_name(w->vendor),
				"kind", w->kind == KIND_COUNT ? "other" : kind_name(w->kind),
				"expected", jg_reason_name(w->expected), "got",
				jg_reason_name(w->got), "content", (int)w->content, "token",
				(int)w->question, "request", id));
	}
	return wrongs;
}

static json_t *build_slo(const struct result_parts *p)
{
	const struct slo_result result = outcome_result(p->outcome);
	json_t *terms = json_array();
	for (unsigned i = 0; i < p->options->slo.n; i++) {
		const struct slo_term *term = &p->options->slo.term[i];
		json_array_append_new(terms,
			json_pack("{ss sf sb}", "term", term->text, "figure",
				slo_figure(term, &result), "kept", slo_term_kept(term, &result)));
	}
	return terms;
}

static void add_counts(json_t *json, const struct totals *t)
{
	json_t *reasons = json_object();
	json_t *kinds = json_object();
	json_t *ignored = json_object();
	for (unsigned i = 0; i < JG_REASON_COUNT; i++)
		if (t->reasons[i] > 0)
			json_object_set_new(reasons, jg_reason_name(i), number(t->reasons[i]));
	for (unsigned i = 0; i <= KIND_COUNT; i++)
		if (t->kinds[i] > 0)
			json_object_set_new(kinds, i == KIND_COUNT ? "other" : kind_name(i),
				json_pack("{sI sI}", "sent", (json_int_t)t->kinds[i], "wrong",
					(json_int_t)t->kinds_wrong[i]));
	for (unsigned i = 0; i < JG_WIRE_FATE_COUNT; i++)
		if (t->ignored[i] > 0)
			json_object_set_new(ignored, jg_wire_fate_name(i), number(t->ignored[i]));
	json_object_set_new(json, "reasons", reasons);
	json_object_set_new(json, "kinds", kinds);
	json_object_set_new(json, "ignored", ignored);
	json_object_set_new(json, "transport",
		json_pack("{sI sI sI}", "refused", (json_int_t)t->transport.refused, "blocked",
			(json_int_t)t->transport.blocked, "dropped",
			(json_int_t)t->transport.dropped));
}

json_t *result_build(const struct result_parts *p)
{
	const struct outcome *o = p->outcome;
	json_t *totals = build_tally(o->totals.tally[1]);
	json_object_set_new(totals, "intended", json_real(o->intended));
	json_object_set_new(totals, "seconds", json_real(o->seconds));
	json_object_set_new(totals, "sending", json_real(o->sending));
	json_object_set_new(totals, "busy", json_real(o->busy));
	json_object_set_new(totals, "busiest", json_real(o->busiest));
	json_object_set_new(totals, "outage", json_real(o->outage));
	json_object_set_new(totals, "outage_from", json_real(o->outage_from));
	json_object_set_new(totals, "limit",
		json_string(limit_name(limit_find(o, p->generator->rate * p->options->senders))));
	json_t *json = json_pack("{ss sI si sb so so so so so so}", "schema", RESULT_SCHEMA,
		"started", (json_int_t)p->started, "status", p->status, "interrupted",
		(int)o->interrupted, "settings", build_settings(p), "warm_up",
		build_tally(o->totals.tally[0]), "totals", totals, "latency",
		build_latency(o->latency), "latency_with_unanswered", build_latency(o->judged),
		"percentiles", build_percentiles(o->judged));
	if (json == NULL)
		return NULL;
	add_counts(json, &o->totals);
	json_object_set_new(json, "slo", build_slo(p));
	json_object_set_new(json, "wrong", build_wrongs(p));
	json_object_set_new(json, "seconds", build_seconds(o));
	json_object_set_new(json, "generator",
		json_pack("{sf sf sf sf sf sf sf}", "rate", p->generator->rate, "sending",
			p->generator->sending, "judging", p->generator->judging, "floor_p50",
			p->generator->floor_p50, "floor_p99", p->generator->floor_p99, "pause",
			p->generator->pause, "minted",
			p->pool->seconds > 0 ? p->pool->n / p->pool->seconds : 0.0));
	json_object_set(json, "environment", p->environment);
	if (p->steps != NULL)
		json_object_set(json, "steps", p->steps);
	return json;
}

static FILE *open_output(const char *path, struct jg_error *err)
{
	FILE *file = strcmp(path, "-") == 0 ? stdout : fopen(path, "we");
	if (file == NULL)
		jg_error_set(err, "%s cannot be written: %s", path, strerror(errno));
	return file;
}

static bool close_output(FILE *file, bool good, const char *path, struct jg_error *err)
{
	good &= fflush(file) == 0 && !ferror(file);
	if (!good)
		jg_error_set(err, "%s cannot be written: %s", path, strerror(errno));
	if (file != stdout)
		good &= fclose(file) == 0;
	return good;
}

bool result_write(const json_t *result, const char *path, struct jg_error *err)
{
	FILE *file = open_output(path, err);
	if (file == NULL)
		return false;
	const bool good = json_dumpf(result, file, JSON_INDENT(1) | JSON_REAL_PRECISION(12)) == 0 &&
		fputc('\n', file) != EOF;
	return close_output(file, good, path, err);
}

bool result_write_csv(const json_t *result, const char *path, struct jg_error *err)
{
	static const char *const columns[] = {"t", "intended", "sent", "late", "answered",
		"unanswered", "wrong", "arrived", "p50", "p90", "p99", "p999", "max"};
	FILE *file = open_output(path, err);
	size_t i;
	json_t *row;
	if (file == NULL)
		return false;
	for (i = 0; i < JG_ARRAY_SIZE(columns); i++)
		fprintf(file, "%s%s%s", i == 0 ? "" : ",", columns[i], i < 8 ? "" : "_ns");
	json_array_foreach(json_object_get(result, "seconds"), i, row)
	{
		for (size_t c = 0; c < JG_ARRAY_SIZE(columns); c++)
			fprintf(file, "%s%.0f", c == 0 ? "\n" : ",",
				json_number_value(json_object_get(row, columns[c])));
	}
	const bool good = fputc('\n', file) != EOF;
	return close_output(file, good, path, err);
}

json_t *result_read(const char *path, struct jg_error *err)
{
	json_error_t error;
	json_t *json = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
	if (json == NULL) {
		jg_error_set(err, "%s:%d: %s", path, error.line, error.text);
		return NULL;
	}
	if (strcmp(result_text(json, "schema"), RESULT_SCHEMA) == 0)
		return json;
	jg_error_set(err, "%s is no result of this version: its schema is \"%.40s\", not %s", path,
		result_text(json, "schema"), RESULT_SCHEMA);
	json_decref(json);
	return NULL;
}

static const json_t *find(const json_t *json, const char *path)
{
	for (const char *at = path; json != NULL; at++) {
		const size_t len = strcspn(at, ".");
		char name[64];
		snprintf(name, sizeof(name), "%.*s", (int)len, at);
		json = json_object_get(json, name);
		at += len;
		if (*at == '\0')
			break;
	}
	return json;
}

double result_number(const json_t *result, const char *path)
{
	return json_number_value(find(result, path));
}

const char *result_text(const json_t *result, const char *path)
{
	const char *text = json_string_value(find(result, path));
	return text == NULL ? "" : text;
}
