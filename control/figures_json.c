// SPDX-License-Identifier: BSD-3-Clause
#include "figures_json.h"

#include <math.h>

static void put_count(json_t *object, const char *name, uint64_t value)
{
	(void)json_object_set_new(object, name, json_integer((json_int_t)value));
}

static void put_real(json_t *object, const char *name, double value)
{
	(void)json_object_set_new(object, name, json_real(isfinite(value) ? value : -1));
}

static json_t *counters_of(const struct jg_figures_member *member)
{
	json_t *json = json_object();
	for (unsigned i = 0; i < JG_COUNTER_COUNT; i++)
		put_count(json, jg_counter_name(i), member->value[i]);
	put_count(json, "epoch_lag", member->lag);
	put_real(json, "behind_s", member->behind_s);
	put_real(json, "busy", member->busy);
	json_t *sizes = json_object();
	for (unsigned b = 0; b < JG_BURST_BUCKETS; b++) {
		char size[16];
		(void)snprintf(size, sizeof(size), "%u", jg_burst_bucket_max(b));
		put_count(sizes, size, member->burst_size[b]);
	}
	(void)json_object_set_new(json, "burst_size", sizes);
	if (member->describe != NULL)
		(void)json_object_set_new(json, "verifier", json_string(member->describe));
	return json;
}

// {"ok": 5, "expired": 1}: what never happened is left out.
static json_t *reasons_of(const uint64_t *verdicts)
{
	json_t *json = json_object();
	for (unsigned r = 0; r < JG_REASON_COUNT; r++)
		if (verdicts[r] > 0)
			put_count(json, jg_reason_name(r), verdicts[r]);
	return json;
}

static json_t *verdicts_of(const struct jg_figures *figures)
{
	json_t *json = json_object();
	for (unsigned v = 0; v < JG_VENDOR_COUNT; v++) {
		json_t *reasons = reasons_of(figures->verdicts[v]);
		if (json_object_size(reasons) > 0)
			(void)json_object_set(json, jg_figures_vendor_label(v), reasons);
		json_decref(reasons);
	}
	return json;
}

static json_t *apps_of(const struct jg_figures *figures)
{
	json_t *list = json_array();
	for (unsigned i = 0; i < figures->app_n; i++) {
		const struct jg_figures_app *app = &figures->app[i];
		json_t *json = json_pack("{s:s, s:s, s:o}", "vendor",
			jg_figures_vendor_label(app->vendor), "app", jg_figures_app_label(app),
			"verdicts", reasons_of(app->verdicts));
		(void)json_array_append_new(list, json);
	}
	return list;
}

static json_t *keys_of(const struct jg_figures *figures)
{
	json_t *list = json_array();
	for (unsigned i = 0; i < figures->key_n; i++) {
		const struct jg_figures_key *key = &figures->key[i];
		json_t *json = json_pack("{s:s, s:s, s:s, s:s, s:I, s:I}", "vendor",
			jg_vendor_name(key->vendor), "app", key->app, "secret", key->id, "status",
			key->status, "began", (json_int_t)key->began, "last_used",
			(json_int_t)key->last_used);
		(void)json_array_append_new(list, json);
	}
	return list;
}

static json_t *ports_of(const struct jg_figures *figures)
{
	json_t *list = json_array();
	for (unsigned i = 0; i < figures->ports_n; i++) {
		const struct jg_port_stats *port = &figures->ports[i];
		json_t *json = json_pack("{s:s, s:s, s:b}", "port", port->device, "driver",
			port->driver, "up", port->link_up);
		put_count(json, "rx_packets", port->rx_packets);
		put_count(json, "tx_packets", port->tx_packets);
		put_count(json, "rx_bytes", port->rx_bytes);
		put_count(json, "tx_bytes", port->tx_bytes);
		put_count(json, "rx_missed", port->rx_missed);
		put_count(json, "rx_errors", port->rx_errors);
		put_count(json, "tx_errors", port->tx_errors);
		put_count(json, "rx_no_mbuf", port->rx_no_mbuf);
		put_count(json, "mbufs", port->mbufs);
		put_count(json, "mbufs_free", port->mbufs_free);
		(void)json_array_append_new(list, json);
	}
	return list;
}

