// SPDX-License-Identifier: BSD-3-Clause
// The table of known shapes, and what is read of a text that has one of them.
#include "shape.h"

#include "digits.h"
#include "simd/decoders.h"

#include <stdlib.h>

#define SETS 8 // a power of two
#define WAYS 16
#define SHARE (WAYS / 4) // of a set, that no other app can take from its owner
#define LEARN_EVERY 4 // bursts for each shape learnt; a power of two
#define LEARN_SELDOM 64 // the same when what is learnt is not met again
#define STALE 4096 // bursts without a match after which anybody may take the place

// Eight bytes of a shape that others of its kind do not have at the same place.
struct probe {
	uint64_t word;
	uint64_t mask;
	uint16_t quote;
	uint16_t delta;
};

// What tells the shapes of a set apart at a glance.
struct set {
	alignas(JG_CACHE_LINE) uint32_t kind[WAYS]; // 0: free
	struct probe probe[WAYS];
	uint32_t owner[WAYS];
	struct jg_shape *last; // that matched
	bool crowded; // some are of one kind
};

struct jg_shapes {
	const struct jg_decoders *decoders;
	uint32_t clock; // bursts
	uint32_t every; // bursts for each shape learnt
	uint32_t hits; // of the shape learnt last
	const struct jg_shape *newest; // the shape learnt last
	struct set sets[SETS];
	struct jg_shape shapes[SETS][WAYS];
};

struct jg_shapes *jg_shapes_new(const struct jg_decoders *decoders)
{
	struct jg_shapes *shapes = aligned_alloc(JG_CACHE_LINE, sizeof(*shapes));
	if (shapes == NULL)
		return NULL;
	memset(shapes, 0, sizeof(*shapes));
	shapes->decoders = decoders;
	shapes->every = LEARN_EVERY;
	for (unsigned i = 0; i < SETS; i++)
		shapes->sets[i].last = shapes->shapes[i];
	return shapes;
}

void jg_shapes_free(struct jg_shapes *shapes)
{
	free(shapes);
}

bool jg_shapes_turn(struct jg_shapes *shapes)
{
	return ++shapes->clock % shapes->every == 0;
}

static bool times_plain(const struct jg_shape *shape, const struct jg_text *text,
	const uint16_t *at, int64_t time[JG_VALUE_TIMES])
{
	for (unsigned i = 0; i < JG_VALUE_TIMES; i++) {
		time[i] = JG_TIME_NONE;
		if ((shape->values >> (JG_VALUE_EXP + i) & 1) == 0)
			continue;
		const uint16_t *place = &at[2 * (JG_VALUE_EXP + i)];
		const uint8_t *digits = text->bytes + place[0];
		// What is not there at all has a length beyond any number's.
		if (!jg_digits_plain(digits, (uint32_t)place[1] - place[0], &time[i]) ||
			digits[0] == '0')
			return false;
	}
	return true;
}

enum jg_fit jg_shape_fit_portable(const struct jg_shape *shape, const struct jg_text *text,
	uint16_t at[JG_SHAPE_PLACES_MAX], int64_t time[JG_VALUE_TIMES])
{
	if (!jg_shape_places(shape, text, 0, shape->fit_n, at))
		return JG_FIT_NONE;
	for (unsigned i = 0; i < shape->pieces_n; i++)
		if (memcmp(text->bytes + at[JG_SHAPE_FIRST + i], shape->bytes[i],
			    shape->len[JG_SHAPE_FIRST + i]) != 0)
			return JG_FIT_NONE;
	return shape->outlined && times_plain(shape, text, at, time) ? JG_FIT_TIMES : JG_FIT_PLACES;
}

// The number of quotation marks tells most shapes of one vendor apart.
static struct set *set_of(struct jg_shapes *shapes, unsigned schema, uint32_t quotes_n)
{
	return &shapes->sets[(quotes_n / 2 + schema * 5) & (SETS - 1)];
}

