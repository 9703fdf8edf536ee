// SPDX-License-Identifier: BSD-3-Clause
// The control plane: from a revocation to every verdict obeying it, and what a storm of cut-offs costs
// a worker that verifies meanwhile. A real store (in TMPDIR), a real verifier, a ring of our own.
#include "bench.h"
#include "control.h"
#include "internal/gate_state.h"

#include <joingate/mint.h>
#include <joingate/snapshot.h>

#include <jansson.h>

#include <dirent.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define SLOTS 64u
#define TOKENS 64
#define CUT 16 // of them: their users are cut off one after another during the storm
#define NOW INT64_C(1800000000)
#define LATENCIES 300
#define CLIENTS 2
#define LIST 5000 // users of one change
#define LISTS 240 // 1 200 000 cut-offs: 120 000 a second are offered
#define STORM_S 10
#define QUIET_S 5 // before the storm, and after it

struct jg_channel {
	struct jg_message ring[SLOTS];
	_Atomic unsigned head;
	_Atomic unsigned tail;
	_Atomic uint64_t acknowledged;
};

bool jg_channel_send(struct jg_channel *c, const struct jg_message *message)
{
	unsigned head = atomic_load_explicit(&c->head, memory_order_relaxed);
	if (head - atomic_load_explicit(&c->tail, memory_order_acquire) == SLOTS)
		return false;
	c->ring[head % SLOTS] = *message;
	atomic_store_explicit(&c->head, head + 1, memory_order_release);
	return true;
}

unsigned jg_channel_receive(struct jg_channel *c, struct jg_message *messages, unsigned n)
{
	unsigned tail = atomic_load_explicit(&c->tail, memory_order_relaxed);
	unsigned got = 0;
	while (got < n && tail != atomic_load_explicit(&c->head, memory_order_acquire))
		messages[got++] = c->ring[tail++ % SLOTS];
	atomic_store_explicit(&c->tail, tail, memory_order_release);
	return got;
}

void jg_channel_acknowledge(struct jg_channel *c, uint64_t epoch)
{
	atomic_store_explicit(&c->acknowledged, epoch, memory_order_release);
}

uint64_t jg_channel_acknowledged(const struct jg_channel *c)
{
	return atomic_load_explicit(
		&((struct jg_channel *)(uintptr_t)c)->acknowledged, memory_order_acquire);
}

static struct jg_channel channel;
static atomic_bool stopping;
static atomic_uint phase; // 0: nothing is changed, 1: a storm; the worker keeps both apart
enum expectation {
	ADMITTED,
	UNKNOWN,
	REVOKED
};
static atomic_uint expected[TOKENS]; // ADMITTED -> UNKNOWN (asked for) -> REVOKED (in force)
static double busy_ns[2];
static uint64_t judged[2];
static uint64_t wrong;

static char token_text[TOKENS][1024];
static struct jg_request requests[TOKENS];

// The first CUT are "cut-0"..., the others "kept-...": nobody revokes those.
static void mint(const struct jg_snapshot *snapshot)
{
	static char identity[TOKENS][16];
	struct jg_mint wanted[TOKENS];
	struct jg_minted minted[TOKENS];
	struct jg_error err;
	struct jg_minter *minter = jg_minter_new(NULL, &err);
	for (unsigned i = 0; i < TOKENS; i++) {
		int n = snprintf(
			identity[i], sizeof(identity[i]), i < CUT ? "cut-%u" : "kept-%u", i);
		wanted[i] = (struct jg_mint){.app = {"APIbench", 8},
			.identity = {identity[i], (uint32_t)n},
			.room = {"hall", 4},
			.capabilities = JG_CAPABILITY(JOIN) | JG_CAPABILITY(SUBSCRIBE),
			.issued_at = NOW - 10,
			.not_before = NOW - 10,
			.expires_at = NOW + 3600,
			.vendor = JG_VENDOR_LIVEKIT};
		minted[i] =
			(struct jg_minted){.token = token_text[i], .size = sizeof(token_text[i])};
	}
	jg_mint_burst(minter, snapshot, NOW, wanted, minted, TOKENS);
	for (unsigned i = 0; i < TOKENS; i++)
		requests[i] = (struct jg_request){.token = {token_text[i], minted[i].len},
			.vendor = JG_VENDOR_LIVEKIT,
			.type = JG_REQUEST_JOIN};
	jg_minter_free(minter);
}

