// SPDX-License-Identifier: BSD-3-Clause
#include "control.h"

#include "admin.h"
#include "capture.h"
#include "locked.h"
#include "log.h"
#include "owner.h"
#include "refusals.h"
#include "request.h"
#include "watch.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define IDLE_NS (200 * 1000000L) // how often the idle thread looks at acknowledgements
#define SPIN_NS (20 * 1000L) // and while somebody waits for them
#define REST_NS (1000 * 1000L) // between two steps of what can wait, or for the fleet
#define STOPPING 1u
#define RELOADING 2u

// A request of another thread, on that thread's stack.
struct jg_asked {
	struct jg_asked *next;
	struct jg_ask ask;
	uint64_t deadline_ns;
	bool started;
	bool done;
};

struct jg_control {
	struct jg_engine engine;
	struct jg_admin *admin;
	struct jg_control_member members[JG_PUBLISHER_WORKERS_MAX];
	int wake_fd;
	atomic_uint wishes; // STOPPING, RELOADING: set by any thread, taken by ours
	pthread_t thread;
	bool running;
	bool no_socket;
	pthread_mutex_t lock; // guards asked
	pthread_cond_t answered;
	struct jg_asked *asked;
	struct jg_refusals refusals;
	bool resting; // there is more of what can wait
};

static void wake(struct jg_control *control)
{
	const uint64_t one = 1;
	(void)!write(control->wake_fd, &one, sizeof(one));
}

static struct jg_store *open_store(const struct jg_config *config, struct jg_error *err)
{
	bool fleet = config->store_etcd_endpoints_n > 0;
	if (config->store_sqlite.p == NULL) {
		if (fleet)
			jg_error_set(err,
				"store.etcd needs store.sqlite beside it: the file that "
				"keeps the last state while etcd is away");
		return NULL;
	}
	struct jg_store *local = jg_store_sqlite_open(config->store_sqlite.p, err);
	return !fleet || local == NULL ? local : jg_store_etcd_open(config, local, err);
}

static int prepare(struct jg_control *control, struct jg_error *err)
{
	struct jg_engine *engine = &control->engine;
	bool stored = engine->config->store_sqlite.p != NULL ||
		engine->config->store_etcd_endpoints_n > 0;
	engine->store = open_store(engine->config, err);
	if (stored && engine->store == NULL)
		return -EIO;
	engine->state = jg_state_new(err);
	engine->publisher = jg_publisher_new(jg_compiled_free, err);
	if (engine->state == NULL || engine->publisher == NULL)
		return -ENOMEM;
	control->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (control->wake_fd < 0) {
		jg_error_set(err, "eventfd: %s", strerror(errno));
		return -errno;
	}
	int result = jg_engine_load(engine, err);
	if (result == 0 && stored)
		(void)jg_engine_compare(engine);
	return result;
}

struct jg_control *jg_control_new(const struct jg_control_options *options, struct jg_error *err)
{
	struct jg_control *control = calloc(1, sizeof(*control));
	if (control == NULL) {
		jg_error_set(err, "out of memory for the control plane");
		jg_config_free(options->config);
		return NULL;
	}
	control->wake_fd = -1;
	control->no_socket = options->no_socket;
	(void)pthread_mutex_init(&control->lock, NULL);
	(void)pthread_cond_init(&control->answered, NULL);
	control->engine.config = options->config;
	control->engine.first_config = options->config;
	control->engine.config_path = options->config_path;
	control->engine.version = options->version != NULL ? options->version : "joingated";
	control->engine.members = control->members;
	control->engine.started_at = (int64_t)jg_realtime();
	control->engine.started_ns = jg_monotonic_ns();
	control->engine.searched_ns = control->engine.started_ns;
	control->engine.watch = jg_watch_new(&control->engine, err);
	if (control->engine.watch == NULL || prepare(control, err) != 0) {
		jg_control_free(control);
		return NULL;
	}
	return control;
}

int jg_control_add(
	struct jg_control *control, const struct jg_control_member *member, struct jg_error *err)
{
	struct jg_engine *engine = &control->engine;
	int result = jg_publisher_add(engine->publisher, member->name, member->channel, err);
	if (result == 0)
		control->members[engine->members_n++] = *member;
	return result;
}

void jg_control_watch_ports(struct jg_control *control, const struct jg_control_ports *ports)
{
	jg_watch_ports(control->engine.watch, ports);
}

static void run_asked(struct jg_control *control, uint64_t now_ns)
{
	(void)pthread_mutex_lock(&control->lock);
	for (struct jg_asked *a = control->asked; a != NULL; a = a->next) {
		if (a->started)
			continue;
		a->started = true;
		jg_ask_run(&a->ask);
		a->deadline_ns = now_ns + a->ask.wait_ns;
	}
	(void)pthread_mutex_unlock(&control->lock);
}

