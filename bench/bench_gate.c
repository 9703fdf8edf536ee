// SPDX-License-Identifier: BSD-3-Clause
// What the packet path adds to the core: one worker over net_ring, frames in, replies out, polled in
// this thread so that only its own time counts; against jg_verify_burst() on the same tokens,
// alternating, best and median. Without and with front end MACs. Then what the idle settings cost.
#include "answer.h"
#include "bench.h"
#include "bytes.h"
#include "worker.h"

#include <rte_eal.h>
#include <rte_eth_ring.h>
#include <rte_mbuf.h>
#include <rte_ring.h>

#include <pthread.h>
#include <sched.h>
#include <stdio.h>

#define TOKENS 1024
#define BURST 64
#define ROUNDS 600
#define IDLE_ROUNDS 300
#define FRAME_MAX 1400
#define NOW INT64_C(1800000000)
#define SECRET "a secret of no particular length"
#define FRONT_KEY "a front end key of the bench"

struct frame {
	uint8_t bytes[FRAME_MAX];
	uint32_t len;
};

static cpu_set_t others; // all CPUs but the first
static struct jg_port port;
static struct rte_ring *in;
static struct rte_ring *out;
static struct jg_worker *worker;
static struct jg_channel *channel;
static struct jg_snapshot *snapshot;
static char tokens[TOKENS][JG_TOKEN_MAX / 16];
static struct jg_request requests[TOKENS];
static struct frame frames[2][TOKENS]; // without and with MAC

static void must(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "bench_gate: %s\n", what);
	exit(1);
}

static void start_eal(void)
{
	char *words[] = {"bench_gate", "--no-huge", "--no-shconf", "--no-pci", "--no-telemetry",
		"--iova-mode=va", "-m", "256", "--log-level=3", "--lcores=0",
		"--file-prefix=jgbench-gate"};

	must(sched_getaffinity(0, sizeof(others), &others) == 0, "no affinity");
	if (CPU_COUNT(&others) > 1)
		CPU_CLR(0, &others);
	must(rte_eal_init(JG_ARRAY_SIZE(words), words) >= 0, "EAL did not start");
	in = rte_ring_create("in", 256, 0, RING_F_SP_ENQ | RING_F_SC_DEQ);
	out = rte_ring_create("out", 256, 0, RING_F_SP_ENQ | RING_F_SC_DEQ);
	must(rte_eth_from_rings("bench", &in, 1, &out, 1, 0) >= 0, "no ring port");
}

static void start_worker(void)
{
	static const struct jg_address address = {.family = 4, .bytes = {10, 0, 0, 1}};
	struct jg_config_port config = {.device = JG_STR("net_ring_bench"),
		.driver = JG_PORT_RING,
		.addresses = &address,
		.addresses_n = 1};
	struct jg_gate_options options = {.ports = &config, .ports_n = 1};
	struct jg_error err = {.text = ""};

	must(jg_port_start(&port, 0, &options, &err) == 0, err.text);
	channel = jg_channel_new("bench", 4, 0, &err);
	must(channel != NULL, err.text);
	struct jg_worker_options how = {
		.ports = &port, .ports_n = 1, .workers = 1, .burst = BURST, .channel = channel};
	worker = jg_worker_new(&how, &err);
	must(worker != NULL, err.text);
}

static void publish(void)
{
	static struct jg_gate_state state;
	static const struct jg_address from = {.family = 4, .bytes = {10}, .prefix = 8};
	struct jg_secret secret = {.id = JG_STR("a"),
		.secret = JG_STR(SECRET),
		.not_before = JG_TIME_NONE,
		.not_after = JG_TIME_NONE};
	struct jg_app app = {.key = JG_STR("APIbench"),
		.secrets = &secret,
		.secrets_n = 1,
		.vendor = JG_VENDOR_LIVEKIT,
		.policy = jg_policy_default()};
	struct jg_front_end_entry front = {
		.id = 1, .caller = 1, .key = JG_STR(FRONT_KEY), .from = &from, .from_n = 1};
	struct jg_error err = {.text = ""};
	struct jg_snapshot_builder *builder = jg_snapshot_builder_new();

	must(builder != NULL && jg_snapshot_builder_add(builder, &app, &err) == 0, err.text);
	must(jg_snapshot_builder_allow(
		     builder, 1, JG_VENDOR_NONE, (struct jg_str){NULL, 0}, &err) == 0,
		err.text);
	snapshot = jg_snapshot_build(builder, 1, &err);
	state.snapshot = snapshot;
	state.front_ends = jg_front_ends_new(&front, 1, true, &err);
	must(snapshot != NULL && state.front_ends != NULL, err.text);
	struct jg_message message = {.epoch = 1, .payload = &state, .kind = JG_MESSAGE_SNAPSHOT};
	must(jg_channel_send(channel, &message), "the channel is full");
}

