// SPDX-License-Identifier: BSD-3-Clause
#include "shape.h"

#include <stdalign.h>
#include <stdlib.h>

#define SETS 16 // a power of two
#define WAYS 8
#define SHARE (WAYS / 4) // of a set, that no other app can take from its owner
#define LEARN_EVERY 4 // bursts for each shape learnt
#define STALE 4096 // bursts without a match after which anybody may take the place

// What tells the shapes of a set apart at a glance, in one cache line.
struct set {
	alignas(JG_CACHE_LINE) uint16_t quotes_n[WAYS]; // 0: free
	uint8_t schema[WAYS];
	uint32_t owner[WAYS];
};

struct jg_shapes {
	jg_shape_regions_fn *regions;
	uint32_t clock; // bursts
	struct set sets[SETS];
	struct jg_shape shapes[SETS][WAYS];
};

struct jg_shapes *jg_shapes_new(jg_shape_regions_fn *regions)
{
	struct jg_shapes *shapes = aligned_alloc(JG_CACHE_LINE, sizeof(*shapes));
	if (shapes == NULL)
		return NULL;
	memset(shapes, 0, sizeof(*shapes));
	shapes->regions = regions;
	return shapes;
}

void jg_shapes_free(struct jg_shapes *shapes)
{
	free(shapes);
}

bool jg_shapes_turn(struct jg_shapes *shapes)
{
	return ++shapes->clock % LEARN_EVERY == 0;
}

bool jg_shape_regions_portable(const struct jg_shape *shape, const struct jg_text *text)
{
	for (unsigned i = 0; i < shape->regions_n; i++) {
		const struct jg_shape_region *region = &shape->regions[i];
		uint32_t at = jg_shape_at(text, region->from);
		if (at > text->len || region->len > text->len - at ||
			memcmp(text->bytes + at, shape->skeleton + region->at, region->len) != 0)
			return false;
	}
	return true;
}

// The number of quotation marks tells most shapes of one vendor apart.
static unsigned set_of(unsigned schema, uint32_t quotes_n)
{
	return (quotes_n / 2 + schema * 5) & (SETS - 1);
}

// Regions and holes cover the text without a gap between them, each being measured from the mark that
// ends the one before; what is left to check is that nothing stands before the first or behind the
// last.
static bool ends_meet(const struct jg_shape *shape, const struct jg_text *text)
{
	const struct jg_shape_region *last = &shape->regions[shape->regions_n - 1];
	return jg_shape_at(text, shape->regions[0].from) == 0 &&
		jg_shape_at(text, last->from) + last->len == text->len;
}

// Is it all digits, up to sixteen, and no zero before others? Reads sixteen bytes.
static bool plain_number(const uint8_t *p, uint32_t len)
{
	const uint64_t sixes = UINT64_C(0x0606060606060606);
	const uint64_t high = UINT64_C(0xf0f0f0f0f0f0f0f0);
	const uint64_t threes = UINT64_C(0x3333333333333333);
	uint64_t word[2];
	if (len > 16 || (p[0] == '0' && len > 1))
		return false;
	memcpy(word, p, sizeof(word));
	uint64_t wrong[2];
	for (unsigned i = 0; i < 2; i++)
		wrong[i] = ((word[i] & high) | ((word[i] + sixes) & high) >> 4) ^ threes;
	if (len < 8)
		return (wrong[0] << (64 - 8 * len)) == 0;
	return wrong[0] == 0 && (len == 8 || (wrong[1] << (128 - 8 * len)) == 0);
}

static bool numbers_hold(const struct jg_shape *shape, const struct jg_text *text)
{
	for (unsigned i = 0; i < shape->numbers_n; i++) {
		uint32_t from = jg_shape_at(text, shape->numbers[i].from);
		uint32_t to = jg_shape_at(text, shape->numbers[i].to);
		if (from >= to || to > text->len)
			return false;
		if (!plain_number(text->bytes + from, to - from) &&
			jg_scan_number(text->bytes, from) != to)
			return false;
	}
	return true;
}

