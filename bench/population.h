// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** Apps, cut-offs and tokens to measure with. Everything follows from the plan: no randomness. */

#include "internal/mac.h"

#include <joingate/mint.h>
#include <joingate/snapshot.h>
#include <joingate/verify.h>

#define BENCH_NOW INT64_C(1800000000)

/** What a population is made of. */
struct bench_plan {
	uint32_t tokens; /**< shuffled in memory when there are more than JG_BURST_MAX */
	uint32_t shapes; /**< skeletons of the payload in turn; 0: every token has its own */
	uint32_t token_bytes; /**< about so long; 0: as an SDK makes them, 364 to 377 for LiveKit */
	uint32_t apps; /**< with two secrets each; tokens of all of them in turn */
	uint32_t
		cut_offs; /**< of single users, half of the tokens' users among them; all too old */
	uint8_t vendor;
	uint8_t format; /**< enum jg_format; JG_FORMAT_NONE = the vendor's default */
	uint8_t bad_reason; /**< enum jg_reason; OK: none are bad */
	uint8_t bad_percent;
	/** Of the cut-offs of users who have no token: newer than all tokens, for some of which one of them has to be told
	 * apart from theirs. */
	uint8_t newer_percent;
};

/** The signed bytes of a token, for raw HMACs. */
struct bench_message {
	const uint8_t *p;
	const struct jg_mac_key *key;
	uint32_t len;
};

struct bench_population {
	struct bench_plan plan;
	struct jg_snapshot *snapshot; /**< what verifiers judge by */
	struct jg_snapshot *mint_snapshot; /**< the same apps and one more */
	struct jg_cut_offs *cut_offs; /**< NULL: none */
	struct jg_mac_key *keys; /**< of the apps' first secrets */
	enum jg_mac_alg alg;
	struct jg_mint *asks; /**< what was minted, to mint again; the strings live in text */
	struct jg_request *requests; /**< in the order of use */
	struct bench_message *messages; /**< in the same order; len 0: no single HMAC signs it */
	uint8_t *expected; /**< enum jg_reason of each */
	char *tokens;
	char *text;
	size_t tokens_size;
	uint64_t token_bytes; /**< of all, together */
};

/** NULL when memory ran out or a token could not be minted; says why on stderr. */
JG_MUST_CHECK struct bench_population *bench_population_new(const struct bench_plan *plan);
void bench_population_free(struct bench_population *p);

/** The secret of an app, 32 hex digits: number 0 signs, number 1 only verifies. */
void bench_secret(unsigned app, unsigned number, char secret[33]);
/** The key of an app in the manner of the vendor; returns its length. */
unsigned bench_app_key(unsigned vendor, unsigned app, char key[40]);
/** Names of the number-th person. */
struct jg_str bench_user(unsigned number, char name[24]);

/** Zeroed memory in huge pages where there are any; give it back with bench_unmap(). */
void *bench_map(size_t size);
void bench_unmap(void *p, size_t size);
