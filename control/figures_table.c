// SPDX-License-Identifier: BSD-3-Clause
// The single values and the names of rows: declared once for OpenMetrics, JSON and telemetry.
#include "figures.h"

#include <stddef.h>

#define AT(member) offsetof(struct jg_figures, member)

// clang-format off
const struct jg_figures_scalar jg_figures_scalars[] = {
	{"uptime_seconds", "uptime_s", "gauge", "seconds", "time since the gate started", AT(uptime_s)},
	{"figures_timestamp_seconds", "time", "gauge", "seconds", "when these figures were gathered; old when the control thread is stuck", AT(gathered_at)},
	{"ready", "ready", "gauge", "bool", "1 while /readyz says yes: state in force on every worker, ports up, not draining", AT(ready)},
	{"draining", "draining", "gauge", "bool", "1 after joingatectl drain or SIGTERM", AT(draining)},
	{"epoch", "epoch", "gauge", "", "the newest epoch that was published", AT(epoch)},
	{"epoch_in_force", "in_force", "gauge", "", "the newest epoch that every worker has taken over", AT(in_force)},
	{"apps", "apps", "gauge", "", "apps of the state", AT(apps)},
	{"key_generation", "key_generation", "gauge", "", "changes of apps and their secrets since the gate started", AT(key_generation)},
	{"participant_overrides", "overrides", "gauge", "", "participants with an override", AT(overrides)},
	{"revocations", "cut_offs", "gauge", "", "cut-offs in force", AT(cut_offs)},
	{"revocation_bytes", "cut_off_bytes", "gauge", "bytes", "memory of the cut-off table", AT(cut_off_bytes)},
	{"revocations_collected", "collected", "counter", "", "cut-offs removed because they could refuse nothing any more", AT(collected)},
	{"changes", "changes", "counter", "", "changes of the state, made durable and published", AT(changes)},
	{"key_reloads", "reloads", "counter", "", "reloads of the configuration that succeeded", AT(reloads)},
	{"key_reload_failures", "reload_failures", "counter", "", "reloads of the configuration that failed: the old state went on", AT(reload_failures)},
	{"key_reload_timestamp_seconds", "loaded_at", "gauge", "seconds", "when the last new state was compiled and published", AT(loaded_at)},
	{"unlocked_secret_bytes", "unlocked_bytes", "gauge", "bytes", "secrets that could not be locked in memory; raise LimitMEMLOCK", AT(unlocked_bytes)},
	{"clock_unsynchronised", "clock_unsynchronised", "gauge", "bool", "1 while the kernel says that nobody keeps this machine's clock", AT(clock_unsynchronised)},
	{"clock_error_seconds", "clock_error_s", "gauge", "seconds", "by how much the clock may be wrong, as the kernel reckons; -1 = it does not tell", AT(clock_error_s)},
	{"clock_offset_seconds", "clock_offset_s", "gauge", "seconds", "what the kernel has still to add to the clock to make it right, as its time daemon told it", AT(clock_offset_s)},
	{"log_lines_lost", "log_lost", "counter", "", "lines of the log that stderr did not take at once", AT(log_lost)},
	{"store_stale_seconds", "store_stale_s", "gauge", "seconds", "time since the last contact with the store; 0 = in contact, -1 = never", AT(store_stale_s)},
	{"store_trouble", "store_trouble", "gauge", "bool", "1 while something is wrong with the store; joingatectl status says what", AT(store_trouble)},
	{"store_revision", "store_revision", "gauge", "", "revision of the fleet's state; 0 without a fleet", AT(store_revision)},
};
// clang-format on
const unsigned jg_figures_scalars_n = JG_ARRAY_SIZE(jg_figures_scalars);

double jg_figures_value(const struct jg_figures *figures, const struct jg_figures_scalar *scalar)
{
	double value;
	memcpy(&value, (const char *)figures + scalar->offset, sizeof(value));
	return value;
}

const char *jg_figures_app_label(const struct jg_figures_app *app)
{
	return app->key[0] != '\0' ? app->key : "other";
}

const char *jg_figures_vendor_label(unsigned vendor)
{
	return vendor == JG_VENDOR_NONE ? "unknown" : jg_vendor_name(vendor);
}

const char *jg_figures_status(unsigned status)
{
	return status == JG_SECRET_ACTIVE     ? "active"
		: status == JG_SECRET_RETIRED ? "retired"
					      : "verify-only";
}