static void fill_claims(
	const struct jg_shape *shape, const struct jg_text *text, struct jg_claims *claims)
{
	bool backslashes = (text->flags & JG_TEXT_BACKSLASH) != 0;
	claims->present = shape->present;
	memcpy(claims->of_type, shape->of_type, sizeof(claims->of_type));
	for (unsigned i = 0; i < shape->claims_n; i++) {
		const struct jg_shape_claim *c = &shape->claims[i];
		uint32_t from = jg_shape_at(text, c->from);
		uint32_t len = jg_shape_at(text, c->to) - from;
		bool escaped = backslashes && c->type == JG_JSON_STRING &&
			memchr(text->bytes + from, '\\', len) != NULL;
		claims->slot[c->slot] = (struct jg_claim){from, len, c->type, escaped};
	}
}

bool jg_shapes_match(
	struct jg_shapes *shapes, unsigned schema, struct jg_text *text, struct jg_claims *claims)
{
	if ((text->flags & (JG_TEXT_CONTROL | JG_TEXT_ESCAPE)) != 0 || text->quotes_n == 0)
		return false;
	text->bytes[text->len] = 0;
	text->quotes[text->quotes_n] = (uint16_t)text->len;
	unsigned index = set_of(schema, text->quotes_n);
	const struct set *set = &shapes->sets[index];
	for (unsigned way = 0; way < WAYS; way++) {
		if (set->quotes_n[way] != text->quotes_n || set->schema[way] != schema)
			continue;
		struct jg_shape *shape = &shapes->shapes[index][way];
		if (!shapes->regions(shape, text) || !ends_meet(shape, text) ||
			!numbers_hold(shape, text))
			continue;
		shape->used = shapes->clock;
		fill_claims(shape, text, claims);
		return true;
	}
	return false;
}

// What a place is measured from: the quotation mark at or before it, or the next one when a number,
// whose length varies, lies between.
static bool place_of(struct jg_shape_place *place, const struct jg_text *text,
	const struct jg_holes *holes, uint32_t at)
{
	uint32_t quote = 0;
	while (quote + 1 < text->quotes_n && text->quotes[quote + 1] <= at)
		quote++;
	uint32_t base = text->quotes[quote];
	for (uint32_t i = 0; i < holes->n; i++) {
		const struct jg_hole *hole = &holes->hole[i];
		if (hole->type == JG_JSON_NUMBER && hole->start > base && hole->end <= at) {
			quote = quote + 1;
			base = quote == text->quotes_n ? text->len : text->quotes[quote];
			break;
		}
	}
	int32_t delta = (int32_t)at - (int32_t)base;
	if (delta > INT16_MAX || delta < INT16_MIN)
		return false;
	*place = (struct jg_shape_place){(uint16_t)quote, (int16_t)delta};
	return true;
}

// Two numbers between two quotation marks: neither's place is known in advance.
static bool numbers_apart(const struct jg_text *text, const struct jg_holes *holes)
{
	uint32_t quote = 0;
	for (uint32_t i = 0; i < holes->n; i++) {
		if (holes->hole[i].type != JG_JSON_NUMBER)
			continue;
		while (quote + 1 < text->quotes_n && text->quotes[quote + 1] < holes->hole[i].start)
			quote++;
		uint32_t end = quote + 1 < text->quotes_n ? text->quotes[quote + 1] : text->len;
		if (i + 1 < holes->n && holes->hole[i + 1].type == JG_JSON_NUMBER &&
			holes->hole[i + 1].start < end)
			return false;
	}
	return true;
}

static bool add_region(struct jg_shape *shape, const struct jg_text *text,
	const struct jg_holes *holes, uint32_t from, uint32_t to)
{
	struct jg_shape_region *region = &shape->regions[shape->regions_n++];
	region->at = (uint16_t)from;
	region->len = (uint16_t)(to - from);
	return place_of(&region->from, text, holes, from);
}

static bool add_regions(
	struct jg_shape *shape, const struct jg_text *text, const struct jg_holes *holes)
{
	uint32_t from = 0;
	for (uint32_t i = 0; i < holes->n; i++) {
		const struct jg_hole *hole = &holes->hole[i];
		if (!add_region(shape, text, holes, from, hole->start))
			return false;
		from = hole->end;
		if (hole->type != JG_JSON_NUMBER)
			continue;
		struct jg_shape_number *number = &shape->numbers[shape->numbers_n++];
		if (!place_of(&number->from, text, holes, hole->start) ||
			!place_of(&number->to, text, holes, hole->end))
			return false;
	}
	return add_region(shape, text, holes, from, text->len);
}

