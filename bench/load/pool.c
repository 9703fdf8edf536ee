// SPDX-License-Identifier: BSD-3-Clause
#include "pool.h"

#include <errno.h>
#include <stdlib.h>

int pool_init(struct pool *pool, uint32_t n, uint32_t front_end)
{
	*pool = (struct pool){.n = n, .front_end = front_end};
	pool->questions = calloc(n, sizeof(*pool->questions));
	return pool->questions == NULL ? -ENOMEM : 0;
}

void pool_fini(struct pool *pool)
{
	for (uint32_t i = 0; i < pool->n && pool->questions != NULL; i++)
		free(pool->questions[i].datagram);
	free(pool->questions);
	*pool = (struct pool){0};
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
	static uint8_t scratch[JG_WIRE_DATAGRAM_MAX];
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
	question->datagram = malloc(len);
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
