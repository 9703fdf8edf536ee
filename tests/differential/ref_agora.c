// SPDX-License-Identifier: BSD-3-Clause
// Agora 007 and 006: format paper section 5.
#include "ref.h"

#include <openssl/hmac.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum {
	SERVICES_MAX = 64,
	PRIVILEGES_MAX = 64,
	INFLATED_MAX = 65535,
	DAY = 86400
};

struct reader {
	const uint8_t *p;
	size_t n;
	size_t at;
	bool short_read;
};

struct service {
	unsigned type;
	unsigned privileges_n;
	struct {
		unsigned key;
		uint32_t value;
	} privileges[PRIVILEGES_MAX];
	const uint8_t *room, *user, *permissions;
	size_t room_len, user_len, permissions_len;
};

struct token {
	const uint8_t *signature;
	size_t signature_len;
	char app[64];
	uint32_t issued, expire, salt;
	struct service services[SERVICES_MAX];
	unsigned services_n;
};

static uint32_t read_le(struct reader *r, unsigned bytes)
{
	uint32_t value = 0;
	if (r->n - r->at < bytes) {
		r->short_read = true;
		r->at = r->n;
		return 0;
	}
	for (unsigned i = 0; i < bytes; i++)
		value |= (uint32_t)r->p[r->at++] << (8 * i);
	return value;
}

static const uint8_t *read_str(struct reader *r, size_t *len)
{
	*len = read_le(r, 2);
	if (r->n - r->at < *len) {
		r->short_read = true;
		r->at = r->n;
		*len = 0;
	}
	const uint8_t *p = r->p + r->at;
	r->at += *len;
	return p;
}

static void read_privileges(struct ref_case *c, struct reader *r, struct service *s)
{
	const unsigned n = read_le(r, 2);
	for (unsigned i = 0; i < n && !r->short_read; i++) {
		const unsigned key = read_le(r, 2);
		const uint32_t value = read_le(r, 4);
		for (unsigned k = 0; k < s->privileges_n; k++)
			if (s->privileges[k].key == key)
				ref_open(c, "a privilege twice");
		if (s->privileges_n == PRIVILEGES_MAX) {
			ref_open(c, "very many privileges");
			continue;
		}
		s->privileges[s->privileges_n].key = key;
		s->privileges[s->privileges_n++].value = value;
	}
}

// u16 n x (u16 type, u16 m x (u16 0|1, u16 k x str))
static void skip_permissions(struct reader *r)
{
	const unsigned n = read_le(r, 2);
	for (unsigned i = 0; i < n && !r->short_read; i++) {
		(void)read_le(r, 2);
		const unsigned m = read_le(r, 2);
		for (unsigned j = 0; j < m && !r->short_read; j++) {
			(void)read_le(r, 2);
			const unsigned k = read_le(r, 2);
			size_t len;
			for (unsigned l = 0; l < k && !r->short_read; l++)
				(void)read_str(r, &len);
		}
	}
}

// False: an unknown type, where reading stops.
static bool read_service(struct ref_case *c, struct reader *r, struct service *s)
{
	*s = (struct service){.type = read_le(r, 2)};
	if (r->short_read)
		return false;
	if (s->type < 1 || s->type > 10)
		return false;
	read_privileges(c, r, s);
	switch (s->type) {
	case 1:
	case 3:
	case 6:
	case 7:
		s->room = read_str(r, &s->room_len);
		s->user = read_str(r, &s->user_len);
		if (s->type == 7)
			(void)read_le(r, 2);
		break;
	case 2:
	case 5:
		s->user = read_str(r, &s->user_len);
		break;
	case 8:
		s->user = read_str(r, &s->user_len);
		s->permissions = r->p + r->at;
		skip_permissions(r);
		s->permissions_len = (size_t)(r->p + r->at - s->permissions);
		break;
	default:
		break;
	}
	return true;
}

// '*' stands for any run, everything else for itself.
static bool wild(const uint8_t *p, size_t n, const char *text)
{
	if (n == 0)
		return *text == '\0';
	if (*p == '*')
		return wild(p + 1, n - 1, text) || (*text != '\0' && wild(p, n, text + 1));
	return *text != '\0' && (char)*p == *text && wild(p + 1, n - 1, text + 1);
}

static bool matches(const uint8_t *p, size_t n, const char *text)
{
	return n == 0 || text == NULL || wild(p, n, text);
}

