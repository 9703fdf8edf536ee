// SPDX-License-Identifier: BSD-3-Clause
#include "rs256.h"

#include <criterion/criterion.h>

#include <openssl/evp.h>
#include <openssl/pem.h>

// PEM text of a key made for this test; kind: NULL = RSA of so many bits, else a curve.
struct pair {
	char private[8192];
	char public[4096];
};

static void pem_text(BIO *bio, char *text, size_t size)
{
	int n = BIO_read(bio, text, (int)size - 1);
	cr_assert_gt(n, 0);
	text[n] = '\0';
	BIO_free(bio);
}

static void make_pair(struct pair *pair, const char *curve, size_t bits, const char *passphrase)
{
	EVP_PKEY *key = curve != NULL ? EVP_PKEY_Q_keygen(NULL, NULL, "EC", curve)
				      : EVP_PKEY_Q_keygen(NULL, NULL, "RSA", bits);
	cr_assert_not_null(key);
	BIO *bio = BIO_new(BIO_s_mem());
	cr_assert_eq(
		PEM_write_bio_PrivateKey(bio, key, passphrase != NULL ? EVP_aes_256_cbc() : NULL,
			NULL, 0, NULL, (void *)(uintptr_t)passphrase),
		1);
	pem_text(bio, pair->private, sizeof(pair->private));
	bio = BIO_new(BIO_s_mem());
	cr_assert_eq(PEM_write_bio_PUBKEY(bio, key), 1);
	pem_text(bio, pair->public, sizeof(pair->public));
	EVP_PKEY_free(key);
}

static struct jg_str text(const char *p)
{
	return (struct jg_str){p, (uint32_t)strlen(p)};
}

Test(rs256, what_a_private_key_signs_its_public_key_verifies)
{
	struct pair pair;
	make_pair(&pair, NULL, 2048, NULL);
	struct jg_error err = {""};
	struct evp_pkey_st *private = jg_rs256_private(text(pair.private), &err);
	struct evp_pkey_st *public = jg_rs256_public(text(pair.public), &err);
	cr_assert(private != NULL && public != NULL, "%s", err.text);
	cr_assert(jg_rs256_same(private, public));
	cr_assert_eq(jg_rs256_size(public), 256);
	uint8_t signature[257];
	cr_assert(jg_rs256_sign(private, JG_STR("header.payload"), signature));
	struct jg_str given = {(const char *)signature, 256};
	cr_assert(jg_rs256_verify(public, JG_STR("header.payload"), given));
	cr_assert(jg_rs256_verify(private, JG_STR("header.payload"), given));
	cr_assert_not(jg_rs256_verify(public, JG_STR("header.payloae"), given));
	cr_assert_not(jg_rs256_verify(public, JG_STR(""), given));
	given.len = 255;
	cr_assert_not(jg_rs256_verify(public, JG_STR("header.payload"), given));
	given.len = 257;
	cr_assert_not(jg_rs256_verify(public, JG_STR("header.payload"), given));
	given.len = 0;
	cr_assert_not(jg_rs256_verify(public, JG_STR("header.payload"), given));
	given.len = 256;
	for (unsigned i = 0; i < 256; i += 17) {
		signature[i] ^= 1;
		cr_assert_not(jg_rs256_verify(public, JG_STR("header.payload"), given));
		signature[i] ^= 1;
	}
	jg_rs256_free(private);
	jg_rs256_free(public);
}

Test(rs256, another_key_does_not_verify)
{
	struct pair a, b;
	make_pair(&a, NULL, 2048, NULL);
	make_pair(&b, NULL, 2048, NULL);
	struct evp_pkey_st *private = jg_rs256_private(text(a.private), NULL);
	struct evp_pkey_st *other = jg_rs256_public(text(b.public), NULL);
	uint8_t signature[256];
	cr_assert(jg_rs256_sign(private, JG_STR("m"), signature));
	cr_assert_not(jg_rs256_same(private, other));
	cr_assert_not(
		jg_rs256_verify(other, JG_STR("m"), (struct jg_str){(const char *)signature, 256}));
	jg_rs256_free(private);
	jg_rs256_free(other);
}

static void expect_refused(struct jg_str pem, bool private, const char *why)
{
	struct jg_error err = {""};
	struct evp_pkey_st *key =
		private ? jg_rs256_private(pem, &err) : jg_rs256_public(pem, &err);
	cr_expect_null(key);
	cr_expect_not_null(strstr(err.text, why), "\"%s\" lacks \"%s\"", err.text, why);
}

Test(rs256, a_short_key_is_refused)
{
	struct pair pair;
	make_pair(&pair, NULL, 1024, NULL);
	expect_refused(text(pair.public), false, "1024 bits");
	expect_refused(text(pair.private), true, "at least 2048");
}

Test(rs256, a_key_of_another_kind_is_refused)
{
	struct pair pair;
	make_pair(&pair, "P-256", 0, NULL);
	expect_refused(text(pair.public), false, "not an RSA key");
	expect_refused(text(pair.private), true, "not an RSA key");
}

Test(rs256, an_encrypted_key_is_refused_without_asking)
{
	struct pair pair;
	make_pair(&pair, NULL, 2048, "opensesame");
	expect_refused(text(pair.private), true, "encrypted");
}

Test(rs256, text_that_is_no_key_is_refused)
{
	struct pair pair;
	make_pair(&pair, NULL, 2048, NULL);
	expect_refused((struct jg_str){NULL, 0}, false, "empty");
	expect_refused(JG_STR(""), true, "empty");
	expect_refused(JG_STR("no key"), false, "BEGIN PUBLIC KEY");
	expect_refused(JG_STR("no key"), true, "BEGIN PRIVATE KEY");
	expect_refused(text(pair.public), true, "BEGIN PRIVATE KEY");
	expect_refused(text(pair.private), false, "BEGIN PUBLIC KEY");
	expect_refused(
		(struct jg_str){pair.public, (uint32_t)strlen(pair.public) / 2}, false, "PEM");
}
