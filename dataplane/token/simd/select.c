// SPDX-License-Identifier: BSD-3-Clause
// The only place that asks the CPU what it can do.
#include "decoders.h"
#include "internal/base.h"

static const struct jg_decoders levels[] = {
	{.name = "portable", .base64url = jg_base64url_portable},
};

const struct jg_decoders *jg_decoders_select(const char *name, struct jg_error *err)
{
	if (name == NULL)
		return &levels[JG_ARRAY_SIZE(levels) - 1];
	for (size_t i = 0; i < JG_ARRAY_SIZE(levels); i++)
		if (strcmp(levels[i].name, name) == 0)
			return &levels[i];
	jg_error_set(err, "simd level '%.32s' is unknown; expected portable", name);
	return NULL;
}
