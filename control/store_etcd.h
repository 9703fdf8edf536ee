// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/**
 * Private to the files of the etcd store. Below the prefix there are
 *
 *     s/r/PATH    records, sealed           s/h       put by every change: the head of the history
 *     s/c/NAME    cut-offs of one change    n/NODE    members; they outlive their leases
 *     s/seed      the first state is not all there yet
 *     a/TIME-...  the audit trail           l/NODE    members that are alive: gone with the lease
 *
 * so that one watch over n/ to s/ tells changes and members in the order of their revisions.
 */

#include "etcd.h"
#include "etcd_events.h"
#include "fence.h"
#include "record.h"
#include "seal.h"
#include "store.h"

#include <pthread.h>
#include <stdatomic.h>

#define JG_LEASE_MIN_S 2 // shortest life of a node's lease
#define JG_TOMBSTONE "null" // the value of a record that was removed
#define JG_NODE_MAX 128
#define JG_ETCD_SEED_MARK "s/seed"
#define JG_ETCD_OPERATIONS_MAX 100 // records in one transaction, of etcd's 128 operations

/** What the watch thread hands to the control thread. */
struct jg_etcd_batch {
	struct jg_etcd_batch *next;
	struct jg_etcd_events events;
	size_t taken; // of the events
	int64_t revision; // what is known with it
	int64_t history;
	bool whole; // a whole reading
	bool merge; // of another history than what is known here: the newer stays
};

struct jg_ledger;

struct jg_etcd_store {
	struct jg_store head;
	const struct jg_config *config;
	struct jg_store *cache; // SQLite: the last state across restarts
	struct jg_seal *seal;
	struct jg_etcd *calls; // control thread
	struct jg_etcd *watcher; // watch thread
	struct jg_etcd *renewer; // renew thread
	char prefix[300]; // ends with '/'
	char instance[17]; // of this process
	pthread_t watch_thread;
	pthread_t renew_thread;
	bool watching;
	bool renewing;
	atomic_bool quit;

	// Control thread.
	json_t *known; // path: [mod_revision, generation, etcd has that one]
	struct jg_etcd_batch *at; // being taken over
	struct jg_ledger *ledger; // while two histories are merged
	int64_t seen_history;
	bool fresh; // our memory held nothing at the start, and nothing was told since
	bool gap; // something was not taken over or kept; what is applied stays where it is
	int64_t told; // revision up to which everything was looked at, whether or not there is a gap
	int64_t give_back_at; // CLOCK_BOOTTIME when what etcd lost is to be put there; 0 = nothing

	pthread_mutex_t lock; // guards what follows
	pthread_cond_t delivered; // queue or from changed
	pthread_cond_t renew_now;
	char node[JG_NODE_MAX];
	char trouble[256]; // with the connection: gone with the next success
	char alarm[256]; // with the state: gone with the next whole reading
	struct jg_etcd_batch *queue; // oldest first
	size_t queued; // bytes
	int64_t from; // where the watch stands; 0 = a whole reading is needed
	int64_t after; // cut-offs up to here are in the local memory
	int64_t history; // counts what was found to be rewound
	int64_t reread_at; // CLOCK_BOOTTIME of the next whole reading; 0 = none
	bool merge; // the next reading is of another history
	bool synced; // once at least
	bool blank; // the first reading found nothing, and nobody has seeded since
	int64_t mark; // mod_revision of s/seed; 0 = it is not there
	int64_t mark_since; // CLOCK_BOOTTIME when it was first seen like that
	int64_t in_force; // revision that all workers have
	bool announce; // in_force grew
	int64_t own_mod; // of our membership as this process wrote it; 0 = not registered
	int64_t last_mod; // as the process before knew it
	struct jg_fence fence; // renew thread; workers read its end
	int64_t announced_staleness; // what the fleet knows of ours; -1 = nothing
	int64_t contact; // CLOCK_BOOTTIME of the last renewal's start, whether it counts or not
	int64_t renewed; // of the last one that counts; -1 = never
	int64_t kept; // the one that the local memory holds
	json_t *nodes; // node: [mod_revision, since when on our CLOCK_BOOTTIME, revision in force]
};

int64_t jg_boottime(void);
/** Between renewals of the membership, where max_staleness asks for no shorter time. */
int64_t jg_etcd_renew_ms(const struct jg_etcd_store *s);
/** A deadline for pthread_cond_timedwait() on the store's conditions, which no clock's jump moves. */
struct timespec jg_etcd_deadline(int64_t ms);
/** Something is wrong now; logged when it is news. NULL: no more. */
void jg_etcd_trouble(struct jg_etcd_store *s, const char *text);
/** Something is wrong with the state; stays until a whole reading finds nothing. */
void jg_etcd_alarm(struct jg_etcd_store *s, const char *text);
/** A copy of our node's name. */
void jg_etcd_node(struct jg_etcd_store *s, char node[JG_NODE_MAX]);
/** Draw a new name and an instance of our own. */
void jg_etcd_name(struct jg_etcd_store *s);

/** "prefix" "tail" in base64. */
JG_MUST_CHECK json_t *jg_etcd_key(const struct jg_etcd_store *s, const char *tail);
/** {key, range_end} over everything that starts with prefix + tail. */
JG_MUST_CHECK json_t *jg_etcd_range(const struct jg_etcd_store *s, const char *tail);

