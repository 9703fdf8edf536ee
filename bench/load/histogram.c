// SPDX-License-Identifier: BSD-3-Clause
#include "histogram.h"

#include <math.h>

#define HALF (1u << (HISTOGRAM_SUB_BITS - 1))

void histogram_init(struct histogram *h)
{
	memset(h, 0, sizeof(*h));
	h->min = UINT64_MAX;
}

static unsigned slot_of(uint64_t value)
{
	unsigned bits = 64 - (unsigned)__builtin_clzll(value | (2 * HALF - 1));
	unsigned bucket = bits - HISTOGRAM_SUB_BITS;
	return (bucket << (HISTOGRAM_SUB_BITS - 1)) + (unsigned)(value >> bucket);
}

uint64_t histogram_slot_value(unsigned slot)
{
	if (slot < 2 * HALF)
		return slot;
	unsigned bucket = slot / HALF - 1;
	uint64_t step = slot % HALF + HALF;
	return ((step + 1) << bucket) - 1;
}

void histogram_add(struct histogram *h, uint64_t value)
{
	histogram_add_many(h, value, 1);
}

void histogram_add_many(struct histogram *h, uint64_t value, uint64_t n)
{
	if (n == 0)
		return;
	if (value > HISTOGRAM_MAX)
		value = HISTOGRAM_MAX;
	h->count[slot_of(value)] += n;
	h->total += n;
	h->sum += (double)value * (double)n;
	if (value > h->max)
		h->max = value;
	if (value < h->min)
		h->min = value;
}

void histogram_merge(struct histogram *into, const struct histogram *from)
{
	for (unsigned i = 0; i < HISTOGRAM_SLOTS; i++)
		into->count[i] += from->count[i];
	into->total += from->total;
	into->sum += from->sum;
	if (from->max > into->max)
		into->max = from->max;
	if (from->min < into->min)
		into->min = from->min;
}

uint64_t histogram_percentile(const struct histogram *h, double percent)
{
	if (h->total == 0)
		return 0;
	// Less a hair, so that 99.9 % of 1000 is 999 in spite of binary fractions.
	double rank = ceil(percent / 100.0 * (double)h->total * (1 - 1e-13));
	uint64_t wanted = rank < 1 ? 1 : (uint64_t)rank;
	if (wanted >= h->total)
		return h->max;
	uint64_t seen = 0;
	for (unsigned i = 0; i < HISTOGRAM_SLOTS; i++) {
		seen += h->count[i];
		if (seen >= wanted) {
			uint64_t value = histogram_slot_value(i);
			return value < h->max ? value : h->max;
		}
	}
	return h->max;
}

double histogram_mean(const struct histogram *h)
{
	return h->total == 0 ? 0 : h->sum / (double)h->total;
}

uint64_t histogram_above(const struct histogram *h, uint64_t limit)
{
	if (limit >= HISTOGRAM_MAX)
		return 0;
	uint64_t above = 0;
	for (unsigned i = slot_of(limit) + 1; i < HISTOGRAM_SLOTS; i++)
		above += h->count[i];
	return above;
}
