// SPDX-License-Identifier: BSD-3-Clause
#include "fake_channel.h"
#include "publish.h"

#include <criterion/criterion.h>

#include <errno.h>
#include <stdio.h>

// Snapshots are numbered bytes; freed[i] counts how often number i was freed.
static char snapshots[16];
static unsigned freed[16];

static void free_snapshot(void *payload)
{
	freed[(char *)payload - snapshots]++;
}

// A worker: takes one message, uses what it carries, acknowledges.
struct fake_worker {
	struct jg_channel channel;
	const void *snapshot;
};

static bool worker_step(struct fake_worker *w)
{
	struct jg_message m;
	if (jg_channel_receive(&w->channel, &m, 1) == 0)
		return false;
	cr_assert_gt(m.epoch, w->channel.acknowledged, "epochs only grow");
	if (m.kind == JG_MESSAGE_SNAPSHOT)
		w->snapshot = m.payload;
	jg_channel_acknowledge(&w->channel, m.epoch);
	return true;
}

static struct jg_publisher *publisher_with(struct fake_worker *workers, unsigned n, unsigned slots)
{
	struct jg_error err;
	struct jg_publisher *p = jg_publisher_new(free_snapshot, &err);
	cr_assert_not_null(p);
	for (unsigned i = 0; i < n; i++) {
		char name[32];
		snprintf(name, sizeof(name), "worker %u", i);
		workers[i] = (struct fake_worker){.channel.slots = slots};
		cr_assert_eq(jg_publisher_add(p, name, &workers[i].channel, &err), 0);
	}
	return p;
}

Test(publish, a_change_is_in_force_only_when_every_worker_acknowledged)
{
	struct fake_worker w[2];
	struct jg_publisher *p = publisher_with(w, 2, 4);
	cr_assert_eq(jg_publisher_publish(p, &snapshots[0], 1), 1);
	jg_publisher_poll(p, 2);
	cr_assert_eq(jg_publisher_in_force(p), 0);
	worker_step(&w[0]);
	jg_publisher_poll(p, 3);
	cr_assert_eq(jg_publisher_in_force(p), 0);
	worker_step(&w[1]);
	jg_publisher_poll(p, 4);
	cr_assert_eq(jg_publisher_in_force(p), 1);
	jg_publisher_free(p);
}

Test(publish, a_replaced_snapshot_is_kept_until_every_worker_has_passed_it)
{
	struct fake_worker w[2];
	struct jg_publisher *p = publisher_with(w, 2, 4);
	(void)!jg_publisher_publish(p, &snapshots[0], 1);
	worker_step(&w[0]);
	worker_step(&w[1]);
	(void)!jg_publisher_publish(p, &snapshots[1], 2);
	worker_step(&w[0]);
	jg_publisher_poll(p, 3);
	cr_assert_eq(freed[0], 0, "worker 1 still reads it");
	cr_assert_eq(jg_publisher_retired(p), 1);
	worker_step(&w[1]);
	jg_publisher_poll(p, 4);
	cr_assert_eq(freed[0], 1);
	cr_assert_eq(freed[1], 0, "the current one");
	jg_publisher_free(p);
	cr_assert_eq(freed[0], 1);
	cr_assert_eq(freed[1], 1);
}

Test(publish, a_full_ring_keeps_only_the_newest_pending)
{
	struct fake_worker w[1];
	struct jg_publisher *p = publisher_with(w, 1, 2);
	for (unsigned i = 0; i < 6; i++)
		cr_assert_eq(jg_publisher_publish(p, &snapshots[i], i + 1), i + 1);
	cr_assert(worker_step(&w[0]));
	cr_assert(worker_step(&w[0]));
	cr_assert_eq(w[0].channel.acknowledged, 2);
	jg_publisher_poll(p, 10);
	cr_assert(worker_step(&w[0]));
	cr_assert_not(worker_step(&w[0]), "one message for all that was missed");
	cr_assert_eq(w[0].channel.acknowledged, 6);
	cr_assert_eq(w[0].snapshot, &snapshots[5]);
	jg_publisher_poll(p, 11);
	for (unsigned i = 0; i < 5; i++)
		cr_assert_eq(freed[i], 1);
	jg_publisher_free(p);
}

Test(publish, a_seal_never_hides_a_snapshot_that_did_not_fit)
{
	struct fake_worker w[1];
	struct jg_publisher *p = publisher_with(w, 1, 1);
	(void)!jg_publisher_publish(p, &snapshots[0], 1);
	(void)!jg_publisher_publish(p, &snapshots[1], 2);
	(void)!jg_publisher_publish(p, NULL, 3);
	worker_step(&w[0]);
	cr_assert_eq(w[0].snapshot, &snapshots[0]);
	jg_publisher_poll(p, 4);
	worker_step(&w[0]);
	cr_assert_eq(w[0].snapshot, &snapshots[1]);
	cr_assert_eq(w[0].channel.acknowledged, 3);
	jg_publisher_free(p);
}

