// SPDX-License-Identifier: BSD-3-Clause
// Memory of a configuration: given back as one, wiped.
#include "settings.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>

struct block {
	alignas(max_align_t) struct block *next;
	size_t size; // of what follows
};

struct jg_config_memory {
	struct block *first;
};

struct jg_config_memory *jg_config_memory_new(void)
{
	return calloc(1, sizeof(struct jg_config_memory));
}

void *jg_config_memory_get(struct jg_config_memory *memory, size_t n, size_t size)
{
	if (size != 0 && n > (SIZE_MAX - sizeof(struct block)) / size)
		return NULL;
	struct block *block = calloc(1, sizeof(*block) + n * size);
	if (block == NULL)
		return NULL;
	block->size = n * size;
	block->next = memory->first;
	memory->first = block;
	return block + 1;
}

void jg_config_memory_free(struct jg_config_memory *memory)
{
	if (memory == NULL)
		return;
	for (struct block *block = memory->first, *next; block != NULL; block = next) {
		next = block->next;
		explicit_bzero(block, sizeof(*block) + block->size);
		free(block);
	}
	free(memory);
}
