// SPDX-License-Identifier: BSD-3-Clause
// What the packet path adds to the core: one worker over net_ring, frames in, replies out, polled in
// this thread so that only its own time counts; against jg_verify_burst() on the same tokens,
// alternating, best and median. Without and with front end MACs. Against the same path built without
// counting: what counters and histograms cost. Then what the idle settings cost.
#include "bench.h"
#include "gate_world.h"
#include "internal/wire_reply.h"
#include "uncounted.h"

#include <rte_ring.h>

#include <stdio.h>

#define ROUNDS 600
#define COUNTING_ROUNDS 1000
#define IDLE_ROUNDS 300

typedef bool poll_worker(struct jg_worker *worker);

// A burst's frames as they come from a port.
static void receive(struct rte_mbuf *mbufs[GATE_BURST], const struct gate_frame *burst)
{
	gate_must(rte_pktmbuf_alloc_bulk(gate.port.pool, mbufs, GATE_BURST) == 0, "no mbufs");
	for (unsigned i = 0; i < GATE_BURST; i++)
		memcpy(rte_pktmbuf_append(mbufs[i], (uint16_t)burst[i].len), burst[i].bytes,
			burst[i].len);
}

// Nanoseconds a request of one burst through a worker.
static double poll_burst(
	poll_worker *poll, struct jg_worker *worker, const struct gate_frame *burst)
{
	struct rte_mbuf *mbufs[GATE_BURST];
	void *replies[GATE_BURST];

	receive(mbufs, burst);
	gate_must(rte_ring_enqueue_bulk(gate.in, (void **)mbufs, GATE_BURST, NULL) == GATE_BURST,
		"the ring is full");
	double begin = bench_now_ns();
	(void)poll(worker);
	double each = (bench_now_ns() - begin) / GATE_BURST;
	gate_must(rte_ring_dequeue_bulk(gate.out, replies, GATE_BURST, NULL) == GATE_BURST,
		"replies are missing");
	rte_pktmbuf_free_bulk((struct rte_mbuf **)replies, GATE_BURST);
	return each;
}

// The core alone: the same tokens, where the path finds them.
static double verify_burst(struct jg_verifier *verifier, unsigned at)
{
	static struct jg_verdict verdicts[GATE_BURST];
	struct jg_request requests[GATE_BURST];
	struct rte_mbuf *mbufs[GATE_BURST];

	receive(mbufs, &gate.frames[0][at]);
	for (unsigned i = 0; i < GATE_BURST; i++) {
		requests[i] = gate.requests[at + i];
		requests[i].token.p = rte_pktmbuf_mtod_offset(
			mbufs[i], const char *, GATE_HEADERS + JG_WIRE_LONE_TOKEN);
	}
	double begin = bench_now_ns();
	jg_verify_burst(verifier, gate.snapshot, GATE_NOW, requests, verdicts, GATE_BURST);
	double each = (bench_now_ns() - begin) / GATE_BURST;
	for (unsigned i = 0; i < GATE_BURST; i++)
		gate_must(verdicts[i].reason == JG_REASON_OK, "a token was refused");
	rte_pktmbuf_free_bulk(mbufs, GATE_BURST);
	return each;
}

static void measure(bool authenticated, struct jg_verifier *verifier)
{
	static struct bench_samples core;
	static struct bench_samples path;

	core.n = path.n = 0;
	for (unsigned round = 0; round < ROUNDS; round++) {
		unsigned at = round * GATE_BURST % GATE_TOKENS;

		bench_add(&core, verify_burst(verifier, at));
		bench_add(&path,
			poll_burst(jg_worker_poll, gate.worker, &gate.frames[authenticated][at]));
	}
	double core_best = bench_quantile(&core, 0);
	double path_best = bench_quantile(&path, 0);
	printf("{\"bench\": \"gate\", \"port\": \"net_ring\", \"authenticated\": %s, \"burst\": "
	       "%u, "
	       "\"token_bytes\": %u, \"core_ns\": %.1f, \"core_ns_median\": %.1f, \"path_ns\": "
	       "%.1f, "
	       "\"path_ns_median\": %.1f, \"share_of_core_rate\": %.3f, \"requests_per_second\": "
	       "%.0f}\n",
		authenticated ? "true" : "false", GATE_BURST, gate.requests[0].token.len, core_best,
		bench_quantile(&core, 0.5), path_best, bench_quantile(&path, 0.5),
		core_best / path_best, 1e9 / path_best);
}

