// SPDX-License-Identifier: BSD-3-Clause
#include "internal/gate.h"

#include "telemetry.h"
#include "worker.h"

#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_launch.h>
#include <rte_lcore.h>
#include <rte_malloc.h>
#include <rte_mbuf.h>

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Messages a member may be behind before control has to keep the newest for itself.
#define CHANNEL_SLOTS 64

struct member {
	struct jg_channel *channel;
	const struct jg_counters *counters;
	const struct jg_judge *judge;
	struct jg_witness witness;
	unsigned lcore;
	bool launched;
	char name[24];
};

struct jg_gate {
	struct jg_port ports[JG_PORTS_MAX];
	unsigned ports_n;
	unsigned workers_n;
	unsigned members_n;
	bool eal_ours;
	struct jg_lane *lane;
	struct jg_counters *lane_counters;
	struct jg_lane_port lane_ports[JG_WORKERS_MAX];
	struct jg_worker *workers[JG_WORKERS_MAX];
	struct member members[JG_WORKERS_MAX + 1];
};

static int check_options(const struct jg_gate_options *options, struct jg_error *err)
{
	if (options->ports_n == 0 || options->ports_n > JG_PORTS_MAX)
		jg_error_set(err, "%u ports; expected 1..%u: name a network interface in \"ports\"",
			options->ports_n, JG_PORTS_MAX);
	else if (options->workers > JG_WORKERS_MAX || options->workers > RTE_MAX_LCORE - 2)
		jg_error_set(err, "workers is %u; expected 1..%u", options->workers,
			RTE_MIN(JG_WORKERS_MAX, RTE_MAX_LCORE - 2));
	else if (options->burst > JG_BURST_MAX)
		jg_error_set(
			err, "burst is %u; expected 1..%u packets", options->burst, JG_BURST_MAX);
	else
		return 0;
	return -EINVAL;
}

static int start_ports(
	struct jg_gate *gate, const struct jg_gate_options *options, struct jg_error *err)
{
	int result = 0;

	for (unsigned i = 0; result == 0 && i < options->ports_n; i++) {
		gate->ports_n++;
		result = jg_port_start(&gate->ports[i], i, options, err);
	}
	return result;
}

// Every member has the lcore after its predecessor's; EAL was started with enough of them.
static int add_member(struct jg_gate *gate, const char *name, struct jg_error *err)
{
	struct member *member = &gate->members[gate->members_n];
	unsigned before =
		gate->members_n == 0 ? UINT32_MAX : gate->members[gate->members_n - 1].lcore;
	char channel[40];

	snprintf(member->name, sizeof(member->name), "%s", name);
	member->lcore = rte_get_next_lcore(before, 1, 0);
	if (member->lcore >= RTE_MAX_LCORE) {
		jg_error_set(err, "EAL has %u lcores, too few for %s", rte_lcore_count(), name);
		return -EINVAL;
	}
	snprintf(channel, sizeof(channel), "jg_%u", gate->members_n);
	member->channel = jg_channel_new(
		channel, CHANNEL_SLOTS, (int)rte_lcore_to_socket_id(member->lcore), err);
	gate->members_n += member->channel != NULL;
	return member->channel != NULL ? jg_witness_init(&member->witness, err) : -ENOMEM;
}

static int add_worker(
	struct jg_gate *gate, const struct jg_gate_options *options, struct jg_error *err)
{
	unsigned i = gate->workers_n;
	char name[24];

	snprintf(name, sizeof(name), "worker %u", i);
	int result = add_member(gate, name, err);
	if (result != 0)
		return result;
	struct member *member = &gate->members[i];
	int numa_node = (int)rte_lcore_to_socket_id(member->lcore);
	if (!options->no_lane)
		result = jg_lane_port_init(&gate->lane_ports[i], i, numa_node, err);
	if (result != 0)
		return result;
	struct jg_worker_options worker = {.ports = gate->ports,
		.ports_n = gate->ports_n,
		.queue = (uint16_t)i,
		.workers = (uint16_t)(options->workers > 0 ? options->workers : 1),
		.burst = (uint16_t)(options->burst > 0 ? options->burst : 64),
		.idle = options->idle,
		.numa_node = numa_node,
		.lane = options->no_lane ? NULL : &gate->lane_ports[i],
		.channel = member->channel,
		.verifier = {.mac_engine = options->mac_engine, .simd = options->simd}};
	gate->workers[i] = jg_worker_new(&worker, err);
	if (gate->workers[i] == NULL)
		return -ENOMEM;
	gate->workers_n++;
	member->counters = &gate->workers[i]->counters;
	member->judge = &gate->workers[i]->judge;
	gate->workers[i]->judge.witness = &member->witness;
	return 0;
}

static int add_lane(
	struct jg_gate *gate, const struct jg_gate_options *options, struct jg_error *err)
{
	struct jg_verifier_options verifier = {
		.mac_engine = options->mac_engine, .simd = options->simd};
	int result = add_member(gate, "lane", err);

	if (result != 0)
		return result;
	gate->lane = rte_zmalloc("jg_lane", sizeof(*gate->lane), JG_CACHE_LINE);
	gate->lane_counters = rte_zmalloc("jg_lane", sizeof(*gate->lane_counters), JG_CACHE_LINE);
	if (gate->lane == NULL || gate->lane_counters == NULL) {
		jg_error_set(err, "no memory for the RS256 lane");
		return -ENOMEM;
	}
	struct member *member = &gate->members[gate->members_n - 1];
	*gate->lane = (struct jg_lane){.channel = member->channel,
		.idle = {.mode = options->idle == JG_IDLE_POLL ? JG_IDLE_PAUSE : options->idle},
		.ports = gate->lane_ports,
		.ports_n = gate->workers_n,
		.counters = gate->lane_counters};
	member->counters = gate->lane_counters;
	member->judge = &gate->lane->judge;
	result = jg_judge_init(&gate->lane->judge, gate->lane_counters, &verifier, err);
	gate->lane->judge.witness = &member->witness;
	return result;
}

