// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/**
 * A strict JSON reader without a tree (RFC 8259): one pass checks every byte and notes where the
 * known members at known paths stand. Stricter than the RFC where tokens need it: no duplicate names
 * at any level (escaped spellings included), no U+0000 in strings, no lone surrogates, no byte order
 * mark, nesting bounded. Everything else is read from the text afterwards, which is valid by then.
 */

#include "digits.h"
#include "record.h"

/** Containers inside each other, at most. */
#define JG_JSON_DEPTH_MAX 32
/** Bytes of one text, at most. */
#define JG_JSON_TEXT_MAX (JG_TOKEN_MAX / 4 * 3)

/** A known member: its slot, and the level that its own members belong to (0: not looked into). */
struct jg_json_member {
	const char *name;
	uint8_t len;
	uint8_t slot;
	uint8_t level;
};

/** Known members of one object. */
struct jg_json_level {
	const struct jg_json_member *members;
	uint8_t n;
};

/** What a profile expects of a slot; null is as absent only where it says so. */
struct jg_claim_rule {
	const char *name; /**< for people, with its path */
	uint8_t slot;
	uint8_t types; /**< bit per enum jg_json_type that is fine */
};

#define JG_TYPE(type) (1u << JG_JSON_##type)

/** Level 0 is the top object. */
struct jg_json_schema {
	const struct jg_json_level *levels;
	uint8_t n;
	uint8_t number; /**< enum jg_schema_number of a payload's */
	uint8_t rules_n;
	const struct jg_claim_rule *rules; /**< checked by jg_jwt_check_claims() */
	/** Bit per slot whose string is a word that belongs to the skeleton, as true and false do. */
	uint64_t words;
	/** NULL, or what all tokens with members of these types mean, whatever their values; reads
	 * no text but that of words. False: their values are needed to tell. */
	bool (*outline)(const struct jg_claims *types, struct jg_outline *outline);
};

/** Payload schemas; a verifier keeps each in the quick reader's form too. */
enum jg_schema_number {
	JG_SCHEMA_LIVEKIT,
	JG_SCHEMA_STREAM,
	JG_SCHEMA_OPENTOK,
	JG_SCHEMA_VONAGE,
	JG_SCHEMA_COUNT
};

#define JG_JSON_MEMBER(text, slot, level)                            \
	{                                                            \
		(text), (uint8_t)(sizeof(text) - 1), (slot), (level) \
	}

/** Memory of the reader: stack and table of names. One per thread. */
struct jg_json;

/** @param seed keys the table of names, so that nobody can aim at its buckets; 0 = random. NULL: no
 * memory. */
JG_MUST_CHECK struct jg_json *jg_json_new(uint64_t seed);
void jg_json_free(struct jg_json *json);

/**
 * Read one text whose top value must be an object.
 *
 * @param scratch      where names spelled with escapes are decoded to; given back before returning
 * @param[in,out] claims text and len are given; present and slots are filled in
 * @return false: not one strict JSON object
 */
JG_MUST_CHECK bool jg_json_read(struct jg_json *json, struct jg_scratch *scratch,
	const struct jg_json_schema *schema, struct jg_claims *claims);

/** Is there a value of this type? */
static inline bool jg_claims_is(
	const struct jg_claims *claims, unsigned slot, enum jg_json_type type)
{
	return (claims->of_type[type] >> slot & 1) != 0;
}

/** The type in this slot, JG_JSON_NONE when absent. */
static inline enum jg_json_type jg_claims_type(const struct jg_claims *claims, unsigned slot)
{
	unsigned type = JG_JSON_TYPES - 1;
	while (type > JG_JSON_NONE && !jg_claims_is(claims, slot, (enum jg_json_type)type))
		type--;
	return (enum jg_json_type)type;
}

/** Absent or null. */
static inline bool jg_claims_empty(const struct jg_claims *claims, unsigned slot)
{
	return ((claims->present & ~claims->of_type[JG_JSON_NULL]) >> slot & 1) == 0;
}

/** Note a known member's value. */
static inline void jg_claims_set(struct jg_claims *claims, unsigned slot, struct jg_claim claim)
{
	claims->slot[slot] = claim;
	claims->present |= UINT64_C(1) << slot;
	claims->of_type[claim.type] |= UINT64_C(1) << slot;
}

/** No members. */
static inline void jg_claims_clear(struct jg_claims *claims)
{
	claims->present = 0;
	memset(claims->of_type, 0, sizeof(claims->of_type));
}

/** The raw text of a claim. */
static inline struct jg_str jg_claim_text(
	const struct jg_claims *claims, const struct jg_claim *claim)
{
	return (struct jg_str){(const char *)claims->text + claim->start, claim->len};
}

/** A string with escapes decoded into the scratch memory. */
struct jg_str jg_claim_unescape(
	struct jg_scratch *scratch, const struct jg_claims *claims, const struct jg_claim *claim);

/** A string's content: in place when it has no escapes, else decoded into the scratch memory. */
static inline struct jg_str jg_claim_string(
	struct jg_scratch *scratch, const struct jg_claims *claims, const struct jg_claim *claim)
{
	return claim->escaped ? jg_claim_unescape(scratch, claims, claim)
			      : jg_claim_text(claims, claim);
}

/** The string in this slot; p == NULL when there is none (absent, null or of another type). */
static inline struct jg_str jg_claims_string(
	struct jg_scratch *scratch, const struct jg_claims *claims, unsigned slot)
{
	if (!jg_claims_is(claims, slot, JG_JSON_STRING))
		return (struct jg_str){0};
	return jg_claim_string(scratch, claims, &claims->slot[slot]);
}

/** What jg_claim_seconds() gives for a number's text, however it is written. */
JG_MUST_CHECK bool jg_decimal_seconds(struct jg_str text, int64_t *seconds);

/**
 * A number as whole seconds, fractions cut off downwards, exactly.
 *
 * @return false when it is beyond 2^53 either way (RFC 8259 section 6: not interoperable)
 */
static inline bool jg_claim_seconds(
	const struct jg_claims *claims, const struct jg_claim *claim, int64_t *seconds)
{
	const struct jg_str text = jg_claim_text(claims, claim);
	return jg_digits_plain(text.p, text.len, seconds) || jg_decimal_seconds(text, seconds);
}

/** A walk over the members of an object or the elements of an array that jg_json_read() accepted. */
struct jg_json_walk {
	const struct jg_claims *claims;
	uint32_t at;
	uint32_t end;
	bool object;
};

struct jg_json_walk jg_json_walk_of(
	const struct jg_claims *claims, const struct jg_claim *container);

/** The next value; name is filled in for objects and may be NULL. False at the end. */
bool jg_json_next(struct jg_json_walk *walk, struct jg_claim *name, struct jg_claim *value);
