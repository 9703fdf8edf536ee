// SPDX-License-Identifier: BSD-3-Clause
// What is read from a JSON text after json.c accepted it: syntax is not checked again here.
#include "json.h"

// Beyond this a double no longer holds every whole number (RFC 8259 section 6).
#define SECONDS_MAX (UINT64_C(1) << 53)
// Any exponent beyond this says the same for the few digits that a token has room for.
#define EXPONENT_MAX 100000
static_assert(EXPONENT_MAX > 2 * JG_JSON_TEXT_MAX, "no run of digits outweighs the exponent");

// Digits of a number without its point, and where the point belongs.
struct decimal {
	const char *p;
	uint32_t len; // of the digits and the point
	uint32_t whole; // digits before the point
	int32_t exponent;
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static struct decimal decimal_of(struct jg_str text)
{
	struct decimal d = {.p = text.p};
	while (d.whole < text.len && is_digit(text.p[d.whole]))
		d.whole++;
	d.len = d.whole;
	if (d.len < text.len && text.p[d.len] == '.')
		for (d.len++; d.len < text.len && is_digit(text.p[d.len]);)
			d.len++;
	uint32_t i = d.len + 1; // behind the 'e'
	if (i >= text.len)
		return d;
	bool negative = text.p[i] == '-';
	if (!is_digit(text.p[i]))
		i++;
	for (; i < text.len && d.exponent < EXPONENT_MAX; i++)
		d.exponent = d.exponent * 10 + (text.p[i] - '0');
	if (negative)
		d.exponent = -d.exponent;
	return d;
}

// Whole part of the number, exactly; false beyond 2^53. Sets *fraction when something is left.
static bool whole_part(const struct decimal *d, uint64_t *whole, bool *fraction)
{
	int64_t places = (int64_t)d->whole + d->exponent; // digits before the moved point
	uint64_t value = 0;
	*fraction = false;
	for (uint32_t i = 0; i < d->len; i++) {
		if (d->p[i] == '.')
			continue;
		if (places-- > 0)
			value = value * 10 + (uint64_t)(d->p[i] - '0');
		else if (d->p[i] != '0')
			*fraction = true;
		if (value > SECONDS_MAX)
			return false;
	}
	for (; places > 0 && value != 0; places--) {
		value *= 10;
		if (value > SECONDS_MAX)
			return false;
	}
	*whole = value;
	return value < SECONDS_MAX || !*fraction;
}

bool jg_decimal_seconds(struct jg_str text, int64_t *seconds)
{
	bool negative = text.p[0] == '-', fraction;
	if (negative)
		text.p++, text.len--;
	struct decimal d = decimal_of(text);
	uint64_t whole;
	if (!whole_part(&d, &whole, &fraction))
		return false;
	*seconds = negative ? -(int64_t)whole - (fraction ? 1 : 0) : (int64_t)whole;
	return true;
}

struct jg_json_walk jg_json_walk_of(
	const struct jg_claims *claims, const struct jg_claim *container)
{
	return (struct jg_json_walk){.claims = claims,
		.at = container->start + 1,
		.end = container->start + container->len - 1,
		.object = container->type == JG_JSON_OBJECT};
}

static void skip_separators(struct jg_json_walk *walk)
{
	const uint8_t *text = walk->claims->text;
	while (walk->at < walk->end && memchr(" \t\r\n,:", text[walk->at], 6) != NULL)
		walk->at++;
}

static void walk_string(struct jg_json_walk *walk, struct jg_claim *claim)
{
	const uint8_t *text = walk->claims->text;
	uint32_t at = ++walk->at;
	*claim = (struct jg_claim){.start = at, .type = JG_JSON_STRING};
	for (; text[at] != '"'; at++)
		if (text[at] == '\\') {
			claim->escaped = true;
			at++;
		}
	claim->len = at - claim->start;
	walk->at = at + 1;
}

static void walk_container(struct jg_json_walk *walk, struct jg_claim *claim)
{
	const uint8_t *text = walk->claims->text;
	unsigned depth = 0;
	struct jg_claim inner;
	*claim = (struct jg_claim){
		.start = walk->at, .type = text[walk->at] == '{' ? JG_JSON_OBJECT : JG_JSON_ARRAY};
	do {
		uint8_t c = text[walk->at];
		if (c == '"') {
			walk_string(walk, &inner);
			continue;
		}
		depth += c == '{' || c == '[';
		depth -= c == '}' || c == ']';
		walk->at++;
	} while (depth > 0);
	claim->len = walk->at - claim->start;
}

// Numbers and words: up to what cannot belong to them.
static void walk_scalar(struct jg_json_walk *walk, struct jg_claim *claim)
{
	const uint8_t *text = walk->claims->text;
	uint8_t first = text[walk->at];
	*claim = (struct jg_claim){.start = walk->at,
		.type = first == 't'   ? JG_JSON_TRUE
			: first == 'f' ? JG_JSON_FALSE
			: first == 'n' ? JG_JSON_NULL
				       : JG_JSON_NUMBER};
	while (walk->at < walk->end && memchr(" \t\r\n,", text[walk->at], 5) == NULL)
		walk->at++;
	claim->len = walk->at - claim->start;
}

bool jg_json_next(struct jg_json_walk *walk, struct jg_claim *name, struct jg_claim *value)
{
	struct jg_claim unused;
	skip_separators(walk);
	if (walk->at >= walk->end)
		return false;
	if (walk->object) {
		walk_string(walk, name != NULL ? name : &unused);
		skip_separators(walk);
	}
	uint8_t first = walk->claims->text[walk->at];
	if (first == '"')
		walk_string(walk, value);
	else if (first == '{' || first == '[')
		walk_container(walk, value);
	else
		walk_scalar(walk, value);
	return true;
}