static bool text_ok(const uint8_t *p, size_t n)
{
	return memchr(p, 0, n) == NULL && ref_utf8((const char *)p, n);
}

static const struct {
	unsigned type, privilege;
	uint64_t bits;
} meanings[] = {
	{1, 1, JG_CAPABILITY(JOIN) | JG_CAPABILITY(SUBSCRIBE)},
	{1, 2, JG_CAPABILITY(PUBLISH_MICROPHONE) | JG_CAPABILITY(PUBLISH_SCREEN_SHARE_AUDIO)},
	{1, 3, JG_CAPABILITY(PUBLISH_CAMERA) | JG_CAPABILITY(PUBLISH_SCREEN_SHARE)},
	{1, 4, JG_CAPABILITY(PUBLISH_DATA)},
	{2, 1, JG_CAPABILITY(RTM_LOGIN) | JG_CAPABILITY(SIGNAL)},
	{8, 1, JG_CAPABILITY(RTM_LOGIN)},
	{3, 1, JG_CAPABILITY(STREAM_PUSH_MIX)},
	{3, 2, JG_CAPABILITY(STREAM_PUSH_RAW)},
	{4, 1, JG_CAPABILITY(FPA_LOGIN)},
	{5, 1, JG_CAPABILITY(CHAT_USER)},
	{5, 2, JG_CAPABILITY(CHAT_APP)},
	{6, 1, JG_CAPABILITY(CDN_PUBLISH)},
	{6, 2, JG_CAPABILITY(CDN_PLAY)},
	{7, 1, JG_CAPABILITY(APAAS_ROOM_USER)},
	{7, 2, JG_CAPABILITY(APAAS_USER)},
	{7, 3, JG_CAPABILITY(APAAS_APP)},
};

// After the token's end only a reconnect within the grace comes this far, and gets what the token
// gave in its last second, until the grace ends.
static bool graceful(const struct ref_case *c)
{
	return c->world->now - ref_leeway(c) >= c->verdict->expires_at;
}

static bool lives(const struct ref_case *c, uint32_t value, int64_t base)
{
	const int64_t now = c->world->now - ref_leeway(c);
	return value == 0 || base + value > (graceful(c) ? c->verdict->expires_at - 1 : now);
}

static int64_t end_of(const struct ref_case *c, uint32_t value, int64_t base)
{
	const int64_t grace = c->verdict->expires_at + ref_late(c);
	if (value == 0)
		return JG_TIME_NONE;
	return graceful(c) && base + value < grace ? grace : base + value;
}

// Grants what lives; tells how privilege 1 stands: 0 absent, 1 over, 2 live.
static int grant(struct ref_case *c, const struct service *s, int64_t base)
{
	int first = 0;
	if (s->type == 9 || s->type == 10)
		ref_grant(c, s->type == 9 ? JG_CAPABILITY(CONVO_AI) : JG_CAPABILITY(STT),
			JG_TIME_NONE);
	for (unsigned i = 0; i < s->privileges_n; i++) {
		const uint32_t value = s->privileges[i].value;
		const int64_t end = end_of(c, value, base);
		const bool live = lives(c, value, base);
		if (s->privileges[i].key == 1)
			first = live ? 2 : 1;
		for (size_t m = 0; live && m < sizeof(meanings) / sizeof(meanings[0]); m++)
			if (meanings[m].type == s->type &&
				meanings[m].privilege == s->privileges[i].key)
				ref_grant(c, meanings[m].bits, end);
	}
	return first;
}

static int standing(const struct ref_case *c, const struct service *s, int64_t base)
{
	for (unsigned i = 0; i < s->privileges_n; i++)
		if (s->privileges[i].key == 1)
			return lives(c, s->privileges[i].value, base) ? 2 : 1;
	return 0;
}

// Section 6: passed on raw. Several logins: one after the other.
static void pass_permissions(struct ref_case *c, const struct service *s, int64_t base)
{
	struct ref_verdict *v = c->verdict;
	if (s->type != 8 || standing(c, s, base) != 2)
		return;
	char *all = ref_room(c, v->permissions_len + s->permissions_len);
	memcpy(all, v->permissions, v->permissions_len);
	memcpy(all + v->permissions_len, s->permissions, s->permissions_len);
	v->permissions = all;
	v->permissions_len += s->permissions_len;
}

