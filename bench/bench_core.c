// SPDX-License-Identifier: BSD-3-Clause
// Whole verification against raw HMACs of the same messages, taking turns in one process. JSON lines.
#include "contender.h"
#include "simd/decoders.h"

#include <getopt.h>
#include <stdio.h>

struct bench_case {
	const char *group;
	const char *name;
	struct bench_plan plan;
	unsigned burst;
	const char *simd; // NULL: the best
	bool no_shapes;
	bool no_beginnings;
	bool mint;
};

static struct {
	const char *only; // group
	const char *dump;
	unsigned rounds;
	bool quick;
} options = {.rounds = 40};

static struct jg_mac *macs[BENCH_ENGINES];
static unsigned macs_n;
static struct bench_population *population; // of the last case
static bool failed;

static const struct bench_plan livekit = {.tokens = 64,
	.shapes = 1,
	.apps = 1,
	.vendor = JG_VENDOR_LIVEKIT,
	.format = JG_FORMAT_JWT_HS256};

static struct bench_population *populate(struct bench_plan plan)
{
	if (options.quick) {
		plan.tokens = plan.tokens > 1000 ? 1000 : plan.tokens;
		plan.cut_offs /= 1000;
		plan.apps = plan.apps > 100 ? 100 : plan.apps;
	}
	if (population != NULL && memcmp(&population->plan, &plan, sizeof(plan)) == 0)
		return population;
	bench_population_free(population);
	population = bench_population_new(&plan);
	return population;
}

static bool is_library(const char *engine)
{
	return strncmp(engine, "imb-", 4) == 0;
}

// The fastest raw peer of a kind; NULL when no single HMAC signs these tokens.
static struct bench_peer *best_raw(struct bench_peer *peers, unsigned n, bool library)
{
	struct bench_peer *best = NULL;
	for (unsigned i = 1; i < n; i++)
		if (is_library(peers[i].name) == library &&
			(best == NULL ||
				bench_quantile(&peers[i].samples, 0) <
					bench_quantile(&best->samples, 0)))
			best = &peers[i];
	return best;
}

static void print_raw(
	const char *label, struct bench_peer *whole, struct bench_peer *raw, double paired)
{
	if (raw == NULL)
		return;
	double ns = bench_quantile(&raw->samples, 0);
	(void)printf(", \"%s\": \"%s\", \"%s_ns\": %.1f, \"%s_median_ns\": %.1f, "
		     "\"ratio_%s\": %.3f",
		label, raw->name, label, ns, label, bench_quantile(&raw->samples, 0.5), label,
		bench_quantile(&whole->samples, 0) / ns);
	if (paired > 0)
		(void)printf(", \"ratio_%s_paired\": %.3f", label, paired);
}

static void print_case(const struct bench_case *c, struct bench_peer *peers, unsigned n,
	const char *describe, unsigned items)
{
	const struct bench_plan *plan = &population->plan;
	double paired[BENCH_ENGINES] = {0};
	for (unsigned i = 1; i < n; i++)
		paired[i] = bench_paired(&peers[0], &peers[i]);
	struct bench_peer *library = best_raw(peers, n, true), *own = best_raw(peers, n, false);
	(void)printf("{\"bench\": \"core\", \"group\": \"%s\", \"case\": \"%s\", \"vendor\": "
		     "\"%s\", \"format\": \"%s\", \"tokens\": %u, \"token_bytes\": %llu, "
		     "\"shapes\": %u, \"learn\": %s, \"apps\": %u, \"cut_offs\": %u, "
		     "\"bad_percent\": %u, \"burst\": %u, \"engine\": \"%s\", \"samples\": %u, "
		     "\"tokens_a_sample\": %u, \"whole_ns\": %.1f, \"whole_median_ns\": %.1f",
		c->group, c->name, jg_vendor_name(plan->vendor), jg_format_name(plan->format),
		plan->tokens, (unsigned long long)(population->token_bytes / plan->tokens),
		plan->shapes, c->no_shapes ? "false" : "true", plan->apps, plan->cut_offs,
		plan->bad_percent, c->burst, describe, peers[0].samples.n, items,
		bench_quantile(&peers[0].samples, 0), bench_quantile(&peers[0].samples, 0.5));
	print_raw("ipsec_mb", &peers[0], library, library ? paired[library - peers] : 0);
	print_raw("own", &peers[0], own, own ? paired[own - peers] : 0);
	(void)printf("}\n");
	(void)fflush(stdout);
}

