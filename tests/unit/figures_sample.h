// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** Figures of a gate that never was: every field has a number of its own. */

#include "figures.h"

#include <stdlib.h>

static inline void sample_member(struct jg_figures_member *member, const char *name, uint64_t base)
{
	member->name = name;
	member->describe = "mac=ref simd=portable";
	for (unsigned i = 0; i < JG_COUNTER_COUNT; i++)
		member->value[i] = base + i;
	for (unsigned i = 0; i < JG_BURST_BUCKETS; i++)
		member->burst_size[i] = i;
	// At 1 GHz: 100 ns, 3 us, 1 ms, and beyond all bounds.
	member->service_time[jg_time_bucket(100)] = 10;
	member->service_time[jg_time_bucket(3000)] = 80;
	member->service_time[jg_time_bucket(1000000)] = 9;
	member->service_time[JG_TIME_BUCKETS - 1] = 1;
	member->service_cycles = 2500000;
	member->acknowledged = base + 500;
	member->lag = base % 7;
	member->behind_s = 0.25;
	member->busy = 0.5;
}

static inline void sample_apps(struct jg_figures *figures)
{
	figures->app[0].vendor = JG_VENDOR_LIVEKIT;
	(void)snprintf(figures->app[0].key, JG_FIGURES_KEY_MAX, "APIsample");
	figures->app[0].verdicts[JG_REASON_OK] = 70;
	figures->app[0].verdicts[JG_REASON_EXPIRED] = 5;
	figures->app[1].verdicts[JG_REASON_OK] = 3;
	figures->app_n = 2;
	figures->key[0] = (struct jg_figures_key){.vendor = JG_VENDOR_LIVEKIT,
		.status = "active",
		.id = "2026-11",
		.app = "APIsample",
		.began = 1799000000,
		.last_used = 1799999990};
	figures->key_n = 1;
}

/** free() it. */
static inline struct jg_figures *sample_figures(void)
{
	struct jg_figures *figures = calloc(1, sizeof(*figures));
	figures->version = "joingated 1.2.3";
	figures->cycles_per_second = 1000000000;
	figures->gathered_at = 1800000000.5;
	figures->uptime_s = 3600.25;
	figures->ready = 1;
	figures->epoch = 12;
	figures->in_force = 11;
	figures->apps = 2;
	figures->overrides = 1;
	figures->cut_offs = 1000000;
	figures->cut_off_bytes = 64000000;
	figures->collected = 4;
	figures->changes = 9;
	figures->reloads = 3;
	figures->reload_failures = 1;
	figures->loaded_at = 1799990000;
	figures->log_lost = 6;
	figures->clock_unsynchronised = 1;
	figures->clock_error_s = 0.0625;
	figures->clock_offset_s = -0.25;
	figures->key_generation = 77;
	figures->nodes[JG_NODE_IN_FORCE] = 4;
	figures->nodes[JG_NODE_BEHIND] = 2;
	figures->nodes[JG_NODE_SILENT] = 1;
	figures->keys[JG_VENDOR_LIVEKIT][JG_SECRET_ACTIVE] = 3;
	figures->keys[JG_VENDOR_LIVEKIT][JG_SECRET_VERIFY_ONLY] = 2;
	figures->keys[JG_VENDOR_AGORA][JG_SECRET_RETIRED] = 5;
	figures->store_stale_s = 17;
	figures->store_trouble = 1;
	figures->store_revision = 88;
	(void)snprintf(figures->store_kind, sizeof(figures->store_kind), "etcd");
	for (unsigned v = 0; v < JG_VENDOR_COUNT; v++)
		for (unsigned r = 0; r < JG_REASON_COUNT; r++)
			figures->verdicts[v][r] = v * 100 + r;
	sample_member(&figures->members[0], "worker 0", 1000);
	sample_member(&figures->members[1], "lane", 2000);
	figures->members_n = 2;
	for (unsigned s = 0; s < JG_STAGE_COUNT; s++) {
		figures->stage_time[s][jg_time_bucket(200 << s)] = 20 + s;
		figures->stage_cycles[s] = (20 + s) * (150u << s);
	}
	sample_apps(figures);
	figures->ports[0] = (struct jg_port_stats){.device = "eth0",
		.driver = "net_af_packet",
		.link_up = true,
		.mbufs = 1024,
		.mbufs_free = 900,
		.rx_packets = 1,
		.tx_packets = 2,
		.rx_bytes = 3,
		.tx_bytes = 4,
		.rx_missed = 5,
		.rx_errors = 6,
		.tx_errors = 7,
		.rx_no_mbuf = 8};
	figures->ports_n = 1;
	return figures;
}
