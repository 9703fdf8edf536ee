// SPDX-License-Identifier: BSD-3-Clause
#include "telemetry.h"

#include "internal/gate.h"

#include <rte_cycles.h>
#include <rte_spinlock.h>
#include <rte_telemetry.h>

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// EAL's telemetry thread reads these; its callbacks carry no pointer of ours in 22.11, and there is
// no way to take a command back.
static const struct jg_gate *current;
static struct jg_gate_teller teller;
static unsigned telling; // a teller may wait for its figures: it is called without the lock
static rte_spinlock_t lock = RTE_SPINLOCK_INITIALIZER;

// What a teller writes into.
struct told {
	struct jg_gate_told head;
	struct rte_tel_data *data;
};

// 22.11 takes letters, digits, "_" and "/" in names.
static const char *clean(const char *name, char copy[RTE_TEL_MAX_STRING_LEN])
{
	snprintf(copy, RTE_TEL_MAX_STRING_LEN, "%s", name);
	for (char *c = copy; *c != '\0'; c++)
		if (!isalnum((unsigned char)*c) && *c != '/')
			*c = '_';
	return copy;
}

static void told_count(struct jg_gate_told *head, const char *name, uint64_t value)
{
	struct told *told = (struct told *)head;
	char copy[RTE_TEL_MAX_STRING_LEN];

	rte_tel_data_add_dict_u64(told->data, clean(name, copy), value);
}

static void told_text(struct jg_gate_told *head, const char *name, const char *value)
{
	struct told *told = (struct told *)head;
	char copy[RTE_TEL_MAX_STRING_LEN];

	rte_tel_data_add_dict_string(told->data, clean(name, copy), value);
}

static void add_told(
	const char *topic, const char *member, unsigned first, struct rte_tel_data *data)
{
	struct told told = {.head = {.count = told_count, .text = told_text}, .data = data};
	rte_spinlock_lock(&lock);
	struct jg_gate_teller by = teller;
	telling++;
	rte_spinlock_unlock(&lock);
	if (by.tell != NULL)
		by.tell(by.arg, topic, member, first, &told.head);
	rte_spinlock_lock(&lock);
	telling--;
	rte_spinlock_unlock(&lock);
}

static void add_counters(const struct jg_gate *gate, unsigned member, struct rte_tel_data *data)
{
	const struct jg_counters *counters = jg_gate_counters(gate, member);

	rte_tel_data_add_dict_string(data, "member", jg_gate_member_name(gate, member));
	for (unsigned i = 0; i < JG_COUNTER_COUNT; i++)
		rte_tel_data_add_dict_u64(
			data, jg_counter_name(i), jg_count_read(&counters->value[i]));
}

static void add_verdicts(const struct jg_gate *gate, struct rte_tel_data *data)
{
	for (unsigned vendor = 0; vendor < JG_VENDOR_COUNT; vendor++) {
		for (unsigned reason = 0; reason < JG_REASON_COUNT; reason++) {
			uint64_t sum = 0;
			char name[RTE_TEL_MAX_STRING_LEN];

			for (unsigned m = 0; m < jg_gate_members(gate); m++)
				sum += jg_count_read(
					&jg_gate_counters(gate, m)->verdicts[vendor][reason]);
			if (sum == 0)
				continue;
			snprintf(name, sizeof(name), "%s_%s",
				vendor == 0 ? "unknown" : jg_vendor_name(vendor),
				jg_reason_name(reason));
			rte_tel_data_add_dict_u64(data, name, sum);
		}
	}
}

static void add_port(const struct jg_gate *gate, unsigned port, struct rte_tel_data *data)
{
	struct jg_port_stats stats;

	if (jg_gate_port_stats(gate, port, &stats) != 0)
		return;
	rte_tel_data_add_dict_string(data, "port", stats.device);
	rte_tel_data_add_dict_string(data, "driver", stats.driver);
	rte_tel_data_add_dict_int(data, "up", stats.link_up);
	rte_tel_data_add_dict_u64(data, "rx_packets", stats.rx_packets);
	rte_tel_data_add_dict_u64(data, "tx_packets", stats.tx_packets);
	rte_tel_data_add_dict_u64(data, "rx_bytes", stats.rx_bytes);
	rte_tel_data_add_dict_u64(data, "tx_bytes", stats.tx_bytes);
	rte_tel_data_add_dict_u64(data, "rx_missed", stats.rx_missed);
	rte_tel_data_add_dict_u64(data, "rx_errors", stats.rx_errors);
	rte_tel_data_add_dict_u64(data, "tx_errors", stats.tx_errors);
	rte_tel_data_add_dict_u64(data, "rx_no_mbuf", stats.rx_no_mbuf);
	rte_tel_data_add_dict_u64(data, "mbufs", stats.mbufs);
	rte_tel_data_add_dict_u64(data, "mbufs_free", stats.mbufs_free);
}

