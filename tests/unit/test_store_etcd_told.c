// SPDX-License-Identifier: BSD-3-Clause
// Batches as the watch thread delivers them, into a memory and a state that only note what they get.
#include "store_etcd.h"

#include <joingate/verify.h>

#include <criterion/criterion.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define KEY "not-a-fleet-key-not-a-fleet-key-not-a-fleet-key"

// What memory and workers were given, in that order.
static struct {
	unsigned kept;
	unsigned cut_offs;
	unsigned records;
	int64_t before; // of the last cut-off
	int64_t revision; // of the last record
	bool forgetful; // the memory takes nothing
	bool early; // workers got something that was not kept before
} world;

static struct jg_error err;

static int memory_commit(
	struct jg_store *store, const struct jg_store_change *change, struct jg_error *e)
{
	(void)store;
	if (world.forgetful) {
		jg_error_set(e, "the disk is full");
		return -ENOSPC;
	}
	world.kept += change->records_n + change->cut_offs_n - 1; // one is about the node itself
	return 0;
}

static int memory_cut_offs(struct jg_store *store, const struct jg_cut_off_filter *filter,
	const struct jg_store_sink *sink, struct jg_error *e)
{
	const struct jg_cut_off john = {.scope = JG_SCOPE_USER,
		.vendor = JG_VENDOR_STREAM,
		.app = JG_STR("k"),
		.user = JG_STR("john"),
		.before = 100};
	(void)store, (void)filter;
	return sink->cut_off(sink->arg, &john, e);
}

static int see_record(void *arg, const struct jg_record *record, struct jg_error *e)
{
	(void)arg, (void)e;
	world.records++;
	world.revision = record->revision;
	world.early |= !world.forgetful && world.kept < world.records + world.cut_offs;
	return 0;
}

static int see_cut_off(void *arg, const struct jg_cut_off *cut_off, struct jg_error *e)
{
	(void)arg, (void)e;
	world.cut_offs++;
	world.before = cut_off->before;
	world.early |= !world.forgetful && world.kept < world.records + world.cut_offs;
	return 0;
}

static const struct jg_store_sink sink = {NULL, see_record, see_cut_off};
static const struct jg_store_ops memory_ops = {
	.commit = memory_commit, .cut_offs = memory_cut_offs};
static struct jg_store memory = {.ops = &memory_ops};
static struct jg_config config;
static struct jg_etcd_store store;

static void fresh(void)
{
	memset(&world, 0, sizeof(world));
	store = (struct jg_etcd_store){.cache = &memory, .config = &config, .prefix = "/j/"};
	store.seal = jg_seal_new(JG_STR(KEY), &err);
	store.known = json_object();
	store.nodes = json_object();
	store.head.wake_fd = eventfd(0, EFD_NONBLOCK);
	(void)pthread_mutex_init(&store.lock, NULL);
	(void)pthread_cond_init(&store.delivered, NULL);
}

static struct jg_etcd_event *event(const char *key, const char *value, int64_t mod)
{
	size_t key_len = strlen(key);
	size_t value_len = strlen(value);
	struct jg_etcd_event *e = malloc(sizeof(*e) + key_len + value_len + 2);
	cr_assert_not_null(e);
	*e = (struct jg_etcd_event){
		.mod = mod, .key_len = (uint32_t)key_len, .value_len = (uint32_t)value_len};
	memcpy(e->bytes, key, key_len + 1);
	memcpy(e->bytes + key_len + 1, value, value_len + 1);
	return e;
}

static struct jg_etcd_batch *deliver(struct jg_etcd_event *e)
{
	struct jg_etcd_batch *batch = calloc(1, sizeof(*batch));
	cr_assert_not_null(batch);
	struct jg_etcd_event **list = calloc(1, sizeof(struct jg_etcd_event *));
	cr_assert_not_null(list);
	list[0] = e;
	batch->events = (struct jg_etcd_events){list, 1, 1, 10};
	batch->revision = e->mod;
	batch->history = store.history;
	struct jg_etcd_batch **end = &store.queue;
	while (*end != NULL)
		end = &(*end)->next;
	*end = batch;
	store.queued += 10;
	return batch;
}