static void put_quantiles(
	json_t *json, const struct jg_figures *figures, const uint64_t buckets[JG_TIME_BUCKETS])
{
	put_real(json, "p50", jg_figures_quantile(figures, buckets, 0.5) * 1e6);
	put_real(json, "p90", jg_figures_quantile(figures, buckets, 0.9) * 1e6);
	put_real(json, "p99", jg_figures_quantile(figures, buckets, 0.99) * 1e6);
	put_real(json, "p99.9", jg_figures_quantile(figures, buckets, 0.999) * 1e6);
}

// Where the time goes: bursts that went through a stage, seconds of all cores, microseconds a burst.
static json_t *stages_of(const struct jg_figures *figures)
{
	json_t *json = json_object();
	for (unsigned s = 0; s < JG_STAGE_COUNT; s++) {
		json_t *stage = json_object();
		uint64_t bursts = 0;
		for (unsigned b = 0; b < JG_TIME_BUCKETS; b++)
			bursts += figures->stage_time[s][b];
		put_count(stage, "bursts", bursts);
		put_real(stage, "seconds", jg_figures_seconds(figures, figures->stage_cycles[s]));
		put_quantiles(stage, figures, figures->stage_time[s]);
		(void)json_object_set_new(json, jg_stage_name(s), stage);
	}
	return json;
}

// Packets by the upper end of their bucket in microseconds, for rates between two looks. Buckets
// that hold nothing are left out.
static json_t *service_of(const struct jg_figures *figures)
{
	json_t *json = json_object();
	json_t *buckets = json_array();
	uint64_t sums[JG_TIME_BUCKETS];
	jg_figures_service_time(figures, sums);
	for (unsigned b = 0; b < JG_TIME_BUCKETS; b++) {
		double s = jg_figures_bucket_s(figures, b);
		if (sums[b] > 0)
			(void)json_array_append_new(buckets,
				json_pack("[f, I]", isfinite(s) ? s * 1e6 : -1.0,
					(json_int_t)sums[b]));
	}
	put_quantiles(json, figures, sums);
	(void)json_object_set_new(json, "buckets", buckets);
	return json;
}

static void put_scalar(
	json_t *json, const struct jg_figures *figures, const struct jg_figures_scalar *row)
{
	double value = jg_figures_value(figures, row);
	if (strcmp(row->unit, "bool") == 0)
		(void)json_object_set_new(json, row->name, json_boolean(value != 0));
	else if (strcmp(row->unit, "seconds") == 0)
		put_real(json, row->name, value);
	else
		put_count(json, row->name, (uint64_t)value);
}

static json_t *keys_count_of(const struct jg_figures *figures)
{
	json_t *json = json_object();
	for (unsigned v = JG_VENDOR_NONE + 1; v < JG_VENDOR_COUNT; v++) {
		json_t *statuses = json_object();
		for (unsigned s = 0; s < JG_FIGURES_STATUSES; s++)
			put_count(statuses, jg_figures_status(s), figures->keys[v][s]);
		(void)json_object_set_new(json, jg_vendor_name(v), statuses);
	}
	return json;
}

static json_t *state_of(const struct jg_figures *figures)
{
	json_t *json = json_object();
	json_t *nodes = json_object();
	for (unsigned i = 0; i < jg_figures_scalars_n; i++)
		put_scalar(json, figures, &jg_figures_scalars[i]);
	for (unsigned s = 0; s < JG_NODE_STATES; s++)
		put_count(nodes, jg_node_state_name(s), figures->nodes[s]);
	(void)json_object_set_new(json, "gate", json_string(figures->version));
	(void)json_object_set_new(json, "store", json_string(figures->store_kind));
	(void)json_object_set_new(json, "fleet_nodes", nodes);
	(void)json_object_set_new(json, "keys", keys_count_of(figures));
	return json;
}

void jg_figures_json(const struct jg_figures *figures, json_t *object)
{
	json_t *workers = json_object();
	for (unsigned m = 0; m < figures->members_n; m++)
		(void)json_object_set_new(
			workers, figures->members[m].name, counters_of(&figures->members[m]));
	(void)json_object_set_new(object, "state", state_of(figures));
	(void)json_object_set_new(object, "workers", workers);
	(void)json_object_set_new(object, "verdicts", verdicts_of(figures));
	(void)json_object_set_new(object, "top_apps", apps_of(figures));
	(void)json_object_set_new(object, "keys", keys_of(figures));
	(void)json_object_set_new(object, "ports", ports_of(figures));
	(void)json_object_set_new(object, "service_us", service_of(figures));
	(void)json_object_set_new(object, "stages_us", stages_of(figures));
}
