// SPDX-License-Identifier: BSD-3-Clause
#include "t1.h"

#include "put.h"
#include "utf8.h"

static const struct jg_str field_names[JG_T1_FIELD_COUNT] = {
#define X(symbol, name) {name, sizeof(name) - 1},
	JG_T1_FIELDS(X)
#undef X
};

const char *jg_t1_field_name(unsigned field)
{
	return field < JG_T1_FIELD_COUNT ? field_names[field].p : "?";
}

// Names met so far, to find one that comes twice.
struct names {
	struct jg_str seen[JG_T1_NAMES_MAX];
	unsigned n;
};

static bool names_add(struct names *names, struct jg_str name)
{
	for (unsigned i = 0; i < names->n; i++)
		if (jg_str_eq(names->seen[i], name))
			return false;
	if (names->n == JG_T1_NAMES_MAX)
		return false;
	names->seen[names->n++] = name;
	return true;
}

static bool is_name(struct jg_str text, const char *name)
{
	return text.len == strlen(name) && memcmp(text.p, name, text.len) == 0;
}

// Cut rest before the first such byte: returns what stands before it, rest becomes what follows.
// Without one the whole text is returned and rest becomes absent.
static struct jg_str cut(struct jg_str *rest, char at)
{
	const char *p = rest->len == 0 ? NULL : memchr(rest->p, at, rest->len);
	struct jg_str head = *rest;
	if (p == NULL) {
		*rest = (struct jg_str){NULL, 0};
		return head;
	}
	head.len = (uint32_t)(p - rest->p);
	*rest = (struct jg_str){p + 1, rest->len - head.len - 1};
	return head;
}

// Either case.
static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

// Value of a lower-case hex digit; 0x80: it is none.
static inline uint8_t hex_value(char c)
{
	uint8_t digit = (uint8_t)(c - '0'), letter = (uint8_t)(c - 'a');
	return digit < 10 ? digit : letter < 6 ? (uint8_t)(letter + 10) : 0x80;
}

// The signature's spelling is fixed; a wrong one is no signature, not a broken token.
static bool parse_signature(struct jg_str text, uint8_t signature[20])
{
	uint8_t wrong = 0;
	if (text.len != 40)
		return false;
	for (unsigned i = 0; i < 20; i++) {
		uint8_t high = hex_value(text.p[2 * i]), low = hex_value(text.p[2 * i + 1]);
		wrong |= high | low;
		signature[i] = (uint8_t)(high << 4 | low);
	}
	return (wrong & 0x80) == 0;
}

static bool parse_prefix(struct jg_str prefix, struct jg_t1 *t1)
{
	struct names names = {.n = 0};
	while (prefix.p != NULL) {
		struct jg_str value = cut(&prefix, '&');
		struct jg_str name = cut(&value, '=');
		if (!names_add(&names, name))
			return false;
		if (is_name(name, "partner_id"))
			t1->partner_id = value;
		else if (is_name(name, "sig"))
			t1->signature_found = parse_signature(value, t1->signature);
	}
	return true;
}

static inline jg_sixteen to_decode(jg_sixteen v)
{
	return (v == '%') | (v == '+') | (v <= 0);
}

// No escapes, and nothing that may be ill-formed: most fields.
static bool is_plain(struct jg_str text)
{
	jg_sixteen v, odd = {0};
	uint64_t word[2];
	if (text.len < 16) {
		odd = to_decode(jg_load_short(text.p, text.len));
	} else {
		for (uint32_t i = 0; i < text.len; i += 16) {
			memcpy(&v, text.p + (i + 16 < text.len ? i : text.len - 16), sizeof(v));
			odd |= to_decode(v);
		}
	}
	memcpy(word, &odd, sizeof(word));
	return (word[0] | word[1]) == 0;
}

// Decode %XX and '+' (application/x-www-form-urlencoded). Text without either stays where it is.
static bool unescape(struct jg_str *text, uint8_t **out)
{
	uint8_t *start = *out, *to = start;
	bool changed = false;
	if (is_plain(*text))
		return true;
	for (uint32_t i = 0; i < text->len; i++) {
		char c = text->p[i];
		if (c == '%') {
			if (text->len - i < 3)
				return false;
			int high = hex(text->p[i + 1]), low = hex(text->p[i + 2]);
			if (high < 0 || low < 0)
				return false;
			c = (char)(high << 4 | low);
			i += 2;
			changed = true;
		} else if (c == '+') {
			c = ' ';
			changed = true;
		}
		*to++ = (uint8_t)c;
	}
	if (changed) {
		*text = (struct jg_str){(const char *)start, (uint32_t)(to - start)};
		*out = to;
	}
	return jg_utf8_valid(*text);
}

bool jg_t1_parse_data(struct jg_t1 *t1, uint8_t *scratch)
{
	struct jg_str data = t1->message;
	struct names names = {.n = 0};
	while (data.p != NULL) {
		struct jg_str value = cut(&data, '&');
		if (value.len == 0)
			continue; // "a=1&&b=2": nothing between the signs, nothing said
		struct jg_str name = cut(&value, '=');
		if (value.p == NULL)
			value.p = name.p + name.len; // "name" alone: present and empty
		if (!unescape(&name, &scratch) || !unescape(&value, &scratch))
			return false;
		if (!names_add(&names, name))
			return false;
		for (unsigned i = 0; i < JG_T1_FIELD_COUNT; i++)
			if (jg_str_eq(name, field_names[i]))
				t1->field[i] = value;
	}
	return true;
}

enum jg_reason jg_t1_parse(
	struct jg_str token, jg_base64_decode_fn *decode, uint8_t *scratch, struct jg_t1 *t1)
{
	*t1 = (struct jg_t1){.partner_id = {NULL, 0}};
	if (token.len <= 4 || memcmp(token.p, "T1==", 4) != 0)
		return JG_REASON_MALFORMED;
	int n = decode((struct jg_str){token.p + 4, token.len - 4}, scratch);
	if (n < 0)
		return JG_REASON_BAD_ENCODING;
	struct jg_str data = {(const char *)scratch, (uint32_t)n};
	struct jg_str prefix = cut(&data, ':');
	if (data.p == NULL)
		return JG_REASON_MALFORMED;
	t1->message = data;
	return parse_prefix(prefix, t1) ? JG_REASON_OK : JG_REASON_MALFORMED;
}

bool jg_t1_time(struct jg_str digits, int64_t *time)
{
	int64_t t = 0;
	if (digits.len == 0)
		return false;
	for (uint32_t i = 0; i < digits.len; i++) {
		if (digits.p[i] < '0' || digits.p[i] > '9')
			return false;
		t = t * 10 + (digits.p[i] - '0');
		if (t > INT64_C(1) << 53)
			return false;
	}
	*time = t;
	return true;
}