static uint32_t kind_of(unsigned schema, uint32_t quotes_n)
{
	return (schema + 1) << 16 | quotes_n;
}

static struct jg_shape *shape_at(struct jg_shapes *shapes, const struct set *set, unsigned way)
{
	return &shapes->shapes[set - shapes->sets][way];
}

// Is it all digits, up to sixteen, and no zero before others? Reads sixteen bytes.
static bool plain_number(const uint8_t *p, uint32_t len)
{
	uint64_t word[2];
	if (len > 16 || (p[0] == '0' && len > 1))
		return false;
	memcpy(word, p, sizeof(word));
	const uint64_t others = jg_digits_others(word[0]);
	if (len < 8)
		return others << (64 - 8 * len) == 0;
	return others == 0 && (len == 8 || jg_digits_others(word[1]) << (128 - 8 * len) == 0);
}

static bool numbers_hold(const struct jg_shape *shape, const struct jg_text *text,
	const uint16_t *at, unsigned first)
{
	for (unsigned i = first; i < shape->numbers_n; i++) {
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

static void fill_reading(const struct jg_shape *shape, struct jg_reading *reading)
{
	reading->capabilities = shape->capabilities;
	reading->values = shape->values;
	reading->claim_bits = shape->claim_bits;
}

// By the outline, where every value is as nearly every token has it.
static inline __attribute__((always_inline)) enum jg_match read_places(
	const struct jg_shapes *shapes, const struct jg_shape *shape, const struct jg_text *text,
	uint16_t at[JG_SHAPE_PLACES_MAX], struct jg_reading *reading)
{
	enum jg_fit fit = shapes->decoders->fit(shape, text, at, reading->time);
	if (fit == JG_FIT_NONE || !jg_shape_ends_meet(shape, text, at))
		return JG_MATCH_NONE;
	if (fit != JG_FIT_TIMES || !jg_shape_ordinary(shape, at) ||
		!numbers_hold(shape, text, at, shape->times_n))
		return JG_MATCH_PERHAPS;
	memcpy(reading->place, at, 2 * JG_VALUES * sizeof(at[0]));
	return JG_MATCH_READING;
}

static inline __attribute__((always_inline)) enum jg_match match(struct jg_shapes *shapes,
	const struct jg_shape *shape, const struct jg_text *text, struct jg_claims *claims,
	struct jg_reading *reading)
{
	uint16_t at[JG_SHAPE_PLACES_MAX];
	enum jg_match found = read_places(shapes, shape, text, at, reading);
	if (found == JG_MATCH_READING)
		fill_reading(shape, reading);
	if (found != JG_MATCH_PERHAPS)
		return found;
	if (!jg_shape_places(shape, text, shape->fit_n, shape->places_n, at) ||
		!numbers_hold(shape, text, at, 0))
		return JG_MATCH_NONE;
	fill_claims(shape, text, at, claims);
	return JG_MATCH_CLAIMS;
}

static inline bool probe_fits(const struct probe *probe, const struct jg_text *text)
{
	uint16_t at = (uint16_t)(text->quotes[probe->quote] + probe->delta);
	uint64_t word;
	if (at > text->len)
		return false;
	memcpy(&word, text->bytes + at, sizeof(word));
	return (word & probe->mask) == probe->word;
}

static inline void note_match(struct jg_shapes *shapes, struct set *set, struct jg_shape *shape)
{
	set->last = shape;
	shape->used = shapes->clock;
	shapes->hits += shape == shapes->newest;
}

// May a text of this kind have the shape in this way?
static inline bool may_have(
	const struct set *set, unsigned way, uint32_t kind, const struct jg_text *text)
{
	return set->kind[way] == kind && probe_fits(&set->probe[way], text);
}

// The first shape, from a way on, that the text may have; the way is that shape's then. NULL: there is none.
static struct jg_shape *next_of(struct jg_shapes *shapes, const struct set *set, uint32_t kind,
	const struct jg_text *text, unsigned *way)
{
	while (*way < WAYS && !may_have(set, *way, kind, text))
		++*way;
	return *way < WAYS ? shape_at(shapes, set, *way) : NULL;
}

static inline enum jg_match note_reading(struct jg_shapes *shapes, struct set *set,
	struct jg_shape *shape, struct jg_reading *reading)
{
	fill_reading(shape, reading);
	note_match(shapes, set, shape);
	return JG_MATCH_READING;
}

// Where shapes have to be told apart first, or have more holes than the values between marks.
static __attribute__((noinline)) enum jg_match read_listed(struct jg_shapes *shapes,
	struct set *set, uint32_t kind, struct jg_text *text, struct jg_reading *reading)
{
	uint16_t at[JG_SHAPE_PLACES_MAX];
	unsigned way = 0;
	if ((text->flags & JG_TEXT_MARKED) != 0)
		shapes->decoders->list(text);
	struct jg_shape *shape = next_of(shapes, set, kind, text, &way);
	if (shape == NULL)
		return JG_MATCH_NONE;
	if (!(shape->in_line ? shapes->decoders->shape_read(shape, text, reading)
			     : read_places(shapes, shape, text, at, reading) == JG_MATCH_READING))
		return JG_MATCH_PERHAPS;
	return note_reading(shapes, set, shape, reading);
}

enum jg_match jg_shapes_read(
	struct jg_shapes *shapes, unsigned schema, struct jg_text *text, struct jg_reading *reading)
{
	struct set *set = set_of(shapes, schema, text->quotes_n);
	uint32_t kind = kind_of(schema, text->quotes_n);
	struct jg_shape *shape = set->last;
	if ((text->flags & (JG_TEXT_CONTROL | JG_TEXT_ESCAPE)) != 0)
		return JG_MATCH_NONE;
	if (shape->kind != kind || set->crowded || !shape->in_line)
		return read_listed(shapes, set, kind, text, reading);
	if (!shapes->decoders->shape_read(shape, text, reading))
		return JG_MATCH_PERHAPS;
	return note_reading(shapes, set, shape, reading);
}

enum jg_match jg_shapes_match(struct jg_shapes *shapes, unsigned schema, const struct jg_text *text,
	struct jg_claims *claims, struct jg_reading *reading)
{
	if ((text->flags & (JG_TEXT_CONTROL | JG_TEXT_ESCAPE)) != 0 || text->quotes_n == 0)
		return JG_MATCH_NONE;
	struct set *set = set_of(shapes, schema, text->quotes_n);
	uint32_t kind = kind_of(schema, text->quotes_n);
	struct jg_shape *shape;
	for (unsigned way = 0; (shape = next_of(shapes, set, kind, text, &way)) != NULL; way++) {
		enum jg_match found = match(shapes, shape, text, claims, reading);
		if (found == JG_MATCH_NONE)
			continue;
		note_match(shapes, set, shape);
		return found;
	}
	return JG_MATCH_NONE;
}

static unsigned owned_ways(const struct set *set, uint32_t owner)
{
	unsigned owned = 0;
	for (unsigned way = 0; way < WAYS; way++)
		owned += set->kind[way] != 0 && set->owner[way] == owner;
	return owned;
}

// A free place, else the longest unused of those the app may take: its own, stale ones, and, while
// it has less than its share, those of an app that has more than its. WAYS: none.
static unsigned way_for(struct jg_shapes *shapes, const struct set *set, uint32_t owner)
{
	bool poor = owned_ways(set, owner) < SHARE;
	unsigned best = WAYS;
	uint32_t longest = 0;
	for (unsigned way = 0; way < WAYS; way++) {
		if (set->kind[way] == 0)
			return way;
		uint32_t unused = shapes->clock - shape_at(shapes, set, way)->used;
		bool mine = set->owner[way] == owner || unused > STALE ||
			(poor && owned_ways(set, set->owner[way]) > SHARE);
		if (mine && unused >= longest) {
			longest = unused;
			best = way;
		}
	}
	return best;
}

// Look at eight bytes of this piece, the ones from a byte on where there are as many.
static void set_probe(
	struct probe *probe, const struct jg_shape *shape, unsigned piece, unsigned byte)
{
	unsigned place = JG_SHAPE_FIRST + piece;
	unsigned len = shape->len[place];
	if (byte + 8 > len)
		byte = len > 8 ? len - 8 : 0;
	unsigned left = len - byte < 8 ? len - byte : 8;
	probe->quote = shape->quote[place];
	probe->delta = (uint16_t)(shape->delta[place] + byte);
	probe->mask = UINT64_MAX >> (64 - 8 * left);
	probe->word = 0;
	memcpy(&probe->word, shape->bytes[piece] + byte, left);
}

static bool has_two_of_a_kind(const struct set *set)
{
	for (unsigned way = 1; way < WAYS; way++)
		for (unsigned other = 0; set->kind[way] != 0 && other < way; other++)
			if (set->kind[other] == set->kind[way])
				return true;
	return false;
}

// Where a text of the same kind first differs from a shape; false when it does not.
static bool first_difference(
	const struct jg_shape *shape, const struct jg_text *text, unsigned *piece, unsigned *byte)
{
	for (unsigned i = 0; i < shape->pieces_n; i++) {
		unsigned place = JG_SHAPE_FIRST + i;
		uint32_t at = (uint16_t)(text->quotes[shape->quote[place]] + shape->delta[place]);
		for (unsigned j = 0; j < shape->len[place]; j++) {
			if (at + j < text->len && text->bytes[at + j] == shape->bytes[i][j])
				continue;
			*piece = i;
			*byte = j;
			return true;
		}
	}
	return false;
}

// Each shape of a kind gets a probe that keeps the text of a new one out, and the new one a probe that
// keeps out texts that differ where this one differs from a shape known before.
static void tell_apart(
	struct jg_shapes *shapes, struct set *set, unsigned way, const struct jg_text *text)
{
	const struct jg_shape *shape = shape_at(shapes, set, way);
	set_probe(&set->probe[way], shape, shape->pieces_n - 1u, 0);
	for (unsigned other = 0; other < WAYS; other++) {
		unsigned piece, byte;
		const struct jg_shape *known = shape_at(shapes, set, other);
		if (other == way || set->kind[other] != set->kind[way] ||
			!first_difference(known, text, &piece, &byte))
			continue;
		if (probe_fits(&set->probe[other], text))
			set_probe(&set->probe[other], known, piece, byte);
		if (piece < shape->pieces_n && byte < shape->len[JG_SHAPE_FIRST + piece])
			set_probe(&set->probe[way], shape, piece, byte);
	}
}

// A shape that nobody had while it was the newest was not worth its price: the next ones come seldom.
static void pace(struct jg_shapes *shapes, const struct jg_shape *shape)
{
	uint32_t seldom = shapes->every < LEARN_SELDOM ? 2 * shapes->every : LEARN_SELDOM;
	shapes->every = shapes->newest == NULL || shapes->hits > 0 ? LEARN_EVERY : seldom;
	shapes->newest = shape;
	shapes->hits = 0;
}

void jg_shapes_learn(struct jg_shapes *shapes, const struct jg_json_schema *schema, uint32_t owner,
	const struct jg_text *text, const struct jg_claims *claims, const struct jg_holes *holes)
{
	struct set *set = set_of(shapes, schema->number, text->quotes_n);
	unsigned way = way_for(shapes, set, owner);
	struct jg_shape shape;
	if (way == WAYS || !jg_shape_build(&shape, schema, text, claims, holes))
		return;
	shape.used = shapes->clock;
	shape.kind = set->kind[way] = kind_of(schema->number, text->quotes_n);
	*shape_at(shapes, set, way) = shape;
	set->owner[way] = owner;
	set->crowded = has_two_of_a_kind(set);
	tell_apart(shapes, set, way, text);
	pace(shapes, shape_at(shapes, set, way));
}
