// SPDX-License-Identifier: BSD-3-Clause
#include "format_jwt.h"

#include "ancestors.h"
#include "base64url.h"
#include "jwt_known.h"
#include "split.h"
#include "verifier.h"

enum header_slot {
	HEADER_ALG = 0,
	HEADER_CRIT,
	HEADER_B64,
};

static const struct jg_json_member header_members[] = {
	JG_JSON_MEMBER("alg", HEADER_ALG, 0),
	JG_JSON_MEMBER("crit", HEADER_CRIT, 0),
	JG_JSON_MEMBER("b64", HEADER_B64, 0),
};
static const struct jg_json_level header_levels[] = {
	{header_members, JG_ARRAY_SIZE(header_members)},
};
static const struct jg_json_schema header_schema = {
	.levels = header_levels, .n = JG_ARRAY_SIZE(header_levels)};

// Decode a part into the scratch; false when it was refused. The index of its quotation marks is in
// the verifier's buffer, until the next part.
static bool decode_part(
	struct jg_burst *b, struct jg_record *r, struct jg_str part, struct jg_text *text)
{
	text->bytes = jg_scratch_take(&b->verifier->scratch, JG_BASE64URL_DECODED(part.len));
	text->quotes = b->verifier->quotes;
	if (text->bytes == NULL)
		return jg_refuse(r, JG_REASON_OVERLOADED), false;
	if (!b->verifier->decoders->text((const uint8_t *)part.p, part.len, text))
		return jg_refuse(r, JG_REASON_BAD_ENCODING), false;
	return true;
}

static void decode_payload(struct jg_burst *b, struct jg_record *r, struct jg_str part)
{
	if (!jg_jwt_room(b, &r->text, part.len, false))
		jg_refuse(r, JG_REASON_OVERLOADED);
	else if (b->verifier->decoders->text((const uint8_t *)part.p, part.len, &r->text))
		jg_jwt_keep_payload(b, &r->text, false);
	else
		jg_refuse(r, JG_REASON_BAD_ENCODING);
}

// Development tokens may spell freely.
static bool decode_dev_payload(struct jg_burst *b, struct jg_record *r, struct jg_str part)
{
	r->text = (struct jg_text){
		.bytes = jg_scratch_take(&b->verifier->scratch, JG_BASE64URL_DECODED(part.len))};
	if (r->text.bytes == NULL)
		return jg_refuse(r, JG_REASON_OVERLOADED), false;
	int n = jg_base64_decode_lenient(part.p, part.len, r->text.bytes);
	if (n < 0)
		return jg_refuse(r, JG_REASON_BAD_ENCODING), false;
	r->text.len = (uint32_t)n;
	return true;
}

// An HMAC of another length is kept as such: it is a wrong signature once the key is known.
static bool decode_signature(struct jg_burst *b, struct jg_record *r, struct jg_str part)
{
	struct jg_text text;
	if (!decode_part(b, r, part, &text))
		return false;
	if (r->layout->signing == JG_SIGNING_RSA) {
		r->rsa_signature = (struct jg_str){(const char *)text.bytes, text.len};
		return true;
	}
	r->signature_len = text.len > UINT8_MAX ? UINT8_MAX : (uint8_t)text.len;
	memcpy(r->signature, text.bytes, sizeof(r->signature)); // slack included
	return true;
}

// RFC 8725 section 3.1: the app fixes the algorithm, the header may only agree. RFC 7515 section
// 4.1.11: a critical extension that is not understood refuses; none is understood here.
static bool header_agrees(
	struct jg_burst *b, const struct jg_record *r, const struct jg_claims *header)
{
	struct jg_str wanted =
		r->layout->signing == JG_SIGNING_RSA ? JG_STR("RS256") : JG_STR("HS256");
	struct jg_str alg = jg_claims_string(&b->verifier->scratch, header, HEADER_ALG);
	return alg.p != NULL && jg_str_eq(alg, wanted) &&
		jg_claims_type(header, HEADER_CRIT) == JG_JSON_NONE &&
		jg_claims_type(header, HEADER_B64) == JG_JSON_NONE;
}

static bool read_json(struct jg_burst *b, struct jg_record *r, const struct jg_text *text,
	const struct jg_json_schema *schema, struct jg_claims *claims)
{
	claims->text = text->bytes;
	claims->len = text->len;
	if (jg_json_read(b->verifier->json, &b->verifier->scratch, schema, claims))
		return true;
	jg_refuse(r, JG_REASON_BAD_JSON);
	return false;
}

// The payload: by its shape, else by the quick reader, else by the one that is always right.
static bool read_payload(struct jg_burst *b, struct jg_record *r, struct jg_text *text)
{
	struct jg_verifier *v = b->verifier;
	const struct jg_json_schema *schema = r->layout->schema;
	r->claims->text = text->bytes;
	r->claims->len = text->len;
	if ((text->flags & JG_TEXT_NON_ASCII) != 0 &&
		!v->decoders->utf8_valid(text->bytes, text->len))
		return jg_refuse(r, JG_REASON_BAD_JSON), false;
	if ((text->flags & JG_TEXT_MARKED) != 0)
		v->decoders->list(text);
	enum jg_match known = v->shapes == NULL || r->new_shape
		? JG_MATCH_NONE
		: jg_shapes_match(v->shapes, schema->number, text, r->claims, &r->reading);
	if (known == JG_MATCH_READING)
		r->claims = NULL;
	if (known != JG_MATCH_NONE)
		return true;
	r->new_shape = jg_scan(&v->scan[schema->number], text, r->claims, NULL);
	return r->new_shape || read_json(b, r, text, schema, r->claims);
}

