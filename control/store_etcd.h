// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** Private to the files of the etcd store. */

#include "etcd.h"
#include "fence.h"
#include "record.h"
#include "seal.h"
#include "store.h"

#include <pthread.h>
#include <stdatomic.h>

#define JG_LEASE_S 10 // life of a node's lease
#define JG_RENEW_S 3
#define JG_TOMBSTONE "null" // the value of a record that was removed

struct jg_etcd_store {
	struct jg_store head;
	const struct jg_config *config;
	struct jg_store *cache; // SQLite: the last state across restarts
	struct jg_seal *seal;
	struct jg_etcd *calls; // control thread
	struct jg_etcd *watcher; // watch thread
	struct jg_etcd *renewer; // renew thread
	char prefix[300]; // ends with '/'
	char node[128];
	char trouble[256]; // under lock
	json_t *known; // path: [mod_revision, generation]; control thread
	int64_t kept; // the renewal that the local memory holds; control thread
	pthread_t watch_thread;
	pthread_t renew_thread;
	bool running;
	atomic_bool quit;
	pthread_mutex_t lock; // guards what follows
	pthread_cond_t delivered; // queue or from changed
	pthread_cond_t renew_now;
	json_t *queue; // [[key, value or null, mod_revision]...]
	int64_t from; // delivered up to here; 0 = a whole reading is needed
	bool synced; // once at least
	int64_t in_force; // revision that all workers have
	bool announce; // in_force grew
	struct jg_fence fence; // renew thread; workers read its end
	int64_t renewed; // CLOCK_BOOTTIME at the start of the last renewal that counts; -1 = never
	json_t *nodes; // node: [mod_revision, since when on our CLOCK_BOOTTIME]
};

int64_t jg_boottime(void);
void jg_etcd_trouble(struct jg_etcd_store *s, const char *text);
/** "prefix" "tail" in base64. */
JG_MUST_CHECK json_t *jg_etcd_key(const struct jg_etcd_store *s, const char *tail);
/** {key, range_end} over everything that starts with prefix + tail. */
JG_MUST_CHECK json_t *jg_etcd_range(const struct jg_etcd_store *s, const char *tail);

/** What is known of a record: 0 = its mod_revision, 1 = its generation. */
int64_t jg_etcd_known(const struct jg_etcd_store *s, const char *path, size_t what);

/** Add the operations of a change to a transaction's lists; false: out of memory. */
JG_MUST_CHECK bool jg_etcd_add_record(
	struct jg_etcd_store *s, const struct jg_record *record, json_t *compare, json_t *puts);
JG_MUST_CHECK bool jg_etcd_add_cut_offs(
	struct jg_etcd_store *s, const struct jg_cut_off *c, uint32_t n, json_t *puts);
void jg_etcd_add_audit(struct jg_etcd_store *s, const struct jg_audit *audit, json_t *puts);

/** Threads: read everything, then watch; renew the lease and announce the revision in force. */
void *jg_etcd_follow(void *arg);
void *jg_etcd_renew(void *arg);

/** The fleet: nodes with state and revision appended to list. @return nodes that count neither as
 * in force at the revision nor as fenced; negative: error */
JG_MUST_CHECK int jg_etcd_fleet(
	struct jg_etcd_store *s, int64_t revision, json_t *list, struct jg_error *err);
JG_MUST_CHECK int jg_etcd_forget(struct jg_etcd_store *s, const char *node, struct jg_error *err);
