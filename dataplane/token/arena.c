// SPDX-License-Identifier: BSD-3-Clause
#include "arena.h"

#include "pages.h"

#include <stdalign.h>

#define CHUNK_MIN ((size_t)64 << 10)
#define CHUNK_GROWTH_MAX ((size_t)64 << 20)

struct jg_arena_chunk {
	alignas(JG_CACHE_LINE) struct jg_arena_chunk *older;
	size_t size; // from this struct on
	size_t used;
};

static struct jg_arena_chunk *chunk_new(size_t size)
{
	if (size < CHUNK_MIN)
		size = CHUNK_MIN;
	struct jg_arena_chunk *chunk = jg_pages_new(&size);
	if (chunk == NULL)
		return NULL;
	chunk->size = size;
	chunk->used = sizeof(*chunk);
	return chunk;
}

void *jg_arena_alloc(struct jg_arena *arena, size_t size)
{
	if (size > SIZE_MAX / 4)
		return NULL;
	size = (size + JG_CACHE_LINE - 1) / JG_CACHE_LINE * JG_CACHE_LINE;
	struct jg_arena_chunk *chunk = arena->newest;
	if (chunk == NULL || chunk->size - chunk->used < size) {
		size_t wish = arena->total < CHUNK_GROWTH_MAX ? arena->total : CHUNK_GROWTH_MAX;
		size_t need = size + sizeof(*chunk);
		chunk = chunk_new(need > wish ? need : wish);
		if (chunk == NULL)
			return NULL;
		chunk->older = arena->newest;
		arena->newest = chunk;
		arena->total += chunk->size;
	}
	void *p = (char *)chunk + chunk->used;
	chunk->used += size;
	return p;
}

void jg_arena_fini(struct jg_arena *arena)
{
	while (arena->newest != NULL) {
		struct jg_arena_chunk *chunk = arena->newest;
		size_t size = chunk->size;
		arena->newest = chunk->older;
		explicit_bzero(chunk, chunk->used);
		jg_pages_free(chunk, size);
	}
	arena->total = 0;
}
