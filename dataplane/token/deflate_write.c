// SPDX-License-Identifier: BSD-3-Clause
// A compressor for texts of a hundred bytes: one block with the fixed codes of RFC 1951 section 3.2.6
// and greedy matches. libdeflate clears 100 kB of tables for each text, however short.
#include "deflate.h"

#include <stdlib.h>

#define MATCH_MIN 3
#define MATCH_MAX 258
#define HEADS_LOG 9
#define HEADS (1u << HEADS_LOG)

/** Bits in the order they are written: the first is the lowest. */
struct code {
	uint32_t bits;
	uint32_t n;
};

struct jg_deflater {
	struct code literal[256];
	struct code length[MATCH_MAX + 1]; /**< of a match, with its extra bits */
	struct code distance[30];
	uint16_t base; /**< positions count from here, so that those of older texts are below */
	uint16_t heads[HEADS]; /**< where three bytes of this hash were seen last, plus one */
};

struct stream {
	uint64_t bits;
	unsigned n;
	uint8_t *out;
};

/** RFC 1951 section 3.2.5: symbols of lengths and distances come with this many extra bits. */
static unsigned length_extra(unsigned symbol)
{
	return symbol < 265 || symbol == 285 ? 0 : (symbol - 261) / 4;
}

static unsigned distance_extra(unsigned symbol)
{
	return symbol < 4 ? 0 : symbol / 2 - 1;
}

// Huffman codes are written from their highest bit on.
static uint32_t reversed(uint32_t code, unsigned n)
{
	uint32_t bits = 0;
	for (unsigned i = 0; i < n; i++)
		bits |= (code >> i & 1) << (n - 1 - i);
	return bits;
}

// RFC 1951 section 3.2.6.
static struct code fixed_code(unsigned symbol)
{
	if (symbol < 144)
		return (struct code){reversed(0x30 + symbol, 8), 8};
	if (symbol < 256)
		return (struct code){reversed(0x190 + symbol - 144, 9), 9};
	if (symbol < 280)
		return (struct code){reversed(symbol - 256, 7), 7};
	return (struct code){reversed(0xc0 + symbol - 280, 8), 8};
}

static void fill_lengths(struct jg_deflater *d)
{
	unsigned length = MATCH_MIN;
	for (unsigned symbol = 257; symbol < 285; symbol++) {
		struct code code = fixed_code(symbol);
		unsigned extra = length_extra(symbol);
		for (uint32_t i = 0; i < 1u << extra; i++)
			d->length[length++] =
				(struct code){code.bits | i << code.n, code.n + extra};
	}
	d->length[MATCH_MAX] = fixed_code(285); // has a symbol of its own
}

struct jg_deflater *jg_deflater_new(void)
{
	struct jg_deflater *d = calloc(1, sizeof(*d));
	if (d == NULL)
		return NULL;
	for (unsigned byte = 0; byte < 256; byte++)
		d->literal[byte] = fixed_code(byte);
	fill_lengths(d);
	for (unsigned symbol = 0; symbol < JG_ARRAY_SIZE(d->distance); symbol++)
		d->distance[symbol] = (struct code){reversed(symbol, 5), 5};
	return d;
}

void jg_deflater_free(struct jg_deflater *deflater)
{
	free(deflater);
}

static inline uint32_t load32(const uint8_t *p)
{
	uint32_t word;
	memcpy(&word, p, sizeof(word));
	return word;
}

static inline void put(struct stream *s, struct code code)
{
	s->bits |= (uint64_t)code.bits << s->n;
	s->n += code.n;
}

// Afterwards at least 56 more fit.
static inline void flush(struct stream *s)
{
	memcpy(s->out, &s->bits, sizeof(s->bits));
	s->out += s->n / 8;
	s->bits >>= s->n / 8 * 8;
	s->n %= 8;
}

static inline void put_literal(struct stream *s, const struct jg_deflater *d, uint8_t byte)
{
	put(s, d->literal[byte]);
	if (s->n > 48)
		flush(s);
}

static inline void put_match(
	struct stream *s, const struct jg_deflater *d, uint32_t length, uint32_t distance)
{
	uint32_t beyond = distance - 1, symbol = beyond;
	if (beyond >= 4) {
		unsigned top = 31u - (unsigned)__builtin_clz(beyond);
		symbol = 2 * top + (beyond >> (top - 1) & 1);
	}
	unsigned extra = distance_extra(symbol);
	flush(s);
	put(s, d->length[length]);
	put(s, d->distance[symbol]);
	put(s, (struct code){beyond & ((1u << extra) - 1), extra});
	flush(s);
}

static uint32_t match_length(const uint8_t *a, const uint8_t *b, uint32_t most)
{
	uint32_t n = MATCH_MIN;
	while (n < most && a[n] == b[n])
		n++;
	return n;
}

static inline uint32_t hash(uint32_t word)
{
	return ((word & 0xffffff) * 0x9e3779b1u) >> (32 - HEADS_LOG);
}

// Clears the table where positions would wrap, once in many texts.
static uint16_t take_positions(struct jg_deflater *d, uint32_t n)
{
	if (d->base + n > UINT16_MAX) {
		memset(d->heads, 0, sizeof(d->heads));
		d->base = 0;
	}
	uint16_t base = d->base;
	d->base = (uint16_t)(base + n);
	return base;
}

static void put_block(struct stream *s, struct jg_deflater *d, const uint8_t *in, uint32_t n)
{
	uint32_t at = 0;
	uint16_t base = take_positions(d, n);
	while (at + 4 <= n) {
		uint32_t word = load32(in + at);
		uint16_t *head = &d->heads[hash(word)];
		uint16_t seen =
			(uint16_t)(*head - base - 1); // beyond at: in no text or an older one
		*head = (uint16_t)(base + at + 1);
		if (seen >= at || ((load32(in + seen) ^ word) & 0xffffff) != 0) {
			put_literal(s, d, in[at++]);
			continue;
		}
		uint32_t most = n - at < MATCH_MAX ? n - at : MATCH_MAX;
		uint32_t length = match_length(in + at, in + seen, most);
		put_match(s, d, length, at - seen);
		at += length;
	}
	while (at < n)
		put_literal(s, d, in[at++]);
}

size_t jg_deflate(struct jg_deflater *deflater, const void *in, size_t n, uint8_t *out, size_t size)
{
	if (n > JG_DEFLATE_MAX || size < JG_DEFLATED(n))
		return 0;
	// RFC 1950 section 2.2: the header that the vendor's SDKs write too.
	out[0] = 0x78;
	out[1] = 0x9c;
	struct stream s = {.out = out + 2};
	put(&s, (struct code){3, 3}); // the last block, fixed codes
	put_block(&s, deflater, in, (uint32_t)n);
	flush(&s);
	put(&s, fixed_code(256));
	s.n = (s.n + 7) / 8 * 8;
	flush(&s);
	uint32_t check = __builtin_bswap32(jg_adler32(in, n));
	memcpy(s.out, &check, sizeof(check));
	return (size_t)(s.out + sizeof(check) - out);
}