// One sample is about a third of a millisecond.
static unsigned sample_items(const struct bench_population *p, unsigned burst)
{
	unsigned long long bytes = p->token_bytes / p->plan.tokens;
	unsigned items = p->plan.vendor == JG_VENDOR_VONAGE ? 32
		: bytes > 1000				    ? 512
		: p->plan.tokens > 100000		    ? 16384
							    : 2048;
	return items < burst ? burst : items / burst * burst;
}

static unsigned line_up(
	const struct bench_case *c, struct bench_contender *contenders, struct bench_peer *peers)
{
	bool raw = population->messages[0].len != 0 && population->plan.bad_percent != 100;
	unsigned n = 1;
	for (unsigned i = 0; i < macs_n && raw; i++) {
		const char *name = jg_mac_name(macs[i]);
		if (population->alg == JG_MAC_SHA1 && !is_library(name))
			continue;
		contenders[n] = contenders[0];
		contenders[n].mac = macs[i];
		peers[n] = (struct bench_peer){
			.name = name, .run = bench_raw_sample, .self = &contenders[n]};
		n++;
	}
	peers[0] = (struct bench_peer){.name = "whole",
		.run = c->mint ? bench_mint_sample : bench_verify_sample,
		.self = &contenders[0]};
	return n;
}

static void measure(struct bench_case c)
{
	static struct bench_peer peers[BENCH_ENGINES];
	struct bench_contender contenders[BENCH_ENGINES] = {{.burst = c.burst}};
	struct jg_error err = {""};
	struct jg_verifier_options how = {.simd = c.simd,
		.no_shapes = c.no_shapes,
		.no_beginnings = c.no_beginnings,
		.seed = 1};
	if (failed || (options.only != NULL && strcmp(options.only, c.group) != 0))
		return;
	if (jg_decoders_select(c.simd, &err) == NULL) {
		printf("{\"bench\": \"core_skipped\", \"group\": \"%s\", \"case\": \"%s\"}\n",
			c.group, c.name);
		return;
	}
	contenders[0].population = populate(c.plan);
	contenders[0].verifier = jg_verifier_new(&how, &err);
	contenders[0].minter = jg_minter_new(&how, &err);
	failed = population == NULL || contenders[0].verifier == NULL ||
		contenders[0].minter == NULL;
	if (err.text[0] != '\0')
		(void)fprintf(stderr, "bench: %s\n", err.text);
	if (!failed) {
		contenders[0].items = sample_items(population, c.burst);
		unsigned n = line_up(&c, contenders, peers);
		failed = !bench_check_all(&contenders[0]) ||
			!bench_alternate(peers, n, options.rounds);
		if (!failed)
			print_case(&c, peers, n, jg_verifier_describe(contenders[0].verifier),
				contenders[0].items);
		else
			(void)fprintf(stderr, "bench: %s, %s: wrong\n", c.group, c.name);
	}
	jg_minter_free(contenders[0].minter);
	jg_verifier_free(contenders[0].verifier);
}

static struct bench_case hot(const char *group, const char *name)
{
	return (struct bench_case){.group = group, .name = name, .plan = livekit, .burst = 32};
}

static struct bench_case shuffled(const char *group, const char *name, unsigned tokens)
{
	struct bench_case c = hot(group, name);
	c.plan.tokens = tokens;
	return c;
}

// What issue 5 must show.
static void headline(void)
{
	struct bench_case c = hot("headline", "known shape");
	measure(c);
	c.name = "full scan";
	c.no_shapes = true;
	measure(c);
	c.no_shapes = false;
	c.name = "avx2";
	c.simd = "avx2";
	measure(c);
	c.simd = NULL;
	c = shuffled("headline", "1 000 apps, 1 million cut-offs", 1000);
	c.plan.apps = 1000;
	c.plan.cut_offs = 1000000;
	measure(c);
	c.name = "1 000 apps, 1 million cut-offs, 20 000 tokens";
	c.plan.tokens = 20000;
	measure(c);
}

