// SPDX-License-Identifier: BSD-3-Clause
// The strict JSON reader, with LiveKit's schema, and the walks over what it accepted. The reader of
// claims that a minter's callers hand over must agree, whatever it has read before.
#include "own_claims.h"
#include "profile.h"
#include "simd/decoders.h"
#include "utf8.h"

#include <assert.h>
#include <stdlib.h>

static struct jg_json *json;
static struct jg_own_claims *own;
static struct jg_scratch scratch;

// Every value a walk gives stands inside the text, and strings decode to UTF-8.
static void walk(const struct jg_claims *claims, const struct jg_claim *container)
{
	struct jg_json_walk walk = jg_json_walk_of(claims, container);
	struct jg_claim name, value;
	while (jg_json_next(&walk, &name, &value)) {
		assert(value.start + value.len < claims->len);
		if (value.type != JG_JSON_STRING)
			continue;
		size_t mark = scratch.used;
		assert(jg_utf8_valid(jg_claim_string(&scratch, claims, &value)));
		scratch.used = mark;
	}
}

static void check_own(const uint8_t *data, size_t size, bool good, uint64_t present)
{
	struct jg_claims claims = {.text = data, .len = (uint32_t)size};
	if (size == 0 || size > JG_JSON_TEXT_MAX)
		return;
	assert(jg_own_claims_read(own, json, &scratch, &claims) == good);
	assert(!good || claims.present == present);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (json == NULL) {
		json = jg_json_new(1);
		own = jg_own_claims_new(&jg_livekit_schema, jg_decoders_select(NULL, NULL));
		scratch.size = 4 * JG_JSON_TEXT_MAX;
		scratch.base = malloc(scratch.size);
		if (json == NULL || own == NULL || scratch.base == NULL)
			abort();
	}
	scratch.used = 0;
	struct jg_claims claims = {.text = data, .len = (uint32_t)size};
	bool good = jg_json_read(json, &scratch, &jg_livekit_schema, &claims);
	check_own(data, size, good, claims.present);
	if (!good)
		return 0;
	assert(scratch.used == 0);
	for (unsigned slot = 0; slot < JG_CLAIMS_MAX; slot++) {
		enum jg_json_type type = jg_claims_type(&claims, slot);
		const struct jg_claim *claim = &claims.slot[slot];
		int64_t seconds;
		if (type == JG_JSON_OBJECT || type == JG_JSON_ARRAY)
			walk(&claims, claim);
		if (type == JG_JSON_NUMBER && jg_claim_seconds(&claims, claim, &seconds))
			assert(seconds <= INT64_C(1) << 53 && seconds >= -(INT64_C(1) << 53) - 1);
	}
	return 0;
}
