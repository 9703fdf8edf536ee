// SPDX-License-Identifier: BSD-3-Clause
// Rules between settings of the gate itself; those of apps stand in check_apps.c.
#include "settings.h"

#include <joingate/verify.h>

static bool given(struct jg_str text)
{
	return text.p != NULL;
}

static void check_scope(
	struct loader *loader, const struct jg_cut_off *cut, const struct place *place)
{
	static const struct {
		bool user, room, secret;
	} needs[JG_SCOPE_COUNT] = {
		[JG_SCOPE_USER] = {.user = true},
		[JG_SCOPE_ROOM] = {.room = true},
		[JG_SCOPE_PARTICIPANT] = {.user = true, .room = true},
		[JG_SCOPE_SECRET] = {.secret = true},
	};
	static const uint8_t no_id[16];
	const struct {
		const char *name;
		bool needed, given;
	} fields[] = {
		{"user", needs[cut->scope].user, given(cut->user)},
		{"room", needs[cut->scope].room, given(cut->room)},
		{"secret", needs[cut->scope].secret, given(cut->secret)},
		{"token_id", cut->scope == JG_SCOPE_TOKEN,
			memcmp(cut->token_id, no_id, sizeof(no_id)) != 0},
	};
	for (size_t i = 0; i < JG_ARRAY_SIZE(fields); i++) {
		const struct place at = {.parent = place, .name = fields[i].name};
		if (fields[i].needed && !fields[i].given)
			jg_config_mistake(loader, &at, "is not given; this scope needs it");
		else if (!fields[i].needed && fields[i].given)
			jg_config_mistake(loader, &at, "does not belong to this scope");
	}
}

static void check_cut_offs(struct loader *loader)
{
	const struct jg_config *config = loader->config;
	const struct place list = {.name = "cut_offs"};
	for (uint32_t i = 0; i < config->cut_offs_n; i++) {
		const struct place at = {.parent = &list, .index = i};
		check_scope(loader, &config->cut_offs[i], &at);
	}
}

static void check_port(struct loader *loader, uint32_t i)
{
	const struct jg_config *config = loader->config;
	const struct jg_config_port *port = &config->ports[i];
	const struct place list = {.name = "ports"};
	const struct place at = {.parent = &list, .index = i};
	const struct place device = {.parent = &at, .name = "device"};
	const struct place mtu = {.parent = &at, .name = "mtu"};
	for (uint32_t j = 0; j < i; j++)
		if (jg_str_eq(port->device, config->ports[j].device))
			jg_config_mistake(loader, &device, "is that of ports[%u]", j);
	if (port->driver == JG_PORT_AF_XDP && port->mtu >= 3542)
		jg_config_mistake(loader, &mtu,
			"is %lld; expected less than 3542, all that af_xdp takes",
			(long long)port->mtu);
	for (uint32_t a = 0; a < port->addresses_n; a++)
		if (port->addresses[a].family == 6 && port->mtu < 1280)
			jg_config_mistake(loader, &mtu, "is %lld; expected 1280 or more for IPv6",
				(long long)port->mtu);
}

static bool app_exists(const struct jg_config *config, const struct jg_allowed *allowed)
{
	if (allowed->vendor == JG_VENDOR_NONE || allowed->key.p == NULL)
		return true;
	for (uint32_t i = 0; i < config->apps_n; i++)
		if (config->apps[i].vendor == allowed->vendor &&
			jg_str_eq(config->apps[i].key, allowed->key))
			return true;
	return false;
}

static void check_front_end(struct loader *loader, uint32_t i)
{
	const struct jg_config *config = loader->config;
	const struct jg_config_front_end *front = &config->front_ends[i];
	const struct place list = {.name = "front_ends"};
	const struct place at = {.parent = &list, .index = i};
	const struct place id = {.parent = &at, .name = "id"};
	const struct place key = {.parent = &at, .name = "key"};
	const struct place apps = {.parent = &at, .name = "apps"};
	bool stored = given(config->store_sqlite) || config->store_etcd_endpoints_n > 0;
	for (uint32_t j = 0; j < i; j++)
		if (front->id == config->front_ends[j].id)
			jg_config_mistake(loader, &id, "is %lld, that of front_ends[%u]",
				(long long)front->id, j);
	if (!given(front->key))
		jg_config_mistake(loader, &key, "is not given; expected key or key_file");
	for (uint32_t a = 0; a < front->apps_n && !stored; a++) {
		const struct place app = {.parent = &apps, .index = a};
		if (!app_exists(config, &front->apps[a]))
			jg_config_warning(loader, &app, "names an app that is not in this file");
	}
}

