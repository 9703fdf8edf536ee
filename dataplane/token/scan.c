// SPDX-License-Identifier: BSD-3-Clause
#include "scan.h"

#define DEPTH_MAX 12 // containers inside each other; deeper texts go to json.c
#define NAMES_MAX 48 // unknown names in all open objects

struct frame {
	const struct jg_scan_level *level; // whose members are known; NULL: none are
	uint32_t start;
	uint8_t slot;
	uint8_t names; // where the object's unknown names begin in seen[]
	uint8_t close; // '}' or ']'
};

// What a value is to be, by its name.
struct member {
	const struct jg_scan_level *level; // when it is an object
	uint64_t bit; // of the slot; 0: not a known member
	unsigned slot;
};

struct span {
	uint32_t start;
	uint32_t len;
};

// Unknown names of all open objects.
struct seen {
	uint32_t n;
	struct span span[NAMES_MAX];
};

// All that changes from member to member; its address never leaves jg_scan(), into which everything is
// inlined, so that it lives in registers.
struct scan {
	const struct jg_scan_schema *schema;
	const uint8_t *t;
	const uint16_t *quotes;
	struct jg_claim *slots; // of the claims
	struct jg_holes *holes;
	struct seen *seen;
	uint64_t present;
	uint64_t of_null, of_false, of_true, of_number, of_string, of_object, of_array;
	uint32_t quotes_n;
	uint32_t next; // quote
	uint32_t at;
	bool backslashes;
};

#define BODY static inline __attribute__((always_inline))

static inline uint64_t load64(const void *p)
{
	uint64_t word;
	memcpy(&word, p, sizeof(word));
	return word;
}

// The two words a name is known by. Text may be read eight bytes beyond its end.
static inline void name_words(const uint8_t *p, uint32_t len, uint64_t *first, uint64_t *last)
{
	static const uint64_t masks[8] = {0, 0xff, 0xffff, 0xffffff, 0xffffffff, 0xffffffffff,
		0xffffffffffff, 0xffffffffffffff};
	uint64_t word = load64(p);
	if (len < 8) {
		*first = word & masks[len];
		*last = *first;
		return;
	}
	*first = word;
	*last = load64(p + len - 8);
}

static inline unsigned name_slot(uint64_t first, uint64_t last, uint32_t len, uint64_t multiplier)
{
	uint64_t mixed = (first ^ (last << 7 | last >> 57) ^ len) * multiplier;
	return (unsigned)(mixed >> 58);
}

static bool level_init(
	struct jg_scan_schema *scan, const struct jg_json_level *level, struct jg_scan_level *into)
{
	memset(into->names, 0, sizeof(into->names));
	for (unsigned i = 0; i < level->n; i++) {
		const struct jg_json_member *m = &level->members[i];
		struct jg_scan_name name = {.name = m->name, .len = m->len, .slot = m->slot};
		uint8_t padded[64] = {0};
		assert(m->len > 0 && m->len <= 32);
		memcpy(padded, m->name, m->len);
		name_words(padded, m->len, &name.first, &name.last);
		name.level = m->level == 0 ? NULL : &scan->level[m->level];
		struct jg_scan_name *place =
			&into->names[name_slot(name.first, name.last, m->len, into->multiplier)];
		if (place->len != 0)
			return false;
		*place = name;
	}
	return true;
}

void jg_scan_schema_init(struct jg_scan_schema *scan, const struct jg_json_schema *schema)
{
	assert(schema->n <= JG_ARRAY_SIZE(scan->level));
	scan->words = schema->words;
	for (unsigned i = 0; i < schema->n; i++) {
		struct jg_scan_level *level = &scan->level[i];
		level->multiplier = UINT64_C(0x9e3779b97f4a7c15);
		while (!level_init(scan, &schema->levels[i], level))
			level->multiplier = level->multiplier * UINT64_C(6364136223846793005) +
				1442695040888963407u;
	}
}

static inline bool is_digit(uint8_t c)
{
	return (unsigned)(c - '0') < 10u;
}

// Eight at once; what is not one leaves the highest bit of its byte.
static inline uint32_t skip_digits(const uint8_t *text, uint32_t at)
{
	const uint64_t low = UINT64_C(0x7f7f7f7f7f7f7f7f);
	uint64_t other;
	do {
		uint64_t word = load64(text + at) ^ UINT64_C(0x3030303030303030);
		other = (((word & low) + UINT64_C(0x7676767676767676)) | word) & ~low;
		at += other == 0 ? 8 : (uint32_t)__builtin_ctzll(other) / 8;
	} while (other == 0);
	return at;
}