// Every member in one answer: what an overview of a gate needs.
static void add_members(const struct jg_gate *gate, struct rte_tel_data *data)
{
	static const unsigned shown[] = {JG_COUNTER_EPOCH, JG_COUNTER_RX_PACKETS,
		JG_COUNTER_TX_PACKETS, JG_COUNTER_VERDICT, JG_COUNTER_BURSTS,
		JG_COUNTER_CYCLES_BUSY, JG_COUNTER_CYCLES_IDLE, JG_COUNTER_HEARTBEAT,
		JG_COUNTER_RUNNING};

	for (unsigned m = 0; m < jg_gate_members(gate); m++) {
		struct rte_tel_data *member = rte_tel_data_alloc();
		char name[RTE_TEL_MAX_STRING_LEN];

		if (member == NULL)
			return;
		rte_tel_data_start_dict(member);
		for (unsigned i = 0; i < sizeof(shown) / sizeof(shown[0]); i++)
			rte_tel_data_add_dict_u64(member, jg_counter_name(shown[i]),
				jg_count_read(&jg_gate_counters(gate, m)->value[shown[i]]));
		rte_tel_data_add_dict_container(
			data, clean(jg_gate_member_name(gate, m), name), member, 0);
	}
}

static unsigned number_of(const char *params)
{
	return params == NULL || *params == '\0' ? 0 : (unsigned)strtoul(params, NULL, 10);
}

static int on_stats(const char *cmd, const char *params, struct rte_tel_data *data)
{
	unsigned member = number_of(params);
	char name[RTE_TEL_MAX_STRING_LEN];
	int result = -EINVAL;

	(void)cmd;
	rte_spinlock_lock(&lock);
	if (current != NULL && member < jg_gate_members(current)) {
		rte_tel_data_start_dict(data);
		add_counters(current, member, data);
		snprintf(name, sizeof(name), "%s", jg_gate_member_name(current, member));
		result = 0;
	}
	rte_spinlock_unlock(&lock);
	if (result == 0)
		add_told("stats", name, 0, data);
	return result;
}

static int on_verdicts(const char *cmd, const char *params, struct rte_tel_data *data)
{
	(void)cmd;
	(void)params;
	rte_spinlock_lock(&lock);
	rte_tel_data_start_dict(data);
	if (current != NULL)
		add_verdicts(current, data);
	rte_spinlock_unlock(&lock);
	return 0;
}

static int on_workers(const char *cmd, const char *params, struct rte_tel_data *data)
{
	(void)cmd;
	(void)params;
	rte_spinlock_lock(&lock);
	rte_tel_data_start_dict(data);
	if (current != NULL)
		add_members(current, data);
	rte_spinlock_unlock(&lock);
	return 0;
}

static int on_ports(const char *cmd, const char *params, struct rte_tel_data *data)
{
	unsigned port = number_of(params);
	int result = -EINVAL;

	(void)cmd;
	rte_spinlock_lock(&lock);
	if (current != NULL && port < jg_gate_ports(current)) {
		rte_tel_data_start_dict(data);
		add_port(current, port, data);
		result = 0;
	}
	rte_spinlock_unlock(&lock);
	return result;
}

// "/joingate/keys": the topic is what the command is called.
static int on_told(const char *cmd, const char *params, struct rte_tel_data *data)
{
	rte_tel_data_start_dict(data);
	add_told(strrchr(cmd, '/') + 1, "", number_of(params), data);
	return 0;
}

void jg_gate_tell_by(const struct jg_gate *gate, const struct jg_gate_teller *by)
{
	rte_spinlock_lock(&lock);
	if (gate == current)
		teller = *by;
	rte_spinlock_unlock(&lock);
}

void jg_telemetry_start(const struct jg_gate *gate)
{
	rte_spinlock_lock(&lock);
	current = gate;
	rte_spinlock_unlock(&lock);
	// A command that is registered already stays; without telemetry (--no-telemetry) nothing asks.
	rte_telemetry_register_cmd("/joingate/stats", on_stats,
		"Counters of a worker or the lane. Parameter: its number, 0 when absent");
	rte_telemetry_register_cmd(
		"/joingate/verdicts", on_verdicts, "Verdicts by vendor and reason, of all workers");
	rte_telemetry_register_cmd("/joingate/workers", on_workers,
		"Epoch, packets, bursts and load of every worker and the lane");
	rte_telemetry_register_cmd("/joingate/ports", on_ports,
		"A port's own figures. Parameter: its number, 0 when absent");
	rte_telemetry_register_cmd("/joingate/state", on_told,
		"Epochs, apps, cut-offs, keys, store, clock, nodes of the fleet");
	rte_telemetry_register_cmd(
		"/joingate/service", on_told, "How long packets took: percentiles and buckets");
	rte_telemetry_register_cmd(
		"/joingate/stages", on_told, "Where that time goes, by stage of a burst");
	rte_telemetry_register_cmd("/joingate/top", on_told,
		"Verdicts of the apps with most of them, ten at once. Parameter: the first");
	rte_telemetry_register_cmd("/joingate/keys", on_told,
		"Begin and last use of these apps' secrets, 32 at once. Parameter: the first");
}

static bool is_telling(void)
{
	rte_spinlock_lock(&lock);
	bool is = telling > 0;
	rte_spinlock_unlock(&lock);
	return is;
}

void jg_telemetry_stop(const struct jg_gate *gate)
{
	rte_spinlock_lock(&lock);
	if (current == gate) {
		current = NULL;
		teller = (struct jg_gate_teller){0};
	}
	rte_spinlock_unlock(&lock);
	while (is_telling())
		rte_delay_us_sleep(1000);
}
