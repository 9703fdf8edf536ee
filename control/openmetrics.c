// SPDX-License-Identifier: BSD-3-Clause
#include "openmetrics.h"

#include "exposition.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>

// clang-format off
// What ports count themselves.
static const struct port_row {
	const char *name;
	const char *type;
	const char *unit;
	const char *help;
	size_t offset;
} port_rows[] = {
	{"port_rx_packets",   "counter", "", "packets that the port received", offsetof(struct jg_port_stats, rx_packets)},
	{"port_tx_packets",   "counter", "", "packets that the port sent", offsetof(struct jg_port_stats, tx_packets)},
	{"port_rx_bytes",     "counter", "bytes", "bytes that the port received", offsetof(struct jg_port_stats, rx_bytes)},
	{"port_tx_bytes",     "counter", "bytes", "bytes that the port sent", offsetof(struct jg_port_stats, tx_bytes)},
	{"port_rx_missed",    "counter", "", "packets lost because the gate did not poll in time", offsetof(struct jg_port_stats, rx_missed)},
	{"port_rx_errors",    "counter", "", "packets that arrived damaged", offsetof(struct jg_port_stats, rx_errors)},
	{"port_tx_errors",    "counter", "", "packets that could not be sent", offsetof(struct jg_port_stats, tx_errors)},
	{"port_rx_no_mbuf",   "counter", "", "packets lost because the port had no packet buffer", offsetof(struct jg_port_stats, rx_no_mbuf)},
};

// Upper ends of the histograms of time, in microseconds: five a decade.
static const double bounds_us[] = {
	0.1, 0.16, 0.25, 0.4, 0.63, 1, 1.6, 2.5, 4, 6.3, 10, 16, 25, 40, 63, 100, 160, 250, 400, 630, 1000, 1600, 2500, 4000, 6300,
	10000, 16000, 25000, 40000, 63000, 100000, 250000, 1000000};
// clang-format on

static void add_scalars(struct jg_writer *w, const struct jg_figures *figures)
{
	for (unsigned i = 0; i < jg_figures_scalars_n; i++) {
		const struct jg_figures_scalar *row = &jg_figures_scalars[i];
		bool counted = strcmp(row->unit, "bool") == 0; // a 0 or 1 has no unit
		jg_family(w, row->metric, row->type, counted ? "" : row->unit, row->help);
		jg_sample(w, strcmp(row->type, "counter") == 0 ? "_total" : "");
		jg_value(w, jg_figures_value(figures, row));
	}
}

static void add_build(struct jg_writer *w, const struct jg_figures *figures)
{
	jg_family(w, "build", "info", "",
		"what runs here: version, store and what each verifier chose");
	jg_sample(w, "_info");
	jg_label(w, "version", figures->version);
	jg_label(w, "store", figures->store_kind);
	if (figures->members_n > 0 && figures->members[0].describe != NULL)
		jg_label(w, "verifier", figures->members[0].describe);
	jg_value(w, 1);
}

static void add_verdicts(struct jg_writer *w, const struct jg_figures *figures)
{
	jg_family(w, "verdicts", "counter", "", "verdicts by vendor and reason");
	for (unsigned v = 0; v < JG_VENDOR_COUNT; v++) {
		for (unsigned r = 0; r < JG_REASON_COUNT; r++) {
			jg_sample(w, "_total");
			jg_label(w, "vendor", jg_figures_vendor_label(v));
			jg_label(w, "verdict", r == JG_REASON_OK ? "admit" : "reject");
			jg_label(w, "reason", jg_reason_name(r));
			jg_count_value(w, figures->verdicts[v][r]);
		}
	}
}

static void add_apps(struct jg_writer *w, const struct jg_figures *figures)
{
	jg_family(w, "app_verdicts", "counter", "",
		"verdicts by app and reason: the apps with most verdicts, all others as other; a "
		"reason that never came is left out");
	for (unsigned i = 0; i < figures->app_n; i++) {
		const struct jg_figures_app *app = &figures->app[i];
		for (unsigned r = 0; r < JG_REASON_COUNT; r++) {
			if (app->verdicts[r] == 0)
				continue;
			jg_sample(w, "_total");
			jg_label(w, "vendor", jg_figures_vendor_label(app->vendor));
			jg_label(w, "app", jg_figures_app_label(app));
			jg_label(w, "verdict", r == JG_REASON_OK ? "admit" : "reject");
			jg_label(w, "reason", jg_reason_name(r));
			jg_count_value(w, app->verdicts[r]);
		}
	}
}

