// SPDX-License-Identifier: BSD-3-Clause
// Latency of an open loop: requests come when their time has come, whether or not earlier ones have
// been answered, and latency counts from that time. One worker, one generator, each on a core, over
// net_ring. Every verdict is looked at. --quick: a short run.
#include "bench.h"
#include "gate_world.h"

#include <rte_cycles.h>
#include <rte_ring.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
	WAITING = 1024, // requests in the worker's hands at most, a power of two
	BATCH = 32,
	SAMPLES = 1 << 20,
	REASON = 56, // where a reply has its reason (wire.h)
	WINDOW_MS = 100,
	WINDOWS = 2, // of a round at each load, and for the capacity
	ROUNDS = 12,
};

#define GROWN 1.05 // times

static const double shares[] = {0.5, 0.99, 0.999};

struct loop {
	double every; // cycles between requests on the average; 0 = as fast as they are taken
	double next;
	uint64_t random;
	uint64_t due[WAITING]; // when those without an answer were due, in their order
	unsigned sent;
	unsigned answered;
	unsigned samples_n;
	unsigned refused;
};

static uint32_t samples[SAMPLES];

// Exponentially distributed: arrivals of many clients that know nothing of each other.
static double until_next(struct loop *loop)
{
	loop->random = loop->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	double share = ((double)(loop->random >> 11) + 0.5) / 9007199254740992.0;

	return -log(share) * loop->every;
}

static void send_due(struct loop *loop, uint64_t now)
{
	void *batch[BATCH];
	unsigned n = 0;

	while (n < BATCH && loop->next <= (double)now &&
		loop->sent + n - loop->answered < WAITING / 2) {
		unsigned i = loop->sent + n;

		loop->due[i % WAITING] = loop->every > 0 ? (uint64_t)loop->next : now;
		batch[n++] = gate_request(&gate.frames[0][i % GATE_TOKENS]);
		loop->next += until_next(loop);
	}
	unsigned taken = rte_ring_enqueue_burst(gate.in, batch, n, NULL);
	gate_must(taken == n, "the ring has less room than it should");
	loop->sent += n;
}

static void take_replies(struct loop *loop)
{
	void *batch[BATCH];
	unsigned n = rte_ring_dequeue_burst(gate.out, batch, BATCH, NULL);
	uint64_t now = rte_rdtsc();

	for (unsigned i = 0; i < n; i++) {
		uint64_t due = loop->due[loop->answered++ % WAITING];
		const uint8_t *reply = rte_pktmbuf_mtod((struct rte_mbuf *)batch[i], uint8_t *);

		loop->refused += reply[GATE_HEADERS + REASON] != JG_REASON_OK;
		if (loop->samples_n < SAMPLES)
			samples[loop->samples_n++] = (uint32_t)RTE_MIN(now - due, UINT32_MAX);
	}
	rte_pktmbuf_free_bulk((struct rte_mbuf **)batch, n);
}

// Requests answered in a second, over one window.
static double run_window(struct loop *loop)
{
	uint64_t begin = rte_rdtsc();
	uint64_t end = begin + rte_get_tsc_hz() * WINDOW_MS / 1000;
	uint64_t now = begin;

	*loop = (struct loop){.every = loop->every, .random = loop->random, .next = (double)begin};
	for (; now < end; now = rte_rdtsc()) {
		send_due(loop, now);
		take_replies(loop);
	}
	double rate = loop->answered * 1000.0 / WINDOW_MS;
	while (loop->answered < loop->sent)
		take_replies(loop);
	gate_must(loop->refused == 0, "a token was refused");
	return rate;
}

static double find_capacity(void)
{
	struct loop loop = {.every = 0, .random = 1};
	double best = 0;

	for (unsigned i = 0; i < WINDOWS; i++) {
		double rate = run_window(&loop);

		best = rate > best ? rate : best;
	}
	return best;
}

