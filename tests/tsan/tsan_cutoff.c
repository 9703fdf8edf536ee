// SPDX-License-Identifier: BSD-3-Clause
// One writer sets, undoes, grows and reclaims; two readers check. No entry may be missed, no undone
// one found, and nothing read after it was freed.
#include "state.h"

#include <joingate/verify.h>

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#define NOW INT64_C(1800000000)
#define READERS 2
#define USERS 60000u
#define BATCH 500u

struct shared {
	struct jg_cut_offs *cut_offs;
	_Atomic unsigned
		written; // even users below this are cut off, odd ones were and are no more
	_Atomic unsigned epoch; // writer: wo
	_Atomic unsigned wrong;
};

struct reader {
	struct shared *shared;
	_Atomic unsigned acknowledged; // writer: ro
	pthread_t thread;
};

static int check(const struct jg_cut_offs *cut_offs, unsigned number)
{
	char name[16];
	struct jg_cut_off_query query = {.vendor = JG_VENDOR_STREAM,
		.app = {"app", 3},
		.user = {name, (uint32_t)snprintf(name, sizeof(name), "%u", number)},
		.issued_at = NOW - 1};
	int64_t before;
	return jg_cut_offs_check(cut_offs, &query, &before);
}

static void *read_always(void *argument)
{
	struct reader *reader = argument;
	struct shared *shared = reader->shared;
	unsigned at = 1;
	for (unsigned epoch = 0; epoch != UINT32_MAX;) {
		// As a worker does between bursts: what it saw before is done with.
		epoch = atomic_load_explicit(&shared->epoch, memory_order_acquire);
		atomic_store_explicit(&reader->acknowledged, epoch, memory_order_release);
		unsigned written = atomic_load_explicit(&shared->written, memory_order_acquire);
		for (unsigned i = 0; i < 32 && written > 0; i++) {
			at = (at * 2654435761u + 12345u) % written;
			int wanted = at % 2 == 0 ? JG_SCOPE_USER : -1;
			if (check(shared->cut_offs, at) != wanted ||
				check(shared->cut_offs, at + USERS) != -1)
				atomic_fetch_add(&shared->wrong, 1);
		}
	}
	return NULL;
}

static bool set(struct jg_cut_offs *cut_offs, unsigned number, int64_t before)
{
	char name[16];
	struct jg_cut_off it = {.scope = JG_SCOPE_USER,
		.vendor = JG_VENDOR_STREAM,
		.app = {"app", 3},
		.user = {name, (uint32_t)snprintf(name, sizeof(name), "%u", number)},
		.before = before};
	return jg_cut_offs_set(cut_offs, &it, NULL) == 0;
}

// Until every reader has begun a burst after the epoch, so after all sets before it.
static void wait_for(struct reader *readers, unsigned epoch)
{
	for (unsigned i = 0; i < READERS; i++)
		while (atomic_load_explicit(&readers[i].acknowledged, memory_order_acquire) !=
			epoch)
			(void)sched_yield();
}

int main(void)
{
	struct shared shared = {.cut_offs = jg_cut_offs_new(0, NULL)};
	struct reader readers[READERS];
	if (shared.cut_offs == NULL)
		return EXIT_FAILURE;
	for (unsigned i = 0; i < READERS; i++) {
		readers[i] = (struct reader){.shared = &shared};
		if (pthread_create(&readers[i].thread, NULL, read_always, &readers[i]) != 0)
			return EXIT_FAILURE;
	}
	bool ok = true;
	unsigned epoch = 0;
	for (unsigned i = 0; i < USERS && ok; i++) {
		ok = set(shared.cut_offs, i, NOW) &&
			(i % 2 == 0 || set(shared.cut_offs, i, JG_TIME_NONE));
		atomic_store_explicit(&shared.written, i + 1, memory_order_release);
		if (i % BATCH != BATCH - 1)
			continue;
		atomic_store_explicit(&shared.epoch, ++epoch, memory_order_release);
		wait_for(readers, epoch);
		jg_cut_offs_reclaim(shared.cut_offs);
	}
	atomic_store(&shared.epoch, UINT32_MAX);
	for (unsigned r = 0; r < READERS; r++)
		(void)pthread_join(readers[r].thread, NULL);
	size_t count = jg_cut_offs_count(shared.cut_offs);
	unsigned wrong = atomic_load(&shared.wrong);
	jg_cut_offs_free(shared.cut_offs);
	(void)printf("%zu entries, %u epochs, %u wrong\n", count, epoch, wrong);
	return ok && wrong == 0 && count == USERS / 2 ? EXIT_SUCCESS : EXIT_FAILURE;
}
