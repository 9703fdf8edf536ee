// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** What population.c builds on. */

#include "population.h"

/** Apps behind the plan's own, for tokens that are refused for what their app allows. */
enum bench_app {
	BENCH_APP_SHORT_LIVES, /**< lifetime */
	BENCH_APP_DENIED, /**< not_permitted */
	BENCH_APPS_MORE,
	/** Known to the minter only: unknown_key. */
	BENCH_APP_UNKNOWN = BENCH_APPS_MORE,
};

/** Users from this number on are refused where the plan has revoked tokens. */
#define BENCH_REVOKED_USERS 90000000u

struct bench_rsa {
	struct jg_str private_key;
	struct jg_str public_key;
	char text[2][4096];
};

JG_MUST_CHECK bool bench_rsa_make(struct bench_rsa *rsa);

JG_MUST_CHECK struct jg_snapshot *bench_apps_build(const struct bench_plan *plan, unsigned apps,
	const struct jg_cut_offs *cut_offs, const struct bench_rsa *rsa);

/** The plan's cut-offs, none of which refuses a good token of it. */
JG_MUST_CHECK struct jg_cut_offs *bench_apps_cut_offs(const struct bench_plan *plan);

/** spoil.c. Ask for a token that will be refused for the plan's reason; text has room for 200 bytes.
 * Returns the bytes used of it. */
uint32_t bench_spoil_ask(
	const struct bench_plan *plan, unsigned number, struct jg_mint *ask, char *text);

/** Break the minted token, or what is asked beside it. token has room for bytes behind its end. */
void bench_spoil_token(
	const struct bench_plan *plan, struct jg_request *request, char *token, char *text);
