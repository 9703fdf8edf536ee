// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** Compact JWTs (RFC 7515, 7519) of every vendor; the layout's schema says which claims are known. */

#include "json.h"

/** jg_layout.parse: the parts decoded, of what jwt_known.h has not. */
void jg_jwt_parse(struct jg_burst *b, struct jg_record *r);
/** jg_layout.interpret: header and claims, of what jwt_known.h has not read. */
void jg_jwt_interpret(struct jg_burst *b, struct jg_record *r);

/** Learn the shape of a token whose signature held, when it is one that can be learnt. */
void jg_jwt_learn(struct jg_burst *b, struct jg_record *r);

/** When a token was issued: its iat, else its nbf where the vendor means that. */
static inline int64_t jg_jwt_issued_at(const struct jg_layout *layout, int64_t iat, int64_t nbf)
{
	return iat == JG_TIME_NONE && layout->nbf_is_issue ? nbf : iat;
}

/** The same of a token that has a reading, before its times are taken. */
static inline int64_t jg_jwt_read_issued_at(const struct jg_record *r)
{
	return jg_jwt_issued_at(r->layout, r->reading.time[2], r->reading.time[1]);
}

/** The times of a token that has a reading. */
static inline void jg_jwt_take_times(struct jg_record *r)
{
	const struct jg_reading *reading = &r->reading;
	r->exp = reading->time[0];
	r->nbf = reading->time[1];
	r->iat = reading->time[2];
	r->issued_at = jg_jwt_issued_at(r->layout, r->iat, r->nbf);
	r->claim_bits = reading->claim_bits;
}

/** jg_layout.times: exp, nbf and iat where they are numbers; issued_at. */
void jg_jwt_times(struct jg_burst *b, struct jg_record *r);

/** Which of the claims that a policy may require are there. */
uint8_t jg_jwt_claim_bits(const struct jg_claims *claims);

/** A string with backslashes, decoded. */
struct jg_str jg_jwt_escaped_value(struct jg_burst *b, struct jg_str text);

/** A string that a token with a reading has, as it stands there. */
static inline struct jg_str jg_jwt_raw_value(const struct jg_record *r, enum jg_value value)
{
	const uint16_t *place = &r->reading.place[2 * value];
	return (struct jg_str){
		(const char *)r->text.bytes + place[0], (uint32_t)place[1] - place[0]};
}

/** A string of a token that has a reading; p == NULL when there is none. */
static inline struct jg_str jg_jwt_value(
	struct jg_burst *b, const struct jg_record *r, enum jg_value value)
{
	if ((r->reading.values >> value & 1) == 0)
		return (struct jg_str){0};
	struct jg_str text = jg_jwt_raw_value(r, value);
	return (r->text.flags & JG_TEXT_BACKSLASH) != 0 ? jg_jwt_escaped_value(b, text) : text;
}

/** Do the types agree with the schema's rules? For outlines. */
bool jg_jwt_types_hold(const struct jg_json_schema *schema, const struct jg_claims *types);

/** What all outlines begin with: types that hold, texts that must be there and slots that must not be used
 * (a bit each), times that are numbers, or null where that is as absent, claim bits. */
bool jg_jwt_outline(const struct jg_json_schema *schema, const struct jg_claims *types,
	uint64_t texts, uint64_t unused, struct jg_outline *outline);

/** Is the word in this slot exactly this one, without escapes? For outlines. */
bool jg_jwt_word_is(const struct jg_claims *types, unsigned slot, struct jg_str word);

/** bad_claim when a time claim is there but no number within 2^53 (null passes if allowed), then for the first
 * present slot of another type than the schema's rules allow; then the ancestors are read. */
bool jg_jwt_check_claims(struct jg_burst *b, struct jg_record *r, bool null_is_absent);

/** Is every element of this array (or member of this object) a string? Null passes if allowed. */
bool jg_jwt_all_strings(
	const struct jg_claims *claims, const struct jg_claim *container, bool null_allowed);