static struct jg_etcd_event *cut_off(int64_t before, int64_t mod)
{
	char text[200];
	char number[24] = "null";
	if (before != 0)
		snprintf(number, sizeof(number), "%lld", (long long)before);
	snprintf(text, sizeof(text),
		"{\"list\":[{\"vendor\":\"stream\",\"app\":\"k\",\"scope\":\"user\",\"user\":"
		"\"john\",\"before\":%s}]}",
		number);
	return event("s/c/aa", text, mod);
}

static struct jg_etcd_event *record(int64_t generation, int64_t mod)
{
	char *sealed = jg_seal_text(store.seal, "app/stream/k", generation, JG_STR("{}"));
	struct jg_etcd_event *e = event("s/r/app/stream/k", sealed, mod);
	jg_text_free(sealed);
	return e;
}

Test(store_etcd_told, what_is_told_is_kept_before_workers_see_it)
{
	fresh();
	(void)deliver(cut_off(5, 7));
	(void)deliver(record(1, 8));
	cr_assert_eq(jg_etcd_take_over(&store, &sink), 2);
	cr_assert_eq(world.kept, 2);
	cr_assert_eq(world.cut_offs, 1);
	cr_assert_eq(world.records, 1);
	cr_assert_not(world.early);
	cr_assert_eq(store.head.applied, 8);
	cr_assert_eq(store.after, 8);
}

Test(store_etcd_told, what_is_not_kept_is_obeyed_but_not_in_force)
{
	fresh();
	world.forgetful = true;
	(void)deliver(cut_off(5, 7));
	(void)deliver(record(1, 8));
	(void)jg_etcd_take_over(&store, &sink);
	cr_assert_eq(world.cut_offs, 1, "workers refuse all the same");
	cr_assert_eq(store.head.applied, 0);
	cr_assert_neq(store.reread_at, 0, "it is read again");
	cr_assert_neq(store.alarm[0], '\0');
	world.forgetful = false;
	(void)deliver(cut_off(6, 9));
	(void)jg_etcd_take_over(&store, &sink);
	cr_assert_eq(store.head.applied, 0, "later changes do not make up for it");
	deliver(record(1, 8))->whole = true;
	(void)jg_etcd_take_over(&store, &sink);
	cr_assert_eq(world.records, 2, "told again");
	cr_assert_eq(store.head.applied, 8);
}

Test(store_etcd_told, a_record_under_another_key_holds_the_revision_back)
{
	fresh();
	struct jg_seal *ours = store.seal;
	store.seal = jg_seal_new(JG_STR(KEY "2"), &err);
	struct jg_etcd_event *foreign = record(1, 7);
	jg_seal_free(store.seal);
	store.seal = ours;
	(void)deliver(foreign);
	cr_assert_eq(jg_etcd_take_over(&store, &sink), 0);
	cr_assert_eq(world.records, 0);
	cr_assert_eq(store.head.applied, 0);
	cr_assert_not_null(strstr(store.alarm, "fleet_key_file"));
	cr_assert_eq(jg_etcd_known(&store, "app/stream/k", 0), 7, "and can be replaced");
	(void)deliver(event("s/r/app/stream/k", "rubbish", 8));
	(void)deliver(event("s/c/bb", "rubbish", 9));
	(void)deliver(event("s/c/cc", "{\"list\":[7]}", 10));
	cr_assert_eq(jg_etcd_take_over(&store, &sink), 0);
	cr_assert_eq(store.head.applied, 0);
}

Test(store_etcd_told, no_generation_goes_back)
{
	fresh();
	(void)deliver(record(5, 7));
	(void)deliver(record(4, 8));
	(void)deliver(record(5, 9));
	cr_assert_eq(jg_etcd_take_over(&store, &sink), 1);
	cr_assert_eq(world.revision, 5);
	cr_assert_eq(jg_etcd_known(&store, "app/stream/k", 1), 5);
	cr_assert_not_null(strstr(store.alarm, "went back"));
}

