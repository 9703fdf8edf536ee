// SPDX-License-Identifier: BSD-3-Clause
// Refreshed tokens and what they descend from: whatever revokes a token revokes its successors.
#include "mint_world.h"

#include <criterion/criterion.h>

#include <stdio.h>

#define SEED UINT64_C(0x616e63)
#define CHAIN_MAX 40

static struct jg_policy policy;
static struct world *w;
static struct jg_str chain[CHAIN_MAX]; // the first token and its successors
static uint8_t ids[CHAIN_MAX][16];
static char texts[CHAIN_MAX][TOKEN_SIZE];
static unsigned chain_n;

static void init(void)
{
	policy = jg_policy_default();
	w = world_new(SEED, &policy);
	chain_n = 0;
}

static void fini(void)
{
	world_free(w);
}

TestSuite(ancestors, .init = init, .fini = fini);

static const struct jg_verdict *judge(struct jg_str token, unsigned type)
{
	w->requests[0].token = token;
	w->requests[0].type = (uint8_t)type;
	w->requests[0].flags = JG_REQUEST_AUTHENTICATED | JG_REQUEST_TOKEN_ID;
	jg_verify_burst(w->verifier, w->snapshot, NOW, w->requests, w->verdicts, 1);
	return &w->verdicts[0];
}

static const struct jg_verdict *join(unsigned i)
{
	return judge(chain[i], JG_REQUEST_JOIN);
}

static void remember(void)
{
	memcpy(texts[chain_n], w->token[0], w->minted[0].len);
	chain[chain_n] = (struct jg_str){texts[chain_n], w->minted[0].len};
	const struct jg_verdict *v = join(chain_n);
	cr_assert_eq(v->reason, JG_REASON_OK, "%u: %s", chain_n, jg_reason_name(v->reason));
	memcpy(ids[chain_n++], v->token_id, 16);
}

// The successor of a chain's token goes behind its last; false when there is none.
static bool refresh(unsigned i)
{
	(void)judge(chain[i], JG_REQUEST_REFRESH);
	jg_refresh_burst(w->minter, w->snapshot, NOW, w->requests, w->verdicts, w->minted, 1);
	if (w->minted[0].len == 0)
		return false;
	remember();
	return true;
}

struct kind {
	uint8_t vendor, format;
};

static const struct kind kinds[] = {{JG_VENDOR_LIVEKIT, JG_FORMAT_JWT_HS256},
	{JG_VENDOR_STREAM, JG_FORMAT_JWT_HS256}, {JG_VENDOR_OPENTOK, JG_FORMAT_JWT_HS256},
	{JG_VENDOR_OPENTOK, JG_FORMAT_T1}, {JG_VENDOR_VONAGE, JG_FORMAT_JWT_RS256}};

static struct jg_mint *ask(struct kind kind)
{
	w->asks[0] = world_ask(kind.vendor, kind.format);
	bool session = kind.vendor == JG_VENDOR_OPENTOK || kind.vendor == JG_VENDOR_VONAGE;
	if (kind.vendor != JG_VENDOR_STREAM)
		w->asks[0].room = session ? JG_STR(SESSION) : JG_STR("lobby");
	if (!session)
		w->asks[0].identity = JG_STR("alice");
	return &w->asks[0];
}

// A token and so many successors, each of the one before.
static void make_chain(struct kind kind, unsigned successors)
{
	chain_n = 0;
	ask(kind);
	world_round_trip(w, 1);
	remember();
	for (unsigned i = 0; i < successors; i++)
		cr_assert(refresh(chain_n - 1));
}

static void cut(struct jg_cut_off cut_off, int64_t before)
{
	struct jg_error err = {""};
	cut_off.vendor = w->asks[0].vendor;
	cut_off.app = w->asks[0].app;
	cut_off.before = before;
	cr_assert_eq(jg_cut_offs_set(w->cut_offs, &cut_off, &err), 0, "%s", err.text);
}

static void cut_token(unsigned i, int64_t before)
{
	struct jg_cut_off cut_off = {.scope = JG_SCOPE_TOKEN};
	memcpy(cut_off.token_id, ids[i], 16);
	cut(cut_off, before);
}

