// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** JSON documents as text, changed member by member. */

#include "gen.h"

#define GEN_MEMBERS_MAX 40

struct gen_member {
	const char *key; /**< as it stands between the quotes */
	const char *value; /**< JSON text */
	struct gen_doc *doc; /**< instead of value: a nested object */
};

struct gen_doc {
	struct gen_member member[GEN_MEMBERS_MAX];
	size_t n;
};

void gen_put(struct gen_doc *doc, const char *key, const char *value);
/** A JSON string of this text, some of it escaped. */
const char *gen_string(struct gen *g, const char *text);
/** Any JSON value, mostly legal. */
const char *gen_value(struct gen *g);
/** A number fit to upset time claims. */
const char *gen_time(struct gen *g);
/** Change the document once. */
void gen_change(struct gen *g, struct gen_doc *doc);
/** The document's text; a few of them broken when that is wanted. */
const char *gen_render(struct gen *g, const struct gen_doc *doc, bool may_break, size_t *len);
