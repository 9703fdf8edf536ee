// SPDX-License-Identifier: BSD-3-Clause
#include "arena.h"

#include <stdalign.h>
#include <sys/mman.h>

#define CHUNK_MIN ((size_t)64 << 10)
#define HUGE_PAGE ((size_t)2 << 20)
#define CHUNK_GROWTH_MAX ((size_t)64 << 20)

struct jg_arena_chunk {
	alignas(JG_CACHE_LINE) struct jg_arena_chunk *older;
	void *map; // what mmap() gave, before alignment
	size_t map_size;
	size_t size; // from this struct on
	size_t used;
};

static size_t round_up(size_t n, size_t unit)
{
	return (n + unit - 1) / unit * unit;
}

static struct jg_arena_chunk *chunk_new(size_t size)
{
	bool huge = size >= HUGE_PAGE;
	size = round_up(size, huge ? HUGE_PAGE : CHUNK_MIN);
	size_t map_size = huge ? size + HUGE_PAGE : size;
	char *map =
		mmap(NULL, map_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (map == MAP_FAILED)
		return NULL;
	// Keys do not belong in core dumps. Advice that a kernel does not know does no harm.
	(void)madvise(map, map_size, MADV_DONTDUMP);
	size_t skip = 0;
	if (huge) {
		skip = (HUGE_PAGE - (uintptr_t)map % HUGE_PAGE) % HUGE_PAGE;
		(void)madvise(map + skip, size, MADV_HUGEPAGE);
	}
	struct jg_arena_chunk *chunk = (void *)(map + skip);
	chunk->map = map;
	chunk->map_size = map_size;
	chunk->size = size;
	chunk->used = sizeof(*chunk);
	return chunk;
}

void *jg_arena_alloc(struct jg_arena *arena, size_t size)
{
	if (size > SIZE_MAX / 2)
		return NULL;
	size = round_up(size, JG_CACHE_LINE);
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
		arena->newest = chunk->older;
		void *map = chunk->map;
		size_t map_size = chunk->map_size;
		explicit_bzero(chunk, chunk->used);
		(void)munmap(map, map_size);
	}
	arena->total = 0;
}
