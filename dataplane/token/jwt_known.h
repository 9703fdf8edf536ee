// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** The way that nearly every JWT goes: a header as the SDKs write it, a payload of known outline. Inlined: the
 * calls cost as much as what they do. What is different goes the long way, jg_layout.parse and .interpret. */

#include "base64url.h"
#include "format_jwt.h"
#include "verifier.h"

/** Room for the payload and its index: marks, of which a list is made in the verifier's buffer when one is
 * needed, or a list that is kept for the pass that reads it. It is taken by jg_jwt_keep_payload(). */
static inline bool jg_jwt_room(struct jg_burst *b, struct jg_text *text, uint32_t len, bool marks)
{
	struct jg_scratch *scratch = &b->verifier->scratch;
	size_t used = (scratch->used + 15) & ~(size_t)15;
	size_t n = (JG_BASE64URL_DECODED(len) + JG_TEXT_SLACK + 1) & ~(size_t)1;
	size_t index = marks ? JG_TEXT_MARKS(n) : n * sizeof(*text->quotes);
	assert(used + n + index + JG_SCRATCH_SLACK <= scratch->size);
	if (__builtin_expect(used + n + index + JG_SCRATCH_SLACK > scratch->size, 0))
		return false;
	text->bytes = scratch->base + used;
	text->marks = marks ? text->bytes + n : NULL;
	text->quotes = marks ? b->verifier->quotes : (uint16_t *)(void *)(text->bytes + n);
	return true;
}

/** Of the room for a list there were all marks that there could be; the one behind the last is the end of the
 * text. */
static inline void jg_jwt_keep_payload(struct jg_burst *b, const struct jg_text *text, bool marks)
{
	struct jg_scratch *scratch = &b->verifier->scratch;
	const uint8_t *end = marks ? text->marks + JG_TEXT_MARKS(text->marks - text->bytes)
				   : (const uint8_t *)(text->quotes + text->quotes_n + 1);
	scratch->used = (size_t)(end - scratch->base);
}

/** Headers that token SDKs write, encoded; the one that is told first comes first. */
static const struct jg_str jg_jwt_headers[] = {
	JG_STR_INIT("eyJhbGciOiJIUzI1NiJ9."),
	JG_STR_INIT("eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9."),
	JG_STR_INIT("eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9."),
};

/** The length of a header that is known to be right, its dot included; 0: another one, or no room for
 * payload and signature behind it. */
static inline uint32_t jg_jwt_known_header(struct jg_str token)
{
#pragma GCC unroll 3
	for (size_t i = 0; i < JG_ARRAY_SIZE(jg_jwt_headers); i++) {
		struct jg_str header = jg_jwt_headers[i];
		if (token.len >= header.len + JG_SIGNATURE_TEXT + 2 &&
			jg_same_bytes(token.p, header.p, header.len))
			return header.len;
	}
	return 0;
}

/** A token with such a header and a signature of the right length needs no search for its dots: if there
 * were more of them, the decoder would refuse them as foreign characters. False: not such a token, or not
 * a good one; the long way finds the reason. */
static inline bool jg_jwt_decode_known(struct jg_burst *b, struct jg_record *r, struct jg_str token)
{
	struct jg_verifier *v = b->verifier;
	const uint8_t *p = (const uint8_t *)token.p;
	uint32_t header = jg_jwt_known_header(token);
	if (header == 0)
		return false;
	uint32_t dot = token.len - JG_SIGNATURE_TEXT - 1;
	if (p[dot] != '.' || r->layout->signing != JG_SIGNING_SHA256)
		return false;
	if (!jg_jwt_room(b, &r->text, dot - header, v->marks) ||
		!v->decoders->jwt(p + header, dot - header, &r->text, p + dot + 1, r->signature))
		return false;
	jg_jwt_keep_payload(b, &r->text, v->marks);
	r->known_header = true;
	r->signature_len = JG_SIGNATURE_BYTES;
	r->message = (struct jg_str){token.p, dot};
	return true;
}

/** The payload behind a known header, by an outline. False: that needs a closer look. */
static inline bool jg_jwt_read_outline(struct jg_burst *b, struct jg_record *r)
{
	struct jg_verifier *v = b->verifier;
	struct jg_text *text = &r->text;
	if (!r->known_header || !v->outlines ||
		((text->flags & JG_TEXT_NON_ASCII) != 0 &&
			!v->decoders->utf8_valid(text->bytes, text->len)))
		return false;
	const enum jg_match match =
		jg_shapes_read(v->shapes, r->layout->schema->number, text, &r->reading);
	if (match != JG_MATCH_READING) {
		r->new_shape = match == JG_MATCH_NONE;
		return false;
	}
	r->claims = NULL;
	r->app_key = r->layout->key_beside ? r->request->app : jg_jwt_value(b, r, JG_VALUE_KEY);
	return true;
}
