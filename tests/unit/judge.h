// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** Sign claims and judge them: for tests of what stands behind the MAC. */

#include <joingate/snapshot.h>
#include <joingate/verify.h>

#define JUDGE_NOW 1800000000
#define JUDGE_SECRET "a made-up secret of a test"
#define JUDGE_KEY "47301122"

/** An app with JUDGE_KEY, JUDGE_SECRET as its one secret "a", and the default policy; change it. */
struct judge {
	struct jg_app app;
	struct jg_secret secrets[4];
	struct jg_override override; /**< used when its app is set */
	struct jg_cut_offs *cut_offs;
	struct jg_verifier *verifier;
	struct jg_snapshot *snapshot;
};

void judge_init(struct judge *judge, unsigned vendor);
void judge_fini(struct judge *judge);

/** Compile the app as it stands now; called by judge_claims() when it was not. */
void judge_build(struct judge *judge);

/** An HS256 JWT of these claims; lives until the next call. */
struct jg_str judge_sign(const char *claims, const char *secret);

/** Sign the claims and ask for a join with nothing beside the token but what the vendor needs. */
struct jg_verdict judge_claims(struct judge *judge, const char *claims);
struct jg_verdict judge_request(struct judge *judge, struct jg_request request);

/** Each of the claims gets the verdict that it gets without known shapes, at every level of instructions, again
 * and again: the first ones are good and teach. */
void expect_shapes_agree(unsigned vendor, const char *const *claims, size_t n);

/** The verdict's reason, and the subject of its rule where one is wanted. */
void expect_reason(const struct jg_verdict *verdict, unsigned reason, const char *subject);
/** "%.*s" of a verdict's string is this text. */
void expect_text(struct jg_str have, const char *wanted);
