// SPDX-License-Identifier: BSD-3-Clause
#include "scan.h"

#define DEPTH_MAX 12 // containers inside each other; deeper texts go to json.c
#define NAMES_MAX 48 // unknown names in all open objects
#define NO_LEVEL 0xff

struct frame {
	uint32_t start;
	uint8_t slot;
	uint8_t level; // of the schema, whose members are known
	uint8_t names; // where the object's unknown names begin in seen[]
	uint8_t close; // '}' or ']'
};

struct span {
	uint32_t start;
	uint32_t len;
};

struct scan {
	const struct jg_scan_schema *schema;
	const uint8_t *t;
	const uint16_t *quotes;
	struct jg_claims *claims;
	struct jg_holes *holes;
	uint64_t present;
	uint32_t quotes_n;
	uint32_t next; // quote
	uint32_t at;
	uint32_t seen_n;
	bool backslashes;
	unsigned depth;
	struct frame stack[DEPTH_MAX];
	struct span seen[NAMES_MAX];
};

static inline uint64_t load64(const void *p)
{
	uint64_t word;
	memcpy(&word, p, sizeof(word));
	return word;
}

// The two words a name is known by. Text may be read eight bytes beyond its end.
static inline void name_words(const uint8_t *p, uint32_t len, uint64_t *first, uint64_t *last)
{
	uint64_t word = load64(p);
	if (len < 8) {
		*first = len == 0 ? 0 : word & (UINT64_MAX >> (64 - 8 * len));
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
	struct jg_scan_name *names, const struct jg_json_level *level, uint64_t multiplier)
{
	memset(names, 0, sizeof(*names) * JG_SCAN_SLOTS);
	for (unsigned i = 0; i < level->n; i++) {
		const struct jg_json_member *m = &level->members[i];
		struct jg_scan_name name = {
			.name = m->name, .len = m->len, .slot = m->slot, .level = m->level};
		uint8_t padded[64] = {0};
		assert(m->len > 0 && m->len <= 32);
		memcpy(padded, m->name, m->len);
		name_words(padded, m->len, &name.first, &name.last);
		struct jg_scan_name *into =
			&names[name_slot(name.first, name.last, m->len, multiplier)];
		if (into->len != 0)
			return false;
		*into = name;
	}
	return true;
}

void jg_scan_schema_init(struct jg_scan_schema *scan, const struct jg_json_schema *schema)
{
	assert(schema->n <= JG_ARRAY_SIZE(scan->level));
	for (unsigned i = 0; i < schema->n; i++) {
		uint64_t multiplier = UINT64_C(0x9e3779b97f4a7c15);
		while (!level_init(scan->level[i].names, &schema->levels[i], multiplier))
			multiplier =
				multiplier * UINT64_C(6364136223846793005) + 1442695040888963407u;
		scan->level[i].multiplier = multiplier;
	}
}

static inline bool is_digit(uint8_t c)
{
	return (unsigned)(c - '0') < 10u;
}

static inline uint32_t skip_digits(const uint8_t *text, uint32_t at)
{
	while (is_digit(text[at]))
		at++;
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

static inline void note_hole(
	struct scan *s, uint32_t start, uint32_t end, unsigned type, unsigned slot)
{
	if (s->holes == NULL)
		return;
	if (s->holes->n >= JG_HOLES_MAX) {
		s->holes->n = JG_HOLES_MAX + 1;
		return;
	}
	s->holes->hole[s->holes->n++] =
		(struct jg_hole){(uint16_t)start, (uint16_t)end, (uint8_t)type, (uint8_t)slot};
}

static inline void set_claim(struct scan *s, unsigned slot, struct jg_claim claim)
{
	if (slot == JG_SCAN_NO_SLOT)
		return;
	jg_claims_set(s->claims, slot, claim);
	s->present |= UINT64_C(1) << slot;
}

// Compare an unknown name with its siblings before it.
static bool unknown_name(struct scan *s, const struct frame *frame, struct span name)
{
	for (uint32_t i = frame->names; i < s->seen_n; i++)
		if (s->seen[i].len == name.len &&
			memcmp(s->t + s->seen[i].start, s->t + name.start, name.len) == 0)
			return false;
	if (s->seen_n == NAMES_MAX)
		return false;
	s->seen[s->seen_n++] = name;
	return true;
}

// A name and its colon. A known member met twice is left to json.c to refuse.
static inline bool read_name(
	struct scan *s, const struct frame *frame, unsigned *slot, unsigned *level)
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
	*slot = JG_SCAN_NO_SLOT;
	*level = NO_LEVEL;
	if (frame->level == NO_LEVEL)
		return unknown_name(s, frame, name);
	uint64_t first, last;
	name_words(s->t + name.start, name.len, &first, &last);
	uint64_t multiplier = s->schema->level[frame->level].multiplier;
	const struct jg_scan_name *known =
		&s->schema->level[frame->level].names[name_slot(first, last, name.len, multiplier)];
	if (known->len != name.len || known->len == 0 || known->first != first ||
		known->last != last ||
		(name.len > 16 && memcmp(known->name, s->t + name.start, name.len) != 0))
		return unknown_name(s, frame, name);
	if ((s->present >> known->slot & 1) != 0)
		return false;
	*slot = known->slot;
	*level = known->level;
	return true;
}

static inline bool read_string(struct scan *s, unsigned slot)
{
	if (s->next + 1 >= s->quotes_n)
		return false;
	uint32_t start = s->at + 1;
	uint32_t end = s->quotes[s->next + 1];
	s->next += 2;
	s->at = end + 1;
	note_hole(s, start, end, JG_JSON_STRING, slot);
	bool escaped = s->backslashes && memchr(s->t + start, '\\', end - start) != NULL;
	set_claim(s, slot, (struct jg_claim){start, end - start, JG_JSON_STRING, escaped});
	return true;
}

static inline bool read_word(
	struct scan *s, unsigned slot, const char *word, uint32_t len, unsigned type)
{
	if (memcmp(s->t + s->at, word, len) != 0)
		return false;
	set_claim(s, slot, (struct jg_claim){s->at, len, (uint8_t)type, false});
	s->at += len;
	return true;
}

static inline bool read_number(struct scan *s, unsigned slot)
{
	uint32_t end = jg_scan_number(s->t, s->at);
	if (end == s->at)
		return false;
	note_hole(s, s->at, end, JG_JSON_NUMBER, slot);
	set_claim(s, slot, (struct jg_claim){s->at, end - s->at, JG_JSON_NUMBER, false});
	s->at = end;
	return true;
}

static inline bool read_scalar(struct scan *s, unsigned slot)
{
	switch (s->t[s->at]) {
	case '"':
		return read_string(s, slot);
	case 't':
		return read_word(s, slot, "true", 4, JG_JSON_TRUE);
	case 'f':
		return read_word(s, slot, "false", 5, JG_JSON_FALSE);
	case 'n':
		return read_word(s, slot, "null", 4, JG_JSON_NULL);
	default:
		return read_number(s, slot);
	}
}

static inline bool open_container(struct scan *s, unsigned slot, unsigned level)
{
	if (s->depth == DEPTH_MAX)
		return false;
	bool object = s->t[s->at] == '{';
	s->stack[s->depth++] = (struct frame){
		.start = s->at,
		.slot = (uint8_t)slot,
		.level = (uint8_t)(object ? level : NO_LEVEL),
		.names = (uint8_t)s->seen_n,
		.close = object ? '}' : ']',
	};
	// Taken at once, so that a second one of the name is noticed inside the first.
	if (slot != JG_SCAN_NO_SLOT)
		s->present |= UINT64_C(1) << slot;
	s->at++;
	return true;
}

static inline void close_container(struct scan *s)
{
	const struct frame *frame = &s->stack[--s->depth];
	s->at++;
	s->seen_n = frame->names;
	uint8_t type = frame->close == '}' ? JG_JSON_OBJECT : JG_JSON_ARRAY;
	set_claim(
		s, frame->slot, (struct jg_claim){frame->start, s->at - frame->start, type, false});
}

enum outcome {
	FAILED,
	READ,
	OPENED, // a container, whose values come next
};

// One value of the innermost container, its name first in an object.
static inline enum outcome read_value(struct scan *s)
{
	const struct frame *frame = &s->stack[s->depth - 1];
	unsigned slot = JG_SCAN_NO_SLOT;
	unsigned level = NO_LEVEL;
	if (frame->close == '}' && !read_name(s, frame, &slot, &level))
		return FAILED;
	if (s->t[s->at] == '{' || s->t[s->at] == '[')
		return open_container(s, slot, level == 0 ? NO_LEVEL : level) ? OPENED : FAILED;
	return read_scalar(s, slot) ? READ : FAILED;
}

static bool read_text(struct scan *s)
{
	enum outcome last = open_container(s, JG_SCAN_NO_SLOT, 0) ? OPENED : FAILED;
	while (last != FAILED) {
		if (last == READ || s->t[s->at] == s->stack[s->depth - 1].close) {
			while (s->t[s->at] == s->stack[s->depth - 1].close) {
				close_container(s);
				if (s->depth == 0)
					return true;
			}
			if (s->t[s->at++] != ',')
				return false;
		}
		last = read_value(s);
	}
	return false;
}

bool jg_scan(const struct jg_scan_schema *schema, const struct jg_text *text,
	struct jg_claims *claims, struct jg_holes *holes)
{
	if ((text->flags & (JG_TEXT_CONTROL | JG_TEXT_ESCAPE)) != 0 || text->bytes[0] != '{')
		return false;
	struct scan s;
	s.schema = schema;
	s.t = text->bytes;
	s.quotes = text->quotes;
	s.quotes_n = text->quotes_n;
	s.claims = claims;
	jg_claims_clear(claims);
	s.holes = holes;
	s.present = 0;
	s.next = 0;
	s.at = 0;
	s.seen_n = 0;
	s.backslashes = (text->flags & JG_TEXT_BACKSLASH) != 0;
	s.depth = 0;
	return read_text(&s) && s.at == text->len && s.next == s.quotes_n;
}