static unsigned next_snapshot(const struct jg_snapshot **snapshot)
{
	struct jg_message m;
	while (jg_channel_receive(&channel, &m, 1) == 1) {
		if (m.kind == JG_MESSAGE_SNAPSHOT) {
			const struct jg_gate_state *state = m.payload;
			if (*snapshot == NULL)
				mint(state->snapshot);
			*snapshot = state->snapshot;
		}
		jg_channel_acknowledge(&channel, m.epoch);
	}
	return atomic_load_explicit(&phase, memory_order_relaxed);
}

static void *work(void *arg)
{
	struct jg_verifier *verifier = arg;
	const struct jg_snapshot *snapshot = NULL;
	struct jg_verdict verdicts[TOKENS];
	unsigned before[TOKENS];
	while (!atomic_load_explicit(&stopping, memory_order_relaxed)) {
		unsigned now = next_snapshot(&snapshot);
		if (snapshot == NULL)
			continue;
		double start = bench_cpu_ns();
		for (unsigned k = 0; k < 32; k++) {
			for (unsigned i = 0; i < TOKENS; i++)
				before[i] = atomic_load(&expected[i]);
			jg_verify_burst(verifier, snapshot, NOW, requests, verdicts, TOKENS);
			for (unsigned i = 0; i < TOKENS; i++) {
				unsigned reason =
					before[i] == REVOKED ? JG_REASON_REVOKED : JG_REASON_OK;
				// What was asked for meanwhile may be seen already or not yet.
				wrong += verdicts[i].reason != reason &&
					atomic_load(&expected[i]) == before[i] &&
					before[i] != UNKNOWN;
			}
		}
		busy_ns[now] += bench_cpu_ns() - start;
		judged[now] += 32 * TOKENS;
	}
	return NULL;
}

static json_t *ask(struct jg_control *control, const char *request)
{
	char *text = jg_control_ask(control, "bench", request, strlen(request));
	json_t *reply = text == NULL ? NULL : json_loads(text, 0, NULL);
	jg_control_reply_free(text);
	if (!json_is_true(json_object_get(reply, "ok"))) {
		fprintf(stderr, "bench_control: %s\n",
			reply == NULL ? "no reply"
				      : json_string_value(json_object_get(reply, "error")));
		exit(1);
	}
	return reply;
}

static void latencies(struct jg_control *control)
{
	static struct bench_samples took, durable;
	char request[256];
	for (unsigned i = 0; i < LATENCIES; i++) {
		snprintf(request, sizeof(request),
			"{\"command\":\"revoke\",\"scope\":\"user\",\"app\":\"APIbench\",\"user\":"
			"\"single-%u\"}",
			i);
		json_t *reply = ask(control, request);
		bench_add(&took, json_real_value(json_object_get(reply, "took_ms")));
		bench_add(&durable, json_real_value(json_object_get(reply, "durable_ms")));
		json_decref(reply);
	}
	qsort(took.value, took.n, sizeof(double), bench_order);
	qsort(durable.value, durable.n, sizeof(double), bench_order);
	printf("{\"bench\": \"control\", \"what\": \"revoke to in force\", \"store\": \"sqlite\", "
	       "\"n\": %u, \"median_ms\": %.3f, \"p99_ms\": %.3f, \"durable_median_ms\": %.3f, "
	       "\"durable_p99_ms\": %.3f}\n",
		took.n, took.value[took.n / 2], took.value[took.n * 99 / 100],
		durable.value[took.n / 2], durable.value[took.n * 99 / 100]);
}

