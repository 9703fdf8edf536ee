// SPDX-License-Identifier: BSD-3-Clause
// AVX-512 VBMI and VBMI2: 64 characters to 48 bytes and their quote index per step, from registers.
#include "text.h"
#include "text_escapes.h"

#include <immintrin.h>

// Inlined into both decoders: called, the state would live in memory.
#define BODY static inline __attribute__((always_inline))
#define STEP 48 // decoded bytes of one step

#define X 0x80 // not in the alphabet
// clang-format off
static const uint8_t alphabet[128] __attribute__((aligned(64))) = {
	X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X,
	X, X, X, X, X, X, X, X, X, X, X, X, X, 62, X, X, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, X, X, X, X, X, X,
	X, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, X, X, X, X, 63,
	X, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, X, X, X, X, X,
};

// Within each 32-bit word the three bytes come out in reverse order. What stands behind the 48 bytes of a
// step repeats one of them, so that it changes nothing where all bytes are looked at.
static const uint8_t packing[64] __attribute__((aligned(64))) = {
	2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, 18, 17, 16, 22, 21, 20, 26, 25, 24, 30, 29, 28,
	34, 33, 32, 38, 37, 36, 42, 41, 40, 46, 45, 44, 50, 49, 48, 54, 53, 52, 58, 57, 56, 62, 61, 60,
};

static const uint8_t ascending[64] __attribute__((aligned(64))) = {
	0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23,
	24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47,
};
// clang-format on
#undef X

#define STEP_BITS ((UINT64_C(1) << STEP) - 1)

struct state {
	__m512i low, high, pack;
	__m512i bad; // bit 7 of a byte: a character outside the alphabet
	__m512i least; // of all decoded bytes as signed numbers, place by place
	uint64_t escape; // 1: the next byte is escaped
	uint64_t backslashes;
	uint64_t odd_escapes;
	uint16_t *quotes;
};

static inline __m512i decode_step(struct state *s, __m512i characters)
{
	__m512i value = _mm512_permutex2var_epi8(s->low, characters, s->high);
	s->bad = _mm512_ternarylogic_epi64(s->bad, characters, value, 0xfe);
	__m512i pairs = _mm512_maddubs_epi16(value, _mm512_set1_epi32(0x01400140));
	__m512i words = _mm512_madd_epi16(pairs, _mm512_set1_epi32(0x00011000));
	return _mm512_permutexvar_epi8(s->pack, words);
}

// Bits of bytes that may stand after a backslash, but for 'u' (RFC 8259 section 7).
static inline uint64_t simple_escapes(__m512i bytes)
{
	static const char simple[] = "\"\\/bfnrt";
	uint64_t bits = 0;
	for (unsigned i = 0; i < sizeof(simple) - 1; i++)
		bits |= _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8(simple[i]));
	return bits;
}

// The quotation marks of a step that no backslash escapes.
static inline uint64_t find_quotes(struct state *s, __m512i bytes, __mmask64 live)
{
	uint64_t quote = _mm512_mask_cmpeq_epi8_mask(live, bytes, _mm512_set1_epi8('"'));
	uint64_t backslash = _mm512_mask_cmpeq_epi8_mask(live, bytes, _mm512_set1_epi8('\\'));
	if (__builtin_expect((backslash | s->escape) != 0, 0)) {
		s->backslashes |= backslash;
		uint64_t escaped = jg_escaped_bits(backslash, STEP, &s->escape) & live;
		s->odd_escapes |= escaped & ~simple_escapes(bytes);
		quote &= ~escaped;
	}
	return quote;
}

// As many as there are, up to sixteen at once: hardly any step has more.
BODY void list_quotes(struct state *s, uint64_t quote, uint32_t base)
{
	__m512i at = _mm512_maskz_compress_epi8(quote, _mm512_load_si512(ascending));
	__m256i wide = _mm256_cvtepu8_epi16(_mm512_castsi512_si128(at));
	__m256i first = _mm256_set1_epi16((short)base);
	_mm256_storeu_si256((void *)s->quotes, _mm256_add_epi16(wide, first));
	unsigned count = (unsigned)_mm_popcnt_u64(quote);
	if (__builtin_expect(count > 16, 0)) {
		wide = _mm256_cvtepu8_epi16(_mm512_extracti32x4_epi32(at, 1));
		_mm256_storeu_si256((void *)(s->quotes + 16), _mm256_add_epi16(wide, first));
		wide = _mm256_cvtepu8_epi16(_mm512_extracti32x4_epi32(at, 2));
		_mm256_storeu_si256((void *)(s->quotes + 32), _mm256_add_epi16(wide, first));
	}
	s->quotes += count;
}

BODY void keep_step(struct state *s, __m512i bytes, uint64_t quote, uint8_t *out, uint32_t base)
{
	_mm512_storeu_si512(out, bytes);
	s->least = _mm512_min_epi8(s->least, bytes);
	list_quotes(s, quote, base);
}

