// SPDX-License-Identifier: BSD-3-Clause
// AVX2: 32 characters to 24 bytes per step; the index is made of 64-bit masks over the result.
#include "text.h"
#include "text_escapes.h"

#include <immintrin.h>
#include <string.h>

// Inlined into both decoders: called, the state would live in memory.
#define BODY static inline __attribute__((always_inline))
#define STEP 24 // decoded bytes of one step of 32 characters

struct state {
	__m256i bad; // highest bit of a byte: a character outside the alphabet
	__m256i seen; // OR of all decoded bytes
	__m256i least; // the smallest of them, place by place
	uint64_t escape; // 1: the next byte is escaped
	uint64_t backslashes;
	uint64_t odd_escapes;
	uint16_t *quotes;
	uint8_t *marks; // NULL: quotes are listed
	uint32_t quotes_n; // of those that are marked
	bool more; // of the token stands behind the text
};

// The same in both lanes, as one constant: compilers make two of a broadcast one.
#define TWICE(...) _mm256_setr_epi8(__VA_ARGS__, __VA_ARGS__)

// Each character finds a row by the mean of what its low nibble has in a table and its upper bits; what
// srli takes over from its neighbour ends up in bits that a look-up ignores. The row of its check makes a
// negative number of it when it is not in the alphabet, the other row is the way to its value.
static inline __m256i sextets(struct state *s, __m256i c)
{
	const __m256i check_of = TWICE(0, 0, 0, 0, 0, 0, 0, 0, 10, 10, 8, 0, 0, 0, 12, 12);
	const __m256i checks =
		TWICE(-8, -24, -40, -45, -65, -11, -97, -43, -126, -48, -64, 0, -95, 0, -128, 0);
	const __m256i offset_of = TWICE(1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 15, 0, 15);
	const __m256i offsets =
		TWICE(0, 0, 0, 19, 4, -65, -65, -71, -71, 0, 17, -61, -65, -32, -71, -71);
	__m256i upper = _mm256_srli_epi32(c, 3);
	__m256i check = _mm256_avg_epu8(_mm256_shuffle_epi8(check_of, c), upper);
	__m256i offset = _mm256_avg_epu8(_mm256_shuffle_epi8(offset_of, c), upper);
	s->bad = _mm256_or_si256(s->bad, _mm256_adds_epi8(c, _mm256_shuffle_epi8(checks, check)));
	return _mm256_add_epi8(c, _mm256_shuffle_epi8(offsets, offset));
}

static inline __m256i decode_step(struct state *s, __m256i characters)
{
	const __m256i packing = TWICE(2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, -1, -1, -1, -1);
	__m256i value = sextets(s, characters);
	__m256i pairs = _mm256_maddubs_epi16(value, _mm256_set1_epi32(0x01400140));
	__m256i words = _mm256_madd_epi16(pairs, _mm256_set1_epi32(0x00011000));
	words = _mm256_shuffle_epi8(words, packing);
	// What stands behind the 24 bytes repeats some of them, and changes nothing where all are looked at.
	return _mm256_permutevar8x32_epi32(words, _mm256_setr_epi32(0, 1, 2, 4, 5, 6, 0, 0));
}

static inline uint32_t equal_bits(__m256i bytes, char c)
{
	return (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(bytes, _mm256_set1_epi8(c)));
}

// Bits of bytes that may stand after a backslash, but for 'u' (RFC 8259 section 7).
static inline uint64_t simple_escapes(__m256i bytes)
{
	static const char simple[] = "\"\\/bfnrt";
	uint64_t bits = 0;
	for (unsigned i = 0; i < sizeof(simple) - 1; i++)
		bits |= equal_bits(bytes, simple[i]);
	return bits;
}

// The quotation marks of a step that no backslash escapes.
static inline uint64_t find_quotes(struct state *s, __m256i bytes, uint32_t live)
{
	uint64_t quote = equal_bits(bytes, '"') & live;
	uint64_t backslash = equal_bits(bytes, '\\') & live;
	if (__builtin_expect((backslash | s->escape) != 0, 0)) {
		s->backslashes |= backslash;
		uint64_t escaped = jg_escaped_bits(backslash, STEP, &s->escape) & live;
		s->odd_escapes |= escaped & ~simple_escapes(bytes);
		quote &= ~escaped;
	}
	return quote;
}

