// SPDX-License-Identifier: BSD-3-Clause
// HMAC engines: which there are, and which is the fastest for what.
#include "mac_engine.h"
#include "mac_imb.h"
#include "mac_lanes.h"
#include "mac_ref.h"
#include "simd/cpu.h"

#include <stdlib.h>

static const struct jg_mac_engine jg_ref = {
	.name = "ref", .burst = jg_ref_burst, .keys = jg_ref_keys};

static const struct jg_mac_engine *const engines[] = {
	&jg_ref,
	&jg_imb_sse,
	&jg_imb_avx,
	&jg_imb_avx2,
	&jg_imb_avx512,
	&jg_shani,
	&jg_avx512,
};

#define ENGINES JG_ARRAY_SIZE(engines)

// Bursts of 1, 2, up to 4, up to 8, and more; messages of up to 2, 8 and more blocks.
#define BURSTS 5
#define LENGTHS 3
static const uint16_t burst_sizes[BURSTS] = {1, 2, 4, 8, 32};
static const uint16_t message_lens[LENGTHS] = {96, 370, 1024};
#define ROUNDS 6
#define ROUNDS_MOST 64 // for the class of most tokens, whose choice matters most
#define FAR_BEHIND 4 // times; a neighbour on the CPU hardly ever makes an engine as slow as that

struct jg_mac {
	// Chosen for each class of work.
	uint8_t choice[JG_MAC_ALG_COUNT][BURSTS][LENGTHS];
	void *state[ENGINES];
	char name[96];
};

static bool usable(const struct jg_mac_engine *engine)
{
	return engine->usable == NULL || engine->usable();
}

const char *const *jg_mac_engines(void)
{
	// Written with the same words by every thread that comes first.
	static const char *names[ENGINES + 1];
	unsigned n = 0;
	for (unsigned i = 0; i < ENGINES; i++)
		if (usable(engines[i]))
			names[n++] = engines[i]->name;
	return names;
}

// The classes that a burst falls into.
static unsigned burst_class(unsigned n)
{
	unsigned class = 0;
	while (class < BURSTS - 1 && n > burst_sizes[class])
		class ++;
	return class;
}

static unsigned length_class(uint32_t len)
{
	return len <= 2 * JG_SHA_BLOCK ? 0 : len <= 8 * JG_SHA_BLOCK ? 1 : 2;
}

static bool engine_open(struct jg_mac *mac, unsigned engine)
{
	if (engines[engine]->open == NULL)
		return true;
	mac->state[engine] = engines[engine]->open();
	return mac->state[engine] != NULL;
}

static void engine_close(struct jg_mac *mac, unsigned engine)
{
	if (mac->state[engine] != NULL)
		engines[engine]->close(mac->state[engine]);
	mac->state[engine] = NULL;
}

// What engines are measured with.
struct trial {
	unsigned rounds;
	struct jg_mac_job jobs[32];
	struct jg_mac_key key;
	uint8_t message[1024];
};

// The better of two runs: the first may still be in the wake of another engine.
static uint64_t measure(
	struct jg_mac *mac, unsigned engine, enum jg_mac_alg alg, struct trial *trial, unsigned n)
{
	uint64_t best = UINT64_MAX;
	for (unsigned run = 0; run < 2; run++) {
		uint64_t start = jg_cpu_measure_cycles();
		engines[engine]->burst(mac->state[engine], alg, trial->jobs, n);
		uint64_t cycles = jg_cpu_measure_cycles() - start;
		if (cycles < best)
			best = cycles;
	}
	return best;
}

// The best of some rounds: what an engine can do when nobody disturbs it. Engines take turns, so that a slow phase
// of the machine meets all of them; one that is far behind is not waited for, but one that was met by a
// neighbour in its first round is.
static void compete(struct jg_mac *mac, const bool open[ENGINES], enum jg_mac_alg alg,
	struct trial *trial, unsigned n, uint64_t cycles[ENGINES])
{
	uint64_t best = UINT64_MAX;
	for (unsigned engine = 0; engine < ENGINES; engine++)
		cycles[engine] = UINT64_MAX;
	for (unsigned round = 0; round < trial->rounds; round++) {
		for (unsigned engine = 0; engine < ENGINES; engine++) {
			if (!open[engine] || (round > 0 && cycles[engine] / FAR_BEHIND > best))
				continue;
			uint64_t took = measure(mac, engine, alg, trial, n);
			if (took < cycles[engine])
				cycles[engine] = took;
			if (took < best)
				best = took;
		}
	}
}

// The fastest of the open engines for a class. Another one than the favourite must be worth it: each
// more in use is more memory to keep warm.
static unsigned fastest(const uint64_t cycles[ENGINES], unsigned favourite)
{
	unsigned best = favourite;
	for (unsigned engine = 0; engine < ENGINES; engine++)
		if (cycles[engine] < cycles[best])
			best = engine;
	return cycles[best] < cycles[favourite] / 16 * 15 ? best : favourite;
}

static void calibrate(
	struct jg_mac *mac, const bool open[ENGINES], enum jg_mac_alg alg, struct trial *trial)
{
	unsigned favourite = 0;
	for (unsigned i = 0; i < BURSTS * LENGTHS; i++) {
		// The class of most tokens comes first: big bursts, middle length.
		unsigned class = ((BURSTS - 1) * LENGTHS + 1 + i) % (BURSTS * LENGTHS);
		unsigned burst = class / LENGTHS;
		unsigned length = class % LENGTHS;
		for (unsigned j = 0; j < burst_sizes[burst]; j++)
			trial->jobs[j] = (struct jg_mac_job){.message = trial->message,
				.key = &trial->key,
				.len = message_lens[length]};
		uint64_t cycles[ENGINES];
		trial->rounds = i == 0 && alg == JG_MAC_SHA256 ? ROUNDS_MOST : ROUNDS;
		compete(mac, open, alg, trial, burst_sizes[burst], cycles);
		unsigned best = fastest(cycles, favourite);
		if (i == 0)
			favourite = best;
		mac->choice[alg][burst][length] = (uint8_t)best;
	}
}

