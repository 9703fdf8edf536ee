// SPDX-License-Identifier: BSD-3-Clause
#include "bytes.h"
#include "checksum_avx512.h"

#include <criterion/criterion.h>

#include <stdlib.h>

typedef uint64_t sum_add(uint64_t sum, const uint8_t *bytes, uint32_t len);

// RFC 1071 as it is written: words in network order, carries brought back at the end.
static uint16_t by_the_book(uint32_t sum, const uint8_t *bytes, uint32_t len)
{
	for (uint32_t i = 0; i < len; i++)
		sum += i % 2 == 0 ? (uint32_t)bytes[i] << 8 : bytes[i];
	while (sum >> 16 != 0)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

// Content that ends where its memory does: a read beyond it is seen by ASan.
static uint8_t *random_bytes(uint32_t len, unsigned seed)
{
	uint8_t *bytes = malloc(len + 1);

	cr_assert_not_null(bytes);
	for (uint32_t i = 0; i < len; i++) {
		seed = seed * 1103515245 + 12345;
		bytes[i] = (uint8_t)(seed >> 16);
	}
	return realloc(bytes, len > 0 ? len : 1);
}

static void agrees(sum_add *add)
{
	for (uint32_t len = 0; len <= 700; len++) {
		uint8_t *bytes = random_bytes(len, len);

		cr_assert_eq(jg_sum_fold(add(0, bytes, len)), by_the_book(0, bytes, len),
			"length %u", len);
		free(bytes);
	}
}

// All ones: every addition carries.
static void carries(sum_add *add)
{
	static uint8_t ones[24000];

	memset(ones, 0xff, sizeof(ones));
	for (uint32_t len = 2; len <= sizeof(ones); len += len < 300 ? 2 : 1186)
		cr_assert_eq(jg_sum_fold(add(UINT64_MAX, ones, len)), 0xffff, "length %u", len);
	cr_assert_eq(jg_sum_fold(add(UINT64_MAX - 1, ones, 7)),
		by_the_book(
			0xfeff, ones, 7)); // UINT64_MAX - 1 read as words: 0xfeff in network order
}

static void any_start(sum_add *add)
{
	uint8_t *bytes = random_bytes(400, 7);

	for (uint32_t at = 0; at < 64; at++)
		cr_assert_eq(jg_sum_fold(add(jg_sum_numbers(at), bytes + at, 300)),
			by_the_book(at, bytes + at, 300), "offset %u", at);
	free(bytes);
}

Test(checksum, any_length_has_the_sum_of_the_textbook)
{
	agrees(jg_sum_add_portable);
	agrees(jg_sum_add);
}

Test(checksum, carries_come_back)
{
	carries(jg_sum_add_portable);
	carries(jg_sum_add);
}

Test(checksum, bytes_may_begin_anywhere)
{
	any_start(jg_sum_add_portable);
	any_start(jg_sum_add);
}

Test(checksum, the_wide_sum_agrees_where_the_cpu_has_it)
{
	if (!__builtin_cpu_supports("avx512bw"))
		return;
	agrees(jg_sum_add_avx512);
	carries(jg_sum_add_avx512);
	any_start(jg_sum_add_avx512);
}

Test(checksum, folding_nothing_gives_nothing_and_anything_else_does_not)
{
	cr_assert_eq(jg_sum_fold(0), 0);
	cr_assert_eq(jg_sum_fold(UINT64_MAX), 0xffff);
	cr_assert_eq(jg_sum_fold(UINT64_C(0xffff0000ffff0000)), 0xffff);
	cr_assert_eq(jg_sum_fold(UINT64_C(0x8000000000000000)), 0x0080);
	for (unsigned bit = 0; bit < 64; bit++)
		cr_assert_neq(jg_sum_fold(UINT64_C(1) << bit), 0);
}

Test(checksum, a_flipped_bit_changes_the_sum)
{
	uint8_t *bytes = random_bytes(333, 3);
	uint16_t sum = jg_sum_fold(jg_sum_add(0, bytes, 333));

	for (uint32_t bit = 0; bit < 333 * 8; bit++) {
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		cr_assert_neq(jg_sum_fold(jg_sum_add(0, bytes, 333)), sum, "bit %u", bit);
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	free(bytes);
}

Test(checksum, a_pseudo_header_counts_like_its_bytes)
{
	static const uint8_t from[16] = {10, 1, 2, 3, 0xff, 0xfe, 7, 8, 9, 1, 2, 3, 4, 5, 6, 7};
	static const uint8_t to[16] = {192, 168, 200, 1, 5, 6, 7, 8, 9, 250, 251, 3, 4, 5, 6, 7};

	for (unsigned family = 4; family <= 6; family += 2) {
		uint32_t n = family == 4 ? 4 : 16;
		uint32_t book = by_the_book(0, from, n) + by_the_book(0, to, n) + 17 + 1234;

		cr_assert_eq(jg_sum_fold(jg_sum_pseudo(family, from, to, 17, 1234)),
			by_the_book(book, from, 0));
	}
}