static int launch(struct jg_gate *gate, struct jg_error *err)
{
	for (unsigned i = 0; i < gate->members_n; i++) {
		struct member *member = &gate->members[i];
		bool is_worker = i < gate->workers_n;
		int result = rte_eal_remote_launch(is_worker ? jg_worker_run : jg_lane_run,
			is_worker ? (void *)gate->workers[i] : (void *)gate->lane, member->lcore);

		if (result != 0) {
			jg_error_set(err, "lcore %u is busy; %s cannot start", member->lcore,
				member->name);
			return result;
		}
		member->launched = true;
	}
	return 0;
}

struct jg_gate *jg_gate_start(const struct jg_gate_options *options, struct jg_error *err)
{
	unsigned workers = options->workers > 0 ? options->workers : 1;

	if (check_options(options, err) != 0)
		return NULL;
	if (!options->eal_running && jg_eal_start(options, workers + !options->no_lane, err) != 0)
		return NULL;
	struct jg_gate *gate = calloc(1, sizeof(*gate));
	if (gate == NULL) {
		jg_error_set(err, "no memory for the gate");
		return NULL;
	}
	gate->eal_ours = !options->eal_running;
	int result = start_ports(gate, options, err);
	for (unsigned i = 0; result == 0 && i < workers; i++)
		result = add_worker(gate, options, err);
	if (result == 0 && !options->no_lane)
		result = add_lane(gate, options, err);
	if (result == 0)
		result = launch(gate, err);
	if (result != 0) {
		jg_gate_stop(gate);
		return NULL;
	}
	jg_telemetry_start(gate);
	return gate;
}

static void stop_members(struct jg_gate *gate, unsigned begin, unsigned end)
{
	const struct jg_message stop = {.kind = JG_MESSAGE_STOP};

	for (unsigned i = begin; i < end; i++)
		while (gate->members[i].launched &&
			!jg_channel_send(gate->members[i].channel, &stop))
			rte_delay_us_sleep(100);
	for (unsigned i = begin; i < end; i++) {
		if (gate->members[i].launched)
			rte_eal_wait_lcore(gate->members[i].lcore);
		gate->members[i].launched = false;
	}
}

// Requests that the lane did not answer in the time that a worker gives it when it ends.
static void free_lane_packets(struct jg_lane_port *port)
{
	struct jg_lane_job *job;

	while (port->to_lane != NULL && rte_ring_dequeue(port->to_lane, (void **)&job) == 0)
		rte_pktmbuf_free(job->packet.mbuf);
	while (port->to_worker != NULL && rte_ring_dequeue(port->to_worker, (void **)&job) == 0)
		rte_pktmbuf_free(job->packet.mbuf);
}

void jg_gate_stop(struct jg_gate *gate)
{
	if (gate == NULL)
		return;
	jg_telemetry_stop(gate);
	// Workers first: each waits for what the lane still has of its requests.
	stop_members(gate, 0, gate->workers_n);
	stop_members(gate, gate->workers_n, gate->members_n);
	if (gate->lane != NULL)
		jg_judge_fini(&gate->lane->judge);
	for (unsigned i = 0; i < JG_WORKERS_MAX; i++) {
		free_lane_packets(&gate->lane_ports[i]);
		jg_lane_port_fini(&gate->lane_ports[i]);
		jg_worker_free(gate->workers[i]);
	}
	rte_free(gate->lane);
	rte_free(gate->lane_counters);
	for (unsigned i = 0; i < gate->members_n; i++) {
		jg_channel_free(gate->members[i].channel);
		jg_witness_fini(&gate->members[i].witness);
	}
	for (unsigned i = 0; i < gate->ports_n; i++)
		jg_port_stop(&gate->ports[i]);
	if (gate->eal_ours)
		rte_eal_cleanup();
	free(gate);
}

unsigned jg_gate_members(const struct jg_gate *gate)
{
	return gate->members_n;
}

const char *jg_gate_member_name(const struct jg_gate *gate, unsigned member)
{
	assert(member < gate->members_n);
	return gate->members[member].name;
}

struct jg_channel *jg_gate_channel(const struct jg_gate *gate, unsigned member)
{
	assert(member < gate->members_n);
	return gate->members[member].channel;
}

const struct jg_counters *jg_gate_counters(const struct jg_gate *gate, unsigned member)
{
	assert(member < gate->members_n);
	return gate->members[member].counters;
}

struct jg_witness *jg_gate_witness(struct jg_gate *gate, unsigned member)
{
	assert(member < gate->members_n);
	return &gate->members[member].witness;
}

const char *jg_gate_member_describe(const struct jg_gate *gate, unsigned member)
{
	assert(member < gate->members_n);
	return jg_verifier_describe(gate->members[member].judge->verifier);
}

uint64_t jg_gate_cycles_per_second(const struct jg_gate *gate)
{
	(void)gate;
	return rte_get_tsc_hz();
}

unsigned jg_gate_ports(const struct jg_gate *gate)
{
	return gate->ports_n;
}

int jg_gate_port_stats(const struct jg_gate *gate, unsigned port, struct jg_port_stats *stats)
{
	if (port >= gate->ports_n)
		return -EINVAL;
	return jg_port_read(&gate->ports[port], stats);
}
