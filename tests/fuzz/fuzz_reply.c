// SPDX-License-Identifier: BSD-3-Clause
// A reply as a client reads it, from whoever sent it.
#include <joingate/wire.h>

#include <stdlib.h>

static uint64_t sum;

// Reads every byte, so that one outside the datagram is seen.
static void touch(struct jg_str s)
{
	for (uint32_t i = 0; i < s.len; i++)
		sum += (uint8_t)s.p[i];
}

static void touch_verdict(const struct jg_verdict *verdict)
{
	const struct jg_str strings[] = {verdict->identity, verdict->room, verdict->app,
		verdict->role, verdict->kind, verdict->name, verdict->key, verdict->layout_classes,
		verdict->attributes, verdict->metadata, verdict->subject};
	for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++)
		touch(strings[i]);
	for (uint32_t i = 0; i < verdict->capability_expires_n; i++)
		sum += verdict->capability_expires[i].capabilities;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct jg_wire_reply reply;
	if (jg_wire_reply_parse(data, size, &reply) != JG_WIRE_FATE_OK)
		return 0;
	touch_verdict(&reply.verdict);
	touch(reply.token);
	const bool admitted =
		reply.echo.type != JG_WIRE_PING && reply.verdict.reason == JG_REASON_OK;
	if (!admitted && reply.verdict.capabilities != 0)
		abort();
	if (reply.echo.len != size || size > JG_WIRE_DATAGRAM_MAX)
		abort();
	return 0;
}
