// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** A gate's state with two apps, one worker that obeys at once, and a store that takes everything and
 * keeps nothing: the state in memory is what is looked at. */

#include "../unit/fake_channel.h"
#include "request.h"
#include "watch.h"

#include <stdlib.h>

#define SECRET "not-a-secret-not-a-secret-not-a-secret"

static const char config_text[] =
	"{\"apps\":[{\"vendor\":\"livekit\",\"key\":\"A\",\"secrets\":[{\"id\":\"a\",\"secret\":"
	"\"" SECRET
	"\"}]},{\"vendor\":\"stream\",\"key\":\"k\",\"secrets\":[{\"id\":\"s\",\"secret\":\"" SECRET
	"\"}]}]}";

static int commit(
	struct jg_store *store, const struct jg_store_change *change, struct jg_error *err)
{
	(void)store, (void)change, (void)err;
	return 0;
}

static int commit_all(struct jg_store *store, const struct jg_store_change *changes, uint32_t n,
	struct jg_error *err)
{
	(void)store, (void)changes, (void)n, (void)err;
	return 0;
}

static int no_cut_offs(struct jg_store *store, const struct jg_cut_off_filter *filter,
	const struct jg_store_sink *sink, struct jg_error *err)
{
	(void)store, (void)filter, (void)sink, (void)err;
	return 0;
}

static int no_audit(struct jg_store *store, uint64_t after, unsigned limit, void *arg,
	int (*visit)(void *arg, const struct jg_audit *line), struct jg_error *err)
{
	(void)store, (void)after, (void)limit, (void)arg, (void)visit, (void)err;
	return 0;
}

static void status(struct jg_store *store, struct jg_store_status *told)
{
	(void)store;
	*told = (struct jg_store_status){.kind = "none", .where = ""};
}

static const struct jg_store_ops ops = {.commit = commit,
	.commit_all = commit_all,
	.cut_offs = no_cut_offs,
	.audit = no_audit,
	.status = status};

struct admin_world {
	struct jg_store store;
	struct jg_channel channel;
	struct jg_engine engine;
};

static void admin_world_init(struct admin_world *w)
{
	struct jg_error err;
	struct jg_problems problems = {0};
	*w = (struct admin_world){.store = {.ops = &ops, .wake_fd = -1, .empty = true},
		.channel = {.automatic = true},
		.engine = {.version = "fuzz"}};
	w->engine.store = &w->store;
	w->engine.config = jg_config_parse((struct jg_str){config_text, sizeof(config_text) - 1},
		"", JG_CONFIG_ALL, &problems);
	w->engine.state = jg_state_new(&err);
	w->engine.publisher = jg_publisher_new(jg_compiled_free, &err);
	w->engine.watch = jg_watch_new(&w->engine, &err);
	if (jg_engine_load(&w->engine, &err) != 0 || jg_engine_publish(&w->engine, &err) != 0 ||
		jg_publisher_add(w->engine.publisher, "worker 0", &w->channel, &err) != 0)
		abort();
	jg_problems_free(&problems);
}

static void admin_world_fini(struct admin_world *w)
{
	jg_watch_free(w->engine.watch);
	jg_publisher_free(w->engine.publisher);
	jg_state_free(w->engine.state);
	jg_config_free(w->engine.config);
}
