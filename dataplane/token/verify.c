// SPDX-License-Identifier: BSD-3-Clause
// The coordinator: a burst goes through the stages below, in the order of the reasons they give.
#include "format_jwt.h"
#include "stages.h"
#include "verifier.h"

void jg_burst_sift(struct jg_burst *b)
{
	unsigned kept = 0;
	for (unsigned i = 0; i < b->n; i++)
		if (b->live[i]->reason == JG_REASON_OK)
			b->live[kept++] = b->live[i];
	b->n = kept;
}

void jg_burst_each(struct jg_burst *b, void (*judge)(struct jg_burst *b, struct jg_record *r))
{
	for (unsigned i = 0; i < b->n; i++)
		judge(b, b->live[i]);
	jg_burst_sift(b);
}

// too_long, malformed: which layout is it?
static void recognise(struct jg_burst *b, struct jg_record *r)
{
	(void)b;
	if (r->request->token.len > JG_TOKEN_MAX) {
		jg_refuse_rule(r, JG_REASON_TOO_LONG, JG_RULE_LENGTH, JG_STR("token"),
			r->request->token.len, JG_TOKEN_MAX);
		return;
	}
	r->layout = jg_layout_find(r->request->vendor, r->request->token);
	if (r->layout == NULL)
		jg_refuse(r, JG_REASON_MALFORMED);
	else
		r->verdict->format = r->layout->format;
}

static void parse(struct jg_burst *b, struct jg_record *r)
{
	r->layout->parse(b, r);
}

// unknown_key, first half: what is looked up, so that the tables' lines arrive in time.
static void prepare_app(struct jg_burst *b, struct jg_record *r)
{
	const struct jg_str beside = r->request->app;
	if (r->app_key.len == 0 || (beside.len != 0 && !jg_str_eq(beside, r->app_key))) {
		jg_refuse(r, JG_REASON_UNKNOWN_KEY);
		return;
	}
	r->app_hash = jg_snapshot_hash(b->snapshot, r->layout->vendor, r->app_key);
	jg_snapshot_prefetch(b->snapshot, r->app_hash);
}

static void find_app(struct jg_burst *b, struct jg_record *r)
{
	r->app = jg_snapshot_find_hashed(b->snapshot, r->app_hash, r->layout->vendor, r->app_key);
	if (r->app == NULL)
		jg_refuse(r, JG_REASON_UNKNOWN_KEY);
	else if (!jg_snapshot_allows(b->snapshot, r->app, r->request->caller))
		jg_refuse_rule(r, JG_REASON_UNKNOWN_KEY, JG_RULE_CALLER, (struct jg_str){0}, 0, 0);
	else
		r->verdict->app_index = r->app->index;
}

// From here on the verdict may repeat what the token says.
static void name_app(struct jg_burst *b, struct jg_record *r)
{
	(void)b;
	r->verdict->verified = true;
	r->verdict->app = r->app->key;
	if (r->key != NULL) {
		r->verdict->key = r->key->id;
		r->verdict->key_index = r->key->index;
	}
}

static void read_times(struct jg_burst *b, struct jg_record *r)
{
	r->layout->times(b, r);
	r->verdict->issued_at = r->issued_at;
	r->verdict->expires_at = r->exp;
}

static void read_claims(struct jg_burst *b, struct jg_record *r)
{
	r->layout->claims(b, r);
}

static void compare_session(struct jg_burst *b, struct jg_record *r)
{
	r->layout->session(b, r);
}

static void stage_apps(struct jg_burst *b)
{
	jg_burst_each(b, prepare_app);
	jg_burst_each(b, find_app);
}

// At most one token teaches its shape, and not in every burst.
static void stage_learn(struct jg_burst *b)
{
	struct jg_shapes *shapes = b->verifier->shapes;
	if (shapes == NULL || !jg_shapes_turn(shapes))
		return;
	for (unsigned i = 0; i < b->n; i++)
		if (b->live[i]->new_shape) {
			jg_jwt_learn(b, b->live[i]);
			return;
		}
}