static void add_key(struct jg_writer *w, const struct jg_figures_key *key, double value)
{
	jg_sample(w, "");
	jg_label(w, "vendor", jg_vendor_name(key->vendor));
	jg_label(w, "app", key->app);
	jg_label(w, "secret", key->id);
	jg_label(w, "status", key->status);
	jg_value(w, value);
}

static void add_key_counts(struct jg_writer *w, const struct jg_figures *figures)
{
	jg_family(w, "keys", "gauge", "", "secrets of all apps, by vendor and status");
	for (unsigned v = JG_VENDOR_NONE + 1; v < JG_VENDOR_COUNT; v++) {
		for (unsigned s = 0; s < JG_FIGURES_STATUSES; s++) {
			jg_sample(w, "");
			jg_label(w, "vendor", jg_vendor_name(v));
			jg_label(w, "status", jg_figures_status(s));
			jg_count_value(w, figures->keys[v][s]);
		}
	}
}

static void add_nodes(struct jg_writer *w, const struct jg_figures *figures)
{
	jg_family(w, "fleet_nodes", "gauge", "",
		"gates of the fleet, this one among them, as far as it has heard of them; all 0 "
		"without a fleet");
	for (unsigned s = 0; s < JG_NODE_STATES; s++) {
		jg_sample(w, "");
		jg_label(w, "state", jg_node_state_name(s));
		jg_count_value(w, figures->nodes[s]);
	}
}

static void add_keys(struct jg_writer *w, const struct jg_figures *figures)
{
	jg_family(w, "key_start_timestamp_seconds", "gauge", "seconds",
		"when a secret began: its not_before, else when this process first saw it");
	for (unsigned i = 0; i < figures->key_n; i++)
		add_key(w, &figures->key[i], (double)figures->key[i].began);
	jg_family(w, "key_last_use_timestamp_seconds", "gauge", "seconds",
		"when a secret last verified a token; 0 = not since it began to be watched");
	for (unsigned i = 0; i < figures->key_n; i++)
		add_key(w, &figures->key[i], (double)figures->key[i].last_used);
}

// Every packet has one fate, so they are one family; what is counted beside is a family each.
static void add_fates(struct jg_writer *w, const struct jg_figures *figures)
{
	jg_family(w, "packets", "counter", "",
		"packets by what became of them: each has exactly one fate");
	for (unsigned m = 0; m < figures->members_n; m++) {
		for (unsigned c = 0; c < JG_COUNTER_COUNT; c++) {
			if (jg_counter_kind(c) != JG_COUNTER_KIND_FATE)
				continue;
			jg_sample(w, "_total");
			jg_label(w, "worker", figures->members[m].name);
			jg_label(w, "fate", jg_counter_name(c));
			jg_count_value(w, figures->members[m].value[c]);
		}
	}
}

// Cycles of the time-stamp counter become seconds, "cycles_busy" becomes "busy_seconds".
static void add_counter(struct jg_writer *w, const struct jg_figures *figures, unsigned counter)
{
	static const char cycles[] = "cycles_";
	const char *name = jg_counter_name(counter);
	bool gauge = jg_counter_kind(counter) == JG_COUNTER_KIND_GAUGE;
	bool time = strncmp(name, cycles, sizeof(cycles) - 1) == 0;
	bool bytes = strcmp(jg_counter_unit(counter), "bytes") == 0;
	char family[64];
	(void)snprintf(family, sizeof(family), time ? "worker_%s_seconds" : "worker_%s",
		time ? name + sizeof(cycles) - 1 : name);
	jg_family(w, family, gauge ? "gauge" : "counter",
		time		? "seconds"
			: bytes ? "bytes"
				: "",
		time ? "time of the loop, from the time-stamp counter" : jg_counter_help(counter));
	for (unsigned m = 0; m < figures->members_n; m++) {
		uint64_t value = figures->members[m].value[counter];
		jg_sample(w, gauge ? "" : "_total");
		jg_label(w, "worker", figures->members[m].name);
		if (time)
			jg_value(w, jg_figures_seconds(figures, value));
		else
			jg_count_value(w, value);
	}
}