static void odd_names(struct ref_case *c, const struct token *t)
{
	for (unsigned i = 0; i < t->services_n; i++) {
		const struct service *s = &t->services[i];
		const bool rtc = s->type == 1;
		if ((s->room != NULL && !text_ok(s->room, s->room_len)) ||
			(s->user != NULL && !text_ok(s->user, s->user_len))) {
			ref_loose(c, REF_MALFORMED, REF_R(MALFORMED));
			ref_loose(c, REF_CLAIM,
				REF_R(BAD_CLAIM) | REF_R(ROOM_MISMATCH) | REF_R(IDENTITY_MISMATCH));
			ref_fail(c, REF_MATCH, REF_R(MALFORMED) | REF_R(BAD_CLAIM));
			if (!rtc)
				ref_open(c, "ill text in a service that is not asked for");
		}
		if (s->room_len > 64 || s->user_len > 255 || (!rtc && s->user_len > 64))
			ref_open(c, "names over the vendor's limits");
		if ((s->type == 2 || s->type == 8) &&
			(s->user_len == 0 || memchr(s->user, '*', s->user_len) != NULL))
			ref_open(c, "wildcards in RTM users");
	}
}

// Which of the asked kind fit; what each of the others lacks.
static void match_services(struct ref_case *c, const struct token *t, int64_t base)
{
	const bool rtm = c->request->service == JG_SERVICE_RTM;
	bool admitted = false;
	uint32_t lacks = 0;
	for (unsigned i = 0; i < t->services_n; i++) {
		const struct service *s = &t->services[i];
		const bool asked = rtm ? s->type == 2 || s->type == 8 : s->type == 1;
		if (!asked) {
			if (!rtm) {
				(void)grant(c, s, base);
				pass_permissions(c, s, base);
			}
			continue;
		}
		uint32_t mismatch = 0;
		if (!rtm && !matches(s->room, s->room_len, c->request->room))
			mismatch |= REF_R(ROOM_MISMATCH);
		if (!matches(s->user, s->user_len, c->request->identity))
			mismatch |= REF_R(IDENTITY_MISMATCH);
		const int first = mismatch == 0 ? grant(c, s, base) : standing(c, s, base);
		if (mismatch == 0)
			pass_permissions(c, s, base);
		if (first == 2 && mismatch == 0)
			admitted = true;
		lacks |= mismatch;
		if (first != 2)
			lacks |= REF_R(NO_JOIN) | (first == 1 ? REF_R(EXPIRED) : 0);
	}
	if (admitted)
		return;
	ref_loose(c, REF_TIME, lacks & REF_R(EXPIRED));
	ref_fail(c, REF_JOIN, lacks == 0 ? REF_R(NO_JOIN) : lacks);
}

static void chained_mac(const struct token *t, const char *certificate, const uint8_t *message,
	size_t n, uint8_t mac[32])
{
	uint8_t key[32], next[32];
	unsigned len = 0;
	const uint8_t issued[4] = {(uint8_t)t->issued, (uint8_t)(t->issued >> 8),
		(uint8_t)(t->issued >> 16), (uint8_t)(t->issued >> 24)};
	const uint8_t salt[4] = {(uint8_t)t->salt, (uint8_t)(t->salt >> 8),
		(uint8_t)(t->salt >> 16), (uint8_t)(t->salt >> 24)};
	HMAC(EVP_sha256(), issued, 4, (const uint8_t *)certificate, strlen(certificate), key, &len);
	HMAC(EVP_sha256(), salt, 4, key, 32, next, &len);
	HMAC(EVP_sha256(), next, 32, message, n, mac, &len);
}

static bool signature_holds(
	struct ref_case *c, const struct token *t, const uint8_t mac[32], size_t secret)
{
	if (t->signature_len != 32)
		ref_loose(c, REF_MALFORMED, REF_R(MALFORMED));
	if (t->signature_len != 32 || memcmp(mac, t->signature, 32) != 0)
		return false;
	ref_signed_by(c, secret, mac, 32);
	return true;
}

static bool read_007(struct ref_case *c, struct reader *r, struct token *t, size_t *signed_at)
{
	size_t len;
	*t = (struct token){.signature_len = 0};
	t->signature = read_str(r, &t->signature_len);
	*signed_at = r->at;
	const uint8_t *app = read_str(r, &len);
	if (len >= sizeof(t->app) || memchr(app, 0, len) != NULL)
		ref_open(c, "App IDs that are none");
	else
		memcpy(t->app, app, len);
	t->issued = read_le(r, 4);
	t->expire = read_le(r, 4);
	t->salt = read_le(r, 4);
	const unsigned n = read_le(r, 2);
	bool known = true;
	for (unsigned i = 0; i < n && known && !r->short_read; i++) {
		if (t->services_n == SERVICES_MAX) {
			ref_open(c, "very many services");
			return true;
		}
		known = read_service(c, r, &t->services[t->services_n]);
		t->services_n += known;
	}
	return !r->short_read && (!known || r->at == r->n);
}

