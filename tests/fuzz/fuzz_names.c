// SPDX-License-Identifier: BSD-3-Clause
// The look-ups that take names from configuration and requests.
#include <joingate/capability.h>
#include <joingate/vendor.h>

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct jg_str name = {(const char *)data, (uint32_t)size};
	const unsigned vendor = jg_vendor_find(name);
	const int bit = jg_capability_find(name);
	if (vendor != JG_VENDOR_NONE && strlen(jg_vendor_name(vendor)) != size)
		abort();
	if (bit >= 0 && strlen(jg_capability_name((unsigned)bit)) != size)
		abort();
	return 0;
}
