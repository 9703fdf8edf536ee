// SPDX-License-Identifier: BSD-3-Clause
#include "deflate.h"

#include <criterion/criterion.h>

#include <stdlib.h>
#include <zlib.h>

static struct jg_inflater *inflater;
static struct jg_deflater *deflater;
static uint8_t packed[JG_DEFLATED(JG_DEFLATE_MAX)], out[JG_DEFLATE_MAX];

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
	memset(packed, 0xee, sizeof(packed));
	cr_assert_eq(jg_deflate(deflater, text, sizeof(text), packed, 4), 0);
	cr_assert_eq(
		jg_deflate(deflater, text, sizeof(text), packed, JG_DEFLATED(sizeof(text)) - 1), 0);
	cr_assert_eq(packed[0], 0xee);
}

Test(deflate, a_text_beyond_the_window_is_refused_when_packing)
{
	static uint8_t big[JG_DEFLATE_MAX + 1], room[JG_DEFLATED(JG_DEFLATE_MAX + 1)];
	cr_assert_eq(jg_deflate(deflater, big, sizeof(big), room, sizeof(room)), 0);
	cr_assert_gt(jg_deflate(deflater, big, sizeof(big) - 1, room, sizeof(room)), 0);
}

// Packs, looks whether it stays within its memory, and lets two libraries read it. Returns bytes.
static size_t expect_round_trip(const uint8_t *in, size_t n)
{
	size_t room = JG_DEFLATED(n);
	uint8_t *to = malloc(room); // a sanitizer sees a byte too many
	cr_assert_not_null(to);
	size_t size = jg_deflate(deflater, in, n, to, room);
	cr_assert(size > 0 && size <= room);
	cr_assert_eq(jg_inflate(inflater, to, size, out, sizeof(out)), (int)n, "%zu bytes", n);
	cr_assert(n == 0 || memcmp(out, in, n) == 0, "%zu bytes", n);
	uLongf len = sizeof(out);
	memset(out, 0xee, n);
	cr_assert_eq(uncompress(out, &len, to, size), Z_OK, "%zu bytes", n);
	cr_assert(len == n && (n == 0 || memcmp(out, in, n) == 0), "%zu bytes", n);
	free(to);
	return size;
}

Test(deflate, texts_of_all_lengths_and_kinds_come_back)
{
	static const unsigned kinds[] = {1, 2, 3, 17, 64, 256}; // how many bytes there are
	srand(20261125);
	for (size_t n = 0; n <= 400; n++)
		for (size_t kind = 0; kind < JG_ARRAY_SIZE(kinds); kind++) {
			uint8_t in[400];
			for (size_t i = 0; i < n; i++)
				in[i] = (uint8_t)((unsigned)rand() % kinds[kind]);
			(void)expect_round_trip(in, n);
		}
}

Test(deflate, matches_of_every_length_and_distance_come_back)
{
	static uint8_t in[JG_DEFLATE_MAX];
	srand(20261125);
	for (size_t distance = 1; distance <= 30000; distance += 1 + distance / 3)
		for (size_t length = 3; length <= 600; length += 1 + length / 40) {
			size_t n = distance + length;
			for (size_t i = 0; i < distance; i++)
				in[i] = (uint8_t)rand();
			for (size_t i = distance; i < n; i++)
				in[i] = in[i - distance];
			if (distance < 3000 || length % 7 == 0)
				(void)expect_round_trip(in, n);
		}
}

Test(deflate, texts_like_a_tokens_content_shrink_as_zlib_makes_them)
{
	uint8_t in[160] = {0}, other[400];
	srand(1);
	for (size_t i = 0; i < 34; i++)
		in[i] = (uint8_t)rand(); // a signature, then an App ID, numbers and privileges
	for (size_t i = 36; i < 68; i++)
		in[i] = (uint8_t) "0123456789abcdef"[rand() % 16];
	for (size_t i = 0; i < 5; i++)
		in[90 + 6 * i] = (uint8_t)i;
	uLongf zlibs = sizeof(other);
	cr_assert_eq(compress(other, &zlibs, in, sizeof(in)), Z_OK);
	cr_assert_leq(expect_round_trip(in, sizeof(in)), zlibs + zlibs / 10);
}

Test(deflate, crc_is_zlibs)
{
	cr_assert_eq(jg_crc32("123456789", 9), 0xcbf43926u);
	cr_assert_eq(jg_crc32("", 0), 0);
	cr_assert_eq(jg_crc32(NULL, 0), 0);
}