// The same worker with and without its counters and histograms, in turns.
static void measure_counting(void)
{
	static struct bench_samples with;
	static struct bench_samples without;
	static struct bench_samples ratio; // of a round's two
	struct jg_error err = {.text = ""};
	struct jg_worker_options how = gate.worker->options;

	how.channel = jg_channel_new("uncounted", 4, 0, &err);
	gate_must(how.channel != NULL, err.text);
	struct jg_worker *bare = jg_worker_new_uncounted(&how, &err);
	gate_must(bare != NULL, err.text);
	gate_publish(how.channel);
	// One verifier for both: another one has its tables elsewhere, and maybe another MAC engine.
	struct jg_verifier *own = bare->judge.verifier;
	bare->judge.verifier = gate.worker->judge.verifier;
	for (unsigned round = 0; round < COUNTING_ROUNDS; round++) {
		const struct gate_frame *burst = &gate.frames[0][round * GATE_BURST % GATE_TOKENS];
		double ns[2];

		// Nobody always follows the same one.
		for (unsigned turn = 0; turn < 2; turn++) {
			unsigned counted = (round + turn) % 2;

			ns[counted] = counted != 0
				? poll_burst(jg_worker_poll, gate.worker, burst)
				: poll_burst(jg_worker_poll_uncounted, bare, burst);
		}
		bench_add(&with, ns[1]);
		bench_add(&without, ns[0]);
		bench_add(&ratio, ns[1] / ns[0]);
	}
	gate_must(jg_counters_fates(&bare->counters) == 0, "the bare worker counts");
	bare->judge.verifier = own;
	jg_worker_free_uncounted(bare);
	jg_channel_free(how.channel);
	printf("{\"bench\": \"counting\", \"burst\": %u, \"counted_ns\": %.2f, \"bare_ns\": %.2f, "
	       "\"counted_ns_median\": %.2f, \"bare_ns_median\": %.2f, \"cost_percent\": %.2f}\n",
		GATE_BURST, bench_quantile(&with, 0), bench_quantile(&without, 0),
		bench_quantile(&with, 0.5), bench_quantile(&without, 0.5),
		(bench_quantile(&ratio, 0.5) - 1) * 100);
}

// Nanoseconds from a lone request to its answer, while the worker runs in a thread of its own.
static double ask_alone(unsigned i)
{
	struct rte_mbuf *mbuf = gate_request(&gate.frames[0][i]);
	void *reply = NULL;

	double begin = bench_now_ns();
	gate_must(rte_ring_enqueue(gate.in, mbuf) == 0, "the ring is full");
	while (rte_ring_dequeue(gate.out, &reply) != 0)
		gate_must(bench_now_ns() - begin < 5e9, "no answer within five seconds");
	double took = bench_now_ns() - begin;
	rte_pktmbuf_free(reply);
	return took;
}

static double cpu_seconds(pthread_t thread)
{
	clockid_t clock;
	struct timespec used;

	gate_must(pthread_getcpuclockid(thread, &clock) == 0, "no clock of a thread");
	clock_gettime(clock, &used);
	return (double)used.tv_sec + (double)used.tv_nsec * 1e-9;
}

// What an idle setting costs: latency of requests that come after two quiet milliseconds, and the
// share of a core that a quiet gate burns.
static void measure_idle(uint8_t mode, const char *name)
{
	static struct bench_samples alone;
	const struct timespec quiet = {.tv_nsec = 2000000};
	const struct timespec half = {.tv_nsec = 500000000};

	alone.n = 0;
	pthread_t thread = gate_worker_start(mode);
	for (unsigned i = 0; i < IDLE_ROUNDS; i++) {
		nanosleep(&quiet, NULL);
		bench_add(&alone, ask_alone(i));
	}
	double before = cpu_seconds(thread);
	nanosleep(&half, NULL);
	double burnt = (cpu_seconds(thread) - before) / 0.5;
	gate_worker_stop(thread);
	printf("{\"bench\": \"idle\", \"idle\": \"%s\", \"requests\": %u, \"p50_us\": %.1f, "
	       "\"p99_us\": %.1f, \"core_share\": %.3f}\n",
		name, alone.n, bench_quantile(&alone, 0.5) / 1000,
		bench_quantile(&alone, 0.99) / 1000, burnt);
}

int main(void)
{
	struct jg_error err = {.text = ""};

	gate_world_ask();
	gate_world_start(NULL);
	struct jg_verifier *verifier = jg_verifier_new(NULL, &err);
	gate_must(verifier != NULL, err.text);
	measure(false, verifier);
	measure(true, verifier);
	jg_verifier_free(verifier);
	measure_counting();
	measure_idle(JG_IDLE_POLL, "poll");
	measure_idle(JG_IDLE_PAUSE, "pause");
	measure_idle(JG_IDLE_SLEEP, "sleep");
	gate_must(jg_counters_fates(&gate.worker->counters) ==
			(2 * ROUNDS + COUNTING_ROUNDS) * GATE_BURST + 3 * IDLE_ROUNDS,
		"packets without a fate");
	return 0;
}
