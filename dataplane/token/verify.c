// SPDX-License-Identifier: BSD-3-Clause
// The coordinator: a burst goes through the stages below, in the order of the reasons they give.
#include "app_find.h"
#include "cut_off_table.h"
#include "jwt_known.h"
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

typedef void judge_fn(struct jg_burst *b, struct jg_record *r);

// One record after the other, then the refused ones leave. Inlined, so that the calls are direct.
static inline __attribute__((always_inline)) void each(struct jg_burst *b, judge_fn *judge)
{
	struct jg_record *const *live = b->live;
	unsigned refused = 0;
	for (unsigned i = 0, n = b->n; i < n; i++) {
		judge(b, live[i]);
		refused |= live[i]->reason;
	}
	if (refused != 0)
		jg_burst_sift(b);
}

// unknown_key, first half: what is looked up, so that the tables' lines arrive in time. signature.c does it.
static void prepare_app(struct jg_burst *b, struct jg_record *r)
{
	const struct jg_str beside = r->request->app;
	if (r->app_key.len == 0 || (beside.len != 0 && !jg_str_eq(beside, r->app_key))) {
		jg_refuse(r, JG_REASON_UNKNOWN_KEY);
		return;
	}
	r->app_hash = jg_snapshot_hash(b->snapshot, r->layout->vendor, r->app_key);
	if (!jg_snapshot_is_large(b->snapshot))
		r->row = jg_snapshot_first(b->snapshot, r->app_hash);
}

static void name_token(struct jg_burst *b, struct jg_record *r)
{
	// A successor names the token it follows.
	if (b->token_ids || (r->request->flags & JG_REQUEST_TOKEN_ID) != 0 ||
		r->request->type == JG_REQUEST_REFRESH)
		jg_name_token(b, r);
}

// Nearly every app has neither limits of its own nor a vendor's.
static void judge_limits(struct jg_burst *b, struct jg_record *r)
{
	if (r->row->plain_policy && r->layout->lifetime_max == 0)
		return;
	jg_judge_lifetime(b, r);
	jg_judge_required_claims(b, r);
}

static void permit(struct jg_burst *b, struct jg_record *r)
{
	// What the three below would find nothing to do for.
	if (!b->overrides && r->row->plain_policy && r->request->type != JG_REQUEST_REFRESH &&
		(r->capabilities & JG_CAPABILITY(JOIN)) != 0)
		return;
	jg_apply_override(b, r);
	if (r->reason == JG_REASON_OK)
		jg_apply_policy(b, r);
	if (r->reason == JG_REASON_OK)
		jg_judge_refresh(b, r);
}

