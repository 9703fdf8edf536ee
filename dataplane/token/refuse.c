// SPDX-License-Identifier: BSD-3-Clause
// Refusals that say which rule it was.
#include "record.h"

void jg_refuse_rule(struct jg_record *r, enum jg_reason reason, enum jg_rule rule,
	struct jg_str subject, int64_t value, int64_t limit)
{
	if (r->reason != JG_REASON_OK)
		return;
	r->reason = (uint8_t)reason;
	r->verdict->rule = (uint8_t)rule;
	r->verdict->subject = subject;
	r->verdict->rule_value = value;
	r->verdict->rule_limit = limit;
}

static struct jg_str static_text(const char *text)
{
	return (struct jg_str){text, (uint32_t)strlen(text)};
}

void jg_refuse_claim(struct jg_record *r, const char *claim)
{
	jg_refuse_rule(r, JG_REASON_BAD_CLAIM, JG_RULE_CLAIM, static_text(claim), 0, 0);
}

void jg_refuse_missing(struct jg_record *r, const char *claim)
{
	jg_refuse_rule(r, JG_REASON_MISSING_CLAIM, JG_RULE_MISSING, static_text(claim), 0, 0);
}

void jg_refuse_no_join(struct jg_record *r, const char *lack)
{
	jg_refuse_rule(r, JG_REASON_NO_JOIN, JG_RULE_NO_JOIN, static_text(lack), 0, 0);
}

void jg_refuse_mismatch(struct jg_record *r, enum jg_reason reason, const char *what)
{
	jg_refuse_rule(r, reason, JG_RULE_MISMATCH, static_text(what), 0, 0);
}

void jg_refuse_length(struct jg_record *r, const char *claim, uint32_t value, uint32_t limit)
{
	jg_refuse_rule(r, JG_REASON_BAD_CLAIM, JG_RULE_LENGTH, static_text(claim), value, limit);
}
