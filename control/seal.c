// SPDX-License-Identifier: BSD-3-Clause
#include "seal.h"

#include "locked.h"

#include <inttypes.h>
#include <limits.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdio.h>

#define NONCE 12
#define TAG 16

struct jg_seal {
	unsigned char key[32];
};

struct jg_seal *jg_seal_new(struct jg_str secret, struct jg_error *err)
{
	struct jg_seal *seal = secret.len < 32 ? NULL : jg_locked_alloc(sizeof(*seal));
	if (seal == NULL ||
		EVP_Digest(secret.p, secret.len, seal->key, NULL, EVP_sha256(), NULL) != 1) {
		jg_error_set(err,
			"store.etcd.fleet_key_file: expected at least 32 bytes; make one "
			"with: head -c 48 /dev/urandom | base64");
		jg_locked_free(seal);
		return NULL;
	}
	return seal;
}

void jg_seal_free(struct jg_seal *seal)
{
	jg_locked_free(seal);
}

char *jg_base64(const void *bytes, size_t len)
{
	char *text = len > INT_MAX / 2 ? NULL : jg_locked_alloc((len + 2) / 3 * 4 + 1);
	if (text != NULL)
		(void)EVP_EncodeBlock((unsigned char *)text, bytes, (int)len);
	return text;
}

char *jg_unbase64(struct jg_str text, size_t *len)
{
	if (text.p == NULL || text.len % 4 != 0 || text.len > INT_MAX / 2)
		return NULL;
	char *bytes = jg_locked_alloc((size_t)text.len + 1);
	if (bytes == NULL)
		return NULL;
	int n = EVP_DecodeBlock(
		(unsigned char *)bytes, (const unsigned char *)text.p, (int)text.len);
	if (n < 0) {
		jg_locked_free(bytes);
		return NULL;
	}
	for (uint32_t i = 0; i < 2 && text.len > i && text.p[text.len - 1 - i] == '='; i++)
		n--;
	bytes[n] = '\0';
	*len = (size_t)n;
	return bytes;
}

// What is authenticated beside the text.
static bool bind_to(EVP_CIPHER_CTX *context, const char *path, int64_t generation)
{
	char header[64];
	int n;
	int len = snprintf(header, sizeof(header), "joingate record %" PRId64 " ", generation);
	return EVP_CipherUpdate(context, NULL, &n, (const unsigned char *)header, len) == 1 &&
		EVP_CipherUpdate(
			context, NULL, &n, (const unsigned char *)path, (int)strlen(path)) == 1;
}

static bool encrypt(const struct jg_seal *seal, const char *path, int64_t generation,
	struct jg_str text, unsigned char *out)
{
	EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
	int n;
	bool ok = context != NULL && RAND_bytes(out, NONCE) == 1 &&
		EVP_CipherInit_ex(context, EVP_aes_256_gcm(), NULL, seal->key, out, 1) == 1 &&
		bind_to(context, path, generation) &&
		EVP_CipherUpdate(context, out + NONCE, &n, (const unsigned char *)text.p,
			(int)text.len) == 1 &&
		EVP_CipherFinal_ex(context, out + NONCE + n, &n) == 1 &&
		EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_GET_TAG, TAG, out + NONCE + text.len) ==
			1;
	EVP_CIPHER_CTX_free(context);
	return ok;
}

static bool decrypt(const struct jg_seal *seal, const char *path, int64_t generation,
	unsigned char *sealed, size_t len, char *out)
{
	EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
	size_t text_len = len - NONCE - TAG;
	int n;
	bool ok = context != NULL &&
		EVP_CipherInit_ex(context, EVP_aes_256_gcm(), NULL, seal->key, sealed, 0) == 1 &&
		bind_to(context, path, generation) &&
		EVP_CipherUpdate(
			context, (unsigned char *)out, &n, sealed + NONCE, (int)text_len) == 1 &&
		EVP_CIPHER_CTX_ctrl(
			context, EVP_CTRL_GCM_SET_TAG, TAG, sealed + NONCE + text_len) == 1 &&
		EVP_CipherFinal_ex(context, (unsigned char *)out + n, &n) == 1;
	EVP_CIPHER_CTX_free(context);
	out[text_len] = '\0';
	return ok;
}

char *jg_seal_text(
	const struct jg_seal *seal, const char *path, int64_t generation, struct jg_str text)
{
	size_t len = NONCE + (size_t)text.len + TAG;
	unsigned char *sealed = jg_locked_alloc(len);
	char *base64 = NULL;
	if (sealed != NULL && encrypt(seal, path, generation, text, sealed))
		base64 = jg_base64(sealed, len);
	jg_locked_free(sealed);
	if (base64 == NULL)
		return NULL;
	json_t *json =
		json_pack("{s:I, s:s}", "generation", (json_int_t)generation, "sealed", base64);
	jg_locked_free(base64);
	char *result = json_dumps(json, JSON_COMPACT);
	json_decref(json);
	return result;
}

bool jg_seal_open(const struct jg_seal *seal, const char *path, struct jg_str sealed,
	int64_t *generation, char **text)
{
	json_t *json = json_loadb(sealed.p, sealed.len, JSON_REJECT_DUPLICATES, NULL);
	const json_t *base64 = json_object_get(json, "sealed");
	size_t len = 0;
	char *bytes = jg_unbase64(
		(struct jg_str){json_string_value(base64), (uint32_t)json_string_length(base64)},
		&len);
	*generation = json_integer_value(json_object_get(json, "generation"));
	*text = bytes == NULL || len < NONCE + TAG ? NULL : jg_locked_alloc(len - NONCE - TAG + 1);
	bool ok = *text != NULL &&
		decrypt(seal, path, *generation, (unsigned char *)bytes, len, *text);
	if (!ok) {
		jg_locked_free(*text);
		*text = NULL;
	}
	jg_locked_free(bytes);
	json_decref(json);
	return ok;
}
