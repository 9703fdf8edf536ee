// SPDX-License-Identifier: BSD-3-Clause
// The four JWT layouts: format paper sections 1, 6 and 7.
#include "ref.h"

#include <openssl/hmac.h>
#include <string.h>

struct parts {
	const char *p[3];
	size_t n[3];
	uint8_t bytes[3][JG_TOKEN_MAX];
	long len[3];
};

static bool split(const struct ref_request *request, struct parts *parts)
{
	const char *at = request->token, *end = at + request->token_len;
	for (int i = 0; i < 3; i++) {
		const char *dot = at == NULL ? NULL : memchr(at, '.', (size_t)(end - at));
		if ((dot == NULL) != (i == 2))
			return false;
		parts->p[i] = at;
		parts->n[i] = (size_t)((i == 2 ? end : dot) - at);
		at = i == 2 ? end : dot + 1;
	}
	return true;
}

// A character that belongs to no base64 alphabet may as well be called malformed.
static bool foreign(const struct ref_request *request)
{
	for (size_t i = 0; i < request->token_len; i++)
		if (request->token[i] == '\0' ||
			strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+"
			       "/",
				request->token[i]) == NULL)
			return true;
	return false;
}

static bool decode(struct ref_case *c, struct parts *parts, bool development)
{
	bool good = true;
	for (int i = 0; i < 3; i++) {
		const bool lenient = development && i == 1;
		if (development && i == 2)
			continue;
		parts->len[i] = ref_base64(
			parts->p[i], parts->n[i], lenient ? REF_EITHER : REF_URL, parts->bytes[i]);
		if (parts->len[i] < 0) {
			ref_fail(c, REF_ENCODING,
				REF_R(BAD_ENCODING) | (foreign(c->request) ? REF_R(MALFORMED) : 0));
			if (development)
				ref_open(c, "how lenient a development token's base64 is");
			good = false;
		}
	}
	return good;
}

static json_t *object(struct ref_case *c, const struct parts *parts, int i)
{
	const char *p = (const char *)parts->bytes[i];
	const size_t n = (size_t)parts->len[i];
	json_t *json = ref_json(p, n);
	if (json != NULL && json_is_object(json))
		return json;
	uint32_t reasons = REF_R(BAD_JSON);
	if (!ref_utf8(p, n))
		reasons |= REF_R(BAD_ENCODING);
	if (json != NULL)
		reasons |= i == 0 ? REF_R(BAD_ALG) : REF_R(BAD_CLAIM);
	ref_fail(c, REF_CONTENT, reasons);
	json_decref(json);
	return NULL;
}

static void check_header(struct ref_case *c)
{
	const char *want = c->request->vendor == JG_VENDOR_VONAGE ? "RS256" : "HS256";
	const json_t *alg = json_object_get(c->verdict->header, "alg");
	if (!json_is_string(alg) || strcmp(json_string_value(alg), want) != 0)
		ref_fail(c, REF_ALG, REF_R(BAD_ALG));
	if (json_object_get(c->verdict->header, "crit") != NULL ||
		json_object_get(c->verdict->header, "b64") != NULL)
		ref_fail(c, REF_ALG, REF_R(BAD_ALG));
}

// Section 2 to 4: which claim names the key.
static void find_key(struct ref_case *c)
{
	if (c->request->vendor == JG_VENDOR_STREAM) {
		const char *key = c->request->app == NULL ? "" : c->request->app;
		ref_find_app(c, key);
		return;
	}
	const char *name = c->request->vendor == JG_VENDOR_VONAGE ? "application_id" : "iss";
	const json_t *claim = json_object_get(c->verdict->payload, name);
	if (json_is_string(claim)) {
		ref_find_app(c, json_string_value(claim));
		if (json_string_length(claim) == 0)
			ref_loose(c, REF_KEY, REF_R(MISSING_CLAIM));
		return;
	}
	ref_fail(c, REF_KEY, REF_R(UNKNOWN_KEY));
	if (claim == NULL || json_is_null(claim))
		ref_fail(c, REF_KEY, REF_R(MISSING_CLAIM));
	if (claim != NULL)
		ref_fail(c, REF_KEY, REF_R(BAD_CLAIM));
}

