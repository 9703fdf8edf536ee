// SPDX-License-Identifier: BSD-3-Clause
// Random choices, text and base64 for the generators; one seed gives one run.
#include "gen.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void gen_reset(struct gen *g)
{
	g->used = 0;
}

// splitmix64
static uint64_t next(struct gen *g)
{
	uint64_t z = g->state += UINT64_C(0x9e3779b97f4a7c15);
	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

uint32_t gen_below(struct gen *g, uint32_t n)
{
	return (uint32_t)((next(g) >> 32) * n >> 32);
}

bool gen_chance(struct gen *g, uint32_t percent)
{
	return gen_below(g, 100) < percent;
}

const char *gen_pick(struct gen *g, const char *const *list, size_t n)
{
	return list[gen_below(g, (uint32_t)n)];
}

char *gen_room(struct gen *g, size_t n)
{
	assert(g->used + n + 1 <= sizeof(g->pool));
	char *p = g->pool + g->used;
	g->used += n + 1;
	p[n] = '\0';
	return p;
}

char *gen_text(struct gen *g, const char *format, ...)
{
	va_list list;
	va_start(list, format);
	const int n = vsnprintf(g->pool + g->used, sizeof(g->pool) - g->used, format, list);
	va_end(list);
	return gen_room(g, (size_t)n);
}

const struct ref_app *gen_app(struct gen *g, unsigned vendor)
{
	for (;;) {
		const struct ref_app *app =
			&g->world->apps[gen_below(g, (uint32_t)g->world->apps_n)];
		if (app->vendor == vendor)
			return app;
	}
}

const char *gen_secret(struct gen *g, const struct ref_app *app)
{
	if (app->more_n == 0 || gen_chance(g, 40))
		return app->secret;
	return app->more[gen_below(g, (uint32_t)app->more_n)].text;
}

char *gen_base64(struct gen *g, const void *bytes, size_t n, enum gen_alphabet alphabet)
{
	const char *digits = alphabet == GEN_URL
		? "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
		: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const uint8_t *p = bytes;
	char *out = gen_room(g, (n + 2) / 3 * 4), *at = out;
	for (size_t i = 0; i < n; i += 3) {
		const size_t left = n - i;
		const uint32_t v = (uint32_t)p[i] << 16 | (left > 1 ? (uint32_t)p[i + 1] << 8 : 0) |
			(left > 2 ? p[i + 2] : 0u);
		*at++ = digits[v >> 18];
		*at++ = digits[v >> 12 & 63];
		if (left > 1)
			*at++ = digits[v >> 6 & 63];
		else if (alphabet == GEN_STANDARD)
			*at++ = '=';
		if (left > 2)
			*at++ = digits[v & 63];
		else if (alphabet == GEN_STANDARD)
			*at++ = '=';
	}
	*at = '\0';
	return out;
}

const char *gen_ancestors(struct gen *g)
{
	static const uint8_t counts[] = {1, 1, 1, 1, 2, 2, 3, 31, 32, 33, 0};
	const uint8_t n = counts[gen_below(g, sizeof(counts))];
	char *ids = gen_room(g, (size_t)n * REF_ID + 1);
	size_t len = (size_t)n * REF_ID;
	for (uint8_t i = 0; i < n; i++) {
		memcpy(ids + i * REF_ID, GEN_ANCESTOR, REF_ID - 1);
		ids[i * REF_ID + REF_ID - 1] = (char)('0' + (n > 3 ? 3 : gen_below(g, 4)));
	}
	if (gen_chance(g, 8))
		len += len > 0 && gen_chance(g, 50) ? (size_t)-1 : 1;
	return gen_base64(g, ids, len, gen_chance(g, 95) ? GEN_URL : GEN_STANDARD);
}

void gen_damage(struct gen *g, struct gen_case *c)
{
	static const char letters[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_+/=. \n\r\t\"";
	size_t n = c->request.token_len;
	char *token = gen_room(g, n + 8);
	memcpy(token, c->request.token, n);
	for (uint32_t times = 1 + gen_below(g, 2); times > 0 && n > 0; times--) {
		// The end and the dots are where the rules are.
		const size_t at = gen_chance(g, 40) ? n - 1 - gen_below(g, n < 4 ? 1 : 4)
						    : gen_below(g, (uint32_t)n);
		const char letter = letters[gen_below(g, sizeof(letters) - 1)];
		switch (gen_below(g, 6)) {
		case 0:
			n = at;
			break;
		case 1:
			memmove(token + at, token + at + 1, n - at - 1);
			n--;
			break;
		case 2:
			memmove(token + at + 1, token + at, n - at);
			token[at] = letter;
			n++;
			break;
		case 3:
			token[n++] = letter;
			break;
		case 4:
			token[at] = (char)gen_below(g, 256);
			break;
		default:
			token[at] = letter;
			break;
		}
	}
	c->request.token = token;
	c->request.token_len = n;
}

const char *gen_session(struct gen *g, const char *key)
{
	const char *plain = gen_text(g, "1~%s~~1800000000000~%06u~", key, gen_below(g, 3));
	return gen_text(
		g, "%u_%s", 1 + gen_below(g, 2), gen_base64(g, plain, strlen(plain), GEN_URL));
}
