// SPDX-License-Identifier: BSD-3-Clause
// The table of cut-offs while it fills, and what asking it costs. JSON lines.
#include "bench.h"
#include "state.h"

#include <joingate/verify.h>

#include <stdio.h>

#define BURST 32u
#define QUERIES 1000000u
#define BEFORE INT64_C(1800000000)

static struct jg_str user(char name[24], unsigned number)
{
	return (struct jg_str){name, (uint32_t)snprintf(name, 24, "user-%08u", number)};
}

static bool fill(struct jg_cut_offs *cut_offs, unsigned entries)
{
	char name[24];
	double slowest = 0;
	size_t peak = 0;
	double start = bench_now_ns();
	struct jg_cut_off it = {.scope = JG_SCOPE_USER,
		.vendor = JG_VENDOR_STREAM,
		.app = {"k8mzq2w7rt5x", 12},
		.before = BEFORE};
	for (unsigned i = 0; i < entries; i++) {
		it.user = user(name, i);
		double before = bench_now_ns();
		if (jg_cut_offs_set(cut_offs, &it, NULL) != 0)
			return false;
		double took = bench_now_ns() - before;
		slowest = took > slowest ? took : slowest;
		size_t memory = jg_cut_offs_memory(cut_offs);
		peak = memory > peak ? memory : peak;
		if (i % 256 == 0)
			jg_cut_offs_reclaim(cut_offs);
	}
	(void)printf("{\"bench\": \"cut_offs\", \"what\": \"fill\", \"entries\": %u, "
		     "\"ns_per_set\": %.1f, \"slowest_set_us\": %.1f, \"bytes_per_entry\": %.1f, "
		     "\"peak_bytes_per_entry\": %.1f}\n",
		entries, (bench_now_ns() - start) / entries, slowest / 1e3,
		(double)jg_cut_offs_memory(cut_offs) / entries, (double)peak / entries);
	return true;
}

// Bursts of queries, all probed before the first is judged. Users from offset on.
static unsigned ask(const struct jg_cut_offs *cut_offs, unsigned entries, unsigned offset,
	int64_t issued_at, const char *what)
{
	static char names[BURST][24];
	struct jg_cut_off_query queries[BURST];
	struct jg_cut_off_probe probes[BURST];
	unsigned refused = 0;
	double spent = 0;
	for (unsigned at = 0; at < QUERIES; at += BURST) {
		for (unsigned i = 0; i < BURST; i++) {
			unsigned number = (at + i) * 2654435761u % entries + offset;
			queries[i] = (struct jg_cut_off_query){.vendor = JG_VENDOR_STREAM,
				.app = {"k8mzq2w7rt5x", 12},
				.user = user(names[i], number),
				.room = {"room", 4},
				.issued_at = issued_at};
		}
		double start = bench_now_ns();
		for (unsigned i = 0; i < BURST; i++)
			jg_cut_offs_probe(cut_offs, &queries[i], &probes[i]);
		for (unsigned i = 0; i < BURST; i++)
			jg_cut_offs_fetch(cut_offs, &probes[i]);
		for (unsigned i = 0; i < BURST; i++) {
			int64_t before;
			refused += jg_cut_offs_judge(cut_offs, &probes[i], &before) >= 0;
		}
		spent += bench_now_ns() - start;
	}
	(void)printf("{\"bench\": \"cut_offs\", \"what\": \"%s\", \"entries\": %u, "
		     "\"ns_per_query\": %.1f, \"burst\": %u}\n",
		what, entries, spent / QUERIES, BURST);
	return refused;
}

int main(int argc, char **argv)
{
	unsigned entries = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 10000000;
	if (entries == 0 || entries > 50000000) {
		(void)fprintf(stderr, "usage: bench_cutoff [ENTRIES]   1 to 50000000; 10000000\n");
		return 2;
	}
	struct jg_cut_offs *cut_offs = jg_cut_offs_new(0, NULL);
	bool ok = cut_offs != NULL && fill(cut_offs, entries);
	ok = ok && ask(cut_offs, entries, 0, BEFORE - 1, "found") >= QUERIES;
	ok = ok && ask(cut_offs, entries, entries, BEFORE - 1, "not_found") == 0;
	ok = ok && ask(cut_offs, entries, 0, BEFORE, "newer") == 0;
	if (!ok)
		(void)fprintf(stderr, "bench_cutoff: wrong answers, or no memory\n");
	jg_cut_offs_free(cut_offs);
	return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