static void bursts_and_sizes(void)
{
	static const unsigned bursts[] = {1, 2, 4, 8, 16, 32, 64, 128, 256};
	static const unsigned sizes[] = {200, 370, 700, 1140, 2000, 4000, 8000, 12000};
	char name[32];
	for (unsigned i = 0; i < JG_ARRAY_SIZE(bursts); i++) {
		struct bench_case c = hot("burst", name);
		(void)snprintf(name, sizeof(name), "%u", bursts[i]);
		c.burst = bursts[i];
		c.plan.tokens = bursts[i] > 64 ? bursts[i] : 64;
		measure(c);
	}
	for (unsigned i = 0; i < JG_ARRAY_SIZE(sizes); i++) {
		struct bench_case c = hot("size", name);
		(void)snprintf(name, sizeof(name), "%u", sizes[i]);
		c.plan.token_bytes = sizes[i];
		measure(c);
	}
}

static void sets_and_shapes(void)
{
	static const unsigned shapes[] = {1, 4, 16, 0};
	char name[32];
	struct bench_case whole = hot("set", "64 hot, messages hashed whole");
	measure(hot("set", "64 hot"));
	whole.no_beginnings = true;
	measure(whole);
	measure(shuffled("set", "20 000 shuffled", 20000));
	measure(shuffled("set", "200 000 from DRAM", 200000));
	for (unsigned i = 0; i < JG_ARRAY_SIZE(shapes); i++) {
		struct bench_case c = shuffled("shapes", name, 20000);
		(void)snprintf(
			name, sizeof(name), shapes[i] == 0 ? "all different" : "%u", shapes[i]);
		c.plan.shapes = shapes[i];
		measure(c);
	}
	struct bench_case c = shuffled("shapes", "full scan", 20000);
	c.no_shapes = true;
	measure(c);
}

static void tables(void)
{
	static const unsigned apps[] = {1, 1000, 100000};
	static const unsigned cut_offs[] = {0, 1000000, 10000000};
	char name[48];
	for (unsigned i = 0; i < JG_ARRAY_SIZE(apps); i++) {
		struct bench_case c = shuffled("apps", name, apps[i] > 20000 ? 200000 : 20000);
		(void)snprintf(name, sizeof(name), "%u", apps[i]);
		c.plan.apps = apps[i];
		measure(c);
	}
	for (unsigned i = 0; i < JG_ARRAY_SIZE(cut_offs); i++) {
		struct bench_case c = shuffled("cut_offs", name, 20000);
		(void)snprintf(name, sizeof(name), "%u", cut_offs[i]);
		c.plan.cut_offs = cut_offs[i];
		measure(c);
	}
	struct bench_case c = shuffled("cut_offs", "10000000, 5 % newer than all tokens", 20000);
	c.plan.cut_offs = 10000000;
	c.plan.newer_percent = 5;
	measure(c);
	c = shuffled("cut_offs", "10000000, 100 000 apps, 200 000 tokens", 200000);
	c.plan.apps = 100000;
	c.plan.cut_offs = 10000000;
	measure(c);
}

static void vendors(bool mint)
{
	static const struct {
		const char *name;
		uint8_t vendor;
		uint8_t format;
	} rows[] = {
		{"livekit jwt-hs256", JG_VENDOR_LIVEKIT, JG_FORMAT_JWT_HS256},
		{"stream jwt-hs256", JG_VENDOR_STREAM, JG_FORMAT_JWT_HS256},
		{"opentok jwt-hs256", JG_VENDOR_OPENTOK, JG_FORMAT_JWT_HS256},
		{"opentok t1", JG_VENDOR_OPENTOK, JG_FORMAT_T1},
		{"agora agora-007", JG_VENDOR_AGORA, JG_FORMAT_AGORA_007},
		{"agora agora-006", JG_VENDOR_AGORA, JG_FORMAT_AGORA_006},
		{"vonage jwt-rs256", JG_VENDOR_VONAGE, JG_FORMAT_JWT_RS256},
	};
	for (unsigned i = 0; i < JG_ARRAY_SIZE(rows); i++) {
		struct bench_case c = hot(mint ? "mint" : "vendor", rows[i].name);
		c.plan.vendor = rows[i].vendor;
		c.plan.format = rows[i].format;
		c.mint = mint;
		measure(c);
	}
}

