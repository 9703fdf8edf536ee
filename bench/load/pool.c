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

// Where the next datagram can be written, however long it is.
static uint8_t *room_for_one(struct pool *pool)
{
	struct pool_block *block = pool->blocks;
	if (block == NULL || BLOCK - block->used < JG_WIRE_DATAGRAM_MAX)
		block = add_block(pool);
	return block == NULL ? NULL : (uint8_t *)block + block->used;
}

static void free_blocks(struct pool_block *block)
{
	while (block != NULL) {
		struct pool_block *next = block->next;
		free(block);
		block = next;
	}
}

// Of zeros, in huge pages where it is large: one fault for each small page made up a tenth of minting.
static void *get_questions(size_t size)
{
	const size_t whole = (size + BLOCK_ALIGN - 1) & ~(BLOCK_ALIGN - 1);
	if (size < BLOCK_ALIGN)
		return calloc(1, size);
	void *questions = aligned_alloc(BLOCK_ALIGN, whole);
	if (questions == NULL)
		return NULL;
	(void)madvise(questions, whole, MADV_HUGEPAGE);
	return memset(questions, 0, size);
}

int pool_init(struct pool *pool, uint32_t n, uint32_t front_end)
{
	*pool = (struct pool){.n = n, .front_end = front_end};
	pool->questions = get_questions(n * sizeof(*pool->questions));
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

void pool_join(struct pool *pool, struct pool *part)
{
	struct pool_block **end = &pool->blocks;
	while (*end != NULL)
		end = &(*end)->next;
	*end = part->blocks;
	pool->token_bytes += part->token_bytes;
	if (pool->token_max < part->token_max)
		pool->token_max = part->token_max;
	for (unsigned i = 0; i < JG_ARRAY_SIZE(pool->kinds); i++)
		pool->kinds[i] += part->kinds[i];
	for (unsigned i = 0; i < JG_ARRAY_SIZE(pool->vendors); i++)
		pool->vendors[i] += part->vendors[i];
	*part = (struct pool){0};
}

static uint64_t stir(uint64_t state, uint64_t word)
{
	state = (state ^ word) * UINT64_C(0x9e3779b97f4a7c15);
	return state ^ state >> 32;
}

static uint64_t digest(uint64_t state, struct jg_str text)
{
	uint32_t at = 0;
	uint64_t word;
	for (; text.len - at >= sizeof(word); at += sizeof(word)) {
		memcpy(&word, text.p + at, sizeof(word));
		state = stir(state, word);
	}
	word = text.len;
	for (; at < text.len; at++)
		word = word << 8 | (uint8_t)text.p[at];
	return stir(state, word);
}

uint64_t pool_names(struct jg_str identity, struct jg_str room)
{
	return digest(digest(UINT64_C(0xcbf29ce484222325), identity), room);
}

int pool_put(struct pool *pool, uint32_t index, const struct jg_request *request, unsigned kind,
	const struct expectation *expect)
{
	struct question *question = &pool->questions[index];
	// Unauthenticated answers are no larger than their questions: ask for what fits then.
	const struct jg_wire_request wire = {.flags = JG_WIRE_WANT(IDENTITY) | JG_WIRE_WANT(ROOM),
		.front_end = (uint16_t)pool->front_end,
		.type = request->type};
	struct jg_request ask = *request;
	if (ask.token.len > JG_TOKEN_MAX)
		ask.token.len = JG_TOKEN_MAX + 1;
	question->datagram = room_for_one(pool);
	if (question->datagram == NULL)
		return -ENOMEM;
	question->len = (uint32_t)jg_wire_request_build(
		&wire, &ask, question->datagram, JG_WIRE_DATAGRAM_MAX);
	if (question->len == 0)
		return -EINVAL;
	pool->blocks->used += question->len;
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
