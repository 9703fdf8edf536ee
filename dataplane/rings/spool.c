// SPDX-License-Identifier: BSD-3-Clause
#include "internal/spool.h"

#include "internal/base.h"

#include <assert.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdlib.h>

// Stands before each record; records begin at multiples of its size.
struct head {
	uint32_t len;
	uint32_t gap; // 1: no record, go on at the ring's first byte
};

static_assert(sizeof(struct head) == 8, "a head fits before the end of the ring, always");

struct jg_spool {
	size_t size;
	uint8_t *bytes;
	// Writer's. Positions grow for ever; the ring's size divides them.
	alignas(JG_CACHE_LINE) _Atomic uint64_t written;
	uint64_t reserved; // where written goes with the next commit
	uint64_t read_seen; // what the writer knows of read
	// Reader's.
	alignas(JG_CACHE_LINE) _Atomic uint64_t read;
};

static_assert(ATOMIC_LLONG_LOCK_FREE == 2, "positions are plain moves");

struct jg_spool *jg_spool_new(size_t bytes, struct jg_error *err)
{
	struct jg_spool *spool = aligned_alloc(JG_CACHE_LINE, sizeof(*spool));
	uint8_t *ring = aligned_alloc(JG_CACHE_LINE, bytes);

	assert(bytes >= 64 && (bytes & (bytes - 1)) == 0);
	if (spool == NULL || ring == NULL) {
		jg_error_set(err, "no memory for a spool of %zu bytes", bytes);
		free(spool);
		free(ring);
		return NULL;
	}
	memset(ring, 0, bytes);
	*spool = (struct jg_spool){.size = bytes, .bytes = ring};
	return spool;
}

void jg_spool_free(struct jg_spool *spool)
{
	if (spool == NULL)
		return;
	explicit_bzero(spool->bytes, spool->size);
	free(spool->bytes);
	free(spool);
}

static struct head *head_at(const struct jg_spool *spool, uint64_t position)
{
	return (struct head *)(void *)(spool->bytes + (position & (spool->size - 1)));
}

static uint64_t size_of(uint32_t len)
{
	return sizeof(struct head) + (((uint64_t)len + 7) & ~UINT64_C(7));
}

void *jg_spool_reserve(struct jg_spool *spool, uint32_t len)
{
	uint64_t at = atomic_load_explicit(&spool->written, memory_order_relaxed);
	uint64_t to_end = spool->size - (at & (spool->size - 1));
	uint64_t need = size_of(len);
	uint64_t gap = to_end < need ? to_end : 0;

	if (need > spool->size / 2)
		return NULL;
	if (at + gap + need - spool->read_seen > spool->size) {
		// Acquire: the reader is done with the bytes that we write over.
		spool->read_seen = atomic_load_explicit(&spool->read, memory_order_acquire);
		if (at + gap + need - spool->read_seen > spool->size)
			return NULL;
	}
	if (gap > 0)
		*head_at(spool, at) = (struct head){.gap = 1};
	struct head *head = head_at(spool, at + gap);
	*head = (struct head){.len = len};
	spool->reserved = at + gap + need;
	return head + 1;
}

void jg_spool_commit(struct jg_spool *spool)
{
	assert(spool->reserved > atomic_load_explicit(&spool->written, memory_order_relaxed));
	// Release: whoever sees the position sees the record.
	atomic_store_explicit(&spool->written, spool->reserved, memory_order_release);
}

void *jg_spool_peek(struct jg_spool *spool, uint32_t *len)
{
	uint64_t at = atomic_load_explicit(&spool->read, memory_order_relaxed);

	if (at == atomic_load_explicit(&spool->written, memory_order_acquire))
		return NULL;
	struct head *head = head_at(spool, at);
	if (head->gap != 0) {
		// A record stands behind every gap: both were written by one commit.
		at += spool->size - (at & (spool->size - 1));
		atomic_store_explicit(&spool->read, at, memory_order_release);
		head = head_at(spool, at);
	}
	*len = head->len;
	return head + 1;
}

void jg_spool_release(struct jg_spool *spool)
{
	uint64_t at = atomic_load_explicit(&spool->read, memory_order_relaxed);
	struct head *head = head_at(spool, at);
	uint32_t len = head->len;

	assert(at != atomic_load_explicit(&spool->written, memory_order_relaxed) && head->gap == 0);
	explicit_bzero(head + 1, len);
	atomic_store_explicit(&spool->read, at + size_of(len), memory_order_release);
}
