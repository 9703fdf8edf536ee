// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** What mac.c needs to know of an engine. Private to dataplane/token. */

#include "internal/mac.h"

/** Engines that there are, at most. */
#define JG_MAC_ENGINES_MAX 8

struct jg_mac_engine {
	const char *name;
	bool sha256_only; /**< SHA-1 goes to another engine */
	bool (*usable)(void); /**< does this CPU run it? asked before anything else is called */
	void *(*open)(void); /**< state of one thread, NULL: no memory; no function: no state */
	void (*close)(void *state);
	void (*burst)(void *state, enum jg_mac_alg alg, struct jg_mac_job *jobs, unsigned n);
	void (*keys)(
		void *state, const struct jg_mac_job *jobs, struct jg_mac_key *keys, unsigned n);
};
