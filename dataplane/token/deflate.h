// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** The zlib format of RFC 1950, strictly and with a hard limit, and its CRC-32. Allocates only when a
 * stream object is created. */

#include "internal/base.h"

#include <stdint.h>

struct jg_inflater;
struct jg_deflater;

/** One per thread; NULL when memory ran out. */
JG_MUST_CHECK struct jg_inflater *jg_inflater_new(void);
void jg_inflater_free(struct jg_inflater *inflater);

/**
 * Inflate one whole zlib stream. Refuses a wrong header or Adler-32, a preset dictionary, bytes
 * after the stream, and output beyond limit (stops there, so that a bomb costs no more).
 *
 * @return bytes written, or -1
 */
JG_MUST_CHECK int jg_inflate(
	struct jg_inflater *inflater, const void *in, size_t n, uint8_t *out, size_t limit);

/** Bytes that n bytes may need when they do not shrink at all, and what is written behind the end. */
#define JG_DEFLATED(n) ((n) + (n) / 8 + 24)
/** Longest text, so that every distance is within the window. */
#define JG_DEFLATE_MAX 32768

/** One per thread; NULL when memory ran out. */
JG_MUST_CHECK struct jg_deflater *jg_deflater_new(void);
void jg_deflater_free(struct jg_deflater *deflater);

/** Compress; 0 when n is above JG_DEFLATE_MAX or size below JG_DEFLATED(n). */
JG_MUST_CHECK size_t jg_deflate(
	struct jg_deflater *deflater, const void *in, size_t n, uint8_t *out, size_t size);

/** zlib's checksums. */
uint32_t jg_crc32(const void *bytes, size_t n);
uint32_t jg_adler32(const void *bytes, size_t n);
