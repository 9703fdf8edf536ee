// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** What workers and the lane have in common: messages from control, and how a poll is counted. */

#include "internal/channel.h"
#include "judge.h"

/** Messages of one poll, at most: a burst never waits for more than these. */
#define JG_MEMBER_MESSAGES 8

/** Between bursts: apply what control sent and acknowledge it. False: stop was asked for. */
bool jg_member_drain(struct jg_judge *judge, struct jg_channel *channel);

/** After reading a burst: where the state's time is over, its requests are overloaded. */
void jg_member_fence(struct jg_judge *judge);

/** A burst's stage ends now; it began where the one before ended, or at judge->stage_began. */
void jg_member_end_stage(struct jg_judge *judge, enum jg_stage stage);

/** Count one poll that brought n packets and took cycles. */
void jg_member_count_poll(struct jg_judge *judge, unsigned n, uint64_t cycles);
