// SPDX-License-Identifier: BSD-3-Clause
// T1, Agora 007 and Agora 006 tokens.
#include "gen.h"

#include <openssl/hmac.h>
#include <stdio.h>
#include <string.h>
#include <zlib.h>

// T1

static const char *url_escaped(struct gen *g, const char *text)
{
	char *out = gen_room(g, strlen(text) * 3), *at = out;
	const bool plus = gen_chance(g, 50);
	for (const unsigned char *p = (const unsigned char *)text; *p != '\0'; p++) {
		if (*p == ' ' && plus)
			*at++ = '+';
		else if (strchr("&=%+# ", *p) != NULL || *p < 0x20 || *p > 0x7e || gen_chance(g, 3))
			at += sprintf(at, gen_chance(g, 80) ? "%%%02X" : "%%%02x", *p);
		else
			*at++ = (char)*p;
	}
	*at = '\0';
	return out;
}

struct pair {
	const char *name;
	const char *value;
};

static void change_pairs(struct gen *g, struct pair *pair, size_t *n)
{
	static const char *const values[] = {"", "never", "1800000600x", "-5",
		"18446744073709552216", "1800000600", "1799999999", "1800000000", "1800000601",
		"1802592000", "1802592001", "100%zz", "a%00b", "a%ff%feb", "%4", "%", "moderator",
		"Moderator", "admin", "caf%c3%a9", "a:b:c", "%ed%a0%80", "+", "a+b%2Bc"};
	static const char *const names[] = {"color", "r%6fle", "role", "ROLE", "nonce",
		"create_time", "expire%5Ftime", "x%00", "%ff"};
	const uint32_t at = gen_below(g, (uint32_t)*n);
	switch (gen_below(g, 5)) {
	case 0:
	case 1:
		pair[at].value = GEN_PICK(g, values);
		break;
	case 2:
		pair[at] = pair[--*n];
		break;
	case 3:
		pair[(*n)++] = (struct pair){GEN_PICK(g, names), GEN_PICK(g, values)};
		break;
	default:
		pair[*n] = pair[at];
		pair[at] = pair[0];
		pair[0] = pair[*n];
		break;
	}
}

static const char *t1_prefix(struct gen *g, const char *key, const char *sig)
{
	switch (gen_below(g, 40)) {
	case 0:
		return gen_text(g, "sig=%s", sig);
	case 1:
		return gen_text(g, "partner_id=%s", key);
	case 2:
		return gen_text(g, "partner_id=%s&partner_id=%s&sig=%s", key, key, sig);
	case 3:
	case 4:
		return gen_text(g, "sig=%s&partner_id=%s", sig, key);
	case 5:
	case 6:
		return gen_text(g, "partner_id=%s&sdk_version=tbphp-v0.91&sig=%s", key, sig);
	case 7:
		return gen_text(g, "partner_id=%s&sig=", key);
	case 8:
		return gen_text(g, "partner_id=%s9&sig=%s", key, sig);
	default:
		return gen_text(g, "partner_id=%s&sig=%s", key, sig);
	}
}

static const char *data_string(struct gen *g, const char *session)
{
	static const char *const roles[] = {
		"subscriber", "publisher", "publisher", "publisheronly", "moderator"};
	static const char *const data[] = {"", "user=42", "a b+c~d", "\xe6\x97\xa5\xe6\x9c\xac",
		"x&role=moderator", "{\"id\":\"u-1\"}", "100%"};
	struct pair pair[20];
	size_t n = 0;
	pair[n++] = (struct pair){"session_id", url_escaped(g, session)};
	pair[n++] = (struct pair){"create_time", gen_text(g, "%lld", (long long)GEN_NOW - 5)};
	pair[n++] = (struct pair){"role", GEN_PICK(g, roles)};
	pair[n++] = (struct pair){"nonce", "0.394"};
	if (gen_chance(g, 80))
		pair[n++] =
			(struct pair){"expire_time", gen_text(g, "%lld", (long long)GEN_NOW + 600)};
	if (gen_chance(g, 60))
		pair[n++] = (struct pair){"connection_data", url_escaped(g, GEN_PICK(g, data))};
	if (gen_chance(g, 50))
		pair[n++] = (struct pair){
			"initial_layout_class_list", gen_chance(g, 50) ? "" : "focus+top"};
	if (gen_chance(g, 8))
		pair[n++] = (struct pair){"jg_ancestors", url_escaped(g, gen_ancestors(g))};
	static const uint8_t changes[] = {0, 0, 0, 1, 1, 1, 1, 2, 2, 4};
	for (uint8_t k = changes[gen_below(g, sizeof(changes))]; k > 0 && n > 0; k--)
		change_pairs(g, pair, &n);
	const char *text = "";
	for (size_t i = 0; i < n; i++)
		text = gen_text(
			g, "%s%s%s=%s", text, i == 0 ? "" : "&", pair[i].name, pair[i].value);
	return text;
}

