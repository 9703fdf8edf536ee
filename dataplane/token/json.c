// SPDX-License-Identifier: BSD-3-Clause
#include "json.h"

#include "hash.h"
#include "utf8.h"

#include <stdlib.h>

// Shortest member is ("":0,) of five bytes, and a text has at most one empty name per object; half
// full at most.
#define NAMES_MAX 8192
static_assert((NAMES_MAX & (NAMES_MAX - 1)) == 0, "the table's size is a power of two");
static_assert(JG_JSON_TEXT_MAX / 5 * 2 < NAMES_MAX, "the table never fills");

#define NO_LEVEL 0xff
#define NO_SLOT 0xff

struct name {
	uint32_t generation; // of the text that put it here; older ones are free
	uint32_t object; // number of the object in the text
	uint32_t hash;
	uint32_t len;
	const char *text; // unescaped
};

struct frame {
	uint32_t start; // of the container
	uint32_t object; // number; 0 for arrays
	uint8_t slot; // that the container fills, or NO_SLOT
	uint8_t level; // of the schema, or NO_LEVEL
};

struct jg_json {
	struct jg_hash_seed seed;
	uint32_t generation;
	struct frame stack[JG_JSON_DEPTH_MAX];
	struct name names[NAMES_MAX];
};

// One text being read.
struct reader {
	const uint8_t *p;
	const uint8_t *end;
	struct jg_json *json;
	struct jg_scratch *scratch;
	const struct jg_json_schema *schema;
	struct jg_claims *claims;
	uint32_t objects; // seen so far
	uint32_t mask; // of the part of the table that this text uses
	unsigned depth;
	uint8_t slot; // of the value to come
	uint8_t level;
};

struct jg_json *jg_json_new(uint64_t seed)
{
	struct jg_json *json = calloc(1, sizeof(*json));
	if (json != NULL)
		jg_hash_seed_init(&json->seed, seed);
	return json;
}

void jg_json_free(struct jg_json *json)
{
	if (json == NULL)
		return;
	explicit_bzero(json, sizeof(*json));
	free(json);
}

// Note a name of an object; false when the object has it already. A constant number of probes on
// average, whatever the names: their places depend on the secret seed.
static bool note_name(struct reader *s, uint32_t object, struct jg_str name)
{
	struct jg_json *json = s->json;
	uint64_t hash = jg_hash(&json->seed, object, name);
	for (uint32_t i = (uint32_t)(hash >> 32) & s->mask;; i = (i + 1) & s->mask) {
		struct name *known = &json->names[i];
		if (known->generation != json->generation) {
			*known = (struct name){.generation = json->generation,
				.object = object,
				.hash = (uint32_t)hash,
				.len = name.len,
				.text = name.p};
			return true;
		}
		if (known->hash == (uint32_t)hash && known->object == object &&
			jg_str_eq((struct jg_str){known->text, known->len}, name))
			return false;
	}
}

