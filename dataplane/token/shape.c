// SPDX-License-Identifier: BSD-3-Clause
#include "shape.h"

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
	jg_shape_fit_fn *fit;
	uint32_t clock; // bursts
	struct set sets[SETS];
	struct jg_shape shapes[SETS][WAYS];
};

struct jg_shapes *jg_shapes_new(jg_shape_fit_fn *fit)
{
	struct jg_shapes *shapes = aligned_alloc(JG_CACHE_LINE, sizeof(*shapes));
	if (shapes == NULL)
		return NULL;
	memset(shapes, 0, sizeof(*shapes));
	shapes->fit = fit;
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

bool jg_shape_fit_portable(
	const struct jg_shape *shape, const struct jg_text *text, uint16_t at[JG_SHAPE_PLACES_MAX])
{
	if (!jg_shape_places(shape, text, at))
		return false;
	for (unsigned i = 0; i < shape->pieces_n; i++)
		if (memcmp(text->bytes + at[i], shape->bytes[i], shape->len[i]) != 0)
			return false;
	return true;
}

// The number of quotation marks tells most shapes of one vendor apart.
static unsigned set_of(unsigned schema, uint32_t quotes_n)
{
	return (quotes_n / 2 + schema * 5) & (SETS - 1);
}

// Pieces and holes cover the text without a gap between them, each being measured from the mark that
// ends the hole before; what is left to check is that nothing stands before the first or behind the
// last.
static bool ends_meet(const struct jg_shape *shape, const struct jg_text *text, const uint16_t *at)
{
	unsigned last = shape->pieces_n - 1u;
	return at[0] == 0 && at[last] + (uint32_t)shape->len[last] == text->len;
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

static bool numbers_hold(
	const struct jg_shape *shape, const struct jg_text *text, const uint16_t *at)
{
	for (unsigned i = 0; i < shape->numbers_n; i++) {
		uint32_t from = at[shape->numbers[i].from];
		uint32_t to = at[shape->numbers[i].to];
		if (from >= to)
			return false;
		if (!plain_number(text->bytes + from, to - from) &&
			jg_scan_number(text->bytes, from) != to)
			return false;
	}
	return true;
}

// Strings with backslashes in them are to be decoded before use.
static void mark_escaped(const struct jg_shape *shape, struct jg_claims *claims)
{
	for (unsigned i = 0; i < shape->claims_n; i++) {
		struct jg_claim *claim = &claims->slot[shape->claims[i].slot];
		claim->escaped = claim->type == JG_JSON_STRING &&
			memchr(claims->text + claim->start, '\\', claim->len) != NULL;
	}
}

static void fill_claims(const struct jg_shape *shape, const struct jg_text *text,
	const uint16_t *at, struct jg_claims *claims)
{
	claims->present = shape->present;
	memcpy(claims->of_type, shape->of_type, sizeof(claims->of_type));
	for (unsigned i = 0; i < shape->claims_n; i++) {
		const struct jg_shape_claim *c = &shape->claims[i];
		uint32_t from = at[c->from];
		claims->slot[c->slot] = (struct jg_claim){from, at[c->to] - from, c->type, false};
	}
	if ((text->flags & JG_TEXT_BACKSLASH) != 0)
		mark_escaped(shape, claims);
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
	uint16_t at[JG_SHAPE_PLACES_MAX];
	for (unsigned way = 0; way < WAYS; way++) {
		if (set->quotes_n[way] != text->quotes_n || set->schema[way] != schema)
			continue;
		struct jg_shape *shape = &shapes->shapes[index][way];
		if (!shapes->fit(shape, text, at) || !ends_meet(shape, text, at) ||
			!numbers_hold(shape, text, at))
			continue;
		shape->used = shapes->clock;
		fill_claims(shape, text, at, claims);
		return true;
	}
	return false;
}

// What is known of the text that teaches.
struct lesson {
	const struct jg_text *text;
	const struct jg_claims *claims;
	const struct jg_holes *holes;
};

// The number of a place, which is measured from the quotation mark at or before it, or from the next
// one when a number, whose length varies, lies between. Shared with an equal one that is no piece's.
static uint8_t place_of(
	struct jg_shape *shape, const struct lesson *lesson, uint32_t at, uint32_t skip)
{
	const struct jg_text *text = lesson->text;
	uint32_t quote = 0;
	while (quote + 1 < text->quotes_n && text->quotes[quote + 1] <= at)
		quote++;
	uint32_t base = text->quotes[quote];
	for (uint32_t i = 0; i < lesson->holes->n; i++) {
		const struct jg_hole *hole = &lesson->holes->hole[i];
		if (hole->type == JG_JSON_NUMBER && hole->start > base && hole->end <= at) {
			quote = quote + 1;
			base = quote == text->quotes_n ? text->len : text->quotes[quote];
			break;
		}
	}
	uint16_t delta = (uint16_t)(at + skip - base);
	unsigned place = shape->pieces_n;
	while (place < shape->places_n &&
		(shape->quote[place] != quote || shape->delta[place] != delta))
		place++;
	if (place == shape->places_n)
		shape->places_n++;
	shape->quote[place] = (uint16_t)quote;
	shape->delta[place] = delta;
	return (uint8_t)place;
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

static void add_pieces(
	struct jg_shape *shape, const struct lesson *lesson, uint32_t from, uint32_t to)
{
	for (uint32_t at = from; at < to; at += JG_SHAPE_PIECE) {
		uint32_t len = to - at < JG_SHAPE_PIECE ? to - at : JG_SHAPE_PIECE;
		unsigned piece = place_of(shape, lesson, from, at - from);
		assert(piece == shape->pieces_n);
		memcpy(shape->bytes[piece], lesson->text->bytes + at, len);
		shape->len[piece] = (uint16_t)len;
		shape->pieces_n++;
	}
}

// What stands between the holes, then the places of the numbers in them.
static void add_skeleton(struct jg_shape *shape, const struct lesson *lesson)
{
	const struct jg_holes *holes = lesson->holes;
	uint32_t from = 0;
	for (uint32_t i = 0; i < holes->n; i++) {
		add_pieces(shape, lesson, from, holes->hole[i].start);
		from = holes->hole[i].end;
	}
	add_pieces(shape, lesson, from, lesson->text->len);
	for (uint32_t i = 0; i < holes->n; i++) {
		if (holes->hole[i].type != JG_JSON_NUMBER)
			continue;
		struct jg_shape_number *number = &shape->numbers[shape->numbers_n++];
		number->from = place_of(shape, lesson, holes->hole[i].start, 0);
		number->to = place_of(shape, lesson, holes->hole[i].end, 0);
	}
}

static bool add_claims(struct jg_shape *shape, const struct lesson *lesson)
{
	const struct jg_claims *claims = lesson->claims;
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
		c->from = place_of(shape, lesson, claim->start - mark, mark);
		c->to = place_of(shape, lesson, claim->start + claim->len, 0);
	}
	return true;
}

static bool build(struct jg_shape *shape, const struct lesson *lesson)
{
	const struct jg_text *text = lesson->text;
	if (lesson->holes->n > JG_HOLES_MAX || text->len > JG_SHAPE_TEXT_MAX ||
		text->quotes_n < 2 || !numbers_apart(text, lesson->holes))
		return false;
	memset(shape, 0, sizeof(*shape));
	add_skeleton(shape, lesson);
	return add_claims(shape, lesson);
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
	const struct lesson lesson = {text, claims, holes};
	if (way == WAYS || !build(&shape, &lesson))
		return;
	shape.used = shapes->clock;
	shapes->shapes[index][way] = shape;
	shapes->sets[index].quotes_n[way] = (uint16_t)text->quotes_n;
	shapes->sets[index].schema[way] = (uint8_t)schema;
	shapes->sets[index].owner[way] = owner;
}
