// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/**
 * Until when a gate may admit without hearing from its fleet. Times are seconds of CLOCK_BOOTTIME given
 * by the caller, rounded down, so that the end is never late. One writer, the thread that renews;
 * until_ns is for any thread.
 *
 * Beyond the end the others count this gate as done with every revocation. So after a lapse a renewal
 * alone extends nothing: what was there at the first renewal must be in force first.
 */

#include <stdbool.h>
#include <stdint.h>

struct jg_fence {
	_Atomic int64_t until_ns;
	int64_t most; // seconds without contact; 0 = no end; the caller may change it before a renewal
	int64_t start; // of the last successful renewal, whether it counted or not
	int64_t required; // revision that ends a lapse; negative: not known yet
	bool lapsed;
};

/** No contact yet: lapsed. */
void jg_fence_init(struct jg_fence *fence, int64_t most);

/** What a process before this one, in the same boot, knew. */
void jg_fence_resume(struct jg_fence *fence, int64_t start);

/** Nobody is to be admitted before a renewal counts again. */
void jg_fence_lapse(struct jg_fence *fence);

/** Any thread. */
bool jg_fence_over(const struct jg_fence *fence, int64_t now);

/** A renewal that began at start has succeeded by now: is jg_fence_require() needed before it is
 * counted? */
bool jg_fence_asks(struct jg_fence *fence, int64_t start, int64_t now);

/** The revision of the newest change; negative: it could not be learnt. */
void jg_fence_require(struct jg_fence *fence, int64_t revision);

/** @param in_force revision that all workers have @return the end has moved */
bool jg_fence_renew(struct jg_fence *fence, int64_t start, int64_t in_force);