// From here on the verdict may repeat what the token says.
static void name_app(struct jg_burst *b, struct jg_record *r)
{
	(void)b;
	r->verdict->verified = true;
	const struct jg_app_row *row = r->row;
	r->verdict->app = jg_app_key(row);
	if (r->key == jg_app_keys(r->app)) {
		r->verdict->key = (struct jg_str){row->first_id, row->first_id_len};
		r->verdict->key_index = row->first_index;
	} else if (r->key != NULL) {
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

// One judge after the other, until one refuses. Inlined, so that the calls are direct.
static inline __attribute__((always_inline)) void pass(
	struct jg_burst *b, struct jg_record *r, judge_fn *const *judges, size_t judges_n)
{
#pragma GCC unroll 8
	for (size_t k = 0; k < judges_n; k++) {
		judges[k](b, r);
		if (r->reason != JG_REASON_OK)
			break;
	}
}

#define TOKENS_AHEAD 6
#define LINES_MOST 6u // that most tokens have
#define LINES_AHEAD 16u // of each; the rest of a long one the CPU fetches by itself

// Tokens may come from far: the next ones' bytes are on their way while one is decoded.
static inline void prefetch_token(const struct jg_burst *b, unsigned i)
{
	if (i >= b->n)
		return;
	struct jg_str token = b->requests[i].token;
	uintptr_t line = (uintptr_t)token.p, end = line + token.len;
#pragma GCC unroll 6
	for (unsigned n = 0; n < LINES_MOST; n++, line += JG_CACHE_LINE)
		__builtin_prefetch((const void *)line); // behind a shorter one it does no harm
	for (unsigned n = LINES_MOST; n < LINES_AHEAD && line < end; n++, line += JG_CACHE_LINE) {
		__builtin_prefetch((const void *)line);
		__asm__ volatile(""); // compilers take away a loop that does nothing else
	}
}

// Sixteen zeros at a time: for a single structure compilers choose slow string instructions, and clearing
// all of a burst's at once waits for the stores alone.
static inline void clear(void *p, size_t n)
{
	jg_words16 *words = (jg_words16 *)p;
#pragma GCC unroll 32
	for (size_t i = 0; i < n / sizeof(*words); i++)
		words[i] = (jg_words16){0};
}

static inline void open_record(const struct jg_burst *b, struct jg_record *r,
	const struct jg_request *request, struct jg_verdict *verdict)
{
	const size_t from = offsetof(struct jg_record, key);
	const size_t to = offsetof(struct jg_record, app_hash);
	static_assert(sizeof(*verdict) % sizeof(jg_words16) == 0, "cleared to its end");
	static_assert((offsetof(struct jg_record, app_hash) - offsetof(struct jg_record, key)) %
				sizeof(jg_words16) ==
			0,
		"cleared to its end: the flags stand there");
	clear(verdict, sizeof(*verdict));
	clear((char *)r + from, to - from);
	verdict->issued_at = verdict->expires_at = JG_TIME_NONE;
	verdict->epoch = b->epoch;
	verdict->app_index = verdict->key_index = UINT32_MAX;
	verdict->vendor = request->vendor;
	r->request = request;
	r->verdict = verdict;
	r->exp = r->nbf = r->iat = r->issued_at = JG_TIME_NONE;
}

// too_long, malformed, bad_encoding; not JWT: bad_json, bad_alg.
static inline void parse_one(struct jg_burst *b, struct jg_record *r, struct jg_str token)
{
	const struct jg_layout *layout = jg_layout_find(r->request->vendor, token);
	if (token.len > JG_TOKEN_MAX) {
		jg_refuse_rule(r, JG_REASON_TOO_LONG, JG_RULE_LENGTH, JG_STR("token"), token.len,
			JG_TOKEN_MAX);
		return;
	}
	if (layout == NULL) {
		jg_refuse(r, JG_REASON_MALFORMED);
		return;
	}
	r->layout = layout;
	r->verdict->format = layout->format;
	if (!jg_layout_is_jwt(layout) || !jg_jwt_decode_known(b, r, token))
		layout->parse(b, r);
}

static void parse(struct jg_burst *b, unsigned from, unsigned to)
{
	const struct jg_request *request = &b->requests[from];
	struct jg_verdict *verdict = &b->verdicts[from];
	struct jg_record *r = &b->verifier->records[from];
	for (unsigned i = from; i < to; i++, r++) {
		prefetch_token(b, i + TOKENS_AHEAD);
		open_record(b, r, request++, verdict++);
		b->live[i] = r;
		parse_one(b, r, r->request->token);
	}
}

// Whose cut-off will be looked for if the signature holds; what is looked up is on its way by then. Only names
// that stand in the token as they are: the others are hashed when they are known.
static inline void name_ahead(const struct jg_burst *b, struct jg_record *r)
{
	if ((r->reading.values >> JG_VALUE_IDENTITY & 1) == 0 ||
		(r->text.flags & JG_TEXT_BACKSLASH) != 0)
		return;
	r->named = true;
	r->name_hash = jg_hash_text_inside(
		&b->users_cut_off->seed, jg_jwt_raw_value(r, JG_VALUE_IDENTITY));
}

// One right after the other: where a page has to be found as well, the CPU does not get past more than a few hundred
// instructions before it has been.
static void prefetch_slots(const struct jg_burst *b, unsigned from, unsigned to)
{
	for (unsigned i = from; i < to; i++)
		jg_snapshot_prefetch(b->snapshot, b->live[i]->app_hash);
}

// The same for what their slots say, once these have come.
static void prefetch_apps(const struct jg_burst *b, unsigned from, unsigned to)
{
	for (unsigned i = from; i < to; i++) {
		struct jg_record *r = b->live[i];
		r->row = jg_snapshot_first(b->snapshot, r->app_hash);
		jg_app_prefetch(r->row);
	}
}

// Not 0: some were refused.
static unsigned read(struct jg_burst *b, unsigned from, unsigned to)
{
	unsigned refused = 0;
	for (unsigned i = from; i < to; i++) {
		struct jg_record *r = b->live[i];
		if (r->reason == JG_REASON_OK && jg_layout_is_jwt(r->layout)) {
			if (!jg_jwt_read_outline(b, r))
				r->layout->interpret(b, r); // bad_json, bad_alg
			else if (b->users_cut_off != NULL)
				name_ahead(b, r);
		}
		if (r->reason == JG_REASON_OK)
			prepare_app(b, r); // unknown_key
		refused |= r->reason;
	}
	return refused;
}

#define FEW 8u // tokens whose text is still near when it is read, and no longer in the store buffer

static inline unsigned end_of_few(const struct jg_burst *b, unsigned from)
{
	return b->n - from < FEW ? b->n : from + FEW;
}

// Where there are many apps: the slots of the few tokens from here on are fetched, the apps of the few before, whose
// slots have come, and the few before these join the round. Not 0: some were refused.
static unsigned join_far(struct jg_burst *b, unsigned from)
{
	if (from < b->n)
		prefetch_slots(b, from, end_of_few(b, from));
	if (from >= FEW && from - FEW < b->n)
		prefetch_apps(b, from - FEW, end_of_few(b, from - FEW));
	if (from >= 2 * FEW)
		return jg_round_join(b, from - 2 * FEW, end_of_few(b, from - 2 * FEW));
	return 0;
}

// A few tokens go through all of it before the next ones: what one step has written, the next finds near.
static void stage_read(struct jg_burst *b)
{
	const bool far = jg_snapshot_is_large(b->snapshot);
	const unsigned end = b->n + (far ? 2 * FEW : 0);
	unsigned refused = 0;
	for (unsigned i = 0; i < TOKENS_AHEAD; i++)
		prefetch_token(b, i);
	jg_round_open(b);
	for (unsigned from = 0; from < end; from += FEW) {
		if (from < b->n) {
			parse(b, from, end_of_few(b, from));
			refused |= read(b, from, end_of_few(b, from));
		}
		refused |= far ? join_far(b, from) : jg_round_join(b, from, end_of_few(b, from));
	}
	if (refused != 0)
		jg_burst_sift(b);
}

// Does nobody ask for more than nearly everybody does? An app no more than its vendor, the vendor no limit, the
// request a verdict alone.
static inline bool is_plain(const struct jg_burst *b, const struct jg_record *r)
{
	const struct jg_request *request = r->request;
	return r->row->plain_policy && r->layout->lifetime_max == 0 && !b->token_ids &&
		(request->flags & JG_REQUEST_TOKEN_ID) == 0 && request->type != JG_REQUEST_REFRESH;
}

// What is not may still have a grace.
static inline bool is_in_time(const struct jg_burst *b, const struct jg_record *r)
{
	int64_t leeway = r->row->leeway, ahead = r->layout->iat_ahead;
	int64_t end = r->exp == JG_TIME_NONE ? INT64_MAX : r->exp;
	return b->now - leeway < end && r->nbf <= b->now + leeway && // JG_TIME_NONE is, too
		(ahead < 0 || r->iat <= b->now + ahead + leeway);
}

// The judges below for a JWT that no rule can be about, in one go. False: they have to look at it.
static inline bool admit_ordinary(struct jg_burst *b, struct jg_record *r)
{
	if (!jg_layout_is_jwt(r->layout) || !is_plain(b, r))
		return false;
	if (r->claims == NULL)
		jg_jwt_take_times(r);
	else
		r->layout->times(b, r);
	if (!is_in_time(b, r))
		return false;
	name_app(b, r);
	r->verdict->issued_at = r->issued_at;
	r->verdict->expires_at = r->exp;
	r->layout->claims(b, r);
	if (r->reason == JG_REASON_OK &&
		(!r->layout->plain_session || r->request->room.p != NULL ||
			r->request->identity.p != NULL))
		r->layout->session(b, r);
	return true;
}

// revoked, where users alone have cut-offs: nearly every token is newer than all that its word tells of. Whose name
// was not known as the MACs were made waits for the stage.
static inline void judge_user(struct jg_burst *b, struct jg_record *r)
{
	if (!r->named) {
		b->users_late = true;
		return;
	}
	assert(jg_str_eq(r->verdict->identity, jg_jwt_raw_value(r, JG_VALUE_IDENTITY)));
	uint32_t before;
	if (jg_cut_off_word_refuses(r->user_latest, r->issued_at) &&
		jg_cut_off_search(b->users_view, r->user_fingerprint, &before) &&
		jg_cut_off_refuses(before, r->issued_at))
		jg_revoke(r, JG_SCOPE_USER, before);
}

static void judge(struct jg_burst *b, struct jg_record *r)
{
	static judge_fn *const judges[] = {
		name_app, name_token, read_times,
		jg_judge_times, // expired, not_yet_valid
		judge_limits, // lifetime, missing_claim
		read_claims, // bad_claim, missing_claim, no_join
		compare_session, // room_mismatch, identity_mismatch
	};
	if (!admit_ordinary(b, r)) {
		b->unusual = true;
		pass(b, r, judges, JG_ARRAY_SIZE(judges));
	}
	if ((r->capabilities & JG_CAPABILITY(JOIN)) == 0)
		b->unusual = true;
	if (b->users_view != NULL && r->reason == JG_REASON_OK)
		judge_user(b, r);
}

static void stage_judge(struct jg_burst *b)
{
	b->unusual = b->overrides;
	each(b, judge);
}

static void stage_permit(struct jg_burst *b)
{
	if (b->unusual)
		each(b, permit); // not_permitted
}

// In the order of the reasons they give.
static void (*const stages[])(struct jg_burst *b) = {
	stage_read,
	jg_stage_signatures, // unknown_key, bad_signature, dev_token
	stage_learn,
	stage_judge,
	jg_stage_cut_offs, // revoked
	stage_permit,
};

static void begin(struct jg_burst *b)
{
	b->verifier->scratch.used = 0;
	b->epoch = jg_snapshot_epoch(b->snapshot);
	b->cut_off_scopes = jg_cut_offs_scopes(jg_snapshot_cut_offs(b->snapshot));
	if (b->cut_off_scopes == 1u << JG_SCOPE_USER) {
		b->users_cut_off = jg_snapshot_cut_offs(b->snapshot);
		const struct jg_cut_off_view *view = jg_cut_offs_view(b->users_cut_off);
		b->users_view = view->old == NULL ? view : NULL;
		b->users_late = b->users_view == NULL;
	}
	b->token_ids = (b->cut_off_scopes >> JG_SCOPE_TOKEN & 1) != 0;
	b->overrides = jg_snapshot_overrides_any(b->snapshot);
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
	struct jg_burst b = {.verifier = verifier,
		.snapshot = snapshot,
		.requests = requests,
		.verdicts = verdicts,
		.live = verifier->live,
		.now = now,
		.n = n};
	begin(&b);
	for (size_t i = 0; i < JG_ARRAY_SIZE(stages) && b.n > 0; i++)
		stages[i](&b);
	finish(verifier, n);
}
