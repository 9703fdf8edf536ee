// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <stdint.h>

/** jg_sum_add() for CPUs with AVX-512 BW. */
uint64_t jg_sum_add_avx512(uint64_t sum, const uint8_t *bytes, uint32_t len);
