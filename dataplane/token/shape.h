// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/**
 * Known shapes. The tokens of one app come from one SDK, so their JSON is one skeleton with holes for
 * strings and numbers. A text that has the skeleton's bytes around its holes, and valid values in
 * them, has the claims that a full scan would find; nothing about a token is remembered. Shapes are
 * learnt only from tokens whose signature held, and never change a verdict.
 */

#include "scan.h"

#include <stdalign.h>

#define JG_SHAPE_TEXT_MAX 1024 // longest text that teaches
#define JG_SHAPE_PIECE 64 // bytes, at most
#define JG_SHAPE_PIECES_MAX 64
#define JG_SHAPE_CLAIMS_MAX 48
#define JG_SHAPE_PLACES_MAX 224 // a multiple of 32
static_assert(JG_HOLES_MAX + 1 + JG_SHAPE_TEXT_MAX / JG_SHAPE_PIECE <= JG_SHAPE_PIECES_MAX,
	"what stands between the holes fits");
static_assert(
	JG_SHAPE_PIECES_MAX + 2 * JG_HOLES_MAX + 2 * JG_SHAPE_CLAIMS_MAX <= JG_SHAPE_PLACES_MAX,
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

/**
 * Pieces are bytes that every text of the shape has in common; the first places are theirs. A place
 * is so many bytes after (before) a quotation mark; the mark numbered quotes_n is the end of the
 * text. The arrays of places are a multiple of 32 long, zeros behind the last.
 */
struct jg_shape {
	alignas(JG_CACHE_LINE) uint64_t of_type[JG_JSON_TYPES]; /**< as in struct jg_claims */
	uint64_t present;
	uint32_t used; /**< clock of the table when it last matched */
	uint8_t pieces_n;
	uint8_t places_n;
	uint8_t numbers_n;
	uint8_t claims_n;
	struct jg_shape_claim claims[JG_SHAPE_CLAIMS_MAX];
	struct jg_shape_number numbers[JG_HOLES_MAX];
	alignas(JG_CACHE_LINE) uint16_t quote[JG_SHAPE_PLACES_MAX];
	uint16_t delta[JG_SHAPE_PLACES_MAX]; /**< added modulo 2^16 */
	uint16_t len[JG_SHAPE_PLACES_MAX]; /**< of the piece there; 0: no piece */
	uint8_t bytes[JG_SHAPE_PIECES_MAX][JG_SHAPE_PIECE]; /**< zeros behind each piece */
};

/**
 * Find the shape's places in a text with as many quotation marks. A variant per instruction set.
 *
 * @param[out] at where they are, each within the text
 * @return false: a place or the end of a piece is beyond the text, or a piece differs
 */
typedef bool jg_shape_fit_fn(
	const struct jg_shape *shape, const struct jg_text *text, uint16_t at[JG_SHAPE_PLACES_MAX]);
jg_shape_fit_fn jg_shape_fit_portable, jg_shape_fit_avx2, jg_shape_fit_avx512;

/** The places alone. Offsets are below 2^14 and deltas within 2^10 of 0, so that what wraps below the
 * text is far beyond it. */
static inline bool jg_shape_places(
	const struct jg_shape *shape, const struct jg_text *text, uint16_t at[JG_SHAPE_PLACES_MAX])
{
	uint32_t beyond = 0;
	for (unsigned i = 0; i < shape->places_n; i++) {
		at[i] = (uint16_t)(text->quotes[shape->quote[i]] + shape->delta[i]);
		beyond |= text->len - ((uint32_t)at[i] + shape->len[i]);
	}
	return beyond >> 31 == 0;
}

struct jg_shapes;

/** One thread's table of shapes. NULL: no memory. */
JG_MUST_CHECK struct jg_shapes *jg_shapes_new(jg_shape_fit_fn *fit);
void jg_shapes_free(struct jg_shapes *shapes);

/**
 * Fill in the claims of a text of known shape.
 *
 * @param text   valid UTF-8; the byte and the quote behind it are overwritten
 * @param schema number of the schema; shapes of others do not match
 * @param[in,out] claims text and len are given
 * @return false: no known shape, do a full scan
 */
JG_MUST_CHECK bool jg_shapes_match(
	struct jg_shapes *shapes, unsigned schema, struct jg_text *text, struct jg_claims *claims);

/** Once per burst: may it learn a shape? True for one in a few bursts, so that teaching is cheap for
 * the others however many shapes a key holder makes. */
bool jg_shapes_turn(struct jg_shapes *shapes);

/**
 * Learn from a text that jg_scan() accepted with these holes and whose signature held.
 *
 * @param owner the app that teaches: it may use free places, but a quarter of them is all it can keep
 *              when others want some
 */
void jg_shapes_learn(struct jg_shapes *shapes, unsigned schema, uint32_t owner,
	const struct jg_text *text, const struct jg_claims *claims, const struct jg_holes *holes);