// Eight at once, whether there are as many or not: how many there are cannot be guessed.
BODY void index_quotes(struct state *s, uint64_t quote, uint32_t base)
{
	uint16_t *quotes = s->quotes;
	s->quotes += _mm_popcnt_u64(quote);
	do {
#pragma GCC unroll 8
		for (unsigned i = 0; i < 8; i++) {
			quotes[i] = (uint16_t)(base + (uint32_t)_tzcnt_u64(quote));
			quote = _blsr_u64(quote);
		}
		quotes += 8;
	} while (__builtin_expect(quote != 0, 0));
}

// List or mark the quotes of up to 48 bytes.
BODY void note_quotes(struct state *s, uint64_t quote, uint32_t base, bool list)
{
	if (list) {
		index_quotes(s, quote, base);
	} else {
		memcpy(s->marks + base / 8, &quote, sizeof(quote));
		s->quotes_n += (uint32_t)_mm_popcnt_u64(quote);
	}
}

static inline void classify_step(struct state *s, __m256i bytes)
{
	s->seen = _mm256_or_si256(s->seen, bytes);
	s->least = _mm256_min_epu8(s->least, bytes);
}

// Bytes beyond n are made others; blanks are noticed by neither index nor flags.
static inline __m256i fill_beyond(__m256i bytes, unsigned n, char other)
{
	const __m256i iota = _mm256_setr_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,
		16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31);
	__m256i live = _mm256_cmpgt_epi8(_mm256_set1_epi8((char)n), iota);
	return _mm256_blendv_epi8(_mm256_set1_epi8(other), bytes, live);
}

static inline __m256i load(const uint8_t *p)
{
	return _mm256_loadu_si256((const __m256i *)(const void *)p);
}

static inline struct state begin(bool more)
{
	return (struct state){.more = more,
		.bad = _mm256_setzero_si256(),
		.seen = _mm256_setzero_si256(),
		.least = _mm256_set1_epi8(-1)};
}

// Two steps of a text without backslashes. False: there are some in it.
BODY bool plain_steps(struct state *s, const uint8_t *in, uint8_t *out, uint32_t base, bool list)
{
	const __m256i backslash = _mm256_set1_epi8('\\');
	__m256i a = decode_step(s, load(in));
	__m256i b = decode_step(s, load(in + 32));
	__m256i escapes =
		_mm256_or_si256(_mm256_cmpeq_epi8(a, backslash), _mm256_cmpeq_epi8(b, backslash));
	if (__builtin_expect(_mm256_movemask_epi8(escapes) != 0, 0))
		return false;
	_mm256_storeu_si256((__m256i *)(void *)out, a);
	_mm256_storeu_si256((__m256i *)(void *)(out + STEP), b);
	s->seen = _mm256_or_si256(s->seen, _mm256_or_si256(a, b));
	s->least = _mm256_min_epu8(s->least, _mm256_min_epu8(a, b));
	uint64_t quote = equal_bits(a, '"') & ((1u << STEP) - 1);
	quote |= (uint64_t)(equal_bits(b, '"') & ((1u << STEP) - 1)) << STEP;
	note_quotes(s, quote, base, list);
	return true;
}

BODY uint64_t text_step(struct state *s, const uint8_t *in, uint8_t *out)
{
	__m256i bytes = decode_step(s, load(in));
	_mm256_storeu_si256((__m256i *)(void *)out, bytes);
	classify_step(s, bytes);
	return find_quotes(s, bytes, (1u << STEP) - 1);
}

// The last characters, filled up with the one of value 0. What stands behind them may be read when there
// is more of the token; copying them is slow, because they are written in pieces and read as one.
BODY __m256i last_characters(const uint8_t *in, size_t len, bool more)
{
	uint8_t rest[32];
	if (more)
		return fill_beyond(load(in), (unsigned)len, 'A');
	memset(rest, 'A', sizeof(rest));
	memcpy(rest, in, len);
	return load(rest);
}

// False: spare bits of the last character, which stand in the byte after the text (RFC 4648 section 3.5).
BODY bool last_step(
	struct state *s, const uint8_t *in, size_t len, uint8_t *out, uint32_t base, bool list)
{
	__m256i bytes = decode_step(s, last_characters(in, len, s->more));
	unsigned n = (unsigned)len * 3 / 4;
	_mm256_storeu_si256((__m256i *)(void *)out, bytes);
	uint8_t spare = out[n];
	bytes = fill_beyond(bytes, n, ' ');
	classify_step(s, bytes);
	uint64_t quote = find_quotes(s, bytes, (1u << n) - 1);
	note_quotes(s, quote, base, list);
	if (!list) {
		const uint64_t last[2] = {quote | UINT64_C(1) << n, 0};
		memcpy(s->marks + base / 8, last, sizeof(last));
	}
	return spare == 0;
}

