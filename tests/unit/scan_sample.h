// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** Payloads as SDKs write them, and damaged copies of them, for the quick reader and the shapes. */

#include "profile.h"
#include "shape.h"

#include <criterion/criterion.h>

#include <stdlib.h>

#define SAMPLE_MAX 2048

static const char *const samples[] = {
	"{\"video\":{\"roomJoin\":true,\"room\":\"lobby\"},\"iss\":\"APIq\",\"exp\":1800021600,"
	"\"nbf\":1800000000,\"sub\":\"alice\"}",
	"{\"metadata\":\"{\\\"a\\\":[1,\\\"\\\\\\\\\\\"]}\",\"name\":\"\",\"attributes\":{\"k\":"
	"\"v\",\"l\":"
	"\"\"},\"video\":{\"room\":\"r\",\"roomJoin\":true,\"canPublishSources\":[\"camera\","
	"\"microphone\"]"
	",\"hidden\":false},\"sip\":{\"admin\":true},\"exp\":1800000600.75,\"iss\":\"A\",\"sub\":"
	"\"b\","
	"\"other\":null,\"deep\":{\"x\":[[],{}]}}",
	"{\"exp\":0,\"nbf\":-1,\"iat\":1e9,\"sub\":\"\",\"iss\":\"x\"}",
	"{}",
	"{\"name\":\"J\xc3\xbcrgen \xe2\x82\xac\",\"kindDetails\":[],\"agent\":{}}",
};

struct sample {
	struct jg_text text;
	uint8_t bytes[SAMPLE_MAX + JG_TEXT_SLACK];
	uint16_t quotes[SAMPLE_MAX + JG_TEXT_SLACK];
};

// What a decoder makes of the text: the index, and flags.
static void sample_set(struct sample *s, const uint8_t *bytes, size_t len)
{
	bool escaped = false;
	cr_assert_leq(len, SAMPLE_MAX);
	memset(s->bytes, 0xa5, sizeof(s->bytes));
	memcpy(s->bytes, bytes, len);
	s->text = (struct jg_text){.bytes = s->bytes, .quotes = s->quotes, .len = (uint32_t)len};
	for (uint32_t i = 0; i < len; i++) {
		uint8_t c = bytes[i];
		s->text.flags |= c < 0x20 ? JG_TEXT_CONTROL : 0u;
		s->text.flags |= c > 0x7f ? JG_TEXT_NON_ASCII : 0u;
		s->text.flags |= c == '\\' ? JG_TEXT_BACKSLASH : 0u;
		if (escaped && (c == 0 || strchr("\"\\/bfnrt", c) == NULL))
			s->text.flags |= JG_TEXT_ESCAPE;
		if (c == '"' && !escaped)
			s->quotes[s->text.quotes_n++] = (uint16_t)i;
		escaped = c == '\\' && !escaped;
	}
	jg_text_close(&s->text);
}

// A copy of a sample with one to three bytes replaced, removed, doubled or exchanged.
static size_t damage(uint8_t *out, const char *from)
{
	static const char likely[] = "\"\\{}[]:,0123456789-+.eEtrufalsn \n/";
	size_t len = strlen(from);
	memcpy(out, from, len);
	for (int n = rand() % 3 + 1; n > 0 && len > 2; n--) {
		size_t at = (size_t)rand() % len;
		switch (rand() % 4) {
		case 0:
			out[at] = (uint8_t)likely[(size_t)rand() % (sizeof(likely) - 1)];
			break;
		case 1:
			memmove(out + at, out + at + 1, --len - at);
			break;
		case 2:
			memmove(out + at + 1, out + at, len++ - at);
			break;
		default:
			out[at] = out[(size_t)rand() % len];
		}
	}
	return len;
}

// The truth of json.c about the same text.
static bool read_slowly(struct jg_json *json, const struct sample *s, struct jg_claims *claims)
{
	static uint8_t memory[16 * SAMPLE_MAX];
	struct jg_scratch scratch = {.base = memory, .size = sizeof(memory)};
	claims->text = s->text.bytes;
	claims->len = s->text.len;
	return jg_json_read(json, &scratch, &jg_livekit_schema, claims);
}

static void expect_same_claims(
	const struct jg_claims *a, const struct jg_claims *b, const struct sample *s)
{
	cr_assert_eq(a->present, b->present, "%.*s", (int)s->text.len, (const char *)s->bytes);
	cr_assert_arr_eq(a->of_type, b->of_type, sizeof(a->of_type));
	uint64_t words =
		a->of_type[JG_JSON_TRUE] | a->of_type[JG_JSON_FALSE] | a->of_type[JG_JSON_NULL];
	for (unsigned i = 0; i < JG_CLAIMS_MAX; i++) {
		if (((a->present & ~words) >> i & 1) == 0)
			continue;
		const struct jg_claim *x = &a->slot[i], *y = &b->slot[i];
		cr_assert(x->type == y->type && x->start == y->start && x->len == y->len &&
				x->escaped == y->escaped,
			"slot %u of %.*s: %u at %u+%u, expected %u at %u+%u", i, (int)s->text.len,
			(const char *)s->bytes, x->type, x->start, x->len, y->type, y->start,
			y->len);
	}
}