void gen_t1(struct gen *g, struct gen_case *c)
{
	const struct ref_app *app = gen_app(g, JG_VENDOR_OPENTOK);
	const char *session = gen_session(g, gen_chance(g, 93) ? app->key : "47301129");
	const char *data = data_string(g, session);
	uint8_t mac[EVP_MAX_MD_SIZE];
	unsigned len = 0;
	char hex[41];
	const char *secret = gen_secret(g, app);
	HMAC(EVP_sha1(), secret, (int)strlen(secret), (const uint8_t *)data, strlen(data), mac,
		&len);
	for (unsigned i = 0; i < 20; i++)
		sprintf(hex + 2 * i, gen_chance(g, 1) ? "%02X" : "%02x", mac[i]);
	if (gen_chance(g, 3))
		hex[gen_below(g, 40)] = '0';
	const char *body = gen_text(
		g, "%s%s%s", t1_prefix(g, app->key, hex), gen_chance(g, 98) ? ":" : "", data);
	c->request.vendor = JG_VENDOR_OPENTOK;
	c->request.token = gen_text(g, "T1==%s", gen_base64(g, body, strlen(body), GEN_STANDARD));
	c->request.token_len = strlen(c->request.token);
	if (gen_chance(g, 60))
		c->request.room = gen_chance(g, 90) ? session : "1_other";
	if (gen_chance(g, 25))
		c->request.app = gen_chance(g, 85) ? app->key : "other";
	c->layout = "t1";
	if (gen_chance(g, 7))
		gen_damage(g, c);
}

// Agora

struct writer {
	uint8_t p[4096];
	size_t n;
};

static void put_le(struct writer *w, uint32_t value, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		w->p[w->n++] = (uint8_t)(value >> (8 * i));
}

static void put_str(struct gen *g, struct writer *w, const void *p, size_t n)
{
	const uint32_t lie = gen_chance(g, 1) ? gen_below(g, 3) * 7 + 1 : 0;
	put_le(w, (uint32_t)n + lie, 2);
	memcpy(w->p + w->n, p, n);
	w->n += n;
}

static void put_text(struct gen *g, struct writer *w, const char *text)
{
	put_str(g, w, text, strlen(text));
}

// Values relative to the issue for 007, absolute for 006.
static void put_privileges(struct gen *g, struct writer *w, uint32_t base, unsigned most)
{
	static const uint32_t lives[] = {600, 600, 3600, 86400, 1, 10, 172800};
	const uint32_t start = gen_below(g, 8) == 0 ? 1 + gen_below(g, most) : 1;
	const uint32_t n = gen_below(g, most - start + 2);
	put_le(w, gen_chance(g, 98) ? n : n + 1, 2);
	for (uint32_t i = 0; i < n; i++) {
		put_le(w, gen_chance(g, 96) ? start + i : 77 + i, 2);
		put_le(w, gen_chance(g, 30) ? 0 : base + lives[gen_below(g, 7)], 4);
	}
}

static const char *channel(struct gen *g)
{
	static const char *const names[] = {"demo-room", "demo-room", "demo-room", "demo-room",
		"demo-room", "demo-room", "demo-room", "*", "", "demo*", "d*o*m", "demo-room*",
		"**", "other", "Demo-room", "demo-roo?", "demo-room ", "demo\xffroom"};
	return GEN_PICK(g, names);
}

static const char *account(struct gen *g)
{
	static const char *const names[] = {"2882341273", "2882341273", "2882341273", "", "*",
		"28*", "*73", "0", "ann", "28823412734", "2*8*2*3"};
	return GEN_PICK(g, names);
}

