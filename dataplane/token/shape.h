// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/**
 * Known shapes. The tokens of one app come from one SDK, so their JSON is one skeleton with holes for
 * strings and numbers. A text that has the skeleton's bytes around its holes, and valid values in
 * them, has the claims that a full scan would find; nothing about a token is remembered. Shapes are
 * learnt only from tokens whose signature held, and never change a verdict.
 *
 * shape_learn.c makes a shape of a text, shape.c keeps the table and matches, simd/ compares.
 */

#include "scan.h"

#include <stdalign.h>

#define JG_SHAPE_TEXT_MAX 1024 // longest text that teaches
#define JG_SHAPE_PIECE 32 // bytes, at most
#define JG_SHAPE_PIECES_MAX 66
#define JG_SHAPE_CLAIMS_MAX 48
#define JG_SHAPE_PLACES_MAX 256 // a multiple of 32
#define JG_SHAPE_FIRST (2 * JG_VALUES) // place of the first piece
static_assert(JG_SHAPE_PIECES_MAX % 2 == 0, "they are compared two at a time");
static_assert(JG_HOLES_MAX + 1 + JG_SHAPE_TEXT_MAX / JG_SHAPE_PIECE <= JG_SHAPE_PIECES_MAX,
	"what stands between the holes fits");
static_assert(JG_SHAPE_FIRST + JG_SHAPE_PIECES_MAX + 2 * JG_HOLES_MAX + 2 * JG_SHAPE_CLAIMS_MAX <=
		JG_SHAPE_PLACES_MAX,
	"every piece and every end of a value has a place");

/** Two places of a shape, by number. */
struct jg_shape_number {
	uint8_t from;
	uint8_t to;
};

struct jg_shape_claim {
	uint8_t from; /**< place */
	uint8_t to;
	uint8_t slot;
	uint8_t type; /**< enum jg_json_type */
};

/** What else than a value of the outline comes before a piece. */
enum jg_before {
	JG_BEFORE_OTHER = JG_VALUES, /**< a string of no interest */
	JG_BEFORE_NOTHING, /**< the piece before it, or the text begins */
};

/**
 * A place is so many bytes after (before) a quotation mark; the mark numbered quotes_n is the end of
 * the text. First come the outline's values, two places each (no matter where, when there is no such
 * value), then the pieces, which are bytes that every text of the shape has in common, then the ends
 * of numbers and of claims. The arrays of places are a multiple of 32 long, zeros behind the last.
 */
struct jg_shape {
	alignas(JG_CACHE_LINE) uint64_t capabilities; /**< of the outline */
	uint32_t used; /**< clock of the table when it last matched */
	uint32_t kind; /**< of its texts: schema and number of quotation marks; 0: no shape */
	bool outlined;
	bool in_line; /**< the outline's values can be read from mark to mark */
	uint8_t values; /**< of the outline: bit per enum jg_value that is there */
	uint8_t claim_bits; /**< of the outline */
	uint8_t pieces_n;
	uint16_t fit_n; /**< places that are needed to tell whether a text fits */
	uint16_t places_n;
	uint8_t times_n; /**< numbers that are the outline's times, the first ones */
	uint8_t numbers_n;
	uint8_t claims_n;
	struct jg_shape_number numbers[JG_HOLES_MAX];
	alignas(JG_CACHE_LINE) uint16_t quote[JG_SHAPE_PLACES_MAX];
	uint8_t packed_quote[JG_SHAPE_PLACES_MAX]; /**< the same for simd/shape_avx2.c */
	uint16_t delta[JG_SHAPE_PLACES_MAX]; /**< added modulo 2^16 */
	uint16_t len[JG_SHAPE_PLACES_MAX]; /**< of the piece there; 0: no piece */
	uint32_t mask[JG_SHAPE_PIECES_MAX]; /**< bit per byte of the piece */
	alignas(JG_SHAPE_PIECE)
		uint8_t bytes[JG_SHAPE_PIECES_MAX][JG_SHAPE_PIECE]; /**< zeros behind each piece */
	/** Of each piece: the value before it, or one of enum jg_before; how far before the mark that ends
	 * the value the piece begins. */
	uint8_t before[JG_SHAPE_PIECES_MAX];
	uint16_t back[JG_SHAPE_PIECES_MAX];
	uint64_t of_type[JG_JSON_TYPES]; /**< as in struct jg_claims */
	uint64_t present;
	struct jg_shape_claim claims[JG_SHAPE_CLAIMS_MAX];
};

/** Make a shape of a text that jg_scan() accepted with these claims and holes. False: it cannot be one. */
JG_MUST_CHECK bool jg_shape_build(struct jg_shape *shape, const struct jg_json_schema *schema,
	const struct jg_text *text, const struct jg_claims *claims, const struct jg_holes *holes);

enum jg_fit {
	JG_FIT_NONE = 0,
	JG_FIT_PLACES, /**< the pieces fit */
	JG_FIT_TIMES, /**< and the shape has an outline, whose times are plain numbers */
};

