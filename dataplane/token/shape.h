// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/**
 * Known shapes. The tokens of one app come from one SDK, so their JSON is one skeleton with holes for
 * strings and numbers. A text that has the skeleton's bytes around its holes, and valid values in
 * them, has the claims that a full scan would find; nothing about a token is remembered. Shapes are
 * learnt only from tokens whose signature held, and never change a verdict.
 */

#include "scan.h"

#define JG_SHAPE_TEXT_MAX 1024 // longest skeleton, holes included
#define JG_SHAPE_REGIONS_MAX (JG_HOLES_MAX + 1)
#define JG_SHAPE_CLAIMS_MAX 48

/** A place in a text: so many bytes after (before) one of its quotation marks. The mark numbered
 * quotes_n is the end of the text. */
struct jg_shape_place {
	uint16_t quote;
	int16_t delta;
};

/** Bytes that every text of the shape has in common. */
struct jg_shape_region {
	struct jg_shape_place from;
	uint16_t len;
	uint16_t at; /**< in skeleton */
};

struct jg_shape_number {
	struct jg_shape_place from;
	struct jg_shape_place to;
};

struct jg_shape_claim {
	struct jg_shape_place from;
	struct jg_shape_place to;
	uint8_t slot;
	uint8_t type; /**< enum jg_json_type */
};

struct jg_shape {
	uint64_t present; /**< as in struct jg_claims */
	uint64_t of_type[JG_JSON_TYPES];
	uint32_t used; /**< clock of the table when it last matched */
	uint16_t regions_n;
	uint16_t numbers_n;
	uint16_t claims_n;
	struct jg_shape_region regions[JG_SHAPE_REGIONS_MAX];
	struct jg_shape_number numbers[JG_HOLES_MAX];
	struct jg_shape_claim claims[JG_SHAPE_CLAIMS_MAX];
	uint8_t skeleton[JG_SHAPE_TEXT_MAX + JG_TEXT_SLACK];
};

/** Are all regions of the shape in the text? A variant per instruction set. */
typedef bool jg_shape_regions_fn(const struct jg_shape *shape, const struct jg_text *text);
jg_shape_regions_fn jg_shape_regions_portable, jg_shape_regions_avx2, jg_shape_regions_avx512;

/** Where a place is in this text. Wraps beyond the text when the text is of another shape. */
static inline uint32_t jg_shape_at(const struct jg_text *text, struct jg_shape_place place)
{
	return (uint32_t)text->quotes[place.quote] + (uint32_t)(int32_t)place.delta;
}

struct jg_shapes;

/** One thread's table of shapes. NULL: no memory. */
JG_MUST_CHECK struct jg_shapes *jg_shapes_new(jg_shape_regions_fn *regions);
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
