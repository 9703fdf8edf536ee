// SPDX-License-Identifier: BSD-3-Clause
// One writer sets, undoes, grows and reclaims; two readers check, and two verify tokens in bursts. No entry
// may be missed, no undone one found, and nothing read after it was freed.
#include "state.h"

#include <joingate/mint.h>
#include <joingate/snapshot.h>
#include <joingate/verify.h>

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#define NOW INT64_C(1800000000)
#define READERS 4
#define VERIFIERS 2 // of them
#define USERS 60000u
#define BATCH 500u
#define TOKENS 256u // half of them of users that are never cut off
#define BURST 16u
#define TOKEN_SIZE 512u

struct token {
	char text[TOKEN_SIZE];
	uint32_t len;
	unsigned user;
};

struct shared {
	struct jg_cut_offs *cut_offs;
	struct jg_snapshot *snapshot;
	struct token tokens[TOKENS];
	_Atomic unsigned
		written; // even users below this are cut off, odd ones were and are no more
	_Atomic unsigned epoch; // writer: wo
	_Atomic unsigned wrong;
};

struct reader {
	struct shared *shared;
	struct jg_verifier *verifier; // NULL: it checks
	_Atomic unsigned acknowledged; // writer: ro
	pthread_t thread;
};

static int check(const struct jg_cut_offs *cut_offs, unsigned number)
{
	char name[16];
	struct jg_cut_off_query query = {.vendor = JG_VENDOR_STREAM,
		.app = {"app", 3},
		.user = {name, (uint32_t)snprintf(name, sizeof(name), "%u", number)},
		.issued_at = NOW - 1};
	int64_t before;
	return jg_cut_offs_check(cut_offs, &query, &before);
}

static void check_some(struct shared *shared, unsigned written, unsigned *at)
{
	for (unsigned i = 0; i < 32 && written > 0; i++) {
		*at = (*at * 2654435761u + 12345u) % written;
		int wanted = *at % 2 == 0 ? JG_SCOPE_USER : -1;
		if (check(shared->cut_offs, *at) != wanted ||
			check(shared->cut_offs, *at + USERS) != -1)
			atomic_fetch_add(&shared->wrong, 1);
	}
}

// Users that are being written now may be either.
static bool is_right(const struct token *token, unsigned written, unsigned reason)
{
	bool refused = token->user < written && token->user % 2 == 0;
	bool open = token->user >= written && token->user < USERS;
	return (refused && reason == JG_REASON_REVOKED) || (!refused && reason == JG_REASON_OK) ||
		(open && reason == JG_REASON_REVOKED);
}

static void verify_some(struct reader *reader, unsigned written, unsigned *at)
{
	struct shared *shared = reader->shared;
	struct jg_request requests[BURST];
	struct jg_verdict verdicts[BURST];
	const struct token *first = &shared->tokens[*at * BURST % TOKENS];
	++*at;
	for (unsigned i = 0; i < BURST; i++)
		requests[i] = (struct jg_request){.token = {first[i].text, first[i].len},
			.app = JG_STR("app"),
			.vendor = JG_VENDOR_STREAM,
			.type = JG_REQUEST_JOIN};
	jg_verify_burst(reader->verifier, shared->snapshot, NOW, requests, verdicts, BURST);
	for (unsigned i = 0; i < BURST; i++)
		if (!is_right(&first[i], written, verdicts[i].reason))
			atomic_fetch_add(&shared->wrong, 1);
}

static void *read_always(void *argument)
{
	struct reader *reader = argument;
	struct shared *shared = reader->shared;
	unsigned at = 1;
	for (unsigned epoch = 0; epoch != UINT32_MAX;) {
		// As a worker does between bursts: what it saw before is done with.
		epoch = atomic_load_explicit(&shared->epoch, memory_order_acquire);
		atomic_store_explicit(&reader->acknowledged, epoch, memory_order_release);
		unsigned written = atomic_load_explicit(&shared->written, memory_order_acquire);
		if (reader->verifier == NULL)
			check_some(shared, written, &at);
		else
			verify_some(reader, written, &at);
	}
	return NULL;
}

static bool set(struct jg_cut_offs *cut_offs, unsigned number, int64_t before)
{
	char name[16];
	struct jg_cut_off it = {.scope = JG_SCOPE_USER,
		.vendor = JG_VENDOR_STREAM,
		.app = {"app", 3},
		.user = {name, (uint32_t)snprintf(name, sizeof(name), "%u", number)},
		.before = before};
	return jg_cut_offs_set(cut_offs, &it, NULL) == 0;
}

