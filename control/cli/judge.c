// SPDX-License-Identifier: BSD-3-Clause
// Configuration, cut-offs, snapshot and verifier of a command.
#include "cli.h"

#include <stdio.h>

static bool load(struct judge *judge, const struct command *command, const char *path,
	enum jg_config_parts parts)
{
	struct jg_problems problems = {0};
	judge->config = jg_config_load(path, parts, &problems);
	if (judge->config == NULL) {
		jg_problems_print(&problems, path, stderr);
		(void)cli_fail(command, "%s cannot be used", path);
	}
	jg_problems_free(&problems);
	return judge->config != NULL;
}

bool judge_open(struct judge *judge, const struct command *command, const char *path,
	enum jg_config_parts parts)
{
	struct jg_error err = {""};
	*judge = (struct judge){0};
	if (path == NULL) {
		(void)cli_fail(command, "no configuration; expected --config FILE");
		return false;
	}
	if (!load(judge, command, path, parts))
		return false;
	judge->cut_offs = jg_cut_offs_new(judge->config->cut_offs_n, &err);
	if (judge->cut_offs == NULL ||
		jg_config_seed_cut_offs(judge->config, judge->cut_offs, &err) != 0)
		goto fail;
	judge->snapshot = jg_config_snapshot(judge->config, judge->cut_offs, 1, &err);
	if (judge->snapshot == NULL)
		goto fail;
	judge->verifier = jg_verifier_new(NULL, &err);
	if (judge->verifier == NULL)
		goto fail;
	return true;
fail:
	(void)cli_fail(command, "%s", err.text);
	judge_close(judge);
	return false;
}

void judge_close(struct judge *judge)
{
	jg_verifier_free(judge->verifier);
	jg_snapshot_free(judge->snapshot);
	jg_cut_offs_free(judge->cut_offs);
	jg_config_free(judge->config);
	*judge = (struct judge){0};
}
