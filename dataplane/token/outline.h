// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/**
 * What the skeleton of a shape alone says about each of its tokens, worked out once when the shape is
 * learnt: capabilities, and where the values stand that differ. A token that has an outline needs no
 * claims; one whose values ask for a closer look takes the long way, with the same outcome.
 */

#include <stdint.h>

/** The values that profiles hand over. */
enum jg_value {
	JG_VALUE_KEY = 0, /**< key hint */
	JG_VALUE_IDENTITY,
	JG_VALUE_ROOM,
	JG_VALUE_NAME, /**< or the role, of vendors whose participants have no names */
	JG_VALUE_METADATA,
	JG_VALUE_EXP, /**< from here on: times */
	JG_VALUE_NBF,
	JG_VALUE_IAT,
	JG_VALUES
};

#define JG_VALUE_ROLE JG_VALUE_NAME
#define JG_VALUE_TIMES 3u
#define JG_VALUE_NO_SLOT 0xff
/** Bytes of an identity or a room that is taken as it is; there must be one, too. */
#define JG_VALUE_SHORT 256u

/** Made by jg_json_schema.outline(). */
struct jg_outline {
	uint64_t capabilities;
	uint8_t slot[JG_VALUES]; /**< of the string or number; JG_VALUE_NO_SLOT: none */
	uint8_t claim_bits; /**< enum jg_claim_bit */
};

/** A token as an outline gives it. */
struct jg_reading {
	/** From and to of each, in the payload; behind them room for what is of no interest. */
	uint16_t place[2 * JG_VALUES + 2];
	int64_t time[JG_VALUE_TIMES]; /**< JG_TIME_NONE where there is none */
	uint64_t capabilities;
	uint8_t values; /**< bit per enum jg_value that is there */
	uint8_t claim_bits; /**< enum jg_claim_bit */
};
