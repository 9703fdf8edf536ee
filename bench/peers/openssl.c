// SPDX-License-Identifier: BSD-3-Clause
// A careful verifier by hand: OpenSSL's HMAC with a context made once per key, jansson, the same
// checks. openssl FILE; the tokens of bench_core -d.
#include "peer.h"

#include <jansson.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>

static EVP_MAC_CTX *context;
static char api_key[64];

static int value_of(int c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '-' ? 62 : c == '_' ? 63 : -1;
}

// Bytes decoded, -1 when the text is not base64url.
static int decode(const char *text, size_t len, unsigned char *out)
{
	unsigned bits = 0, have = 0;
	int n = 0;
	for (size_t i = 0; i < len; i++) {
		int v = value_of((unsigned char)text[i]);
		if (v < 0)
			return -1;
		bits = bits << 6 | (unsigned)v;
		have += 6;
		if (have >= 8) {
			have -= 8;
			out[n++] = (unsigned char)(bits >> have);
		}
	}
	return n;
}

static json_t *parse(const char *text, size_t len)
{
	static unsigned char out[20480];
	json_error_t error;
	int n = len / 4 * 3 < sizeof(out) - 3 ? decode(text, len, out) : -1;
	return n < 0 ? NULL : json_loadb((char *)out, (size_t)n, JSON_REJECT_DUPLICATES, &error);
}

static bool claims_hold(const json_t *claims)
{
	const char *iss, *sub, *room;
	json_int_t exp, nbf;
	int join;
	json_error_t error;
	return json_unpack_ex((json_t *)claims, &error, 0, "{s:s,s:s,s:I,s:I,s:{s:b,s:s}}", "iss",
		       &iss, "sub", &sub, "exp", &exp, "nbf", &nbf, "video", "roomJoin", &join,
		       "room", &room) == 0 &&
		strcmp(iss, api_key) == 0 && sub[0] != '\0' && room[0] != '\0' && join &&
		PEER_NOW < exp + 60 && PEER_NOW >= nbf - 60;
}

static bool signature_holds(const char *token, size_t signed_len, const char *text, size_t len)
{
	unsigned char mac[32], signature[64];
	size_t mac_len = 0;
	return len == 43 && decode(text, len, signature) == 32 &&
		EVP_MAC_init(context, NULL, 0, NULL) == 1 &&
		EVP_MAC_update(context, (const unsigned char *)token, signed_len) == 1 &&
		EVP_MAC_final(context, mac, &mac_len, sizeof(mac)) == 1 && mac_len == 32 &&
		CRYPTO_memcmp(mac, signature, 32) == 0;
}

bool peer_verify(const char *token, size_t len)
{
	const char *payload = memchr(token, '.', len);
	const char *signature = payload != NULL
		? memchr(payload + 1, '.', len - (size_t)(payload + 1 - token))
		: NULL;
	if (signature == NULL)
		return false;
	json_t *header = parse(token, (size_t)(payload - token));
	json_t *claims = parse(payload + 1, (size_t)(signature - payload - 1));
	const char *alg = json_string_value(json_object_get(header, "alg"));
	bool ok = alg != NULL && strcmp(alg, "HS256") == 0 && json_is_object(claims) &&
		signature_holds(token, (size_t)(signature - token), signature + 1,
			len - (size_t)(signature + 1 - token)) &&
		claims_hold(claims);
	json_decref(header);
	json_decref(claims);
	return ok;
}

bool peer_open(const char *key, const char *secret)
{
	char digest[] = "SHA256";
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string("digest", digest, 0), OSSL_PARAM_construct_end()};
	EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	context = EVP_MAC_CTX_new(mac);
	EVP_MAC_free(mac);
	(void)snprintf(api_key, sizeof(api_key), "%s", key);
	return context != NULL &&
		EVP_MAC_init(context, (const unsigned char *)secret, strlen(secret), params) == 1;
}

const char peer_name[] = "OpenSSL HMAC + jansson";