static void add_worker_gauge(struct jg_writer *w, const struct jg_figures *figures, size_t offset)
{
	for (unsigned m = 0; m < figures->members_n; m++) {
		double value;
		memcpy(&value, (const char *)&figures->members[m] + offset, sizeof(value));
		jg_sample(w, "");
		jg_label(w, "worker", figures->members[m].name);
		jg_value(w, value);
	}
}

static void add_workers(struct jg_writer *w, const struct jg_figures *figures)
{
	add_fates(w, figures);
	for (unsigned c = 0; c < JG_COUNTER_COUNT; c++)
		if (jg_counter_kind(c) != JG_COUNTER_KIND_FATE)
			add_counter(w, figures, c);
	jg_family(w, "worker_epoch_lag", "gauge", "", "epochs that a worker is behind");
	for (unsigned m = 0; m < figures->members_n; m++) {
		jg_sample(w, "");
		jg_label(w, "worker", figures->members[m].name);
		jg_count_value(w, figures->members[m].lag);
	}
	jg_family(w, "worker_behind_seconds", "gauge", "seconds",
		"how long a worker has been behind without any progress");
	add_worker_gauge(w, figures, offsetof(struct jg_figures_member, behind_s));
	jg_family(w, "lcore_busy_ratio", "gauge", "ratio",
		"share of a core's time with packets in hand, over the last second or scrape "
		"interval");
	add_worker_gauge(w, figures, offsetof(struct jg_figures_member, busy));
}

static void add_label(struct jg_writer *w, const char *label, const char *value)
{
	if (label != NULL)
		jg_label(w, label, value);
}

// label: what tells the histogram from others of its family; NULL = nothing
static void add_bucket(
	struct jg_writer *w, const char *label, const char *value, double bound, uint64_t below)
{
	char le[32] = "+Inf";
	// OpenMetrics wants 1.0 where C says 1.
	if (!isinf(bound))
		(void)snprintf(le, sizeof(le), fmod(bound, 1) == 0 ? "%.1f" : "%.12g", bound);
	jg_sample(w, "_bucket");
	add_label(w, label, value);
	jg_label(w, "le", le);
	jg_count_value(w, below);
}

// Our buckets are a quarter of an octave wide: each counts where all of it lies.
static void add_times(struct jg_writer *w, const struct jg_figures *figures, const char *label,
	const char *value, const uint64_t buckets[JG_TIME_BUCKETS], uint64_t cycles)
{
	uint64_t below = 0;
	unsigned bucket = 0;
	for (unsigned i = 0; i < JG_ARRAY_SIZE(bounds_us); i++) {
		double bound = bounds_us[i] / 1e6;
		for (; bucket < JG_TIME_BUCKETS && jg_figures_bucket_s(figures, bucket) <= bound;
			bucket++)
			below += buckets[bucket];
		add_bucket(w, label, value, bound, below);
	}
	for (; bucket < JG_TIME_BUCKETS; bucket++)
		below += buckets[bucket];
	add_bucket(w, label, value, INFINITY, below);
	jg_sample(w, "_sum");
	add_label(w, label, value);
	jg_value(w, jg_figures_seconds(figures, cycles));
	jg_sample(w, "_count");
	add_label(w, label, value);
	jg_count_value(w, below);
}

static void add_service_time(struct jg_writer *w, const struct jg_figures *figures)
{
	uint64_t buckets[JG_TIME_BUCKETS];
	uint64_t cycles = 0;
	jg_figures_service_time(figures, buckets);
	for (unsigned m = 0; m < figures->members_n; m++)
		cycles += figures->members[m].service_cycles;
	jg_family(w, "verify_duration_seconds", "histogram", "seconds",
		"time from the poll that brought a packet to its answer on the port's queue");
	add_times(w, figures, NULL, NULL, buckets, cycles);
}

