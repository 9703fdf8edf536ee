// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <jansson.h>

/** What a result depends on: CPU, kernel, versions, chosen implementations, commit. Strings and
 * numbers by name; NULL when memory ran out. */
json_t *environment_read(void);