// Before the signature holds the claims serve only to find the key.
static void find_key_hint(struct jg_burst *b, struct jg_record *r)
{
	if (r->layout->key_beside)
		r->app_key = r->request->app;
	else if (r->claims == NULL)
		r->app_key = jg_jwt_value(b, r, JG_VALUE_KEY);
	else
		r->app_key = jg_claims_string(&b->verifier->scratch, r->claims, JG_SLOT_KEY);
}

void jg_jwt_parse(struct jg_burst *b, struct jg_record *r)
{
	struct jg_parts parts;
	if (!jg_split(r->request->token, &parts)) {
		jg_refuse(r, JG_REASON_MALFORMED);
		return;
	}
	r->message = parts.signed_text;
	r->dev_token = r->layout->dev_tokens && jg_str_eq(parts.signature, JG_STR("devtoken"));
	if (!decode_part(b, r, parts.header, &r->header))
		return;
	if (r->dev_token)
		(void)decode_dev_payload(b, r, parts.payload);
	else if (decode_signature(b, r, parts.signature))
		decode_payload(b, r, parts.payload);
}

void jg_jwt_interpret(struct jg_burst *b, struct jg_record *r)
{
	struct jg_scratch *scratch = &b->verifier->scratch;
	bool known = r->known_header;
	struct jg_claims header;
	size_t used = scratch->used;
	r->claims = jg_scratch_take(scratch, sizeof(*r->claims));
	if (r->claims == NULL) {
		jg_refuse(r, JG_REASON_OVERLOADED);
		return;
	}
	if ((!known && !read_json(b, r, &r->header, &header_schema, &header)) ||
		!(r->dev_token ? read_json(b, r, &r->text, r->layout->schema, r->claims)
			       : read_payload(b, r, &r->text)))
		return;
	if (r->claims == NULL)
		scratch->used = used; // nothing was taken since
	if (known || header_agrees(b, r, &header))
		find_key_hint(b, r);
	else
		jg_refuse(r, JG_REASON_BAD_ALG);
}

struct jg_str jg_jwt_escaped_value(struct jg_burst *b, struct jg_str text)
{
	const struct jg_claims claims = {.text = (const uint8_t *)text.p};
	const struct jg_claim claim = {.len = text.len, .type = JG_JSON_STRING};
	if (memchr(text.p, '\\', text.len) == NULL)
		return text;
	return jg_claim_unescape(&b->verifier->scratch, &claims, &claim);
}

void jg_jwt_learn(struct jg_burst *b, struct jg_record *r)
{
	struct jg_verifier *v = b->verifier;
	const struct jg_json_schema *schema = r->layout->schema;
	const uint8_t *dot = memchr(r->message.p, '.', r->message.len);
	size_t at = (size_t)(dot - (const uint8_t *)r->message.p) + 1;
	struct jg_text text = {.bytes = v->lesson, .quotes = v->quotes};
	struct jg_claims claims;
	struct jg_holes holes = {.n = 0};
	size_t len = r->message.len - at;
	if (JG_BASE64URL_DECODED(len) > JG_SHAPE_TEXT_MAX ||
		!v->decoders->text((const uint8_t *)r->message.p + at, len, &text))
		return;
	claims.text = text.bytes;
	claims.len = text.len;
	if (jg_scan(&v->scan[schema->number], &text, &claims, &holes))
		jg_shapes_learn(v->shapes, schema, r->app->index, &text, &claims, &holes);
}

// Inlined thrice: a time is a number in one way nearly always.
static inline __attribute__((always_inline)) int64_t seconds_in(struct jg_record *r, unsigned slot)
{
	int64_t seconds;
	if (!jg_claims_is(r->claims, slot, JG_JSON_NUMBER))
		return JG_TIME_NONE;
	if (jg_claim_seconds(r->claims, &r->claims->slot[slot], &seconds))
		return seconds;
	r->bad_time = true;
	return JG_TIME_NONE;
}

void jg_jwt_times(struct jg_burst *b, struct jg_record *r)
{
	(void)b;
	if (r->claims == NULL) {
		jg_jwt_take_times(r);
		return;
	}
	r->exp = seconds_in(r, JG_SLOT_EXP);
	r->nbf = seconds_in(r, JG_SLOT_NBF);
	r->iat = seconds_in(r, JG_SLOT_IAT);
	r->issued_at = jg_jwt_issued_at(r->layout, r->iat, r->nbf);
	r->claim_bits = jg_jwt_claim_bits(r->claims);
}

