// SPDX-License-Identifier: BSD-3-Clause
#include "member.h"

#include "idle.h"

#include <rte_cycles.h>

#include <assert.h>

bool jg_member_drain(struct jg_judge *judge, struct jg_channel *channel)
{
	struct jg_message messages[JG_MEMBER_MESSAGES];
	unsigned n = jg_channel_receive(channel, messages, JG_MEMBER_MESSAGES);
	bool go_on = true;

	if (n == 0)
		return true;
	for (unsigned i = 0; i < n; i++) {
		if (messages[i].kind == JG_MESSAGE_STOP) {
			go_on = false;
			continue;
		}
		assert(messages[i].epoch >= judge->epoch);
		if (messages[i].kind == JG_MESSAGE_SNAPSHOT)
			judge->state = messages[i].payload;
		judge->epoch = messages[i].epoch;
	}
	// No burst is in hand: from here on nothing reads what an earlier epoch gave.
	jg_channel_acknowledge(channel, judge->epoch);
	jg_count_set(&judge->counters->value[JG_COUNTER_EPOCH], judge->epoch);
	return go_on;
}

void jg_member_fence(struct jg_judge *judge)
{
	if (judge->state != NULL && judge->state->admit_until != NULL)
		jg_judge_fence(judge, jg_clock_boottime());
}

void jg_member_end_stage(struct jg_judge *judge, enum jg_stage stage)
{
#ifdef JG_UNCOUNTED
	(void)judge;
	(void)stage;
#else
	uint64_t now = rte_rdtsc();
	uint64_t cycles = now - judge->stage_began;

	judge->stage_began = now;
	jg_count_add(&judge->counters->stage_time[stage][jg_time_bucket(cycles)], 1);
	jg_count_add(&judge->counters->stage_cycles[stage], cycles);
#endif
}

// The share of busy cycles over the last window, for pings.
static void measure_load(struct jg_judge *judge, uint64_t busy, uint64_t cycles)
{
	judge->window_busy += busy;
	judge->window += cycles;
	if (judge->window < UINT64_C(1) << 28) // about a tenth of a second
		return;
	judge->busy = (uint32_t)(judge->window_busy * 1000 / judge->window);
	judge->window_busy = 0;
	judge->window = 0;
}

void jg_member_count_poll(struct jg_judge *judge, unsigned n, uint64_t cycles)
{
	struct jg_counters *counters = judge->counters;

	jg_count_add(&counters->value[JG_COUNTER_HEARTBEAT], 1);
	measure_load(judge, n > 0 ? cycles : 0, cycles);
	if (n == 0) {
		jg_count_add(&counters->value[JG_COUNTER_CYCLES_IDLE], cycles);
		return;
	}
	jg_count_add(&counters->value[JG_COUNTER_CYCLES_BUSY], cycles);
	jg_count_add(&counters->value[JG_COUNTER_BURSTS], 1);
	jg_count_add(&counters->burst_size[jg_burst_bucket(n)], 1);
	jg_count_add(&counters->service_time[jg_time_bucket(cycles)], n);
	jg_count_add(&counters->service_cycles, cycles * n);
}
