// SPDX-License-Identifier: BSD-3-Clause
#include "ports.h"

#include <joingate/wire.h>

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_eth_ring.h>
#include <rte_ring.h>

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>

#define ECHO "load_echo"
#define ECHO_RING 1024
#define ECHO_MBUFS 2047
#define FIRST_PORT 20000 // UDP ports of the senders

// The two ends of what hears itself, from the addresses for examples (RFC 5737).
static const struct jg_address echo_here = {.family = 4, .bytes = {192, 0, 2, 1}, .prefix = 30};
static const uint8_t echo_there[4] = {192, 0, 2, 2};

int ports_begin(struct ports *p, const struct ports_options *options, struct jg_error *err)
{
	*p = (struct ports){.gates = options->gate != NULL, .n = options->n};
	if (options->gate != NULL)
		p->config[0] = *options->gate;
	memcpy(p->config + p->gates, options->own, options->n * sizeof(p->config[0]));
	p->config[p->gates + p->n] = (struct jg_config_port){.device = JG_STR("net_ring_" ECHO),
		.driver = JG_PORT_RING,
		.addresses = &echo_here,
		.addresses_n = 1,
		.mbufs = ECHO_MBUFS};
	p->options = (struct jg_gate_options){.ports = p->config,
		.ports_n = p->gates + p->n + 1,
		.workers = 1,
		.eal_extra = options->eal_extra,
		.eal_extra_n = options->eal_extra_n};
	// A gate in this process has a lane beside its workers.
	struct jg_gate_options all = p->options;
	all.workers = options->gate != NULL ? options->workers : 1;
	return jg_eal_start(&all, options->gate != NULL ? options->workers + 1 : 0, err);
}

static int start_echo(struct ports *p, struct jg_error *err)
{
	struct rte_ring *ring = rte_ring_create(
		ECHO, ECHO_RING, (int)rte_socket_id(), RING_F_SP_ENQ | RING_F_SC_DEQ);
	if (ring == NULL || rte_eth_from_rings(ECHO, &ring, 1, &ring, 1, rte_socket_id()) < 0) {
		jg_error_set(
			err, "no ring to measure the generator with: %s", rte_strerror(rte_errno));
		return -ENOMEM;
	}
	const int rc = jg_port_start(&p->echo, p->gates + p->n, &p->options, err);
	p->echo_line = (struct line){.port = &p->echo,
		.udp_port = JG_WIRE_PORT,
		.echo = true,
		.to = {.family = 4, .source_port = JG_WIRE_PORT}};
	memcpy(p->echo_line.to.source, echo_here.bytes, 4);
	memcpy(p->echo_line.to.target, echo_there, 4);
	memcpy(p->echo_line.to.peer_mac, p->echo.interface.mac, 6);
	return rc;
}

static int draw_line(struct ports *p, unsigned i, const struct target *gate, struct jg_error *err)
{
	const struct jg_config_port *config = &p->config[p->gates + i];
	const struct jg_address *own = target_address(gate, config->addresses, config->addresses_n);
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)(const void *)&gate->address;
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)(const void *)&gate->address;
	struct line *line = &p->line[i];
	if (own == NULL) {
		jg_error_set(err, "port %s has no address to talk to %s from", config->device.p,
			gate->text);
		return -EINVAL;
	}
	*line = (struct line){.port = &p->port[i],
		.udp_port = (uint16_t)(FIRST_PORT + i),
		.to = {.family = own->family}};
	memcpy(line->to.target, own->bytes, own->family == 4 ? 4 : 16);
	if (own->family == 4)
		memcpy(line->to.source, &v4->sin_addr, 4);
	else
		memcpy(line->to.source, &v6->sin6_addr, 16);
	line->to.source_port = ntohs(own->family == 4 ? v4->sin_port : v6->sin6_port);
	return 0;
}

static int find_gate(struct line *line, const char *device, const struct target *gate,
	const uint8_t *mac, struct jg_error *err)
{
	if (mac != NULL) {
		memcpy(line->to.peer_mac, mac, 6);
		return 0;
	}
	const int rc = line_find_gate(line);
	if (rc != 0)
		jg_error_set(err,
			"nobody on the link of port %s says to be %s: is the gate running, and on "
			"this link? Behind a router, name the router's Ethernet address with "
			"--gate-mac",
			device, gate->text);
	return rc;
}

int ports_start(
	struct ports *p, const struct target *gate, const uint8_t *mac, struct jg_error *err)
{
	int rc = start_echo(p, err);
	for (unsigned i = 0; i < p->n && rc == 0; i++) {
		rc = jg_port_start(&p->port[i], p->gates + i, &p->options, err);
		if (rc == 0)
			rc = draw_line(p, i, gate, err);
		if (rc == 0)
			rc = find_gate(
				&p->line[i], p->config[p->gates + i].device.p, gate, mac, err);
	}
	return rc;
}

void ports_stop(struct ports *p)
{
	for (unsigned i = 0; i < p->n; i++)
		if (p->port[i].pool != NULL)
			jg_port_stop(&p->port[i]);
	if (p->echo.pool != NULL)
		jg_port_stop(&p->echo);
	rte_eal_cleanup();
}