uint8_t jg_jwt_claim_bits(const struct jg_claims *claims)
{
	unsigned bits = jg_claims_empty(claims, JG_SLOT_EXP) ? 0 : JG_CLAIM_EXP;
	bits |= jg_claims_empty(claims, JG_SLOT_IAT) ? 0 : JG_CLAIM_IAT;
	bits |= jg_claims_empty(claims, JG_SLOT_JTI) ? 0 : JG_CLAIM_JTI;
	return (uint8_t)bits;
}

bool jg_jwt_types_hold(const struct jg_json_schema *schema, const struct jg_claims *types)
{
	for (unsigned i = 0; i < schema->rules_n; i++) {
		enum jg_json_type type = jg_claims_type(types, schema->rules[i].slot);
		if (type != JG_JSON_NONE && (schema->rules[i].types >> type & 1) == 0)
			return false;
	}
	return true;
}

bool jg_jwt_outline(const struct jg_json_schema *schema, const struct jg_claims *types,
	uint64_t texts, uint64_t unused, struct jg_outline *outline)
{
	static const uint8_t times[] = {JG_SLOT_EXP, JG_SLOT_NBF, JG_SLOT_IAT};
	uint64_t filled = types->present & ~types->of_type[JG_JSON_NULL];
	if (!jg_jwt_types_hold(schema, types) || (filled & unused) != 0 ||
		(texts & ~types->of_type[JG_JSON_STRING]) != 0)
		return false;
	for (unsigned i = 0; i < JG_ARRAY_SIZE(times); i++) {
		if (jg_claims_is(types, times[i], JG_JSON_NUMBER))
			outline->slot[JG_VALUE_EXP + i] = times[i];
		else if ((filled >> times[i] & 1) != 0)
			return false;
	}
	outline->claim_bits = jg_jwt_claim_bits(types);
	return true;
}

bool jg_jwt_word_is(const struct jg_claims *types, unsigned slot, struct jg_str word)
{
	const struct jg_claim *claim = &types->slot[slot];
	return !claim->escaped && jg_str_eq(jg_claim_text(types, claim), word);
}

// A string by then.
static bool read_ancestors(struct jg_burst *b, struct jg_record *r)
{
	struct jg_str text = jg_claims_string(&b->verifier->scratch, r->claims, JG_SLOT_ANCESTORS);
	return jg_ancestors_read(b, r, text);
}

static JG_COLD void refuse_type(struct jg_record *r, const struct jg_json_schema *schema)
{
	for (unsigned i = 0; i < schema->rules_n; i++) {
		const struct jg_claim_rule *rule = &schema->rules[i];
		enum jg_json_type type = jg_claims_type(r->claims, rule->slot);
		if (type == JG_JSON_NONE || (rule->types >> type & 1) != 0)
			continue;
		jg_refuse_claim(r, rule->name);
		return;
	}
}

// True: it was null, where that passes.
static JG_COLD bool times_are_null(struct jg_record *r, bool null_is_absent)
{
	static const char *const names[] = {
		[JG_SLOT_EXP] = "exp", [JG_SLOT_NBF] = "nbf", [JG_SLOT_IAT] = "iat"};
	const int64_t values[] = {
		[JG_SLOT_EXP] = r->exp, [JG_SLOT_NBF] = r->nbf, [JG_SLOT_IAT] = r->iat};
	for (unsigned slot = 0; slot < JG_ARRAY_SIZE(names); slot++) {
		enum jg_json_type type = jg_claims_type(r->claims, slot);
		if (type == JG_JSON_NONE || values[slot] != JG_TIME_NONE ||
			(type == JG_JSON_NULL && null_is_absent))
			continue;
		jg_refuse_claim(r, names[slot]);
		return false;
	}
	return true;
}

bool jg_jwt_check_claims(struct jg_burst *b, struct jg_record *r, bool null_is_absent)
{
	const uint64_t times = 1u << JG_SLOT_EXP | 1u << JG_SLOT_NBF | 1u << JG_SLOT_IAT;
	const struct jg_json_schema *schema = r->layout->schema;
	const uint64_t *wrong = b->verifier->wrong_types[schema->number];
	const struct jg_claims *claims = r->claims;
	uint64_t found = 0;
	for (unsigned type = 0; type < JG_JSON_TYPES; type++)
		found |= claims->of_type[type] & wrong[type];
	const bool odd_times =
		(claims->present & ~claims->of_type[JG_JSON_NUMBER] & times) != 0 || r->bad_time;
	if (odd_times && !times_are_null(r, null_is_absent))
		return false;
	if (found != 0)
		return refuse_type(r, schema), false;
	return (claims->present >> JG_SLOT_ANCESTORS & 1) == 0 || read_ancestors(b, r);
}

bool jg_jwt_all_strings(
	const struct jg_claims *claims, const struct jg_claim *container, bool null_allowed)
{
	struct jg_json_walk walk = jg_json_walk_of(claims, container);
	struct jg_claim value;
	while (jg_json_next(&walk, NULL, &value))
		if (value.type != JG_JSON_STRING && (value.type != JG_JSON_NULL || !null_allowed))
			return false;
	return true;
}
