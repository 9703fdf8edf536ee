// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** What etcd told, checked and in few bytes each: a million records are read before one is used. */

#include "internal/base.h"

#include <jansson.h>

/** Records and bytes of one whole reading; more is no state of ours. */
#define JG_EVENTS_MAX ((size_t)4 << 20)
#define JG_EVENTS_BYTES_MAX ((size_t)1 << 30)

struct jg_etcd_event {
	int64_t mod; // revision of this change
	uint32_t key_len;
	uint32_t value_len;
	bool gone; // deleted
	char bytes[]; // key without the prefix, NUL, value, NUL
};

/** All zero: none. */
struct jg_etcd_events {
	struct jg_etcd_event **list;
	size_t n;
	size_t room;
	size_t bytes;
};

void jg_etcd_events_free(struct jg_etcd_events *events);
const char *jg_etcd_event_value(const struct jg_etcd_event *event);
bool jg_etcd_event_below(const struct jg_etcd_event *event, const char *folder);

/** Cut-offs before records, each in the order of their revisions: what refuses comes first. */
void jg_etcd_events_sort(struct jg_etcd_events *events);

/** Where a whole reading stands, page by page. */
struct jg_etcd_reading {
	const char *prefix;
	int64_t revision; // 0 = the first page tells
	int64_t after; // cut-offs that are not newer are left out
	char *last; // key of the last page's end, malloc'ed; NULL = none
	size_t last_len;
	size_t told; // records, those left out included
};

/** Append a page: 1 = more follow, 0 = it was the last, -EBADMSG: nonsense, -ENOMEM. */
JG_MUST_CHECK int jg_etcd_events_page(struct jg_etcd_events *events,
	struct jg_etcd_reading *reading, const json_t *reply, struct jg_error *err);

enum jg_etcd_message {
	JG_ETCD_MESSAGE_EVENTS, // maybe none
	JG_ETCD_MESSAGE_PART, // of a message: others follow
	JG_ETCD_MESSAGE_COMPACTED, // what was missed is gone
	JG_ETCD_MESSAGE_REWOUND, // the revision asked for has not been yet
	JG_ETCD_MESSAGE_END, // with err: refused, ended, nonsense
};

/** Append a watch's message; from: revision that is known already. */
JG_MUST_CHECK enum jg_etcd_message jg_etcd_events_message(struct jg_etcd_events *events,
	const char *prefix, int64_t from, const json_t *message, struct jg_error *err);
