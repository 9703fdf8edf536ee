// SPDX-License-Identifier: BSD-3-Clause
#include "rs256.h"

#include <limits.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <stdlib.h>

// Without this OpenSSL would ask for a passphrase on the terminal.
static int no_passphrase(char *text, int size, int writing, void *asked)
{
	(void)text;
	(void)size;
	(void)writing;
	*(bool *)asked = true;
	return -1;
}

static struct evp_pkey_st *accept_key(EVP_PKEY *key, struct jg_error *err)
{
	if (EVP_PKEY_get_base_id(key) != EVP_PKEY_RSA) {
		jg_error_set(err, "not an RSA key; RS256 needs one of at least %d bits",
			JG_RS256_BITS_MIN);
	} else if (EVP_PKEY_get_bits(key) < JG_RS256_BITS_MIN) {
		jg_error_set(err,
			"an RSA key of %d bits; RS256 needs at least %d (RFC 7518 section 3.3)",
			EVP_PKEY_get_bits(key), JG_RS256_BITS_MIN);
	} else if (EVP_PKEY_get_bits(key) > JG_RS256_BITS_MAX) {
		jg_error_set(err, "an RSA key of %d bits; at most %d are supported",
			EVP_PKEY_get_bits(key), JG_RS256_BITS_MAX);
	} else {
		return key;
	}
	EVP_PKEY_free(key);
	return NULL;
}

static struct evp_pkey_st *read_pem(struct jg_str pem, bool private, struct jg_error *err)
{
	const char *what = private ? "private" : "public";
	if (pem.p == NULL || pem.len == 0 || pem.len > INT_MAX) {
		jg_error_set(err, "the %s key is empty; expected PEM text", what);
		return NULL;
	}
	BIO *bio = BIO_new_mem_buf(pem.p, (int)pem.len);
	if (bio == NULL) {
		jg_error_set(err, "no memory to read the %s key", what);
		return NULL;
	}
	bool encrypted = false;
	EVP_PKEY *key = private ? PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, &encrypted)
				: PEM_read_bio_PUBKEY(bio, NULL, no_passphrase, &encrypted);
	BIO_free(bio);
	ERR_clear_error();
	if (key != NULL)
		return accept_key(key, err);
	if (encrypted)
		jg_error_set(err, "the %s key is encrypted; expected PEM text without a passphrase",
			what);
	else
		jg_error_set(err, "the %s key is not PEM text that OpenSSL can read; expected %s",
			what,
			private ? "-----BEGIN PRIVATE KEY----- and its lines"
				: "-----BEGIN PUBLIC KEY----- and its lines");
	return NULL;
}

struct evp_pkey_st *jg_rs256_public(struct jg_str pem, struct jg_error *err)
{
	return read_pem(pem, false, err);
}

struct evp_pkey_st *jg_rs256_private(struct jg_str pem, struct jg_error *err)
{
	return read_pem(pem, true, err);
}

void jg_rs256_free(struct evp_pkey_st *key)
{
	EVP_PKEY_free(key);
}

struct evp_pkey_st *jg_rs256_share(struct evp_pkey_st *key)
{
	if (EVP_PKEY_up_ref(key) != 1)
		abort(); // a reference count that ran over
	return key;
}

bool jg_rs256_same(const struct evp_pkey_st *a, const struct evp_pkey_st *b)
{
	return EVP_PKEY_eq(a, b) == 1;
}

size_t jg_rs256_size(const struct evp_pkey_st *key)
{
	return (size_t)EVP_PKEY_get_size(key);
}

bool jg_rs256_verify(struct evp_pkey_st *public_key, struct jg_str message, struct jg_str signature)
{
	// RFC 8017 section 8.2.2: a signature of another length is refused before anything else.
	if (signature.len != jg_rs256_size(public_key))
		return false;
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	EVP_PKEY_CTX *rsa = NULL; // md's
	bool ok = md != NULL &&
		EVP_DigestVerifyInit(md, &rsa, EVP_sha256(), NULL, public_key) == 1 &&
		EVP_PKEY_CTX_set_rsa_padding(rsa, RSA_PKCS1_PADDING) == 1 &&
		EVP_DigestVerify(md, (const unsigned char *)signature.p, signature.len,
			(const unsigned char *)message.p, message.len) == 1;
	EVP_MD_CTX_free(md);
	ERR_clear_error();
	return ok;
}

bool jg_rs256_sign(struct evp_pkey_st *private_key, struct jg_str message, uint8_t *signature)
{
	size_t size = jg_rs256_size(private_key);
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	EVP_PKEY_CTX *rsa = NULL; // md's
	bool ok = md != NULL &&
		EVP_DigestSignInit(md, &rsa, EVP_sha256(), NULL, private_key) == 1 &&
		EVP_PKEY_CTX_set_rsa_padding(rsa, RSA_PKCS1_PADDING) == 1 &&
		EVP_DigestSign(
			md, signature, &size, (const unsigned char *)message.p, message.len) == 1 &&
		size == jg_rs256_size(private_key);
	EVP_MD_CTX_free(md);
	ERR_clear_error();
	return ok;
}
