// SPDX-License-Identifier: BSD-3-Clause
// A shape is made of a text: the bytes around its strings and numbers, and where those stand.
#include "shape.h"

// What is known of the text that teaches.
struct lesson {
	const struct jg_text *text;
	const struct jg_claims *claims;
	const struct jg_holes *holes;
	struct jg_outline outline;
};

// Put a place there: measured from the quotation mark at or before it, or from the next one when a
// number, whose length varies, lies between.
static void set_place(struct jg_shape *shape, const struct lesson *lesson, unsigned place,
	uint32_t at, uint32_t skip)
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
	shape->quote[place] = (uint16_t)quote;
	shape->delta[place] = (uint16_t)(at + skip - base);
}

// The number of a new place, or of an equal one that is there already and no piece's.
static uint8_t place_of(
	struct jg_shape *shape, const struct lesson *lesson, uint32_t at, uint32_t skip)
{
	unsigned last = shape->places_n;
	set_place(shape, lesson, last, at, skip);
	unsigned place = 0;
	while (shape->len[place] != 0 || shape->quote[place] != shape->quote[last] ||
		shape->delta[place] != shape->delta[last])
		place++;
	if (place == last) {
		shape->places_n++;
	} else {
		shape->quote[last] = 0;
		shape->delta[last] = 0;
	}
	return (uint8_t)place;
}

// Both ends of a value. A string is measured from the mark before it: when it is empty, the mark behind
// it stands where it starts.
static void add_value(
	struct jg_shape *shape, const struct lesson *lesson, unsigned value, unsigned slot)
{
	const struct jg_claim *claim = &lesson->claims->slot[slot];
	uint32_t mark = claim->type == JG_JSON_STRING;
	set_place(shape, lesson, 2 * value, claim->start - mark, mark);
	set_place(shape, lesson, 2 * value + 1, claim->start + claim->len, 0);
	shape->values |= (uint8_t)(1u << value);
}

// What the profile makes of the skeleton; some are not for outlines.
static void add_outline(struct jg_shape *shape, const struct lesson *lesson)
{
	const struct jg_outline *outline = &lesson->outline;
	shape->capabilities = outline->capabilities;
	shape->claim_bits = outline->claim_bits;
	for (unsigned value = 0; value < JG_VALUES; value++)
		if (outline->slot[value] != JG_VALUE_NO_SLOT)
			add_value(shape, lesson, value, outline->slot[value]);
}

// The first mark from a place on, or the end of the text; places only grow from call to call.
static uint32_t next_mark(const struct jg_text *text, uint32_t *quote, uint32_t at)
{
	while (*quote < text->quotes_n && text->quotes[*quote] < at)
		(*quote)++;
	return *quote < text->quotes_n ? text->quotes[*quote] : text->len;
}

// Two numbers between two quotation marks: neither's place is known in advance.
static bool numbers_apart(const struct jg_text *text, const struct jg_holes *holes)
{
	uint32_t quote = 0;
	for (uint32_t i = 0; i < holes->n; i++) {
		if (holes->hole[i].type != JG_JSON_NUMBER)
			continue;
		uint32_t end = next_mark(text, &quote, holes->hole[i].start);
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
		unsigned piece = shape->pieces_n++;
		unsigned place = JG_SHAPE_FIRST + piece;
		set_place(shape, lesson, place, from, at - from);
		memcpy(shape->bytes[piece], lesson->text->bytes + at, len);
		shape->len[place] = (uint16_t)len;
		shape->mask[piece] = UINT32_MAX >> (JG_SHAPE_PIECE - len);
	}
	shape->places_n = (uint16_t)(JG_SHAPE_FIRST + shape->pieces_n);
}

// Is this number one of the outline's times?
static bool is_time(const struct lesson *lesson, const struct jg_hole *hole)
{
	return hole->slot != JG_SCAN_NO_SLOT &&
		memchr(lesson->outline.slot + JG_VALUE_EXP, hole->slot, JG_VALUE_TIMES) != NULL;
}

