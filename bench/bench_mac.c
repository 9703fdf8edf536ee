// SPDX-License-Identifier: BSD-3-Clause
// HMAC engines against each other, taking turns in one process, so that a slow phase of the machine
// meets them all. JSON lines: nanoseconds per message, and the ratio to ipsec-mb's best level.
#include "bench.h"
#include "internal/mac.h"

#include <stdio.h>

#define MESSAGES 20000u
#define SIZE 1280u
#define KEYS 64u
#define ENGINES 8u
#define HASHED_PER_SAMPLE 2048u

struct work {
	struct jg_mac_key keys[KEYS];
	struct jg_mac_job jobs[MESSAGES];
	uint8_t text[MESSAGES][SIZE];
};

struct row {
	const char *alg_name;
	const char *set;
	enum jg_mac_alg alg;
	unsigned len; // of messages; 0: 150 to 650, mixed
	unsigned burst;
	unsigned messages;
	unsigned rounds;
};

// The messages of a row, in an order that the memory cannot guess when there are many.
static void prepare(struct work *work, const struct row *row)
{
	for (unsigned i = 0; i < row->messages; i++) {
		unsigned at = row->messages == MESSAGES ? i * 7919u % MESSAGES : i;
		work->jobs[i] = (struct jg_mac_job){.message = work->text[at],
			.key = &work->keys[at % KEYS],
			.len = row->len != 0 ? row->len + i % 10 : 150 + i * 61 % 500};
	}
}

// One sample: about so many messages in bursts, from a place that moves on.
static double sample(struct jg_mac *mac, struct work *work, const struct row *row, unsigned *place)
{
	unsigned bursts = HASHED_PER_SAMPLE / row->burst;
	double start = bench_now_ns();
	for (unsigned i = 0; i < bursts; i++) {
		if (*place + row->burst > row->messages)
			*place = 0;
		jg_mac_burst(mac, row->alg, work->jobs + *place, row->burst);
		*place += row->burst;
	}
	return (bench_now_ns() - start) / (bursts * row->burst);
}

static void run(struct jg_mac **macs, unsigned n, struct work *work, const struct row *row)
{
	static struct bench_samples samples[ENGINES];
	unsigned place = 0;
	prepare(work, row);
	for (unsigned i = 0; i < n; i++)
		samples[i].n = 0;
	for (unsigned round = 0; round < row->rounds; round++)
		for (unsigned i = 0; i < n; i++)
			bench_add(&samples[i], sample(macs[i], work, row, &place));
	double library = 0;
	for (unsigned i = 0; i < n; i++) {
		double best = bench_quantile(&samples[i], 0);
		if (strncmp(jg_mac_name(macs[i]), "imb-", 4) == 0 &&
			(library <= 0 || best < library))
			library = best;
	}
	for (unsigned i = 0; i < n; i++) {
		double best = bench_quantile(&samples[i], 0);
		(void)printf(
			"{\"bench\": \"mac\", \"alg\": \"%s\", \"set\": \"%s\", \"length\": %u, "
			"\"burst\": %u, \"engine\": \"%s\", \"best_ns\": %.1f, "
			"\"median_ns\": %.1f, \"ratio_to_ipsec_mb\": %.3f}\n",
			row->alg_name, row->set, row->len, row->burst, jg_mac_name(macs[i]), best,
			bench_quantile(&samples[i], 0.5), library > 0 ? best / library : 0);
	}
}

static unsigned open_engines(struct jg_mac *macs[ENGINES])
{
	unsigned n = 0;
	for (const char *const *name = jg_mac_engines(); *name != NULL && n < ENGINES - 1; name++) {
		struct jg_error err = {""};
		if (strcmp(*name, "ref") == 0)
			continue; // ten times slower than all others
		macs[n] = jg_mac_new(*name, &err);
		if (macs[n] == NULL)
			(void)fprintf(stderr, "bench_mac: %s left out: %s\n", *name, err.text);
		else
			n++;
	}
	macs[n] = jg_mac_new(NULL, NULL);
	return macs[n] == NULL ? n : n + 1;
}

int main(int argc, char **argv)
{
	static const unsigned lens[] = {96, 327, 1024, 0};
	static const unsigned bursts[] = {1, 2, 3, 4, 8, 16, 32, 64, 256};
	unsigned rounds = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 50;
	if (rounds == 0 || rounds > BENCH_SAMPLES_MAX) {
		(void)fprintf(stderr, "usage: bench_mac [ROUNDS]   1 to %d samples a row; 50\n",
			BENCH_SAMPLES_MAX);
		return 2;
	}
	struct work *work = aligned_alloc(JG_CACHE_LINE, sizeof(*work));
	if (work == NULL)
		return EXIT_FAILURE;
	memset(work, 0x5a, sizeof(*work));
	struct jg_mac *macs[ENGINES];
	unsigned n = open_engines(macs);
	for (int alg = 0; alg < JG_MAC_ALG_COUNT; alg++) {
		for (unsigned i = 0; i < KEYS; i++)
			jg_mac_key_init(&work->keys[i], (enum jg_mac_alg)alg, &i, sizeof(i));
		struct row row = {.alg_name = alg == JG_MAC_SHA256 ? "sha256" : "sha1",
			.alg = (enum jg_mac_alg)alg,
			.rounds = rounds};
		for (unsigned l = 0; l < JG_ARRAY_SIZE(lens); l++) {
			for (unsigned b = 0; b < JG_ARRAY_SIZE(bursts); b++) {
				row.len = lens[l];
				row.burst = bursts[b];
				row.set = "hot";
				row.messages = 256;
				run(macs, n, work, &row);
				row.set = "shuffled";
				row.messages = MESSAGES;
				if (row.burst == 32)
					run(macs, n, work, &row);
			}
		}
	}
	while (n > 0)
		jg_mac_free(macs[--n]);
	free(work);
	return EXIT_SUCCESS;
}