static int hex_value(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

// Four hex digits, -1 when they are not.
static int32_t hex4(const uint8_t *p)
{
	int32_t unit = 0;
	for (int i = 0; i < 4; i++) {
		int v = hex_value(p[i]);
		if (v < 0)
			return -1;
		unit = unit << 4 | v;
	}
	return unit;
}

// Length of the escape that starts with the backslash at p, 0 when it is none of RFC 8259 section 7
// or one we refuse: U+0000, a surrogate without its other half.
static size_t escape_length(const uint8_t *p, size_t left)
{
	if (left < 2)
		return 0;
	if (p[1] != 'u')
		return p[1] != 0 && memchr("\"\\/bfnrt", p[1], 8) != NULL ? 2 : 0;
	int32_t unit = left < 6 ? -1 : hex4(p + 2);
	if (unit <= 0 || (unit >= 0xdc00 && unit < 0xe000))
		return 0;
	if (unit < 0xd800 || unit >= 0xe000)
		return 6;
	if (left < 12 || p[6] != '\\' || p[7] != 'u')
		return 0;
	int32_t low = hex4(p + 8);
	return low >= 0xdc00 && low < 0xe000 ? 12 : 0;
}

static size_t put_utf8(uint32_t c, uint8_t *out)
{
	if (c < 0x80)
		return out[0] = (uint8_t)c, 1;
	size_t n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
	static const uint8_t lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
	for (size_t i = n - 1; i > 0; i--, c >>= 6)
		out[i] = (uint8_t)(0x80 | (c & 0x3f));
	out[0] = (uint8_t)(lead[n] | c);
	return n;
}

// Content of a string that was accepted; never longer than its text.
static uint32_t unescape(const uint8_t *in, uint32_t n, uint8_t *out)
{
	static const char names[] = "\"\\/bfnrt", bytes[] = "\"\\/\b\f\n\r\t";
	const uint8_t *end = in + n;
	uint8_t *start = out;
	while (in < end) {
		if (*in != '\\') {
			*out++ = *in++;
		} else if (in[1] != 'u') {
			*out++ = (uint8_t)bytes[(const char *)memchr(names, in[1], 8) - names];
			in += 2;
		} else {
			uint32_t c = (uint32_t)hex4(in + 2);
			in += 6;
			if (c >= 0xd800 && c < 0xe000) {
				c = 0x10000 + ((c - 0xd800) << 10) +
					((uint32_t)hex4(in + 2) - 0xdc00);
				in += 6;
			}
			out += put_utf8(c, out);
		}
	}
	return (uint32_t)(out - start);
}

struct jg_str jg_claim_unescape(
	struct jg_scratch *scratch, const struct jg_claims *claims, const struct jg_claim *claim)
{
	struct jg_str raw = jg_claim_text(claims, claim);
	uint8_t *text = jg_scratch_bytes(scratch, raw.len);
	if (text == NULL)
		return (struct jg_str){0};
	return (struct jg_str){(const char *)text, unescape((const uint8_t *)raw.p, raw.len, text)};
}

static uint32_t offset(const struct reader *s)
{
	return (uint32_t)(s->p - s->claims->text);
}

static bool at(const struct reader *s, uint8_t c)
{
	return s->p < s->end && *s->p == c;
}

static void skip_space(struct reader *s)
{
	while (s->p < s->end && (*s->p == ' ' || *s->p == '\n' || *s->p == '\r' || *s->p == '\t'))
		s->p++;
}

// The string whose opening quote stands at p.
static bool read_string(struct reader *s, struct jg_claim *claim)
{
	s->p++;
	*claim = (struct jg_claim){.start = offset(s), .type = JG_JSON_STRING};
	while (s->p < s->end) {
		uint8_t c = *s->p;
		size_t n = 1;
		if (c == '"') {
			claim->len = offset(s) - claim->start;
			s->p++;
			return true;
		}
		if (c < 0x20)
			return false;
		if (c == '\\') {
			n = escape_length(s->p, (size_t)(s->end - s->p));
			claim->escaped = true;
		} else if (c >= 0x80) {
			n = jg_utf8_sequence(s->p, (size_t)(s->end - s->p));
		}
		if (n == 0)
			return false;
		s->p += n;
	}
	return false;
}

// One digit or more.
static bool read_digits(struct reader *s)
{
	const uint8_t *start = s->p;
	while (s->p < s->end && *s->p >= '0' && *s->p <= '9')
		s->p++;
	return s->p > start;
}

static bool read_number(struct reader *s, struct jg_claim *claim)
{
	*claim = (struct jg_claim){.start = offset(s), .type = JG_JSON_NUMBER};
	if (at(s, '-'))
		s->p++;
	if (at(s, '0'))
		s->p++; // no further digits: 0123 is not a number
	else if (!read_digits(s))
		return false;
	if (at(s, '.')) {
		s->p++;
		if (!read_digits(s))
			return false;
	}
	if (at(s, 'e') || at(s, 'E')) {
		s->p++;
		if (at(s, '+') || at(s, '-'))
			s->p++;
		if (!read_digits(s))
			return false;
	}
	claim->len = offset(s) - claim->start;
	return true;
}

static bool read_word(struct reader *s, struct jg_claim *claim)
{
	static const struct {
		const char *text;
		uint32_t len;
		uint8_t type;
	} words[] = {
		{"true", 4, JG_JSON_TRUE}, {"false", 5, JG_JSON_FALSE}, {"null", 4, JG_JSON_NULL}};
	for (size_t i = 0; i < JG_ARRAY_SIZE(words); i++) {
		if ((size_t)(s->end - s->p) < words[i].len ||
			memcmp(s->p, words[i].text, words[i].len) != 0)
			continue;
		*claim = (struct jg_claim){
			.start = offset(s), .len = words[i].len, .type = words[i].type};
		s->p += words[i].len;
		return true;
	}
	return false;
}

static void fill_slot(struct reader *s, uint8_t slot, const struct jg_claim *claim)
{
	if (slot == NO_SLOT)
		return;
	jg_claims_set(s->claims, slot, *claim);
}

// Slot and level of the value that follows this name in an object of this level.
static void find_member(struct reader *s, uint8_t level, struct jg_str name)
{
	s->slot = NO_SLOT;
	s->level = NO_LEVEL;
	if (level == NO_LEVEL)
		return;
	const struct jg_json_level *known = &s->schema->levels[level];
	for (unsigned i = 0; i < known->n; i++) {
		const struct jg_json_member *m = &known->members[i];
		if (m->len != name.len || memcmp(m->name, name.p, name.len) != 0)
			continue;
		s->slot = m->slot;
		s->level = m->level != 0 ? m->level : NO_LEVEL;
		return;
	}
}

// A name with its colon, in the object on top of the stack.
static bool read_name(struct reader *s)
{
	const struct frame *top = &s->json->stack[s->depth - 1];
	struct jg_claim claim;
	if (!at(s, '"') || !read_string(s, &claim))
		return false;
	struct jg_str name = jg_claim_string(s->scratch, s->claims, &claim);
	if (name.p == NULL || !note_name(s, top->object, name))
		return false;
	find_member(s, top->level, name);
	skip_space(s);
	if (!at(s, ':'))
		return false;
	s->p++;
	return true;
}

// Step into the container that starts at p.
static bool open_container(struct reader *s)
{
	if (s->depth == JG_JSON_DEPTH_MAX)
		return false;
	bool object = *s->p == '{';
	s->json->stack[s->depth++] = (struct frame){.start = offset(s),
		.object = object ? ++s->objects : 0,
		.slot = s->slot,
		.level = object ? s->level : NO_LEVEL};
	s->p++;
	return true;
}

// Step out of the container whose last byte stands at p.
static void close_container(struct reader *s)
{
	const struct frame *top = &s->json->stack[--s->depth];
	s->p++;
	struct jg_claim claim = {.start = top->start,
		.len = offset(s) - top->start,
		.type = top->object != 0 ? JG_JSON_OBJECT : JG_JSON_ARRAY};
	fill_slot(s, top->slot, &claim);
}

// Before a value: in an object its name, in an array nothing.
static bool read_name_if_object(struct reader *s)
{
	skip_space(s);
	if (s->json->stack[s->depth - 1].object != 0)
		return read_name(s);
	s->slot = NO_SLOT;
	s->level = NO_LEVEL;
	return true;
}

// One value, or only the opening of a container.
static bool read_value(struct reader *s, bool *opened)
{
	skip_space(s);
	if (s->p == s->end)
		return false;
	uint8_t c = *s->p;
	*opened = c == '{' || c == '[';
	if (*opened)
		return open_container(s);
	struct jg_claim claim;
	bool good = c == '"'			     ? read_string(s, &claim)
		: c == '-' || (c >= '0' && c <= '9') ? read_number(s, &claim)
						     : read_word(s, &claim);
	if (good)
		fill_slot(s, s->slot, &claim);
	return good;
}

// Close what ends here. False when neither an end nor a comma stands here.
static bool read_ends(struct reader *s, bool opened)
{
	for (; s->depth > 0; opened = false) {
		skip_space(s);
		bool object = s->json->stack[s->depth - 1].object != 0;
		if (at(s, object ? '}' : ']')) {
			close_container(s);
			continue;
		}
		if (opened)
			return true;
		if (!at(s, ','))
			return false;
		s->p++;
		return true;
	}
	return true;
}

static bool read_text(struct reader *s)
{
	skip_space(s);
	if (!at(s, '{') || !open_container(s))
		return false;
	for (bool opened = true; read_ends(s, opened);) {
		if (s->depth == 0) {
			skip_space(s);
			return s->p == s->end;
		}
		if (!read_name_if_object(s) || !read_value(s, &opened))
			return false;
	}
	return false;
}

// Twice as many places as the text can have names, a power of two.
static uint32_t mask_for(uint32_t len)
{
	uint32_t places = 64;
	while (places < len / 5 * 2 + 2)
		places *= 2;
	return places - 1;
}

bool jg_json_read(struct jg_json *json, struct jg_scratch *scratch,
	const struct jg_json_schema *schema, struct jg_claims *claims)
{
	jg_claims_clear(claims);
	if (claims->len > JG_JSON_TEXT_MAX)
		return false;
	if (++json->generation == 0) { // wrapped: forget what could look new
		memset(json->names, 0, sizeof(json->names));
		json->generation = 1;
	}
	struct reader s = {.p = claims->text,
		.end = claims->text + claims->len,
		.json = json,
		.scratch = scratch,
		.schema = schema,
		.claims = claims,
		.mask = mask_for(claims->len),
		.slot = NO_SLOT,
		.level = 0};
	size_t mark = scratch->used;
	bool good = read_text(&s);
	scratch->used = mark;
	return good;
}
