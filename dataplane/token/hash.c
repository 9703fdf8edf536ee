// SPDX-License-Identifier: BSD-3-Clause
// Folded 64x64 to 128 bit products over secret words: what is multiplied is never known outside.
#include "hash.h"

#include <stdlib.h>
#include <sys/random.h>

void jg_hash_seed_init(struct jg_hash_seed *seed, uint64_t number)
{
	if (number == 0) {
		// Never short for so few bytes once the source is up; without it there is no secrecy.
		if (getrandom(seed->word, sizeof(seed->word), 0) != (ssize_t)sizeof(seed->word))
			abort();
		return;
	}
	for (unsigned i = 0; i < JG_ARRAY_SIZE(seed->word); i++) {
		number += UINT64_C(0x9e3779b97f4a7c15);
		seed->word[i] = jg_hash_fold(number, UINT64_C(0xd6e8feb86659fd93) ^ number);
	}
}
