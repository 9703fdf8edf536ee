// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** Our own ports, told as a gate's are: by the name of a device, or as an entry of "ports". */

#include "internal/config.h"

/**
 * @param texts "veth1", or {"device": "veth1", "driver": "af_xdp", ...} as in docs/configuration.md
 * @param address "10.0.0.2/24": of those that name none; NULL: each must
 * @return a configuration with ports alone; NULL with err
 */
JG_MUST_CHECK struct jg_config *port_settings_read(
	const char *const *texts, unsigned n, const char *address, struct jg_error *err);
