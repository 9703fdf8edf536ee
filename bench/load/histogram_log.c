// SPDX-License-Identifier: BSD-3-Clause
// HdrHistogram's log format 1.3: a compressed V2 histogram per line, in base64.
#include "histogram.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <zlib.h>

#define COOKIE 0x1c849303u
#define COOKIE_COMPRESSED 0x1c849304u
#define WORD_SIZE 0x10u // the nibble that the format's readers expect
#define HEADER 40
#define COUNT_BYTES_MAX 9

int histogram_log_header(FILE *file, double unix_seconds)
{
	int n = fprintf(file,
		"#[Histogram log format version 1.3]\n"
		"#[StartTime: %.3f (seconds since epoch)]\n"
		"\"StartTimestamp\",\"Interval_Length\",\"Interval_Max\","
		"\"Interval_Compressed_Histogram\"\n",
		unix_seconds);
	return n < 0 ? -EIO : 0;
}

static uint8_t *put32(uint8_t *p, uint32_t value)
{
	for (int shift = 24; shift >= 0; shift -= 8)
		*p++ = (uint8_t)(value >> shift);
	return p;
}

static uint8_t *put64(uint8_t *p, uint64_t value)
{
	return put32(put32(p, (uint32_t)(value >> 32)), (uint32_t)value);
}

// ZigZag and LEB128 with the ninth byte whole: counts as they are, runs of zeros as negatives.
static uint8_t *put_count(uint8_t *p, int64_t value)
{
	uint64_t zigzag = ((uint64_t)value << 1) ^ (uint64_t)(value >> 63);
	for (unsigned i = 0; i < COUNT_BYTES_MAX - 1; i++) {
		if (zigzag < 0x80) {
			*p++ = (uint8_t)zigzag;
			return p;
		}
		*p++ = (uint8_t)(zigzag | 0x80);
		zigzag >>= 7;
	}
	*p++ = (uint8_t)zigzag;
	return p;
}

static size_t encode(const struct histogram *h, uint8_t *out)
{
	const double ratio = 1.0;
	uint64_t ratio_bits;
	memcpy(&ratio_bits, &ratio, sizeof(ratio_bits));
	unsigned used = HISTOGRAM_SLOTS;
	while (used > 0 && h->count[used - 1] == 0)
		used--;
	uint8_t *p = out + HEADER;
	for (unsigned i = 0; i < used;) {
		unsigned zeros = 0;
		while (h->count[i + zeros] == 0)
			zeros++;
		p = put_count(p, zeros > 0 ? -(int64_t)zeros : (int64_t)h->count[i]);
		i += zeros > 0 ? zeros : 1;
	}
	uint8_t *head = put32(out, COOKIE | WORD_SIZE);
	head = put32(head, (uint32_t)(p - out - HEADER));
	head = put32(head, 0); // normalizing index offset
	head = put32(head, HISTOGRAM_DIGITS);
	head = put64(head, 1); // lowest discernible value
	head = put64(head, HISTOGRAM_MAX);
	put64(head, ratio_bits);
	return (size_t)(p - out);
}

static int write_line(FILE *file, uint8_t *compressed, size_t len, const char *prefix)
{
	put32(put32(compressed, COOKIE_COMPRESSED | WORD_SIZE), (uint32_t)len - 8);
	char *text = malloc(len / 3 * 4 + 8);
	if (text == NULL)
		return -ENOMEM;
	EVP_EncodeBlock((unsigned char *)text, compressed, (int)len);
	int n = fprintf(file, "%s%s\n", prefix, text);
	free(text);
	return n < 0 ? -EIO : 0;
}

int histogram_log(FILE *file, const struct histogram *h, double start, double length)
{
	const size_t raw_max = HEADER + (size_t)HISTOGRAM_SLOTS * COUNT_BYTES_MAX;
	uLongf len = compressBound(raw_max);
	uint8_t *raw = malloc(raw_max);
	uint8_t *compressed = malloc(8 + len);
	int rc = -ENOMEM;
	if (raw != NULL && compressed != NULL) {
		char prefix[96];
		size_t n = encode(h, raw);
		snprintf(prefix, sizeof(prefix), "%.3f,%.3f,%.3f,", start, length,
			(double)h->max / 1e6);
		rc = compress(compressed + 8, &len, raw, n) == Z_OK
			? write_line(file, compressed, len + 8, prefix)
			: -EIO;
	}
	free(compressed);
	free(raw);
	return rc;
}
