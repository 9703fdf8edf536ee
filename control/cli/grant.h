// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** What a caller of the token server may have: the decision, without HTTP. */

#include "cli.h"

#include <joingate/mint.h>

#include <jansson.h>

struct granter {
	struct judge *judge;
	struct jg_minter *minter;
	struct jg_snapshot *bare; /**< of grant_bare() */
};

/** The configuration's apps without what their policies take away: by it a token is judged as its
 * vendor's own servers would, who know of no policy. NULL with err. */
JG_MUST_CHECK struct jg_snapshot *grant_bare(const struct jg_config *config, struct jg_error *err);

struct granted {
	unsigned status; /**< of HTTP: 200, 400, 403 */
	char token[JG_TOKEN_MAX + 1];
	int64_t expires_at;
	struct jg_error err; /**< unless 200 */
};

/** The caller of an API key, compared in constant time; NULL = none. */
const struct jg_config_caller *grant_caller(const struct jg_config *config, struct jg_str key);

/**
 * Mint what a caller asks for, then judge the token as a gate would: it is handed over only when
 * the verdict keeps to what the caller may have.
 */
void grant_token(struct granter *granter, const struct jg_config_caller *caller, char *body,
	size_t len, int64_t now, struct granted *granted);

/** Does the whole text match a glob (* any run, ? one byte)? */
bool grant_matches(struct jg_str pattern, struct jg_str text);
