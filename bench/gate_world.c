// SPDX-License-Identifier: BSD-3-Clause
#include "gate_world.h"

#include "answer.h"

#include <rte_eal.h>
#include <rte_eth_ring.h>
#include <rte_ring.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define SECRET "a secret of no particular length"
#define FRONT_KEY "a front end key of the bench"

struct gate_world gate;
static char tokens[GATE_TOKENS][JG_TOKEN_MAX / 16];

void gate_must(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "%s: %s\n", program_invocation_short_name, what);
	exit(1);
}

static void start_eal(void)
{
	char *words[] = {"bench_gate", "--no-huge", "--no-shconf", "--no-pci", "--no-telemetry",
		"--iova-mode=va", "-m", "256", "--log-level=3", "--lcores=0",
		"--file-prefix=jgbench-gate"};

	gate_must(rte_eal_init(JG_ARRAY_SIZE(words), words) >= 0, "EAL did not start");
}

static void make_rings(void)
{
	gate.in = rte_ring_create("in", 1024, 0, RING_F_SP_ENQ | RING_F_SC_DEQ);
	gate.out = rte_ring_create("out", 1024, 0, RING_F_SP_ENQ | RING_F_SC_DEQ);
	gate_must(rte_eth_from_rings("bench", &gate.in, 1, &gate.out, 1, 0) >= 0, "no ring port");
}

static void start_worker(const struct jg_config_port *config)
{
	struct jg_gate_options options = {.ports = config, .ports_n = 1};
	struct jg_error err = {.text = ""};

	gate_must(jg_port_start(&gate.port, 0, &options, &err) == 0, err.text);
	gate.channel = jg_channel_new("bench", 4, 0, &err);
	gate_must(gate.channel != NULL, err.text);
	struct jg_worker_options how = {.ports = &gate.port,
		.ports_n = 1,
		.workers = 1,
		.burst = GATE_BURST,
		.channel = gate.channel};
	gate.worker = jg_worker_new(&how, &err);
	gate_must(gate.worker != NULL, err.text);
}

static void make_state(void)
{
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

	gate_must(builder != NULL && jg_snapshot_builder_add(builder, &app, &err) == 0, err.text);
	gate_must(jg_snapshot_builder_allow(
			  builder, 1, JG_VENDOR_NONE, (struct jg_str){NULL, 0}, &err) == 0,
		err.text);
	gate.snapshot = jg_snapshot_build(builder, 1, &err);
	gate.state.snapshot = gate.snapshot;
	gate.state.front_ends = jg_front_ends_new(&front, 1, true, &err);
	gate_must(gate.snapshot != NULL && gate.state.front_ends != NULL, err.text);
}

void gate_publish(struct jg_channel *channel)
{
	struct jg_message message = {
		.epoch = 1, .payload = &gate.state, .kind = JG_MESSAGE_SNAPSHOT};

	gate_must(jg_channel_send(channel, &message), "the channel is full");
}

// Tokens as bench_core's: what a LiveKit SDK writes.
static void mint(void)
{
	struct jg_error err = {.text = ""};
	struct jg_minter *minter = jg_minter_new(NULL, &err);

	gate_must(minter != NULL, err.text);
	for (unsigned i = 0; i < GATE_TOKENS; i++) {
		char identity[32];
		char name[32];
		struct jg_minted minted = {.token = tokens[i], .size = sizeof(tokens[i])};
		struct jg_mint order = {.app = JG_STR("APIbench"),
			.room = JG_STR("daily-standup-42"),
			.claims = JG_STR("{\"video\":{\"roomJoin\":true,"
					 "\"room\":\"daily-standup-42\",\"canPublish\":true,"
					 "\"canSubscribe\":true,\"canPublishData\":true}}"),
			.issued_at = JG_TIME_NONE,
			.not_before = INT64_C(1700000000),
			.expires_at = INT64_C(4000000000),
			.vendor = JG_VENDOR_LIVEKIT};
		int n = snprintf(identity, sizeof(identity), "user-%08u", i);

		order.identity = (struct jg_str){identity, (uint32_t)n};
		n = snprintf(name, sizeof(name), "Participant number %08u", i);
		order.name = (struct jg_str){name, (uint32_t)n};
		jg_mint_burst(minter, gate.snapshot, GATE_NOW, &order, &minted, 1);
		gate_must(minted.len > 0, minted.problem);
		gate.requests[i] = (struct jg_request){.token = {tokens[i], minted.len},
			.vendor = JG_VENDOR_LIVEKIT,
			.type = JG_REQUEST_JOIN};
	}
	jg_minter_free(minter);
}

