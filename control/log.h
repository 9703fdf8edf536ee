// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** What the control plane has to say to operators: one line each on stderr. Never a token, a secret,
 * an identity or a room. Any thread. */

#include "internal/base.h"

JG_COLD JG_PRINTF(1, 2) void jg_log(const char *format, ...);