Test(publish, a_seal_alone_carries_no_snapshot)
{
	struct fake_worker w[1];
	struct jg_publisher *p = publisher_with(w, 1, 4);
	(void)!jg_publisher_publish(p, &snapshots[0], 1);
	(void)!jg_publisher_publish(p, NULL, 2);
	struct jg_message m[2];
	cr_assert_eq(jg_channel_receive(&w[0].channel, m, 2), 2);
	cr_assert_eq(m[0].kind, JG_MESSAGE_SNAPSHOT);
	cr_assert_eq(m[1].kind, JG_MESSAGE_SEAL);
	cr_assert_null(m[1].payload);
	jg_publisher_free(p);
}

Test(publish, a_stuck_worker_is_named_with_its_lag)
{
	struct fake_worker w[2];
	struct jg_publisher *p = publisher_with(w, 2, 4);
	(void)!jg_publisher_publish(p, &snapshots[0], 1000);
	worker_step(&w[0]);
	worker_step(&w[1]);
	jg_publisher_poll(p, 2000);
	(void)!jg_publisher_publish(p, NULL, 5000);
	uint64_t epoch = jg_publisher_publish(p, NULL, 6000);
	while (worker_step(&w[0]))
		;
	jg_publisher_poll(p, 9000);
	struct jg_worker_lag lag;
	jg_publisher_lag(p, 0, 9000, &lag);
	cr_assert_eq(lag.lag, 0);
	cr_assert_eq(lag.behind_ns, 0);
	jg_publisher_lag(p, 1, 9000, &lag);
	cr_assert_eq(lag.lag, 2);
	cr_assert_eq(lag.behind_ns, 4000, "since the first epoch it missed");
	char text[64];
	cr_assert_eq(jg_publisher_missing(p, epoch, text, sizeof(text)), 1);
	cr_assert_str_eq(text, "worker 1 (epoch 1)");
	jg_publisher_free(p);
}

Test(publish, the_list_of_stuck_workers_is_cut_to_the_buffer)
{
	struct fake_worker w[3];
	struct jg_publisher *p = publisher_with(w, 3, 4);
	(void)!jg_publisher_publish(p, &snapshots[0], 1);
	char text[8];
	cr_assert_eq(jg_publisher_missing(p, 1, text, sizeof(text)), 3);
	cr_assert_str_eq(text, "worker ");
	jg_publisher_free(p);
}

Test(publish, a_late_worker_gets_the_current_snapshot)
{
	struct fake_worker w[2];
	struct jg_error err;
	struct jg_publisher *p = publisher_with(w, 1, 4);
	(void)!jg_publisher_publish(p, &snapshots[0], 1);
	worker_step(&w[0]);
	jg_publisher_poll(p, 2);
	w[1] = (struct fake_worker){.channel.slots = 4};
	cr_assert_eq(jg_publisher_add(p, "late", &w[1].channel, &err), 0);
	cr_assert_eq(jg_publisher_in_force(p), 0, "not before the newcomer holds it");
	jg_publisher_poll(p, 3);
	worker_step(&w[1]);
	jg_publisher_poll(p, 4);
	cr_assert_eq(w[1].snapshot, &snapshots[0]);
	cr_assert_eq(jg_publisher_in_force(p), 1);
	jg_publisher_free(p);
}

Test(publish, epochs_go_on_where_the_store_stands)
{
	struct fake_worker w[1];
	struct jg_publisher *p = publisher_with(w, 1, 4);
	jg_publisher_resume(p, 41);
	cr_assert_eq(jg_publisher_epoch(p), 0, "nothing published yet");
	cr_assert_eq(jg_publisher_next(p), 42);
	cr_assert_eq(jg_publisher_publish(p, &snapshots[0], 1), 42);
	worker_step(&w[0]);
	jg_publisher_poll(p, 2);
	cr_assert_eq(jg_publisher_in_force(p), 42);
	jg_publisher_free(p);
}

Test(publish, too_many_workers_are_refused)
{
	struct jg_error err;
	struct jg_publisher *p = publisher_with(NULL, 0, 0);
	struct jg_channel channel = {.slots = 1};
	for (unsigned i = 0; i < JG_PUBLISHER_WORKERS_MAX; i++)
		cr_assert_eq(jg_publisher_add(p, "w", &channel, &err), 0);
	cr_assert_eq(jg_publisher_add(p, "w", &channel, &err), -ENOSPC);
	jg_publisher_free(p);
}
