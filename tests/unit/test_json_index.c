// SPDX-License-Identifier: BSD-3-Clause
// Every variant of the index of plain JSON against the portable one, and that against the obvious.
#include "json_index.h"
#include "simd/decoders.h"

#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>

#define LEN_MAX 300

static uint8_t bytes[2][LEN_MAX + JG_TEXT_SLACK];
static uint16_t quotes[2][LEN_MAX + JG_TEXT_SLACK];

static bool run(const struct jg_decoders *variant, unsigned which, const uint8_t *in, size_t len,
	struct jg_text *text)
{
	// A copy of exactly this size, so that a sanitizer sees a read beyond it.
	uint8_t *copy = malloc(len > 0 ? len : 1);
	cr_assert_not_null(copy);
	memcpy(copy, in, len);
	*text = (struct jg_text){.bytes = bytes[which], .quotes = quotes[which]};
	bool plain = variant->json_index(copy, len, text);
	free(copy);
	return plain;
}

static bool expect_same(const uint8_t *in, size_t len)
{
	struct jg_text reference, text;
	const struct jg_decoders *portable = jg_decoders_next(NULL);
	bool plain = run(portable, 0, in, len, &reference);
	cr_assert_eq(reference.len, len);
	for (const struct jg_decoders *v = portable; (v = jg_decoders_next(v)) != NULL;) {
		cr_assert_eq(run(v, 1, in, len, &text), plain, "%s, %zu", v->name, len);
		cr_assert_eq(text.len, len);
		cr_assert_eq(text.flags, reference.flags);
		cr_assert_eq(text.quotes_n, reference.quotes_n, "%s, %zu", v->name, len);
		cr_assert_arr_eq(bytes[1], in, len);
		cr_assert_arr_eq(quotes[1], quotes[0], text.quotes_n * sizeof(quotes[0][0]));
	}
	return plain;
}

Test(json_index, variants_agree_on_texts_of_all_lengths)
{
	srand(20261125);
	for (size_t len = 0; len <= LEN_MAX; len++)
		for (unsigned round = 0; round < 8; round++) {
			uint8_t in[LEN_MAX];
			for (size_t i = 0; i < len; i++)
				in[i] = (uint8_t)(rand() % (round + 2) == 0 ? '"'
									    : 'a' + rand() % 26);
			cr_assert(expect_same(in, len));
		}
}

Test(json_index, all_quotes_and_none)
{
	for (size_t len = 0; len <= LEN_MAX; len++) {
		uint8_t in[LEN_MAX];
		memset(in, '"', sizeof(in));
		cr_assert(expect_same(in, len));
		for (size_t i = 0; i < len; i++)
			cr_assert_eq(quotes[0][i], i);
		memset(in, ' ', sizeof(in));
		cr_assert(expect_same(in, len));
	}
}

Test(json_index, every_foreign_byte_is_seen_at_every_place)
{
	for (size_t at = 0; at < 70; at++)
		for (unsigned byte = 0; byte < 256; byte++) {
			uint8_t in[70];
			memset(in, 'a', sizeof(in));
			in[at] = (uint8_t)byte;
			cr_assert_eq(expect_same(in, sizeof(in)),
				byte >= 0x20 && byte < 0x80 && byte != '\\', "byte %u at %zu", byte,
				at);
		}
}