uint32_t jg_scan_number(const uint8_t *text, uint32_t at)
{
	uint32_t p = at + (text[at] == '-');
	if (!is_digit(text[p]))
		return at;
	p = text[p] == '0' ? p + 1 : skip_digits(text, p);
	if (text[p] == '.') {
		if (!is_digit(text[++p]))
			return at;
		p = skip_digits(text, p);
	}
	if ((text[p] | 0x20) == 'e') {
		p++;
		p += text[p] == '+' || text[p] == '-';
		if (!is_digit(text[p]))
			return at;
		p = skip_digits(text, p);
	}
	return p;
}

BODY void note_hole(const struct scan *s, uint32_t start, uint32_t end, unsigned type,
	const struct member *member)
{
	struct jg_holes *holes = s->holes;
	if (holes == NULL || (s->schema->words & member->bit) != 0)
		return;
	if (holes->n >= JG_HOLES_MAX) {
		holes->n = JG_HOLES_MAX + 1;
		return;
	}
	holes->hole[holes->n++] = (struct jg_hole){(uint16_t)start, (uint16_t)end, (uint8_t)type,
		(uint8_t)(member->bit == 0 ? JG_SCAN_NO_SLOT : member->slot)};
}

BODY void set_claim(const struct scan *s, const struct member *member, struct jg_claim claim)
{
	if (member->bit != 0)
		s->slots[member->slot] = claim;
}

// Compare an unknown name with its siblings, which begin at first. Not inlined: rare, and what it needs would
// have to be at hand for every name.
static __attribute__((noinline)) bool unknown_name(
	const uint8_t *t, struct seen *seen, uint32_t first, struct span name)
{
	for (uint32_t i = first; i < seen->n; i++)
		if (seen->span[i].len == name.len &&
			memcmp(t + seen->span[i].start, t + name.start, name.len) == 0)
			return false;
	if (seen->n == NAMES_MAX)
		return false;
	seen->span[seen->n++] = name;
	return true;
}

BODY bool same_name(const struct jg_scan_name *known, const uint8_t *name, uint32_t len,
	uint64_t first, uint64_t last)
{
	return ((known->first ^ first) | (known->last ^ last) | (known->len ^ len)) == 0 &&
		len != 0 && (len <= 16 || memcmp(known->name, name, len) == 0);
}

// A name and its colon. A known member met twice is left to json.c to refuse.
BODY bool read_name(struct scan *s, const struct frame *frame, struct member *member)
{
	if (s->t[s->at] != '"' || s->next + 1 >= s->quotes_n)
		return false;
	struct span name = {s->at + 1u, s->quotes[s->next + 1] - s->at - 1u};
	s->at = s->quotes[s->next + 1] + 1u;
	s->next += 2;
	if (s->t[s->at++] != ':')
		return false;
	if (s->backslashes && memchr(s->t + name.start, '\\', name.len) != NULL)
		return false;
	const struct jg_scan_level *level = frame->level;
	if (level == NULL)
		return unknown_name(s->t, s->seen, frame->names, name);
	uint64_t first, last;
	name_words(s->t + name.start, name.len, &first, &last);
	const struct jg_scan_name *known =
		&level->names[name_slot(first, last, name.len, level->multiplier)];
	if (!same_name(known, s->t + name.start, name.len, first, last))
		return unknown_name(s->t, s->seen, frame->names, name);
	member->slot = known->slot;
	member->level = known->level;
	member->bit = UINT64_C(1) << known->slot;
	return (s->present & member->bit) == 0;
}

BODY bool read_string(struct scan *s, const struct member *member)
{
	if (s->next + 1 >= s->quotes_n)
		return false;
	uint32_t start = s->at + 1;
	uint32_t end = s->quotes[s->next + 1];
	s->next += 2;
	s->at = end + 1;
	note_hole(s, start, end, JG_JSON_STRING, member);
	bool escaped = s->backslashes && memchr(s->t + start, '\\', end - start) != NULL;
	s->of_string |= member->bit;
	set_claim(s, member, (struct jg_claim){start, end - start, JG_JSON_STRING, escaped});
	return true;
}

BODY bool is_word(const struct scan *s, uint32_t at, const char *word)
{
	uint32_t a, b;
	memcpy(&a, s->t + at, sizeof(a));
	memcpy(&b, word, sizeof(b));
	return a == b;
}

// Words say all there is by their bit.
BODY bool read_word(struct scan *s, const struct member *member, uint64_t *of_type, uint32_t len)
{
	*of_type |= member->bit;
	s->at += len;
	return true;
}

BODY bool read_number(struct scan *s, const struct member *member)
{
	uint32_t end = jg_scan_number(s->t, s->at);
	if (end == s->at)
		return false;
	note_hole(s, s->at, end, JG_JSON_NUMBER, member);
	s->of_number |= member->bit;
	set_claim(s, member, (struct jg_claim){s->at, end - s->at, JG_JSON_NUMBER, false});
	s->at = end;
	return true;
}

