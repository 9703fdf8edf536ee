// SPDX-License-Identifier: BSD-3-Clause
#include "way_ports.h"

#include "inside.h"
#include "ports.h"

#include <joingate/wire.h>

#include <errno.h>
#include <stdlib.h>

#define INSIDE_MBUFS 8191 // each way's ring may be full at once

struct ports_way {
	struct way base;
	struct ports ports;
	struct inside *inside; // NULL: the gate is elsewhere
};

const char way_inside_gate[] = "10.0.0.1";
const bool way_ports_built = true;

static struct transport *open_port(struct way *base, unsigned sender, struct jg_error *err)
{
	struct ports_way *way = (struct ports_way *)base;
	return transport_port_open(&way->ports.line[sender], err);
}

static struct transport *open_echo(struct way *base, struct jg_error *err)
{
	struct ports_way *way = (struct ports_way *)base;
	return transport_port_open(&way->ports.echo_line, err);
}

static double gate_busy(struct way *base)
{
	struct ports_way *way = (struct ports_way *)base;
	return way->inside == NULL ? -1 : inside_busy(way->inside);
}

static void close_way(struct way *base)
{
	struct ports_way *way = (struct ports_way *)base;
	// Its workers free what they still have while the pools are there.
	inside_stop(way->inside);
	ports_stop(&way->ports);
	free(way);
}

static const struct way_ops ops = {
	.open = open_port, .echo = open_echo, .gate_busy = gate_busy, .close = close_way};

static void describe(struct ports_way *way)
{
	char *text = way->base.text;
	size_t used = 0;
	if (way->inside != NULL) {
		snprintf(text, sizeof(way->base.text), "rings to a gate within this process");
		return;
	}
	for (unsigned i = 0; i < way->ports.n && used < sizeof(way->base.text); i++) {
		struct jg_port_stats stats;
		const struct jg_port *port = &way->ports.port[i];
		if (jg_port_read(port, &stats) != 0)
			stats.driver[0] = '\0';
		used += (size_t)snprintf(text + used, sizeof(way->base.text) - used,
			"%sport %.32s (%.20s)", i > 0 ? ", " : "", port->device, stats.driver);
	}
}

static int begin_ports(
	struct ports_way *way, const struct way_ports_options *o, struct jg_error *err)
{
	const struct ports_options options = {.own = o->ports->ports,
		.n = o->senders,
		.eal_extra = o->ports->eal_extra,
		.eal_extra_n = o->ports->eal_extra_n};
	const int rc = ports_begin(&way->ports, &options, err);
	return rc == 0 ? ports_start(&way->ports, o->target, o->gate_mac, err) : rc;
}

// The gate is 10.0.0.1, sender i 10.0.0.(2 + i).
static int begin_inside(
	struct ports_way *way, const struct way_ports_options *o, struct jg_error *err)
{
	static const struct jg_address gate_address = {
		.family = 4, .bytes = {10, 0, 0, 1}, .prefix = 24};
	static struct jg_address addresses[SENDERS_MAX];
	static char names[SENDERS_MAX][32];
	struct jg_config_port own[SENDERS_MAX];
	const struct jg_config_port gate = {.device = inside_device,
		.driver = JG_PORT_RING,
		.addresses = &gate_address,
		.addresses_n = 1};
	for (unsigned i = 0; i < o->senders; i++) {
		inside_peer(i, names[i]);
		addresses[i] = gate_address;
		addresses[i].bytes[3] = (uint8_t)(2 + i);
		own[i] = (struct jg_config_port){.device = {names[i], (uint32_t)strlen(names[i])},
			.driver = JG_PORT_RING,
			.addresses = &addresses[i],
			.addresses_n = 1,
			.mbufs = INSIDE_MBUFS};
	}
	const struct ports_options options = {
		.own = own, .n = o->senders, .gate = &gate, .workers = o->senders};
	int rc = ports_begin(&way->ports, &options, err);
	if (rc != 0)
		return rc;
	const struct inside_options inside = {.config = o->apps,
		.port = &way->ports.config[0],
		.workers = o->senders,
		.front_end = o->front_end,
		.key = o->key,
		.udp_port = JG_WIRE_PORT};
	way->inside = inside_start(&inside, err);
	return way->inside == NULL ? -EIO : ports_start(&way->ports, o->target, NULL, err);
}

struct way *way_ports_open(const struct way_ports_options *options, struct jg_error *err)
{
	struct ports_way *way = calloc(1, sizeof(*way));
	if (way == NULL) {
		jg_error_set(err, "no memory");
		return NULL;
	}
	way->base.ops = &ops;
	const int rc = options->ports != NULL ? begin_ports(way, options, err)
					      : begin_inside(way, options, err);
	if (rc == 0) {
		describe(way);
		return &way->base;
	}
	close_way(&way->base);
	return NULL;
}
