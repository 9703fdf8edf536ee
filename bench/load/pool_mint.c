// SPDX-License-Identifier: BSD-3-Clause
// Pools of own tokens: drawn, minted in bursts, spoiled, judged once by the library, written down.
#include "clock.h"
#include "pool_source.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>

#define BURST 64 // what is at work stays in the cache
#define PART 2048u // tokens that one thread mints, from a seed of their own
#define THREADS_MAX 16
#define WORTH_A_THREAD 0.1 // seconds

struct pool_maker {
	struct pool_source *own; // NULL: borrowed
	const struct pool_source *source;
	struct pool *pool;
	int64_t now;
	struct random random;
	struct jg_minter *minter;
	struct jg_verifier *verifier;
	unsigned n[WORLD_COUNT];
	struct draft drafts[WORLD_COUNT][BURST];
	struct jg_mint orders[WORLD_COUNT][BURST];
	struct jg_minted minted[BURST];
	struct jg_request requests[BURST];
	struct jg_verdict verdicts[BURST];
	char tokens[BURST][JG_TOKEN_MAX + 1];
};

void pool_maker_free(struct pool_maker *m)
{
	if (m == NULL)
		return;
	jg_verifier_free(m->verifier);
	jg_minter_free(m->minter);
	if (m->own != NULL)
		pool_source_fini(m->own);
	free(m->own);
	free(m);
}

static struct pool_maker *open_maker(const struct pool_source *source, struct jg_error *err)
{
	const struct jg_verifier_options options = {.seed = source->options.seed | 1};
	struct pool_maker *m = malloc(sizeof(*m));
	if (m == NULL) {
		jg_error_set(err, "no memory for minting");
		return NULL;
	}
	m->own = NULL;
	m->source = source;
	m->random.state = source->options.seed;
	memset(m->n, 0, sizeof(m->n));
	m->minter = jg_minter_new(&options, err);
	m->verifier = m->minter == NULL ? NULL : jg_verifier_new(&options, err);
	if (m->verifier != NULL)
		return m;
	pool_maker_free(m);
	return NULL;
}

static int check(const struct draft *draft, const struct jg_verdict *verdict, struct jg_error *err)
{
	char detail[200];
	const enum jg_reason wanted = kind_reason(draft->pick.kind);
	if (verdict->reason == wanted)
		return 0;
	(void)jg_verdict_detail(verdict, detail, sizeof(detail));
	jg_error_set(err,
		"app %.*s: a %s token of kind %s should be %s, but these settings make it %s (%s); "
		"leave it out with --kinds or --vendors, set --ttl, or change the app's policy",
		(int)draft->app.len, draft->app.p, layout_name(draft->pick.layout),
		kind_name(draft->pick.kind), jg_reason_name(wanted),
		jg_reason_name(verdict->reason), detail);
	return -EINVAL;
}

static int put(struct pool_maker *m, const struct draft *draft, unsigned i, struct jg_error *err)
{
	const struct jg_verdict *verdict = &m->verdicts[i];
	const struct expectation expect = {.reason = verdict->reason,
		.whole = true,
		.capabilities = verdict->reason == JG_REASON_OK ? verdict->capabilities : 0,
		.issued_at = verdict->issued_at,
		.expires_at = verdict->expires_at,
		.names = pool_names(verdict->identity, verdict->room)};
	int rc = check(draft, verdict, err);
	if (rc == 0 &&
		pool_put(m->pool, draft->index, &m->requests[i], draft->pick.kind, &expect) != 0) {
		jg_error_set(err, "no memory for the tokens; ask for fewer with --tokens");
		rc = -ENOMEM;
	}
	return rc;
}

static int mint(struct pool_maker *m, enum world world, struct jg_error *err)
{
	const unsigned n = m->n[world];
	const struct draft *drafts = m->drafts[world];
	for (unsigned i = 0; i < n; i++)
		m->minted[i] = (struct jg_minted){.token = m->tokens[i], .size = JG_TOKEN_MAX};
	jg_mint_burst(m->minter, m->source->worlds.snapshots[world], m->now, m->orders[world],
		m->minted, n);
	for (unsigned i = 0; i < n; i++) {
		const struct jg_minted *minted = &m->minted[i];
		if (minted->problem == NULL)
			continue;
		jg_error_set(err, "app %.*s: no %s token of kind %s can be minted: %s %s",
			(int)drafts[i].app.len, drafts[i].app.p, layout_name(drafts[i].pick.layout),
			kind_name(drafts[i].pick.kind), minted->field != NULL ? minted->field : "",
			minted->problem);
		return -EINVAL;
	}
	return 0;
}

