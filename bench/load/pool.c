// SPDX-License-Identifier: BSD-3-Clause
#include "pool.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

// Datagrams lie one after the other in blocks that the kernel can give as huge pages: memory by the
// datagram made up two fifths of minting.
#define BLOCK ((size_t)4 << 20)
#define BLOCK_ALIGN ((size_t)2 << 20)

struct pool_block {
	struct pool_block *next;
	size_t used; // this head included
};

static_assert(
	sizeof(struct pool_block) + JG_WIRE_DATAGRAM_MAX <= BLOCK, "any datagram fits a block");

static struct pool_block *add_block(struct pool *pool)
{
	struct pool_block *block = aligned_alloc(BLOCK_ALIGN, BLOCK);
	if (block == NULL)
		return NULL;
	(void)madvise(block, BLOCK, MADV_HUGEPAGE);
	*block = (struct pool_block){.next = pool->blocks, .used = sizeof(*block)};
	pool->blocks = block;
	return block;
}

static uint8_t *take_memory(struct pool *pool, size_t len)
{
	struct pool_block *block = pool->blocks;
	if (block == NULL || BLOCK - block->used < len)
		block = add_block(pool);
	if (block == NULL)
		return NULL;
	uint8_t *memory = (uint8_t *)block + block->used;
	block->used += len;
	return memory;
}

static void free_blocks(struct pool_block *block)
{
	while (block != NULL) {
		struct pool_block *next = block->next;
		free(block);
		block = next;
	}
}

int pool_init(struct pool *pool, uint32_t n, uint32_t front_end)
{
	*pool = (struct pool){.n = n, .front_end = front_end};
	pool->questions = calloc(n, sizeof(*pool->questions));
	return pool->questions == NULL ? -ENOMEM : 0;
}

void pool_fini(struct pool *pool)
{
	free_blocks(pool->blocks);
	free(pool->questions);
	*pool = (struct pool){0};
}

void pool_reset(struct pool *pool)
{
	pool->token_bytes = pool->token_max = 0;
	memset(pool->kinds, 0, sizeof(pool->kinds));
	memset(pool->vendors, 0, sizeof(pool->vendors));
	if (pool->blocks == NULL)
		return;
	free_blocks(pool->blocks->next);
	*pool->blocks = (struct pool_block){.used = sizeof(*pool->blocks)};
}

static uint64_t digest(uint64_t state, struct jg_str text)
{
	for (uint32_t i = 0; i < text.len; i++)
		state = (state ^ (uint8_t)text.p[i]) * UINT64_C(0x100000001b3);
	return (state ^ 0xff) * UINT64_C(0x100000001b3);
}

uint64_t pool_names(struct jg_str identity, struct jg_str room)
{
	return digest(digest(UINT64_C(0xcbf29ce484222325), identity), room);
}

int pool_put(struct pool *pool, uint32_t index, const struct jg_request *request, unsigned kind,
	const struct expectation *expect)
{
	static _Thread_local uint8_t scratch[JG_WIRE_DATAGRAM_MAX];
	struct question *question = &pool->questions[index];
	// Unauthenticated answers are no larger than their questions: ask for what fits then.
	const struct jg_wire_request wire = {.flags = JG_WIRE_WANT(IDENTITY) | JG_WIRE_WANT(ROOM),
		.front_end = (uint16_t)pool->front_end,
		.type = request->type};
	struct jg_request ask = *request;
	if (ask.token.len > JG_TOKEN_MAX)
		ask.token.len = JG_TOKEN_MAX + 1;
	const size_t len = jg_wire_request_build(&wire, &ask, scratch, sizeof(scratch));
	if (len == 0)
		return -EINVAL;
	question->datagram = take_memory(pool, len);
	if (question->datagram == NULL)
		return -ENOMEM;
	memcpy(question->datagram, scratch, len);
	question->len = (uint32_t)len;
	question->kind = (uint8_t)kind;
	question->vendor = request->vendor;
	question->expect = *expect;
	pool->token_bytes += ask.token.len;
	if (pool->token_max < ask.token.len)
		pool->token_max = ask.token.len;
	pool->kinds[kind]++;
	pool->vendors[request->vendor]++;
	return 0;
}