Test(store_etcd_told, what_is_deleted_by_hand_stays)
{
	fresh();
	(void)deliver(cut_off(5, 7));
	(void)deliver(record(1, 8));
	struct jg_etcd_event *gone = cut_off(5, 9);
	gone->gone = true;
	(void)deliver(gone);
	gone = record(1, 10);
	gone->gone = true;
	(void)deliver(gone);
	cr_assert_eq(jg_etcd_take_over(&store, &sink), 2);
	cr_assert_eq(world.before, 5);
	cr_assert_not_null(strstr(store.alarm, "by hand"));
}

Test(store_etcd_told, an_older_history_tells_nothing)
{
	fresh();
	(void)deliver(cut_off(5, 1000));
	(void)jg_etcd_take_over(&store, &sink);
	(void)deliver(cut_off(6, 1001));
	jg_etcd_rewound(&store, 500);
	cr_assert_eq(jg_etcd_take_over(&store, &sink), 0);
	cr_assert_eq(world.before, 5);
	cr_assert_eq(store.head.applied, 0, "nothing of the new history is in force");
	cr_assert_eq(store.from, 0);
	cr_assert_eq(store.own_mod, 0);
	cr_assert(store.merge);
}

Test(store_etcd_told, two_histories_are_merged_to_the_newer)
{
	fresh();
	jg_etcd_rewound(&store, 500);
	struct jg_etcd_batch *batch = deliver(cut_off(99, 400));
	batch->whole = true;
	batch->merge = true;
	batch->revision = 500;
	cr_assert_eq(jg_etcd_take_over(&store, &sink), 0, "the memory has 100");
	cr_assert_eq(store.head.applied, 500);
	cr_assert_not(store.merge);
	cr_assert_neq(store.give_back_at, 0);
	batch = deliver(cut_off(0, 501));
	batch->merge = true;
	cr_assert_eq(jg_etcd_take_over(&store, &sink), 0, "nor is it undone");
	batch = deliver(cut_off(101, 502));
	batch->merge = true;
	cr_assert_eq(jg_etcd_take_over(&store, &sink), 1);
	cr_assert_eq(world.before, 101);
}

Test(store_etcd_told, a_large_batch_is_taken_in_pieces)
{
	enum {
		N = 5000
	};
	fresh();
	struct jg_etcd_batch *batch = deliver(cut_off(1, 1));
	batch->events.list = reallocarray(batch->events.list, N, sizeof(batch->events.list[0]));
	cr_assert_not_null(batch->events.list);
	for (; batch->events.n < N; batch->events.n++)
		batch->events.list[batch->events.n] = cut_off(1, (int64_t)batch->events.n + 1);
	batch->revision = N;
	cr_assert_lt(jg_etcd_take_over(&store, &sink), N);
	cr_assert_eq(store.head.applied, 0, "a part of it is not it");
	uint64_t count = 0;
	cr_assert_eq(read(store.head.wake_fd, &count, sizeof(count)), sizeof(count),
		"it wakes the control thread for the rest");
	for (int turns = 0; turns < 10; turns++)
		(void)jg_etcd_take_over(&store, &sink);
	cr_assert_eq(world.cut_offs, N);
	cr_assert_eq(store.head.applied, N);
}

Test(store_etcd_told, a_fleet_may_be_done_once_every_member_said_so)
{
	fresh();
	struct jg_etcd_event *a = event("n/a", "{\"revision\": 7}", 10);
	struct jg_etcd_event *b = event("n/b", "{\"revision\": 6}", 11);
	jg_etcd_observe(&store, a);
	jg_etcd_observe(&store, b);
	cr_assert(jg_etcd_fleet_may(&store, 6));
	cr_assert_not(jg_etcd_fleet_may(&store, 7));
	free(b);
	b = event("n/b", "{\"revision\": 7}", 12);
	jg_etcd_observe(&store, b);
	cr_assert(jg_etcd_fleet_may(&store, 7));
	free(b);
	b = event("n/b", "nonsense", 13);
	jg_etcd_observe(&store, b);
	cr_assert_not(jg_etcd_fleet_may(&store, 1));
	free(a);
	free(b);
}