static void mint(void)
{
	struct jg_error err = {.text = ""};
	struct jg_minter *minter = jg_minter_new(NULL, &err);

	must(minter != NULL, err.text);
	for (unsigned i = 0; i < TOKENS; i++) {
		char identity[32];
		struct jg_minted minted = {.token = tokens[i], .size = sizeof(tokens[i])};
		struct jg_mint order = {.app = JG_STR("APIbench"),
			.room = JG_STR("the-weekly-meeting"),
			.name = JG_STR("A participant of the weekly meeting"),
			.capabilities = JG_CAPABILITY(JOIN) | JG_CAPABILITY(SUBSCRIBE),
			.issued_at = JG_TIME_NONE,
			.not_before = JG_TIME_NONE,
			.expires_at = INT64_C(4000000000),
			.vendor = JG_VENDOR_LIVEKIT};
		int n = snprintf(identity, sizeof(identity), "user-%08u", i);

		order.identity = (struct jg_str){identity, (uint32_t)n};
		jg_mint_burst(minter, snapshot, NOW, &order, &minted, 1);
		must(minted.len > 0, minted.problem);
		requests[i] = (struct jg_request){.token = {tokens[i], minted.len},
			.vendor = JG_VENDOR_LIVEKIT,
			.type = JG_REQUEST_JOIN};
	}
	jg_minter_free(minter);
}

// The frame that the port answers to: its own answer with the roles turned round.
static void make_frame(struct frame *f, const struct jg_request *request, uint16_t front_end,
	struct jg_wire_key *key)
{
	struct jg_interface peer = {.mac = {2, 0, 0, 0, 0, 2}, .udp_port = 40000};
	struct jg_frame back = {.source = {10, 0, 0, 1},
		.target = {10, 0, 0, 2},
		.family = 4,
		.source_port = port.interface.udp_port};
	struct jg_wire_request wire = {.id = 1,
		.front_end = front_end,
		.type = JG_REQUEST_JOIN,
		.flags = JG_WIRE_WANT(IDENTITY) | JG_WIRE_WANT(ROOM)};
	uint8_t *payload = f->bytes + 42;
	size_t len = jg_wire_request_build(&wire, request, payload, sizeof(f->bytes) - 42);

	must(len > 0, "a request does not fit its frame");
	if (front_end != 0)
		must(jg_wire_request_sign(key, payload, len), "a request was not signed");
	memcpy(back.peer_mac, port.interface.mac, 6);
	jg_answer_headers(&peer, &back,
		&(struct jg_answer){.len = (uint32_t)len + 8, .protocol = JG_PROTOCOL_UDP},
		f->bytes);
	jg_answer_udp(&peer, &back, payload, (uint32_t)len, false, f->bytes + 34);
	f->len = (uint32_t)len + 42;
}

static void make_frames(void)
{
	struct jg_error err = {.text = ""};
	struct jg_wire_key *key = jg_wire_key_new(FRONT_KEY, sizeof(FRONT_KEY) - 1, &err);

	must(key != NULL, err.text);
	for (unsigned i = 0; i < TOKENS; i++) {
		make_frame(&frames[0][i], &requests[i], 0, NULL);
		make_frame(&frames[1][i], &requests[i], 1, key);
	}
	jg_wire_key_free(key);
}

// Nanoseconds a request of one burst through the worker.
static double poll_burst(const struct frame *burst)
{
	struct rte_mbuf *mbufs[BURST];
	void *replies[BURST];

	must(rte_pktmbuf_alloc_bulk(port.pool, mbufs, BURST) == 0, "no mbufs");
	for (unsigned i = 0; i < BURST; i++)
		memcpy(rte_pktmbuf_append(mbufs[i], (uint16_t)burst[i].len), burst[i].bytes,
			burst[i].len);
	must(rte_ring_enqueue_bulk(in, (void **)mbufs, BURST, NULL) == BURST, "the ring is full");
	double begin = bench_now_ns();
	(void)jg_worker_poll(worker);
	double each = (bench_now_ns() - begin) / BURST;
	must(rte_ring_dequeue_bulk(out, replies, BURST, NULL) == BURST, "replies are missing");
	rte_pktmbuf_free_bulk((struct rte_mbuf **)replies, BURST);
	return each;
}

static double verify_burst(struct jg_verifier *verifier, const struct jg_request *burst)
{
	static struct jg_verdict verdicts[BURST];
	double begin = bench_now_ns();

	jg_verify_burst(verifier, snapshot, NOW, burst, verdicts, BURST);
	double each = (bench_now_ns() - begin) / BURST;
	must(verdicts[0].reason == JG_REASON_OK, "a token was refused");
	return each;
}

