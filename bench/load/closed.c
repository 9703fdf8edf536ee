// SPDX-License-Identifier: BSD-3-Clause
#include "closed.h"

#include <fnmatch.h>

#define CUT_OFFS_READ 1000 // a file may have a million, and one is enough

static void add(struct closed_list *list, uint32_t app, const struct jg_cut_off *cut_off)
{
	if (list->n < CLOSED_APPS)
		list->apps[list->n++] = (struct closed_app){.app = app, .cut_off = cut_off};
}

// Does a policy that names rooms leave this one out? Of globs only * and ? mean something there.
static bool is_closed(const struct jg_policy *policy)
{
	for (uint32_t i = 0; i < policy->rooms_n; i++) {
		const char *pattern = policy->rooms[i].pattern.p;
		if (strpbrk(pattern, "[\\") != NULL ||
			fnmatch(pattern, CLOSED_ROOM, FNM_NOESCAPE) == 0)
			return false;
	}
	return policy->rooms_n > 0;
}

static void note_cut_off(
	struct closed *closed, const struct jg_config *config, const struct jg_cut_off *cut_off)
{
	if (cut_off->scope != JG_SCOPE_USER || cut_off->user.len > CLOSED_USER_MAX)
		return;
	for (uint32_t i = 0; i < config->apps_n; i++)
		if (config->apps[i].vendor == cut_off->vendor &&
			jg_str_eq(config->apps[i].key, cut_off->app))
			add(&closed->revoked[cut_off->vendor], i, cut_off);
}

void closed_find(struct closed *closed, const struct jg_config *config)
{
	memset(closed, 0, sizeof(*closed));
	for (uint32_t i = 0; i < config->cut_offs_n && i < CUT_OFFS_READ; i++)
		note_cut_off(closed, config, &config->cut_offs[i]);
	for (uint32_t i = 0; i < config->apps_n; i++)
		if (is_closed(&config->apps[i].policy))
			add(&closed->forbidden[config->apps[i].vendor], i, NULL);
}

const struct closed_list *closed_apps(
	const struct closed *closed, unsigned kind, enum jg_vendor vendor)
{
	if (kind == KIND_REVOKED)
		return &closed->revoked[vendor];
	return kind == KIND_NOT_PERMITTED ? &closed->forbidden[vendor] : NULL;
}