static void expect_revoked(unsigned from, unsigned to, bool revoked)
{
	for (unsigned i = from; i < to; i++) {
		enum jg_reason want = revoked ? JG_REASON_REVOKED : JG_REASON_OK;
		cr_assert_eq(join(i)->reason, want, "token %u: %s", i,
			jg_reason_name(w->verdicts[0].reason));
	}
}

Test(ancestors, a_successor_names_all_tokens_before_it)
{
	for (size_t k = 0; k < JG_ARRAY_SIZE(kinds); k++) {
		make_chain(kinds[k], 3);
		for (unsigned i = 0; i < chain_n; i++) {
			const struct jg_verdict *v = join(i);
			cr_assert_eq(v->ancestors.len, 16 * i, "kind %zu, token %u", k, i);
			cr_assert(i == 0 || memcmp(v->ancestors.p, ids, 16 * i) == 0);
		}
	}
}

Test(ancestors, revoking_the_first_token_revokes_all_that_follow)
{
	for (size_t k = 0; k < JG_ARRAY_SIZE(kinds); k++) {
		make_chain(kinds[k], 3);
		cut_token(0, NOW + 1);
		expect_revoked(0, 4, true);
		cr_assert_not(refresh(3));
		cut_token(0, JG_TIME_NONE);
		expect_revoked(0, 4, false);
		cut_token(0, NOW); // strictly before
		expect_revoked(0, 4, false);
		cut_token(0, JG_TIME_NONE);
	}
}

Test(ancestors, revoking_one_in_between_spares_those_before_and_its_sisters)
{
	for (size_t k = 0; k < JG_ARRAY_SIZE(kinds); k++) {
		make_chain(kinds[k], 4);
		cr_assert(refresh(1)); // token 5: a sister of 2
		cut_token(2, NOW + 1);
		expect_revoked(0, 2, false);
		expect_revoked(2, 5, true);
		// JWTs without anything random in them are the same token.
		bool same = memcmp(ids[5], ids[2], 16) == 0;
		expect_revoked(5, 6, same);
		cut_token(2, JG_TIME_NONE);
	}
}

Test(ancestors, the_detail_says_that_it_was_a_token_before)
{
	char detail[256];
	make_chain(kinds[0], 1);
	cut_token(0, NOW + 1);
	(void)jg_verdict_detail(join(1), detail, sizeof(detail));
	cr_assert_not_null(strstr(detail, "one it was refreshed from"), "%s", detail);
}

Test(ancestors, a_secrets_cut_off_reaches_successors)
{
	for (size_t k = 0; k < JG_ARRAY_SIZE(kinds); k++) {
		make_chain(kinds[k], 2);
		struct jg_cut_off cut_off = {.scope = JG_SCOPE_SECRET, .secret = JG_STR("a")};
		cut(cut_off, NOW + 1);
		expect_revoked(0, 3, true);
		cut(cut_off, JG_TIME_NONE);
	}
}

Test(ancestors, another_apps_cut_off_of_the_same_id_is_another)
{
	make_chain(kinds[0], 1);
	struct jg_cut_off cut_off = {.scope = JG_SCOPE_TOKEN,
		.vendor = JG_VENDOR_STREAM,
		.app = world_app(JG_VENDOR_STREAM),
		.before = NOW + 1};
	struct jg_error err = {""};
	memcpy(cut_off.token_id, ids[0], 16);
	cr_assert_eq(jg_cut_offs_set(w->cut_offs, &cut_off, &err), 0);
	expect_revoked(0, 2, false);
}

Test(ancestors, a_chain_ends_before_an_id_would_be_forgotten)
{
	for (size_t k = 0; k < 4; k++) { // RSA would only take longer
		make_chain(kinds[k], 32);
		cr_assert_not(refresh(32));
		cr_assert_eq(w->verdicts[0].reason, JG_REASON_NOT_PERMITTED);
		cr_assert_eq(w->verdicts[0].rule, JG_RULE_NOT_REFRESHABLE);
		cr_assert_eq(join(32)->reason, JG_REASON_OK);
		cut_token(31, NOW + 1);
		expect_revoked(32, 33, true);
		cut_token(31, JG_TIME_NONE);
	}
}