// A stage judges each record by itself, or the burst as a whole because there is something to gain
// from its many records. Neighbours of the first kind are done in one pass.
struct stage {
	void (*each)(struct jg_burst *b, struct jg_record *r);
	void (*whole)(struct jg_burst *b);
};

// clang-format off
static const struct stage stages[] = {
	{.each = recognise}, // too_long, malformed
	{.each = parse}, // malformed, bad_encoding, bad_json, bad_alg
	{.whole = stage_apps}, // unknown_key
	{.whole = jg_stage_signatures}, // bad_signature, dev_token
	{.whole = stage_learn},
	{.each = name_app},
	{.each = jg_name_token},
	{.each = read_times},
	{.each = jg_judge_times}, // expired, not_yet_valid
	{.each = jg_judge_lifetime}, // lifetime
	{.each = jg_judge_required_claims}, // missing_claim
	{.each = read_claims}, // bad_claim, missing_claim, no_join
	{.each = compare_session}, // room_mismatch, identity_mismatch
	{.whole = jg_stage_cut_offs}, // revoked
	{.each = jg_apply_override}, // not_permitted
	{.each = jg_apply_policy}, // not_permitted
	{.each = jg_judge_refresh}, // not_permitted
};
// clang-format on

// The stages from..to-1, one record after the other.
static void pass(struct jg_burst *b, size_t from, size_t to)
{
	for (unsigned i = 0; i < b->n; i++) {
		struct jg_record *r = b->live[i];
		for (size_t s = from; s < to && r->reason == JG_REASON_OK; s++)
			stages[s].each(b, r);
	}
	jg_burst_sift(b);
}

static void run(struct jg_burst *b)
{
	for (size_t from = 0, to; from < JG_ARRAY_SIZE(stages) && b->n > 0; from = to) {
		to = from + 1;
		if (stages[from].whole != NULL) {
			stages[from].whole(b);
			continue;
		}
		while (to < JG_ARRAY_SIZE(stages) && stages[to].each != NULL)
			to++;
		pass(b, from, to);
	}
}

static void begin(struct jg_burst *b, const struct jg_request *requests,
	struct jg_verdict *verdicts, unsigned n)
{
	struct jg_verifier *v = b->verifier;
	uint64_t epoch = jg_snapshot_epoch(b->snapshot);
	v->scratch.used = 0;
	b->n = n;
	b->token_ids = jg_token_ids_count(b);
	// Whole arrays at once: for single structures compilers choose slow string instructions.
	memset(verdicts, 0, n * sizeof(*verdicts));
	memset(v->records, 0, n * sizeof(*v->records));
	for (unsigned i = 0; i < n; i++) {
		struct jg_record *r = &v->records[i];
		verdicts[i].issued_at = verdicts[i].expires_at = JG_TIME_NONE;
		verdicts[i].epoch = epoch;
		verdicts[i].app_index = verdicts[i].key_index = UINT32_MAX;
		verdicts[i].vendor = requests[i].vendor;
		r->request = &requests[i];
		r->verdict = &verdicts[i];
		r->exp = r->nbf = r->iat = r->issued_at = JG_TIME_NONE;
		b->live[i] = r;
	}
}

static void finish(struct jg_verifier *v, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		struct jg_verdict *verdict = v->records[i].verdict;
		verdict->reason = v->records[i].reason;
		if (verdict->reason == JG_REASON_OK)
			verdict->capabilities = v->records[i].capabilities;
	}
	if (v->scratch.high < v->scratch.used)
		v->scratch.high = v->scratch.used;
}

void jg_verify_burst(struct jg_verifier *verifier, const struct jg_snapshot *snapshot, int64_t now,
	const struct jg_request *requests, struct jg_verdict *verdicts, unsigned n)
{
	assert(n > 0 && n <= JG_BURST_MAX);
	struct jg_burst b = {
		.verifier = verifier, .snapshot = snapshot, .live = verifier->live, .now = now};
	begin(&b, requests, verdicts, n);
	run(&b);
	finish(verifier, n);
}