static const char *rtm_user(struct gen *g)
{
	static const char *const names[] = {
		"signal-user", "signal-user", "signal-user", "other", "Signal-user"};
	return GEN_PICK(g, names);
}

static void put_permissions(struct gen *g, struct writer *w)
{
	static const char *const names[] = {"a", "stream*", "", "\xff\xfe", "channel-7"};
	const uint32_t resources = gen_below(g, 3);
	put_le(w, resources, 2);
	for (uint32_t i = 0; i < resources; i++) {
		const uint32_t ways = gen_below(g, 3);
		put_le(w, gen_below(g, 4), 2);
		put_le(w, ways, 2);
		for (uint32_t k = 0; k < ways; k++) {
			const uint32_t n = gen_below(g, 3);
			put_le(w, k, 2);
			put_le(w, n, 2);
			for (uint32_t l = 0; l < n; l++)
				put_text(g, w, GEN_PICK(g, names));
		}
	}
}

static void put_service(struct gen *g, struct writer *w)
{
	static const uint8_t types[] = {1, 1, 1, 1, 1, 2, 2, 8, 8, 8, 3, 4, 5, 6, 7, 9, 10, 11};
	const uint8_t type = types[gen_below(g, sizeof(types))];
	put_le(w, type, 2);
	put_privileges(g, w, 0, type == 1 ? 4 : 3);
	switch (type) {
	case 1:
		put_text(g, w, channel(g));
		put_text(g, w, account(g));
		break;
	case 3:
	case 6:
		put_text(g, w, "demo-room");
		put_text(g, w, "ann");
		break;
	case 7:
		put_text(g, w, "class");
		put_text(g, w, "ann");
		put_le(w, gen_below(g, 65536), 2);
		break;
	case 8:
		put_text(g, w, rtm_user(g));
		put_permissions(g, w);
		break;
	case 2:
	case 5:
		put_text(g, w, rtm_user(g));
		break;
	default:
		break;
	}
}

static void hmac(const void *key, size_t key_len, const void *p, size_t n, uint8_t out[32])
{
	unsigned len = 0;
	HMAC(EVP_sha256(), key, (int)key_len, p, n, out, &len);
}

static void agora_request(struct gen *g, struct gen_case *c, const struct ref_app *app)
{
	c->request.vendor = JG_VENDOR_AGORA;
	c->request.service = gen_chance(g, 25) ? JG_SERVICE_RTM : JG_SERVICE_RTC;
	if (c->request.service == JG_SERVICE_RTM) {
		c->request.identity = "signal-user";
	} else {
		c->request.room = "demo-room";
		c->request.identity = gen_chance(g, 90) ? "2882341273" : "0";
	}
	if (gen_chance(g, 30))
		c->request.app = gen_chance(g, 90) ? app->key : "other";
}

static void put_signing_info(
	struct gen *g, struct writer *w, const struct ref_app *app, uint32_t issued, uint32_t salt)
{
	static const uint32_t lives[] = {600, 600, 3600, 86400, 172800, 4294967295u, 10, 0};
	put_text(g, w, gen_chance(g, 97) ? app->key : "ffffffffffffffffffffffffffffffff");
	put_le(w, issued, 4);
	put_le(w, lives[gen_below(g, 8)], 4);
	put_le(w, salt, 4);
	const uint32_t n = 1 + gen_below(g, 3);
	put_le(w, gen_chance(g, 97) ? n : gen_below(g, 5), 2);
	for (uint32_t i = 0; i < n; i++)
		put_service(g, w);
	if (gen_chance(g, 2))
		put_le(w, 0, 1);
	if (gen_chance(g, 2))
		w->n -= gen_below(g, 8);
}

