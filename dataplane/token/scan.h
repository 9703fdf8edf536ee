// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/**
 * The quick reader of the JSON texts that token SDKs write: no white space, plain names, simple
 * escapes. It uses the quote index of text.h instead of looking at every byte. What it accepts,
 * json.c accepts with the same claims; what it does not know, it leaves to json.c.
 */

#include "json.h"
#include "text.h"

/** Values of one text that differ from token to token of the same shape: strings and numbers. */
struct jg_hole {
	uint16_t start; /**< first byte of the value, quotes excluded */
	uint16_t end;
	uint8_t type; /**< JG_JSON_STRING or JG_JSON_NUMBER */
	uint8_t slot; /**< JG_SCAN_NO_SLOT: not a known member */
};

#define JG_SCAN_NO_SLOT 0xff
#define JG_HOLES_MAX 32

struct jg_holes {
	uint32_t n; /**< JG_HOLES_MAX + 1: there were more */
	struct jg_hole hole[JG_HOLES_MAX];
};

#define JG_SCAN_SLOTS 64 // hash slots of a level; a power of two

/** A member's name in the form it is compared in: with its quotation marks and the colon. */
struct jg_scan_name {
	alignas(JG_CACHE_LINE)
		uint64_t first; /**< first eight bytes, zeros behind a shorter name */
	uint64_t middle; /**< the eight before last, where first leaves a gap; else as first */
	uint64_t last; /**< last eight bytes; as first when there are fewer */
	uint64_t mask; /**< of the bytes of a word that are there */
	uint64_t bit; /**< of the slot; 0: not a known member */
	struct jg_scan_name *next; /**< that followed the last time: a guess */
	const char *name; /**< without all that */
	uint8_t middle_at;
	uint8_t last_at;
	uint8_t len; /**< 0: free */
	uint8_t slot;
	uint8_t level; /**< of its own members; JG_SCAN_NO_LEVEL: not looked into */
};

#define JG_SCAN_NO_LEVEL 0xff
#define JG_SCAN_GUESS_MAX 24 /**< length of what the three words cover */

/** Known members of one object, in a table without collisions. */
struct jg_scan_level {
	uint64_t multiplier;
	struct jg_scan_name *next; /**< that was an object's first the last time */
	struct jg_scan_name names[JG_SCAN_SLOTS];
};

/** A schema of json.h with each level's names in such a table, and guesses which of them comes next. SDKs write
 * members in one order, so that a guess is nearly always right; a wrong one costs a look into the table.
 * Does not move; one thread's. */
struct jg_scan_schema {
	uint64_t words; /**< as there */
	/** Elements of arrays and members that the schema does not have; as a guess, nothing. */
	struct jg_scan_name unknown;
	struct jg_scan_level level[8];
};

/** Find multipliers without collisions. */
void jg_scan_schema_init(struct jg_scan_schema *scan, const struct jg_json_schema *schema);

/**
 * Read one text.
 *
 * @param text   decoded, valid UTF-8
 * @param[in,out] claims text and len are given; present and slots are filled in
 * @param holes  NULL, or where to note the values
 * @return false: not for the quick reader, ask jg_json_read(); claims are undefined
 */
JG_MUST_CHECK bool jg_scan(struct jg_scan_schema *schema, const struct jg_text *text,
	struct jg_claims *claims, struct jg_holes *holes);

/** The end of the number that starts here (RFC 8259 section 6); at itself when there is none. The
 * text must end in a byte that no number contains; seven more are read. */
uint32_t jg_scan_number(const uint8_t *text, uint32_t at);