static int flush(struct pool_maker *m, enum world world, struct jg_error *err)
{
	const unsigned n = m->n[world];
	const struct draft *drafts = m->drafts[world];
	if (n == 0)
		return 0;
	int rc = mint(m, world, err);
	m->n[world] = 0;
	for (unsigned i = 0; i < n && rc == 0; i++) {
		uint32_t len = m->minted[i].len;
		draft_spoil(&drafts[i], m->tokens[i], &len);
		m->requests[i] = draft_request(&drafts[i], (struct jg_str){m->tokens[i], len});
		m->requests[i].flags = m->pool->front_end != 0 ? JG_REQUEST_AUTHENTICATED : 0;
	}
	if (rc == 0)
		jg_verify_burst(m->verifier, m->source->worlds.snapshots[WORLD_OWN], m->now,
			m->requests, m->verdicts, n);
	for (unsigned i = 0; i < n && rc == 0; i++)
		rc = put(m, &drafts[i], i, err);
	return rc;
}

static int add(struct pool_maker *m, uint32_t index, struct jg_error *err)
{
	struct draft wanted = {.index = index};
	const struct draft_source drawn =
		pool_source_draw(m->source, &m->random, m->now, &wanted.pick);
	const enum world world = draft_world(&wanted);
	const unsigned i = m->n[world]++;
	struct draft *draft = &m->drafts[world][i];
	draft->pick = wanted.pick;
	draft->index = index;
	draft_init(draft, &drawn, &m->orders[world][i]);
	return m->n[world] == BURST ? flush(m, world, err) : 0;
}

static int fill(struct pool_maker *m, uint32_t from, uint32_t to, struct jg_error *err)
{
	int rc = 0;
	for (uint32_t i = from; i < to && rc == 0; i++)
		rc = add(m, i, err);
	for (unsigned world = 0; world < WORLD_COUNT && rc == 0; world++)
		rc = flush(m, (enum world)world, err);
	return rc;
}

struct pool_maker *pool_maker_new(
	const struct jg_config *config, const struct pool_options *options, struct jg_error *err)
{
	struct pool_source *own = calloc(1, sizeof(*own));
	struct pool_maker *m = NULL;
	if (own == NULL)
		jg_error_set(err, "no memory for minting");
	else if (pool_source_init(own, config, options, err) == 0)
		m = open_maker(own, err);
	if (m != NULL) {
		m->own = own;
		return m;
	}
	if (own != NULL)
		pool_source_fini(own);
	free(own);
	return NULL;
}

int pool_maker_fill(struct pool_maker *m, struct pool *pool, int64_t now, struct jg_error *err)
{
	m->pool = pool;
	m->now = now;
	pool_reset(pool);
	return fill(m, 0, m->source->options.n, err);
}

// A pool is minted in parts. Each is drawn from a seed of its own, so that it does not matter which
// thread mints it, and when.
struct parts {
	const struct pool_source *source;
	struct pool *pool;
	uint32_t n;
	atomic_uint next;
	atomic_bool failed;
};

struct hand {
	struct parts *parts;
	struct pool_maker *maker;
	struct pool done; // what this one has minted of it
	pthread_t thread;
	uint64_t spent; // ns
	int rc;
	struct jg_error err;
};

static void open_hand(struct hand *hand)
{
	struct pool *pool = hand->parts->pool;
	hand->done = (struct pool){.questions = pool->questions, .front_end = pool->front_end};
	hand->maker = open_maker(hand->parts->source, &hand->err);
	hand->rc = hand->maker == NULL ? -ENOMEM : 0;
	if (hand->maker == NULL)
		return;
	hand->maker->pool = &hand->done;
	hand->maker->now = hand->parts->source->options.now;
}

static void close_hand(struct hand *hand)
{
	pool_maker_free(hand->maker);
	hand->maker = NULL;
	pool_join(hand->parts->pool, &hand->done);
}

