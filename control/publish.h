// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/**
 * Publishing: what the control thread decided travels to every worker with a growing epoch, and what
 * was replaced is freed when no worker can hold it any more. Control thread only; never waits.
 */

#include "internal/base.h"
#include "internal/channel.h"

#include <joingate/types.h>

#define JG_PUBLISHER_WORKERS_MAX 256

struct jg_publisher;

/** How far one worker is. */
struct jg_worker_lag {
	const char *name;
	uint64_t acknowledged; /**< last epoch the worker has applied */
	uint64_t lag; /**< epochs it is behind */
	uint64_t behind_ns; /**< how long it has been behind without any progress; 0 = it is not */
};

/** @param free_payload wipes and frees a snapshot that nobody reads any more */
JG_MUST_CHECK struct jg_publisher *jg_publisher_new(
	void (*free_payload)(void *payload), struct jg_error *err);

/** The workers must have stopped: frees every snapshot, the current one too. NULL is allowed. */
void jg_publisher_free(struct jg_publisher *publisher);

/** Add a worker; it is sent the current snapshot by the next poll. The channel is borrowed. */
JG_MUST_CHECK int jg_publisher_add(struct jg_publisher *publisher, const char *name,
	struct jg_channel *channel, struct jg_error *err);

/** The epoch that the next jg_publisher_publish() gives: a snapshot is built with it. */
uint64_t jg_publisher_next(const struct jg_publisher *publisher);

/** Never give an epoch up to this one again (a restart goes on where the store stands). */
void jg_publisher_resume(struct jg_publisher *publisher, uint64_t epoch);

/**
 * Publish a new snapshot (owned from here on, also on failure), or with NULL a seal: what was written
 * to the cut-off table before is part of the epoch.
 *
 * @param now_ns monotonic clock
 * @return the epoch; 0 when memory ran out: nothing was published
 */
JG_MUST_CHECK uint64_t jg_publisher_publish(
	struct jg_publisher *publisher, void *snapshot, uint64_t now_ns);

/** Send what is pending, read acknowledgements, free what every worker has passed. Bounded work. */
void jg_publisher_poll(struct jg_publisher *publisher, uint64_t now_ns);

/** The newest epoch that every worker has acknowledged, as of the last poll. Without workers: the
 * newest published. */
uint64_t jg_publisher_in_force(const struct jg_publisher *publisher);

/** The newest epoch published; 0 = none yet. */
uint64_t jg_publisher_epoch(const struct jg_publisher *publisher);

/** Snapshots that wait for a worker to pass them. */
unsigned jg_publisher_retired(const struct jg_publisher *publisher);

unsigned jg_publisher_workers(const struct jg_publisher *publisher);
void jg_publisher_lag(const struct jg_publisher *publisher, unsigned worker, uint64_t now_ns,
	struct jg_worker_lag *lag);

/**
 * Name the workers that have not acknowledged an epoch: "worker 1 (epoch 7)".
 *
 * @return how many there are; the text is cut to fit
 */
unsigned jg_publisher_missing(
	const struct jg_publisher *publisher, uint64_t epoch, char *text, size_t size);