static void answer_asked(struct jg_control *control, uint64_t now_ns)
{
	(void)pthread_mutex_lock(&control->lock);
	for (struct jg_asked *a = control->asked; a != NULL; a = a->next) {
		if (a->done || !a->started)
			continue;
		if (jg_ask_done(&a->ask, now_ns, a->deadline_ns)) {
			jg_ask_finish(&a->ask);
			a->done = true;
			(void)pthread_cond_broadcast(&control->answered);
		}
	}
	(void)pthread_mutex_unlock(&control->lock);
}

static enum jg_pace asked_pace(struct jg_control *control)
{
	enum jg_pace pace = JG_PACE_IDLE;
	(void)pthread_mutex_lock(&control->lock);
	for (struct jg_asked *a = control->asked; a != NULL; a = a->next) {
		enum jg_pace own = a->done ? JG_PACE_IDLE : jg_ask_pace(&a->ask);
		pace = own > pace ? own : pace;
	}
	(void)pthread_mutex_unlock(&control->lock);
	return pace;
}

// Who waits here is told within microseconds. The fleet waits for our workers, too, but has no one here
// who could be stuck with one of them.
static long timeout_ns(struct jg_control *control)
{
	const struct jg_publisher *publisher = control->engine.publisher;
	enum jg_pace pace = asked_pace(control);
	enum jg_pace other = control->admin != NULL ? jg_admin_pace(control->admin) : JG_PACE_IDLE;
	bool behind = jg_publisher_in_force(publisher) < jg_publisher_epoch(publisher);
	if (pace == JG_PACE_SPIN || other == JG_PACE_SPIN)
		return SPIN_NS;
	return pace == JG_PACE_REST || other == JG_PACE_REST || behind || control->resting
		? REST_NS
		: IDLE_NS;
}

static void wait_for_work(struct jg_control *control, struct pollfd *fds, unsigned n)
{
	const struct timespec timeout = {.tv_nsec = timeout_ns(control)};
	(void)ppoll(fds, n, &timeout, NULL);
	uint64_t count;
	if ((fds[0].revents & POLLIN) != 0)
		(void)!read(control->wake_fd, &count, sizeof(count));
}

static void reload(struct jg_control *control)
{
	struct jg_error err;
	uint64_t epoch;
	if (jg_engine_reload(&control->engine, "signal", &epoch, &err) != 0)
		jg_log(JG_LOG_ERROR, "reload", "reload: %s", err.text);
	else
		jg_log(JG_LOG_INFO, "reload", "reloaded %s, epoch %llu",
			control->engine.config_path, (unsigned long long)epoch);
}

// One turn of the control thread: false when it is to end.
static bool turn(struct jg_control *control)
{
	struct pollfd fds[JG_ADMIN_FDS + 2];
	unsigned n = 0;
	fds[n++] = (struct pollfd){.fd = control->wake_fd, .events = POLLIN};
	struct jg_store *store = control->engine.store;
	fds[n++] = (struct pollfd){.fd = store != NULL ? store->wake_fd : -1, .events = POLLIN};
	unsigned admin_n = control->admin != NULL ? jg_admin_fds(control->admin, fds + n) : 0;
	wait_for_work(control, fds, n + admin_n);
	uint64_t now_ns = jg_monotonic_ns();
	unsigned wishes = atomic_exchange(&control->wishes, 0);
	if ((wishes & STOPPING) != 0)
		return false;
	if ((wishes & RELOADING) != 0)
		reload(control);
	jg_engine_turn(&control->engine);
	if (control->admin != NULL)
		jg_admin_turn(control->admin, fds + n, admin_n, now_ns);
	run_asked(control, now_ns);
	jg_engine_flush(&control->engine);
	jg_publisher_poll(control->engine.publisher, now_ns);
	if (control->admin != NULL)
		jg_admin_answer(control->admin, now_ns);
	answer_asked(control, now_ns);
	jg_capture_turn(&control->engine);
	jg_refusals_turn(&control->refusals, &control->engine, (int64_t)jg_realtime());
	jg_watch_turn(control->engine.watch);
	control->resting = jg_engine_rest(&control->engine, now_ns);
	return true;
}

static void *run(void *arg)
{
	struct jg_control *control = arg;
	(void)pthread_setname_np(pthread_self(), "jg-control");
	while (turn(control))
		;
	return NULL;
}

