// SPDX-License-Identifier: BSD-3-Clause
#include "publish.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

struct worker {
	struct jg_channel *channel;
	char name[32];
	uint64_t sent; // newest epoch in the ring or beyond
	uint64_t snapshot_sent; // number of the newest snapshot in the ring or beyond
	uint64_t acknowledged; // as of the last poll
	uint64_t since_ns; // when it fell behind, or last moved while behind
};

// A snapshot that was replaced; free once every worker has acknowledged `until`.
struct retired {
	struct retired *next;
	void *snapshot;
	uint64_t until;
};

struct jg_publisher {
	void (*free_payload)(void *payload);
	void *snapshot; // current
	uint64_t snapshot_number; // counts snapshots, so that a worker's backlog shows
	uint64_t epoch;
	uint64_t in_force;
	struct retired *retired; // oldest first: epochs grow along the list
	struct retired **tail;
	unsigned retired_n;
	unsigned workers_n;
	struct worker workers[JG_PUBLISHER_WORKERS_MAX];
};

struct jg_publisher *jg_publisher_new(void (*free_payload)(void *payload), struct jg_error *err)
{
	struct jg_publisher *p = calloc(1, sizeof(*p));
	if (p == NULL) {
		jg_error_set(err, "out of memory for the publisher");
		return NULL;
	}
	p->free_payload = free_payload;
	p->tail = &p->retired;
	return p;
}

// Free the retired snapshots that every worker has passed.
static void retired_free(struct jg_publisher *p, uint64_t in_force)
{
	while (p->retired != NULL && p->retired->until <= in_force) {
		struct retired *r = p->retired;
		p->retired = r->next;
		if (p->retired == NULL)
			p->tail = &p->retired;
		p->retired_n--;
		p->free_payload(r->snapshot);
		free(r);
	}
}

void jg_publisher_free(struct jg_publisher *publisher)
{
	if (publisher == NULL)
		return;
	retired_free(publisher, UINT64_MAX);
	if (publisher->snapshot != NULL)
		publisher->free_payload(publisher->snapshot);
	free(publisher);
}

int jg_publisher_add(struct jg_publisher *publisher, const char *name, struct jg_channel *channel,
	struct jg_error *err)
{
	if (publisher->workers_n == JG_PUBLISHER_WORKERS_MAX) {
		jg_error_set(err, "more than %d workers", JG_PUBLISHER_WORKERS_MAX);
		return -ENOSPC;
	}
	struct worker *w = &publisher->workers[publisher->workers_n++];
	*w = (struct worker){.channel = channel};
	snprintf(w->name, sizeof(w->name), "%s", name);
	if (publisher->epoch != 0)
		publisher->in_force = 0; // until the newcomer has caught up
	return 0;
}

uint64_t jg_publisher_next(const struct jg_publisher *publisher)
{
	return publisher->epoch + 1;
}

void jg_publisher_resume(struct jg_publisher *publisher, uint64_t epoch)
{
	assert(publisher->snapshot == NULL); // only before the first publish
	if (epoch > publisher->epoch)
		publisher->epoch = epoch;
}

// A worker's pending message is never stored: it follows from what it was sent last. It has missed
// a snapshot: the current one; else, if epochs went by, a seal. Either carries the newest epoch,
// which seals all before it. So a full ring costs nothing but time.
static void worker_send(struct jg_publisher *p, struct worker *w)
{
	if (w->sent == p->epoch || p->snapshot == NULL)
		return;
	struct jg_message message = {.epoch = p->epoch, .kind = JG_MESSAGE_SEAL};
	if (w->snapshot_sent != p->snapshot_number) {
		message.kind = JG_MESSAGE_SNAPSHOT;
		message.payload = p->snapshot;
	}
	if (!jg_channel_send(w->channel, &message))
		return;
	w->sent = p->epoch;
	w->snapshot_sent = p->snapshot_number;
}

uint64_t jg_publisher_publish(struct jg_publisher *publisher, void *snapshot, uint64_t now_ns)
{
	struct jg_publisher *p = publisher;
	assert(snapshot != NULL || p->snapshot != NULL); // the first epoch is a snapshot
	if (snapshot != NULL && p->snapshot != NULL) {
		struct retired *r = malloc(sizeof(*r));
		if (r == NULL) {
			p->free_payload(snapshot);
			return 0;
		}
		*r = (struct retired){.snapshot = p->snapshot, .until = p->epoch + 1};
		*p->tail = r;
		p->tail = &r->next;
		p->retired_n++;
	}
	if (snapshot != NULL) {
		p->snapshot = snapshot;
		p->snapshot_number++;
	}
	for (unsigned i = 0; i < p->workers_n; i++) {
		if (p->workers[i].acknowledged == p->epoch)
			p->workers[i].since_ns = now_ns;
	}
	p->epoch++;
	jg_publisher_poll(p, now_ns);
	return p->epoch;
}

void jg_publisher_poll(struct jg_publisher *publisher, uint64_t now_ns)
{
	uint64_t least = publisher->epoch;
	for (unsigned i = 0; i < publisher->workers_n; i++) {
		struct worker *w = &publisher->workers[i];
		worker_send(publisher, w);
		uint64_t acknowledged = jg_channel_acknowledged(w->channel);
		if (acknowledged != w->acknowledged) {
			w->acknowledged = acknowledged;
			w->since_ns = now_ns;
		} else if (w->since_ns == 0) {
			w->since_ns = now_ns;
		}
		if (acknowledged < least)
			least = acknowledged;
	}
	publisher->in_force = least;
	retired_free(publisher, least);
}

uint64_t jg_publisher_in_force(const struct jg_publisher *publisher)
{
	return publisher->in_force;
}

uint64_t jg_publisher_epoch(const struct jg_publisher *publisher)
{
	return publisher->snapshot == NULL ? 0 : publisher->epoch;
}

unsigned jg_publisher_retired(const struct jg_publisher *publisher)
{
	return publisher->retired_n;
}

unsigned jg_publisher_workers(const struct jg_publisher *publisher)
{
	return publisher->workers_n;
}

void jg_publisher_lag(const struct jg_publisher *publisher, unsigned worker, uint64_t now_ns,
	struct jg_worker_lag *lag)
{
	assert(worker < publisher->workers_n);
	const struct worker *w = &publisher->workers[worker];
	bool behind = w->acknowledged < publisher->epoch;
	*lag = (struct jg_worker_lag){
		.name = w->name,
		.acknowledged = w->acknowledged,
		.lag = behind ? publisher->epoch - w->acknowledged : 0,
		.behind_ns = behind && now_ns > w->since_ns ? now_ns - w->since_ns : 0,
	};
}

unsigned jg_publisher_missing(
	const struct jg_publisher *publisher, uint64_t epoch, char *text, size_t size)
{
	unsigned missing = 0;
	size_t used = 0;
	assert(size > 0);
	text[0] = '\0';
	for (unsigned i = 0; i < publisher->workers_n; i++) {
		const struct worker *w = &publisher->workers[i];
		if (w->acknowledged >= epoch)
			continue;
		if (used < size) {
			int n = snprintf(text + used, size - used, "%s%s (epoch %" PRIu64 ")",
				missing == 0 ? "" : ", ", w->name, w->acknowledged);
			used += n > 0 ? (size_t)n : 0;
		}
		missing++;
	}
	return missing;
}
