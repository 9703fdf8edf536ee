// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** What the generator itself can do here, before anything is blamed on a gate. */

#include "pool.h"
#include "signer.h"

struct generator {
	double sending; // questions a second that one sender signs, sends to itself and reads
	double judging; // answers a second that it can check
	double minting; // tokens a second it can mint while it sends; 0: it does not
	double rate; // requests a second that it can do all of this for
	double floor_p50; // ns: one datagram there and back
	double floor_p99;
	double pause; // ns: the longest this machine kept a spinning thread from running
};

/** It will mint what it sends, as it made this pool. */
void generator_mints(struct generator *generator, const struct pool *pool);

/** Takes about half a second. 0, or negative errno with err. */
JG_MUST_CHECK int generator_measure(struct way *way, const struct pool *pool,
	const struct jg_mac_key *key, struct generator *generator, struct jg_error *err);