int jg_control_start(struct jg_control *control, struct jg_error *err)
{
	struct jg_engine *engine = &control->engine;
	jg_refusals_apply(engine);
	int result = jg_engine_publish(engine, err);
	if (result != 0)
		return result;
	if (!control->no_socket && engine->config->admin_socket.p != NULL) {
		control->admin = jg_admin_open(engine->config->admin_socket.p,
			engine->config->admin_uids, engine->config->admin_uids_n, engine, err);
		if (control->admin == NULL)
			return -EIO;
	}
	result = pthread_create(&control->thread, NULL, run, control);
	if (result != 0)
		jg_error_set(err, "the control thread does not start: %s", strerror(result));
	control->running = result == 0;
	return -result;
}

// SQLite holds both files open; it makes no other once it has them.
static int give_store(const char *path, uid_t uid, gid_t gid, struct jg_error *err)
{
	char wal[PATH_MAX];
	int result = jg_owner_give(path, uid, gid, err);
	if (result != 0)
		return result;
	(void)snprintf(wal, sizeof(wal), "%s-wal", path);
	return jg_owner_give(wal, uid, gid, err);
}

int jg_control_give(const struct jg_control *control, uid_t uid, gid_t gid, struct jg_error *err)
{
	const char *store = control->engine.first_config->store_sqlite.p;
	int result = store == NULL ? 0 : give_store(store, uid, gid, err);
	if (result == 0 && control->admin != NULL)
		result = jg_admin_give(control->admin, uid, gid, err);
	return result;
}

void jg_control_reload(struct jg_control *control)
{
	atomic_fetch_or(&control->wishes, RELOADING);
	wake(control);
}

void jg_control_drain(struct jg_control *control, bool drain)
{
	atomic_store(&control->engine.draining, drain);
	wake(control);
}

bool jg_control_ready(const struct jg_control *control)
{
	return atomic_load(&control->engine.ready) && !atomic_load(&control->engine.draining);
}

void jg_control_stop(struct jg_control *control)
{
	if (control == NULL || !control->running)
		return;
	atomic_fetch_or(&control->wishes, STOPPING);
	wake(control);
	(void)pthread_join(control->thread, NULL);
	control->running = false;
	jg_admin_close(control->admin);
	control->admin = NULL;
	jg_capture_stop(control->engine.capture, NULL);
	control->engine.capture = NULL;
}

void jg_control_free(struct jg_control *control)
{
	if (control == NULL)
		return;
	jg_control_stop(control);
	jg_admin_close(control->admin);
	jg_watch_free(control->engine.watch);
	jg_publisher_free(control->engine.publisher);
	jg_state_free(control->engine.state);
	if (control->engine.store != NULL)
		control->engine.store->ops->free(control->engine.store);
	if (control->engine.config != control->engine.first_config)
		jg_config_free(control->engine.config);
	jg_config_free(control->engine.first_config);
	if (control->wake_fd >= 0)
		(void)close(control->wake_fd);
	(void)pthread_cond_destroy(&control->answered);
	(void)pthread_mutex_destroy(&control->lock);
	free(control);
}

void jg_control_figures(struct jg_control *control, struct jg_figures *figures)
{
	jg_watch_want(control->engine.watch);
	wake(control);
	jg_watch_read(control->engine.watch, figures);
}

unsigned jg_control_heartbeats(
	const struct jg_control *control, struct jg_heartbeat *heartbeats, unsigned n)
{
	unsigned got = 0;
	for (; got < n && got < control->engine.members_n; got++) {
		const struct jg_counters *counters = control->members[got].counters;
		heartbeats[got].name = control->members[got].name;
		heartbeats[got].turns = counters == NULL
			? UINT64_MAX
			: jg_count_read(&counters->value[JG_COUNTER_HEARTBEAT]);
	}
	return got;
}

char *jg_control_ask(struct jg_control *control, const char *who, const char *request, size_t len)
{
	struct jg_asked asked = {.ask = {.engine = &control->engine, .who = who, .fd = -1}};
	asked.ask.request = json_loadb(request, len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
	if (!json_is_object(asked.ask.request) || !control->running) {
		json_decref(asked.ask.request);
		return NULL;
	}
	(void)pthread_mutex_lock(&control->lock);
	struct jg_asked **end = &control->asked;
	while (*end != NULL)
		end = &(*end)->next;
	*end = &asked;
	wake(control);
	while (!asked.done)
		(void)pthread_cond_wait(&control->answered, &control->lock);
	end = &control->asked;
	while (*end != &asked)
		end = &(*end)->next;
	*end = asked.next;
	(void)pthread_mutex_unlock(&control->lock);
	char *reply = jg_text_of(asked.ask.reply);
	jg_ask_fini(&asked.ask);
	return reply;
}

void jg_control_reply_free(char *reply)
{
	jg_text_free(reply);
}
