// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** Zeroed memory straight from the system, for tables: on huge pages when there are any, never in a
 * core dump. */

#include "internal/base.h"

#define JG_HUGE_PAGE ((size_t)2 << 20)

/** At least *size bytes, which becomes what there are; aligned to 2 MiB from that size on, else to
 * a page. NULL: no memory. */
JG_MUST_CHECK void *jg_pages_new(size_t *size);

/** @param size what jg_pages_new() made of it */
void jg_pages_free(void *pages, size_t size);
