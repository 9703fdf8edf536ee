// SPDX-License-Identifier: BSD-3-Clause
#include "judge.h"

#include "base64.h"
#include "internal/base.h"
#include "internal/mac.h"
#include "simd/decoders.h"

#include <criterion/criterion.h>

static struct jg_str text(const char *p)
{
	return (struct jg_str){p, (uint32_t)strlen(p)};
}

static void init(struct judge *judge, unsigned vendor, const char *simd, bool no_shapes)
{
	struct jg_verifier_options options = {.mac_engine = "ref",
		.seed = 3,
		.simd = simd,
		.no_shapes = no_shapes,
		.no_beginnings = no_shapes};
	struct jg_error err = {0};
	*judge = (struct judge){.verifier = jg_verifier_new(&options, &err)};
	cr_assert_not_null(judge->verifier, "%s", err.text);
	judge->secrets[0] = (struct jg_secret){.id = JG_STR("a"), .secret = JG_STR(JUDGE_SECRET)};
	for (size_t i = 0; i < JG_ARRAY_SIZE(judge->secrets); i++)
		judge->secrets[i].not_before = judge->secrets[i].not_after = JG_TIME_NONE;
	judge->app = (struct jg_app){.vendor = (uint8_t)vendor,
		.key = JG_STR(JUDGE_KEY),
		.secrets = judge->secrets,
		.secrets_n = 1,
		.index = 77,
		.policy = jg_policy_default()};
}

void judge_init(struct judge *judge, unsigned vendor)
{
	init(judge, vendor, NULL, false);
}

void judge_fini(struct judge *judge)
{
	jg_verifier_free(judge->verifier);
	jg_snapshot_free(judge->snapshot);
	jg_cut_offs_free(judge->cut_offs);
}

void judge_build(struct judge *judge)
{
	struct jg_error err = {0};
	struct jg_snapshot_builder *builder = jg_snapshot_builder_new();
	jg_snapshot_free(judge->snapshot);
	cr_assert_eq(jg_snapshot_builder_add(builder, &judge->app, &err), 0, "%s", err.text);
	if (judge->override.app.p != NULL)
		cr_assert_eq(jg_snapshot_builder_override(builder, &judge->override, &err), 0, "%s",
			err.text);
	if (judge->cut_offs != NULL)
		jg_snapshot_builder_set_cut_offs(builder, judge->cut_offs);
	judge->snapshot = jg_snapshot_build(builder, 42, &err);
	cr_assert_not_null(judge->snapshot, "%s", err.text);
}

struct jg_str judge_sign(const char *claims, const char *secret)
{
	static char token[3 * JG_TOKEN_MAX] = "eyJhbGciOiJIUzI1NiJ9.";
	struct jg_mac *mac = jg_mac_new("ref", NULL);
	struct jg_mac_key key;
	cr_assert(mac != NULL && strlen(claims) < 2 * JG_TOKEN_MAX);
	size_t n = 21 + jg_base64url_encode((const uint8_t *)claims, strlen(claims), token + 21);
	struct jg_mac_job job = {
		.message = (const uint8_t *)token, .len = (uint32_t)n, .key = &key};
	jg_mac_key_init(&key, JG_MAC_SHA256, secret, strlen(secret));
	jg_mac_burst(mac, JG_MAC_SHA256, &job, 1);
	jg_mac_free(mac);
	token[n++] = '.';
	n += jg_base64url_encode(job.digest, sizeof(job.digest), token + n);
	return (struct jg_str){token, (uint32_t)n};
}

struct jg_verdict judge_request(struct judge *judge, struct jg_request request)
{
	struct jg_verdict verdict;
	if (judge->snapshot == NULL)
		judge_build(judge);
	request.vendor = judge->app.vendor;
	if (request.type == 0)
		request.type = JG_REQUEST_JOIN;
	if (judge->app.vendor == JG_VENDOR_STREAM && request.app.p == NULL)
		request.app = judge->app.key;
	jg_verify_burst(judge->verifier, judge->snapshot, JUDGE_NOW, &request, &verdict, 1);
	return verdict;
}

struct jg_verdict judge_claims(struct judge *judge, const char *claims)
{
	return judge_request(judge, (struct jg_request){.token = judge_sign(claims, JUDGE_SECRET)});
}

static void expect_same_verdict(
	const struct jg_verdict *a, const struct jg_verdict *b, const char *claims)
{
	cr_assert_eq(a->reason, b->reason, "%s: %s and %s", claims, jg_reason_name(a->reason),
		jg_reason_name(b->reason));
	cr_assert(jg_str_eq(a->identity, b->identity) && jg_str_eq(a->room, b->room) &&
			jg_str_eq(a->role, b->role) && jg_str_eq(a->name, b->name) &&
			jg_str_eq(a->metadata, b->metadata) && jg_str_eq(a->app, b->app) &&
			jg_str_eq(a->subject, b->subject) &&
			jg_str_eq(a->layout_classes, b->layout_classes),
		"%s", claims);
	cr_assert(a->capabilities == b->capabilities && a->issued_at == b->issued_at &&
			a->expires_at == b->expires_at,
		"%s", claims);
}

#define LESSONS 8 // bursts until a shape is sure to be learnt

void expect_shapes_agree(unsigned vendor, const char *const *claims, size_t n)
{
	for (const struct jg_decoders *d = NULL; (d = jg_decoders_next(d)) != NULL;) {
		struct judge learning, plain;
		init(&learning, vendor, d->name, false);
		init(&plain, vendor, d->name, true);
		for (size_t i = 0; i < 2 * n; i++) {
			const char *these = claims[i % n];
			struct jg_verdict expected = judge_claims(&plain, these);
			for (unsigned lesson = 0; lesson < LESSONS; lesson++) {
				struct jg_verdict verdict = judge_claims(&learning, these);
				expect_same_verdict(&verdict, &expected, these);
			}
		}
		judge_fini(&learning);
		judge_fini(&plain);
	}
}

void expect_text(struct jg_str have, const char *wanted)
{
	cr_assert(jg_str_eq(have, text(wanted)), "\"%.*s\" is not \"%s\"", (int)have.len,
		have.p != NULL ? have.p : "", wanted);
}

void expect_reason(const struct jg_verdict *verdict, unsigned reason, const char *subject)
{
	cr_assert_eq(verdict->reason, reason, "refused as %s, expected %s",
		jg_reason_name(verdict->reason), jg_reason_name(reason));
	cr_assert(reason == JG_REASON_OK || verdict->capabilities == 0);
	if (subject != NULL)
		expect_text(verdict->subject, subject);
}
