// SPDX-License-Identifier: BSD-3-Clause
#include "internal/counters.h"

#include <assert.h>
#include <stddef.h>

static const struct {
	const char *name;
	const char *unit;
	const char *help;
	enum jg_counter_kind kind;
} rows[] = {
#define X(row_kind, symbol, row_name, row_unit, row_help) \
	{.name = (row_name),                              \
		.unit = (row_unit),                       \
		.help = (row_help),                       \
		.kind = JG_COUNTER_KIND_##row_kind},
	JG_COUNTERS(X)
#undef X
};

const char *jg_counter_name(unsigned counter)
{
	return counter < JG_COUNTER_COUNT ? rows[counter].name : "";
}

const char *jg_counter_unit(unsigned counter)
{
	return counter < JG_COUNTER_COUNT ? rows[counter].unit : "";
}

const char *jg_counter_help(unsigned counter)
{
	return counter < JG_COUNTER_COUNT ? rows[counter].help : "";
}

enum jg_counter_kind jg_counter_kind(unsigned counter)
{
	return counter < JG_COUNTER_COUNT ? rows[counter].kind : JG_COUNTER_KIND_COUNT;
}

const char *jg_stage_name(unsigned stage)
{
	static const char *const names[] = {
#define X(symbol, name, help) (name),
		JG_STAGES(X)
#undef X
	};

	return stage < JG_STAGE_COUNT ? names[stage] : "";
}

// Position of the highest set bit; n > 0.
static unsigned log2_floor(uint64_t n)
{
	return 63U - (unsigned)__builtin_clzll(n);
}

unsigned jg_burst_bucket(unsigned n)
{
	assert(n > 0);
	unsigned bucket = n == 1 ? 0 : log2_floor(n - 1) + 1;

	return bucket < JG_BURST_BUCKETS ? bucket : JG_BURST_BUCKETS - 1;
}

unsigned jg_burst_bucket_max(unsigned bucket)
{
	assert(bucket < JG_BURST_BUCKETS);
	return 1U << bucket;
}

// Values below four have a bucket each; above, the two bits after the highest one choose a quarter
// of the octave, so a bucket is at most a quarter wider than its lower end.
unsigned jg_time_bucket(uint64_t cycles)
{
	if (cycles < 4)
		return (unsigned)cycles;
	unsigned octave = log2_floor(cycles);
	unsigned quarter = (unsigned)(cycles >> (octave - 2)) & 3;
	unsigned bucket = (octave - 1) * 4 + quarter;

	return bucket < JG_TIME_BUCKETS ? bucket : JG_TIME_BUCKETS - 1;
}

uint64_t jg_time_bucket_max(unsigned bucket)
{
	assert(bucket < JG_TIME_BUCKETS);
	if (bucket == JG_TIME_BUCKETS - 1)
		return UINT64_MAX;
	if (bucket < 4)
		return bucket;
	unsigned octave = bucket / 4 + 1;

	return (UINT64_C(1) << octave) +
		((uint64_t)(bucket % 4) + 1) * (UINT64_C(1) << (octave - 2)) - 1;
}

uint64_t jg_counters_fates(const struct jg_counters *counters)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < JG_COUNTER_COUNT; i++)
		if (rows[i].kind == JG_COUNTER_KIND_FATE)
			sum += jg_count_read(&counters->value[i]);
	return sum;
}
