// SPDX-License-Identifier: BSD-3-Clause
#include "draft.h"

#include "closed.h"

#include <openssl/evp.h>
#include <stdio.h>

#define LONG_AGO 900 // seconds: beyond every leeway
#define DAY 86400

enum world draft_world(const struct draft *draft)
{
	if (draft->pick.kind == KIND_UNKNOWN_KEY)
		return WORLD_STRANGE;
	// Nobody has another private key; such a signature is spoiled afterwards.
	if (draft->pick.kind == KIND_BAD_SIGNATURE && draft->pick.layout != LAYOUT_VONAGE)
		return WORLD_FORGED;
	return WORLD_OWN;
}

static char *put(char *at, const char *text, size_t len)
{
	memcpy(at, text, len);
	return at + len;
}

static char *put_number(char *at, uint32_t number)
{
	char digits[10];
	unsigned n = sizeof(digits);
	do
		digits[--n] = (char)('0' + number % 10);
	while ((number /= 10) > 0);
	return put(at, digits + n, sizeof(digits) - n);
}

static struct jg_str until(const char *from, const char *end)
{
	return (struct jg_str){from, (uint32_t)(end - from)};
}

// OpenTok's session ids name the project: "1_" and base64url of "1~KEY~...".
static void name_session(struct draft *draft, uint32_t room)
{
	char plain[64];
	const int n = snprintf(plain, sizeof(plain), "1~%.*s~127.0.0.1~%08x~0.4829~",
		draft->app.len < 24 ? (int)draft->app.len : 24, draft->app.p, room);
	memcpy(draft->room_text, "1_", 2);
	EVP_EncodeBlock((unsigned char *)draft->room_text + 2, (const unsigned char *)plain, n);
	char *p = draft->room_text + 2;
	for (; *p != '\0' && *p != '='; p++)
		if (*p == '+' || *p == '/')
			*p = *p == '+' ? '-' : '_';
	draft->room = until(draft->room_text, p);
}

static void name_user(struct draft *draft, const struct draft_source *s)
{
	const bool number = layout_vendor(draft->pick.layout) == JG_VENDOR_AGORA;
	char *at = draft->identity_text;
	if (s->cut_off != NULL) {
		draft->identity = s->cut_off->user;
		return;
	}
	if (!number)
		at = put(at, "user-", 5);
	draft->identity = until(draft->identity_text, put_number(at, s->user + 1));
}

static void name_all(struct draft *draft, const struct draft_source *s)
{
	draft->app = s->app->key;
	if (draft_world(draft) == WORLD_STRANGE)
		draft->app.p = s->strange_key;
	name_user(draft, s);
	if (draft->pick.kind == KIND_NOT_PERMITTED)
		draft->room = JG_STR(CLOSED_ROOM);
	else if (layout_vendor(draft->pick.layout) == JG_VENDOR_OPENTOK)
		name_session(draft, s->room);
	else
		draft->room = until(draft->room_text,
			put_number(put(draft->room_text, "room-", 5), s->room + 1));
}

// Fields that a vendor has no place for stay empty.
static void fill_names(
	const struct draft *draft, const struct draft_source *s, struct jg_mint *order)
{
	const enum jg_vendor vendor = layout_vendor(draft->pick.layout);
	const bool session = vendor == JG_VENDOR_OPENTOK || vendor == JG_VENDOR_VONAGE;
	order->app = draft->app;
	if (!session)
		order->identity = draft->identity;
	if (vendor != JG_VENDOR_STREAM)
		order->room = draft->room;
	if ((session || vendor == JG_VENDOR_LIVEKIT) && s->extra > 0) {
		const uint32_t most = session ? 1000 : DRAFT_EXTRA_MAX;
		order->metadata = (struct jg_str){s->filler, s->extra < most ? s->extra : most};
	}
}

