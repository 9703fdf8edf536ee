// SPDX-License-Identifier: BSD-3-Clause
// T1 as a layout: OpenTok's roles and sessions in urlencoded fields.
#include "format_t1.h"

#include "ancestors.h"
#include "profile.h"
#include "t1.h"
#include "verifier.h"

#define DAY 86400

void jg_t1_layout_parse(struct jg_burst *b, struct jg_record *r)
{
	struct jg_str token = r->request->token;
	struct jg_t1 *t1 = jg_scratch_take(&b->verifier->scratch, sizeof(*t1));
	uint8_t *scratch = jg_scratch_take(&b->verifier->scratch, JG_BASE64_DECODED(token.len));
	if (t1 == NULL || scratch == NULL) {
		jg_refuse(r, JG_REASON_OVERLOADED);
		return;
	}
	enum jg_reason reason =
		jg_t1_parse(token, b->verifier->decoders->base64_decode, scratch, t1);
	if (reason != JG_REASON_OK) {
		jg_refuse(r, reason);
		return;
	}
	r->t1 = t1;
	r->app_key = t1->partner_id;
	r->message = t1->message;
	memcpy(r->signature, t1->signature, sizeof(t1->signature));
	r->signature_len = t1->signature_found ? sizeof(t1->signature) : 0;
}

void jg_t1_times(struct jg_burst *b, struct jg_record *r)
{
	int64_t t;
	uint8_t *fields = jg_scratch_take(&b->verifier->scratch, r->t1->message.len + 1);
	if (fields == NULL) {
		jg_refuse(r, JG_REASON_OVERLOADED);
		return;
	}
	if (!jg_t1_parse_data(r->t1, fields)) {
		jg_refuse(r, JG_REASON_MALFORMED);
		return;
	}
	// A time that is no time is bad_claim, which ranks behind what the other one says.
	if (jg_t1_time(r->t1->field[JG_T1_CREATE_TIME], &t)) {
		r->iat = r->issued_at = t;
		r->claim_bits |= JG_CLAIM_IAT;
		if (r->t1->field[JG_T1_EXPIRE_TIME].p == NULL) {
			r->exp = t + DAY; // which its vendor says, not the token
			r->claim_bits |= JG_CLAIM_EXP;
		}
	}
	if (jg_t1_time(r->t1->field[JG_T1_EXPIRE_TIME], &t)) {
		r->exp = t;
		r->claim_bits |= JG_CLAIM_EXP;
	}
}

// Present, unless it may be absent; false when the record is refused.
static bool require(struct jg_record *r, enum jg_t1_field field)
{
	if (r->t1->field[field].p == NULL)
		jg_refuse_missing(r, jg_t1_field_name(field));
	return r->reason == JG_REASON_OK;
}

// Where it is there it was read as a time before.
static bool check_time(struct jg_record *r, enum jg_t1_field field, enum jg_claim_bit read)
{
	if (r->t1->field[field].p != NULL && (r->claim_bits & read) == 0)
		jg_refuse_claim(r, jg_t1_field_name(field));
	return r->reason == JG_REASON_OK;
}

void jg_t1_claims(struct jg_burst *b, struct jg_record *r)
{
	const struct jg_str *field = r->t1->field;
	if (!require(r, JG_T1_CREATE_TIME) || !check_time(r, JG_T1_CREATE_TIME, JG_CLAIM_IAT) ||
		!check_time(r, JG_T1_EXPIRE_TIME, JG_CLAIM_EXP) || !require(r, JG_T1_ROLE) ||
		!jg_opentok_session(r, field[JG_T1_SESSION_ID]) ||
		!jg_opentok_role(r, field[JG_T1_ROLE]) || !jg_opentok_data(r, field[JG_T1_DATA]) ||
		!jg_opentok_layout_classes(b, r, field[JG_T1_LAYOUT]))
		return;
	if (field[JG_T1_ANCESTORS].p != NULL && !jg_ancestors_read(b, r, field[JG_T1_ANCESTORS]))
		return;
	if (field[JG_T1_SCOPE].p != NULL &&
		!jg_str_eq(field[JG_T1_SCOPE], JG_STR("session.connect")))
		jg_refuse_no_join(r, "scope session.connect");
}
