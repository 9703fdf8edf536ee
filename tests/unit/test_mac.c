// SPDX-License-Identifier: BSD-3-Clause
// Every engine that this CPU runs, against published answers and against "ref".
#include "mac_lanes.h"
#include "mac_ref.h"
#include "simd/cpu.h"
#include "simd/shani.h"

#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

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

// A pattern of period 251, so that swapped blocks show.
static void fill(uint8_t *p, size_t n, unsigned seed)
{
	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)((i + seed) % 251);
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

#define LEN_MAX 2000

static void expect_digests(const char *name, enum jg_mac_alg alg, const struct jg_mac_job *jobs,
	const struct jg_mac_job *wanted, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		cr_assert_arr_eq(jobs[i].digest, wanted[i].digest, alg == JG_MAC_SHA1 ? 20 : 32,
			"%s, alg %d: job %u of %u, %u bytes", name, alg, i, n, jobs[i].len);
}

// Gives the engine and "ref" the same jobs and compares the answers.
static void expect_as_ref(const char *name, enum jg_mac_alg alg, struct jg_mac *mac,
	struct jg_mac_job *jobs, unsigned n)
{
	static struct jg_mac *ref;
	if (ref == NULL)
		ref = engine("ref");
	static struct jg_mac_job wanted[1024];
	memcpy(wanted, jobs, n * sizeof(jobs[0]));
	jg_mac_burst(ref, alg, wanted, n);
	jg_mac_burst(mac, alg, jobs, n);
	expect_digests(name, alg, jobs, wanted, n);
}

static void make_keys(struct jg_mac_key *keys, unsigned n, enum jg_mac_alg alg)
{
	for (unsigned i = 0; i < n; i++) {
		uint8_t secret[100];
		fill(secret, sizeof(secret), i * 7);
		jg_mac_key_init(&keys[i], alg, secret, i % sizeof(secret));
	}
}

// In bursts of every small size, so that every lane sees every length.
static void expect_every_length(const char *name, enum jg_mac_alg alg, struct jg_mac_job *jobs,
	const struct jg_mac_job *wanted)
{
	struct jg_mac *mac = engine(name);
	for (unsigned n = 1; n <= 9; n++)
		for (unsigned at = 0; at + n <= LEN_MAX + 1; at += n) {
			jg_mac_burst(mac, alg, jobs + at, n);
			expect_digests(name, alg, jobs + at, wanted + at, n);
			for (unsigned i = at; i < at + n; i++)
				memset(jobs[i].digest, 0, sizeof(jobs[i].digest));
		}
	jg_mac_free(mac);
}

Test(mac, every_engine_agrees_with_ref_at_every_length)
{
	static uint8_t message[LEN_MAX];
	static struct jg_mac_key keys[16];
	static struct jg_mac_job jobs[LEN_MAX + 1], wanted[LEN_MAX + 1];
	struct jg_mac *ref = engine("ref");
	fill(message, sizeof(message), 3);
	for (int alg = 0; alg < JG_MAC_ALG_COUNT; alg++) {
		make_keys(keys, 16, (enum jg_mac_alg)alg);
		for (unsigned len = 0; len <= LEN_MAX; len++)
			jobs[len] = (struct jg_mac_job){
				.message = message, .key = &keys[len % 16], .len = len};
		memcpy(wanted, jobs, sizeof(wanted));
		jg_mac_burst(ref, (enum jg_mac_alg)alg, wanted, LEN_MAX + 1);
		// "ref" is the first.
		for (const char *const *name = jg_mac_engines() + 1; *name != NULL; name++)
			expect_every_length(*name, (enum jg_mac_alg)alg, jobs, wanted);
	}
	jg_mac_free(ref);
}