static long inflate_all(const uint8_t *in, size_t n, uint8_t *out)
{
	z_stream z = {.next_in = (z_const Bytef *)(uintptr_t)in,
		.avail_in = (uInt)n,
		.next_out = out,
		.avail_out = INFLATED_MAX};
	if (inflateInit(&z) != Z_OK)
		return -1;
	const int result = inflate(&z, Z_FINISH);
	const long len = result == Z_STREAM_END && z.avail_in == 0 ? (long)z.total_out : -1;
	inflateEnd(&z);
	return len;
}

static void judge_007(struct ref_case *c, const uint8_t *bytes, size_t n)
{
	static uint8_t content[INFLATED_MAX];
	static struct token t;
	const long len = inflate_all(bytes, n, content);
	if (len < 0) {
		ref_fail(c, REF_CONTENT, REF_R(MALFORMED) | REF_R(BAD_ENCODING) | REF_R(TOO_LONG));
		ref_loose(c, REF_CONTENT, REF_R(BAD_SIGNATURE));
		return;
	}
	if (len > 4096)
		ref_open(c, "contents between 4096 and 65535 bytes");
	struct reader r = {.p = content, .n = (size_t)len};
	size_t signed_at;
	if (!read_007(c, &r, &t, &signed_at)) {
		ref_fail(c, REF_CONTENT, REF_R(MALFORMED));
		return;
	}
	odd_names(c, &t);
	if (t.app[0] == '\0')
		ref_loose(c, REF_CONTENT, REF_R(MALFORMED));
	ref_find_app(c, t.app);
	if (c->app == NULL)
		return;
	uint8_t mac[32];
	bool holds = false;
	for (size_t i = 0; !holds && ref_secret(c, i) != NULL; i++) {
		chained_mac(
			&t, ref_secret(c, i), content + signed_at, (size_t)len - signed_at, mac);
		holds = signature_holds(c, &t, mac, i);
	}
	if (!holds) {
		ref_fail(c, REF_SIGNATURE, REF_R(BAD_SIGNATURE));
		return;
	}
	const int64_t now = c->world->now, issued = t.issued;
	c->verdict->issued_at = issued;
	c->verdict->expires_at = issued + (t.expire < DAY ? t.expire : DAY);
	if (now >= c->verdict->expires_at + ref_late(c))
		ref_fail(c, REF_TIME, REF_R(EXPIRED));
	if (issued > now + 600 + ref_leeway(c))
		ref_fail(c, REF_TIME, REF_R(NOT_YET_VALID));
	if (t.services_n == 0)
		ref_loose(c, REF_CONTENT, REF_R(MALFORMED));
	match_services(c, &t, issued);
}