static int order(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a;
	uint32_t y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

// What windows at one load have shown.
struct load {
	unsigned percent; // of the capacity
	double rate; // requests a second in the window with the best of the last share
	double round[WINDOWS][JG_ARRAY_SIZE(shares)]; // microseconds of this round's windows
	struct bench_samples us[JG_ARRAY_SIZE(shares)]; // of all rounds that count
};

static void measure_window(struct load *load, unsigned window, double capacity, uint64_t random)
{
	struct loop loop = {.every = (double)rte_get_tsc_hz() * 100 / (capacity * load->percent),
		.random = random};
	double us = 1e6 / (double)rte_get_tsc_hz();

	(void)run_window(&loop);
	qsort(samples, loop.samples_n, sizeof(samples[0]), order);
	for (unsigned k = 0; k < JG_ARRAY_SIZE(shares); k++)
		load->round[window][k] = us * samples[(unsigned)(shares[k] * (loop.samples_n - 1))];
}

static void count_round(struct load *load, double capacity)
{
	const unsigned last = JG_ARRAY_SIZE(shares) - 1;

	for (unsigned window = 0; window < WINDOWS; window++) {
		struct bench_samples *worst = &load->us[last];

		if (worst->n == 0 || load->round[window][last] < bench_quantile(worst, 0))
			load->rate = capacity * load->percent / 100;
		for (unsigned k = 0; k < JG_ARRAY_SIZE(shares); k++)
			bench_add(&load->us[k], load->round[window][k]);
	}
}

// What the machine's neighbours leave changes from one second to the next, and with it what a share of the capacity is:
// each round has the capacity that was measured right before it. It does not count when that has grown
// meanwhile, as the loads were lower than they should have been then.
static void run_rounds(struct load *loads, unsigned n, unsigned rounds)
{
	double capacity = find_capacity();
	unsigned counted = 0;

	for (unsigned round = 0; counted < rounds && round < 3 * rounds; round++) {
		for (unsigned i = 0; i < n; i++)
			for (unsigned window = 0; window < WINDOWS; window++)
				measure_window(
					&loads[i], window, capacity, round * WINDOWS + window);
		double before = capacity;
		capacity = find_capacity();
		if (capacity > before * GROWN)
			continue;
		for (unsigned i = 0; i < n; i++)
			count_round(&loads[i], before);
		counted++;
	}
	gate_must(counted > 0, "the machine changes too fast for any round to count");
}

// What a quiet window shows, and the median, which neighbours on the machine are in.
static void print_load(struct load *load)
{
	struct bench_samples *us = load->us;

	printf("{\"bench\": \"latency\", \"port\": \"net_ring\", \"load_percent\": %u, "
	       "\"requests_per_second\": %.0f, \"windows\": %u, \"p50_us\": %.1f, "
	       "\"p99_us\": %.1f, \"p999_us\": %.1f, \"p50_us_median\": %.1f, "
	       "\"p99_us_median\": %.1f, \"p999_us_median\": %.1f}\n",
		load->percent, load->rate, us[0].n, bench_quantile(&us[0], 0),
		bench_quantile(&us[1], 0), bench_quantile(&us[2], 0), bench_quantile(&us[0], 0.5),
		bench_quantile(&us[1], 0.5), bench_quantile(&us[2], 0.5));
}

int main(int argc, char **argv)
{
	static struct load loads[] = {
		{.percent = 10}, {.percent = 50}, {.percent = 80}, {.percent = 95}};
	unsigned rounds = argc > 1 && strcmp(argv[1], "--quick") == 0 ? 1 : ROUNDS;

	gate_world_ask();
	gate_world_start(NULL);
	pthread_t thread = gate_worker_start(JG_IDLE_POLL);
	run_rounds(loads, JG_ARRAY_SIZE(loads), rounds);
	gate_worker_stop(thread);
	for (unsigned i = 0; i < JG_ARRAY_SIZE(loads); i++)
		print_load(&loads[i]);
	return 0;
}
