// SPDX-License-Identifier: BSD-3-Clause
// Cut-offs: what was issued before a time is refused. Read from the live table, so that a change is
// obeyed by the next burst.
#include "ancestors.h"
#include "cut_off_table.h"
#include "verifier.h"

// One token, however it was spelled: SHA-256(app key, 0, decoded signature), first half.
void jg_name_token(struct jg_burst *b, struct jg_record *r)
{
	struct jg_str key = r->app->key, signature = r->rsa_signature;
	uint8_t digest[32];
	if (signature.p == NULL)
		signature = (struct jg_str){(const char *)r->signature, r->signature_len};
	size_t len = (size_t)key.len + 1 + signature.len;
	uint8_t *text = jg_scratch_bytes(&b->verifier->scratch, len);
	if (text == NULL) {
		jg_refuse(r, JG_REASON_OVERLOADED);
		return;
	}
	memcpy(text, key.p, key.len);
	text[key.len] = 0;
	memcpy(text + key.len + 1, signature.p, signature.len);
	jg_sha256(text, len, digest);
	memcpy(r->verdict->token_id, digest, sizeof(r->verdict->token_id));
}

static struct jg_cut_off_query query_of(const struct jg_burst *b, const struct jg_record *r)
{
	return (struct jg_cut_off_query){.app_hash = r->app->cut_off_hash,
		.user = r->verdict->identity,
		.room = r->verdict->room,
		.secret = r->verdict->key,
		.token_id = b->token_ids ? r->verdict->token_id : NULL,
		.issued_at = r->issued_at};
}

void jg_revoke(struct jg_record *r, unsigned scope, int64_t before)
{
	static const struct jg_str scopes[] = {
#define X(code, symbol, name, fields) [code] = {name, sizeof(name) - 1},
		JG_SCOPES(X)
#undef X
	};
	jg_refuse_rule(r, JG_REASON_REVOKED, JG_RULE_CUT_OFF, scopes[scope], r->issued_at, before);
}

// Where users are all that was ever revoked: what there are millions of. All of a burst, of which some were not
// looked for as they were judged. Not 0: some were refused.
static unsigned judge_users(struct jg_burst *b)
{
	const struct jg_cut_offs *cut_offs = b->users_cut_off;
	const struct jg_cut_off_view *view = jg_cut_offs_view(cut_offs);
	struct jg_record *const *live = b->live;
	unsigned n = b->n, refused = 0;
	for (unsigned i = 0; i < n; i++) {
		struct jg_record *r = live[i];
		if (r->named)
			continue; // on its way since before the MACs were made
		r->user_fingerprint = jg_cut_off_user(cut_offs, r->app->cut_off_hash,
			jg_hash_text(&cut_offs->seed, r->verdict->identity));
		jg_cut_off_prefetch(view, r->user_fingerprint);
	}
	for (unsigned i = 0; i < n; i++) {
		struct jg_record *r = live[i];
		r->cleared = r->verdict->identity.len == 0 ||
			!jg_cut_off_may_refuse(view, r->user_fingerprint, r->issued_at);
		if (!r->cleared)
			jg_cut_off_prefetch_search(view, r->user_fingerprint);
	}
	for (unsigned i = 0; i < n; i++) {
		struct jg_record *r = live[i];
		uint32_t before;
		if (!r->cleared && jg_cut_off_search(view, r->user_fingerprint, &before) &&
			jg_cut_off_refuses(before, r->issued_at))
			jg_revoke(r, JG_SCOPE_USER, before);
		refused |= r->reason;
	}
	return refused;
}

static unsigned judge_all(struct jg_burst *b, const struct jg_cut_offs *cut_offs)
{
	struct jg_cut_off_probe *probes = b->verifier->probes;
	unsigned refused = 0;
	for (unsigned i = 0; i < b->n; i++) {
		struct jg_cut_off_query query = query_of(b, b->live[i]);
		jg_cut_offs_probe(cut_offs, &query, &probes[i]);
	}
	for (unsigned i = 0; i < b->n; i++)
		jg_cut_offs_fetch(cut_offs, &probes[i]);
	for (unsigned i = 0; i < b->n; i++) {
		struct jg_record *r = b->live[i];
		int64_t before;
		int scope = jg_cut_offs_judge(cut_offs, &probes[i], &before);
		if (scope >= 0)
			jg_revoke(r, (unsigned)scope, before);
		else if (b->token_ids && r->verdict->ancestors.len > 0)
			jg_ancestors_judge(b, r);
		refused |= r->reason;
	}
	return refused;
}

void jg_stage_cut_offs(struct jg_burst *b)
{
	const struct jg_cut_offs *cut_offs = jg_snapshot_cut_offs(b->snapshot);
	if (b->users_cut_off != NULL ? !b->users_late : b->cut_off_scopes == 0)
		return;
	if ((b->users_cut_off != NULL ? judge_users(b) : judge_all(b, cut_offs)) != 0)
		jg_burst_sift(b);
}
