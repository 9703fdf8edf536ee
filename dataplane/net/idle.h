// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** What a loop does about time: the clock it reads once a burst, and what it does with nothing to do. */

#include <stdint.h>

struct jg_idle_state {
	uint8_t mode; /**< enum jg_idle */
	uint32_t empty; /**< polls in a row that brought nothing */
};

/** The loop's thread, once: naps end when they should. */
void jg_idle_start(struct jg_idle_state *idle);
/** After a poll that brought nothing. */
void jg_idle_wait(struct jg_idle_state *idle);

/** Seconds since the Unix epoch, from the kernel's coarse clock: no system call. */
int64_t jg_clock_seconds(void);

/** Nanoseconds since the Unix epoch, for packets that somebody captures. */
int64_t jg_clock_realtime(void);

/** Nanoseconds since the machine started, sleep included: no system call either. */
int64_t jg_clock_boottime(void);
