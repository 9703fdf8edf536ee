// SPDX-License-Identifier: BSD-3-Clause
// The file's cut-offs, into a table.
#include "settings.h"

int jg_config_seed_cut_offs(
	const struct jg_config *config, struct jg_cut_offs *cut_offs, struct jg_error *err)
{
	for (uint32_t i = 0; i < config->cut_offs_n; i++) {
		int fail = jg_cut_offs_set(cut_offs, &config->cut_offs[i], err);
		if (fail != 0)
			return fail;
	}
	return 0;
}