// One that sends every CLIENTS-th list, when it is due or as soon as the one before is answered.
struct client {
	struct jg_control *control;
	unsigned number;
	double begin_ns;
	pthread_t thread;
	struct bench_samples took; // milliseconds
};

static char *lists[LISTS];

// Users in no order, as they come from a directory; in some lists one whose token is judged.
static void write_lists(void)
{
	const size_t room = (size_t)LIST * 24 + 256;
	for (unsigned k = 0; k < LISTS; k++) {
		lists[k] = malloc(room);
		if (lists[k] == NULL)
			exit(1);
		size_t n = (size_t)snprintf(lists[k], room,
			"{\"command\":\"revoke\",\"scope\":\"user\",\"app\":\"APIbench\","
			"\"before\":"
			"%" PRId64 ",\"users\":[",
			NOW);
		for (unsigned i = 0; i < LIST; i++)
			n += (size_t)snprintf(lists[k] + n, room - n, "%s\"%08x-%u\"",
				i == 0 ? "" : ",", (k * LIST + i) * 2654435761u, k);
		if (k % (LISTS / CUT) == 0 && k / (LISTS / CUT) < CUT)
			n += (size_t)snprintf(
				lists[k] + n, room - n, ",\"cut-%u\"", k / (LISTS / CUT));
		snprintf(lists[k] + n, room - n, "]}");
	}
}

static void *send_lists(void *arg)
{
	struct client *client = arg;
	for (unsigned k = client->number; k < LISTS; k += CLIENTS) {
		double due = client->begin_ns + (double)k * STORM_S * 1e9 / LISTS;
		double early = due - bench_now_ns();
		const struct timespec rest = {.tv_nsec = early > 0 ? (long)early : 0};
		(void)nanosleep(&rest, NULL);
		unsigned cut = k / (LISTS / CUT);
		bool judged_one = k % (LISTS / CUT) == 0 && cut < CUT;
		if (judged_one)
			atomic_store(&expected[cut], UNKNOWN);
		json_t *reply = ask(client->control, lists[k]);
		bench_add(&client->took, json_real_value(json_object_get(reply, "took_ms")));
		json_decref(reply);
		if (judged_one)
			atomic_store(&expected[cut], REVOKED);
	}
	return NULL;
}

// What the control thread has run so far; the kernel knows it by its name.
static double control_cpu_ns(void)
{
	double ns = 0;
	DIR *tasks = opendir("/proc/self/task");
	for (struct dirent *task; tasks != NULL && (task = readdir(tasks)) != NULL;) {
		char path[320];
		char name[32] = "";
		unsigned long long ran = 0;
		snprintf(path, sizeof(path), "/proc/self/task/%s/comm", task->d_name);
		FILE *f = fopen(path, "r");
		if (f != NULL && fscanf(f, "%31s", name) != 1)
			name[0] = '\0';
		if (f != NULL)
			fclose(f);
		snprintf(path, sizeof(path), "/proc/self/task/%s/schedstat", task->d_name);
		f = strcmp(name, "jg-control") == 0 ? fopen(path, "r") : NULL;
		if (f != NULL && fscanf(f, "%llu", &ran) == 1)
			ns += (double)ran;
		if (f != NULL)
			fclose(f);
	}
	if (tasks != NULL)
		closedir(tasks);
	return ns;
}

