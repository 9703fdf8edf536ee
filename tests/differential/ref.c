// SPDX-License-Identifier: BSD-3-Clause
// Bookkeeping of the reference, and the small tools its layouts share.
#include "ref.h"

#include <assert.h>
#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

void ref_fail(struct ref_case *c, enum ref_stage stage, uint32_t reasons)
{
	c->verdict->at[stage] |= reasons;
}

void ref_loose(struct ref_case *c, enum ref_stage stage, uint32_t reasons)
{
	c->verdict->loose[stage] |= reasons;
}

void ref_open(struct ref_case *c, const char *why)
{
	if (c->verdict->unspecified == NULL)
		c->verdict->unspecified = why;
}

char *ref_room(struct ref_case *c, size_t n)
{
	assert(c->verdict->used + n + 1 <= sizeof(c->verdict->pool));
	char *p = c->verdict->pool + c->verdict->used;
	c->verdict->used += n + 1;
	p[n] = '\0';
	return p;
}

const char *ref_text(struct ref_case *c, const char *p, size_t n)
{
	char *copy = ref_room(c, n);
	if (n > 0)
		memcpy(copy, p, n);
	return copy;
}

static int digit(char ch, enum ref_alphabet alphabet)
{
	static const char common[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
	const char *at = ch == '\0' ? NULL : strchr(common, ch);
	if (at != NULL)
		return (int)(at - common);
	if (alphabet != REF_STANDARD_PADDED && (ch == '-' || ch == '_'))
		return ch == '-' ? 62 : 63;
	if (alphabet != REF_URL && (ch == '+' || ch == '/'))
		return ch == '+' ? 62 : 63;
	return -1;
}

long ref_base64(const char *in, size_t n, enum ref_alphabet alphabet, uint8_t *out)
{
	size_t pads = 0;
	while (pads < 2 && pads < n && in[n - 1 - pads] == '=')
		pads++;
	if (alphabet == REF_URL && pads > 0)
		return -1;
	if (alphabet == REF_STANDARD_PADDED && n % 4 != 0)
		return -1;
	if (pads > 0 && n % 4 != 0)
		return -1;
	n -= pads;
	if (n % 4 == 1 || (pads > 0 && (n + pads) % 4 != 0))
		return -1;
	uint32_t bits = 0;
	unsigned have = 0;
	long len = 0;
	for (size_t i = 0; i < n; i++) {
		const int value = digit(in[i], alphabet);
		if (value < 0)
			return -1;
		bits = bits << 6 | (uint32_t)value;
		have += 6;
		if (have >= 8) {
			have -= 8;
			out[len++] = (uint8_t)(bits >> have);
			bits &= (1u << have) - 1;
		}
	}
	return bits == 0 ? len : -1;
}

bool ref_utf8(const char *p, size_t n)
{
	json_t *text = json_stringn(p, n);
	json_decref(text);
	return text != NULL;
}

size_t ref_characters(const char *p)
{
	size_t n = 0;
	for (; *p != '\0'; p++)
		n += ((unsigned char)*p & 0xc0) != 0x80;
	return n;
}

// jansson refuses numbers that overflow a double, wherever they stand; JSON does not. They become
// 1e300, which every rule about times refuses as well.
static void tame_numbers(char *p, size_t *n)
{
	bool string = false;
	for (size_t i = 0; i < *n; i++) {
		if (string) {
			if (p[i] == '\\')
				i++;
			else if (p[i] == '"')
				string = false;
			continue;
		}
		string = p[i] == '"';
		if (!isdigit((unsigned char)p[i]))
			continue;
		const size_t len = strspn(p + i, "0123456789+-.eE");
		char copy[512] = "";
		if (len < sizeof(copy))
			memcpy(copy, p + i, len);
		char *end = NULL;
		if (len >= 5 && len < sizeof(copy) && isinf(strtod(copy, &end)) && *end == '\0' &&
			isdigit((unsigned char)copy[len - 1]) &&
			(copy[0] != '0' || !isdigit((unsigned char)copy[1]))) {
			memcpy(p + i, "1e300", 5);
			memset(p + i + 5, ' ', len - 5);
		}
		i += len - 1;
	}
}

static int nesting(const char *p, size_t n)
{
	int depth = 0, deepest = 0;
	bool string = false;
	for (size_t i = 0; i < n; i++) {
		if (string && p[i] == '\\')
			i++;
		else if (p[i] == '"')
			string = !string;
		else if (!string && (p[i] == '{' || p[i] == '['))
			deepest = ++depth > deepest ? depth : deepest;
		else if (!string && (p[i] == '}' || p[i] == ']'))
			depth--;
	}
	return deepest;
}

json_t *ref_json(const char *p, size_t n)
{
	// jansson swallows a raw NUL behind a number.
	if (memchr(p, 0, n) != NULL || nesting(p, n) > 64)
		return NULL;
	char *copy = calloc(1, n + 1);
	assert(copy != NULL);
	memcpy(copy, p, n);
	tame_numbers(copy, &n);
	json_error_t error;
	json_t *json =
		json_loadb(copy, n, JSON_REJECT_DUPLICATES | JSON_DECODE_INT_AS_REAL, &error);
	free(copy);
	return json;
}

const struct ref_app *ref_find(const struct ref_case *c, const char *key)
{
	for (size_t i = 0; i < c->world->apps_n; i++) {
		const struct ref_app *app = &c->world->apps[i];
		if (app->vendor == c->request->vendor && strcmp(app->key, key) == 0)
			return app;
	}
	return NULL;
}

void ref_find_app(struct ref_case *c, const char *key)
{
	c->app = ref_find(c, key);
	const char *beside = c->request->app;
	if (beside != NULL && beside[0] != '\0' && strcmp(beside, key) != 0)
		c->app = NULL;
	if (c->app == NULL)
		ref_fail(c, REF_KEY, REF_R(UNKNOWN_KEY));
}

void ref_grant(struct ref_case *c, uint64_t capabilities, int64_t end)
{
	struct ref_verdict *v = c->verdict;
	for (unsigned bit = 0; bit < JG_CAPABILITY_COUNT; bit++) {
		if ((capabilities >> bit & 1) == 0)
			continue;
		const bool had = (v->capabilities >> bit & 1) != 0;
		if (!had)
			v->ends[bit] = end;
		else if (v->ends[bit] != JG_TIME_NONE &&
			(end == JG_TIME_NONE || end > v->ends[bit]))
			v->ends[bit] = end;
	}
	v->capabilities |= capabilities;
}

void ref_judge(const struct ref_world *world, const struct ref_request *request,
	struct ref_verdict *verdict)
{
	*verdict = (struct ref_verdict){.issued_at = JG_TIME_NONE,
		.expires_at = JG_TIME_NONE,
		.identity = "",
		.room = "",
		.name = "",
		.metadata = "",
		.role = "",
		.kind = "",
		.layout_classes = "",
		.permissions = "",
		.ancestors = "",
		.key = ""};
	for (unsigned bit = 0; bit < JG_CAPABILITY_COUNT; bit++)
		verdict->ends[bit] = JG_TIME_NONE;
	struct ref_case c = {.world = world, .request = request, .verdict = verdict};
	if (request->token_len > JG_TOKEN_MAX) {
		ref_fail(&c, REF_LONG, REF_R(TOO_LONG));
		return;
	}
	if (request->vendor == JG_VENDOR_AGORA)
		ref_agora(&c);
	else if (request->vendor == JG_VENDOR_OPENTOK && request->token_len >= 4 &&
		memcmp(request->token, "T1==", 4) == 0)
		ref_t1(&c);
	else
		ref_jwt(&c);
	if (c.app == NULL)
		return;
	verdict->app = c.app->key;
	ref_decide(&c);
}

void ref_clear(struct ref_verdict *verdict)
{
	json_decref(verdict->header);
	json_decref(verdict->payload);
}

uint32_t ref_reasons(const struct ref_verdict *verdict)
{
	uint32_t also = 0;
	for (int stage = 0; stage < REF_STAGES; stage++) {
		also |= verdict->loose[stage];
		if (verdict->at[stage] != 0)
			return verdict->at[stage] | also;
	}
	return 0;
}
