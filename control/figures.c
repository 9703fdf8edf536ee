// SPDX-License-Identifier: BSD-3-Clause
#include "figures.h"

#include "engine.h"
#include "figures_apps.h"
#include "locked.h"
#include "log.h"

#include <math.h>
#include <stdlib.h>
#include <sys/timex.h>

#define BUSY_WINDOW_NS UINT64_C(1000000000) // shorter ones say more about polls than about load

struct cycles {
	uint64_t busy;
	uint64_t all;
	double share;
};

struct jg_gatherer {
	struct jg_app_figures *apps;
	uint64_t measured_ns;
	struct cycles cycles[JG_WORKERS_MAX + 1];
};

struct jg_gatherer *jg_gatherer_new(void)
{
	struct jg_gatherer *gatherer = calloc(1, sizeof(*gatherer));
	if (gatherer == NULL)
		return NULL;
	gatherer->apps = jg_app_figures_new();
	if (gatherer->apps == NULL) {
		free(gatherer);
		return NULL;
	}
	return gatherer;
}

void jg_gatherer_free(struct jg_gatherer *gatherer)
{
	if (gatherer == NULL)
		return;
	jg_app_figures_free(gatherer->apps);
	free(gatherer);
}

static void count_member(struct jg_figures_member *to, const struct jg_counters *from)
{
	for (unsigned i = 0; i < JG_COUNTER_COUNT; i++)
		to->value[i] = jg_count_read(&from->value[i]);
	for (unsigned i = 0; i < JG_BURST_BUCKETS; i++)
		to->burst_size[i] = jg_count_read(&from->burst_size[i]);
	for (unsigned i = 0; i < JG_TIME_BUCKETS; i++)
		to->service_time[i] = jg_count_read(&from->service_time[i]);
	to->service_cycles = jg_count_read(&from->service_cycles);
}

static void add_stages(struct jg_figures *figures, const struct jg_counters *counters)
{
	for (unsigned s = 0; s < JG_STAGE_COUNT; s++) {
		figures->stage_cycles[s] += jg_count_read(&counters->stage_cycles[s]);
		for (unsigned b = 0; b < JG_TIME_BUCKETS; b++)
			figures->stage_time[s][b] += jg_count_read(&counters->stage_time[s][b]);
	}
}

void jg_figures_count(struct jg_figures *figures, const struct jg_control_member *members)
{
	memset(figures->verdicts, 0, sizeof(figures->verdicts));
	memset(figures->stage_time, 0, sizeof(figures->stage_time));
	memset(figures->stage_cycles, 0, sizeof(figures->stage_cycles));
	for (unsigned i = 0; i < figures->members_n; i++) {
		const struct jg_counters *counters = members[i].counters;
		if (counters == NULL)
			continue;
		count_member(&figures->members[i], counters);
		add_stages(figures, counters);
		for (unsigned v = 0; v < JG_VENDOR_COUNT; v++)
			for (unsigned r = 0; r < JG_REASON_COUNT; r++)
				figures->verdicts[v][r] += jg_count_read(&counters->verdicts[v][r]);
	}
}

// The share of busy cycles since the last time, over at least a second.
static void measure_load(struct jg_gatherer *gatherer, struct jg_figures *figures, uint64_t now_ns)
{
	bool due = now_ns - gatherer->measured_ns >= BUSY_WINDOW_NS;
	for (unsigned i = 0; i < figures->members_n; i++) {
		struct jg_figures_member *member = &figures->members[i];
		struct cycles *last = &gatherer->cycles[i];
		uint64_t busy = member->value[JG_COUNTER_CYCLES_BUSY];
		uint64_t all = busy + member->value[JG_COUNTER_CYCLES_IDLE];
		if (due && all > last->all)
			*last = (struct cycles){
				busy, all, (double)(busy - last->busy) / (double)(all - last->all)};
		member->busy = last->share;
	}
	if (due)
		gatherer->measured_ns = now_ns;
}

static void gather_members(
	const struct jg_engine *engine, struct jg_figures *figures, uint64_t now_ns)
{
	figures->members_n = engine->members_n < JG_ARRAY_SIZE(figures->members)
		? engine->members_n
		: JG_ARRAY_SIZE(figures->members);
	for (unsigned i = 0; i < figures->members_n; i++) {
		struct jg_worker_lag lag;
		jg_publisher_lag(engine->publisher, i, now_ns, &lag);
		figures->members[i].name = engine->members[i].name;
		figures->members[i].describe = engine->members[i].describe;
		figures->members[i].acknowledged = lag.acknowledged;
		figures->members[i].lag = lag.lag;
		figures->members[i].behind_s = (double)lag.behind_ns / 1e9;
	}
	jg_figures_count(figures, engine->members);
}

