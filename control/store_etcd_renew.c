// SPDX-License-Identifier: BSD-3-Clause
// The thread that keeps our membership: it renews the lease, announces the revision in force, and
// notices when somebody removed the member, runs under its name, or brought an older etcd back.
#include "locked.h"
#include "log.h"
#include "store_etcd.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define RETRY_MS 300

int64_t jg_boottime(void)
{
	struct timespec now;
	(void)clock_gettime(CLOCK_BOOTTIME, &now);
	return now.tv_sec;
}

struct timespec jg_etcd_deadline(int64_t ms)
{
	struct timespec until;
	(void)clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += ms / 1000;
	until.tv_nsec += ms % 1000 * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	return until;
}

// Say it once: the lock is held.
static void note(char place[256], const char *text)
{
	if (strncmp(place, text, 255) != 0) {
		snprintf(place, 256, "%.255s", text);
		jg_log(JG_LOG_WARNING, "store", "%s", place);
	}
}

void jg_etcd_trouble(struct jg_etcd_store *s, const char *text)
{
	(void)pthread_mutex_lock(&s->lock);
	if (text != NULL)
		note(s->trouble, text);
	else
		s->trouble[0] = '\0';
	(void)pthread_mutex_unlock(&s->lock);
}

void jg_etcd_alarm(struct jg_etcd_store *s, const char *text)
{
	(void)pthread_mutex_lock(&s->lock);
	note(s->alarm, text);
	(void)pthread_mutex_unlock(&s->lock);
}

void jg_etcd_rewound(struct jg_etcd_store *s, int64_t revision)
{
	char text[256];
	(void)pthread_mutex_lock(&s->lock);
	snprintf(text, sizeof(text),
		"etcd has gone back (to revision %" PRId64 ", this gate knew %" PRId64
		"): was an older backup restored? What is newer here stays in force and is given "
		"back to etcd",
		revision, s->from > s->after ? s->from : s->after);
	s->history++;
	s->from = 0;
	s->after = 0;
	s->merge = true;
	s->in_force = 0;
	s->own_mod = 0;
	s->last_mod = 0;
	note(s->alarm, text);
	(void)pthread_cond_broadcast(&s->delivered);
	(void)pthread_mutex_unlock(&s->lock);
}

// Somebody else runs under our name (a copied memory, a cloned machine): take another.
static void rename_node(struct jg_etcd_store *s)
{
	char old[JG_NODE_MAX];
	jg_etcd_node(s, old);
	jg_etcd_name(s);
	(void)pthread_mutex_lock(&s->lock);
	s->own_mod = 0;
	s->last_mod = 0;
	jg_log(JG_LOG_WARNING, "store",
		"another gate runs as node %s: was its store file copied? This one goes on as %s",
		old, s->node);
	(void)pthread_mutex_unlock(&s->lock);
}

// Taken out of the fleet while we live: others may have counted without us since.
static void was_forgotten(struct jg_etcd_store *s)
{
	(void)pthread_mutex_lock(&s->lock);
	jg_log(JG_LOG_WARNING, "store",
		"node %s was forgotten by an operator, but is alive: it joins the fleet again",
		s->node);
	s->own_mod = 0;
	s->last_mod = 0;
	jg_fence_lapse(&s->fence);
	(void)pthread_mutex_unlock(&s->lock);
}

static int64_t grant(struct jg_etcd_store *s)
{
	struct jg_error err;
	json_t *reply = jg_etcd_call(s->renewer, "lease/grant",
		json_pack("{s:o}", "TTL", jg_etcd_string(s->config->store_etcd_lease)), NULL, &err);
	int64_t id = jg_etcd_number(json_object_get(reply, "ID"));
	if (reply != NULL && id == 0)
		jg_error_set(&err, "etcd answers nonsense: a lease without a number");
	json_decref(reply);
	if (id == 0)
		jg_etcd_trouble(s, err.text);
	return id;
}

static bool keep_alive(struct jg_etcd_store *s, int64_t lease)
{
	struct jg_error err;
	json_t *reply = jg_etcd_call(s->renewer, "lease/keepalive",
		json_pack("{s:o}", "ID", jg_etcd_string(lease)), NULL, &err);
	bool ok = jg_etcd_number(json_object_get(json_object_get(reply, "result"), "TTL")) > 0;
	json_decref(reply);
	return ok;
}

