// SPDX-License-Identifier: BSD-3-Clause
#include "format_jwt.h"

#include "base64url.h"
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
static const struct jg_json_schema header_schema = {header_levels, JG_ARRAY_SIZE(header_levels)};

// Decode a part into the scratch; false when it was refused. Development tokens may spell freely.
static bool decode_part(
	struct jg_burst *b, struct jg_record *r, struct jg_str part, struct jg_str *bytes)
{
	uint8_t *out = jg_scratch_take(&b->verifier->scratch, JG_BASE64URL_DECODED(part.len));
	if (out == NULL)
		return jg_refuse(r, JG_REASON_OVERLOADED), false;
	int n = r->dev_token ? jg_base64_decode_lenient(part.p, part.len, out)
			     : b->verifier->decoders->base64url(part.p, part.len, out);
	if (n < 0)
		return jg_refuse(r, JG_REASON_BAD_ENCODING), false;
	*bytes = (struct jg_str){(const char *)out, (uint32_t)n};
	return true;
}

// An HMAC of another length is kept as such: it is a wrong signature once the key is known.
static bool decode_signature(struct jg_burst *b, struct jg_record *r, struct jg_str part)
{
	struct jg_str bytes;
	if (r->dev_token)
		return true;
	if (!decode_part(b, r, part, &bytes))
		return false;
	if (r->layout->signing == JG_SIGNING_RSA) {
		r->rsa_signature = bytes;
		return true;
	}
	r->signature_len = bytes.len > UINT8_MAX ? UINT8_MAX : (uint8_t)bytes.len;
	memcpy(r->signature, bytes.p, bytes.len < 32 ? bytes.len : 32);
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

static bool read_json(struct jg_burst *b, struct jg_record *r, struct jg_str text,
	const struct jg_json_schema *schema, struct jg_claims *claims)
{
	claims->text = (const uint8_t *)text.p;
	claims->len = text.len;
	if (jg_json_read(b->verifier->json, &b->verifier->scratch, schema, claims))
		return true;
	jg_refuse(r, JG_REASON_BAD_JSON);
	return false;
}

// Before the signature holds the claims serve only to find the key.
static void find_key_hint(struct jg_burst *b, struct jg_record *r)
{
	r->app_key = r->layout->key_beside
		? r->request->app
		: jg_claims_string(&b->verifier->scratch, r->claims, JG_SLOT_KEY);
}

void jg_jwt_parse(struct jg_burst *b, struct jg_record *r)
{
	struct jg_parts parts;
	struct jg_str header_text, payload_text;
	struct jg_claims header;
	if (!jg_split(r->request->token, &parts)) {
		jg_refuse(r, JG_REASON_MALFORMED);
		return;
	}
	r->message = parts.signed_text;
	r->dev_token = r->layout->dev_tokens && jg_str_eq(parts.signature, JG_STR("devtoken"));
	if (!decode_part(b, r, parts.header, &header_text) ||
		!decode_part(b, r, parts.payload, &payload_text) ||
		!decode_signature(b, r, parts.signature))
		return;
	r->claims = jg_scratch_take(&b->verifier->scratch, sizeof(*r->claims));
	if (r->claims == NULL) {
		jg_refuse(r, JG_REASON_OVERLOADED);
		return;
	}
	if (!read_json(b, r, header_text, &header_schema, &header) ||
		!read_json(b, r, payload_text, r->layout->schema, r->claims))
		return;
	if (!header_agrees(b, r, &header)) {
		jg_refuse(r, JG_REASON_BAD_ALG);
		return;
	}
	find_key_hint(b, r);
}

static int64_t seconds_in(const struct jg_record *r, unsigned slot)
{
	int64_t seconds;
	if (jg_claims_type(r->claims, slot) != JG_JSON_NUMBER ||
		!jg_claim_seconds(r->claims, &r->claims->slot[slot], &seconds))
		return JG_TIME_NONE;
	return seconds;
}

void jg_jwt_times(struct jg_burst *b, struct jg_record *r)
{
	(void)b;
	r->exp = seconds_in(r, JG_SLOT_EXP);
	r->nbf = seconds_in(r, JG_SLOT_NBF);
	r->iat = seconds_in(r, JG_SLOT_IAT);
	r->issued_at = r->iat;
	static const struct {
		uint8_t slot;
		uint8_t bit;
	} known[] = {{JG_SLOT_EXP, JG_CLAIM_EXP}, {JG_SLOT_IAT, JG_CLAIM_IAT},
		{JG_SLOT_JTI, JG_CLAIM_JTI}};
	for (size_t i = 0; i < JG_ARRAY_SIZE(known); i++)
		if (!jg_claims_empty(r->claims, known[i].slot))
			r->claim_bits |= known[i].bit;
}

bool jg_jwt_check_types(struct jg_record *r, const struct jg_claim_rule *rules, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		enum jg_json_type type = jg_claims_type(r->claims, rules[i].slot);
		if (type == JG_JSON_NONE || (rules[i].types >> type & 1) != 0)
			continue;
		jg_refuse_claim(r, rules[i].name);
		return false;
	}
	return true;
}

bool jg_jwt_check_times(struct jg_record *r, bool null_is_absent)
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