static void check_etcd(struct loader *loader)
{
	const struct jg_config *config = loader->config;
	const struct place etcd = {.name = "store.etcd"};
	const struct place list = {.parent = &etcd, .name = "endpoints"};
	for (uint32_t i = 0; i < config->store_etcd_endpoints_n; i++) {
		const struct place at = {.parent = &list, .index = i};
		const char *url = config->store_etcd_endpoints[i].p;
		bool plain = url != NULL && strncmp(url, "http://", 7) == 0;
		if (url != NULL && !plain && strncmp(url, "https://", 8) != 0)
			jg_config_mistake(
				loader, &at, "is \"%.64s\"; expected https://host:2379", url);
		else if (plain && !config->store_etcd_insecure)
			jg_config_mistake(loader, &at,
				"is not encrypted; expected https://, or store.etcd.insecure");
	}
	if (!given(config->store_etcd_fleet_key))
		jg_config_mistake(
			loader, &etcd, "has no fleet_key_file, which seals secrets there");
	if (given(config->store_etcd_cert) != given(config->store_etcd_cert_key))
		jg_config_mistake(
			loader, &etcd, "has one of cert_file and key_file; expected both");
	if (given(config->store_etcd_user) != given(config->store_etcd_password))
		jg_config_mistake(
			loader, &etcd, "has one of user and password_file; expected both");
}

static void check_store(struct loader *loader)
{
	const struct jg_config *config = loader->config;
	const struct place store = {.name = "store"};
	const struct place staleness = {.name = "store.max_staleness"};
	bool etcd = config->store_etcd_endpoints_n > 0;
	if (etcd)
		check_etcd(loader);
	else if (given(config->store_etcd_fleet_key) || given(config->store_etcd_ca))
		jg_config_mistake(loader, &store, "has an etcd without endpoints");
	if (etcd && !given(config->store_sqlite))
		jg_config_mistake(loader, &store,
			"is etcd alone; expected sqlite beside it, the file that keeps the last "
			"state "
			"while etcd is away");
	if (!etcd && config->store_max_staleness > 0)
		jg_config_warning(loader, &staleness, "has no effect without etcd");
}

static void check_gate(struct loader *loader)
{
	const struct jg_config *config = loader->config;
	const struct place front_ends = {.name = "front_ends"};
	for (uint32_t i = 0; i < config->ports_n; i++)
		check_port(loader, i);
	for (uint32_t i = 0; i < config->front_ends_n; i++)
		check_front_end(loader, i);
	check_store(loader);
	if (config->ports_n > 0 && config->front_ends_n == 0 && !config->insecure)
		jg_config_warning(loader, &front_ends,
			"has none, so that nobody is answered; add one, or set insecure");
}

static void check_callers(struct loader *loader)
{
	const struct jg_config *config = loader->config;
	const struct place list = {.name = "token_server.callers"};
	for (uint32_t i = 0; i < config->token_server_callers_n; i++) {
		const struct jg_config_caller *caller = &config->token_server_callers[i];
		const struct place at = {.parent = &list, .index = i};
		const struct place key = {.parent = &at, .name = "key"};
		if (!given(caller->key))
			jg_config_mistake(loader, &key, "is not given; expected key or key_file");
		for (uint32_t j = 0; j < i && caller->key.len > 0; j++)
			if (jg_str_eq(caller->key, config->token_server_callers[j].key))
				jg_config_mistake(loader, &key, "is that of callers[%u]", j);
	}
}

void jg_config_check(struct loader *loader)
{
	jg_config_check_apps(loader);
	check_cut_offs(loader);
	check_callers(loader);
	if (loader->parts == JG_CONFIG_ALL)
		check_gate(loader);
}
