// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** Requests of docs/admin.md: what was asked, by whom, and what came of it. Control thread only. */

#include "engine.h"

#include <sys/types.h>

/** How a request failed: X(SYMBOL, "code in the reply"). */
#define JG_FAILURES(X)                  \
	X(INVALID, "invalid")           \
	X(NOT_FOUND, "not_found")       \
	X(EXISTS, "exists")             \
	X(CONFLICT, "conflict")         \
	X(UNAVAILABLE, "unavailable")   \
	X(NOT_IN_FORCE, "not_in_force") \
	X(DENIED, "denied")             \
	X(BUSY, "busy")

enum jg_failure {
	JG_FAILURE_NONE = 0,
#define X(symbol, code) JG_FAILURE_##symbol,
	JG_FAILURES(X)
#undef X
};

const char *jg_failure_name(enum jg_failure failure);

/** What may be waited for, and so how soon the control thread is to look again. */
enum jg_pace {
	JG_PACE_IDLE, // nothing
	JG_PACE_REST, // what wakes us by itself, but for a deadline
	JG_PACE_SPIN, // workers, which only acknowledge
};

struct jg_ask {
	struct jg_engine *engine;
	const char *who; // for the audit trail
	json_t *request; // a JSON object
	json_t *reply; // a JSON object, filled in
	enum jg_failure failure; // with err
	struct jg_error err;
	uint64_t epoch; // the reply waits until this is in force; 0 = it does not wait
	uint64_t wait_ns; // how long, at most
	struct jg_change_result change; // where there was one
	struct jg_pending_change pending; // a change that is written together with others
	struct jg_cut_off *cut_offs; // of pending; owned
	json_t *detail; // of pending; owned
	bool queued;
	bool fleet; // wait for every node of the fleet
	bool fleet_done;
	bool fleet_asked; // since what nodes told said that it may be so
	bool fleet_left; // nothing else is waited for: its news wake us
	uint64_t fleet_ns; // when the fleet is to be asked next, whatever is known of it
	uid_t uid; // who asks
	int fd; // passed with the request, owned; -1 = none
	bool captures; // the engine's capture is this one's
	bool follow; // audit lines go on coming
	uint64_t after; // the last audit line that was told
};

/** Run one request; the reply lacks what jg_ask_finish() adds. */
void jg_ask_run(struct jg_ask *ask);

/** Release what it holds, request and reply too. It must not be queued any more. */
void jg_ask_fini(struct jg_ask *ask);

/** Can it be answered: failed, in force, or out of time? Polls the fleet where that was asked for. */
bool jg_ask_done(struct jg_ask *ask, uint64_t now_ns, uint64_t deadline_ns);

/** While it cannot be answered. */
enum jg_pace jg_ask_pace(const struct jg_ask *ask);

/** The epoch is in force (or time is up): say so. ok, durable and in-force times, lag of workers. */
void jg_ask_finish(struct jg_ask *ask);

/** Who asked is gone, or has been answered: a capture of its ends, what was passed is closed. */
void jg_ask_leave(struct jg_ask *ask);

/** Clear away a capture that was left, once it has ended. */
void jg_capture_turn(struct jg_engine *engine);

/** Audit lines after ask->after, one JSON object each, appended to a list. */
void jg_ask_audit(struct jg_ask *ask, unsigned limit, json_t *lines);

// For the files that hold the commands.

/** Note a failure. */
JG_PRINTF(3, 4)
void jg_ask_fail(struct jg_ask *ask, enum jg_failure failure, const char *format, ...);

/** The app that the request names by vendor and app (vendor may be left out where only one vendor has
 * the key); false: failed. */
bool jg_ask_app(struct jg_ask *ask, struct jg_state_app *found);

/** Change records and cut-offs; false: failed. detail is for the audit trail, without secrets. */
bool jg_ask_change(struct jg_ask *ask, struct jg_change *change);

/** Change cut-offs alone, together with what others change in this turn where the store can. Takes
 * detail and cut_offs, also on failure. */
void jg_ask_cut_off(struct jg_ask *ask, const char *what, json_t *detail,
	struct jg_cut_off *cut_offs, uint32_t n);

/** Write an app's new JSON (stolen) in place of the old; NULL removes it. */
bool jg_ask_put_app(struct jg_ask *ask, const char *what, const struct jg_app *named, json_t *app,
	const json_t *detail);

/** A member that must be a string; NULL: failed. */
const char *jg_ask_string(struct jg_ask *ask, const char *name);

/** Commands, one file each group. */
void jg_ask_revoke(struct jg_ask *ask);
void jg_ask_unrevoke(struct jg_ask *ask);
void jg_ask_cut_offs(struct jg_ask *ask);
void jg_ask_rotate(struct jg_ask *ask);
void jg_ask_apps(struct jg_ask *ask);
void jg_ask_policy(struct jg_ask *ask);
void jg_ask_grant(struct jg_ask *ask);
void jg_ask_status(struct jg_ask *ask);
void jg_ask_stats(struct jg_ask *ask);
void jg_ask_node(struct jg_ask *ask);
void jg_ask_capture(struct jg_ask *ask);
bool jg_ask_capture_done(const struct jg_ask *ask);
void jg_ask_capture_end(struct jg_ask *ask); // if it is one; the reply then tells
void jg_ask_capture_finish(struct jg_ask *ask);