static bool hmac_holds(struct ref_case *c, const struct parts *parts)
{
	uint8_t mac[EVP_MAX_MD_SIZE];
	unsigned mac_len = 0;
	const size_t signed_len = parts->n[0] + 1 + parts->n[1];
	for (size_t i = 0; ref_secret(c, i) != NULL; i++) {
		HMAC(EVP_sha256(), ref_secret(c, i), (int)strlen(ref_secret(c, i)),
			(const uint8_t *)c->request->token, signed_len, mac, &mac_len);
		if (parts->len[2] == 32 && memcmp(mac, parts->bytes[2], 32) == 0) {
			ref_signed_by(c, i, parts->bytes[2], 32);
			return true;
		}
	}
	return false;
}

static bool rsa_holds(struct ref_case *c, const struct parts *parts)
{
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	const size_t signed_len = parts->n[0] + 1 + parts->n[1];
	const bool holds = parts->len[2] == EVP_PKEY_get_size(c->app->public_key) &&
		EVP_DigestVerifyInit(md, NULL, EVP_sha256(), NULL, c->app->public_key) == 1 &&
		EVP_DigestVerify(md, parts->bytes[2], (size_t)parts->len[2],
			(const uint8_t *)c->request->token, signed_len) == 1;
	EVP_MD_CTX_free(md);
	if (holds)
		ref_signed_by(c, 0, parts->bytes[2], (size_t)parts->len[2]);
	return holds;
}

static bool signature_holds(struct ref_case *c, const struct parts *parts, bool development)
{
	if (development) {
		if (!c->app->auth_checks_disabled)
			ref_fail(c, REF_SIGNATURE, REF_R(DEV_TOKEN) | REF_R(BAD_SIGNATURE));
		return c->app->auth_checks_disabled;
	}
	const bool rsa = c->request->vendor == JG_VENDOR_VONAGE;
	if (rsa ? rsa_holds(c, parts) : hmac_holds(c, parts))
		return true;
	ref_fail(c, REF_SIGNATURE, REF_R(BAD_SIGNATURE));
	return false;
}

void ref_jwt(struct ref_case *c)
{
	static struct parts parts;
	if (!split(c->request, &parts)) {
		ref_fail(c, REF_MALFORMED, REF_R(MALFORMED));
		return;
	}
	if (parts.n[0] == 0 || parts.n[1] == 0) {
		ref_fail(c, REF_MALFORMED, REF_R(MALFORMED) | REF_R(BAD_JSON));
		return;
	}
	const bool development = c->request->vendor == JG_VENDOR_STREAM && parts.n[2] == 8 &&
		memcmp(parts.p[2], "devtoken", 8) == 0;
	if (!decode(c, &parts, development))
		return;
	const long sig_len = c->request->vendor == JG_VENDOR_VONAGE ? 256 : 32;
	if (!development && parts.len[2] != sig_len)
		ref_loose(c, REF_MALFORMED, REF_R(MALFORMED));
	c->verdict->header = object(c, &parts, 0);
	c->verdict->payload = object(c, &parts, 1);
	if (c->verdict->header == NULL || c->verdict->payload == NULL)
		return;
	check_header(c);
	find_key(c);
	if (c->app == NULL || !signature_holds(c, &parts, development))
		return;
	const json_t *ancestors = json_object_get(c->verdict->payload, "jg_ancestors");
	if (ancestors != NULL && !json_is_string(ancestors))
		ref_fail(c, REF_CLAIM, REF_R(BAD_CLAIM));
	ref_ancestors(c, json_string_value(ancestors));
	if (c->request->vendor == JG_VENDOR_LIVEKIT)
		ref_livekit_claims(c);
	else if (c->request->vendor == JG_VENDOR_STREAM)
		ref_stream_claims(c, development);
	else
		ref_opentok_claims(c);
}