static inline struct state begin(void)
{
	return (struct state){
		.low = _mm512_load_si512(alphabet),
		.high = _mm512_load_si512(alphabet + 64),
		.pack = _mm512_load_si512(packing),
		.bad = _mm512_setzero_si512(),
		.least = _mm512_set1_epi8(' '),
	};
}

// The last characters, filled up with the one of value 0; bytes that are not there count as blanks.
// False: spare bits of the last character, which stand in the byte after the text (RFC 4648 section 3.5).
BODY bool last_step(struct state *s, const uint8_t *in, size_t len, uint8_t *out, uint32_t base)
{
	__mmask64 rest = (UINT64_C(1) << len) - 1;
	__m512i bytes = decode_step(s, _mm512_mask_loadu_epi8(_mm512_set1_epi8('A'), rest, in));
	unsigned n = (unsigned)len * 3 / 4;
	__mmask64 live = (UINT64_C(1) << n) - 1;
	_mm512_storeu_si512(out, bytes);
	uint64_t spare = (_mm512_test_epi8_mask(bytes, bytes) & STEP_BITS) >> n;
	bytes = _mm512_mask_mov_epi8(_mm512_set1_epi8(' '), live, bytes);
	s->least = _mm512_min_epi8(s->least, bytes);
	list_quotes(s, find_quotes(s, bytes, live), base);
	return spare == 0;
}

// Control characters and bytes above 0x7f: as signed numbers both are less than a blank. Which of them there
// are tells another look, which few texts need.
static __attribute__((noinline)) unsigned unusual_flags(const uint8_t *bytes, size_t len)
{
	unsigned flags = 0;
	for (size_t at = 0; at < len; at += 64) {
		__mmask64 there = len - at < 64 ? (UINT64_C(1) << (len - at)) - 1 : UINT64_MAX;
		__m512i v = _mm512_loadu_si512(bytes + at);
		flags |= _mm512_mask_cmplt_epu8_mask(there, v, _mm512_set1_epi8(' ')) != 0
			? JG_TEXT_CONTROL
			: 0u;
		flags |= (_mm512_movepi8_mask(v) & there) != 0 ? JG_TEXT_NON_ASCII : 0u;
	}
	return flags;
}

BODY bool decode_text(struct state *s, const uint8_t *in, size_t len, struct jg_text *text)
{
	const __m512i blank = _mm512_set1_epi8(' ');
	uint8_t *out = text->bytes;
	size_t left = len;
	uint32_t base = 0;
	if (len % 4 == 1)
		return false;
	s->quotes = text->quotes;
	// Nothing is escaped as long as there is no backslash.
	for (; left >= 64; left -= 64, in += 64, out += STEP, base += STEP) {
		__m512i bytes = decode_step(s, _mm512_loadu_si512(in));
		if (__builtin_expect(_mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8('\\')) != 0, 0))
			break;
		keep_step(s, bytes,
			_mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8('"')) & STEP_BITS, out,
			base);
	}
	for (; left >= 64; left -= 64, in += 64, out += STEP, base += STEP) {
		__m512i bytes = decode_step(s, _mm512_loadu_si512(in));
		keep_step(s, bytes, find_quotes(s, bytes, STEP_BITS), out, base);
	}
	bool exact = last_step(s, in, left, out, base);
	text->len = (uint32_t)(len * 3 / 4);
	text->quotes_n = (uint32_t)(s->quotes - text->quotes);
	text->flags = (s->backslashes != 0 ? JG_TEXT_BACKSLASH : 0u) |
		(s->odd_escapes != 0 ? JG_TEXT_ESCAPE : 0u);
	if (__builtin_expect(_mm512_cmplt_epi8_mask(s->least, blank) != 0, 0))
		text->flags |= unusual_flags(text->bytes, text->len);
	jg_text_close(text);
	return exact;
}

bool jg_text_decode_avx512(const uint8_t *in, size_t len, struct jg_text *text)
{
	struct state s = begin();
	bool exact = decode_text(&s, in, len, text);
	return exact && _mm512_movepi8_mask(s.bad) == 0;
}

bool jg_jwt_decode_avx512(const uint8_t *in, size_t len, struct jg_text *text,
	const uint8_t signature[JG_SIGNATURE_TEXT], uint8_t out[JG_SIGNATURE_BYTES])
{
	struct state s = begin();
	const __mmask64 there = (UINT64_C(1) << JG_SIGNATURE_TEXT) - 1;
	__m512i bytes =
		decode_step(&s, _mm512_mask_loadu_epi8(_mm512_set1_epi8('A'), there, signature));
	_mm256_storeu_si256((void *)out, _mm512_castsi512_si256(bytes));
	// Spare bits of the last character stand in the byte after the signature.
	uint64_t spare = _mm512_test_epi8_mask(bytes, bytes) >> JG_SIGNATURE_BYTES & 1;
	bool exact = decode_text(&s, in, len, text);
	return exact && (_mm512_movepi8_mask(s.bad) | spare) == 0;
}