static void storm(struct jg_control *control)
{
	const struct timespec quiet = {.tv_sec = QUIET_S};
	static struct client clients[CLIENTS];
	static struct bench_samples took;
	write_lists();
	(void)nanosleep(&quiet, NULL);
	double cpu = control_cpu_ns();
	double start = bench_now_ns();
	atomic_store(&phase, 1);
	for (unsigned i = 0; i < CLIENTS; i++) {
		clients[i] = (struct client){.control = control, .number = i, .begin_ns = start};
		if (pthread_create(&clients[i].thread, NULL, send_lists, &clients[i]) != 0)
			exit(1);
	}
	for (unsigned i = 0; i < CLIENTS; i++)
		(void)pthread_join(clients[i].thread, NULL);
	double ns = bench_now_ns() - start;
	atomic_store(&phase, 0);
	cpu = control_cpu_ns() - cpu;
	(void)nanosleep(&quiet, NULL);
	for (unsigned k = 0; k < LISTS; k++)
		free(lists[k]);
	for (unsigned i = 0; i < CLIENTS; i++)
		for (unsigned k = 0; k < clients[i].took.n; k++)
			bench_add(&took, clients[i].took.value[k]);
	double stood = busy_ns[0] / (double)judged[0];
	double stormy = busy_ns[1] / (double)judged[1];
	printf("{\"bench\": \"control\", \"what\": \"cut-off storm\", \"cut_offs\": %u, "
	       "\"offered_per_second\": "
	       "%u, \"per_second\": %.0f, \"control_us_per_cut_off\": %.2f, \"median_ms\": %.1f, "
	       "\"p99_ms\": %.1f, \"quiet_ns\": %.1f, "
	       "\"storm_ns\": %.1f, \"throughput_share\": %.3f, \"judged\": %" PRIu64
	       ", \"wrong\": %" PRIu64 "}\n",
		LISTS * LIST, LISTS * LIST / STORM_S, LISTS * LIST / (ns / 1e9),
		cpu / 1e3 / (LISTS * LIST), bench_quantile(&took, 0.5), bench_quantile(&took, 0.99),
		stood, stormy, stood / stormy, judged[0] + judged[1], wrong);
}

static struct jg_control *start(const char *folder, struct jg_error *err)
{
	char text[1024];
	struct jg_problems problems = {0};
	int n = snprintf(text, sizeof(text),
		"{\"apps\":[{\"vendor\":\"livekit\",\"key\":\"APIbench\",\"secrets\":[{\"id\":"
		"\"a\","
		"\"secret\":\"not-a-secret-not-a-secret-not-a-secret\"}]}],\"store\":{\"sqlite\":"
		"\"%s/gate.db\"}}",
		folder);
	struct jg_config *config =
		jg_config_parse((struct jg_str){text, (uint32_t)n}, "", JG_CONFIG_ALL, &problems);
	jg_problems_print(&problems, "bench", stderr);
	jg_problems_free(&problems);
	const struct jg_control_options options = {.config = config, .no_socket = true};
	const struct jg_control_member member = {.name = "worker 0", .channel = &channel};
	struct jg_control *control = config == NULL ? NULL : jg_control_new(&options, err);
	if (control == NULL || jg_control_add(control, &member, err) != 0 ||
		jg_control_start(control, err) != 0) {
		fprintf(stderr, "bench_control: %s\n", err->text);
		exit(1);
	}
	return control;
}

int main(void)
{
	struct jg_error err = {""};
	pthread_t thread;
	char folder[] = "/tmp/joingate-bench-XXXXXX";
	char path[64];
	struct jg_verifier *verifier = jg_verifier_new(NULL, &err);
	if (verifier == NULL || mkdtemp(folder) == NULL)
		return 1;
	struct jg_control *control = start(folder, &err);
	if (pthread_create(&thread, NULL, work, verifier) != 0)
		return 1;
	latencies(control);
	storm(control);
	jg_control_stop(control);
	atomic_store(&stopping, true);
	(void)pthread_join(thread, NULL);
	jg_control_free(control);
	jg_verifier_free(verifier);
	static const char *const files[] = {"gate.db", "gate.db-wal"};
	for (unsigned i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, files[i]);
		(void)unlink(path);
	}
	(void)rmdir(folder);
	return wrong != 0;
}
