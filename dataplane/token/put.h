// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/**
 * Text put down where the caller has made room for it, JG_PUT_SLACK bytes more than it needs. Each
 * function returns where the next one goes on. Inline, because a token is made of twenty pieces that
 * are mostly shorter than a call is long.
 */

#include "internal/base.h"

#include <stdint.h>

/** Bytes that may be written behind the text, which the next piece overwrites. */
#define JG_PUT_SLACK 32

/** A constant of up to 31 bytes, which is always copied whole. */
struct jg_put_word {
	char text[JG_PUT_SLACK - 1];
	uint8_t len;
};
#define JG_PUT_WORD(literal)                 \
	{                                    \
		literal, sizeof(literal) - 1 \
	}

static inline char *jg_put_word(char *at, const struct jg_put_word *word)
{
	memcpy(at, word, sizeof(*word));
	return at + word->len;
}

/** Reads and writes exactly n bytes: without a branch on their number where they are 8 to 32. */
static inline char *jg_put_bytes(char *at, const char *p, size_t n)
{
	if (n > 32) {
		memcpy(at, p, n);
	} else if (n >= 8) {
		// Pieces that overlap as far as they must.
		size_t second = n < 16 ? n - 8 : 8, third = n < 16 ? 0 : n - 16;
		memcpy(at, p, 8);
		memcpy(at + second, p + second, 8);
		memcpy(at + third, p + third, 8);
		memcpy(at + n - 8, p + n - 8, 8);
	} else if (n >= 4) {
		memcpy(at, p, 4);
		memcpy(at + n - 4, p + n - 4, 4);
	} else {
		for (size_t i = 0; i < n; i++)
			at[i] = p[i];
	}
	return at + n;
}

static inline char *jg_put_str(char *at, struct jg_str text)
{
	return jg_put_bytes(at, text.p, text.len);
}

/** The last eight decimal digits, as ASCII in the order of memory. */
static inline uint64_t jg_eight_digits(uint64_t value)
{
	uint64_t v = value / 10000 | value % 10000 << 32;
	uint64_t tens = (v * 10486 >> 20) & UINT64_C(0x0000007f0000007f);
	v = tens | (v - 100 * tens) << 16;
	tens = (v * 103 >> 10) & UINT64_C(0x000f000f000f000f);
	v = tens | (v - 10 * tens) << 8;
	return v | UINT64_C(0x3030303030303030);
}

/** Below 10^16. */
static inline char *jg_put_number(char *at, uint64_t value)
{
	assert(value < UINT64_C(10000000000000000));
	uint64_t high = value / 100000000, low = jg_eight_digits(value % 100000000);
	if (high > 0 && high < 100) { // every time of the next 250 years
		uint64_t tens = high * 205 >> 11;
		*at = (char)('0' + tens);
		at += tens > 0;
		*at++ = (char)('0' + (high - 10 * tens));
		memcpy(at, &low, 8);
		return at + 8;
	}
	if (high > 0) {
		uint64_t digits = jg_eight_digits(high);
		unsigned zeros =
			(unsigned)__builtin_ctzll(digits ^ UINT64_C(0x3030303030303030)) / 8;
		digits >>= 8 * zeros;
		memcpy(at, &digits, 8);
		at += 8 - zeros;
		memcpy(at, &low, 8);
		return at + 8;
	}
	// The last digit stays, even when it is a zero.
	uint64_t nonzero = (low ^ UINT64_C(0x3030303030303030)) | UINT64_C(1) << 63;
	unsigned zeros = (unsigned)__builtin_ctzll(nonzero) / 8;
	low >>= 8 * zeros;
	memcpy(at, &low, 8);
	return at + 8 - zeros;
}

/** The number that was put last, as text; all zeros: none yet. */
struct jg_put_last {
	uint64_t after; /**< it and one */
	uint32_t len;
	char text[16 + 8]; /**< eight digits at a time */
};

/** jg_put_number() of one that is mostly the same as the last: the times of tokens that are made together. */
static inline char *jg_put_again(struct jg_put_last *last, char *at, uint64_t value)
{
	if (__builtin_expect(last->after != value + 1, 0)) {
		last->len = (uint32_t)(jg_put_number(last->text, value) - last->text);
		last->after = value + 1;
	}
	memcpy(at, last->text, 16);
	return at + last->len;
}

/** What a text has in it. */
enum jg_text_trait {
	JG_TEXT_QUOTED = 1 << 0, /**< bytes that a JSON string must escape: control, " and \ */
	JG_TEXT_WIDE = 1 << 1, /**< bytes above 0x7f */
};

typedef int8_t jg_sixteen __attribute__((vector_size(16)));

/** A text shorter than sixteen bytes: what is in the middle stands twice, blanks fill the rest. */
static inline jg_sixteen jg_load_short(const char *p, size_t n)
{
	typedef uint64_t two_words __attribute__((vector_size(16)));
	uint64_t first = UINT64_C(0x2020202020202020), last = first;
	if (n >= 8) {
		memcpy(&first, p, 8);
		memcpy(&last, p + n - 8, 8);
	} else if (n >= 4) {
		memcpy(&first, p, 4);
		memcpy(&last, p + n - 4, 4);
	} else {
		for (size_t i = 0; i < n; i++)
			first = first << 8 | (uint8_t)p[i];
	}
	return (jg_sixteen)(two_words){first, last};
}

/** Bytes that make a text odd: to be escaped, or above 0x7f, which are negative. */
static inline jg_sixteen jg_odd_bytes(jg_sixteen v)
{
	return (v < 0x20) | (v == '"') | (v == '\\');
}

/** enum jg_text_trait of a text that has odd bytes. */
unsigned jg_odd_text_traits(struct jg_str text);

/** Its bytes that make it odd: not all zeros if there are any. */
static inline jg_sixteen jg_text_odd(struct jg_str text)
{
	jg_sixteen v, odd = {0};
	if (text.len < 16)
		return jg_odd_bytes(jg_load_short(text.p, text.len));
	for (uint32_t i = 0; i < text.len; i += 16) {
		memcpy(&v, text.p + (i + 16 < text.len ? i : text.len - 16), sizeof(v));
		odd |= jg_odd_bytes(v);
	}
	return odd;
}

static inline bool jg_any(jg_sixteen odd)
{
	uint64_t words[2];
	memcpy(words, &odd, sizeof(words));
	return (words[0] | words[1]) != 0;
}

/** enum jg_text_trait of a text. */
static inline unsigned jg_text_traits(struct jg_str text)
{
	return jg_any(jg_text_odd(text)) ? jg_odd_text_traits(text) : 0;
}

/** A JSON string of a text that has nothing to escape. */
static inline char *jg_put_plain(char *at, struct jg_str text)
{
	*at = '"';
	at = jg_put_str(at + 1, text);
	*at = '"';
	return at + 1;
}

/** A JSON string of valid UTF-8, jg_json_length() long. */
char *jg_put_json(char *at, struct jg_str text);
/** With quotes and escapes. */
size_t jg_json_length(struct jg_str text);