static void fill_kind(
	const struct draft *draft, const struct draft_source *s, struct jg_mint *order)
{
	switch (draft->pick.kind) {
	case KIND_EXPIRED:
		order->issued_at = s->now - s->ttl - LONG_AGO;
		order->expires_at = s->now - LONG_AGO;
		break;
	case KIND_NOT_YET_VALID:
		order->not_before = s->now + LONG_AGO;
		break;
	case KIND_BAD_CLAIM:
		order->claims = JG_STR("{\"exp\":\"soon\"}");
		break;
	case KIND_MISSING_CLAIM:
		order->claims = JG_STR("{\"exp\":null}");
		break;
	case KIND_LIFETIME:
		order->claims = JG_STR("{\"exp\":32503680000}");
		break;
	case KIND_NO_JOIN:
		if (draft->pick.layout == LAYOUT_STREAM) {
			order->type = JG_TOKEN_SERVER;
			order->identity = (struct jg_str){NULL, 0};
			order->expires_at = JG_TIME_NONE;
		} else {
			order->capabilities = JG_CAPABILITY(ROOM_LIST);
			order->room = (struct jg_str){NULL, 0};
		}
		break;
	case KIND_REVOKED:
		order->issued_at = s->cut_off->before > s->now ? s->now : s->cut_off->before - 1;
		break;
	case KIND_DEV_TOKEN:
		order->type = JG_TOKEN_DEVELOPMENT;
		order->expires_at = JG_TIME_NONE;
		break;
	default:
		break;
	}
}

void draft_init(struct draft *draft, const struct draft_source *source, struct jg_mint *order)
{
	*order = (struct jg_mint){.vendor = (uint8_t)layout_vendor(draft->pick.layout),
		.format = (uint8_t)layout_format(draft->pick.layout),
		.issued_at = source->now,
		.not_before = JG_TIME_NONE,
		.expires_at = source->now + source->ttl,
		.salt = source->salt};
	name_all(draft, source);
	fill_names(draft, source, order);
	fill_kind(draft, source, order);
}

// Put a text in place of the bytes from..to.
static void replace(char *token, uint32_t *len, uint32_t from, uint32_t to, const char *with)
{
	const uint32_t n = (uint32_t)strlen(with);
	memmove(token + from + n, token + to, *len - to);
	memcpy(token + from, with, n);
	*len = *len - (to - from) + n;
}

static uint32_t find_dot(const char *token, uint32_t len, uint32_t from)
{
	while (from < len && token[from] != '.')
		from++;
	return from;
}

static void spoil_jwt(enum kind kind, char *token, uint32_t *len)
{
	const uint32_t head = find_dot(token, *len, 0);
	const uint32_t body = find_dot(token, *len, head + 1);
	switch (kind) {
	case KIND_MALFORMED:
		*len = body;
		break;
	case KIND_BAD_ENCODING:
		token[head + 2] = '!';
		break;
	case KIND_BAD_JSON: // "{} 1"
		replace(token, len, head + 1, body, "e30gMQ");
		break;
	case KIND_BAD_ALG: // {"alg":"none"}
		replace(token, len, 0, head, "eyJhbGciOiJub25lIn0");
		break;
	default: // the signature's first bits
		token[body + 1] = token[body + 1] == 'A' ? 'B' : 'A';
		break;
	}
}

void draft_spoil(const struct draft *draft, char *token, uint32_t *len)
{
	const enum kind kind = draft->pick.kind;
	const bool jwt = layout_format(draft->pick.layout) == JG_FORMAT_JWT_HS256 ||
		layout_format(draft->pick.layout) == JG_FORMAT_JWT_RS256;
	if (kind == KIND_TOO_LONG) {
		memset(token + *len, 'A', JG_TOKEN_MAX + 1 - *len);
		*len = JG_TOKEN_MAX + 1;
	} else if (jwt &&
		((kind >= KIND_MALFORMED && kind <= KIND_BAD_ALG) ||
			(kind == KIND_BAD_SIGNATURE && draft_world(draft) == WORLD_OWN))) {
		spoil_jwt(kind, token, len);
	} else if (kind == KIND_MALFORMED) { // a version that Agora never had
		memcpy(token, "009", 3);
	} else if (kind == KIND_BAD_ENCODING) {
		token[*len / 2] = '!';
	}
}

struct jg_request draft_request(const struct draft *draft, struct jg_str token)
{
	const enum jg_vendor vendor = layout_vendor(draft->pick.layout);
	const enum kind kind = draft->pick.kind;
	struct jg_request request = {.token = token,
		.vendor = (uint8_t)vendor,
		.type = draft->pick.reconnect ? JG_REQUEST_RECONNECT : JG_REQUEST_JOIN};
	if (vendor != JG_VENDOR_LIVEKIT)
		request.app = draft->app;
	if (vendor == JG_VENDOR_STREAM || vendor == JG_VENDOR_AGORA)
		request.identity =
			kind == KIND_IDENTITY_MISMATCH ? JG_STR("4294967295") : draft->identity;
	if (vendor != JG_VENDOR_STREAM)
		request.room = kind == KIND_ROOM_MISMATCH ? JG_STR("another-room") : draft->room;
	return request;
}
