// SPDX-License-Identifier: BSD-3-Clause
#include "inside.h"

#include "internal/front_end.h"
#include "internal/gate_state.h"

#include <rte_cycles.h>
#include <rte_errno.h>
#include <rte_eth_ring.h>
#include <rte_lcore.h>
#include <rte_ring.h>

#include <errno.h>
#include <sched.h>
#include <stdlib.h>

#define NAME "load_gate"
#define REQUESTS 1024 // on their way to a worker
#define ANSWERS 4096 // all of those fit, and what a worker has in hand: none is lost here
#define EPOCH 1
#define READY_STEPS 1000 // of 10 ms

struct inside {
	struct jg_gate *gate;
	struct jg_gate_state state;
	struct jg_snapshot *snapshot;
	struct jg_front_ends *front_ends;
	struct jg_cut_offs *cut_offs;
	uint64_t busy;
	uint64_t idle;
};

const struct jg_str inside_device = JG_STR_INIT("net_ring_" NAME);

void inside_peer(unsigned i, char name[32])
{
	snprintf(name, 32, "net_ring_load_%u", i);
}

static struct rte_ring *make_ring(const char *format, unsigned i, unsigned size)
{
	char name[32];
	snprintf(name, sizeof(name), format, i);
	return rte_ring_create(name, size, (int)rte_socket_id(), RING_F_SP_ENQ | RING_F_SC_DEQ);
}

// One device of the gate's with a queue for each worker, and for each queue a device at its other end.
static int make_devices(unsigned workers, struct jg_error *err)
{
	struct rte_ring *in[JG_WORKERS_MAX] = {NULL};
	struct rte_ring *out[JG_WORKERS_MAX] = {NULL};
	bool good = true;
	for (unsigned i = 0; i < workers && good; i++) {
		char name[32];
		snprintf(name, sizeof(name), "load_%u", i);
		in[i] = make_ring("load_in_%u", i, REQUESTS);
		out[i] = make_ring("load_out_%u", i, ANSWERS);
		good = in[i] != NULL && out[i] != NULL &&
			rte_eth_from_rings(name, &out[i], 1, &in[i], 1, rte_socket_id()) >= 0;
	}
	if (good && rte_eth_from_rings(NAME, in, workers, out, workers, rte_socket_id()) >= 0)
		return 0;
	jg_error_set(err, "no rings for %u workers: %s", workers, rte_strerror(rte_errno));
	return -ENOMEM;
}

static int compile(struct inside *inside, const struct inside_options *o, struct jg_error *err)
{
	static const struct jg_address anywhere = {.family = 4};
	const struct jg_allowed everything = {.vendor = JG_VENDOR_NONE};
	const struct jg_config_front_end front = {
		.id = o->front_end, .apps = &everything, .apps_n = 1};
	const struct jg_front_end_entry entry = {
		.id = o->front_end, .caller = 1, .key = o->key, .from = &anywhere, .from_n = 1};
	const bool insecure = o->front_end == 0;
	struct jg_config config = *o->config;
	config.front_ends = &front;
	config.front_ends_n = insecure ? 0 : 1;
	inside->cut_offs = jg_cut_offs_new(config.cut_offs_n, err);
	if (inside->cut_offs == NULL ||
		jg_config_seed_cut_offs(&config, inside->cut_offs, err) != 0)
		return -ENOMEM;
	inside->snapshot = jg_config_snapshot(&config, inside->cut_offs, EPOCH, err);
	if (inside->snapshot == NULL)
		return -EINVAL;
	inside->front_ends = jg_front_ends_new(&entry, insecure ? 0 : 1, insecure, err);
	inside->state = (struct jg_gate_state){
		.snapshot = inside->snapshot, .front_ends = inside->front_ends};
	return inside->front_ends == NULL ? -EINVAL : 0;
}

static int publish(const struct inside *inside, struct jg_error *err)
{
	const struct jg_message message = {
		.epoch = EPOCH, .payload = &inside->state, .kind = JG_MESSAGE_SNAPSHOT};
	const unsigned n = jg_gate_members(inside->gate);
	unsigned ready = 0;
	for (unsigned i = 0; i < n; i++)
		(void)!jg_channel_send(jg_gate_channel(inside->gate, i), &message); // it is empty
	for (unsigned step = 0; step < READY_STEPS && ready < n; step++) {
		ready = 0;
		for (unsigned i = 0; i < n; i++)
			ready += jg_channel_acknowledged(jg_gate_channel(inside->gate, i)) == EPOCH;
		rte_delay_us_sleep(ready < n ? 10000 : 0);
	}
	if (ready == n)
		return 0;
	jg_error_set(err, "the gate in this process does not take its settings");
	return -ETIMEDOUT;
}

// Workers that spin would keep a sender from running where each has not a core of its own.
static bool has_cores(unsigned workers)
{
	cpu_set_t cpus;
	return sched_getaffinity(0, sizeof(cpus), &cpus) == 0 &&
		(unsigned)CPU_COUNT(&cpus) >= 2 * workers;
}

struct inside *inside_start(const struct inside_options *o, struct jg_error *err)
{
	const struct jg_gate_options options = {.ports = o->port,
		.ports_n = 1,
		.workers = o->workers,
		.udp_port = o->udp_port,
		.idle = has_cores(o->workers) ? JG_IDLE_POLL : JG_IDLE_PAUSE,
		.eal_running = true};
	struct inside *inside = calloc(1, sizeof(*inside));
	if (inside == NULL) {
		jg_error_set(err, "no memory");
		return NULL;
	}
	int rc = compile(inside, o, err);
	if (rc == 0)
		rc = make_devices(o->workers, err);
	if (rc == 0) {
		inside->gate = jg_gate_start(&options, err);
		rc = inside->gate == NULL ? -EIO : publish(inside, err);
	}
	if (rc == 0)
		return inside;
	inside_stop(inside);
	return NULL;
}

void inside_stop(struct inside *inside)
{
	if (inside == NULL)
		return;
	jg_gate_stop(inside->gate);
	jg_snapshot_free(inside->snapshot);
	jg_front_ends_free(inside->front_ends);
	jg_cut_offs_free(inside->cut_offs);
	free(inside);
}

double inside_busy(struct inside *inside)
{
	uint64_t busy = 0;
	uint64_t idle = 0;
	// The lane comes after the workers and has an engine of its own to be busy with.
	for (unsigned i = 0; i + 1 < jg_gate_members(inside->gate); i++) {
		const struct jg_counters *counters = jg_gate_counters(inside->gate, i);
		busy += jg_count_read(&counters->value[JG_COUNTER_CYCLES_BUSY]);
		idle += jg_count_read(&counters->value[JG_COUNTER_CYCLES_IDLE]);
	}
	const uint64_t worked = busy - inside->busy;
	const uint64_t all = worked + idle - inside->idle;
	inside->busy = busy;
	inside->idle = idle;
	return all == 0 ? 0 : (double)worked / (double)all;
}
