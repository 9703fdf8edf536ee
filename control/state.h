// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/**
 * The desired state in memory: apps with their secrets and policies, participant overrides, and the
 * live table of cut-offs. Filled from records; compiled into what workers judge by. Control thread
 * only (the cut-off table is read by workers).
 */

#include "internal/gate_state.h"
#include "record.h"

struct jg_state;

/** An app as it stands, borrowed until the next change. */
struct jg_state_app {
	const struct jg_app *app; /**< its index is not set here */
	uint32_t index; /**< the one of verdicts and counters */
	int64_t revision; /**< of its record */
};

JG_MUST_CHECK struct jg_state *jg_state_new(struct jg_error *err);
/** Workers must have stopped. Wipes; NULL is allowed. */
void jg_state_free(struct jg_state *state);

/** Forget all apps and overrides (not the cut-offs), while nothing has been published yet. */
void jg_state_clear(struct jg_state *state);

/**
 * Take over a record: check it, replace what stands at its path, or remove it when its value is NULL.
 *
 * @return 0, -EINVAL with err (nothing changed), -ENOMEM
 */
JG_MUST_CHECK int jg_state_apply(
	struct jg_state *state, const struct jg_record *record, struct jg_error *err);

/** Would jg_state_apply() take it? Changes nothing. */
JG_MUST_CHECK int jg_state_check(const struct jg_record *record, struct jg_error *err);

/** Set or undo a cut-off in the live table: workers see it from their next burst on. */
JG_MUST_CHECK int jg_state_cut_off(
	struct jg_state *state, const struct jg_cut_off *cut_off, struct jg_error *err);

/** The live table; for counts, memory and reclaiming. */
struct jg_cut_offs *jg_state_cut_offs(const struct jg_state *state);

/** False when there is none. */
bool jg_state_find(const struct jg_state *state, unsigned vendor, struct jg_str key,
	struct jg_state_app *found);

/** Where workers note the last use of a secret, and since when the place is the secret's. */
bool jg_state_secret(const struct jg_state *state, unsigned vendor, struct jg_str key,
	struct jg_str id, uint32_t *number, int64_t *since);

/** Cut-offs of an app up to this one were collected; 0: none was. What was issued before is refused
 * as by a cut-off of the whole app, which changes nothing until the app's tokens may live longer. */
int64_t jg_state_floor(const struct jg_state *state, unsigned vendor, struct jg_str key);

/** All apps, in no order. @return visit's first nonzero result */
int jg_state_apps(const struct jg_state *state, void *arg,
	int (*visit)(void *arg, const struct jg_state_app *app));

/** Grows with every app that is added, changed or removed. */
uint64_t jg_state_apps_generation(const struct jg_state *state);
unsigned jg_state_apps_count(const struct jg_state *state);
unsigned jg_state_overrides_count(const struct jg_state *state);

/**
 * Compile: apps, overrides and the table, with the front ends of a configuration.
 *
 * @param admit_until as in jg_gate_state, borrowed
 * @return free with jg_compiled_free(); NULL with err: the state stays as it is
 */
JG_MUST_CHECK struct jg_gate_state *jg_state_compile(const struct jg_state *state,
	const struct jg_config *config, uint64_t epoch, const _Atomic int64_t *admit_until,
	struct jg_error *err);

/** Wipe and free what jg_state_compile() made: a publisher's free_payload. */
void jg_compiled_free(void *compiled);
