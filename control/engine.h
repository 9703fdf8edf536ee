// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** What the control thread works with. Private to control; every function is for that thread. */

#include "control.h"
#include "publish.h"
#include "state.h"

#include <stdatomic.h>

struct jg_admin;
struct jg_capture;
struct jg_watch;

/** Requests in flight through jg_control_ask(). */
struct jg_asked;

struct jg_engine {
	struct jg_config *config;
	struct jg_config *first_config; // of the start; freed last
	const char *config_path;
	const char *version;
	struct jg_state *state;
	struct jg_store *store; // NULL: the configuration is the state
	struct jg_publisher *publisher;
	const struct jg_control_member *members;
	unsigned members_n;
	int64_t started_at; // seconds since the Unix epoch
	uint64_t started_ns; // the same moment, monotonic
	double loaded_at; // when the last new snapshot went out
	struct jg_watch *watch;
	struct jg_capture *capture; // NULL: nobody captures
	bool capture_left; // by who asked for it: it ends soon
	uint64_t reloads;
	uint64_t reload_failures;
	uint64_t changes;
	uint64_t collected; // cut-offs that could refuse nothing any more
	struct jg_pending_change *pending; // oldest first; made durable together
	uint64_t changed_ns; // the last change, or sight of pending ones
	int64_t now; // the latest second that a revocation was given
	struct jg_store_place place; // where the search for old cut-offs goes on
	bool searching; // and that it does
	uint64_t searched_ns; // when it began
	uint64_t rest_ns; // what can wait was in trouble: not before
	bool dirty; // durable, but not yet compiled: retried
	uint64_t retry_ns; // not before
	uint64_t seed_ns; // a fleet without a state: not before
	bool fenced; // too long out of contact with the fleet: workers refuse everything
	int64_t revision; // of the fleet, in the newest epoch
	int64_t announced; // in force on all workers, and told to the fleet
	bool reclaim; // the cut-off table may hold memory that growth replaced
	uint64_t reclaim_epoch; // once this is in force everywhere it may go
	atomic_bool draining;
	atomic_bool ready;
};

/** What is to change, with a line for the audit trail. */
struct jg_change {
	const char *who;
	const char *what; // "revoke user"
	const json_t *detail; // without secrets
	struct jg_record *records;
	uint32_t records_n;
	const struct jg_cut_off *cut_offs;
	uint32_t cut_offs_n;
	bool local; // fleet: every node does this by itself
};

struct jg_change_result {
	uint64_t epoch; // seals it; 0 = it is durable but could not be published yet
	uint64_t began_ns; // monotonic
	uint64_t durable_ns;
	int64_t revision; // of the fleet; 0 without one
	double durable_at; // seconds since the Unix epoch
};

/** A change of cut-offs alone that waits to be written together with others. */
struct jg_pending_change {
	struct jg_pending_change *next;
	struct jg_change change; // what it points to lives until it is done
	struct jg_change_result result;
	struct jg_error err;
	int status; // 0, or negative errno with err; once done
	bool done;
};

uint64_t jg_monotonic_ns(void);
double jg_realtime(void);

/** Validate, write durably, apply, compile, publish. 0, or negative errno with err; -EAGAIN: somebody
 * else changed the same record meanwhile. */
JG_MUST_CHECK int jg_engine_change(struct jg_engine *engine, const struct jg_change *change,
	struct jg_change_result *result, struct jg_error *err);

/**
 * Changes of cut-offs that come in together share one transaction, one sync of the disk and one
 * epoch. Queued here, each is done (written and published, or refused) when jg_engine_flush()
 * returns. Only with a store that has commit_all.
 */
void jg_engine_queue(struct jg_engine *engine, struct jg_pending_change *pending);
void jg_engine_flush(struct jg_engine *engine);

/** Now, for a revocation: it does not go back while the gate runs, whatever the clock does. */
int64_t jg_engine_now(struct jg_engine *engine);

/** Fill the state from store or configuration. */
JG_MUST_CHECK int jg_engine_load(struct jg_engine *engine, struct jg_error *err);

/** A fleet that was found to have no state, or half of one: write it from the configuration. What was
 * written comes back through polls. */
void jg_engine_seed(struct jg_engine *engine);

/** Compile and publish a snapshot of the state; 0 or negative errno. */
JG_MUST_CHECK int jg_engine_publish(struct jg_engine *engine, struct jg_error *err);

/** Read the configuration again; a bad file changes nothing. @param[out] epoch that seals it */
JG_MUST_CHECK int jg_engine_reload(
	struct jg_engine *engine, const char *who, uint64_t *epoch, struct jg_error *err);

/** What has to be done from time to time: acknowledgements, retries, changes of others, collection. */
void jg_engine_turn(struct jg_engine *engine);

/** Do all workers obey a revision of the fleet, and was it told to the fleet? 0: of course. */
bool jg_engine_has(const struct jg_engine *engine, int64_t revision);

/** Take over what other nodes of the fleet changed, and what comes back of our own. */
void jg_engine_take_over(struct jg_engine *engine);

/** A bounded step of what can wait: settling the store, the search for cut-offs that can refuse
 * nothing any more. @return true: there is more to do soon */
bool jg_engine_rest(struct jg_engine *engine, uint64_t now_ns);

/** One step of that search. @return true when all cut-offs have been looked at */
bool jg_engine_collect(struct jg_engine *engine, int64_t now);

/** Warn about apps of the configuration that differ from the store's. @return how many */
unsigned jg_engine_compare(const struct jg_engine *engine);