/**
 * Find the shape's places in a text with as many quotation marks. A variant per instruction set.
 *
 * @param[out] at   where the first fit_n places are, each within the text
 * @param[out] time the outline's times; JG_TIME_NONE where there is none
 */
typedef enum jg_fit jg_shape_fit_fn(const struct jg_shape *shape, const struct jg_text *text,
	uint16_t at[JG_SHAPE_PLACES_MAX], int64_t time[JG_VALUE_TIMES]);
jg_shape_fit_fn jg_shape_fit_portable, jg_shape_fit_avx2, jg_shape_fit_avx512;

/** Are identity and room as nearly every token has them: there, and not too long for anybody? */
static inline bool jg_shape_ordinary(const struct jg_shape *shape, const uint16_t *place)
{
	for (unsigned value = JG_VALUE_IDENTITY; value <= JG_VALUE_ROOM; value++) {
		uint32_t len = (uint32_t)place[2 * value + 1] - place[2 * value];
		if ((shape->values >> value & 1) != 0 && len - 1 >= JG_VALUE_SHORT)
			return false;
	}
	return true;
}

/**
 * Read a text, marked where the decoders mark, by a shape whose values are in line. False: it does not
 * fit, a time is not plain, identity or room are not ordinary; or that is not told here.
 *
 * @param[out] reading places and times
 */
typedef bool jg_shape_read_fn(
	const struct jg_shape *shape, const struct jg_text *text, struct jg_reading *reading);
jg_shape_read_fn jg_shape_read_avx2, jg_shape_read_avx512;

/** Places from one to another alone. Offsets are below 2^14 and deltas within 2^10 of 0, so that what
 * wraps below the text is far beyond it. False: one is beyond the text. */
static inline bool jg_shape_places(const struct jg_shape *shape, const struct jg_text *text,
	unsigned from, unsigned to, uint16_t at[JG_SHAPE_PLACES_MAX])
{
	uint32_t beyond = 0;
	for (unsigned i = from; i < to; i++) {
		at[i] = (uint16_t)(text->quotes[shape->quote[i]] + shape->delta[i]);
		beyond |= text->len - ((uint32_t)at[i] + shape->len[i]);
	}
	return beyond >> 31 == 0;
}

/** Pieces and holes cover the text without a gap between them, each being measured from the mark that
 * ends the hole before; what is left to check is that nothing stands before the first or behind the
 * last. */
static inline bool jg_shape_ends_meet(
	const struct jg_shape *shape, const struct jg_text *text, const uint16_t *at)
{
	unsigned last = JG_SHAPE_FIRST + shape->pieces_n - 1u;
	return at[JG_SHAPE_FIRST] == 0 && at[last] + (uint32_t)shape->len[last] == text->len;
}

struct jg_decoders;
struct jg_shapes;

/** One thread's table of shapes. NULL: no memory. */
JG_MUST_CHECK struct jg_shapes *jg_shapes_new(const struct jg_decoders *decoders);
void jg_shapes_free(struct jg_shapes *shapes);

enum jg_match {
	JG_MATCH_NONE = 0, /**< no known shape: do a full scan */
	JG_MATCH_CLAIMS, /**< claims are filled in */
	JG_MATCH_READING, /**< the shape has an outline: the reading is filled in, claims are not */
	JG_MATCH_PERHAPS, /**< it may have a known shape: ask jg_shapes_match() */
};

/**
 * Read a text by the outline of the one shape that it may have at a glance.
 *
 * @param text valid UTF-8, marked or listed as the decoders do it; listed when shapes of its kind have to
 *             be told apart
 * @param schema number of the schema; shapes of others do not match
 * @return JG_MATCH_READING, JG_MATCH_NONE, or JG_MATCH_PERHAPS when that shape does not fit or a value
 *         wants a closer look
 */
JG_MUST_CHECK enum jg_match jg_shapes_read(struct jg_shapes *shapes, unsigned schema,
	struct jg_text *text, struct jg_reading *reading);

/**
 * Read a text of known shape, by any shape that fits.
 *
 * @param text valid UTF-8, its quotes listed
 * @param schema number of the schema; shapes of others do not match
 * @param[in,out] claims text and len are given
 */
JG_MUST_CHECK enum jg_match jg_shapes_match(struct jg_shapes *shapes, unsigned schema,
	const struct jg_text *text, struct jg_claims *claims, struct jg_reading *reading);

/** Once per burst: may it learn a shape? True for one in a few bursts, so that teaching is cheap for
 * the others however many shapes a key holder makes. */
bool jg_shapes_turn(struct jg_shapes *shapes);

/**
 * Learn from a text that jg_scan() accepted with these holes and whose signature held.
 *
 * @param owner the app that teaches: it may use free places, but a quarter of them is all it can keep
 *              when others want some
 */
void jg_shapes_learn(struct jg_shapes *shapes, const struct jg_json_schema *schema, uint32_t owner,
	const struct jg_text *text, const struct jg_claims *claims, const struct jg_holes *holes);
