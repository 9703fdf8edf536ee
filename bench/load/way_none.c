// SPDX-License-Identifier: BSD-3-Clause
// What stands for way_ports.c in a build without DPDK.
#include "way_ports.h"

const char way_inside_gate[] = "10.0.0.1";
const bool way_ports_built = false;

struct way *way_ports_open(const struct way_ports_options *options, struct jg_error *err)
{
	(void)options;
	jg_error_set(err, "this joingate-load was built without DPDK and knows sockets alone");
	return NULL;
}
