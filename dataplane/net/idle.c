// SPDX-License-Identifier: BSD-3-Clause
#include "idle.h"

#include "internal/config.h"

#include <rte_pause.h>

#include <sys/prctl.h>
#include <time.h>

enum {
	PAUSES = 256, // empty polls before the first nap: a burst's neighbours arrive within these
	NAP_NS = 50000, // a nap costs some 5 us of CPU: shorter ones would burn a core after all
	QUIET = 2000, // empty polls, a tenth of a second: nobody is in a conversation
	NAP_QUIET_NS = 200000,
	NAP_MAX_NS = 1000000,
};

void jg_idle_start(struct jg_idle_state *idle)
{
	idle->empty = 0;
	// The kernel may delay a nap's end by this many nanoseconds; its own choice is 50 000.
	prctl(PR_SET_TIMERSLACK, 1);
}

static void nap(long ns)
{
	nanosleep(&(struct timespec){.tv_nsec = ns}, NULL);
}

void jg_idle_wait(struct jg_idle_state *idle)
{
	if (idle->mode == JG_IDLE_POLL)
		return;
	idle->empty += idle->empty < UINT32_MAX;
	if (idle->empty <= PAUSES) {
		rte_pause();
		return;
	}
	if (idle->mode == JG_IDLE_PAUSE) {
		nap(idle->empty < QUIET ? NAP_NS : NAP_QUIET_NS);
		return;
	}
	// Naps double up to a millisecond; the first packet sets them back.
	uint32_t doublings = idle->empty - PAUSES < 5 ? idle->empty - PAUSES : 5;
	long ns = (long)NAP_NS << doublings;
	nap(ns < NAP_MAX_NS ? ns : NAP_MAX_NS);
}

int64_t jg_clock_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME_COARSE, &now);
	return now.tv_sec;
}

static int64_t nanoseconds(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int64_t jg_clock_realtime(void)
{
	return nanoseconds(CLOCK_REALTIME);
}

int64_t jg_clock_boottime(void)
{
	return nanoseconds(CLOCK_BOOTTIME);
}
