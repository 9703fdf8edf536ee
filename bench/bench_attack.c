// SPDX-License-Identifier: BSD-3-Clause
// What an attacker's tokens cost everybody else: bursts of one app's good tokens are timed, each right
// behind a burst of the attacker's on the same verifier. JSON lines; 10 % more is the limit.
#include "bench.h"
#include "population.h"

#include <stdio.h>

#define BURST 32u
#define TURN 64u // bursts of one kind of neighbour in a row
#define VICTIM 0u
#define NEIGHBOUR 1u

enum kind {
	KIND_CALM, // another app's good tokens, all of one shape: what the others are compared with
	KIND_MILLION_SHAPES, // another app's good tokens, no two of one shape
	KIND_GARBAGE, // the victim's shape, key and length, a signature that is wrong
	KIND_GARBAGE_SHAPES, // the same, no two of one shape
	KIND_COUNT
};

static const char *const kind_names[] = {
	"calm", "a million shapes", "garbage of a known shape", "garbage of a million shapes"};

struct neighbour {
	struct jg_verifier *verifier;
	unsigned made; // tokens
	double spent; // nanoseconds on them
	struct bench_samples turns; // the victim's nanoseconds a token, median of each turn
};

static struct bench_population *population;
static struct jg_minter *minter;
static struct jg_request victims[BURST];
static struct jg_verdict verdicts[BURST];

static bool choose_victims(void)
{
	char key[40];
	struct jg_str app = {key, bench_app_key(JG_VENDOR_LIVEKIT, VICTIM, key)};
	unsigned n = 0;
	for (unsigned i = 0; i < population->plan.tokens && n < BURST; i++)
		if (jg_str_eq(population->asks[i].app, app))
			victims[n++] = population->requests[i];
	return n == BURST;
}

static bool mint(enum kind kind, unsigned from, struct jg_request *requests)
{
	static char tokens[BURST][1024], claims[BURST][200], key[40];
	struct jg_mint asks[BURST];
	struct jg_minted minted[BURST];
	bool bad = kind == KIND_GARBAGE || kind == KIND_GARBAGE_SHAPES;
	bool many = kind == KIND_MILLION_SHAPES || kind == KIND_GARBAGE_SHAPES;
	unsigned app_len = bench_app_key(JG_VENDOR_LIVEKIT, bad ? VICTIM : NEIGHBOUR, key);
	for (unsigned i = 0; i < BURST; i++) {
		asks[i] = population->asks[i];
		asks[i].app = (struct jg_str){key, app_len};
		// As long as the victim's, so that only the shape makes a difference.
		if (kind != KIND_GARBAGE)
			asks[i].claims = (struct jg_str){claims[i],
				(uint32_t)snprintf(claims[i], sizeof(claims[i]),
					"{\"video\":{\"roomJoin\":true,\"room\":\"daily-standup-"
					"17\","
					"\"canPublish\":true,\"canSubscribe\":true},\"x%07u\":1}",
					many ? from + i : 0)};
		minted[i] = (struct jg_minted){.token = tokens[i], .size = sizeof(tokens[i])};
	}
	jg_mint_burst(minter, population->snapshot, BENCH_NOW, asks, minted, BURST);
	for (unsigned i = 0; i < BURST; i++) {
		if (minted[i].len == 0)
			return false;
		char *last = &tokens[i][minted[i].len - 20];
		if (bad)
			*last = *last == 'A' ? 'B' : 'A';
		requests[i] = (struct jg_request){.token = {tokens[i], minted[i].len},
			.vendor = JG_VENDOR_LIVEKIT,
			.type = JG_REQUEST_JOIN};
	}
	return true;
}

static bool all(unsigned reason)
{
	for (unsigned i = 0; i < BURST; i++)
		if (verdicts[i].reason != reason)
			return false;
	return true;
}

static bool turn(struct neighbour *n, enum kind kind)
{
	static struct bench_samples bursts;
	bool bad = kind == KIND_GARBAGE || kind == KIND_GARBAGE_SHAPES;
	struct jg_request requests[BURST];
	bursts.n = 0;
	for (unsigned i = 0; i < TURN; i++) {
		if (!mint(kind, n->made, requests))
			return false;
		double start = bench_now_ns();
		jg_verify_burst(
			n->verifier, population->snapshot, BENCH_NOW, requests, verdicts, BURST);
		double between = bench_now_ns();
		n->spent += between - start;
		n->made += BURST;
		if (!all(bad ? JG_REASON_BAD_SIGNATURE : JG_REASON_OK))
			return false;
		start = bench_now_ns();
		jg_verify_burst(
			n->verifier, population->snapshot, BENCH_NOW, victims, verdicts, BURST);
		bench_add(&bursts, (bench_now_ns() - start) / BURST);
		if (!all(JG_REASON_OK))
			return false;
	}
	bench_add(&n->turns, bench_quantile(&bursts, 0.5));
	return true;
}

static bool prepare(struct neighbour *neighbours)
{
	struct jg_error err = {""};
	const struct jg_verifier_options options = {.seed = 1};
	const struct bench_plan plan = {.tokens = 4 * BURST,
		.shapes = 1,
		.apps = 2,
		.vendor = JG_VENDOR_LIVEKIT,
		.format = JG_FORMAT_JWT_HS256};
	population = bench_population_new(&plan);
	minter = jg_minter_new(&options, &err);
	bool ok = population != NULL && minter != NULL && choose_victims();
	for (unsigned kind = 0; kind < KIND_COUNT && ok; kind++) {
		neighbours[kind].verifier = jg_verifier_new(&options, &err);
		ok = neighbours[kind].verifier != NULL;
	}
	if (err.text[0] != '\0')
		(void)fprintf(stderr, "bench_attack: %s\n", err.text);
	return ok;
}

int main(int argc, char **argv)
{
	static struct neighbour neighbours[KIND_COUNT];
	unsigned tokens = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 1000000;
	if (tokens == 0 || tokens > BENCH_SAMPLES_MAX * BURST * TURN) {
		(void)fprintf(stderr, "usage: bench_attack [TOKENS]   of each attacker; 1000000\n");
		return 2;
	}
	bool ok = prepare(neighbours);
	while (ok && neighbours[KIND_COUNT - 1].made < tokens)
		for (unsigned kind = 0; kind < KIND_COUNT && ok; kind++)
			ok = turn(&neighbours[kind], (enum kind)kind);
	double calm = ok ? bench_quantile(&neighbours[KIND_CALM].turns, 0.5) : 0;
	for (unsigned kind = 0; kind < KIND_COUNT; kind++) {
		struct neighbour *n = &neighbours[kind];
		if (ok)
			(void)printf("{\"bench\": \"attack\", \"neighbour\": \"%s\", \"tokens\": "
				     "%u, \"victim_ns\": %.1f, \"slowdown\": %.3f, "
				     "\"neighbour_ns\": %.1f}\n",
				kind_names[kind], n->made, bench_quantile(&n->turns, 0.5),
				bench_quantile(&n->turns, 0.5) / calm, n->spent / n->made);
		jg_verifier_free(n->verifier);
	}
	if (!ok)
		(void)fprintf(stderr, "bench_attack: wrong answers, or no memory\n");
	jg_minter_free(minter);
	bench_population_free(population);
	return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
