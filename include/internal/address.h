// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <stdint.h>

/** An address with a prefix length or a port. */
struct jg_address {
	uint8_t bytes[16]; /**< IPv4 in the first four; network order */
	uint8_t family; /**< 4 or 6; 0 = none */
	uint8_t prefix; /**< bits */
	uint16_t port; /**< host order */
};
