// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/**
 * What is written in a token, unverified and read leniently, for `joingate explain`. Independent of
 * the verifier: nothing here decides anything.
 */

#include "text.h"

#include <joingate/types.h>

struct decoded {
	unsigned format; /**< enum jg_format; NONE: not recognised */
	unsigned vendor; /**< by its looks; NONE: cannot be told */
	char app[129]; /**< the app key it names; "" = none */
	const char *broken; /**< static text: where reading had to stop; NULL = read to the end */
};

/** Write the content for people: one line for each part, claim or field. */
void decode_token(struct jg_str token, struct decoded *decoded, struct text *out);
