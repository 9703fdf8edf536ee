// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** What a run must keep: "p99.9<100us,loss<1e-6,wrong==0". */

#include "histogram.h"

#define SLO_TERMS_MAX 16

enum slo_figure {
	SLO_PERCENTILE, // latency from the intended send time, ns
	SLO_MAX,
	SLO_MEAN,
	SLO_LOSS, // unanswered / sent
	SLO_WRONG, // verdicts other than the token's
	SLO_LATE, // sent behind schedule / sent
	SLO_RATE, // achieved / intended
};

enum slo_relation {
	SLO_LESS,
	SLO_LESS_EQUAL,
	SLO_EQUAL,
	SLO_GREATER,
	SLO_GREATER_EQUAL,
};

struct slo_term {
	enum slo_figure figure;
	enum slo_relation relation;
	double percent; // of SLO_PERCENTILE
	double limit; // ns, or a share, or a count
	char text[48]; // as it was given
};

struct slo {
	unsigned n;
	struct slo_term term[SLO_TERMS_MAX];
};

struct slo_result {
	uint64_t sent;
	uint64_t unanswered;
	uint64_t wrong;
	uint64_t late;
	double achieved; // share of the intended rate
	const struct histogram *latency;
};

/** Read an expression. 0, or -EINVAL with what is wrong and what was expected. */
JG_MUST_CHECK int slo_parse(struct slo *slo, const char *text, struct jg_error *err);

/** The figure a term is about. */
double slo_figure(const struct slo_term *term, const struct slo_result *result);

bool slo_term_kept(const struct slo_term *term, const struct slo_result *result);

/** All terms kept? An empty one is. */
bool slo_kept(const struct slo *slo, const struct slo_result *result);
