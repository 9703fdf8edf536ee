// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/**
 * What the gate knows about itself at one moment, gathered by the control thread and rendered by
 * whoever asks: OpenMetrics, JSON, the web page. Holds no token, identity or room.
 */

#include "control.h"
#include "internal/gate.h"
#include "store.h"

struct jg_engine;

/** Apps with rows of their own: those with most verdicts; all others share one. */
#define JG_FIGURES_APPS 20
/** Secrets of these apps with rows of their own. */
#define JG_FIGURES_KEYS 100
#define JG_FIGURES_KEY_MAX 129 // an app's key with its NUL

struct jg_figures_member {
	const char *name; // borrowed from the member, as is describe
	const char *describe;
	uint64_t value[JG_COUNTER_COUNT];
	uint64_t burst_size[JG_BURST_BUCKETS];
	uint64_t service_time[JG_TIME_BUCKETS];
	uint64_t service_cycles;
	uint64_t acknowledged; // epoch
	uint64_t lag; // epochs
	double behind_s;
	double busy; // share of the cycles since the last gathering, 0..1
};

struct jg_figures_app {
	char key[JG_FIGURES_KEY_MAX]; // "" = the row of all others
	uint8_t vendor; // of the others: JG_VENDOR_NONE
	uint64_t verdicts[JG_REASON_COUNT];
};

/** Of secrets: as enum jg_secret_status, a place for each. */
#define JG_FIGURES_STATUSES 3

struct jg_figures_key {
	char id[65];
	char app[JG_FIGURES_KEY_MAX];
	uint8_t vendor;
	const char *status;
	int64_t began; // its not_before, else when this process first saw it
	int64_t last_used; // 0 = not by this process
};

struct jg_figures {
	const char *version;
	uint64_t cycles_per_second; // 0 = not known
	double gathered_at; // seconds since the Unix epoch
	double uptime_s;
	double ready; // 0 or 1, as are live and draining
	double draining;
	double epoch;
	double in_force;
	double apps;
	double key_generation;
	double overrides;
	double cut_offs;
	double cut_off_bytes;
	double collected;
	double changes;
	double reloads;
	double reload_failures;
	double loaded_at; // seconds since the Unix epoch
	double unlocked_bytes;
	double log_lost; // lines
	double clock_unsynchronised; // 0 or 1
	double clock_error_s; // as the kernel reckons, at most
	double clock_offset_s; // what it has still to make good
	double store_stale_s; // -1 = never in contact
	double store_trouble;
	double store_revision;
	char store_kind[16];
	uint64_t nodes[JG_NODE_STATES]; // of the fleet, none without one
	uint64_t keys[JG_VENDOR_COUNT][JG_FIGURES_STATUSES];
	uint64_t verdicts[JG_VENDOR_COUNT][JG_REASON_COUNT];
	uint64_t stage_time[JG_STAGE_COUNT][JG_TIME_BUCKETS]; // bursts, of all members
	uint64_t stage_cycles[JG_STAGE_COUNT];
	struct jg_port_stats ports[JG_PORTS_MAX];
	unsigned ports_n;
	struct jg_figures_member members[JG_WORKERS_MAX + 1];
	unsigned members_n;
	struct jg_figures_app app[JG_FIGURES_APPS + 1]; // most verdicts first, the others last
	unsigned app_n;
	struct jg_figures_key key[JG_FIGURES_KEYS];
	unsigned key_n;
};

/** A single value: a member of struct jg_figures that is a double. */
struct jg_figures_scalar {
	const char *metric; // its name without "joingate_" and "_total"
	const char *name; // in JSON
	const char *type; // "gauge", "counter"
	const char *unit; // "", "seconds", "bytes", "bool"
	const char *help;
	size_t offset;
};

extern const struct jg_figures_scalar jg_figures_scalars[];
extern const unsigned jg_figures_scalars_n;
double jg_figures_value(const struct jg_figures *figures, const struct jg_figures_scalar *scalar);

/** What gathering remembers from one time to the next. Control thread only. */
struct jg_gatherer;
JG_MUST_CHECK struct jg_gatherer *jg_gatherer_new(void);
void jg_gatherer_free(struct jg_gatherer *gatherer);

/** Fill in everything. @param ports NULL = none */
void jg_figures_gather(struct jg_gatherer *gatherer, const struct jg_engine *engine,
	const struct jg_control_ports *ports, struct jg_figures *figures);

/** The counters alone, again; any thread. figures->members as gathered before. */
void jg_figures_count(struct jg_figures *figures, const struct jg_control_member *members);

/** Packets by service time, all members together. */
void jg_figures_service_time(const struct jg_figures *figures, uint64_t buckets[JG_TIME_BUCKETS]);

/** Where the q-th part (0..1) of what the buckets hold lies, in seconds: the upper end of its bucket.
 * 0 = they hold nothing. */
double jg_figures_quantile(
	const struct jg_figures *figures, const uint64_t buckets[JG_TIME_BUCKETS], double q);

/** Cycles of the time-stamp counter in seconds; 0 where its rate is not known. */
double jg_figures_seconds(const struct jg_figures *figures, uint64_t cycles);

/** The longest time of a bucket in seconds; the last: infinite. */
double jg_figures_bucket_s(const struct jg_figures *figures, unsigned bucket);

/** The others' share of a label: an app's key, "other", a vendor's name, "unknown". */
const char *jg_figures_app_label(const struct jg_figures_app *app);
const char *jg_figures_vendor_label(unsigned vendor);
/** "verify-only", "active", "retired". */
const char *jg_figures_status(unsigned status);
