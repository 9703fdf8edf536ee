// SPDX-License-Identifier: BSD-3-Clause
#include "ancestors.h"

#include "base64.h"
#include "base64url.h"
#include "verifier.h"

bool jg_ancestors_read(struct jg_burst *b, struct jg_record *r, struct jg_str text)
{
	size_t most = JG_ANCESTORS_MAX * JG_ANCESTOR_BYTES;
	int n = -1;
	uint8_t *ids = jg_scratch_take(&b->verifier->scratch, JG_BASE64URL_DECODED(text.len));
	if (ids == NULL)
		return jg_refuse(r, JG_REASON_OVERLOADED), false;
	n = jg_base64url_decode(text.p, text.len, ids);
	if (n <= 0 || (size_t)n > most || n % JG_ANCESTOR_BYTES != 0)
		return jg_refuse_claim(r, JG_ANCESTORS_CLAIM), false;
	r->verdict->ancestors = (struct jg_str){(const char *)ids, (uint32_t)n};
	return true;
}

void jg_ancestors_judge(struct jg_burst *b, struct jg_record *r)
{
	const struct jg_cut_offs *cut_offs = jg_snapshot_cut_offs(b->snapshot);
	const struct jg_str ids = r->verdict->ancestors;
	struct jg_cut_off_query query = {
		.vendor = r->layout->vendor, .app = r->app->key, .issued_at = r->issued_at};
	int64_t before;
	for (uint32_t at = 0; at < ids.len && r->reason == JG_REASON_OK; at += JG_ANCESTOR_BYTES) {
		query.token_id = (const uint8_t *)ids.p + at;
		if (jg_cut_offs_check(cut_offs, &query, &before) >= 0)
			jg_refuse_rule(r, JG_REASON_REVOKED, JG_RULE_CUT_OFF,
				JG_STR("token (one it was refreshed from)"), r->issued_at, before);
	}
}

uint32_t jg_ancestors_of_successor(const struct jg_verdict *verdict, char *out)
{
	uint8_t ids[JG_ANCESTORS_MAX * JG_ANCESTOR_BYTES];
	size_t n = verdict->ancestors.len;
	if (n + JG_ANCESTOR_BYTES > sizeof(ids))
		return 0;
	if (n > 0)
		memcpy(ids, verdict->ancestors.p, n);
	memcpy(ids + n, verdict->token_id, JG_ANCESTOR_BYTES);
	return (uint32_t)jg_base64url_encode(ids, n + JG_ANCESTOR_BYTES, out);
}
