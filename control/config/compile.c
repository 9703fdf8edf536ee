// SPDX-License-Identifier: BSD-3-Clause
// From settings to what verifiers read, through the public library alone.
#include "settings.h"

#include <errno.h>

int jg_config_allow(
	const struct jg_config *config, struct jg_snapshot_builder *builder, struct jg_error *err)
{
	for (uint32_t i = 0; i < config->front_ends_n; i++) {
		const struct jg_config_front_end *front = &config->front_ends[i];
		for (uint32_t a = 0; a < front->apps_n; a++) {
			int fail = jg_snapshot_builder_allow(
				builder, i + 1, front->apps[a].vendor, front->apps[a].key, err);
			// An app may come later; a reload or a change builds anew.
			if (fail != 0 && fail != -ENOENT)
				return fail;
		}
	}
	return 0;
}

struct jg_snapshot *jg_config_snapshot(const struct jg_config *config,
	const struct jg_cut_offs *cut_offs, uint64_t epoch, struct jg_error *err)
{
	struct jg_snapshot_builder *builder = jg_snapshot_builder_new();
	if (builder == NULL) {
		jg_error_set(err, "out of memory");
		return NULL;
	}
	for (uint32_t i = 0; i < config->apps_n; i++)
		if (jg_snapshot_builder_add(builder, &config->apps[i], err) != 0)
			goto fail;
	if (jg_config_allow(config, builder, err) != 0)
		goto fail;
	if (cut_offs != NULL)
		jg_snapshot_builder_set_cut_offs(builder, cut_offs);
	return jg_snapshot_build(builder, epoch, err);
fail:
	jg_snapshot_builder_free(builder);
	return NULL;
}
