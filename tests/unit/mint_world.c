// SPDX-License-Identifier: BSD-3-Clause
#include "mint_world.h"

#include "rsa_pems.h"

#include <criterion/criterion.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>

struct jg_str world_app(unsigned vendor)
{
	static const char *const keys[JG_VENDOR_COUNT] = {[JG_VENDOR_LIVEKIT] = "APIq7Rk2ZtVw9LmX",
		[JG_VENDOR_STREAM] = "k8mzq2w7rt5x",
		[JG_VENDOR_OPENTOK] = "47301122",
		[JG_VENDOR_VONAGE] = "5b6c7d8e-1f20-4a3b-8c4d-5e6f708192a3",
		[JG_VENDOR_AGORA] = AGORA_APP};
	return (struct jg_str){keys[vendor], (uint32_t)strlen(keys[vendor])};
}

static void add_app(struct jg_snapshot_builder *builder, unsigned vendor, struct jg_str key,
	uint8_t status_b, const struct jg_policy *policy)
{
	static const struct jg_secret rsa[2] = {
		{.id = JG_STR_INIT("a"),
			.public_key = JG_STR_INIT(RSA_PUBLIC_PEM),
			.private_key = JG_STR_INIT(RSA_PRIVATE_PEM)},
		{.id = JG_STR_INIT("b"), .public_key = JG_STR_INIT(RSA_PUBLIC_PEM)}};
	struct jg_error err = {""};
	struct jg_secret secrets[2] = {
		{.id = JG_STR("a"), .secret = JG_STR("9e8d7c6b5a493827160f1e2d3c4b5a69")},
		{.id = JG_STR("b"), .secret = JG_STR("19e8d7c6b5a493827160f1e2d3c4b5a6")}};
	for (unsigned i = 0; i < 2; i++) {
		if (vendor == JG_VENDOR_VONAGE)
			secrets[i] = rsa[i];
		secrets[i].not_before = secrets[i].not_after = JG_TIME_NONE;
		secrets[i].status = i == 0 ? JG_SECRET_ACTIVE : status_b;
	}
	struct jg_app app = {.key = key,
		.secrets = secrets,
		.secrets_n = 2,
		.vendor = (uint8_t)vendor,
		.policy = policy != NULL ? *policy : jg_policy_default()};
	app.policy.refresh = true;
	if (vendor == JG_VENDOR_STREAM)
		app.policy.auth_checks = false;
	cr_assert_eq(jg_snapshot_builder_add(builder, &app, &err), 0, "%s", err.text);
}

static struct jg_snapshot *build(const struct jg_policy *policy, struct jg_cut_offs *cut_offs)
{
	struct jg_error err = {""};
	struct jg_snapshot_builder *builder = jg_snapshot_builder_new();
	cr_assert_not_null(builder);
	for (unsigned vendor = 1; vendor < JG_VENDOR_COUNT; vendor++)
		add_app(builder, vendor, world_app(vendor), JG_SECRET_VERIFY_ONLY, policy);
	jg_snapshot_builder_set_cut_offs(builder, cut_offs);
	struct jg_snapshot *snapshot = jg_snapshot_build(builder, 1, &err);
	cr_assert_not_null(snapshot, "%s", err.text);
	return snapshot;
}

static void replace_apps(struct world *w, unsigned vendor, struct jg_str key, uint8_t status_b,
	const struct jg_policy *policy)
{
	struct jg_error err = {""};
	struct jg_snapshot_builder *builder = jg_snapshot_builder_new();
	cr_assert_not_null(builder);
	add_app(builder, vendor, key, status_b, policy);
	jg_snapshot_builder_set_cut_offs(builder, w->cut_offs);
	jg_snapshot_free(w->snapshot);
	w->snapshot = jg_snapshot_build(builder, 2, &err);
	cr_assert_not_null(w->snapshot, "%s", err.text);
}

void world_rotate(
	struct world *w, unsigned vendor, uint8_t status_b, const struct jg_policy *policy)
{
	replace_apps(w, vendor, world_app(vendor), status_b, policy);
}

void world_rename(
	struct world *w, unsigned vendor, struct jg_str key, const struct jg_policy *policy)
{
	replace_apps(w, vendor, key, JG_SECRET_VERIFY_ONLY, policy);
}

struct world *world_new(uint64_t seed, const struct jg_policy *policy)
{
	struct jg_error err = {""};
	struct jg_verifier_options options = {.mac_engine = "ref", .seed = seed};
	struct world *w = calloc(1, sizeof(*w));
	cr_assert_not_null(w);
	w->random = seed;
	w->cut_offs = jg_cut_offs_new(0, &err);
	cr_assert_not_null(w->cut_offs, "%s", err.text);
	w->snapshot = build(policy, w->cut_offs);
	w->minter = jg_minter_new(&options, &err);
	w->verifier = jg_verifier_new(&options, &err);
	cr_assert(w->minter != NULL && w->verifier != NULL, "%s", err.text);
	for (unsigned i = 0; i < JG_BURST_MAX; i++)
		w->minted[i] = (struct jg_minted){.token = w->token[i], .size = TOKEN_SIZE};
	return w;
}