Test(ancestors, what_is_no_list_of_ids_is_refused)
{
	static const char id[] = "AAECAwQFBgcICQoLDA0ODw"; // 16 bytes
	static char claims[8192];
	static const char *const values[] = {"null", "1", "true", "[]", "{}",
		"[\"AAECAwQFBgcICQoLDA0ODw\"]", "\"\"", "\"AAECAwQFBgcICQoLDA0OD\"",
		"\"AAECAwQFBgcICQoLDA0ODx\"", "\"AAECAwQFBgcICQoLDA0ODw==\"",
		"\"AAECAwQFBgcICQoLDA0+Dw\"", "\"AAECAwQFBgcICQoLDA0ODxA\"", "\"AAECAw\""};
	for (size_t k = 0; k < JG_ARRAY_SIZE(kinds); k++) {
		if (kinds[k].format == JG_FORMAT_T1)
			continue;
		for (size_t i = 0; i < JG_ARRAY_SIZE(values); i++) {
			int n = snprintf(
				claims, sizeof(claims), "{\"jg_ancestors\":%s}", values[i]);
			ask(kinds[k])->claims = (struct jg_str){claims, (uint32_t)n};
			world_round_trip(w, 1);
			cr_assert_eq(w->verdicts[0].reason, JG_REASON_BAD_CLAIM, "%s: %s",
				values[i], jg_reason_name(w->verdicts[0].reason));
		}
		int n = snprintf(claims, sizeof(claims), "{\"jg_ancestors\":\"%s\"}", id);
		ask(kinds[k])->claims = (struct jg_str){claims, (uint32_t)n};
		world_round_trip(w, 1);
		cr_assert_eq(w->verdicts[0].reason, JG_REASON_OK);
		cr_assert_eq(w->verdicts[0].ancestors.len, 16);
	}
}

Test(ancestors, more_ids_than_a_chain_has_are_refused)
{
	static char claims[8192];
	for (unsigned tokens = 32; tokens <= 33; tokens++) {
		struct jg_str text = {claims, 0};
		text.len = (uint32_t)snprintf(claims, sizeof(claims), "{\"jg_ancestors\":\"");
		unsigned characters = (tokens * 16 * 8 + 5) / 6;
		memset(claims + text.len, 'A', characters);
		text.len += characters;
		memcpy(claims + text.len, "\"}", 2);
		text.len += 2;
		ask(kinds[0])->claims = text;
		world_round_trip(w, 1);
		cr_assert_eq(
			w->verdicts[0].reason, tokens == 32 ? JG_REASON_OK : JG_REASON_BAD_CLAIM);
	}
}

// The quickest way through the stages is for tokens of a known shape with nothing beside them.
Test(ancestors, tokens_of_a_learnt_shape_keep_their_ancestors)
{
	make_chain(kinds[0], 1);
	w->requests[0].room = w->requests[0].identity = w->requests[0].app =
		(struct jg_str){NULL, 0};
	w->requests[0].flags = JG_REQUEST_AUTHENTICATED;
	for (unsigned i = 0; i < 2000; i++) {
		w->requests[0].token = chain[i % 2];
		w->requests[0].type = JG_REQUEST_JOIN;
		jg_verify_burst(w->verifier, w->snapshot, NOW, w->requests, w->verdicts, 1);
		cr_assert_eq(w->verdicts[0].reason, JG_REASON_OK);
		cr_assert_eq(w->verdicts[0].ancestors.len, i % 2 * 16);
	}
	w->requests[0].token = chain[0];
	w->requests[0].type = JG_REQUEST_REFRESH;
	jg_verify_burst(w->verifier, w->snapshot, NOW, w->requests, w->verdicts, 1);
	cr_assert_eq(memcmp(w->verdicts[0].token_id, ids[0], 16), 0);
	cut_token(0, NOW + 1);
	w->requests[0].token = chain[1];
	w->requests[0].type = JG_REQUEST_JOIN;
	jg_verify_burst(w->verifier, w->snapshot, NOW, w->requests, w->verdicts, 1);
	cr_assert_eq(w->verdicts[0].reason, JG_REASON_REVOKED);
}
