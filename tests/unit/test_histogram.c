// SPDX-License-Identifier: BSD-3-Clause
#include "histogram.h"

#include <criterion/criterion.h>

#include <errno.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <zlib.h>

static struct histogram h;

Test(histogram, an_empty_one_has_no_values)
{
	histogram_init(&h);
	cr_assert_eq(histogram_percentile(&h, 99), 0);
	cr_assert_eq(histogram_percentile(&h, 100), 0);
	cr_assert_eq(histogram_above(&h, 0), 0);
	cr_assert_eq((int)histogram_mean(&h), 0);
}

Test(histogram, each_value_falls_into_a_slot_within_one_part_in_a_thousand)
{
	for (uint64_t value = 1; value < HISTOGRAM_MAX; value += value / 7 + 1) {
		histogram_init(&h);
		histogram_add(&h, value);
		histogram_add(&h, HISTOGRAM_MAX);
		uint64_t got = histogram_percentile(&h, 50);
		cr_assert_geq(got, value);
		cr_assert_leq(got - value, value / 1000 + 1);
	}
}

Test(histogram, slots_grow_strictly)
{
	for (unsigned i = 1; i < HISTOGRAM_SLOTS; i++)
		cr_assert_gt(histogram_slot_value(i), histogram_slot_value(i - 1));
}

Test(histogram, percentiles_are_ranks)
{
	histogram_init(&h);
	for (uint64_t i = 1; i <= 1000; i++)
		histogram_add(&h, i);
	cr_assert_eq(histogram_percentile(&h, 0), 1);
	cr_assert_eq(histogram_percentile(&h, 50), 500);
	cr_assert_eq(histogram_percentile(&h, 99.9), 999);
	cr_assert_eq(histogram_percentile(&h, 100), 1000);
	cr_assert_eq(h.min, 1);
	cr_assert_eq((int)histogram_mean(&h), 500);
}

Test(histogram, no_percentile_exceeds_the_exact_maximum)
{
	histogram_init(&h);
	histogram_add(&h, 1000001);
	cr_assert_eq(histogram_percentile(&h, 99.999), 1000001);
}

Test(histogram, more_than_an_hour_counts_as_an_hour)
{
	histogram_init(&h);
	histogram_add(&h, UINT64_MAX);
	cr_assert_eq(h.max, HISTOGRAM_MAX);
	cr_assert_eq(histogram_above(&h, UINT64_MAX), 0);
}

Test(histogram, merging_adds_counts_and_keeps_the_extremes)
{
	static struct histogram other;
	histogram_init(&h);
	histogram_init(&other);
	histogram_add(&h, 10);
	histogram_add(&other, 5);
	histogram_add(&other, 2000);
	histogram_merge(&h, &other);
	cr_assert_eq(h.total, 3);
	cr_assert_eq(h.min, 5);
	cr_assert_eq(h.max, 2000);
	cr_assert_eq(histogram_above(&h, 10), 1);
}

static uint64_t read_be(const uint8_t *p, unsigned n)
{
	uint64_t value = 0;
	while (n-- > 0)
		value = value << 8 | *p++;
	return value;
}

static int64_t read_count(const uint8_t **p)
{
	uint64_t value = 0;
	for (unsigned shift = 0; shift < 63; shift += 7) {
		uint8_t byte = *(*p)++;
		value |= (uint64_t)(shift == 56 ? byte : byte & 0x7f) << shift;
		if (shift == 56 || byte < 0x80)
			break;
	}
	return (int64_t)(value >> 1) ^ -(int64_t)(value & 1);
}

// The histogram of one line of a log, inflated; the caller frees it.
static uint8_t *decode(const char *text, uLongf *len)
{
	size_t n = strlen(text);
	uint8_t *packed = malloc(n);
	*len = 4 * 1024 * 1024;
	uint8_t *raw = malloc(*len);
	int packed_len = EVP_DecodeBlock(packed, (const unsigned char *)text, (int)n);
	cr_assert_gt(packed_len, 8);
	cr_assert_eq(read_be(packed, 4), 0x1c849314);
	cr_assert_eq(uncompress(raw, len, packed + 8, read_be(packed + 4, 4)), Z_OK);
	free(packed);
	return raw;
}

Test(histogram, a_log_line_holds_every_count)
{
	char *text = NULL;
	size_t size = 0;
	uLongf len;
	histogram_init(&h);
	for (unsigned i = 0; i < 5; i++)
		histogram_add(&h, 3);
	histogram_add(&h, 70000);
	FILE *file = open_memstream(&text, &size);
	cr_assert_eq(histogram_log(file, &h, 1.5, 1.0), 0);
	fclose(file);
	cr_assert_eq(strncmp(text, "1.500,1.000,0.070,", 18), 0);
	text[strlen(text) - 1] = '\0';
	uint8_t *raw = decode(text + 18, &len);
	cr_assert_eq(read_be(raw, 4), 0x1c849313);
	cr_assert_eq(read_be(raw + 12, 4), HISTOGRAM_DIGITS);
	const uint8_t *p = raw + 40;
	cr_assert_eq(read_count(&p), -3);
	cr_assert_eq(read_count(&p), 5);
	cr_assert_lt(read_count(&p), 0);
	cr_assert_eq(read_count(&p), 1);
	cr_assert_eq(p, raw + len);
	free(raw);
	free(text);
}

Test(histogram, a_log_that_cannot_be_written_says_so)
{
	histogram_init(&h);
	FILE *full = fopen("/dev/full", "w");
	cr_assert_not_null(full);
	setvbuf(full, NULL, _IONBF, 0);
	cr_assert_eq(histogram_log_header(full, 0), -EIO);
	cr_assert_eq(histogram_log(full, &h, 0, 1), -EIO);
	fclose(full);
}
