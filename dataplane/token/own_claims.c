// SPDX-License-Identifier: BSD-3-Clause
#include "own_claims.h"

#include "put.h"
#include "simd/decoders.h"

#include <stdlib.h>

#define TEMPLATE_MAX 1024 // bytes of a text that is remembered

// The last text that had to be parsed. Its holes are the strings that are values.
struct template
{
	uint32_t len; // 0: none yet
	uint32_t holes_n;
	uint64_t present;
	struct {
		uint32_t from;
		uint32_t to;
	} holes[JG_HOLES_MAX];
	uint8_t bytes[TEMPLATE_MAX];
};

struct jg_own_claims {
	const struct jg_json_schema *schema;
	const struct jg_decoders *decoders;
	struct template template;
	struct jg_holes holes;
	struct jg_scan_schema scan;
	uint16_t quotes[JG_JSON_TEXT_MAX + JG_TEXT_SLACK];
	uint8_t bytes[JG_JSON_TEXT_MAX + JG_TEXT_SLACK];
};

struct jg_own_claims *jg_own_claims_new(
	const struct jg_json_schema *schema, const struct jg_decoders *decoders)
{
	struct jg_own_claims *own = aligned_alloc(alignof(struct jg_own_claims), sizeof(*own));
	if (own == NULL)
		return NULL;
	memset(own, 0, sizeof(*own));
	own->schema = schema;
	own->decoders = decoders;
	jg_scan_schema_init(&own->scan, schema);
	return own;
}

void jg_own_claims_free(struct jg_own_claims *own)
{
	if (own == NULL)
		return;
	explicit_bzero(own, sizeof(*own));
	free(own);
}

// Inline: most pieces are too short to be worth a call.
static inline bool same_bytes(const uint8_t *a, const uint8_t *b, uint32_t n)
{
	jg_words16 differs = {0};
	if (n < 16 || n > 256)
		return memcmp(a, b, n) == 0;
	for (uint32_t i = 0; i + 16 < n; i += 16)
		differs |= *(const jg_words16 *)(a + i) ^ *(const jg_words16 *)(b + i);
	differs |= *(const jg_words16 *)(a + n - 16) ^ *(const jg_words16 *)(b + n - 16);
	return (differs[0] | differs[1]) == 0;
}

// A string's bytes up to its quotation mark, or to the first that needs a second look.
static inline uint32_t string_len(const uint8_t *p, uint32_t n)
{
	uint32_t at = 0;
	for (; at + 16 <= n; at += 16) {
		jg_sixteen v;
		memcpy(&v, p + at, sizeof(v));
		jg_words16 odd = (jg_words16)jg_odd_bytes(v);
		if ((odd[0] | odd[1]) != 0)
			return at +
				(uint32_t)(odd[0] != 0 ? __builtin_ctzll(odd[0])
						       : 64 + __builtin_ctzll(odd[1])) /
				8;
	}
	while (at < n && p[at] != '"' && p[at] != '\\' && p[at] >= 0x20 && p[at] < 0x80)
		at++;
	return at;
}

// The same bytes between as many strings, of which nothing needs a second look: any of them is as good as the
// template's.
static bool fits(const struct template *template, const struct jg_claims *claims)
{
	const uint8_t *text = claims->text;
	uint32_t at = 0, from = 0, left = claims->len; // in the text, in the template, of the text
	if (template->len == 0)
		return false;
	for (uint32_t i = 0; i < template->holes_n; i++) {
		uint32_t n = template->holes[i].from - from;
		if (left < n || !same_bytes(text + at, template->bytes + from, n))
			return false;
		n += string_len(text + at + n, left - n);
		at += n;
		left -= n;
		from = template->holes[i].to;
	}
	return left == template->len - from && same_bytes(text + at, template->bytes + from, left);
}

static void remember(struct jg_own_claims *own, const struct jg_text *text, uint64_t present)
{
	struct template *template = &own->template;
	template->len = 0;
	if (text->len > sizeof(template->bytes) || own->holes.n > JG_HOLES_MAX)
		return;
	template->holes_n = 0;
	for (uint32_t i = 0; i < own->holes.n; i++) {
		const struct jg_hole *hole = &own->holes.hole[i];
		if (hole->type != JG_JSON_STRING)
			continue;
		unsigned n = template->holes_n++;
		template->holes[n].from = hole->start;
		template->holes[n].to = hole->end;
	}
	memcpy(template->bytes, text->bytes, text->len);
	template->present = present;
	template->len = text->len;
}

bool jg_own_claims_read(struct jg_own_claims *own, struct jg_json *json, struct jg_scratch *scratch,
	struct jg_claims *claims)
{
	struct jg_text text = {.bytes = own->bytes, .quotes = own->quotes};
	if (fits(&own->template, claims)) {
		claims->present = own->template.present;
		return true;
	}
	if (own->decoders->json_index(claims->text, claims->len, &text)) {
		own->holes.n = 0;
		jg_text_close(&text);
		if (jg_scan(&own->scan, &text, claims, &own->holes)) {
			remember(own, &text, claims->present);
			return true;
		}
	}
	return jg_json_read(json, scratch, own->schema, claims);
}
