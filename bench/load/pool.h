// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/**
 * The questions of a run, made before it: datagrams but for their id and MAC, each with the verdict
 * that it must get.
 */

#include "internal/config.h"
#include "mix.h"

#include <joingate/wire.h>

/** What an answer is compared with. */
struct expectation {
	uint8_t reason; // enum jg_reason
	bool whole; // what follows is known too
	uint64_t capabilities;
	int64_t issued_at;
	int64_t expires_at;
	uint64_t names; // digest of identity and room, if the answer was not cut
};

struct question {
	uint8_t *datagram; // id 0, MAC zero
	uint32_t len;
	uint8_t kind; // enum kind; of a file's tokens: KIND_GOOD, or KIND_COUNT for a bad one
	uint8_t vendor;
	struct expectation expect;
};

struct pool_block;

struct pool {
	struct question *questions;
	struct pool_block *blocks; // where the datagrams are, the one in use first
	uint32_t n;
	uint32_t front_end;
	double seconds; // that making them took
	double spent; // the same, of all threads
	uint32_t threads;
	uint64_t token_bytes;
	uint32_t token_max;
	uint32_t kinds[KIND_COUNT + 1];
	uint32_t vendors[JG_VENDOR_COUNT];
};

struct pool_options {
	struct mix mix;
	uint32_t n; // tokens to make
	uint64_t seed;
	int64_t now; // seconds since 1970
	int64_t ttl;
	uint32_t front_end; // 0: unauthenticated
	unsigned threads; // 0: as many as it is worth; the pool is the same
};

/** Digest of an answer's identity and room. */
uint64_t pool_names(struct jg_str identity, struct jg_str room);

/**
 * Mint from a configuration's apps, by several threads where that pays, and judge what was made by the
 * library: a token that would not get its kind's verdict is a mistake in the configuration (a policy,
 * say), told as such. Layouts without weights: those of the apps there are.
 */
JG_MUST_CHECK int pool_mint(struct pool *pool, const struct jg_config *config,
	const struct pool_options *options, struct jg_error *err);

/** Mints pools: the same one again and again, for who wants each token to be new. One thread. */
struct pool_maker;

/** Everything is borrowed. NULL with err. */
JG_MUST_CHECK struct pool_maker *pool_maker_new(
	const struct jg_config *config, const struct pool_options *options, struct jg_error *err);
/** Fill a pool of the options' size anew, as of this second. 0 or negative errno with err. */
JG_MUST_CHECK int pool_maker_fill(
	struct pool_maker *maker, struct pool *pool, int64_t now, struct jg_error *err);
void pool_maker_free(struct pool_maker *maker);

/** Tokens of JSON lines as for `joingate verify`, each with "expect": "admit", a reason, or
 * {"verdict": ..., "reason": ...} as in a verdict. */
JG_MUST_CHECK int pool_read(
	struct pool *pool, const char *path, uint32_t front_end, struct jg_error *err);

void pool_fini(struct pool *pool);

/** Take over what a part has put into the same questions; the part is empty then. */
void pool_join(struct pool *pool, struct pool *part);
/** Forget all datagrams, keep the memory; for those who fill pools again and again. */
void pool_reset(struct pool *pool);
/** Add one; for those who fill pools. */
JG_MUST_CHECK int pool_put(struct pool *pool, uint32_t index, const struct jg_request *request,
	unsigned kind, const struct expectation *expect);
/** Room for n; for those who fill pools. */
JG_MUST_CHECK int pool_init(struct pool *pool, uint32_t n, uint32_t front_end);