BODY bool read_scalar(struct scan *s, const struct member *member)
{
	switch (s->t[s->at]) {
	case '"':
		return read_string(s, member);
	case 't':
		return is_word(s, s->at, "true") && read_word(s, member, &s->of_true, 4);
	case 'f':
		return is_word(s, s->at + 1, &"false"[1]) && read_word(s, member, &s->of_false, 5);
	case 'n':
		return is_word(s, s->at, "null") && read_word(s, member, &s->of_null, 4);
	default:
		return read_number(s, member);
	}
}

BODY void close_container(struct scan *s, const struct frame *frame)
{
	s->at++;
	s->seen->n = frame->names;
	if (frame->slot == JG_SCAN_NO_SLOT)
		return;
	bool object = frame->close == '}';
	uint64_t bit = UINT64_C(1) << frame->slot;
	s->slots[frame->slot] = (struct jg_claim){
		frame->start, s->at - frame->start, object ? JG_JSON_OBJECT : JG_JSON_ARRAY, false};
	s->of_object |= object ? bit : 0;
	s->of_array |= object ? 0 : bit;
}

// All of the text. A value is read, or a container opened, whose values come next; behind a value any
// number of containers end.
BODY bool read_text(struct scan *s)
{
	struct frame stack[DEPTH_MAX];
	struct frame *top = stack;
	struct member member = {.level = s->schema->level};
	for (;;) {
		uint8_t c = s->t[s->at];
		if (c == '{' || c == '[') {
			if (top == stack + DEPTH_MAX)
				return false;
			*top++ = (struct frame){.start = s->at++,
				.slot = (uint8_t)(member.bit == 0 ? JG_SCAN_NO_SLOT : member.slot),
				.level = c == '{' ? member.level : NULL,
				.names = (uint8_t)s->seen->n,
				.close = (uint8_t)(c + 2)};
			// Taken at once, so that a second one of the name is noticed inside.
			s->present |= member.bit;
			if (s->t[s->at] != top[-1].close)
				goto value;
		} else if (read_scalar(s, &member)) {
			s->present |= member.bit;
		} else {
			return false;
		}
		while (s->t[s->at] == top[-1].close) {
			close_container(s, --top);
			if (top == stack)
				return true;
		}
		if (s->t[s->at++] != ',')
			return false;
	value:
		member = (struct member){0};
		if (top[-1].close == '}' && !read_name(s, top - 1, &member))
			return false;
	}
}

BODY bool scan(const struct jg_scan_schema *schema, const struct jg_text *text,
	struct jg_claims *claims, struct jg_holes *holes, bool backslashes)
{
	struct seen seen;
	seen.n = 0;
	struct scan s = {.schema = schema,
		.t = text->bytes,
		.quotes = text->quotes,
		.quotes_n = text->quotes_n,
		.slots = claims->slot,
		.holes = holes,
		.seen = &seen,
		.backslashes = backslashes};
	if (!read_text(&s) || s.at != text->len || s.next != s.quotes_n)
		return false;
	claims->present = s.present;
	claims->of_type[JG_JSON_NONE] = 0;
	claims->of_type[JG_JSON_NULL] = s.of_null;
	claims->of_type[JG_JSON_FALSE] = s.of_false;
	claims->of_type[JG_JSON_TRUE] = s.of_true;
	claims->of_type[JG_JSON_NUMBER] = s.of_number;
	claims->of_type[JG_JSON_STRING] = s.of_string;
	claims->of_type[JG_JSON_OBJECT] = s.of_object;
	claims->of_type[JG_JSON_ARRAY] = s.of_array;
	return true;
}

// Not inlined: a copy of its own, so that the one below has no questions left about holes and escapes.
static __attribute__((noinline)) bool scan_any(const struct jg_scan_schema *schema,
	const struct jg_text *text, struct jg_claims *claims, struct jg_holes *holes)
{
	return scan(schema, text, claims, holes, (text->flags & JG_TEXT_BACKSLASH) != 0);
}

bool jg_scan(const struct jg_scan_schema *schema, const struct jg_text *text,
	struct jg_claims *claims, struct jg_holes *holes)
{
	if ((text->flags & (JG_TEXT_CONTROL | JG_TEXT_ESCAPE)) != 0 || text->bytes[0] != '{')
		return false;
	if (holes != NULL || (text->flags & JG_TEXT_BACKSLASH) != 0)
		return scan_any(schema, text, claims, holes);
	return scan(schema, text, claims, NULL, false);
}
