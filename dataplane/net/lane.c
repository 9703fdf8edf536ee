// SPDX-License-Identifier: BSD-3-Clause
#include "lane.h"

#include "member.h"

#include <rte_cycles.h>
#include <rte_errno.h>
#include <rte_malloc.h>
#include <rte_ring.h>

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

// RSA takes tens of microseconds a token: small bursts, so that no answer waits for many others.
#define LANE_BURST 16

static struct rte_ring *ring_new(const char *what, unsigned worker, int numa_node)
{
	char name[RTE_RING_NAMESIZE];

	snprintf(name, sizeof(name), "jg_lane_%s_%u", what, worker);
	return rte_ring_create(
		name, JG_LANE_JOBS, numa_node, RING_F_SP_ENQ | RING_F_SC_DEQ | RING_F_EXACT_SZ);
}

int jg_lane_port_init(
	struct jg_lane_port *port, unsigned worker, int numa_node, struct jg_error *err)
{
	*port = (struct jg_lane_port){
		.to_lane = ring_new("in", worker, numa_node),
		.to_worker = ring_new("out", worker, numa_node),
		.jobs = rte_malloc_socket("jg_lane_jobs", JG_LANE_JOBS * sizeof(struct jg_lane_job),
			JG_CACHE_LINE, numa_node),
	};
	if (port->to_lane == NULL || port->to_worker == NULL || port->jobs == NULL) {
		jg_error_set(
			err, "no memory for the RS256 lane's queues: %s", rte_strerror(rte_errno));
		jg_lane_port_fini(port);
		return -ENOMEM;
	}
	for (unsigned i = 0; i < JG_LANE_JOBS; i++)
		port->spare[port->spare_n++] = &port->jobs[i];
	return 0;
}

void jg_lane_port_fini(struct jg_lane_port *port)
{
	rte_ring_free(port->to_lane);
	rte_ring_free(port->to_worker);
	rte_free(port->jobs);
	*port = (struct jg_lane_port){.jobs = NULL};
}

bool jg_lane_submit(struct jg_lane_port *port, const struct jg_packet *packet)
{
	if (port->spare_n == 0)
		return false;
	struct jg_lane_job *job = port->spare[--port->spare_n];
	job->packet = *packet;
	// The worker's buffers are used again in its next burst; an mbuf stays as it is.
	if (!packet->in_mbuf) {
		memcpy(job->bytes, packet->bytes, packet->len);
		job->packet.bytes = job->bytes;
		job->packet.cap = sizeof(job->bytes);
	}
	int result = rte_ring_sp_enqueue(port->to_lane, job);
	assert(result == 0); // the ring has room for every job
	(void)result;
	return true;
}

unsigned jg_lane_collect(struct jg_lane_port *port, struct jg_lane_job **jobs, unsigned n)
{
	return rte_ring_sc_dequeue_burst(port->to_worker, (void **)jobs, n, NULL);
}

void jg_lane_release(struct jg_lane_port *port, struct jg_lane_job *job)
{
	assert(port->spare_n < JG_LANE_JOBS);
	port->spare[port->spare_n++] = job;
}

unsigned jg_lane_busy(const struct jg_lane_port *port)
{
	return JG_LANE_JOBS - port->spare_n;
}

// Judged on the snapshot of this moment, not of the moment of arrival.
static void judge(struct jg_lane *lane, struct jg_lane_port *port, unsigned n)
{
	int64_t now = jg_clock_seconds();

	for (unsigned i = 0; i < n; i++)
		lane->packets[i] = lane->taken[i]->packet;
	lane->judge.stage_began = rte_rdtsc();
	jg_judge_begin(&lane->judge);
	jg_judge_read(&lane->judge, lane->packets, n, true);
	jg_member_fence(&lane->judge);
	jg_member_end_stage(&lane->judge, JG_STAGE_PARSE);
	jg_judge_decide(&lane->judge, now);
	jg_member_end_stage(&lane->judge, JG_STAGE_VERIFY);
	jg_judge_write(&lane->judge, lane->packets, n, now);
	jg_member_end_stage(&lane->judge, JG_STAGE_REPLY);
	for (unsigned i = 0; i < n; i++) {
		struct jg_lane_job *job = lane->taken[i];

		job->packet = lane->packets[i];
		job->packet.front_end = NULL; // belongs to this burst's snapshot
		if (!job->packet.in_mbuf && job->packet.bytes != job->bytes &&
			job->packet.fate == JG_COUNTER_VERDICT) {
			memcpy(job->bytes, job->packet.bytes, job->packet.len);
			job->packet.bytes = job->bytes;
		}
		int result = rte_ring_sp_enqueue(port->to_worker, job);
		assert(result == 0);
		(void)result;
	}
}

bool jg_lane_poll(struct jg_lane *lane)
{
	uint64_t begin = rte_rdtsc();
	unsigned total = 0;

	bool go_on = jg_member_drain(&lane->judge, lane->channel);
	for (unsigned p = 0; p < lane->ports_n; p++) {
		unsigned n = rte_ring_sc_dequeue_burst(
			lane->ports[p].to_lane, (void **)lane->taken, LANE_BURST, NULL);

		if (n > 0)
			judge(lane, &lane->ports[p], n);
		total += n;
	}
	if (total > 0)
		lane->idle.empty = 0;
	else
		jg_idle_wait(&lane->idle);
	jg_member_count_poll(&lane->judge, total, rte_rdtsc() - begin);
	return go_on;
}

int jg_lane_run(void *arg)
{
	struct jg_lane *lane = arg;

	jg_idle_start(&lane->idle);
	jg_count_set(&lane->counters->value[JG_COUNTER_RUNNING], 1);
	while (jg_lane_poll(lane))
		;
	jg_count_set(&lane->counters->value[JG_COUNTER_RUNNING], 0);
	return 0;
}