BODY bool decode_text(
	struct state *s, const uint8_t *in, size_t len, struct jg_text *text, bool list)
{
	uint8_t *out = text->bytes;
	size_t left = len;
	uint32_t base = 0;
	if (len % 4 == 1)
		return false;
	s->quotes = text->quotes;
	s->marks = text->marks;
	while (left >= 64 && plain_steps(s, in, out, base, list))
		left -= 64, in += 64, out += 2 * STEP, base += 2 * STEP;
	for (; left >= 64; left -= 64, in += 64, out += 2 * STEP, base += 2 * STEP) {
		uint64_t quote = text_step(s, in, out);
		quote |= text_step(s, in + 32, out + STEP) << STEP;
		note_quotes(s, quote, base, list);
	}
	if (left >= 32) {
		note_quotes(s, text_step(s, in, out), base, list);
		left -= 32, in += 32, out += STEP, base += STEP;
	}
	bool exact = last_step(s, in, left, out, base, list);
	text->len = (uint32_t)(len * 3 / 4);
	text->quotes_n = list ? (uint32_t)(s->quotes - text->quotes) : s->quotes_n;
	__m256i printable = _mm256_max_epu8(s->least, _mm256_set1_epi8(0x20));
	bool control = _mm256_movemask_epi8(_mm256_cmpeq_epi8(printable, s->least)) != -1;
	text->flags = (s->backslashes != 0 ? JG_TEXT_BACKSLASH : 0u) |
		(s->odd_escapes != 0 ? JG_TEXT_ESCAPE : 0u) | (control ? JG_TEXT_CONTROL : 0u) |
		(_mm256_movemask_epi8(s->seen) != 0 ? JG_TEXT_NON_ASCII : 0u) |
		(list ? 0u : JG_TEXT_MARKED);
	jg_text_close(text);
	return exact;
}

// Not inlined: one copy for all that list.
static __attribute__((noinline)) bool decode_listed(
	const uint8_t *in, size_t len, bool more, struct jg_text *text)
{
	struct state s = begin(more);
	bool exact = decode_text(&s, in, len, text, true);
	return exact && _mm256_movemask_epi8(s.bad) == 0;
}

bool jg_text_decode_avx2(const uint8_t *in, size_t len, struct jg_text *text)
{
	return decode_listed(in, len, false, text);
}

void jg_text_list_avx2(struct jg_text *text)
{
	struct state s = {.quotes = text->quotes};
	for (uint32_t base = 0; base <= text->len; base += 2 * STEP) {
		uint64_t marks;
		memcpy(&marks, text->marks + base / 8, sizeof(marks));
		index_quotes(&s, marks & ((UINT64_C(1) << 2 * STEP) - 1), base);
	}
	text->flags &= ~(uint32_t)JG_TEXT_MARKED;
}

// Two steps: 32 characters to 24 bytes, and the last 11 to 8 and the spare bits.
static inline bool decode_signature(
	struct state *s, const uint8_t in[JG_SIGNATURE_TEXT], uint8_t out[JG_SIGNATURE_BYTES])
{
	__m256i bytes = decode_step(s, load(in));
	__m128i rest = _mm_loadu_si128(
		(const __m128i *)(const void *)(in + JG_SIGNATURE_TEXT - sizeof(__m128i)));
	rest = _mm_srli_si128(rest, 5);
	rest = _mm_or_si128(rest, _mm_slli_si128(_mm_set1_epi8('A'), 11));
	__m256i last = decode_step(s, _mm256_inserti128_si256(_mm256_set1_epi8('A'), rest, 0));
	uint8_t spare = (uint8_t)_mm256_extract_epi8(last, 8);
	uint64_t tail = (uint64_t)_mm256_extract_epi64(last, 0);
	_mm256_storeu_si256((__m256i *)(void *)out, bytes);
	memcpy(out + STEP, &tail, sizeof(tail));
	return spare == 0;
}

bool jg_jwt_decode_avx2(const uint8_t *in, size_t len, struct jg_text *text,
	const uint8_t signature[JG_SIGNATURE_TEXT], uint8_t out[JG_SIGNATURE_BYTES])
{
	struct state s = begin(true);
	bool exact = decode_signature(&s, signature, out);
	if (text->marks == NULL)
		exact &= decode_listed(in, len, true, text);
	else
		exact &= decode_text(&s, in, len, text, false);
	return exact && _mm256_movemask_epi8(s.bad) == 0;
}
