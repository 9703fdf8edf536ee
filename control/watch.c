// SPDX-License-Identifier: BSD-3-Clause
#include "watch.h"

#include "engine.h"
#include "log.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#define PATIENCE_NS 500000000L
#define LINKS_NS UINT64_C(1000000000)

struct jg_watch {
	const struct jg_engine *engine;
	const struct jg_control_ports *ports;
	struct jg_gatherer *gatherer; // control thread only, as is fresh
	struct jg_figures *fresh;
	uint64_t links_seen_ns;
	bool link_lost[JG_PORTS_MAX];
	pthread_mutex_t lock; // guards what follows
	pthread_cond_t gathered;
	uint64_t wanted;
	uint64_t answered; // the newest wish that the figures came after
	struct jg_figures *figures;
};

struct jg_watch *jg_watch_new(const struct jg_engine *engine, struct jg_error *err)
{
	struct jg_watch *watch = calloc(1, sizeof(*watch));
	if (watch == NULL) {
		jg_error_set(err, "out of memory for the figures");
		return NULL;
	}
	pthread_condattr_t clock;
	(void)pthread_condattr_init(&clock);
	(void)pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
	(void)pthread_mutex_init(&watch->lock, NULL);
	(void)pthread_cond_init(&watch->gathered, &clock);
	(void)pthread_condattr_destroy(&clock);
	watch->engine = engine;
	watch->gatherer = jg_gatherer_new();
	watch->fresh = calloc(1, sizeof(*watch->fresh));
	watch->figures = calloc(1, sizeof(*watch->figures));
	if (watch->gatherer != NULL && watch->fresh != NULL && watch->figures != NULL)
		return watch;
	jg_error_set(err, "out of memory for the figures");
	jg_watch_free(watch);
	return NULL;
}

void jg_watch_free(struct jg_watch *watch)
{
	if (watch == NULL)
		return;
	(void)pthread_cond_destroy(&watch->gathered);
	(void)pthread_mutex_destroy(&watch->lock);
	jg_gatherer_free(watch->gatherer);
	free(watch->fresh);
	free(watch->figures);
	free(watch);
}

void jg_watch_ports(struct jg_watch *watch, const struct jg_control_ports *ports)
{
	watch->ports = ports;
}

// Ports are looked at once a second: an operator shall find in the log when a link was lost.
static void follow_links(struct jg_watch *watch)
{
	const struct jg_control_ports *ports = watch->ports;
	uint64_t now_ns = jg_monotonic_ns();
	if (ports == NULL || now_ns - watch->links_seen_ns < LINKS_NS)
		return;
	watch->links_seen_ns = now_ns;
	for (unsigned i = 0; i < ports->n && i < JG_PORTS_MAX; i++) {
		struct jg_port_stats stats = {.device = "?"};
		bool up = ports->read(ports->gate, i, &stats) == 0 && stats.link_up;
		if (up == watch->link_lost[i])
			jg_log(up ? JG_LOG_INFO : JG_LOG_WARNING, "port", "port %s: link %s",
				stats.device, up ? "up" : "down");
		watch->link_lost[i] = !up;
	}
}

void jg_watch_turn(struct jg_watch *watch)
{
	follow_links(watch);
	(void)pthread_mutex_lock(&watch->lock);
	uint64_t wanted = watch->wanted;
	bool waiting = wanted != watch->answered;
	(void)pthread_mutex_unlock(&watch->lock);
	if (!waiting)
		return;
	jg_figures_gather(watch->gatherer, watch->engine, watch->ports, watch->fresh);
	(void)pthread_mutex_lock(&watch->lock);
	struct jg_figures *old = watch->figures;
	watch->figures = watch->fresh;
	watch->fresh = old;
	watch->answered = wanted;
	(void)pthread_cond_broadcast(&watch->gathered);
	(void)pthread_mutex_unlock(&watch->lock);
}

struct jg_figures *jg_watch_gather(struct jg_watch *watch)
{
	struct jg_figures *figures = calloc(1, sizeof(*figures));
	if (figures != NULL)
		jg_figures_gather(watch->gatherer, watch->engine, watch->ports, figures);
	return figures;
}

void jg_watch_want(struct jg_watch *watch)
{
	(void)pthread_mutex_lock(&watch->lock);
	watch->wanted++;
	(void)pthread_mutex_unlock(&watch->lock);
}

void jg_watch_read(struct jg_watch *watch, struct jg_figures *figures)
{
	struct timespec until;
	(void)clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += PATIENCE_NS;
	until.tv_sec += until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	(void)pthread_mutex_lock(&watch->lock);
	uint64_t wanted = watch->wanted;
	int result = 0;
	while (watch->answered < wanted && result == 0)
		result = pthread_cond_timedwait(&watch->gathered, &watch->lock, &until);
	*figures = *watch->figures;
	(void)pthread_mutex_unlock(&watch->lock);
	if (result != 0)
		jg_figures_count(figures, watch->engine->members);
}