Test(mac, every_engine_agrees_with_ref_on_random_mixes)
{
	static uint8_t text[70000];
	static struct jg_mac_key keys[JG_MAC_ALG_COUNT][64];
	static struct jg_mac_job jobs[1024];
	const char *given = getenv("SEED");
	unsigned seed = given != NULL ? (unsigned)strtoul(given, NULL, 0) : 20261122;
	(void)printf("SEED=%u\n", seed);
	srandom(seed);
	fill(text, sizeof(text), 0);
	for (int alg = 0; alg < JG_MAC_ALG_COUNT; alg++)
		make_keys(keys[alg], 64, (enum jg_mac_alg)alg);
	for (const char *const *name = jg_mac_engines() + 1; *name != NULL; name++) {
		struct jg_mac *mac = engine(*name);
		for (unsigned round = 0; round < 200; round++) {
			enum jg_mac_alg alg = round % 3 == 0 ? JG_MAC_SHA1 : JG_MAC_SHA256;
			unsigned n = (unsigned)random() % (round % 40 == 0 ? 1025 : 40);
			unsigned longest = random() % 4 == 0 ? 3000 : 500;
			for (unsigned i = 0; i < n; i++)
				jobs[i] = (struct jg_mac_job){.message = text + random() % 2000,
					.key = &keys[alg][random() % 64],
					.len = (uint32_t)random() % longest};
			if (n > 0 && round % 50 == 1)
				jobs[random() % n].len = 65535;
			expect_as_ref(*name, alg, mac, jobs, n);
		}
		jg_mac_free(mac);
	}
}

#ifdef __x86_64__
// The kernel for 16 registers, which no engine takes on a CPU that has 32.
Test(mac, the_narrow_kernel_agrees_with_ref)
{
	static uint8_t text[4000];
	static struct jg_mac_key keys[64];
	static struct jg_mac_job jobs[300], wanted[300];
	const unsigned features = jg_cpu_features();
	if ((features & JG_CPU_SHA) == 0 || (features & JG_CPU_AVX) == 0)
		cr_skip("no SHA instructions");
	struct jg_mac *ref = engine("ref");
	fill(text, sizeof(text), 0);
	make_keys(keys, 64, JG_MAC_SHA256);
	srandom(20261126);
	for (unsigned round = 0; round < 400; round++) {
		unsigned n = 1 + (unsigned)random() % (round % 40 == 0 ? 300 : 20);
		unsigned longest = round % 3 == 0 ? 2000 : 400;
		for (unsigned i = 0; i < n; i++)
			jobs[i] = (struct jg_mac_job){.message = text + random() % 2000,
				.key = &keys[random() % 64],
				.len = (uint32_t)random() % longest};
		memcpy(wanted, jobs, n * sizeof(jobs[0]));
		jg_mac_burst(ref, JG_MAC_SHA256, wanted, n);
		jg_shani.burst((void *)(uintptr_t)&jg_shani_avx, JG_MAC_SHA256, jobs, n);
		for (unsigned i = 0; i < n; i++)
			cr_assert_arr_eq(jobs[i].digest, wanted[i].digest, 32,
				"job %u of %u, %u bytes", i, n, jobs[i].len);
	}
	jg_mac_free(ref);
}
#endif

// Jobs that go on from the state behind their first blocks, among others that do not.
Test(mac, every_engine_begins_behind_known_blocks)
{
	static uint8_t text[4000];
	static struct jg_mac_key keys[16];
	static struct jg_mac_job jobs[64], whole[64];
	static uint32_t states[64][8];
	struct jg_mac *ref = engine("ref");
	fill(text, sizeof(text), 0);
	make_keys(keys, 16, JG_MAC_SHA256);
	srandom(20261126);
	for (const char *const *name = jg_mac_engines(); *name != NULL; name++) {
		struct jg_mac *mac = engine(*name);
		for (unsigned round = 0; round < 300; round++) {
			unsigned n = 1 + (unsigned)random() % 64;
			for (unsigned i = 0; i < n; i++) {
				struct jg_mac_job *job = &jobs[i];
				jg_mac_job_set(job, text + random() % 2000, (size_t)random() % 1000,
					&keys[random() % 16]);
				whole[i] = *job;
				unsigned blocks = (unsigned)random() % (job->len / 64 + 1);
				if (blocks == 0)
					continue;
				memcpy(states[i], job->key->inner, sizeof(states[i]));
				jg_ref_blocks(JG_MAC_SHA256, states[i], job->message, blocks);
				job->begun = states[i];
				job->done = blocks * 64;
			}
			jg_mac_burst(ref, JG_MAC_SHA256, whole, n);
			jg_mac_burst(mac, JG_MAC_SHA256, jobs, n);
			for (unsigned i = 0; i < n; i++)
				cr_assert_arr_eq(jobs[i].digest, whole[i].digest, 32,
					"%s: job %u of %u, %u bytes, %u done", *name, i, n,
					jobs[i].len, jobs[i].done);
		}
		jg_mac_free(mac);
	}
	jg_mac_free(ref);
}