/** What is known of a record: 0 = its mod_revision, 1 = its generation, 2 = etcd has that one. */
int64_t jg_etcd_known(const struct jg_etcd_store *s, const char *path, size_t what);
void jg_etcd_know(
	struct jg_etcd_store *s, const char *path, int64_t mod, int64_t generation, bool there);

/** etcd has gone back: an older backup was restored. What is known here stays, and what etcd has
 * is read and merged; nothing counts as in force until then. */
void jg_etcd_rewound(struct jg_etcd_store *s, int64_t revision);

/** The local memory; control thread. */
void jg_etcd_recall_name(struct jg_etcd_store *s);
JG_MUST_CHECK int jg_etcd_recall(
	struct jg_etcd_store *s, const struct jg_store_sink *sink, struct jg_error *err);
/** Keep a change (its epoch is set here) and that the fleet's is known up to a revision, in one
 * transaction; false: nothing is kept, an alarm says why. */
bool jg_etcd_remember(
	struct jg_etcd_store *s, const struct jg_store_change *change, int64_t applied);

/** Take over what the watch thread delivered, a bounded piece. @return changes told */
int jg_etcd_take_over(struct jg_etcd_store *s, const struct jg_store_sink *sink);
/** Nothing of an older history counts any more. */
void jg_etcd_follow_history(struct jg_etcd_store *s);

/** What is kept here, by subject, so that a rewound etcd lowers nothing. NULL: out of memory. */
JG_MUST_CHECK struct jg_ledger *jg_ledger_new(struct jg_store *cache);
void jg_ledger_free(struct jg_ledger *ledger);
/** Is etcd's cut-off newer than the one kept? What etcd has as new or newer needs no giving back. */
JG_MUST_CHECK bool jg_ledger_newer(struct jg_ledger *ledger, const struct jg_cut_off *cut_off);
/** The same of what was changed since that was read: what is undone now is undone; what is older than ours another gate
 * has given back. */
JG_MUST_CHECK bool jg_ledger_later(struct jg_ledger *ledger, const struct jg_cut_off *cut_off);
/** Is it missing in etcd, or newer here? */
JG_MUST_CHECK bool jg_ledger_missing(struct jg_ledger *ledger, const struct jg_cut_off *cut_off);
/** It is there now. */
void jg_ledger_given(struct jg_ledger *ledger, const struct jg_cut_off *cut_off);
/** Put what etcd has lost back into it, all of it; 0, -EAGAIN: somebody changed cut-offs meanwhile, to be tried
 * again when that has been told, other errors. */
JG_MUST_CHECK int jg_etcd_give_back(struct jg_etcd_store *s, struct jg_error *err);
/** A comparison: nothing below this key was put after a revision. Of two puts the later one counts, and what an
 * operator was told is in force must not be followed by what it was before. */
JG_MUST_CHECK json_t *jg_etcd_none_since(
	struct jg_etcd_store *s, const char *below, int64_t revision);
/** One transaction of these operations (stolen); waits until the watch has told of it, where wanted. */
JG_MUST_CHECK int jg_etcd_transact(
	struct jg_etcd_store *s, json_t *compare, json_t *puts, bool wait, struct jg_error *err);

/** Is the first state to be written, or to be completed? */
JG_MUST_CHECK bool jg_etcd_unseeded(struct jg_etcd_store *s);
/** Write it; 0, -EAGAIN: another gate did or does, other errors: to be tried again. */
JG_MUST_CHECK int jg_etcd_seed(
	struct jg_etcd_store *s, const struct jg_store_change *change, struct jg_error *err);

void jg_etcd_batch_free(struct jg_etcd_batch *batch);

/** Add the operations of a change to a transaction's lists; false: out of memory, or (cut-offs) a
 * record of more than 1 MiB. */
JG_MUST_CHECK bool jg_etcd_add_record(struct jg_etcd_store *s, const struct jg_record *record,
	json_t *compare, json_t *puts, size_t *bytes);
JG_MUST_CHECK bool jg_etcd_add_cut_offs(struct jg_etcd_store *s, const struct jg_cut_off *c,
	uint32_t n, json_t *puts, size_t *bytes);
void jg_etcd_add_audit(struct jg_etcd_store *s, const struct jg_audit *audit, json_t *puts);

/** Threads: read everything, then watch; renew the lease and announce the revision in force. */
void *jg_etcd_follow(void *arg);
void *jg_etcd_renew(void *arg);
/** Note what a node says in its membership, and since when by our own clock; the lock is held. */
void jg_etcd_observe(struct jg_etcd_store *s, const struct jg_etcd_event *node);

/** The fleet: nodes with state and revision appended to list. @return nodes that count neither as
 * in force at the revision nor as fenced; negative: error */
JG_MUST_CHECK int jg_etcd_fleet(
	struct jg_etcd_store *s, int64_t revision, json_t *list, struct jg_error *err);
/** Does every node have the revision in force, as far as their memberships were seen? */
JG_MUST_CHECK bool jg_etcd_fleet_may(struct jg_etcd_store *s, int64_t revision);
/** Nodes by state, as far as their memberships were seen. */
void jg_etcd_count_nodes(struct jg_etcd_store *s, uint64_t nodes[JG_NODE_STATES]);
JG_MUST_CHECK int jg_etcd_forget(struct jg_etcd_store *s, const char *node, struct jg_error *err);
