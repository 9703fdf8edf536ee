// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/**
 * Where the desired state lives: records (apps, overrides) by path, cut-offs by subject, and the
 * audit trail. Control thread only. Two kinds: SQLite (one machine) and etcd (a fleet, with SQLite as
 * its memory across restarts).
 */

#include "internal/base.h"

#include <joingate/snapshot.h>

/** One change is at most this many bytes of records and subjects together. */
#define JG_CHANGE_MAX ((size_t)1 << 20)

/** "app/livekit/APIx" and its JSON text. The value is as secret as what it holds. */
struct jg_record {
	struct jg_str path;
	struct jg_str value; /**< p == NULL: deleted */
	int64_t revision; /**< etcd: of its last change; SQLite: epoch of its last change */
};

/** One line of the audit trail. */
struct jg_audit {
	uint64_t id; /**< grows along the trail; given by the store */
	int64_t time; /**< seconds since the Unix epoch */
	uint64_t epoch; /**< of the node that made the change */
	struct jg_str who; /**< "uid 0 (root), pid 4711", "etcd user ops on node a" */
	struct jg_str what; /**< the command: "revoke user" */
	struct jg_str detail; /**< one JSON object, without secrets */
};

/** What is written in one transaction: all of it or nothing. */
struct jg_store_change {
	const struct jg_record *records;
	uint32_t records_n;
	const struct jg_cut_off *cut_offs;
	uint32_t cut_offs_n;
	const struct jg_audit *audit; /**< NULL: none (seeding aside, only a cache does that) */
	uint64_t epoch; /**< the epoch that will seal the change */
	bool seed; /**< the first state, from the configuration: a fleet's may take several steps */
	bool local; /**< fleet: for this node's memory alone, as every node does it by itself */
};

/** What a store tells: the whole state when it is opened, later what others changed. A nonzero return
 * ends the visit and becomes its result. */
struct jg_store_sink {
	void *arg;
	int (*record)(void *arg, const struct jg_record *record, struct jg_error *err);
	int (*cut_off)(void *arg, const struct jg_cut_off *cut_off, struct jg_error *err);
};

/** Longest name of a subject, and longest key of a cut-off in a store. */
#define JG_STORE_NAME_MAX 1024
#define JG_STORE_KEY_MAX 2312

/** Where a reading of cut-offs goes on; {0} = at the start. */
struct jg_store_place {
	uint32_t len;
	uint8_t key[JG_STORE_KEY_MAX];
};

struct jg_cut_off_filter {
	uint8_t vendor; /**< JG_VENDOR_NONE: every app */
	struct jg_str app; /**< p == NULL: every app of the vendor */
	int64_t older_than; /**< JG_TIME_NONE: any; else those before this second */
	uint32_t limit; /**< of those told */
	uint32_t scan; /**< with a place: of those looked at */
	struct jg_store_place *place; /**< NULL: all of it; else moved on, back to {0} at the end */
};

/** Of the gates of a fleet. */
enum jg_node_state {
	JG_NODE_IN_FORCE, /**< what is in force here is in force there */
	JG_NODE_BEHIND,
	JG_NODE_SILENT, /**< not heard of for longer than its lease */
	JG_NODE_STATES
};
const char *jg_node_state_name(enum jg_node_state state);

struct jg_store_status {
	const char *kind; /**< "sqlite", "etcd" */
	const char *where; /**< file or endpoints */
	const char *trouble; /**< what is wrong now, NULL = nothing */
	int64_t stale_s; /**< seconds since the last contact; 0 = in contact, -1 = never */
	int64_t revision; /**< of the fleet; 0 with SQLite */
	uint64_t nodes[JG_NODE_STATES]; /**< of the fleet, this one too, as last heard of */
};

struct jg_store;

struct jg_store_ops {
	/** Tell everything; -EBADMSG when a record is damaged. */
	int (*load)(struct jg_store *store, const struct jg_store_sink *sink, struct jg_error *err);
	/**
	 * Write durably. 0; -EAGAIN: somebody else changed one of the records, look again;
	 * -ENOSPC, -EROFS, -EIO, -ETIMEDOUT: nothing was written (etcd, -ETIMEDOUT: it is not
	 * known whether it was; the watch will tell).
	 */
	int (*commit)(
		struct jg_store *store, const struct jg_store_change *change, struct jg_error *err);
	/** NULL: one by one. Several changes in one transaction, all or none. */
	int (*commit_all)(struct jg_store *store, const struct jg_store_change *changes, uint32_t n,
		struct jg_error *err);
	/** NULL: nothing to do. Bounded work on what is durable already, while nobody waits: to be
	 * called again while unsettled is not 0. */
	int (*settle)(struct jg_store *store, struct jg_error *err);
	int (*cut_offs)(struct jg_store *store, const struct jg_cut_off_filter *filter,
		const struct jg_store_sink *sink, struct jg_error *err);
	/** Lines after an id, oldest first, at most limit. visit's nonzero return ends it. */
	int (*audit)(struct jg_store *store, uint64_t after, unsigned limit, void *arg,
		int (*visit)(void *arg, const struct jg_audit *line), struct jg_error *err);
	/** Take over what others changed; NULL op: nobody else can. Returns changes, or an error. */
	int (*poll)(struct jg_store *store, const struct jg_store_sink *sink, struct jg_error *err);
	/** Fleet only, else NULL: all workers have this revision; tell the others. */
	void (*in_force)(struct jg_store *store, int64_t revision);
	/** Nodes as JSON objects appended to list (a json_t). @return how many count neither as in
	 * force at the revision nor as fenced; negative: error */
	int (*fleet)(struct jg_store *store, int64_t revision, void *list, struct jg_error *err);
	/** As far as is known here without asking: may fleet() find every node done? */
	bool (*fleet_may)(struct jg_store *store, int64_t revision);
	/** Remove a node for good: 0, -ENOENT. */
	int (*forget)(struct jg_store *store, const char *node, struct jg_error *err);
	/** Too long out of contact: workers admit nobody. */
	bool (*fenced)(struct jg_store *store);
	void (*status)(struct jg_store *store, struct jg_store_status *status);
	void (*free)(struct jg_store *store);
};

/** The head of every store. */
struct jg_store {
	const struct jg_store_ops *ops;
	uint64_t epoch; /**< the newest that was committed; where epochs go on after a restart */
	bool empty; /**< nothing was ever written: the configuration seeds it. A fleet's may be found so late */
	const _Atomic int64_t *admit_until; /**< as in jg_gate_state; NULL = for ever */
	int wake_fd; /**< readable when poll() has something; -1 = never */
	bool echoes; /**< what was committed comes back through poll(), in the order of the fleet */
	uint64_t unsettled; /**< what settle() has to do */
	int64_t committed; /**< fleet: revision of the last commit */
	int64_t applied; /**< fleet: revision up to which poll() has told everything */
};

/**
 * Open or create a file (0600). A schema of an older version is migrated; of a newer one it is
 * refused, and so is a damaged file, with the way out in err.
 */
JG_MUST_CHECK struct jg_store *jg_store_sqlite_open(const char *path, struct jg_error *err);

struct jg_config;

/** The fleet's store, with a SQLite store (taken, also on failure) as its memory. Works on with what
 * that knows when etcd is away. The configuration is borrowed. */
JG_MUST_CHECK struct jg_store *jg_store_etcd_open(
	const struct jg_config *config, struct jg_store *cache, struct jg_error *err);

/** SQLite's own memory becomes locked memory; before the first store is opened. */
JG_MUST_CHECK int jg_store_sqlite_lock_memory(struct jg_error *err);
