// SPDX-License-Identifier: BSD-3-Clause
#include "deflate.h"

#include <criterion/criterion.h>

static struct jg_inflater *inflater;
static struct jg_deflater *deflater;
static uint8_t packed[512], out[4096];

static void setup(void)
{
	inflater = jg_inflater_new();
	deflater = jg_deflater_new();
	cr_assert_not_null(inflater);
	cr_assert_not_null(deflater);
}

static void teardown(void)
{
	jg_inflater_free(inflater);
	jg_deflater_free(deflater);
}

TestSuite(deflate, .init = setup, .fini = teardown);

static const char text[] =
	"abcabcabcabcabcabcabcabcabcabcabcabcabcabcabcabcabcabcabcabcabcabcabcabc";

static size_t pack(void)
{
	size_t n = jg_deflate(deflater, text, sizeof(text), packed, sizeof(packed));
	cr_assert_gt(n, 0);
	return n;
}

Test(deflate, what_was_packed_comes_back_with_the_usual_header)
{
	size_t n = pack();
	cr_assert_eq(packed[0], 0x78);
	cr_assert_eq(packed[1], 0x9c);
	cr_assert_eq(jg_inflate(inflater, packed, n, out, sizeof(out)), (int)sizeof(text));
	cr_assert_eq(memcmp(out, text, sizeof(text)), 0);
}

Test(deflate, output_stops_at_the_limit)
{
	size_t n = pack();
	cr_assert_eq(jg_inflate(inflater, packed, n, out, sizeof(text)), (int)sizeof(text));
	memset(out, 0xee, sizeof(out));
	cr_assert_eq(jg_inflate(inflater, packed, n, out, sizeof(text) - 1), -1);
	cr_assert_eq(out[sizeof(text) - 1], 0xee);
}

Test(deflate, every_cut_and_every_byte_behind_is_refused)
{
	size_t n = pack();
	for (size_t cut = 0; cut < n; cut++)
		cr_assert_eq(
			jg_inflate(inflater, packed, cut, out, sizeof(out)), -1, "at %zu", cut);
	packed[n] = 0;
	cr_assert_eq(jg_inflate(inflater, packed, n + 1, out, sizeof(out)), -1);
}

Test(deflate, a_wrong_adler_or_header_is_refused)
{
	size_t n = pack();
	for (size_t at = n - 4; at < n; at++) {
		packed[at] ^= 1;
		cr_assert_eq(jg_inflate(inflater, packed, n, out, sizeof(out)), -1);
		packed[at] ^= 1;
	}
	cr_assert_eq(jg_inflate(inflater, packed + 2, n - 2, out, sizeof(out)), -1); // raw deflate
	packed[1] = 0xbb; // preset dictionary, header check right
	cr_assert_eq(jg_inflate(inflater, packed, n, out, sizeof(out)), -1);
	packed[0] = 0x88; // window of 64 kB
	packed[1] = 0x1c;
	cr_assert_eq(jg_inflate(inflater, packed, n, out, sizeof(out)), -1);
}

Test(deflate, a_small_buffer_is_refused_when_packing)
{
	cr_assert_eq(jg_deflate(deflater, text, sizeof(text), packed, 4), 0);
}

Test(deflate, crc_is_zlibs)
{
	cr_assert_eq(jg_crc32("123456789", 9), 0xcbf43926u);
	cr_assert_eq(jg_crc32("", 0), 0);
	cr_assert_eq(jg_crc32(NULL, 0), 0);
}
