// SPDX-License-Identifier: BSD-3-Clause
// One kind of work for callgrind to count: instructions CASE. The AVX2 path, which valgrind knows, and
// the portable MAC, whose functions the script leaves out of the count.
#include "contender.h"

#include <stdio.h>

#define TOKENS 1024u

struct work {
	const char *name;
	uint8_t vendor;
	uint8_t format;
	uint8_t bad_reason;
	bool no_shapes;
	bool mint;
};

static const struct work works[] = {
	{.name = "livekit", .vendor = JG_VENDOR_LIVEKIT, .format = JG_FORMAT_JWT_HS256},
	{.name = "livekit_full_scan",
		.vendor = JG_VENDOR_LIVEKIT,
		.format = JG_FORMAT_JWT_HS256,
		.no_shapes = true},
	{.name = "livekit_bad_signature",
		.vendor = JG_VENDOR_LIVEKIT,
		.format = JG_FORMAT_JWT_HS256,
		.bad_reason = JG_REASON_BAD_SIGNATURE},
	{.name = "stream", .vendor = JG_VENDOR_STREAM, .format = JG_FORMAT_JWT_HS256},
	{.name = "opentok", .vendor = JG_VENDOR_OPENTOK, .format = JG_FORMAT_JWT_HS256},
	{.name = "opentok_t1", .vendor = JG_VENDOR_OPENTOK, .format = JG_FORMAT_T1},
	{.name = "agora_007", .vendor = JG_VENDOR_AGORA, .format = JG_FORMAT_AGORA_007},
	{.name = "agora_006", .vendor = JG_VENDOR_AGORA, .format = JG_FORMAT_AGORA_006},
	{.name = "mint_livekit",
		.vendor = JG_VENDOR_LIVEKIT,
		.format = JG_FORMAT_JWT_HS256,
		.mint = true},
};

static const struct work *find(const char *name)
{
	for (unsigned i = 0; i < JG_ARRAY_SIZE(works); i++)
		if (strcmp(works[i].name, name) == 0)
			return &works[i];
	return NULL;
}

static bool work_on(const struct work *work)
{
	struct jg_error err = {""};
	const struct jg_verifier_options options = {
		.mac_engine = "ref", .simd = "avx2", .no_shapes = work->no_shapes, .seed = 1};
	const struct bench_plan plan = {.tokens = TOKENS,
		.shapes = 1,
		.apps = 16,
		.vendor = work->vendor,
		.format = work->format,
		.bad_reason = work->bad_reason,
		.bad_percent = 100};
	struct bench_plan one_app = plan;
	one_app.apps = 1; // an OpenTok session belongs to one
	struct bench_contender c = {.population = bench_population_new(
					    work->vendor == JG_VENDOR_OPENTOK ? &one_app : &plan),
		.burst = 32,
		.items = TOKENS,
		.verifier = jg_verifier_new(&options, &err),
		.minter = jg_minter_new(&options, &err)};
	bool ok = c.population != NULL && c.verifier != NULL && c.minter != NULL &&
		(work->mint ? bench_mint_sample(&c) : bench_verify_sample(&c)) >= 0;
	if (ok)
		// The population is minted as well.
		(void)printf("%u\n", work->mint ? 2 * TOKENS : TOKENS);
	if (err.text[0] != '\0')
		(void)fprintf(stderr, "instructions: %s\n", err.text);
	jg_minter_free(c.minter);
	jg_verifier_free(c.verifier);
	bench_population_free(c.population);
	return ok;
}

int main(int argc, char **argv)
{
	if (argc == 1) {
		for (unsigned i = 0; i < JG_ARRAY_SIZE(works); i++)
			(void)printf("%s %s\n", works[i].name,
				works[i].mint ? "jg_mint_burst" : "jg_verify_burst");
		return EXIT_SUCCESS;
	}
	const struct work *work = argc == 2 ? find(argv[1]) : NULL;
	if (work == NULL) {
		(void)fprintf(stderr,
			"usage: instructions [CASE]   without a case: their names and entries\n");
		return 2;
	}
	return work_on(work) ? EXIT_SUCCESS : EXIT_FAILURE;
}