static json_t *own_key(struct jg_etcd_store *s, char kind)
{
	char tail[JG_NODE_MAX + 8];
	char node[JG_NODE_MAX];
	jg_etcd_node(s, node);
	snprintf(tail, sizeof(tail), "%c/%s", kind, node);
	return jg_etcd_key(s, tail);
}

// What this process has to say; the announcement is taken.
static void say(struct jg_etcd_store *s, char value[200])
{
	(void)pthread_mutex_lock(&s->lock);
	snprintf(value, 200,
		"{\"revision\":%" PRId64 ",\"max_staleness\":%" PRId64 ",\"lease\":%" PRId64
		",\"instance\":\"%s\"}",
		s->in_force, s->config->store_max_staleness, s->config->store_etcd_lease,
		s->instance);
	s->announce = false;
	(void)pthread_mutex_unlock(&s->lock);
}

// One transaction: if our membership is as we left it, write it and the lease's key, else look at it.
static json_t *membership(struct jg_etcd_store *s, int64_t lease, int64_t mod, struct jg_error *err)
{
	char value[200];
	say(s, value);
	json_t *compare = json_pack("{s:o, s:s, s:s, s:o}", "key", own_key(s, 'n'), "target", "MOD",
		"result", "EQUAL", "mod_revision", jg_etcd_string(mod));
	json_t *member = json_pack("{s:{s:o, s:o}}", "request_put", "key", own_key(s, 'n'), "value",
		jg_etcd_bytes(value));
	json_t *leased = json_pack("{s:{s:o, s:o, s:o}}", "request_put", "key", own_key(s, 'l'),
		"value", jg_etcd_bytes(value), "lease", jg_etcd_string(lease));
	json_t *look = json_pack("{s:{s:o}}", "request_range", "key", own_key(s, 'n'));
	// Repeated where no reply came: if the first one had its effect, the second sees that.
	return jg_etcd_call(s->renewer, "kv/txn",
		json_pack("{s:[o], s:[o, o], s:[o]}", "compare", compare, "success", member, leased,
			"failure", look),
		NULL, err);
}

// What stands there instead of what we wrote: its revision and whose it is; false: nothing.
static bool found(const json_t *reply, int64_t *mod, char instance[17])
{
	const json_t *first = json_array_get(json_object_get(reply, "responses"), 0);
	const json_t *range = json_object_get(first, "response_range");
	const json_t *kv = json_array_get(json_object_get(range, "kvs"), 0);
	size_t len = 0;
	char *text = jg_unbase64(jg_str_of(json_object_get(kv, "value")), &len);
	json_t *value = text == NULL ? NULL : json_loadb(text, len, 0, NULL);
	const char *whose = json_string_value(json_object_get(value, "instance"));
	*mod = jg_etcd_number(json_object_get(kv, "mod_revision"));
	snprintf(instance, 17, "%.16s", whose != NULL ? whose : "");
	json_decref(value);
	jg_locked_free(text);
	return kv != NULL;
}

// The membership is not as we left it. @return its revision, to go on from; 0 = there is none
static int64_t settle(struct jg_etcd_store *s, const json_t *reply, int64_t own_mod, int64_t known)
{
	int64_t mod;
	char instance[17];
	int64_t revision =
		jg_etcd_number(json_object_get(json_object_get(reply, "header"), "revision"));
	(void)pthread_mutex_lock(&s->lock);
	int64_t last = own_mod != 0 ? own_mod : s->last_mod;
	(void)pthread_mutex_unlock(&s->lock);
	bool there = found(reply, &mod, instance);
	bool ours = there && strcmp(instance, s->instance) == 0;
	if (revision < known || (there && mod < last))
		jg_etcd_rewound(s, revision);
	else if (!there && last != 0)
		was_forgotten(s);
	else if (there && !ours && own_mod != 0) {
		rename_node(s);
		return 0;
	}
	return there ? mod : 0;
}

// The revision that etcd must have reached; it is to be taken before etcd is asked.
static int64_t reached(struct jg_etcd_store *s, int64_t *own_mod)
{
	(void)pthread_mutex_lock(&s->lock);
	int64_t known = s->from > s->after ? s->from : s->after;
	*own_mod = s->own_mod;
	(void)pthread_mutex_unlock(&s->lock);
	return known;
}

