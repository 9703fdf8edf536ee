// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** Memory of a snapshot: grows in chunks, huge pages for the big ones, wiped as a whole. */

#include "internal/base.h"

struct jg_arena_chunk;

struct jg_arena {
	struct jg_arena_chunk *newest;
	size_t total; /**< bytes of all chunks */
};

/** Zeroed memory, aligned to a cache line; NULL when there is none. */
JG_MUST_CHECK void *jg_arena_alloc(struct jg_arena *arena, size_t size);

/** Wipe and give back everything. */
void jg_arena_fini(struct jg_arena *arena);
