// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** What kept a run from going as it was meant to: the gate is not to blame for this side. */

#include "run.h"

// clang-format off
/** X(SYMBOL, "name", "what it means") */
#define LIMITS(X) \
	X(NONE,      "none",      "every request left in time, and was answered") \
	X(GATE,      "gate",      "requests left in time, but the gate, or the way to it, did not answer all of them") \
	X(WAY,       "way",       "the port or the kernel had no room for requests that were due: the gate, or what lies before it, takes no more") \
	X(GENERATOR, "generator", "this side could do no more: the gate was not brought to its limit; use more --senders, or a port in place of a socket") \
	X(MACHINE,   "machine",   "requests left late while the senders had time: this machine kept them from running")
// clang-format on

enum limit {
#define X(symbol, name, help) LIMIT_##symbol,
	LIMITS(X)
#undef X
};

const char *limit_name(enum limit limit);
const char *limit_help(enum limit limit);

/** What a name in a result means; "" when it is none of these. */
const char *limit_explain(const char *name);

/** @param rate requests a second that the senders could do by themselves; 0: not known */
enum limit limit_find(const struct outcome *outcome, double rate);