// The frame that the port answers to: its own answer with the roles turned round.
static void make_frame(struct gate_frame *f, const struct jg_request *request, uint16_t front_end,
	struct jg_wire_key *key)
{
	struct jg_interface peer = {.mac = {2, 0, 0, 0, 0, 2}, .udp_port = 40000};
	struct jg_frame back = {.source = {10, 0, 0, 1},
		.target = {10, 0, 0, 2},
		.family = 4,
		.source_port = gate.port.interface.udp_port};
	struct jg_wire_request wire = {.id = 1,
		.front_end = front_end,
		.type = JG_REQUEST_JOIN,
		.flags = JG_WIRE_WANT(IDENTITY) | JG_WIRE_WANT(ROOM)};
	uint8_t *payload = f->bytes + GATE_HEADERS;
	size_t len =
		jg_wire_request_build(&wire, request, payload, sizeof(f->bytes) - GATE_HEADERS);

	gate_must(len > 0, "a request does not fit its frame");
	if (front_end != 0)
		gate_must(jg_wire_request_sign(key, payload, len), "a request was not signed");
	memcpy(back.peer_mac, gate.port.interface.mac, 6);
	jg_answer_headers(&peer, &back,
		&(struct jg_answer){.len = (uint32_t)len + 8, .protocol = JG_PROTOCOL_UDP},
		f->bytes);
	jg_answer_udp(&peer, &back, payload, (uint32_t)len, false, f->bytes + 34);
	f->len = (uint32_t)len + GATE_HEADERS;
}

static void make_frames(void)
{
	struct jg_error err = {.text = ""};
	struct jg_wire_key *key = jg_wire_key_new(FRONT_KEY, sizeof(FRONT_KEY) - 1, &err);

	gate_must(key != NULL, err.text);
	for (unsigned i = 0; i < GATE_TOKENS; i++) {
		make_frame(&gate.frames[0][i], &gate.requests[i], 0, NULL);
		make_frame(&gate.frames[1][i], &gate.requests[i], 1, key);
	}
	jg_wire_key_free(key);
}

void gate_world_ask(void)
{
	gate_must(sched_getaffinity(0, sizeof(gate.others), &gate.others) == 0, "no affinity");
	if (CPU_COUNT(&gate.others) > 1)
		CPU_CLR(0, &gate.others);
	make_state();
	mint();
	make_frames();
}

void gate_world_start(const struct jg_config_port *port)
{
	static const struct jg_address address = {.family = 4, .bytes = {10, 0, 0, 1}};
	const struct jg_config_port rings = {.device = JG_STR("net_ring_bench"),
		.driver = JG_PORT_RING,
		.addresses = &address,
		.addresses_n = 1};

	start_eal();
	if (port == NULL)
		make_rings();
	start_worker(port == NULL ? &rings : port);
	gate_publish(gate.channel);
	make_frames();
}

static void *run(void *unused)
{
	(void)jg_worker_run(gate.worker);
	return unused;
}

pthread_t gate_worker_start(uint8_t idle)
{
	pthread_t thread = 0;
	pthread_attr_t attr;

	gate.worker->idle.mode = idle;
	pthread_attr_init(&attr);
	// EAL pinned this thread; the two must not share a core, not even until the new one moves itself.
	gate_must(pthread_attr_setaffinity_np(&attr, sizeof(gate.others), &gate.others) == 0 &&
			pthread_create(&thread, &attr, run, NULL) == 0,
		"no thread");
	pthread_attr_destroy(&attr);
	return thread;
}

void gate_worker_stop(pthread_t thread)
{
	const struct jg_message stop = {.kind = JG_MESSAGE_STOP};

	gate_must(jg_channel_send(gate.channel, &stop), "the channel is full");
	pthread_join(thread, NULL);
}

struct rte_mbuf *gate_request(const struct gate_frame *frame)
{
	struct rte_mbuf *mbuf = rte_pktmbuf_alloc(gate.port.pool);

	gate_must(mbuf != NULL, "no mbufs");
	memcpy(rte_pktmbuf_append(mbuf, (uint16_t)frame->len), frame->bytes, frame->len);
	return mbuf;
}
