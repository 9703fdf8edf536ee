// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** Tokens by grammar: good ones of all six layouts, changed, and mostly signed after the change. */

#include "ref.h"

#define GEN_NOW INT64_C(1800000000)
#define GEN_OT_KEY "47301122"
/** Ids of tokens that others claim to descend from; the last byte tells them apart. */
#define GEN_ANCESTOR "ancestor-number"

struct gen {
	uint64_t state;
	const struct ref_world *world;
	EVP_PKEY *private_key; /**< of the Vonage apps */
	char pool[1 << 17];
	size_t used;
};

/** One generated request; everything lives in the generator's pool until the next gen_reset(). */
struct gen_case {
	struct ref_request request;
	const char *layout;
};

void gen_reset(struct gen *g);
uint32_t gen_below(struct gen *g, uint32_t n);
/** True in percent out of 100 calls. */
bool gen_chance(struct gen *g, uint32_t percent);
const char *gen_pick(struct gen *g, const char *const *list, size_t n);
#define GEN_PICK(g, list) gen_pick((g), (list), sizeof(list) / sizeof((list)[0]))
char *gen_room(struct gen *g, size_t n);
__attribute__((format(printf, 2, 3))) char *gen_text(struct gen *g, const char *format, ...);
const struct ref_app *gen_app(struct gen *g, unsigned vendor);
/** Any of the app's secrets, usable or not; mostly the first. */
const char *gen_secret(struct gen *g, const struct ref_app *app);
enum gen_alphabet {
	GEN_URL,
	GEN_STANDARD
};
/** NUL-terminated text; the pad character is written for GEN_STANDARD. */
char *gen_base64(struct gen *g, const void *bytes, size_t n, enum gen_alphabet alphabet);
/** What "jg_ancestors" may hold: mostly a list of ids, some of which are cut off. */
const char *gen_ancestors(struct gen *g);
/** Some characters of a token replaced, removed or added. */
void gen_damage(struct gen *g, struct gen_case *c);

void gen_livekit(struct gen *g, struct gen_case *c);
void gen_stream(struct gen *g, struct gen_case *c);
void gen_opentok(struct gen *g, struct gen_case *c);
void gen_vonage(struct gen *g, struct gen_case *c);
void gen_t1(struct gen *g, struct gen_case *c);
void gen_agora_007(struct gen *g, struct gen_case *c);
void gen_agora_006(struct gen *g, struct gen_case *c);
const char *gen_session(struct gen *g, const char *key);
