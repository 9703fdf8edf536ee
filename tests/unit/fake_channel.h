// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** Channels without EAL: the same calls as dataplane/rings/channel.c over plain arrays, and the
 * worker's side of them for tests. One thread. */

#include "internal/channel.h"

#include <stdlib.h>

#define FAKE_SLOTS 8

struct jg_channel {
	struct jg_message ring[FAKE_SLOTS];
	unsigned slots; // how many of them there are
	unsigned head;
	unsigned tail;
	uint64_t acknowledged;
	bool automatic; // a worker that applies and acknowledges at once
	bool stuck; // an automatic one that does not
	const void *snapshot; // what the automatic one uses
};

bool jg_channel_send(struct jg_channel *channel, const struct jg_message *message)
{
	if (channel->automatic && !channel->stuck) {
		if (message->kind == JG_MESSAGE_SNAPSHOT)
			channel->snapshot = message->payload;
		channel->acknowledged = message->epoch;
		return true;
	}
	if (channel->head - channel->tail == channel->slots)
		return false;
	channel->ring[channel->head++ % FAKE_SLOTS] = *message;
	return true;
}

unsigned jg_channel_receive(struct jg_channel *channel, struct jg_message *messages, unsigned n)
{
	unsigned got = 0;
	while (got < n && channel->tail != channel->head)
		messages[got++] = channel->ring[channel->tail++ % FAKE_SLOTS];
	return got;
}

void jg_channel_acknowledge(struct jg_channel *channel, uint64_t epoch)
{
	channel->acknowledged = epoch;
}

uint64_t jg_channel_acknowledged(const struct jg_channel *channel)
{
	return channel->acknowledged;
}