static void judge_006(struct ref_case *c, const uint8_t *bytes, size_t n, const char *app)
{
	struct reader r = {.p = bytes, .n = n};
	struct token t = {.signature_len = 0};
	size_t len;
	t.signature = read_str(&r, &t.signature_len);
	const uint32_t crc_room = read_le(&r, 4), crc_user = read_le(&r, 4);
	const uint8_t *message = read_str(&r, &len);
	const bool at_end = r.at == r.n && !r.short_read;
	struct reader m = {.p = message, .n = len};
	t.salt = read_le(&m, 4);
	const uint32_t end = read_le(&m, 4);
	static struct service s;
	s = (struct service){.type = 1};
	read_privileges(c, &m, &s);
	if (!at_end || m.short_read || m.at != m.n) {
		ref_fail(c, REF_CONTENT, REF_R(MALFORMED));
		return;
	}
	ref_find_app(c, app);
	if (c->app == NULL)
		return;
	const bool rtm = c->request->service == JG_SERVICE_RTM;
	const char *room = rtm ? c->request->identity : c->request->room;
	const char *user = rtm || crc_user == 0 ? "" : c->request->identity;
	if (room == NULL || user == NULL) {
		ref_open(c, "006 without what it is about");
		return;
	}
	const bool room_ok = crc32(0, (const uint8_t *)room, (uInt)strlen(room)) == crc_room;
	const bool user_ok = crc32(0, (const uint8_t *)user, (uInt)strlen(user)) == crc_user;
	const uint32_t mismatch = (room_ok		? 0
						  : rtm ? REF_R(IDENTITY_MISMATCH)
							: REF_R(ROOM_MISMATCH)) |
		(user_ok ? 0 : REF_R(IDENTITY_MISMATCH));
	ref_loose(c, REF_SIGNATURE, mismatch);
	static uint8_t text[2 * JG_TOKEN_MAX];
	size_t text_len = 0;
	const char *const parts[] = {app, room, user};
	for (int i = 0; i < 3; i++) {
		memcpy(text + text_len, parts[i], strlen(parts[i]));
		text_len += strlen(parts[i]);
	}
	memcpy(text + text_len, message, len);
	uint8_t mac[32];
	unsigned mac_len = 0;
	bool holds = false;
	for (size_t i = 0; !holds && ref_secret(c, i) != NULL; i++) {
		HMAC(EVP_sha256(), ref_secret(c, i), (int)strlen(ref_secret(c, i)), text,
			text_len + len, mac, &mac_len);
		holds = signature_holds(c, &t, mac, i);
	}
	if (!holds) {
		ref_fail(c, REF_SIGNATURE, REF_R(BAD_SIGNATURE));
		return;
	}
	ref_fail(c, REF_MATCH,
		mismatch | (mismatch == 0 ? 0 : REF_R(BAD_SIGNATURE) | REF_R(MALFORMED)));
	const int64_t now = c->world->now;
	c->verdict->issued_at = (int64_t)end - DAY;
	c->verdict->expires_at = end;
	if (now >= end + ref_late(c))
		ref_fail(c, REF_TIME, REF_R(EXPIRED));
	if ((int64_t)end > now + DAY + 600 + ref_leeway(c))
		ref_open(c, "a 006 token that ends more than a day ahead");
	if (rtm)
		s.type = 2;
	for (unsigned i = 0; rtm && i < s.privileges_n; i++)
		s.privileges[i].key = s.privileges[i].key == 1000 ? 1 : 0;
	const int first = grant(c, &s, 0);
	if (first != 2) {
		ref_fail(c, REF_JOIN, REF_R(NO_JOIN));
		ref_loose(c, REF_TIME, first == 1 ? REF_R(EXPIRED) : 0);
	}
}

void ref_agora(struct ref_case *c)
{
	static uint8_t bytes[JG_TOKEN_MAX];
	const char *text = c->request->token;
	size_t n = c->request->token_len;
	char app[33] = "";
	const bool v7 = n >= 3 && memcmp(text, "007", 3) == 0;
	const bool v6 = n >= 3 && memcmp(text, "006", 3) == 0;
	const size_t head = v7 ? 3 : 35;
	if ((!v7 && !v6) || n <= head) {
		ref_fail(c, REF_MALFORMED, REF_R(MALFORMED));
		if (v7)
			ref_fail(c, REF_MALFORMED, REF_R(BAD_ENCODING));
		if (!v7 && !v6)
			ref_loose(c, REF_MALFORMED, REF_R(BAD_ENCODING));
		return;
	}
	if (v6) {
		memcpy(app, text + 3, 32);
		if (strspn(app, "0123456789abcdefABCDEF") != 32)
			ref_loose(c, REF_MALFORMED, REF_R(MALFORMED) | REF_R(UNKNOWN_KEY));
	}
	const long len = ref_base64(text + head, n - head, REF_STANDARD_PADDED, bytes);
	if (len < 0) {
		ref_fail(c, REF_ENCODING, REF_R(BAD_ENCODING));
		for (size_t i = head; i < n; i++)
			if (strchr("\n\r\t ", text[i]) != NULL)
				ref_fail(c, REF_ENCODING, REF_R(MALFORMED));
		// A cut 006 token is both.
		if (v6)
			ref_fail(c, REF_ENCODING, REF_R(MALFORMED));
		return;
	}
	const char *identity = c->request->identity, *room = c->request->room;
	c->verdict->identity = identity == NULL ? "" : identity;
	c->verdict->room = room == NULL || c->request->service == JG_SERVICE_RTM ? "" : room;
	if (v7)
		judge_007(c, bytes, (size_t)len);
	else
		judge_006(c, bytes, (size_t)len, app);
}
