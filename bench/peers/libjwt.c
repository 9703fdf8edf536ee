// SPDX-License-Identifier: BSD-3-Clause
// libjwt as its manual says: decode with the key, then read the claims. The key is known beforehand,
// which spares it the look at iss. libjwt FILE; the tokens of bench_core -d.
#include "peer.h"

#include <jwt.h>
#include <stdlib.h>

static const unsigned char *key_bytes;
static int key_len;
static char api_key[64];

bool peer_verify(const char *token, size_t len)
{
	jwt_t *jwt = NULL;
	(void)len; // NUL-terminated
	if (jwt_decode(&jwt, token, key_bytes, key_len) != 0)
		return false;
	const char *iss = jwt_get_grant(jwt, "iss"), *sub = jwt_get_grant(jwt, "sub");
	char *video = jwt_get_grants_json(jwt, "video");
	bool ok = jwt_get_alg(jwt) == JWT_ALG_HS256 && iss != NULL && strcmp(iss, api_key) == 0 &&
		sub != NULL && video != NULL && PEER_NOW < jwt_get_grant_int(jwt, "exp") + 60 &&
		PEER_NOW >= jwt_get_grant_int(jwt, "nbf") - 60;
	free(video);
	jwt_free(jwt);
	return ok;
}

bool peer_open(const char *key, const char *secret)
{
	(void)snprintf(api_key, sizeof(api_key), "%s", key);
	key_bytes = (const unsigned char *)secret;
	key_len = (int)strlen(secret);
	return true;
}

const char peer_name[] = "libjwt";
