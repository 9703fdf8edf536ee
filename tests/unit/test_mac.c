// SPDX-License-Identifier: BSD-3-Clause
// Every engine that this CPU runs, against published answers and against "ref".
#include "internal/mac.h"

#include <criterion/criterion.h>

#include <stdio.h>

static void expect_hex(const uint8_t *bytes, size_t n, const char *hex)
{
	char text[80];
	for (size_t i = 0; i < n; i++)
		(void)snprintf(text + 2 * i, 3, "%02x", bytes[i]);
	cr_expect_str_eq(text, hex);
}

static struct jg_mac *engine(const char *name)
{
	struct jg_error err = {""};
	struct jg_mac *mac = jg_mac_new(name, &err);
	cr_assert_not_null(mac, "%s: %s", name, err.text);
	return mac;
}

Test(mac, sha256_gives_the_answers_of_rfc_6234)
{
	uint8_t digest[32];
	jg_sha256("abc", 3, digest);
	expect_hex(digest, 32, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	jg_sha256("", 0, digest);
	expect_hex(digest, 32, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	jg_sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56, digest);
	expect_hex(digest, 32, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
	static uint8_t million[1000000];
	memset(million, 'a', sizeof(million));
	jg_sha256(million, sizeof(million), digest);
	expect_hex(digest, 32, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

struct known {
	const char *key;
	unsigned key_repeat; // 0: the text itself, else so many of its first byte
	const char *message;
	unsigned message_repeat;
	const char *sha256; // RFC 4231; NULL: not listed there
	const char *sha1; // RFC 2202; NULL: not listed there
};

// clang-format off
static const struct known known[] = {
	{"\x0b", 20, "Hi There", 0,
		"b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
		"b617318655057264e28bc0b6fb378c8ef146be00"},
	{"Jefe", 0, "what do ya want for nothing?", 0,
		"5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
		"effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"},
	{"\xaa", 20, "\xdd", 50,
		"773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
		"125d7342b9ac11cd91a39af48aa17b4f63f175d3"},
	{"\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19", 0,
		"\xcd", 50,
		"82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b",
		"4c9007f4026250c6bc8414f9bf50c86c2d7235da"},
	{"\xaa", 131, "Test Using Larger Than Block-Size Key - Hash Key First", 0,
		"60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54", NULL},
	{"\xaa", 131, "This is a test using a larger than block-size key and a larger than block-size "
		"data. The key needs to be hashed before being used by the HMAC algorithm.", 0,
		"9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2", NULL},
	{"\xaa", 80, "Test Using Larger Than Block-Size Key - Hash Key First", 0, NULL,
		"aa4ae5e15272d00e95705637ce8a3b55ed402112"},
	{"\xaa", 80, "Test Using Larger Than Block-Size Key and Larger Than One Block-Size Data", 0,
		NULL, "e8e99d0f45237d786d6bbaa7965c7808bbff1a91"},
};
// clang-format on

static size_t spell(uint8_t *to, const char *text, unsigned repeat)
{
	if (repeat == 0) {
		memcpy(to, text, strlen(text));
		return strlen(text);
	}
	memset(to, text[0], repeat);
	return repeat;
}

Test(mac, every_engine_gives_the_answers_of_rfc_4231_and_2202)
{
	for (const char *const *name = jg_mac_engines(); *name != NULL; name++) {
		struct jg_mac *mac = engine(*name);
		for (unsigned i = 0; i < JG_ARRAY_SIZE(known); i++) {
			uint8_t secret[256], message[256];
			size_t secret_len = spell(secret, known[i].key, known[i].key_repeat);
			struct jg_mac_key key;
			struct jg_mac_job job = {.message = message, .key = &key};
			job.len =
				(uint32_t)spell(message, known[i].message, known[i].message_repeat);
			if (known[i].sha256 != NULL) {
				jg_mac_key_init(&key, JG_MAC_SHA256, secret, secret_len);
				jg_mac_burst(mac, JG_MAC_SHA256, &job, 1);
				expect_hex(job.digest, 32, known[i].sha256);
			}
			if (known[i].sha1 != NULL) {
				jg_mac_key_init(&key, JG_MAC_SHA1, secret, secret_len);
				jg_mac_burst(mac, JG_MAC_SHA1, &job, 1);
				expect_hex(job.digest, 20, known[i].sha1);
			}
		}
		jg_mac_free(mac);
	}
}

Test(mac, ref_is_the_first_engine)
{
	cr_assert_str_eq(jg_mac_engines()[0], "ref");
	struct jg_mac *mac = engine("ref");
	cr_assert_str_eq(jg_mac_name(mac), "ref");
	jg_mac_free(mac);
}

Test(mac, an_unknown_engine_is_refused_with_the_names_there_are)
{
	struct jg_error err = {""};
	cr_assert_null(jg_mac_new("quantum", &err));
	cr_assert_not_null(strstr(err.text, "quantum"));
	cr_assert_not_null(strstr(err.text, "ref"));
	cr_assert_null(jg_mac_new("", &err));
	cr_assert_null(jg_mac_new("ref2", NULL));
}