// Until every reader has begun a burst after the epoch, so after all sets before it.
static void wait_for(struct reader *readers, unsigned epoch)
{
	for (unsigned i = 0; i < READERS; i++)
		while (atomic_load_explicit(&readers[i].acknowledged, memory_order_acquire) !=
			epoch)
			(void)sched_yield();
}

static struct jg_snapshot *build(const struct jg_cut_offs *cut_offs)
{
	const struct jg_secret secret = {.id = JG_STR("a"),
		.secret = JG_STR("not-a-secret-not-a-secret-not-a-secret"),
		.not_before = JG_TIME_NONE,
		.not_after = JG_TIME_NONE};
	const struct jg_app app = {.key = JG_STR("app"),
		.secrets = &secret,
		.secrets_n = 1,
		.vendor = JG_VENDOR_STREAM,
		.policy = jg_policy_default()};
	struct jg_snapshot_builder *builder = jg_snapshot_builder_new();
	if (builder == NULL || jg_snapshot_builder_add(builder, &app, NULL) != 0) {
		jg_snapshot_builder_free(builder);
		return NULL;
	}
	jg_snapshot_builder_set_cut_offs(builder, cut_offs);
	return jg_snapshot_build(builder, 1, NULL);
}

static bool mint(struct shared *shared)
{
	struct jg_minter *minter = jg_minter_new(NULL, NULL);
	bool ok = minter != NULL;
	for (unsigned i = 0; i < TOKENS && ok; i++) {
		struct token *token = &shared->tokens[i];
		char name[16];
		token->user = i % 2 == 0 ? i / 2 * (USERS / TOKENS * 2 + 1) : USERS + i;
		const struct jg_mint ask = {.app = JG_STR("app"),
			.identity = {name,
				(uint32_t)snprintf(name, sizeof(name), "%u", token->user)},
			.issued_at = NOW - 1,
			.not_before = JG_TIME_NONE,
			.expires_at = NOW + 3600,
			.vendor = JG_VENDOR_STREAM};
		struct jg_minted minted = {.token = token->text, .size = sizeof(token->text)};
		jg_mint_burst(minter, shared->snapshot, NOW, &ask, &minted, 1);
		token->len = (uint32_t)minted.len;
		ok = minted.len > 0;
	}
	jg_minter_free(minter);
	return ok;
}

static bool start(struct shared *shared, struct reader readers[READERS])
{
	shared->cut_offs = jg_cut_offs_new(0, NULL);
	shared->snapshot = shared->cut_offs == NULL ? NULL : build(shared->cut_offs);
	if (shared->snapshot == NULL || !mint(shared))
		return false;
	for (unsigned i = 0; i < READERS; i++) {
		readers[i] = (struct reader){.shared = shared};
		if (i < VERIFIERS && (readers[i].verifier = jg_verifier_new(NULL, NULL)) == NULL)
			return false;
		if (pthread_create(&readers[i].thread, NULL, read_always, &readers[i]) != 0)
			return false;
	}
	return true;
}

int main(void)
{
	static struct shared shared;
	struct reader readers[READERS];
	if (!start(&shared, readers))
		return EXIT_FAILURE;
	bool ok = true;
	unsigned epoch = 0;
	for (unsigned i = 0; i < USERS && ok; i++) {
		ok = set(shared.cut_offs, i, NOW) &&
			(i % 2 == 0 || set(shared.cut_offs, i, JG_TIME_NONE));
		atomic_store_explicit(&shared.written, i + 1, memory_order_release);
		if (i % BATCH != BATCH - 1)
			continue;
		atomic_store_explicit(&shared.epoch, ++epoch, memory_order_release);
		wait_for(readers, epoch);
		jg_cut_offs_reclaim(shared.cut_offs);
	}
	atomic_store(&shared.epoch, UINT32_MAX);
	for (unsigned r = 0; r < READERS; r++) {
		(void)pthread_join(readers[r].thread, NULL);
		jg_verifier_free(readers[r].verifier);
	}
	size_t count = jg_cut_offs_count(shared.cut_offs);
	unsigned wrong = atomic_load(&shared.wrong);
	jg_snapshot_free(shared.snapshot);
	jg_cut_offs_free(shared.cut_offs);
	(void)printf("%zu entries, %u epochs, %u wrong\n", count, epoch, wrong);
	return ok && wrong == 0 && count == USERS / 2 ? EXIT_SUCCESS : EXIT_FAILURE;
}
