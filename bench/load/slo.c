// SPDX-License-Identifier: BSD-3-Clause
#include "slo.h"

#include <errno.h>
#include <stdlib.h>

static const struct {
	const char *name;
	enum slo_figure figure;
	bool time;
} figures[] = {
	{"max", SLO_MAX, true},
	{"mean", SLO_MEAN, true},
	{"loss", SLO_LOSS, false},
	{"wrong", SLO_WRONG, false},
	{"late", SLO_LATE, false},
	{"rate", SLO_RATE, false},
};

// Two characters before one, so that "<=" is not read as "<".
static const struct {
	const char *sign;
	enum slo_relation relation;
} relations[] = {
	{"<=", SLO_LESS_EQUAL},
	{">=", SLO_GREATER_EQUAL},
	{"==", SLO_EQUAL},
	{"<", SLO_LESS},
	{">", SLO_GREATER},
};

static const struct {
	const char *unit;
	double factor;
} units[] = {{"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}};

static int fail(struct jg_error *err, const char *text, const char *expected)
{
	jg_error_set(err, "--slo: '%.48s': expected %s; an example: p99.9<100us,loss<1e-6,wrong==0",
		text, expected);
	return -EINVAL;
}

// Where the relation begins; NULL when the figure is none.
static const char *read_figure(struct slo_term *term, const char *text, bool *time)
{
	if (text[0] == 'p' && text[1] >= '0' && text[1] <= '9') {
		char *end;
		term->figure = SLO_PERCENTILE;
		term->percent = strtod(text + 1, &end);
		*time = true;
		return term->percent > 100 ? NULL : end;
	}
	for (size_t i = 0; i < JG_ARRAY_SIZE(figures); i++) {
		size_t n = strlen(figures[i].name);
		if (strncmp(text, figures[i].name, n) == 0) {
			term->figure = figures[i].figure;
			*time = figures[i].time;
			return text + n;
		}
	}
	return NULL;
}

static const char *read_relation(struct slo_term *term, const char *text)
{
	for (size_t i = 0; i < JG_ARRAY_SIZE(relations); i++) {
		size_t n = strlen(relations[i].sign);
		if (strncmp(text, relations[i].sign, n) == 0) {
			term->relation = relations[i].relation;
			return text + n;
		}
	}
	return NULL;
}

static bool read_limit(struct slo_term *term, const char *text, bool time)
{
	char *end;
	term->limit = strtod(text, &end);
	if (end == text || !(term->limit >= 0))
		return false;
	if (!time)
		return *end == '\0';
	for (size_t i = 0; i < JG_ARRAY_SIZE(units); i++) {
		if (strcmp(end, units[i].unit) == 0) {
			term->limit *= units[i].factor;
			return true;
		}
	}
	return false;
}

static int parse_term(struct slo_term *term, const char *text, struct jg_error *err)
{
	bool time = false;
	const char *rest = read_figure(term, text, &time);
	if (rest == NULL)
		return fail(err, text, "p0..p100, max, mean, loss, wrong, late or rate");
	rest = read_relation(term, rest);
	if (rest == NULL)
		return fail(err, text, "<, <=, ==, >= or > after the figure");
	if (!read_limit(term, rest, time))
		return fail(err, text, time ? "a time with its unit: ns, us, ms or s" : "a number");
	return 0;
}

int slo_parse(struct slo *slo, const char *text, struct jg_error *err)
{
	slo->n = 0;
	for (const char *at = text; *at != '\0';) {
		size_t len = strcspn(at, ",");
		if (slo->n == SLO_TERMS_MAX)
			return fail(err, at, "at most 16 terms");
		struct slo_term *term = &slo->term[slo->n++];
		if (len == 0 || len >= sizeof(term->text))
			return fail(err, at, "FIGURE RELATION LIMIT, separated by commas");
		memcpy(term->text, at, len);
		term->text[len] = '\0';
		int rc = parse_term(term, term->text, err);
		if (rc != 0)
			return rc;
		at += len;
		if (*at == ',' && *++at == '\0')
			return fail(err, text, "another term after the last comma");
	}
	return 0;
}

static double share(uint64_t part, uint64_t whole)
{
	return whole == 0 ? 0 : (double)part / (double)whole;
}

double slo_figure(const struct slo_term *term, const struct slo_result *result)
{
	switch (term->figure) {
	case SLO_PERCENTILE:
		return (double)histogram_percentile(result->latency, term->percent);
	case SLO_MAX:
		return (double)result->latency->max;
	case SLO_MEAN:
		return histogram_mean(result->latency);
	case SLO_LOSS:
		return share(result->unanswered, result->sent);
	case SLO_WRONG:
		return (double)result->wrong;
	case SLO_LATE:
		return share(result->late, result->sent);
	case SLO_RATE:
		return result->achieved;
	}
	return 0;
}

bool slo_term_kept(const struct slo_term *term, const struct slo_result *result)
{
	double figure = slo_figure(term, result);
	switch (term->relation) {
	case SLO_LESS:
		return figure < term->limit;
	case SLO_LESS_EQUAL:
		return figure <= term->limit;
	case SLO_EQUAL:
		return figure >= term->limit && figure <= term->limit;
	case SLO_GREATER:
		return figure > term->limit;
	case SLO_GREATER_EQUAL:
		return figure >= term->limit;
	}
	return false;
}

bool slo_kept(const struct slo *slo, const struct slo_result *result)
{
	for (unsigned i = 0; i < slo->n; i++)
		if (!slo_term_kept(&slo->term[i], result))
			return false;
	return true;
}
