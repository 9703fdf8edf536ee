// SPDX-License-Identifier: BSD-3-Clause
#include "approach.h"

#include "port_settings.h"
#include "way_ports.h"

#include <errno.h>
#include <sys/random.h>

// A gate within this process has a front end of ours: nobody else needs to know its key.
static int make_key(struct approach *a, struct jg_error *err)
{
	if (getrandom(a->secret, sizeof(a->secret), 0) != sizeof(a->secret)) {
		jg_error_set(err, "no random numbers for a key: %s", strerror(errno));
		return -EIO;
	}
	jg_mac_key_init(&a->key, JG_MAC_SHA256, a->secret, sizeof(a->secret));
	a->signs = true;
	return 0;
}

static int choose_inside(struct approach *a, const struct options *o, struct jg_error *err)
{
	const int rc = target_parse(&a->target, way_inside_gate, err);
	a->target.why = "within this process";
	return rc == 0 && o->front_end != 0 ? make_key(a, err) : rc;
}

// What has no wire by its kind: the other end is a program or a kernel on this machine.
static bool is_closed(const struct jg_config_port *port)
{
	return port->driver == JG_PORT_TAP || port->driver == JG_PORT_MEMIF ||
		port->driver == JG_PORT_RING;
}

static int choose_ports(struct approach *a, const struct options *o, struct jg_error *err)
{
	int rc = target_parse(&a->target, o->gate, err);
	if (rc != 0)
		return rc;
	a->ports = port_settings_read(o->ports, o->ports_n, o->address, err);
	if (a->ports == NULL)
		return -EINVAL;
	for (uint32_t i = 0; i < a->ports->ports_n && rc == 0; i++) {
		const struct jg_config_port *port = &a->ports->ports[i];
		const struct target_link link = {.device = port->device.p,
			.closed = is_closed(port),
			.own = target_address(&a->target, port->addresses, port->addresses_n)};
		if (link.own == NULL) {
			jg_error_set(err, "port %s has no address to talk to %s from", link.device,
				a->target.text);
			return -EINVAL;
		}
		rc = target_check_link(&a->target, &link, o->allow, o->allow_n, err);
	}
	return rc;
}

static int choose_socket(struct approach *a, const struct options *o, struct jg_error *err)
{
	const int rc = target_parse(&a->target, o->gate, err);
	return rc == 0 ? target_check(&a->target, o->allow, o->allow_n, err) : rc;
}

int approach_choose(struct approach *a, const struct options *o, struct jg_error *err)
{
	*a = (struct approach){.signs = false};
	if (!way_ports_built && (o->inside || o->ports_n > 0)) {
		jg_error_set(
			err, "this joingate-load was built without DPDK: it knows --socket alone");
		return -ENOTSUP;
	}
	int rc = o->inside	 ? choose_inside(a, o, err)
		: o->ports_n > 0 ? choose_ports(a, o, err)
				 : choose_socket(a, o, err);
	if (rc == 0 && o->key_file != NULL) {
		a->signs = signer_read_key(&a->key, o->key_file, err);
		rc = a->signs ? 0 : -EINVAL;
	}
	return rc;
}

int approach_open(struct approach *a, const struct options *o, const struct jg_config *apps,
	struct jg_error *err)
{
	const struct way_ports_options options = {.ports = a->ports,
		.apps = apps,
		.senders = o->senders,
		.target = &a->target,
		.gate_mac = o->gate_mac_given ? o->gate_mac : NULL,
		.front_end = o->front_end,
		.key = {(const char *)a->secret, sizeof(a->secret)}};
	if (o->inside || o->ports_n > 0)
		a->way = way_ports_open(&options, err);
	else
		a->way = way_socket_open(&a->target, err);
	return a->way == NULL ? -EIO : 0;
}

void approach_close(struct approach *a)
{
	if (a->way != NULL)
		a->way->ops->close(a->way);
	jg_config_free(a->ports);
	explicit_bzero(a, sizeof(*a));
}
