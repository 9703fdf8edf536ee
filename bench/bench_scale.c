// SPDX-License-Identifier: BSD-3-Clause
// Two verifier threads against one, over one snapshot and the same 20 000 tokens. JSON lines: by the
// threads' own CPU time (what sharing caches and memory costs), and by the clock on the wall.
#include "contender.h"

#include <pthread.h>
#include <stdio.h>

#define TOKENS 20000u

struct thread {
	pthread_t id;
	struct bench_contender contender;
	double sample; // of the last round; negative: wrong
};

static pthread_barrier_t begin, end;
static bool together; // does the second thread work in this round?
static bool over;

static void *second(void *arg)
{
	struct thread *t = arg;
	for (;;) {
		pthread_barrier_wait(&begin);
		if (over)
			return NULL;
		if (together)
			t->sample = bench_verify_sample(&t->contender);
		pthread_barrier_wait(&end);
	}
}

// Nanoseconds on the wall; threads' samples are in theirs.
static double one_round(struct thread *first, bool both)
{
	together = both;
	pthread_barrier_wait(&begin);
	double start = bench_now_ns();
	first->sample = bench_verify_sample(&first->contender);
	pthread_barrier_wait(&end);
	return bench_now_ns() - start;
}

static bool measure(struct thread threads[2], unsigned rounds)
{
	static struct bench_samples alone, shared, wall_alone, wall_shared;
	for (unsigned i = 0; i < 2 * rounds; i++) {
		bool both = i % 2 == 1;
		double wall = one_round(&threads[0], both);
		if (threads[0].sample < 0 || (both && threads[1].sample < 0))
			return false;
		bench_add(both ? &wall_shared : &wall_alone, wall / TOKENS);
		bench_add(both ? &shared : &alone,
			both ? (threads[0].sample + threads[1].sample) / 2 : threads[0].sample);
	}
	double one = bench_quantile(&alone, 0.5), two = bench_quantile(&shared, 0.5);
	double wall_one = bench_quantile(&wall_alone, 0),
	       wall_two = bench_quantile(&wall_shared, 0);
	(void)printf("{\"bench\": \"scale\", \"threads\": 2, \"tokens\": %u, \"alone_ns\": %.1f, "
		     "\"together_ns\": %.1f, \"speedup\": %.3f, \"wall_alone_ns\": %.1f, "
		     "\"wall_together_ns\": %.1f, \"wall_speedup\": %.3f}\n",
		TOKENS, one, two, 2 * one / two, wall_one, wall_two, 2 * wall_one / wall_two);
	return true;
}

static bool prepare(struct thread threads[2], struct bench_population *population)
{
	struct jg_error err = {""};
	const struct jg_verifier_options options = {.seed = 1};
	for (unsigned i = 0; i < 2; i++) {
		threads[i].contender = (struct bench_contender){.population = population,
			.burst = 32,
			.items = TOKENS,
			.place = i * TOKENS / 2,
			.verifier = jg_verifier_new(&options, &err)};
		if (threads[i].contender.verifier == NULL) {
			(void)fprintf(stderr, "bench_scale: %s\n", err.text);
			return false;
		}
	}
	return bench_check_all(&threads[0].contender);
}

int main(int argc, char **argv)
{
	static struct thread threads[2];
	unsigned rounds = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 100;
	if (rounds == 0 || rounds > BENCH_SAMPLES_MAX) {
		(void)fprintf(
			stderr, "usage: bench_scale [ROUNDS]   1 to %d; 100\n", BENCH_SAMPLES_MAX);
		return 2;
	}
	const struct bench_plan plan = {.tokens = TOKENS,
		.shapes = 1,
		.apps = 1,
		.vendor = JG_VENDOR_LIVEKIT,
		.format = JG_FORMAT_JWT_HS256};
	struct bench_population *population = bench_population_new(&plan);
	bool ok = population != NULL && prepare(threads, population);
	ok = ok && pthread_barrier_init(&begin, NULL, 2) == 0 &&
		pthread_barrier_init(&end, NULL, 2) == 0;
	if (ok && pthread_create(&threads[1].id, NULL, second, &threads[1]) == 0) {
		ok = measure(threads, rounds);
		over = true;
		pthread_barrier_wait(&begin);
		(void)pthread_join(threads[1].id, NULL);
	}
	if (!ok)
		(void)fprintf(stderr, "bench_scale: wrong answers, or no memory\n");
	for (unsigned i = 0; i < 2; i++)
		jg_verifier_free(threads[i].contender.verifier);
	bench_population_free(population);
	return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
