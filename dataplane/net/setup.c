// SPDX-License-Identifier: BSD-3-Clause
// A worker's memory: what worker.c, on the packets' way, must not do.
#include "worker.h"

#include <rte_cycles.h>
#include <rte_lcore.h>
#include <rte_malloc.h>
#include <rte_random.h>

#include <errno.h>

#define REASSEMBLY_ENTRIES 256
#define REASSEMBLY_SHARE 64

static int make_reassembly(struct jg_worker *w, struct jg_error *err)
{
	struct jg_reassembly_options options = {.entries = REASSEMBLY_ENTRIES,
		.share = REASSEMBLY_SHARE,
		.life = rte_get_tsc_hz(),
		.seed = rte_rand()};
	void *memory = rte_malloc_socket(
		"jg_reassembly", jg_reassembly_size(&options), JG_CACHE_LINE, w->options.numa_node);

	if (memory == NULL) {
		jg_error_set(err, "no memory for the reassembly table");
		return -ENOMEM;
	}
	w->reassembly = jg_reassembly_init(memory, &options);
	return 0;
}

struct jg_worker *jg_worker_new(const struct jg_worker_options *options, struct jg_error *err)
{
	struct jg_worker *w =
		rte_zmalloc_socket("jg_worker", sizeof(*w), JG_CACHE_LINE, options->numa_node);

	if (w == NULL) {
		jg_error_set(err, "no memory for a worker");
		return NULL;
	}
	w->options = *options;
	w->cycles_per_second = rte_get_tsc_hz();
	w->idle.mode = options->idle;
	w->last_poll = rte_rdtsc();
	w->tx.ports = options->ports;
	w->tx.counters = &w->counters;
	w->tx.queue = options->queue;
	w->tx.fragment_id =
		(uint32_t)rte_rand() / options->workers * options->workers + options->queue;
	w->tx.fragment_step = options->workers;
	if (make_reassembly(w, err) != 0 ||
		jg_judge_init(&w->judge, &w->counters, &options->verifier, err) != 0) {
		jg_worker_free(w);
		return NULL;
	}
	return w;
}

void jg_worker_free(struct jg_worker *w)
{
	if (w == NULL)
		return;
	jg_judge_fini(&w->judge);
	rte_free(w->reassembly);
	rte_free(w);
}