static void add_stages(struct jg_writer *w, const struct jg_figures *figures)
{
	jg_family(w, "stage_duration_seconds", "histogram", "seconds",
		"time of a burst in a stage; the sum is what all cores spent there");
	for (unsigned s = 0; s < JG_STAGE_COUNT; s++)
		add_times(w, figures, "stage", jg_stage_name(s), figures->stage_time[s],
			figures->stage_cycles[s]);
}

static void add_burst_size(struct jg_writer *w, const struct jg_figures *figures)
{
	jg_family(w, "batch_size", "histogram", "",
		"packets of one poll, polls that brought none left out");
	for (unsigned m = 0; m < figures->members_n; m++) {
		const struct jg_figures_member *member = &figures->members[m];
		uint64_t below = 0;
		uint64_t packets = 0;
		for (unsigned b = 0; b < JG_BURST_BUCKETS; b++) {
			below += member->burst_size[b];
			add_bucket(w, "worker", member->name, jg_burst_bucket_max(b), below);
		}
		add_bucket(w, "worker", member->name, INFINITY, below);
		// Each packet of a burst was counted once with the time of its burst.
		for (unsigned b = 0; b < JG_TIME_BUCKETS; b++)
			packets += member->service_time[b];
		jg_sample(w, "_sum");
		jg_label(w, "worker", member->name);
		jg_count_value(w, packets);
		jg_sample(w, "_count");
		jg_label(w, "worker", member->name);
		jg_count_value(w, below);
	}
}

static void add_port_gauge(struct jg_writer *w, const struct jg_port_stats *port, double value)
{
	jg_sample(w, "");
	jg_label(w, "port", port->device);
	jg_value(w, value);
}

static void add_ports(struct jg_writer *w, const struct jg_figures *figures)
{
	for (unsigned i = 0; i < JG_ARRAY_SIZE(port_rows); i++) {
		const struct port_row *row = &port_rows[i];
		jg_family(w, row->name, row->type, row->unit, row->help);
		for (unsigned p = 0; p < figures->ports_n; p++) {
			uint64_t value;
			memcpy(&value, (const char *)&figures->ports[p] + row->offset,
				sizeof(value));
			jg_sample(w, "_total");
			jg_label(w, "port", figures->ports[p].device);
			jg_count_value(w, value);
		}
	}
	jg_family(w, "port_up", "gauge", "", "1 while the port has a link");
	for (unsigned p = 0; p < figures->ports_n; p++)
		add_port_gauge(w, &figures->ports[p], figures->ports[p].link_up);
	jg_family(w, "mbuf_free", "gauge", "", "packet buffers of the port that nobody holds");
	for (unsigned p = 0; p < figures->ports_n; p++)
		add_port_gauge(w, &figures->ports[p], figures->ports[p].mbufs_free);
	jg_family(w, "mbufs", "gauge", "", "packet buffers of the port in all");
	for (unsigned p = 0; p < figures->ports_n; p++)
		add_port_gauge(w, &figures->ports[p], figures->ports[p].mbufs);
}

size_t jg_openmetrics_render(
	const struct jg_figures *figures, enum jg_exposition exposition, char **text)
{
	size_t len = 0;
	*text = NULL;
	struct jg_writer w = {.out = open_memstream(text, &len),
		.openmetrics = exposition == JG_EXPOSITION_OPENMETRICS};
	if (w.out == NULL)
		return 0;
	add_build(&w, figures);
	add_scalars(&w, figures);
	add_verdicts(&w, figures);
	add_apps(&w, figures);
	add_key_counts(&w, figures);
	add_keys(&w, figures);
	add_nodes(&w, figures);
	add_workers(&w, figures);
	add_service_time(&w, figures);
	add_stages(&w, figures);
	add_burst_size(&w, figures);
	add_ports(&w, figures);
	jg_exposition_end(&w);
	bool failed = ferror(w.out) != 0;
	if (fclose(w.out) == 0 && !failed)
		return len;
	free(*text);
	*text = NULL;
	return 0;
}
