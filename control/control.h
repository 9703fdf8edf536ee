// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/**
 * The control plane of one gate: a thread that owns the desired state, its store, the publication to
 * the workers and the admin socket.
 *
 *     new (store opened, state loaded)  add members  start (first snapshot sent, socket open)
 *     ... reload, requests ...  stop (thread gone, socket closed)  [workers stop]  free
 */

#include "internal/channel.h"
#include "internal/config.h"
#include "internal/counters.h"
#include "internal/witness.h"

#include <sys/types.h>

struct jg_control;
struct jg_port_stats;

struct jg_control_options {
	const char *config_path; /**< read again by a reload; NULL = none */
	struct jg_config *config; /**< owned from here on, also on failure */
	const char *version; /**< "joingated 0.1.0" */
	bool no_socket; /**< tests and benches: requests through jg_control_ask() alone */
};

/** A worker or the RS256 lane. Everything is borrowed. */
struct jg_control_member {
	const char *name;
	struct jg_channel *channel;
	const struct jg_counters *counters; /**< NULL = none */
	const char *describe; /**< "mac=… simd=…"; NULL = not known */
	struct jg_witness *witness; /**< NULL = it tells nothing of its verdicts */
};

/** The packet side's own figures, for whoever watches. Everything is borrowed. */
struct jg_control_ports {
	const void *gate; /**< for read() */
	unsigned n;
	uint64_t cycles_per_second; /**< of the time-stamp counter */
	/** 0 or negative errno. Called by the control thread alone. */
	int (*read)(const void *gate, unsigned port, struct jg_port_stats *stats);
};

struct jg_figures;

/** Open the store and load the state, or seed it from the configuration. NULL with err: what is wrong
 * and the way out. */
JG_MUST_CHECK struct jg_control *jg_control_new(
	const struct jg_control_options *options, struct jg_error *err);

/** Before start. */
JG_MUST_CHECK int jg_control_add(
	struct jg_control *control, const struct jg_control_member *member, struct jg_error *err);

/** Before start; without it there are no figures of ports. */
void jg_control_watch_ports(struct jg_control *control, const struct jg_control_ports *ports);

/** Send the first snapshot, open the admin socket, start the thread. */
JG_MUST_CHECK int jg_control_start(struct jg_control *control, struct jg_error *err);

/**
 * After start, before the process becomes this user: the store's files and the admin socket are to
 * belong to it, so that it can write, be asked and be started again.
 */
JG_MUST_CHECK int jg_control_give(
	const struct jg_control *control, uid_t uid, gid_t gid, struct jg_error *err);

/** Ask for a reload of the configuration; async-signal-safe, any thread. */
void jg_control_reload(struct jg_control *control);

/** Not ready any more, whatever else holds; any thread. Undone by false. */
void jg_control_drain(struct jg_control *control, bool drain);

/** State loaded, in force everywhere, not draining, not fenced; any thread. */
bool jg_control_ready(const struct jg_control *control);

/**
 * The figures of this moment; any thread but control's own. Where the control thread is
 * busy for long (a slow store) they are the last ones it gathered, with the counters of this moment.
 */
void jg_control_figures(struct jg_control *control, struct jg_figures *figures);

struct jg_heartbeat {
	const char *name; /**< the member's, borrowed */
	uint64_t turns; /**< of its loop so far; UINT64_MAX: not counted */
};

/** How far each member's loop is; any thread. @return members, at most n */
unsigned jg_control_heartbeats(
	const struct jg_control *control, struct jg_heartbeat *heartbeats, unsigned n);

/** End the thread and close the socket; snapshots stay until free. */
void jg_control_stop(struct jg_control *control);

/** The workers must have stopped. NULL is allowed. */
void jg_control_free(struct jg_control *control);

/**
 * One request of docs/admin.md, as if it came over the socket; waits until it is answered.
 * Tests, benches and other front doors (metrics) use it; any thread but control's own.
 *
 * @param who for the audit trail
 * @return the reply's JSON text, to be freed with jg_control_reply_free(); NULL: stopped or no memory
 */
JG_MUST_CHECK char *jg_control_ask(
	struct jg_control *control, const char *who, const char *request, size_t len);
void jg_control_reply_free(char *reply);