static void add_numbers(struct jg_shape *shape, const struct lesson *lesson, bool times)
{
	for (uint32_t i = 0; i < lesson->holes->n; i++) {
		const struct jg_hole *hole = &lesson->holes->hole[i];
		if (hole->type != JG_JSON_NUMBER || is_time(lesson, hole) != times)
			continue;
		struct jg_shape_number *number = &shape->numbers[shape->numbers_n++];
		number->from = place_of(shape, lesson, hole->start, 0);
		number->to = place_of(shape, lesson, hole->end, 0);
	}
}

// What stands between the holes, then the places of the numbers in them, times first.
static void add_skeleton(struct jg_shape *shape, const struct lesson *lesson)
{
	const struct jg_holes *holes = lesson->holes;
	uint32_t from = 0;
	for (uint32_t i = 0; i < holes->n; i++) {
		add_pieces(shape, lesson, from, holes->hole[i].start);
		from = holes->hole[i].end;
	}
	add_pieces(shape, lesson, from, lesson->text->len);
	add_numbers(shape, lesson, true);
	shape->times_n = shape->numbers_n;
	add_numbers(shape, lesson, false);
	shape->fit_n = shape->places_n;
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
		uint32_t mark = claim->type == JG_JSON_STRING; // as in add_value()
		c->from = place_of(shape, lesson, claim->start - mark, mark);
		c->to = place_of(shape, lesson, claim->start + claim->len, 0);
	}
	return true;
}

// In each 32 the second eight and the third change places: that is how bytes are widened to words.
static void pack_quotes(struct jg_shape *shape)
{
	for (unsigned i = 0; i < JG_SHAPE_PLACES_MAX; i++) {
		unsigned eight = i / 8 % 4;
		unsigned to = eight == 1 ? i + 8 : eight == 2 ? i - 8 : i;
		shape->packed_quote[to] = (uint8_t)shape->quote[i];
	}
}

// The value of the outline that this hole has, or that it has none.
static uint8_t value_of(const struct lesson *lesson, const struct jg_hole *hole)
{
	for (unsigned value = 0; value < JG_VALUES && hole->slot != JG_SCAN_NO_SLOT; value++)
		if (lesson->outline.slot[value] == hole->slot)
			return (uint8_t)value;
	return JG_BEFORE_OTHER;
}

// What comes before each piece. Numbers other than times would have to be looked at one by one.
static void add_line(struct jg_shape *shape, const struct lesson *lesson)
{
	const struct jg_holes *holes = lesson->holes;
	unsigned values = 0, piece = 0;
	uint32_t at = 0, quote = 0;
	memset(shape->before, JG_BEFORE_NOTHING, sizeof(shape->before));
	for (uint32_t i = 0; i < holes->n; i++) {
		const struct jg_hole *hole = &holes->hole[i];
		for (; at < hole->start; piece++)
			at += shape->len[JG_SHAPE_FIRST + piece];
		uint32_t mark = next_mark(lesson->text, &quote, hole->start);
		at = hole->end;
		shape->before[piece] = value_of(lesson, hole);
		shape->back[piece] = (uint16_t)(mark - at);
		values |= 1u << shape->before[piece];
	}
	shape->in_line = shape->numbers_n == shape->times_n &&
		(values & ~(1u << JG_BEFORE_OTHER)) == shape->values;
}

bool jg_shape_build(struct jg_shape *shape, const struct jg_json_schema *schema,
	const struct jg_text *text, const struct jg_claims *claims, const struct jg_holes *holes)
{
	if (holes->n > JG_HOLES_MAX || text->len > JG_SHAPE_TEXT_MAX || text->quotes_n < 2 ||
		!numbers_apart(text, holes))
		return false;
	struct lesson lesson = {.text = text, .claims = claims, .holes = holes};
	memset(shape, 0, sizeof(*shape));
	memset(lesson.outline.slot, JG_VALUE_NO_SLOT, sizeof(lesson.outline.slot));
	shape->outlined = schema->outline != NULL && schema->outline(claims, &lesson.outline);
	if (shape->outlined)
		add_outline(shape, &lesson);
	else
		memset(lesson.outline.slot, JG_VALUE_NO_SLOT, sizeof(lesson.outline.slot));
	add_skeleton(shape, &lesson);
	if (shape->outlined)
		add_line(shape, &lesson);
	bool known = add_claims(shape, &lesson);
	pack_quotes(shape);
	return known;
}
