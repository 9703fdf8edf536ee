// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/**
 * What a gate refuses by its settings and not by its vendors' rules: users that were cut off, rooms
 * that a policy does not name. There are such tokens only where the configuration has the like.
 */

#include "internal/config.h"
#include "mix.h"

#define CLOSED_APPS 64 // of a kind and vendor that are used
#define CLOSED_ROOM "closed-to-everybody"
#define CLOSED_USER_MAX 31 // bytes

struct closed_app {
	uint32_t app; // index in the configuration
	const struct jg_cut_off *cut_off; // of a user; NULL: the app has closed rooms
};

struct closed_list {
	struct closed_app apps[CLOSED_APPS];
	uint32_t n;
};

struct closed {
	struct closed_list revoked[JG_VENDOR_COUNT];
	struct closed_list forbidden[JG_VENDOR_COUNT];
};

/** The configuration is borrowed. */
void closed_find(struct closed *closed, const struct jg_config *config);

/** The apps of a vendor that can have tokens of a kind; NULL: all of them can. */
const struct closed_list *closed_apps(
	const struct closed *closed, unsigned kind, enum jg_vendor vendor);
