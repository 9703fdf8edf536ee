// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** Files that change hands before the daemon gives up root. */

#include "internal/base.h"

#include <sys/types.h>

/**
 * Make a file or socket belong to a user. Never through a symbolic link, and no file that has a second
 * name: its folder may be in other hands than ours.
 *
 * @return 0, also where there is no such file; else negative errno with err
 */
JG_MUST_CHECK int jg_owner_give(const char *path, uid_t uid, gid_t gid, struct jg_error *err);
