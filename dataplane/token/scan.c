// SPDX-License-Identifier: BSD-3-Clause
#include "scan.h"

#define DEPTH_MAX 12 // containers inside each other; deeper texts go to json.c
#define NAMES_MAX 48 // unknown names in all open objects

// An object or array that is open.
struct frame {
	struct jg_scan_name *member; // whose value it is
	struct jg_scan_level *level; // whose members are known; NULL: none are
	struct jg_scan_name **guess; // of the one around it, to go on with
	uint32_t start;
	uint8_t names; // where the object's unknown names begin in seen[]
	uint8_t close; // '}' or ']'
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
// inlined, so that it lives in registers. Quotes: there is an even number of them, a value's first byte
// is never an escaped one, and the text ends in a zero; so one that is met has its fellow in the index,
// and nothing runs beyond the end. Where there is none the index is read one further at most: a number of its
// slack, which nobody uses.
struct scan {
	struct jg_scan_schema *schema;
	const uint8_t *t;
	const uint16_t *quote; // the next one
	struct jg_claims *claims;
	struct jg_holes *holes;
	struct seen *seen;
	struct jg_scan_name **guess; // where the one at the next member stands
	uint64_t present;
	size_t at;
	bool backslashes;
};

#define BODY static inline __attribute__((always_inline))

static inline uint64_t load64(const void *p)
{
	uint64_t word;
	memcpy(&word, p, sizeof(word));
	return word;
}

// Of a name with its quotation marks and the colon. Text may be read beyond its end.
static inline uint64_t name_mask(uint32_t len)
{
	return len < 8 ? UINT64_MAX >> (64 - 8 * len) : UINT64_MAX;
}

static inline unsigned name_slot(uint64_t first, uint64_t last, uint32_t len, uint64_t multiplier)
{
	uint64_t mixed = (first ^ (last << 7 | last >> 57) ^ len) * multiplier;
	return (unsigned)(mixed >> 58);
}

static struct jg_scan_name name_of(const struct jg_json_member *m)
{
	uint8_t text[64] = {'"'};
	struct jg_scan_name name = {.name = m->name,
		.len = (uint8_t)(m->len + 3),
		.slot = m->slot,
		.bit = UINT64_C(1) << m->slot,
		.level = m->level == 0 ? JG_SCAN_NO_LEVEL : m->level};
	memcpy(text + 1, m->name, m->len);
	memcpy(text + 1 + m->len, "\":", 2);
	name.last_at = name.len > 8 ? (uint8_t)(name.len - 8) : 0;
	name.middle_at = name.len > 16 ? (uint8_t)(name.len - 16) : 0;
	name.first = load64(text);
	name.middle = load64(text + name.middle_at);
	name.last = load64(text + name.last_at);
	name.mask = name_mask(name.len);
	return name;
}

static bool level_init(struct jg_scan_level *into, const struct jg_json_level *level,
	const struct jg_scan_name *unknown)
{
	for (unsigned i = 0; i < JG_SCAN_SLOTS; i++)
		into->names[i] = *unknown;
	into->next = unknown->next;
	for (unsigned i = 0; i < level->n; i++) {
		struct jg_scan_name name = name_of(&level->members[i]);
		struct jg_scan_name *place =
			&into->names[name_slot(name.first, name.last, name.len, into->multiplier)];
		if (place->len != 0)
			return false;
		name.next = unknown->next;
		*place = name;
	}
	return true;
}

void jg_scan_schema_init(struct jg_scan_schema *scan, const struct jg_json_schema *schema)
{
	assert(schema->n <= JG_ARRAY_SIZE(scan->level));
	scan->words = schema->words;
	// No text has a name that begins so.
	scan->unknown = (struct jg_scan_name){.first = 1,
		.next = &scan->unknown,
		.slot = JG_CLAIMS_MAX,
		.level = JG_SCAN_NO_LEVEL};
	for (unsigned i = 0; i < schema->n; i++) {
		struct jg_scan_level *level = &scan->level[i];
		level->multiplier = UINT64_C(0x9e3779b97f4a7c15);
		while (!level_init(level, &schema->levels[i], &scan->unknown))
			level->multiplier = level->multiplier * UINT64_C(6364136223846793005) +
				1442695040888963407u;
	}
}

static inline bool is_digit(uint8_t c)
{
	return (unsigned)(c - '0') < 10u;
}

static inline uint32_t skip_digits(const uint8_t *text, uint32_t at)
{
	uint64_t other;
	do {
		other = jg_digits_others(load64(text + at));
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

BODY void note_hole(const struct scan *s, size_t start, size_t end, unsigned type,
	const struct jg_scan_name *member)
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

// A name by the table. NULL: not for the quick reader. Not inlined: rare.
static __attribute__((noinline)) struct jg_scan_name *find_name(
	const struct scan *s, const struct frame *frame, struct span name)
{
	const uint8_t *p = s->t + name.start - 1; // quotation mark
	const uint32_t len = name.len + 3;
	struct jg_scan_level *level = frame->level;
	if (p[len - 1] != ':')
		return NULL;
	if (level != NULL) {
		const uint64_t mask = name_mask(len);
		const uint64_t first = load64(p) & mask;
		const uint64_t last = load64(p + (len > 8 ? len - 8 : 0)) & mask;
		struct jg_scan_name *known =
			&level->names[name_slot(first, last, len, level->multiplier)];
		if (known->len == len && memcmp(known->name, p + 1, name.len) == 0) {
			if (len <= JG_SCAN_GUESS_MAX)
				*s->guess = known;
			return known;
		}
	}
	if (memchr(p + 1, '\\', name.len) != NULL ||
		!unknown_name(s->t, s->seen, frame->names, name))
		return NULL;
	return &s->schema->unknown;
}

BODY bool is_guess(const uint8_t *p, const struct jg_scan_name *name)
{
	return (((load64(p) & name->mask) ^ name->first) |
		       ((load64(p + name->last_at) & name->mask) ^ name->last)) == 0 &&
		(name->len <= 16 || load64(p + name->middle_at) == name->middle);
}

// A name and its colon. Where they end is taken from the index, so that nothing waits for the guess. A known
// member met twice is left to json.c to refuse. NULL: not for the quick reader.
BODY struct jg_scan_name *read_name(struct scan *s, const struct frame *frame)
{
	struct jg_scan_name *name = *s->guess;
	const size_t end = s->quote[1];
	if (is_guess(s->t + s->at, name)) {
		s->guess = &name->next;
	} else {
		if (s->t[s->at] != '"')
			return NULL;
		const struct span span = {(uint32_t)s->at + 1, (uint32_t)(end - s->at - 1)};
		const struct scan now = *s; // s itself stays in registers
		name = find_name(&now, frame, span);
		if (name == NULL)
			return NULL;
		// What is not known leaves the guess as it was.
		if (name->bit != 0)
			s->guess = &name->next;
	}
	if ((s->present & name->bit) != 0)
		return NULL;
	s->at = end + 2;
	s->quote += 2;
	return name;
}

BODY bool read_string(struct scan *s, const struct jg_scan_name *member)
{
	const size_t start = s->at + 1, end = s->quote[1];
	s->quote += 2;
	s->at = end + 1;
	note_hole(s, start, end, JG_JSON_STRING, member);
	bool escaped = s->backslashes && memchr(s->t + start, '\\', end - start) != NULL;
	s->claims->of_type[JG_JSON_STRING] |= member->bit;
	s->claims->slot[member->slot] = (struct jg_claim){
		(uint32_t)start, (uint32_t)(end - start), JG_JSON_STRING, escaped};
	return true;
}

BODY bool is_word(const struct scan *s, size_t at, const char *word)
{
	uint32_t a, b;
	memcpy(&a, s->t + at, sizeof(a));
	memcpy(&b, word, sizeof(b));
	return a == b;
}

// Words say all there is by their bit.
BODY bool read_word(
	struct scan *s, const struct jg_scan_name *member, enum jg_json_type type, size_t len)
{
	s->claims->of_type[type] |= member->bit;
	s->at += len;
	return true;
}

// Where a number ends: a time has ten digits, and no zero before them.
BODY size_t number_end(const uint8_t *t, size_t at)
{
	const uint8_t *p = t + at;
	if ((uint8_t)(p[0] - '1') < 9 && is_digit(p[1]) && jg_digits_others(load64(p + 2)) == 0 &&
		(p[10] == ',' || p[10] == '}'))
		return at + 10;
	return jg_scan_number(t, (uint32_t)at);
}

BODY bool read_number(struct scan *s, const struct jg_scan_name *member)
{
	const size_t start = s->at, end = number_end(s->t, start);
	if (end == start)
		return false;
	note_hole(s, start, end, JG_JSON_NUMBER, member);
	s->claims->of_type[JG_JSON_NUMBER] |= member->bit;
	s->claims->slot[member->slot] =
		(struct jg_claim){(uint32_t)start, (uint32_t)(end - start), JG_JSON_NUMBER, false};
	s->at = end;
	return true;
}

BODY bool read_scalar(struct scan *s, const struct jg_scan_name *member, uint8_t c)
{
	if (c == '"')
		return read_string(s, member);
	if (c == 't')
		return is_word(s, s->at, "true") && read_word(s, member, JG_JSON_TRUE, 4);
	if (c == 'f')
		return is_word(s, s->at + 1, &"false"[1]) && read_word(s, member, JG_JSON_FALSE, 5);
	if (c == 'n')
		return is_word(s, s->at, "null") && read_word(s, member, JG_JSON_NULL, 4);
	return read_number(s, member);
}

BODY void open_container(
	struct scan *s, struct frame *frame, struct jg_scan_name *member, uint8_t c)
{
	struct jg_scan_level *level = c == '{' && member->level != JG_SCAN_NO_LEVEL
		? &s->schema->level[member->level]
		: NULL;
	*frame = (struct frame){.member = member,
		.level = level,
		.guess = s->guess,
		.start = (uint32_t)s->at++,
		.names = (uint8_t)s->seen->n,
		.close = (uint8_t)(c + 2)};
	s->guess = level != NULL ? &level->next : &s->schema->unknown.next;
}

BODY void close_container(struct scan *s, const struct frame *frame)
{
	const uint8_t type = frame->close == '}' ? JG_JSON_OBJECT : JG_JSON_ARRAY;
	s->seen->n = frame->names;
	s->guess = frame->guess;
	s->claims->of_type[type] |= frame->member->bit;
	s->claims->slot[frame->member->slot] =
		(struct jg_claim){frame->start, (uint32_t)s->at - frame->start, type, false};
}

// All of the text. A value is read, or a container opened, whose values come next; behind a value any
// number of containers end.
BODY bool read_text(struct scan *s)
{
	struct jg_scan_name whole = {.slot = JG_CLAIMS_MAX, .level = 0};
	struct frame stack[DEPTH_MAX + 1];
	struct frame *top = stack; // the first one stays unused
	struct jg_scan_name *member = &whole;
	for (;;) {
		const uint8_t c = s->t[s->at];
		// Taken at once, so that a second one of the name is noticed inside a container.
		s->present |= member->bit;
		if (c == '{' || c == '[') {
			if (++top > stack + DEPTH_MAX)
				return false;
			open_container(s, top, member, c);
			if (s->t[s->at] != top->close)
				goto value;
		} else if (!read_scalar(s, member, c)) {
			return false;
		}
		while (s->t[s->at] != ',') {
			if (s->t[s->at++] != top->close)
				return false;
			close_container(s, top);
			if (--top == stack)
				return true;
		}
		s->at++;
	value:
		member = &s->schema->unknown;
		if (top->close == '}' && (member = read_name(s, top)) == NULL)
			return false;
	}
}

BODY bool scan(struct jg_scan_schema *schema, const struct jg_text *text, struct jg_claims *claims,
	struct jg_holes *holes, bool backslashes)
{
	struct seen seen;
	seen.n = 0;
	struct scan s = {.schema = schema,
		.t = text->bytes,
		.quote = text->quotes,
		.claims = claims,
		.holes = holes,
		.seen = &seen,
		.guess = &schema->unknown.next,
		.backslashes = backslashes};
	memset(claims->of_type, 0, sizeof(claims->of_type));
	if (!read_text(&s) || s.at != text->len || s.quote != text->quotes + text->quotes_n)
		return false;
	claims->present = s.present;
	return true;
}

// Not inlined: a copy of its own, so that the one below has no questions left about holes and escapes.
static __attribute__((noinline)) bool scan_any(struct jg_scan_schema *schema,
	const struct jg_text *text, struct jg_claims *claims, struct jg_holes *holes)
{
	return scan(schema, text, claims, holes, (text->flags & JG_TEXT_BACKSLASH) != 0);
}

bool jg_scan(struct jg_scan_schema *schema, const struct jg_text *text, struct jg_claims *claims,
	struct jg_holes *holes)
{
	if ((text->flags & (JG_TEXT_CONTROL | JG_TEXT_ESCAPE)) != 0 || text->bytes[0] != '{' ||
		text->quotes_n % 2 != 0)
		return false;
	if (holes != NULL || (text->flags & JG_TEXT_BACKSLASH) != 0)
		return scan_any(schema, text, claims, holes);
	return scan(schema, text, claims, NULL, false);
}
