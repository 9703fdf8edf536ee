// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** The three parts of a compact JWT (RFC 7515 section 3.1). */

#include "internal/base.h"

struct jg_parts {
	struct jg_str header;
	struct jg_str payload;
	struct jg_str signature; /**< may be empty: refused later, as a signature */
	struct jg_str signed_text; /**< header, dot, payload, as received */
};

/** False: not exactly two dots, or nothing before or between them. */
JG_MUST_CHECK bool jg_split(struct jg_str token, struct jg_parts *parts);
