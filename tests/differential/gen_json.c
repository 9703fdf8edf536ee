// SPDX-License-Identifier: BSD-3-Clause
#include "gen_json.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

void gen_put(struct gen_doc *doc, const char *key, const char *value)
{
	if (doc->n < GEN_MEMBERS_MAX)
		doc->member[doc->n++] = (struct gen_member){.key = key, .value = value};
}

// One UTF-8 character; n = its bytes.
static uint32_t character(const char *p, size_t *n)
{
	const unsigned char *u = (const unsigned char *)p;
	*n = u[0] < 0x80 ? 1 : u[0] < 0xe0 ? 2 : u[0] < 0xf0 ? 3 : 4;
	static const uint32_t first[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
	uint32_t code = u[0] & first[*n];
	for (size_t i = 1; i < *n; i++)
		code = code << 6 | (u[i] & 0x3f);
	return code;
}

static char *escape(struct gen *g, char *at, uint32_t code)
{
	const char *hex = gen_chance(g, 50) ? "%c%c%04x" : "%c%c%04X";
	if (code < 0x10000)
		return at + sprintf(at, hex, '\\', 'u', code);
	code -= 0x10000;
	at += sprintf(at, hex, '\\', 'u', 0xd800 + (code >> 10));
	return at + sprintf(at, hex, '\\', 'u', 0xdc00 + (code & 0x3ff));
}

static const char *escaped(struct gen *g, const char *text, uint32_t percent)
{
	char *out = gen_room(g, strlen(text) * 12), *at = out;
	size_t n;
	for (const char *p = text; *p != '\0'; p += n) {
		const uint32_t code = character(p, &n);
		const char *pair =
			code < 0x80 ? strchr("\"\"\\\\//b\bf\fn\nr\rt\t", (int)code) : NULL;
		if (code == '\n' || code == '\r' || code == '\t' || code == '\b' || code == '\f') {
			*at++ = '\\';
			*at++ = pair[-1];
		} else if (code == '"' || code == '\\' || (code == '/' && gen_chance(g, 50))) {
			*at++ = '\\';
			*at++ = (char)code;
		} else if (code < 0x20 || gen_chance(g, percent)) {
			at = escape(g, at, code);
		} else {
			memcpy(at, p, n);
			at += n;
		}
	}
	*at = '\0';
	return out;
}

const char *gen_string(struct gen *g, const char *text)
{
	return gen_text(g, "\"%s\"", escaped(g, text, gen_chance(g, 20) ? 30 : 0));
}

const char *gen_time(struct gen *g)
{
	static const char *const odd[] = {"0", "-1", "-0", "-1800000000", "9007199254740992",
		"9007199254740994", "9223372036854775808", "18446744073709552216", "1e300", "1e400",
		"1800000600.75", "1.8000006e9", "18000006E2", "1800003600.0", "1800000060.5",
		"4294967296", "99999999999", "1799999999.999", "1800000000.001", "1800000600e0",
		"0.18000006e10", "null", "true", "\"1800000600\"", "[1800000600]", "{}",
		"01800000600", "+1800000600", "0x6b49d200", "NaN", "1800000600.", ".5e10",
		"1800000600e", "1e-400"};
	static const int near[] = {-3601, -601, -600, -599, -61, -60, -59, -1, 0, 1, 59, 60, 61,
		599, 600, 601, 3600, 86399, 86400, 86401, 2591999, 2592000, 2592001, 9999999};
	if (gen_chance(g, 40))
		return GEN_PICK(g, odd);
	return gen_text(g, "%lld",
		(long long)(GEN_NOW + near[gen_below(g, sizeof(near) / sizeof(near[0]))]));
}

static const char *nested(struct gen *g, unsigned depth)
{
	char *text = gen_room(g, depth * 6 + 4), *at = text;
	for (unsigned i = 0; i < depth; i++)
		at += sprintf(at, "%s", i % 2 == 0 ? "[" : "{\"a\":");
	at += sprintf(at, "1");
	for (unsigned i = depth; i > 0; i--)
		*at++ = (i - 1) % 2 == 0 ? ']' : '}';
	*at = '\0';
	return text;
}

const char *gen_value(struct gen *g)
{
	static const char *const values[] = {"null", "true", "false", "\"\"", "\"text\"", "0", "1",
		"-1.5e3", "1e999", "12345678901234567890123", "[]", "{}", "[\"camera\"]", "[1,2]",
		"[\"a\",null]", "{\"a\":\"b\"}", "{\"a\":1}",
		"{\"room\":\"lobby\",\"roomJoin\":true}", "{\"admin\":true}", "{\"admin\":1}",
		"[[[]]]", "\"true\"", "\"camera\"", "\"agent\"", "\"SIP\"", "\"publisher\"",
		"\"Publisher\"", "\"lobby\"", "\"\xc3\xa9\"", "\"\\u00e9\"", "\"\\ud83c\\udfa5\"",
		"\" \"", "{\"a\":{\"a\":{}}}", "[{\"exp\":1},{\"exp\":2}]"};
	static const char *const illegal[] = {"\"\\ud800\"", "\"\\udc00x\"", "\"\\u0000\"",
		"\"\xff\"", "\"\xc0\xaf\"", "\"\xed\xa0\x80\"", "\"\xf4\x90\x80\x80\"",
		"\"\xe2\x82\"", "\"\x01\"", "\"\\x41\"", "\"\\u12\"", "'a'", "\"a", "tru", "nul",
		"{\"a\":1,\"a\":2}", "{\"a\":1,\"\\u0061\":2}", "[1,]", "{\"a\":1,}", "[1 2]",
		"{\"a\" 1}", "{a:1}", "00", "1.", "-", "1e", "/**/1", "\"\\ud83c\\u0041\"",
		"\"\n\"", "\"\x7f\"", "Infinity"};
	if (gen_chance(g, 12))
		return GEN_PICK(g, illegal);
	if (gen_chance(g, 4))
		return nested(g, gen_chance(g, 70) ? 1 + gen_below(g, 13) : 70 + gen_below(g, 200));
	return GEN_PICK(g, values);
}

static const char *other_case(struct gen *g, const char *key)
{
	char *copy = gen_text(g, "%s", key);
	if (copy[0] != '\0')
		copy[0] = (char)(isupper((unsigned char)copy[0]) ? tolower((unsigned char)copy[0])
								 : toupper((unsigned char)copy[0]));
	return copy;
}

static void swap(struct gen *g, struct gen_doc *doc)
{
	const uint32_t a = gen_below(g, (uint32_t)doc->n), b = gen_below(g, (uint32_t)doc->n);
	const struct gen_member kept = doc->member[a];
	doc->member[a] = doc->member[b];
	doc->member[b] = kept;
}

void gen_change(struct gen *g, struct gen_doc *doc)
{
	static const char *const strange[] = {"x", "", "EXP", "Video", "__proto__", "\xc3\xbc",
		"exp ", "iss\\t", "a\\\"b", "\\u0065xpx", "roomjoin", "nbf2"};
	if (doc->n == 0)
		return;
	struct gen_member *m = &doc->member[gen_below(g, (uint32_t)doc->n)];
	if (m->doc != NULL && gen_chance(g, 60)) {
		gen_change(g, m->doc);
		return;
	}
	const bool time = strcmp(m->key, "exp") == 0 || strcmp(m->key, "nbf") == 0 ||
		strcmp(m->key, "iat") == 0;
	switch (gen_below(g, 10)) {
	case 0:
	case 1:
	case 2:
		m->doc = NULL;
		m->value = time && gen_chance(g, 85) ? gen_time(g) : gen_value(g);
		break;
	case 3:
		*m = doc->member[--doc->n];
		break;
	case 4:
		if (doc->n < GEN_MEMBERS_MAX && gen_chance(g, 50)) {
			doc->member[doc->n] = *m;
			doc->member[doc->n].key = escaped(g, m->key, gen_chance(g, 50) ? 40 : 0);
			doc->n++;
		}
		break;
	case 5:
		m->key = gen_chance(g, 50) ? other_case(g, m->key) : escaped(g, m->key, 40);
		break;
	case 6:
	case 7:
		gen_put(doc, GEN_PICK(g, strange), gen_value(g));
		break;
	default:
		swap(g, doc);
		break;
	}
}

static const char *blank(struct gen *g, bool loose)
{
	static const char *const blanks[] = {" ", "\n", "\t", "\r\n", "  ", ""};
	return loose ? GEN_PICK(g, blanks) : "";
}

static char *render(struct gen *g, const struct gen_doc *doc, bool loose)
{
	char *text = gen_text(g, "{%s", blank(g, loose));
	size_t len = strlen(text);
	for (size_t i = 0; i < doc->n; i++) {
		const struct gen_member *m = &doc->member[i];
		const char *value = m->doc != NULL ? render(g, m->doc, loose) : m->value;
		const char *part =
			gen_text(g, "%s%s\"%s\"%s:%s%s%s", i == 0 ? "" : ",", blank(g, loose),
				m->key, blank(g, loose), blank(g, loose), value, blank(g, loose));
		char *whole = gen_room(g, len + strlen(part));
		memcpy(whole, text, len);
		memcpy(whole + len, part, strlen(part));
		text = whole;
		len += strlen(part);
	}
	return gen_text(g, "%s}", text);
}

const char *gen_render(struct gen *g, const struct gen_doc *doc, bool may_break, size_t *len)
{
	static const char *const tails[] = {"}", ",", " x", "{}", "null", "//", "]", "\v"};
	char *text = render(g, doc, gen_chance(g, 15));
	*len = strlen(text);
	if (!may_break)
		return text;
	switch (gen_below(g, 7)) {
	case 0:
		text = gen_text(g, "%s%s", text, GEN_PICK(g, tails));
		break;
	case 1:
		text = gen_text(g, "\xef\xbb\xbf%s", text);
		break;
	case 2:
		text[gen_below(g, (uint32_t)*len)] = '\0';
		break;
	case 3:
		text[gen_below(g, (uint32_t)*len)] = (char)(1 + gen_below(g, 255));
		break;
	case 4:
		text = gen_text(g, "[%s]", text);
		break;
	case 5:
		text = gen_text(g, "%s%s%s", blank(g, true), text, blank(g, true));
		break;
	default:
		text[gen_below(g, (uint32_t)*len)] = '\0'; // a raw NUL, kept
		return text;
	}
	*len = strlen(text);
	return text;
}
