// SPDX-License-Identifier: BSD-3-Clause
// Folded 64x64 to 128 bit products over secret words: what is multiplied is never known outside.
#include "hash.h"

#include <stdlib.h>
#include <sys/random.h>

__extension__ typedef unsigned __int128 uint128;

static uint64_t fold(uint64_t a, uint64_t b)
{
	uint128 product = (uint128)a * b;
	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint64_t load64(const char *p)
{
	uint64_t v;
	memcpy(&v, p, sizeof(v));
	return v;
}

static uint64_t load32(const char *p)
{
	uint32_t v;
	memcpy(&v, p, sizeof(v));
	return v;
}

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
		seed->word[i] = fold(number, UINT64_C(0xd6e8feb86659fd93) ^ number);
	}
}

uint64_t jg_hash(const struct jg_hash_seed *seed, uint64_t before, struct jg_str text)
{
	const char *p = text.p;
	uint32_t len = text.len;
	uint64_t h = fold(before ^ seed->word[0], seed->word[1] ^ len);
	for (; len > 16; p += 16, len -= 16)
		h = fold(load64(p) ^ seed->word[2], load64(p + 8) ^ seed->word[3] ^ h);
	uint64_t a = 0;
	uint64_t b = 0;
	if (len >= 8) {
		a = load64(p);
		b = load64(p + len - 8);
	} else if (len >= 4) {
		a = load32(p);
		b = load32(p + len - 4);
	} else if (len > 0) {
		a = (uint64_t)(unsigned char)p[0] << 16 | (uint64_t)(unsigned char)p[len / 2] << 8 |
			(uint64_t)(unsigned char)p[len - 1];
	}
	h = fold(a ^ seed->word[2], b ^ seed->word[3] ^ h);
	return fold(h ^ seed->word[1], seed->word[0] ^ text.len);
}
