// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** The two text formats that Prometheus reads, family by family and sample by sample. */

#include "internal/base.h"

#include <stdint.h>
#include <stdio.h>

struct jg_writer {
	FILE *out;
	bool openmetrics;
	const char *name; // of the family that is open, without suffix
	unsigned labels; // of the sample that is open
};

/** A family: "joingate_" is put before its name, "_total" after a counter's. unit may be "". */
void jg_family(struct jg_writer *w, const char *name, const char *type, const char *unit,
	const char *help);

/** A sample: begin, any number of labels, one value. suffix: "_total", "_bucket", "". */
void jg_sample(struct jg_writer *w, const char *suffix);
void jg_label(struct jg_writer *w, const char *name, const char *value);
void jg_value(struct jg_writer *w, double value);
void jg_count_value(struct jg_writer *w, uint64_t value);

/** The last line. */
void jg_exposition_end(struct jg_writer *w);
