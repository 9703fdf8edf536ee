// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** A configuration with an app of every vendor, its RSA key made anew, users cut off, rooms closed. */

#include "internal/config.h"

/** Extra: more members of the object, beginning with a comma, or "". */
struct jg_config *load_world(const char *extra);
