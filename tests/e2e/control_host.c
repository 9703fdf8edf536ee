// SPDX-License-Identifier: BSD-3-Clause
// A gate's control plane with workers that apply and acknowledge, and no packets: what the kill test
// and the fleet tests run. Usage: control_host FILE; SIGHUP reloads, SIGTERM ends.
#include "control.h"
#include "internal/channel.h"
#include "locked.h"
#include "store.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define WORKERS 2
#define SLOTS 64u
#define POLL_NS 100000L // a worker's nap

// As dataplane/rings/channel.c without EAL: one thread on each side.
struct jg_channel {
	struct jg_message ring[SLOTS];
	atomic_uint head; // control: writes
	atomic_uint tail; // worker: writes
	_Atomic uint64_t acknowledged;
};

static struct jg_channel channels[WORKERS];
static atomic_bool ending;

bool jg_channel_send(struct jg_channel *channel, const struct jg_message *message)
{
	unsigned head = atomic_load(&channel->head);
	if (head - atomic_load(&channel->tail) == SLOTS)
		return false;
	channel->ring[head % SLOTS] = *message;
	atomic_store(&channel->head, head + 1);
	return true;
}

unsigned jg_channel_receive(struct jg_channel *channel, struct jg_message *messages, unsigned n)
{
	unsigned tail = atomic_load(&channel->tail);
	unsigned got = 0;
	while (got < n && tail != atomic_load(&channel->head))
		messages[got++] = channel->ring[tail++ % SLOTS];
	atomic_store(&channel->tail, tail);
	return got;
}

void jg_channel_acknowledge(struct jg_channel *channel, uint64_t epoch)
{
	atomic_store(&channel->acknowledged, epoch);
}

uint64_t jg_channel_acknowledged(const struct jg_channel *channel)
{
	return atomic_load(&channel->acknowledged);
}

static void *work(void *arg)
{
	(void)arg;
	while (!atomic_load(&ending)) {
		const struct timespec nap = {.tv_nsec = POLL_NS};
		struct jg_message message;
		for (unsigned i = 0; i < WORKERS; i++)
			while (jg_channel_receive(&channels[i], &message, 1) == 1)
				jg_channel_acknowledge(&channels[i], message.epoch);
		(void)nanosleep(&nap, NULL);
	}
	return NULL;
}

static int serve(struct jg_control *control)
{
	static const char *const names[WORKERS] = {"worker 0", "worker 1"};
	pthread_t workers;
	struct jg_error err;
	for (unsigned i = 0; i < WORKERS; i++) {
		const struct jg_control_member member = {.name = names[i], .channel = &channels[i]};
		if (jg_control_add(control, &member, &err) != 0)
			return EXIT_FAILURE;
	}
	if (pthread_create(&workers, NULL, work, NULL) != 0)
		return EXIT_FAILURE;
	if (jg_control_start(control, &err) != 0) {
		fprintf(stderr, "control_host: %s\n", err.text);
		return EXIT_FAILURE;
	}
	sigset_t wanted;
	(void)sigemptyset(&wanted);
	(void)sigaddset(&wanted, SIGHUP);
	(void)sigaddset(&wanted, SIGTERM);
	int got;
	while (sigwait(&wanted, &got) == 0 && got == SIGHUP)
		jg_control_reload(control);
	jg_control_stop(control);
	atomic_store(&ending, true);
	(void)pthread_join(workers, NULL);
	return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	struct jg_error err;
	sigset_t blocked;
	if (argc != 2)
		return 2;
	(void)sigfillset(&blocked);
	(void)pthread_sigmask(SIG_BLOCK, &blocked, NULL);
	jg_process_harden();
	jg_locked_adopt_json();
	if (jg_store_sqlite_lock_memory(&err) != 0)
		return EXIT_FAILURE;
	struct jg_problems problems = {0};
	struct jg_config *config = jg_config_load(argv[1], JG_CONFIG_ALL, &problems);
	jg_problems_print(&problems, argv[1], stderr);
	jg_problems_free(&problems);
	if (config == NULL)
		return EXIT_FAILURE;
	const struct jg_control_options options = {
		.config_path = argv[1], .config = config, .version = "control_host"};
	struct jg_control *control = jg_control_new(&options, &err);
	if (control == NULL) {
		fprintf(stderr, "control_host: %s\n", err.text);
		return EXIT_FAILURE;
	}
	int status = serve(control);
	jg_control_free(control);
	return status;
}
