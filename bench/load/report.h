// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** One result as one HTML page: no script, nothing fetched. */

#include <jansson.h>

#include <stdio.h>

/** 0, or -EIO. */
int report_write(FILE *out, const json_t *result);