// Our membership is written.
static bool is_member(struct jg_etcd_store *s, int64_t revision, int64_t known)
{
	if (revision < known || revision < 1) {
		jg_etcd_rewound(s, revision);
		return false;
	}
	(void)pthread_mutex_lock(&s->lock);
	s->own_mod = revision;
	s->last_mod = revision;
	(void)pthread_cond_broadcast(&s->delivered);
	(void)pthread_mutex_unlock(&s->lock);
	return true;
}

// At the start the process before us has left its membership, which we take over; later only what we
// wrote ourselves counts as ours.
static bool renew(struct jg_etcd_store *s, int64_t lease)
{
	struct jg_error err;
	int64_t own_mod;
	int64_t known = reached(s, &own_mod);
	int64_t mod = own_mod;
	for (int tries = 0; tries < 4; tries++) {
		json_t *reply = membership(s, lease, mod, &err);
		if (reply == NULL) {
			jg_etcd_trouble(s, err.text);
			return false;
		}
		if (json_is_true(json_object_get(reply, "succeeded"))) {
			const json_t *header = json_object_get(reply, "header");
			int64_t revision = jg_etcd_number(json_object_get(header, "revision"));
			json_decref(reply);
			return is_member(s, revision, known);
		}
		mod = settle(s, reply, own_mod, known);
		known = reached(s, &own_mod);
		json_decref(reply);
	}
	jg_etcd_trouble(s, "this gate's membership in etcd changes under its hands");
	return false;
}

int64_t jg_etcd_renew_ms(const struct jg_etcd_store *s)
{
	return s->config->store_etcd_lease * 300;
}

static int64_t interval_ms(const struct jg_etcd_store *s)
{
	int64_t third = s->config->store_max_staleness * 1000 / 3;
	int64_t usual = jg_etcd_renew_ms(s);
	return third > 0 && third < usual ? third : usual;
}

static void wait_renewal(struct jg_etcd_store *s, int64_t ms)
{
	const struct timespec until = jg_etcd_deadline(ms);
	(void)pthread_mutex_lock(&s->lock);
	if (!s->announce && !atomic_load(&s->quit))
		(void)pthread_cond_timedwait(&s->renew_now, &s->lock, &until);
	(void)pthread_mutex_unlock(&s->lock);
}

// The revision of the newest change of the state; negative: not to be learnt now.
static int64_t newest(struct jg_etcd_store *s)
{
	struct jg_error err;
	json_t *reply = jg_etcd_call(s->renewer, "kv/range",
		json_pack("{s:o}", "key", jg_etcd_key(s, "s/h")), NULL, &err);
	if (reply == NULL)
		return -1;
	const json_t *kv = json_array_get(json_object_get(reply, "kvs"), 0);
	int64_t revision = jg_etcd_number(json_object_get(kv, "mod_revision"));
	json_decref(reply);
	return revision;
}

// A node that was fenced may have been counted as done: it admits again only with what it missed.
static void count_renewal(struct jg_etcd_store *s, int64_t start)
{
	(void)pthread_mutex_lock(&s->lock);
	s->contact = start;
	bool asks = jg_fence_asks(&s->fence, start, jg_boottime());
	(void)pthread_mutex_unlock(&s->lock);
	int64_t required = asks ? newest(s) : 0;
	(void)pthread_mutex_lock(&s->lock);
	if (asks)
		jg_fence_require(&s->fence, required);
	// The fleet knows our max_staleness now; until this moment the one it knew before was ours.
	s->fence.most = s->config->store_max_staleness;
	s->announced_staleness = s->fence.most;
	if (jg_fence_renew(&s->fence, start, s->in_force))
		s->renewed = start;
	(void)pthread_mutex_unlock(&s->lock);
}

void *jg_etcd_renew(void *arg)
{
	struct jg_etcd_store *s = arg;
	int64_t lease = 0;
	int64_t kept = 0; // when the lease was last kept alive
	const int64_t often_s = jg_etcd_renew_ms(s) / 1000;
	while (!atomic_load(&s->quit)) {
		int64_t start = jg_boottime();
		if (lease == 0)
			lease = grant(s);
		else if (start - kept >= often_s && !keep_alive(s, lease))
			lease = grant(s);
		kept = start - kept >= often_s ? start : kept;
		bool renewed = lease != 0 && renew(s, lease);
		if (renewed)
			count_renewal(s, start);
		else
			lease = 0;
		wait_renewal(s, renewed ? interval_ms(s) : RETRY_MS);
	}
	return NULL;
}