static void gather_store(struct jg_store *store, struct jg_figures *figures)
{
	struct jg_store_status status = {.kind = "none"};
	if (store != NULL)
		store->ops->status(store, &status);
	(void)snprintf(figures->store_kind, sizeof(figures->store_kind), "%s", status.kind);
	figures->store_stale_s = (double)status.stale_s;
	figures->store_trouble = status.trouble != NULL;
	figures->store_revision = (double)status.revision;
	memcpy(figures->nodes, status.nodes, sizeof(figures->nodes));
}

static void gather_engine(const struct jg_engine *engine, struct jg_figures *figures)
{
	struct jg_cut_offs *cut_offs = jg_state_cut_offs(engine->state);
	figures->version = engine->version;
	figures->gathered_at = jg_realtime();
	figures->uptime_s = figures->gathered_at - (double)engine->started_at;
	figures->draining = atomic_load(&engine->draining);
	figures->ready = atomic_load(&engine->ready) && figures->draining == 0;
	figures->epoch = (double)jg_publisher_epoch(engine->publisher);
	figures->in_force = (double)jg_publisher_in_force(engine->publisher);
	figures->apps = jg_state_apps_count(engine->state);
	figures->key_generation = (double)jg_state_apps_generation(engine->state);
	figures->overrides = jg_state_overrides_count(engine->state);
	figures->cut_offs = (double)jg_cut_offs_count(cut_offs);
	figures->cut_off_bytes = (double)jg_cut_offs_memory(cut_offs);
	figures->collected = (double)engine->collected;
	figures->changes = (double)engine->changes;
	figures->reloads = (double)engine->reloads;
	figures->reload_failures = (double)engine->reload_failures;
	figures->loaded_at = engine->loaded_at;
	figures->unlocked_bytes = (double)jg_locked_shortage();
	figures->log_lost = (double)jg_log_lost();
}

// Tokens are judged by this machine's clock: whether somebody keeps it, and how wrong it may be by now.
static void gather_clock(struct jg_figures *figures)
{
	struct timex clock = {.modes = 0};
	int state = adjtimex(&clock);
	figures->clock_unsynchronised =
		state == TIME_ERROR || (state >= 0 && (clock.status & STA_UNSYNC) != 0);
	figures->clock_error_s = state < 0 ? -1 : (double)clock.maxerror / 1e6;
	figures->clock_offset_s =
		(double)clock.offset / ((clock.status & STA_NANO) != 0 ? 1e9 : 1e6);
}

static void gather_ports(const struct jg_control_ports *ports, struct jg_figures *figures)
{
	figures->ports_n = 0;
	if (ports == NULL)
		return;
	figures->cycles_per_second = ports->cycles_per_second;
	for (unsigned i = 0; i < ports->n && i < JG_PORTS_MAX; i++)
		if (ports->read(ports->gate, i, &figures->ports[figures->ports_n]) == 0)
			figures->ports_n++;
	// One that cannot be read is no port that is up.
	if (figures->ports_n < ports->n)
		figures->ready = 0;
	for (unsigned i = 0; i < figures->ports_n; i++)
		if (!figures->ports[i].link_up)
			figures->ready = 0;
}

void jg_figures_gather(struct jg_gatherer *gatherer, const struct jg_engine *engine,
	const struct jg_control_ports *ports, struct jg_figures *figures)
{
	uint64_t now_ns = jg_monotonic_ns();
	gather_engine(engine, figures);
	gather_store(engine->store, figures);
	gather_members(engine, figures, now_ns);
	gather_ports(ports, figures);
	gather_clock(figures);
	measure_load(gatherer, figures, now_ns);
	jg_app_figures_gather(gatherer->apps, engine, figures);
}

double jg_figures_bucket_s(const struct jg_figures *figures, unsigned bucket)
{
	uint64_t cycles = jg_time_bucket_max(bucket);
	if (cycles == UINT64_MAX || figures->cycles_per_second == 0)
		return INFINITY;
	return (double)cycles / (double)figures->cycles_per_second;
}

double jg_figures_seconds(const struct jg_figures *figures, uint64_t cycles)
{
	return figures->cycles_per_second == 0
		? 0
		: (double)cycles / (double)figures->cycles_per_second;
}

void jg_figures_service_time(const struct jg_figures *figures, uint64_t buckets[JG_TIME_BUCKETS])
{
	memset(buckets, 0, JG_TIME_BUCKETS * sizeof(*buckets));
	for (unsigned m = 0; m < figures->members_n; m++)
		for (unsigned b = 0; b < JG_TIME_BUCKETS; b++)
			buckets[b] += figures->members[m].service_time[b];
}

double jg_figures_quantile(
	const struct jg_figures *figures, const uint64_t buckets[JG_TIME_BUCKETS], double q)
{
	uint64_t all = 0;
	for (unsigned b = 0; b < JG_TIME_BUCKETS; b++)
		all += buckets[b];
	double wanted = q * (double)all;
	uint64_t below = 0;
	for (unsigned b = 0; b < JG_TIME_BUCKETS && all > 0; b++) {
		below += buckets[b];
		if ((double)below >= wanted && below > 0)
			return jg_figures_bucket_s(figures, b);
	}
	return 0;
}
