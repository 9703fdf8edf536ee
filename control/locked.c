// SPDX-License-Identifier: BSD-3-Clause
#include "locked.h"

#include <jansson.h>

#include <assert.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>

// Blocks of 2^4 .. 2^12 bytes are cut from chunks and kept in free lists; larger ones are mapped on
// their own. Chunks are never given back: what was locked stays ready for the next secret.
#define CLASS_MIN 5u
#define CLASS_MAX 13u
#define CHUNK_SIZE ((size_t)256 << 10)

struct header {
	size_t size; // whole block, header included
	struct header *next; // in a free list
};

static_assert(sizeof(struct header) == 16, "blocks stay aligned to 16 bytes");

static struct {
	pthread_mutex_t lock;
	struct header *free[CLASS_MAX + 1];
	char *chunk;
	size_t chunk_left;
	size_t shortage;
	size_t used; // bytes of blocks, less their headers
} arena = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void *map_locked(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (p == MAP_FAILED)
		return NULL;
	(void)madvise(p, size, MADV_DONTDUMP);
	if (mlock(p, size) != 0)
		arena.shortage += size;
	return p;
}

static struct header *take(unsigned size_class)
{
	struct header *h = arena.free[size_class];
	if (h != NULL) {
		arena.free[size_class] = h->next;
		return h;
	}
	size_t size = (size_t)1 << size_class;
	if (arena.chunk_left < size) {
		// What is left of the old chunk is lost: at most one block of the largest size_class.
		arena.chunk = map_locked(CHUNK_SIZE);
		arena.chunk_left = arena.chunk == NULL ? 0 : CHUNK_SIZE;
		if (arena.chunk == NULL)
			return NULL;
	}
	void *block = arena.chunk;
	arena.chunk += size;
	arena.chunk_left -= size;
	h = block;
	h->size = size;
	return h;
}

void *jg_locked_alloc(size_t size)
{
	if (size > SIZE_MAX / 2)
		return NULL;
	size_t whole = size + sizeof(struct header);
	unsigned size_class = CLASS_MIN;
	while (size_class <= CLASS_MAX && ((size_t)1 << size_class) < whole)
		size_class++;
	pthread_mutex_lock(&arena.lock);
	struct header *h;
	if (size_class <= CLASS_MAX) {
		h = take(size_class);
	} else {
		whole = (whole + 4095) & ~(size_t)4095;
		h = map_locked(whole);
		if (h != NULL)
			h->size = whole;
	}
	if (h != NULL)
		arena.used += h->size - sizeof(*h);
	pthread_mutex_unlock(&arena.lock);
	return h == NULL ? NULL : h + 1;
}

void jg_locked_free(void *memory)
{
	if (memory == NULL)
		return;
	struct header *h = (struct header *)memory - 1;
	explicit_bzero(memory, h->size - sizeof(*h));
	bool mapped = h->size > (size_t)1 << CLASS_MAX;
	unsigned size_class = CLASS_MIN;
	while (!mapped && ((size_t)1 << size_class) < h->size)
		size_class++;
	pthread_mutex_lock(&arena.lock);
	arena.used -= h->size - sizeof(*h);
	if (!mapped) {
		h->next = arena.free[size_class];
		arena.free[size_class] = h;
	}
	pthread_mutex_unlock(&arena.lock);
	if (mapped)
		(void)munmap(h, h->size);
}

size_t jg_locked_size(const void *memory)
{
	const struct header *h = memory;
	return h == NULL ? 0 : h[-1].size - sizeof(*h);
}

char *jg_locked_copy(const void *bytes, size_t n)
{
	char *p = jg_locked_alloc(n + 1);
	if (p == NULL)
		return NULL;
	if (n > 0)
		memcpy(p, bytes, n);
	p[n] = '\0';
	return p;
}

void jg_locked_adopt_json(void)
{
	json_set_alloc_funcs(jg_locked_alloc, jg_locked_free);
}

size_t jg_locked_used(void)
{
	pthread_mutex_lock(&arena.lock);
	size_t used = arena.used;
	pthread_mutex_unlock(&arena.lock);
	return used;
}

size_t jg_locked_shortage(void)
{
	pthread_mutex_lock(&arena.lock);
	size_t shortage = arena.shortage;
	pthread_mutex_unlock(&arena.lock);
	return shortage;
}

void jg_process_harden(void)
{
	(void)prctl(PR_SET_DUMPABLE, 0);
	const struct rlimit none = {0, 0};
	(void)setrlimit(RLIMIT_CORE, &none);
	struct rlimit memlock;
	if (getrlimit(RLIMIT_MEMLOCK, &memlock) == 0 && memlock.rlim_cur == RLIM_INFINITY)
		(void)mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT);
}
