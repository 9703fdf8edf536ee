// SPDX-License-Identifier: BSD-3-Clause
// The only file that knows libdeflate. Its objects are ours under another name.
#include "deflate.h"

#include <libdeflate.h>
#include <limits.h>

struct jg_inflater *jg_inflater_new(void)
{
	return (struct jg_inflater *)libdeflate_alloc_decompressor();
}

void jg_inflater_free(struct jg_inflater *inflater)
{
	libdeflate_free_decompressor((struct libdeflate_decompressor *)inflater);
}

int jg_inflate(struct jg_inflater *inflater, const void *in, size_t n, uint8_t *out, size_t limit)
{
	size_t read, written;
	if (limit > INT_MAX)
		limit = INT_MAX;
	if (libdeflate_zlib_decompress_ex((struct libdeflate_decompressor *)inflater, in, n, out,
		    limit, &read, &written) != LIBDEFLATE_SUCCESS)
		return -1;
	// RFC 1950 section 2.2 ends with the Adler-32: what follows it is no part of the token.
	return read == n ? (int)written : -1;
}

uint32_t jg_crc32(const void *bytes, size_t n)
{
	return n == 0 ? 0 : libdeflate_crc32(0, bytes, n);
}

uint32_t jg_adler32(const void *bytes, size_t n)
{
	return libdeflate_adler32(1, bytes, n);
}
