// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/**
 * Integers in network byte order, at any address. Through memcpy: a compiler makes one swapping move of
 * it, but a store for every byte when the bytes are written one by one.
 */

#include "internal/base.h"

#include <stdint.h>

static inline uint16_t jg_get16(const void *p)
{
	uint16_t value;

	memcpy(&value, p, sizeof(value));
	return __builtin_bswap16(value);
}

static inline uint32_t jg_get32(const void *p)
{
	uint32_t value;

	memcpy(&value, p, sizeof(value));
	return __builtin_bswap32(value);
}

static inline uint64_t jg_get64(const void *p)
{
	uint64_t value;

	memcpy(&value, p, sizeof(value));
	return __builtin_bswap64(value);
}

static inline void jg_put16(void *p, uint16_t value)
{
	value = __builtin_bswap16(value);
	memcpy(p, &value, sizeof(value));
}

static inline void jg_put32(void *p, uint32_t value)
{
	value = __builtin_bswap32(value);
	memcpy(p, &value, sizeof(value));
}

static inline void jg_put64(void *p, uint64_t value)
{
	value = __builtin_bswap64(value);
	memcpy(p, &value, sizeof(value));
}
