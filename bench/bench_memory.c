// SPDX-License-Identifier: BSD-3-Clause
// Bytes per app, cut-off, verifier and minter: what the process has more of in memory afterwards. JSON
// lines.
#include "apps.h"
#include "contender.h"

#include <malloc.h>
#include <stdio.h>
#include <unistd.h>

// Pages in memory and pages reserved, in bytes.
struct footprint {
	double resident;
	double reserved;
};

static struct footprint footprint(void)
{
	unsigned long reserved = 0, resident = 0;
	(void)malloc_trim(0);
	FILE *f = fopen("/proc/self/statm", "r");
	if (f != NULL) {
		if (fscanf(f, "%lu %lu", &reserved, &resident) != 2)
			resident = 0;
		(void)fclose(f);
	}
	double page = (double)sysconf(_SC_PAGESIZE);
	return (struct footprint){(double)resident * page, (double)reserved * page};
}

static void print(const char *what, struct footprint before, unsigned count)
{
	struct footprint now = footprint();
	(void)printf(
		"{\"bench\": \"memory\", \"what\": \"%s\", \"count\": %u, \"bytes_each\": %.1f, "
		"\"reserved_each\": %.1f}\n",
		what, count, (now.resident - before.resident) / count,
		(now.reserved - before.reserved) / count);
}

static bool measure_apps(unsigned vendor, unsigned apps)
{
	struct bench_plan plan = {.apps = apps, .vendor = (uint8_t)vendor};
	char what[64];
	struct footprint before = footprint();
	struct jg_snapshot *snapshot = bench_apps_build(&plan, apps, NULL, NULL);
	if (snapshot == NULL)
		return false;
	(void)snprintf(what, sizeof(what), "app of %s, two secrets", jg_vendor_name(vendor));
	print(what, before, apps);
	jg_snapshot_free(snapshot);
	return true;
}

static bool measure_cut_offs(unsigned n)
{
	struct bench_plan plan = {.apps = 1, .vendor = JG_VENDOR_STREAM, .cut_offs = n};
	struct footprint before = footprint();
	struct jg_cut_offs *cut_offs = bench_apps_cut_offs(&plan);
	if (cut_offs == NULL)
		return false;
	print("cut-off", before, n);
	jg_cut_offs_free(cut_offs);
	return true;
}

// A worker's own part of the core, new and after it has judged full bursts.
static bool measure_verifier(void)
{
	struct jg_error err = {""};
	const struct bench_plan plan = {.tokens = 1024,
		.shapes = 16,
		.apps = 16,
		.vendor = JG_VENDOR_LIVEKIT,
		.format = JG_FORMAT_JWT_HS256};
	const struct jg_verifier_options options = {.mac_engine = "ref", .seed = 1};
	struct bench_population *population = bench_population_new(&plan);
	struct footprint before = footprint();
	struct bench_contender c = {.population = population,
		.burst = JG_BURST_MAX,
		.items = 1024,
		.verifier = jg_verifier_new(&options, &err)};
	bool ok = population != NULL && c.verifier != NULL && bench_check_all(&c) &&
		bench_verify_sample(&c) >= 0;
	if (ok)
		print("verifier, bursts of 256", before, 1);
	before = footprint();
	struct jg_minter *minter = jg_minter_new(&options, &err);
	if (minter != NULL)
		print("minter", before, 1);
	jg_minter_free(minter);
	jg_verifier_free(c.verifier);
	bench_population_free(population);
	return ok && minter != NULL;
}

int main(int argc, char **argv)
{
	unsigned n = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 100000;
	if (n == 0 || n > 10000000) {
		(void)fprintf(stderr,
			"usage: bench_memory [COUNT]   of apps, and a tenth of the "
			"cut-offs; 100000\n");
		return 2;
	}
	bool ok = measure_apps(JG_VENDOR_LIVEKIT, n) && measure_apps(JG_VENDOR_AGORA, n) &&
		measure_cut_offs(10 * n) && measure_verifier();
	if (!ok)
		(void)fprintf(stderr, "bench_memory: wrong answers, or no memory\n");
	return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
