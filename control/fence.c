// SPDX-License-Identifier: BSD-3-Clause
#include "fence.h"

#include <stdatomic.h>

#define SECOND INT64_C(1000000000)
#define NEVER (-1)

static void move_end(struct jg_fence *fence, int64_t start)
{
	int64_t end = fence->most > 0 ? (start + fence->most) * SECOND : INT64_MAX;
	atomic_store_explicit(&fence->until_ns, end, memory_order_release);
	fence->lapsed = false;
}

// The end in a lapse: without a limit there is none.
static int64_t lapsed_end(const struct jg_fence *fence)
{
	return fence->most > 0 ? NEVER : INT64_MAX;
}

void jg_fence_init(struct jg_fence *fence, int64_t most)
{
	fence->most = most;
	atomic_init(&fence->until_ns, lapsed_end(fence));
	fence->start = NEVER;
	fence->required = NEVER;
	fence->lapsed = true;
}

void jg_fence_resume(struct jg_fence *fence, int64_t start)
{
	fence->start = start;
	move_end(fence, start);
}

void jg_fence_lapse(struct jg_fence *fence)
{
	atomic_store_explicit(&fence->until_ns, lapsed_end(fence), memory_order_release);
	fence->required = NEVER;
	fence->lapsed = true;
}

bool jg_fence_over(const struct jg_fence *fence, int64_t now)
{
	return now * SECOND > atomic_load_explicit(&fence->until_ns, memory_order_acquire);
}

bool jg_fence_asks(struct jg_fence *fence, int64_t start, int64_t now)
{
	if (fence->most == 0)
		return false;
	// now is rounded down: its whole second counts as over.
	bool over = jg_fence_over(fence, now + 1);
	// Silent for so long within a lapse, too: the others may have counted on it once more.
	if (over && (!fence->lapsed || start - fence->start > fence->most))
		fence->required = NEVER;
	fence->lapsed |= over;
	fence->start = start;
	return fence->lapsed && fence->required < 0;
}

void jg_fence_require(struct jg_fence *fence, int64_t revision)
{
	fence->required = revision;
}

bool jg_fence_renew(struct jg_fence *fence, int64_t start, int64_t in_force)
{
	if (fence->most > 0 && fence->lapsed && (fence->required < 0 || in_force < fence->required))
		return false;
	move_end(fence, start);
	return true;
}
