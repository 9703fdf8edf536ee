// SPDX-License-Identifier: BSD-3-Clause
// HMAC engines: which there are, which is used.
#include "mac_engine.h"
#include "mac_ref.h"

#include <stdlib.h>

static const struct jg_mac_engine engines[] = {
	{.name = "ref", .burst = jg_ref_burst, .keys = jg_ref_keys},
};

struct jg_mac {
	const struct jg_mac_engine *engine;
	void *state;
};

static bool usable(const struct jg_mac_engine *engine)
{
	return engine->usable == NULL || engine->usable();
}

const char *const *jg_mac_engines(void)
{
	static const char *const names[] = {"ref", NULL};
	return names;
}

struct jg_mac *jg_mac_new(const char *engine, struct jg_error *err)
{
	const struct jg_mac_engine *found = engine == NULL ? &engines[0] : NULL;
	for (unsigned i = 0; i < JG_ARRAY_SIZE(engines) && found == NULL; i++)
		if (strcmp(engines[i].name, engine) == 0)
			found = &engines[i];
	if (found == NULL || !usable(found)) {
		jg_error_set(err, "MAC engine \"%s\": %s; expected one of: ref", engine,
			found == NULL ? "there is none of this name" : "this CPU cannot run it");
		return NULL;
	}
	struct jg_mac *mac = calloc(1, sizeof(*mac));
	if (mac == NULL) {
		jg_error_set(err, "no memory for a MAC engine");
		return NULL;
	}
	mac->engine = found;
	return mac;
}

void jg_mac_free(struct jg_mac *mac)
{
	free(mac);
}

const char *jg_mac_name(const struct jg_mac *mac)
{
	return mac->engine->name;
}

void jg_mac_burst(struct jg_mac *mac, enum jg_mac_alg alg, struct jg_mac_job *jobs, unsigned n)
{
	mac->engine->burst(mac->state, alg, jobs, n);
}

void jg_mac_keys_burst(
	struct jg_mac *mac, const struct jg_mac_job *jobs, struct jg_mac_key *keys, unsigned n)
{
	mac->engine->keys(mac->state, jobs, keys, n);
}
