// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "internal/address.h"
#include "internal/base.h"

/**
 * May a request with this Host header be answered? A page elsewhere can let a name of its own point at
 * our address (DNS rebinding); then Host is that name. Good is: the address we listen on with its port,
 * localhost where that is a loopback address, any address where we listen on all, or a name of the list
 * with any port.
 */
bool jg_host_allowed(const char *host, const struct jg_address *listen, const struct jg_str *hosts,
	uint32_t hosts_n);