Test(mac, no_engine_reads_beyond_a_message)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	uint8_t *pages =
		mmap(NULL, 3 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	cr_assert_neq(pages, MAP_FAILED);
	cr_assert_eq(mprotect(pages, page, PROT_NONE), 0);
	cr_assert_eq(mprotect(pages + 2 * page, page, PROT_NONE), 0);
	uint8_t *first = pages + page;
	uint8_t *end = pages + 2 * page;
	fill(first, page, 1);
	struct jg_mac_key keys[JG_MAC_ALG_COUNT][4];
	for (int alg = 0; alg < JG_MAC_ALG_COUNT; alg++)
		make_keys(keys[alg], 4, (enum jg_mac_alg)alg);
	for (const char *const *name = jg_mac_engines(); *name != NULL; name++) {
		struct jg_mac *mac = engine(*name);
		for (unsigned len = 0; len < 600; len++) {
			enum jg_mac_alg alg = len % 2 == 0 ? JG_MAC_SHA256 : JG_MAC_SHA1;
			// As many as the widest engine does at once, and some for narrow ones.
			struct jg_mac_job jobs[39];
			for (unsigned i = 0; i < 39; i++) {
				unsigned own = len + 64 * (i % 3);
				jobs[i] = (struct jg_mac_job){
					.message = i % 2 == 0 ? end - own : first,
					.key = &keys[alg][i % 4],
					.len = own};
			}
			expect_as_ref(*name, alg, mac, jobs, 39);
			expect_as_ref(*name, alg, mac, jobs, 1);
		}
		jg_mac_free(mac);
	}
	cr_assert_eq(munmap(pages, 3 * page), 0);
}

Test(mac, every_engine_makes_the_midstates_that_key_init_makes)
{
	static uint8_t secrets[65 * 65];
	static struct jg_mac_job jobs[65];
	static struct jg_mac_key keys[65];
	fill(secrets, sizeof(secrets), 9);
	for (const char *const *name = jg_mac_engines(); *name != NULL; name++) {
		struct jg_mac *mac = engine(*name);
		for (unsigned n = 0; n <= 65; n++) {
			memset(keys, 0, sizeof(keys));
			for (unsigned i = 0; i < n; i++)
				jobs[i] = (struct jg_mac_job){
					.message = secrets + 64 * i, .len = (i + n) % 65};
			jg_mac_keys_burst(mac, jobs, keys, n);
			for (unsigned i = 0; i < n; i++) {
				struct jg_mac_key wanted;
				jg_mac_key_init(
					&wanted, JG_MAC_SHA256, jobs[i].message, jobs[i].len);
				cr_assert_arr_eq(&keys[i], &wanted, sizeof(wanted), "%s, %u of %u",
					*name, i, n);
			}
		}
		jg_mac_free(mac);
	}
}

Test(mac, secrets_longer_than_a_block_are_hashed_first)
{
	uint8_t secret[130], hashed[32];
	fill(secret, sizeof(secret), 5);
	for (unsigned len = 60; len <= sizeof(secret); len++) {
		struct jg_mac_key key, short_key;
		jg_mac_key_init(&key, JG_MAC_SHA256, secret, len);
		jg_sha256(secret, len, hashed);
		jg_mac_key_init(&short_key, JG_MAC_SHA256, hashed, sizeof(hashed));
		cr_assert_eq(memcmp(&key, &short_key, sizeof(key)) == 0, len > 64, "%u", len);
	}
}

Test(mac, what_was_measured_as_fastest_agrees_with_ref)
{
	static uint8_t text[1500];
	static struct jg_mac_key keys[8];
	static struct jg_mac_job jobs[64];
	fill(text, sizeof(text), 2);
	struct jg_mac *mac = engine(NULL);
	cr_assert_neq(jg_mac_name(mac)[0], '\0');
	(void)printf("%s\n", jg_mac_name(mac));
	for (unsigned n = 1; n <= 64; n++) {
		enum jg_mac_alg alg = n % 2 == 0 ? JG_MAC_SHA256 : JG_MAC_SHA1;
		make_keys(keys, 8, alg);
		for (unsigned i = 0; i < n; i++)
			jobs[i] = (struct jg_mac_job){
				.message = text, .key = &keys[i % 8], .len = (n * 37 + i) % 1500};
		expect_as_ref("fastest", alg, mac, jobs, n);
	}
	jg_mac_free(mac);
	jg_mac_free(NULL);
}