void gen_agora_007(struct gen *g, struct gen_case *c)
{
	static const int64_t before[] = {
		5, 5, 5, 5, 0, 599, 600, 601, 86399, 86400, -600, -601, 1000};
	const struct ref_app *app = gen_app(g, JG_VENDOR_AGORA);
	static struct writer info, content;
	info.n = content.n = 0;
	const uint32_t issued = (uint32_t)(GEN_NOW - before[gen_below(g, 13)]);
	const uint32_t salt =
		gen_chance(g, 90) ? 1 + gen_below(g, 99999999) : gen_below(g, 2) * UINT32_MAX;
	put_signing_info(g, &info, app, issued, salt);
	uint8_t key[4], first[32], second[32], mac[32];
	for (int i = 0; i < 4; i++)
		key[i] = (uint8_t)(issued >> (8 * i));
	const char *secret = gen_secret(g, app);
	hmac(key, 4, secret, strlen(secret), first);
	for (int i = 0; i < 4; i++)
		key[i] = (uint8_t)(salt >> (8 * i));
	hmac(key, 4, first, 32, second);
	hmac(second, 32, info.p, info.n, mac);
	if (gen_chance(g, 3))
		mac[gen_below(g, 32)] ^= 1;
	put_str(g, &content, mac, gen_chance(g, 99) ? 32 : 31);
	memcpy(content.p + content.n, info.p, info.n);
	content.n += info.n;
	uint8_t packed[8192];
	uLongf len = sizeof(packed);
	compress2(packed, &len, content.p, content.n, (int)gen_below(g, 10));
	if (gen_chance(g, 4))
		packed[gen_below(g, (uint32_t)len)] ^= (uint8_t)(1u << gen_below(g, 8));
	if (gen_chance(g, 2))
		len -= 1 + gen_below(g, 6);
	if (gen_chance(g, 1))
		packed[len++] = 0;
	c->request.token = gen_text(g, "007%s", gen_base64(g, packed, len, GEN_STANDARD));
	c->request.token_len = strlen(c->request.token);
	c->layout = "agora-007";
	agora_request(g, c, app);
	if (gen_chance(g, 7))
		gen_damage(g, c);
}

void gen_agora_006(struct gen *g, struct gen_case *c)
{
	static const int64_t ends[] = {86400, 86400, 3600, 1, 0, -1, 86000};
	const struct ref_app *app = gen_app(g, JG_VENDOR_AGORA);
	agora_request(g, c, app);
	const bool rtm = c->request.service == JG_SERVICE_RTM;
	static struct writer m, content, text;
	m.n = content.n = text.n = 0;
	put_le(&m, gen_below(g, 99999999), 4);
	put_le(&m, (uint32_t)(GEN_NOW + ends[gen_below(g, 7)]), 4);
	if (rtm && gen_chance(g, 85)) {
		put_le(&m, 1, 2);
		put_le(&m, 1000, 2);
		put_le(&m, gen_chance(g, 50) ? 0 : (uint32_t)GEN_NOW + gen_below(g, 2) * 600, 4);
	} else {
		put_privileges(g, &m, (uint32_t)(GEN_NOW - 5), 5);
	}
	const char *room =
		gen_chance(g, 93) ? (rtm ? c->request.identity : c->request.room) : "other";
	const char *user = rtm || gen_chance(g, 20) ? ""
		: gen_chance(g, 93)		    ? c->request.identity
						    : "77";
	text.n = (size_t)sprintf((char *)text.p, "%s%s%s", app->key, room, user);
	memcpy(text.p + text.n, m.p, m.n);
	uint8_t mac[32];
	const char *secret = gen_secret(g, app);
	hmac(secret, strlen(secret), text.p, text.n + m.n, mac);
	if (gen_chance(g, 3))
		mac[gen_below(g, 32)] ^= 1;
	put_str(g, &content, mac, gen_chance(g, 98) ? 32 : 31);
	put_le(&content, (uint32_t)crc32(0, (const uint8_t *)room, (uInt)strlen(room)), 4);
	put_le(&content, (uint32_t)crc32(0, (const uint8_t *)user, (uInt)strlen(user)), 4);
	put_str(g, &content, m.p, m.n);
	if (gen_chance(g, 2))
		put_le(&content, 0, 1);
	if (gen_chance(g, 2))
		content.n -= 1 + gen_below(g, 5);
	const char *key = gen_chance(g, 97) ? app->key : "ffffffffffffffffffffffffffffffff";
	c->request.token =
		gen_text(g, "006%s%s", key, gen_base64(g, content.p, content.n, GEN_STANDARD));
	c->request.token_len = strlen(c->request.token);
	c->layout = "agora-006";
	if (gen_chance(g, 7))
		gen_damage(g, c);
}