// False: there is nothing more to do.
static bool mint_part(struct hand *hand)
{
	struct parts *parts = hand->parts;
	const uint64_t begin = clock_now();
	const uint32_t part = atomic_fetch_add_explicit(&parts->next, 1, memory_order_relaxed);
	if (hand->rc != 0 || part >= parts->n ||
		atomic_load_explicit(&parts->failed, memory_order_relaxed))
		return false;
	struct random seed = {parts->source->options.seed + part * UINT64_C(0xd1342543de82ef95)};
	const uint32_t from = part * PART;
	const uint32_t rest = parts->pool->n - from;
	hand->maker->random.state = random_next(&seed);
	hand->rc = fill(hand->maker, from, from + (rest < PART ? rest : PART), &hand->err);
	if (hand->rc != 0)
		atomic_store_explicit(&parts->failed, true, memory_order_relaxed);
	hand->spent += clock_now() - begin;
	return hand->rc == 0;
}

static void *help(void *argument)
{
	struct hand *hand = argument;
	open_hand(hand);
	while (mint_part(hand))
		continue;
	return NULL;
}

// How many more threads what is left is worth, going by the first part.
static unsigned count_helpers(const struct parts *parts, uint64_t first)
{
	const unsigned wanted = parts->source->options.threads;
	cpu_set_t cpus;
	CPU_ZERO(&cpus);
	const double left = (double)first / 1e9 * (parts->n - 1);
	const double worth = left / WORTH_A_THREAD;
	unsigned most = 0;
	if (wanted > 0)
		return (wanted < THREADS_MAX ? wanted : THREADS_MAX) - 1;
	if (sched_getaffinity(0, sizeof(cpus), &cpus) == 0)
		most = (unsigned)CPU_COUNT(&cpus) - 1;
	if (most > THREADS_MAX - 1)
		most = THREADS_MAX - 1;
	return worth < most ? (unsigned)worth : most;
}

// The caller's own hand is the first. Helpers that the machine refuses are done without.
static unsigned mint_parts(struct hand *hands)
{
	unsigned n = 1;
	const bool more = mint_part(&hands[0]);
	const unsigned helpers = more ? count_helpers(hands[0].parts, hands[0].spent) : 0;
	while (n <= helpers && pthread_create(&hands[n].thread, NULL, help, &hands[n]) == 0)
		n++;
	while (mint_part(&hands[0]))
		continue;
	for (unsigned i = 1; i < n; i++)
		pthread_join(hands[i].thread, NULL);
	return n;
}

static int mint_all(struct pool *pool, const struct pool_source *source, struct jg_error *err)
{
	struct parts parts = {.source = source, .pool = pool, .n = (pool->n + PART - 1) / PART};
	struct hand hands[THREADS_MAX] = {0};
	int rc = 0;
	for (unsigned i = 0; i < THREADS_MAX; i++)
		hands[i].parts = &parts;
	open_hand(&hands[0]);
	const uint64_t begin = clock_now();
	pool->threads = mint_parts(hands);
	pool->seconds = (double)(clock_now() - begin) / 1e9;
	for (unsigned i = pool->threads; i-- > 0;) {
		if (hands[i].rc != 0) {
			rc = hands[i].rc;
			*err = hands[i].err;
		}
		pool->spent += (double)hands[i].spent / 1e9;
		close_hand(&hands[i]);
	}
	return rc;
}

int pool_mint(struct pool *pool, const struct jg_config *config, const struct pool_options *options,
	struct jg_error *err)
{
	struct pool_source *source = calloc(1, sizeof(*source));
	int rc = source == NULL ? -ENOMEM : 0;
	*pool = (struct pool){0};
	if (rc != 0)
		jg_error_set(err, "no memory for minting");
	else
		rc = pool_source_init(source, config, options, err);
	if (rc == 0 && pool_init(pool, options->n, options->front_end) != 0) {
		jg_error_set(err, "no memory for the tokens");
		rc = -ENOMEM;
	}
	if (rc == 0)
		rc = mint_all(pool, source, err);
	if (source != NULL)
		pool_source_fini(source);
	free(source);
	if (rc != 0)
		pool_fini(pool);
	return rc;
}
