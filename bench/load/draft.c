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

static struct jg_str text(const char *p)
{
	return (struct jg_str){p, (uint32_t)strlen(p)};
}

// OpenTok's session ids name the project: "1_" and base64url of "1~KEY~...".
static void name_session(struct draft *draft, uint32_t room)
{
	char plain[64];
	const int n =
		snprintf(plain, sizeof(plain), "1~%.24s~127.0.0.1~%08x~0.4829~", draft->app, room);
	memcpy(draft->room, "1_", 2);
	EVP_EncodeBlock((unsigned char *)draft->room + 2, (const unsigned char *)plain, n);
	for (char *p = draft->room + 2; *p != '\0'; p++) {
		if (*p == '+' || *p == '/')
			*p = *p == '+' ? '-' : '_';
		if (*p == '=')
			*p = '\0';
	}
}

static void name_all(struct draft *draft, const struct draft_source *s)
{
	const bool number = layout_vendor(draft->pick.layout) == JG_VENDOR_AGORA;
	if (draft_world(draft) == WORLD_STRANGE)
		worlds_strange_key(s->config, s->app, draft->app);
	else
		snprintf(draft->app, sizeof(draft->app), "%.*s", (int)s->app->key.len,
			s->app->key.p);
	draft->app_len = s->app->key.len;
	snprintf(draft->identity, sizeof(draft->identity), number ? "%u" : "user-%u", s->user + 1);
	if (s->cut_off != NULL)
		snprintf(draft->identity, sizeof(draft->identity), "%.*s",
			(int)s->cut_off->user.len, s->cut_off->user.p);
	if (draft->pick.kind == KIND_NOT_PERMITTED)
		snprintf(draft->room, sizeof(draft->room), "%s", CLOSED_ROOM);
	else if (layout_vendor(draft->pick.layout) == JG_VENDOR_OPENTOK)
		name_session(draft, s->room);
	else
		snprintf(draft->room, sizeof(draft->room), "room-%u", s->room + 1);
}

// Fields that a vendor has no place for stay empty.
static void fill_names(struct draft *draft, const struct draft_source *s)
{
	static char filler[DRAFT_EXTRA_MAX];
	const enum jg_vendor vendor = layout_vendor(draft->pick.layout);
	struct jg_mint *mint = &draft->mint;
	const bool session = vendor == JG_VENDOR_OPENTOK || vendor == JG_VENDOR_VONAGE;
	mint->app = (struct jg_str){draft->app, draft->app_len};
	if (!session)
		mint->identity = text(draft->identity);
	if (vendor != JG_VENDOR_STREAM)
		mint->room = text(draft->room);
	if ((session || vendor == JG_VENDOR_LIVEKIT) && s->extra > 0) {
		memset(filler, 'x', sizeof(filler));
		const uint32_t most = session ? 1000 : DRAFT_EXTRA_MAX;
		mint->metadata = (struct jg_str){filler, s->extra < most ? s->extra : most};
	}
}

static void fill_kind(struct draft *draft, const struct draft_source *s)
{
	struct jg_mint *mint = &draft->mint;
	switch (draft->pick.kind) {
	case KIND_EXPIRED:
		mint->issued_at = s->now - s->ttl - LONG_AGO;
		mint->expires_at = s->now - LONG_AGO;
		break;
	case KIND_NOT_YET_VALID:
		mint->not_before = s->now + LONG_AGO;
		break;
	case KIND_BAD_CLAIM:
		mint->claims = JG_STR("{\"exp\":\"soon\"}");
		break;
	case KIND_MISSING_CLAIM:
		mint->claims = JG_STR("{\"exp\":null}");
		break;
	case KIND_LIFETIME:
		mint->claims = JG_STR("{\"exp\":32503680000}");
		break;
	case KIND_NO_JOIN:
		if (draft->pick.layout == LAYOUT_STREAM) {
			mint->type = JG_TOKEN_SERVER;
			mint->identity = (struct jg_str){NULL, 0};
			mint->expires_at = JG_TIME_NONE;
		} else {
			mint->capabilities = JG_CAPABILITY(ROOM_LIST);
			mint->room = (struct jg_str){NULL, 0};
		}
		break;
	case KIND_REVOKED:
		mint->issued_at = s->cut_off->before > s->now ? s->now : s->cut_off->before - 1;
		break;
	case KIND_DEV_TOKEN:
		mint->type = JG_TOKEN_DEVELOPMENT;
		mint->expires_at = JG_TIME_NONE;
		break;
	default:
		break;
	}
}

void draft_init(struct draft *draft, const struct draft_source *source)
{
	draft->mint = (struct jg_mint){.vendor = (uint8_t)layout_vendor(draft->pick.layout),
		.format = (uint8_t)layout_format(draft->pick.layout),
		.issued_at = source->now,
		.not_before = JG_TIME_NONE,
		.expires_at = source->now + source->ttl,
		.salt = draft->index + 1};
	name_all(draft, source);
	fill_names(draft, source);
	fill_kind(draft, source);
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
		request.app = (struct jg_str){draft->app, draft->app_len};
	if (vendor == JG_VENDOR_STREAM || vendor == JG_VENDOR_AGORA)
		request.identity = kind == KIND_IDENTITY_MISMATCH ? JG_STR("4294967295")
								  : text(draft->identity);
	if (vendor != JG_VENDOR_STREAM)
		request.room =
			kind == KIND_ROOM_MISMATCH ? JG_STR("another-room") : text(draft->room);
	return request;
}
