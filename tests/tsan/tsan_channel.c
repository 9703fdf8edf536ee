// SPDX-License-Identifier: BSD-3-Clause
// Two threads over one channel under ThreadSanitizer: payloads are written before they are sent, read
// by the worker, and reused by control only after a later epoch was acknowledged.
#include "internal/channel.h"

#include <rte_eal.h>

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

#define EPOCHS 20000
#define PAYLOADS 8

struct payload {
	uint64_t epoch;
	uint64_t check;
};

static struct payload payloads[PAYLOADS];
static struct jg_channel *channel;
static unsigned wrong;

static void *worker(void *unused)
{
	uint64_t epoch = 0;

	while (epoch < EPOCHS) {
		struct jg_message messages[4];
		unsigned n = jg_channel_receive(channel, messages, 4);

		for (unsigned i = 0; i < n; i++) {
			const struct payload *p = messages[i].payload;

			wrong += p->epoch != messages[i].epoch || p->check != ~p->epoch;
			wrong += messages[i].epoch != epoch + 1;
			epoch = messages[i].epoch;
		}
		if (n > 0)
			jg_channel_acknowledge(channel, epoch);
		else
			sched_yield();
	}
	return unused;
}

static void send_all(void)
{
	for (uint64_t epoch = 1; epoch <= EPOCHS; epoch++) {
		struct payload *p = &payloads[epoch % PAYLOADS];

		// Its previous use was PAYLOADS epochs ago: free once a later epoch is acknowledged.
		while (epoch > PAYLOADS && jg_channel_acknowledged(channel) <= epoch - PAYLOADS)
			sched_yield();
		*p = (struct payload){.epoch = epoch, .check = ~epoch};
		struct jg_message m = {.epoch = epoch, .payload = p, .kind = JG_MESSAGE_SNAPSHOT};
		while (!jg_channel_send(channel, &m))
			sched_yield();
	}
}

int main(void)
{
	char *words[] = {"tsan_channel", "--no-huge", "--no-shconf", "--no-pci", "--no-telemetry",
		"--iova-mode=va", "-m", "64", "--lcores=0", "--file-prefix=jgtsan-channel"};
	struct jg_error err;
	pthread_t thread;

	if (rte_eal_init(sizeof(words) / sizeof(words[0]), words) < 0)
		return 77;
	channel = jg_channel_new("tsan", 16, 0, &err);
	if (channel == NULL || pthread_create(&thread, NULL, worker, NULL) != 0) {
		fprintf(stderr, "tsan_channel: %s\n", channel == NULL ? err.text : "no thread");
		return 1;
	}
	send_all();
	pthread_join(thread, NULL);
	jg_channel_free(channel);
	printf("%d epochs, %u wrong\n", EPOCHS, wrong);
	return wrong == 0 ? 0 : 1;
}