void world_free(struct world *w)
{
	jg_verifier_free(w->verifier);
	jg_minter_free(w->minter);
	jg_snapshot_free(w->snapshot);
	jg_cut_offs_free(w->cut_offs);
	free(w);
}

uint32_t world_random(struct world *w, uint32_t n)
{
	w->random ^= w->random << 13;
	w->random ^= w->random >> 7;
	w->random ^= w->random << 17;
	return (uint32_t)(w->random >> 20) % n;
}

struct jg_str world_text(struct world *w, uint32_t characters, bool plain)
{
	static const char *const wide[] = {"\xc3\xa9", "\xe6\x97\xa5", "\xf0\x9f\x8e\xa5", "\n",
		"\"", "\\", "\x01", "\x7f", "&=%+:/?#", "\xe2\x80\xa8"};
	char *start = w->text + w->text_used, *p = start;
	for (uint32_t i = 0; i < characters; i++) {
		const char *from = plain || world_random(w, 3) > 0
			? &"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				  [world_random(w, 62)]
			: wide[world_random(w, JG_ARRAY_SIZE(wide))];
		size_t n = (unsigned char)from[0] < 0x80 ? 1 : strlen(from);
		memcpy(p, from, n);
		p += n;
	}
	w->text_used = (size_t)(p - w->text);
	cr_assert_lt(w->text_used, sizeof(w->text));
	return (struct jg_str){start, (uint32_t)(p - start)};
}

struct jg_mint world_ask(unsigned vendor, unsigned format)
{
	return (struct jg_mint){.vendor = (uint8_t)vendor,
		.format = (uint8_t)format,
		.app = world_app(vendor),
		.issued_at = NOW,
		.not_before = JG_TIME_NONE,
		.expires_at = NOW + 3600};
}

void world_round_trip(struct world *w, unsigned n)
{
	jg_mint_burst(w->minter, w->snapshot, NOW, w->asks, w->minted, n);
	for (unsigned i = 0; i < n; i++) {
		const struct jg_mint *ask = &w->asks[i];
		cr_assert_null(w->minted[i].problem, "%u: %s: %s", i,
			w->minted[i].field != NULL ? w->minted[i].field : "", w->minted[i].problem);
		cr_assert_gt(w->minted[i].len, 0);
		w->requests[i] = (struct jg_request){.token = {w->token[i], w->minted[i].len},
			.app = ask->app,
			.vendor = ask->vendor,
			.service = ask->service,
			.type = JG_REQUEST_JOIN};
		if (ask->room.len > 0)
			w->requests[i].room = ask->room;
		if (ask->vendor != JG_VENDOR_LIVEKIT && ask->identity.len > 0)
			w->requests[i].identity = ask->identity;
	}
	jg_verify_burst(w->verifier, w->snapshot, NOW, w->requests, w->verdicts, n);
}

struct jg_str world_payload(const struct jg_minted *minted, char *payload)
{
	static const char alphabet[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	uint32_t bits = 0, have = 0, n = 0;
	const char *p = memchr(minted->token, '.', minted->len);
	cr_assert_not_null(p);
	while (*++p != '.') {
		bits = bits << 6 | (uint32_t)(strchr(alphabet, *p) - alphabet);
		have += 6;
		if (have >= 8)
			payload[n++] = (char)(bits >> (have -= 8));
	}
	return (struct jg_str){payload, n};
}

static size_t base64url(const void *bytes, size_t n, char *out)
{
	size_t len = (size_t)EVP_EncodeBlock((unsigned char *)out, bytes, (int)n);
	while (len > 0 && out[len - 1] == '=')
		len--;
	for (size_t i = 0; i < len; i++)
		out[i] = out[i] == '+' ? '-' : out[i] == '/' ? '_' : out[i];
	return len;
}

uint32_t world_sign_hs256(const char *payload, size_t n, char *token, size_t size)
{
	static const char header[] = "{\"alg\":\"HS256\"}",
			  secret[] = "9e8d7c6b5a493827160f1e2d3c4b5a69";
	unsigned char mac[EVP_MAX_MD_SIZE];
	unsigned mac_len = 0;
	cr_assert_lt(n * 2 + 128, size);
	size_t len = base64url(header, sizeof(header) - 1, token);
	token[len++] = '.';
	len += base64url(payload, n, token + len);
	HMAC(EVP_sha256(), secret, sizeof(secret) - 1, (const unsigned char *)token, len, mac,
		&mac_len);
	token[len++] = '.';
	return (uint32_t)(len + base64url(mac, mac_len, token + len));
}