static void measure(bool authenticated, struct jg_verifier *verifier)
{
	static struct bench_samples core;
	static struct bench_samples path;

	core.n = path.n = 0;
	for (unsigned round = 0; round < ROUNDS; round++) {
		unsigned at = round * BURST % TOKENS;

		bench_add(&core, verify_burst(verifier, &requests[at]));
		bench_add(&path, poll_burst(&frames[authenticated][at]));
	}
	double core_best = bench_quantile(&core, 0);
	double path_best = bench_quantile(&path, 0);
	printf("{\"bench\": \"gate\", \"port\": \"net_ring\", \"authenticated\": %s, \"burst\": "
	       "%u, "
	       "\"token_bytes\": %u, \"core_ns\": %.1f, \"core_ns_median\": %.1f, \"path_ns\": "
	       "%.1f, "
	       "\"path_ns_median\": %.1f, \"share_of_core_rate\": %.3f, \"requests_per_second\": "
	       "%.0f}\n",
		authenticated ? "true" : "false", BURST, requests[0].token.len, core_best,
		bench_quantile(&core, 0.5), path_best, bench_quantile(&path, 0.5),
		core_best / path_best, 1e9 / path_best);
}

// Nanoseconds from a lone request to its answer, while the worker runs in a thread of its own.
static double ask_alone(unsigned i)
{
	struct rte_mbuf *mbuf = rte_pktmbuf_alloc(port.pool);
	void *reply = NULL;

	must(mbuf != NULL, "no mbufs");
	memcpy(rte_pktmbuf_append(mbuf, (uint16_t)frames[0][i].len), frames[0][i].bytes,
		frames[0][i].len);
	double begin = bench_now_ns();
	must(rte_ring_enqueue(in, mbuf) == 0, "the ring is full");
	while (rte_ring_dequeue(out, &reply) != 0)
		must(bench_now_ns() - begin < 5e9, "no answer within five seconds");
	double took = bench_now_ns() - begin;
	rte_pktmbuf_free(reply);
	return took;
}

static void *run(void *unused)
{
	// EAL pinned the thread that made this one; the two must not share a core.
	(void)pthread_setaffinity_np(pthread_self(), sizeof(others), &others);
	(void)jg_worker_run(worker);
	return unused;
}

static double cpu_seconds(pthread_t thread)
{
	clockid_t clock;
	struct timespec used;

	must(pthread_getcpuclockid(thread, &clock) == 0, "no clock of a thread");
	clock_gettime(clock, &used);
	return (double)used.tv_sec + (double)used.tv_nsec * 1e-9;
}

// What an idle setting costs: latency of requests that come after two quiet milliseconds, and the
// share of a core that a quiet gate burns.
static void measure_idle(uint8_t mode, const char *name)
{
	static struct bench_samples alone;
	const struct jg_message stop = {.kind = JG_MESSAGE_STOP};
	const struct timespec quiet = {.tv_nsec = 2000000};
	const struct timespec half = {.tv_nsec = 500000000};
	pthread_t thread;

	alone.n = 0;
	worker->idle.mode = mode;
	must(pthread_create(&thread, NULL, run, NULL) == 0, "no thread");
	for (unsigned i = 0; i < IDLE_ROUNDS; i++) {
		nanosleep(&quiet, NULL);
		bench_add(&alone, ask_alone(i));
	}
	double before = cpu_seconds(thread);
	nanosleep(&half, NULL);
	double burnt = (cpu_seconds(thread) - before) / 0.5;
	must(jg_channel_send(channel, &stop), "the channel is full");
	pthread_join(thread, NULL);
	printf("{\"bench\": \"idle\", \"idle\": \"%s\", \"requests\": %u, \"p50_us\": %.1f, "
	       "\"p99_us\": %.1f, \"core_share\": %.3f}\n",
		name, alone.n, bench_quantile(&alone, 0.5) / 1000,
		bench_quantile(&alone, 0.99) / 1000, burnt);
}

int main(void)
{
	struct jg_error err = {.text = ""};

	start_eal();
	start_worker();
	publish();
	mint();
	make_frames();
	struct jg_verifier *verifier = jg_verifier_new(NULL, &err);
	must(verifier != NULL, err.text);
	measure(false, verifier);
	measure(true, verifier);
	jg_verifier_free(verifier);
	measure_idle(JG_IDLE_POLL, "poll");
	measure_idle(JG_IDLE_PAUSE, "pause");
	measure_idle(JG_IDLE_SLEEP, "sleep");
	must(jg_counters_fates(&worker->counters) == 2 * ROUNDS * BURST + 3 * IDLE_ROUNDS,
		"packets without a fate");
	return 0;
}