static void simd(void)
{
	static const char *const levels[] = {"avx512", "avx2", "portable"};
	for (unsigned i = 0; i < JG_ARRAY_SIZE(levels); i++) {
		struct bench_case c = hot("simd", levels[i]);
		c.simd = levels[i];
		measure(c);
	}
}

static void bad(void)
{
	static const uint8_t percents[] = {20, 100};
	for (unsigned reason = JG_REASON_TOO_LONG; reason < JG_REASON_OVERLOADED; reason++) {
		for (unsigned i = 0; i < JG_ARRAY_SIZE(percents); i++) {
			struct bench_case c = shuffled("bad", jg_reason_name(reason), 1000);
			c.plan.bad_reason = (uint8_t)reason;
			c.plan.bad_percent = percents[i];
			if (reason == JG_REASON_DEV_TOKEN || reason == JG_REASON_IDENTITY_MISMATCH)
				c.plan.vendor = JG_VENDOR_STREAM;
			if (reason == JG_REASON_ROOM_MISMATCH)
				c.plan.vendor = JG_VENDOR_OPENTOK;
			measure(c);
		}
	}
}

// The tokens of the peers: key and secret in the first line, then a token a line.
static int dump(const char *path)
{
	char key[40], secret[33];
	FILE *f = fopen(path, "w");
	if (f == NULL) {
		(void)fprintf(stderr, "bench_core: cannot write %s\n", path);
		return EXIT_FAILURE;
	}
	struct bench_plan plan = livekit;
	plan.tokens = 1000;
	struct bench_population *p = populate(plan);
	(void)bench_app_key(JG_VENDOR_LIVEKIT, 0, key);
	bench_secret(0, 0, secret);
	(void)fprintf(f, "%s %s\n", key, secret);
	for (unsigned i = 0; p != NULL && i < p->plan.tokens; i++)
		(void)fprintf(f, "%.*s\n", (int)p->requests[i].token.len, p->requests[i].token.p);
	bool ok = fclose(f) == 0 && p != NULL;
	bench_population_free(population);
	return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}

static bool read_options(int argc, char **argv)
{
	int option;
	while ((option = getopt(argc, argv, "qg:r:d:")) != -1) {
		if (option == 'q') {
			options.quick = true;
			options.rounds = 3;
		} else if (option == 'g') {
			options.only = optarg;
		} else if (option == 'd') {
			options.dump = optarg;
		} else if (option == 'r') {
			options.rounds = (unsigned)strtoul(optarg, NULL, 10);
		} else {
			return false;
		}
	}
	return optind == argc && options.rounds > 0 && options.rounds <= BENCH_SAMPLES_MAX;
}

static bool open_engines(void)
{
	struct jg_error err = {""};
	for (const char *const *name = jg_mac_engines(); *name != NULL; name++) {
		if (strcmp(*name, "ref") == 0 || macs_n == BENCH_ENGINES - 1)
			continue;
		macs[macs_n] = jg_mac_new(*name, &err);
		if (macs[macs_n] == NULL) {
			(void)fprintf(stderr, "bench_core: %s\n", err.text);
			return false;
		}
		macs_n++;
	}
	return true;
}

int main(int argc, char **argv)
{
	if (!read_options(argc, argv)) {
		(void)fprintf(stderr,
			"usage: bench_core [-q] [-g GROUP] [-r ROUNDS] [-d FILE]\n"
			"  -q  a quick run that proves the bench works\n"
			"  -g  headline, set, shapes, burst, size, apps, cut_offs, vendor, simd, "
			"bad, mint or peers\n"
			"  -d  write the peers' tokens to a file and end\n");
		return 2;
	}
	if (options.dump != NULL)
		return dump(options.dump);
	failed = !open_engines();
	headline();
	bursts_and_sizes();
	sets_and_shapes();
	tables();
	vendors(false);
	simd();
	bad();
	vendors(true);
	measure(shuffled("peers", "joingate", 1000));
	while (macs_n > 0)
		jg_mac_free(macs[--macs_n]);
	bench_population_free(population);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
