// SPDX-License-Identifier: BSD-3-Clause
// Snapshots replaced under two verifying workers: each is read only between its message and the
// acknowledgement of a later one, then wiped and freed by control. Odd epochs hold the secret that
// the token was signed with, even ones another: a verdict must fit the epoch that it names.
#include "publish.h"

#include <joingate/mint.h>
#include <joingate/snapshot.h>
#include <joingate/verify.h>

#include <rte_eal.h>

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#define NOW INT64_C(1800000000)
#define EPOCHS 2000
#define WORKERS 2

struct worker {
	struct jg_channel *channel;
	struct jg_verifier *verifier;
	pthread_t thread;
	unsigned wrong;
	unsigned judged;
};

static char token[2048];
static size_t token_len;

static struct jg_snapshot *build(uint64_t epoch, struct jg_error *err)
{
	const struct jg_secret secret = {.id = JG_STR("a"),
		.secret = epoch % 2 == 1 ? JG_STR("odd-not-a-secret-odd-not-a-secret")
					 : JG_STR("even-not-a-secret-even-not-a-secret"),
		.not_before = JG_TIME_NONE,
		.not_after = JG_TIME_NONE};
	const struct jg_app app = {.key = JG_STR("k"),
		.secrets = &secret,
		.secrets_n = 1,
		.vendor = JG_VENDOR_STREAM,
		.policy = jg_policy_default()};
	struct jg_snapshot_builder *builder = jg_snapshot_builder_new();
	if (builder == NULL || jg_snapshot_builder_add(builder, &app, err) != 0) {
		jg_snapshot_builder_free(builder);
		return NULL;
	}
	return jg_snapshot_build(builder, epoch, err);
}

static void mint(const struct jg_snapshot *snapshot)
{
	const struct jg_mint ask = {.app = JG_STR("k"),
		.identity = JG_STR("john"),
		.issued_at = NOW - 10,
		.not_before = JG_TIME_NONE,
		.expires_at = NOW + 3600,
		.vendor = JG_VENDOR_STREAM};
	struct jg_minted minted = {.token = token, .size = sizeof(token)};
	struct jg_minter *minter = jg_minter_new(NULL, NULL);
	jg_mint_burst(minter, snapshot, NOW, &ask, &minted, 1);
	jg_minter_free(minter);
	token_len = minted.len;
}

static void judge(struct worker *w, const struct jg_snapshot *snapshot)
{
	const struct jg_request request = {.token = {token, (uint32_t)token_len},
		.app = JG_STR("k"),
		.vendor = JG_VENDOR_STREAM,
		.type = JG_REQUEST_JOIN};
	struct jg_verdict v;
	jg_verify_burst(w->verifier, snapshot, NOW, &request, &v, 1);
	unsigned expected = v.epoch % 2 == 1 ? JG_REASON_OK : JG_REASON_BAD_SIGNATURE;
	w->wrong += v.reason != expected;
	w->judged++;
}

static void *work(void *arg)
{
	struct worker *w = arg;
	const struct jg_snapshot *snapshot = NULL;
	uint64_t epoch = 0;
	while (epoch < EPOCHS) {
		struct jg_message m;
		if (jg_channel_receive(w->channel, &m, 1) == 1) {
			if (m.kind == JG_MESSAGE_SNAPSHOT)
				snapshot = m.payload;
			epoch = m.epoch;
			jg_channel_acknowledge(w->channel, epoch);
		}
		if (snapshot != NULL)
			judge(w, snapshot);
		else
			(void)sched_yield();
	}
	return NULL;
}

static void free_snapshot(void *snapshot)
{
	jg_snapshot_free(snapshot);
}

// Three of four epochs are snapshots, the others seals; control never waits for the workers but at
// the end.
static bool publish_all(struct jg_publisher *publisher, struct jg_error *err)
{
	for (uint64_t epoch = 2; epoch <= EPOCHS; epoch++) {
		struct jg_snapshot *snapshot = epoch % 4 == 0 ? NULL : build(epoch, err);
		if (epoch % 4 != 0 && snapshot == NULL)
			return false;
		if (jg_publisher_publish(publisher, snapshot, epoch) != epoch)
			return false;
	}
	while (jg_publisher_in_force(publisher) < EPOCHS) {
		jg_publisher_poll(publisher, EPOCHS);
		(void)sched_yield();
	}
	return true;
}

static bool run(struct jg_publisher *publisher, struct worker *workers, struct jg_error *err)
{
	const struct jg_verifier_options portable = {.mac_engine = "ref", .simd = "portable"};
	struct jg_snapshot *first = build(1, err);
	if (first == NULL)
		return false;
	mint(first);
	if (token_len == 0 || jg_publisher_publish(publisher, first, 1) != 1)
		return false;
	for (unsigned i = 0; i < WORKERS; i++) {
		struct worker *w = &workers[i];
		char name[24];
		(void)snprintf(name, sizeof(name), "tsan-%u", i);
		w->channel = jg_channel_new(name, 4, 0, err);
		w->verifier = jg_verifier_new(&portable, err);
		if (w->channel == NULL || w->verifier == NULL ||
			jg_publisher_add(publisher, name, w->channel, err) != 0 ||
			pthread_create(&w->thread, NULL, work, w) != 0)
			return false;
	}
	bool ok = publish_all(publisher, err);
	for (unsigned i = 0; ok && i < WORKERS; i++)
		(void)pthread_join(workers[i].thread, NULL);
	return ok;
}

int main(void)
{
	char *words[] = {"tsan_snapshot", "--no-huge", "--no-shconf", "--no-pci", "--no-telemetry",
		"--iova-mode=va", "-m", "64", "--lcores=0", "--file-prefix=jgtsan-snapshot"};
	struct jg_error err = {.text = "out of memory"};
	static struct worker workers[WORKERS];
	unsigned wrong = 0;

	if (rte_eal_init(sizeof(words) / sizeof(words[0]), words) < 0)
		return 77;
	struct jg_publisher *publisher = jg_publisher_new(free_snapshot, &err);
	if (publisher == NULL || !run(publisher, workers, &err)) {
		(void)fprintf(stderr, "tsan_snapshot: %s\n", err.text);
		return EXIT_FAILURE;
	}
	unsigned retired = jg_publisher_retired(publisher);
	jg_publisher_free(publisher);
	for (unsigned i = 0; i < WORKERS; i++) {
		wrong += workers[i].wrong;
		(void)printf("worker %u: %u verdicts, %u wrong\n", i, workers[i].judged,
			workers[i].wrong);
		jg_channel_free(workers[i].channel);
		jg_verifier_free(workers[i].verifier);
	}
	return wrong == 0 && retired == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
