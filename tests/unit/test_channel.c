// SPDX-License-Identifier: BSD-3-Clause
#include "eal.h"
#include "internal/channel.h"

#include <criterion/criterion.h>

#include <string.h>

static struct jg_channel *channel_of(unsigned slots)
{
	struct jg_error err = {.text = ""};

	cr_assert_geq(test_eal_start("0"), 0);
	struct jg_channel *channel = jg_channel_new("test", slots, 0, &err);
	cr_assert_not_null(channel, "%s", err.text);
	return channel;
}

static struct jg_message message_of(uint64_t epoch)
{
	return (struct jg_message){.epoch = epoch, .kind = JG_MESSAGE_SEAL};
}

Test(channel, messages_come_out_whole_and_in_order)
{
	struct jg_channel *channel = channel_of(8);
	struct jg_message in = {.epoch = 7, .payload = &in, .kind = JG_MESSAGE_SNAPSHOT};
	struct jg_message seal = message_of(8);
	struct jg_message out[4];

	cr_assert(jg_channel_send(channel, &in));
	cr_assert(jg_channel_send(channel, &seal));
	cr_assert_eq(jg_channel_receive(channel, out, 4), 2);
	cr_assert_eq(out[0].epoch, 7);
	cr_assert_eq(out[0].payload, &in);
	cr_assert_eq(out[0].kind, JG_MESSAGE_SNAPSHOT);
	cr_assert_eq(out[1].epoch, 8);
	cr_assert_eq(out[1].kind, JG_MESSAGE_SEAL);
	jg_channel_free(channel);
}

Test(channel, a_full_ring_refuses_and_loses_nothing)
{
	struct jg_channel *channel = channel_of(4);
	struct jg_message out[8];

	for (uint64_t epoch = 1; epoch <= 4; epoch++) {
		struct jg_message m = message_of(epoch);
		cr_assert(jg_channel_send(channel, &m));
	}
	struct jg_message beyond = message_of(5);
	cr_assert_not(jg_channel_send(channel, &beyond));
	cr_assert_eq(jg_channel_receive(channel, out, 8), 4);
	cr_assert_eq(out[3].epoch, 4);
	cr_assert(jg_channel_send(channel, &beyond));
	jg_channel_free(channel);
}

Test(channel, receiving_is_bounded_and_never_waits)
{
	struct jg_channel *channel = channel_of(4);
	struct jg_message out[1];

	cr_assert_eq(jg_channel_receive(channel, out, 1), 0);
	for (uint64_t epoch = 1; epoch <= 2; epoch++) {
		struct jg_message m = message_of(epoch);
		cr_assert(jg_channel_send(channel, &m));
	}
	cr_assert_eq(jg_channel_receive(channel, out, 1), 1);
	cr_assert_eq(jg_channel_receive(channel, out, 1), 1);
	cr_assert_eq(jg_channel_receive(channel, out, 1), 0);
	jg_channel_free(channel);
}

Test(channel, nothing_is_acknowledged_before_the_worker_says_so)
{
	struct jg_channel *channel = channel_of(4);
	struct jg_message m = message_of(9);
	struct jg_message out;

	cr_assert(jg_channel_send(channel, &m));
	cr_assert_eq(jg_channel_receive(channel, &out, 1), 1);
	cr_assert_eq(jg_channel_acknowledged(channel), 0);
	jg_channel_acknowledge(channel, 9);
	cr_assert_eq(jg_channel_acknowledged(channel), 9);
	jg_channel_free(channel);
}

Test(channel, a_name_in_use_is_refused_with_a_reason)
{
	struct jg_channel *channel = channel_of(4);
	struct jg_error err = {.text = ""};

	cr_assert_null(jg_channel_new("test", 4, 0, &err));
	cr_assert_not_null(strstr(err.text, "test"));
	jg_channel_free(channel);
	jg_channel_free(NULL);
}