static bool add_claims(struct jg_shape *shape, const struct jg_text *text,
	const struct jg_claims *claims, const struct jg_holes *holes)
{
	// The types say all there is to say about words.
	uint64_t words = claims->of_type[JG_JSON_TRUE] | claims->of_type[JG_JSON_FALSE] |
		claims->of_type[JG_JSON_NULL];
	shape->present = claims->present;
	memcpy(shape->of_type, claims->of_type, sizeof(shape->of_type));
	for (unsigned slot = 0; slot < JG_CLAIMS_MAX; slot++) {
		if (((claims->present & ~words) >> slot & 1) == 0)
			continue;
		if (shape->claims_n == JG_SHAPE_CLAIMS_MAX)
			return false;
		const struct jg_claim *claim = &claims->slot[slot];
		struct jg_shape_claim *c = &shape->claims[shape->claims_n++];
		c->slot = (uint8_t)slot;
		c->type = claim->type;
		// A string is measured from the mark before it: when it is empty, the mark behind
		// it stands where it starts.
		uint32_t mark = claim->type == JG_JSON_STRING;
		if (!place_of(&c->from, text, holes, claim->start - mark) ||
			!place_of(&c->to, text, holes, claim->start + claim->len))
			return false;
		c->from.delta = (int16_t)(c->from.delta + (int16_t)mark);
	}
	return true;
}

static bool build(struct jg_shape *shape, const struct jg_text *text,
	const struct jg_claims *claims, const struct jg_holes *holes)
{
	if (holes->n > JG_HOLES_MAX || text->len > JG_SHAPE_TEXT_MAX || text->quotes_n < 2 ||
		!numbers_apart(text, holes))
		return false;
	memset(shape, 0, sizeof(*shape));
	// Strings are secrets of nobody, but they are no part of the shape either.
	memcpy(shape->skeleton, text->bytes, text->len);
	for (uint32_t i = 0; i < holes->n; i++)
		memset(shape->skeleton + holes->hole[i].start, 0,
			(size_t)(holes->hole[i].end - holes->hole[i].start));
	return add_regions(shape, text, holes) && add_claims(shape, text, claims, holes);
}

static unsigned owned_ways(const struct set *set, uint32_t owner)
{
	unsigned owned = 0;
	for (unsigned way = 0; way < WAYS; way++)
		owned += set->quotes_n[way] != 0 && set->owner[way] == owner;
	return owned;
}

// A free place, else the longest unused of those the app may take: its own, stale ones, and, while
// it has less than its share, those of an app that has more than its. WAYS: none.
static unsigned way_for(const struct jg_shapes *shapes, unsigned index, uint32_t owner)
{
	const struct set *set = &shapes->sets[index];
	bool poor = owned_ways(set, owner) < SHARE;
	unsigned best = WAYS;
	uint32_t longest = 0;
	for (unsigned way = 0; way < WAYS; way++) {
		if (set->quotes_n[way] == 0)
			return way;
		uint32_t unused = shapes->clock - shapes->shapes[index][way].used;
		bool mine = set->owner[way] == owner || unused > STALE ||
			(poor && owned_ways(set, set->owner[way]) > SHARE);
		if (mine && unused >= longest) {
			longest = unused;
			best = way;
		}
	}
	return best;
}

void jg_shapes_learn(struct jg_shapes *shapes, unsigned schema, uint32_t owner,
	const struct jg_text *text, const struct jg_claims *claims, const struct jg_holes *holes)
{
	unsigned index = set_of(schema, text->quotes_n);
	unsigned way = way_for(shapes, index, owner);
	struct jg_shape shape;
	if (way == WAYS || !build(&shape, text, claims, holes))
		return;
	shape.used = shapes->clock;
	shapes->shapes[index][way] = shape;
	shapes->sets[index].quotes_n[way] = (uint16_t)text->quotes_n;
	shapes->sets[index].schema[way] = (uint8_t)schema;
	shapes->sets[index].owner[way] = owner;
}