static bool chosen(const struct jg_mac *mac, unsigned engine)
{
	return memchr(mac->choice, (int)engine, sizeof(mac->choice)) != NULL;
}

// May this engine be chosen? named: the only one for SHA-256, or ENGINES for any.
static bool candidate(unsigned engine, enum jg_mac_alg alg, unsigned named)
{
	if (alg == JG_MAC_SHA256 && named != ENGINES)
		return engine == named;
	// "ref" is the slowest wherever there is another.
	return engine > 0 && (alg == JG_MAC_SHA256 || !engines[engine]->sha256_only);
}

static bool fastest_select(struct jg_mac *mac, unsigned named)
{
	struct trial *trial = aligned_alloc(JG_CACHE_LINE, sizeof(*trial));
	if (trial == NULL)
		return false;
	memset(trial, 0, sizeof(*trial));
	for (int a = 0; a < JG_MAC_ALG_COUNT; a++) {
		enum jg_mac_alg alg = (enum jg_mac_alg)a;
		bool open[ENGINES] = {false};
		unsigned open_n = 0;
		for (unsigned i = 0; i < ENGINES; i++) {
			open[i] = candidate(i, alg, named) && usable(engines[i]) &&
				(mac->state[i] != NULL || engine_open(mac, i));
			open_n += open[i];
		}
		if (open_n > 0)
			calibrate(mac, open, alg, trial);
	}
	free(trial);
	for (unsigned i = 0; i < ENGINES; i++)
		if (!chosen(mac, i))
			engine_close(mac, i);
	return true;
}

// Appends a word behind a separator, if there is room for it.
static size_t append(char *text, size_t size, size_t len, const char *word, char separator)
{
	size_t more = strlen(word);
	if (len + more + 2 > size)
		return len;
	if (len > 0)
		text[len++] = separator;
	memcpy(text + len, word, more + 1);
	return len + more;
}

static int find_engine(const char *name, struct jg_error *err)
{
	const char *why = "there is none of this name";
	for (unsigned i = 0; i < ENGINES; i++) {
		if (strcmp(engines[i]->name, name) != 0)
			continue;
		if (usable(engines[i]))
			return (int)i;
		why = "this CPU cannot run it";
	}
	char names[ENGINES * 16];
	size_t len = 0;
	for (unsigned i = 0; i < ENGINES; i++)
		if (usable(engines[i]))
			len = append(names, sizeof(names), len, engines[i]->name, ' ');
	jg_error_set(err, "MAC engine \"%.32s\": %s; expected one of: %s", name, why, names);
	return -1;
}

// The engine for most tokens first, then the others that are used.
static void describe(struct jg_mac *mac)
{
	unsigned main = mac->choice[JG_MAC_SHA256][BURSTS - 1][1];
	size_t len = append(mac->name, sizeof(mac->name), 0, engines[main]->name, '+');
	for (unsigned i = 0; i < ENGINES; i++)
		if (i != main && chosen(mac, i))
			len = append(mac->name, sizeof(mac->name), len, engines[i]->name, '+');
}

struct jg_mac *jg_mac_new(const char *engine, struct jg_error *err)
{
	int named = engine == NULL ? -1 : find_engine(engine, err);
	if (engine != NULL && named < 0)
		return NULL;
	struct jg_mac *mac = calloc(1, sizeof(*mac));
	bool ok = mac != NULL;
	if (ok && named >= 0 && !engines[named]->sha256_only) {
		memset(mac->choice, named, sizeof(mac->choice));
		ok = engine_open(mac, (unsigned)named);
	} else if (ok) {
		ok = fastest_select(mac, named < 0 ? ENGINES : (unsigned)named);
		// A named engine that could not be opened has left its place to "ref".
		ok = ok && (named < 0 || chosen(mac, (unsigned)named));
	}
	if (!ok) {
		jg_error_set(err, "no memory for a MAC engine");
		jg_mac_free(mac);
		return NULL;
	}
	describe(mac);
	return mac;
}

void jg_mac_free(struct jg_mac *mac)
{
	if (mac == NULL)
		return;
	for (unsigned i = 0; i < ENGINES; i++)
		engine_close(mac, i);
	free(mac);
}

const char *jg_mac_name(const struct jg_mac *mac)
{
	return mac->name;
}

void jg_mac_burst(struct jg_mac *mac, enum jg_mac_alg alg, struct jg_mac_job *jobs, unsigned n)
{
	if (n == 0)
		return;
	// One length stands for all: bursts are mixed rarely, and a wrong class is only slower.
	const struct jg_mac_job *job = &jobs[n / 2];
	unsigned engine = mac->choice[alg][burst_class(n)][length_class(job->len - job->done)];
	engines[engine]->burst(mac->state[engine], alg, jobs, n);
}

void jg_mac_keys_burst(
	struct jg_mac *mac, const struct jg_mac_job *jobs, struct jg_mac_key *keys, unsigned n)
{
	unsigned engine = mac->choice[JG_MAC_SHA256][burst_class(n)][0];
	engines[engine]->keys(mac->state[engine], jobs, keys, n);
}
