// SPDX-License-Identifier: BSD-3-Clause
// The apps, their secrets and the cut-offs of a population.
#include "apps.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <sys/mman.h>

void *bench_map(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		return NULL;
	(void)madvise(p, size, MADV_HUGEPAGE);
	return p;
}

void bench_unmap(void *p, size_t size)
{
	if (p != NULL)
		(void)munmap(p, size);
}

// Spreads numbers (splitmix64's finisher).
static uint64_t spread(uint64_t x)
{
	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	return x ^ x >> 31;
}

void bench_secret(unsigned app, unsigned number, char secret[33])
{
	uint64_t seed = (uint64_t)app * 2 + number + 1;
	(void)snprintf(secret, 33, "%016llx%016llx", (unsigned long long)spread(seed),
		(unsigned long long)spread(~seed));
}

unsigned bench_app_key(unsigned vendor, unsigned app, char key[40])
{
	unsigned long long it = spread(app + 1) >> 12;
	int len;
	switch (vendor) {
	case JG_VENDOR_LIVEKIT:
		len = snprintf(key, 40, "API%013llX", it);
		break;
	case JG_VENDOR_STREAM:
		len = snprintf(key, 40, "k%011llx", it >> 8);
		break;
	case JG_VENDOR_OPENTOK:
		len = snprintf(key, 40, "%u", 47301122 + app);
		break;
	case JG_VENDOR_VONAGE:
		len = snprintf(key, 40, "%08x-1f20-4a3b-8c4d-5e6f708192a3", app);
		break;
	default:
		len = snprintf(key, 40, "%013llx%019llx", it, it);
	}
	return (unsigned)len;
}

struct jg_str bench_user(unsigned number, char name[24])
{
	return (struct jg_str){name, (uint32_t)snprintf(name, 24, "user-%08u", number)};
}

static int add_app(struct jg_snapshot_builder *builder, const struct bench_plan *plan, unsigned app,
	const struct bench_rsa *rsa)
{
	static const char *const ids[] = {"a", "b"};
	struct jg_secret secrets[2] = {{.id = {NULL, 0}}};
	struct jg_error err = {""};
	char text[2][33], key[40];
	for (unsigned i = 0; i < 2; i++) {
		bench_secret(app, i, text[i]);
		secrets[i] = (struct jg_secret){.id = {ids[i], 1},
			.secret = {text[i], 32},
			.not_before = JG_TIME_NONE,
			.not_after = JG_TIME_NONE,
			.status = i == 0 ? JG_SECRET_ACTIVE : JG_SECRET_VERIFY_ONLY};
		if (plan->vendor != JG_VENDOR_VONAGE)
			continue;
		secrets[i].secret = (struct jg_str){NULL, 0};
		secrets[i].public_key = rsa->public_key;
		secrets[i].private_key = rsa->private_key;
	}
	struct jg_app it = {.secrets = secrets,
		.secrets_n = plan->vendor == JG_VENDOR_VONAGE ? 1 : 2,
		.index = app,
		.vendor = plan->vendor,
		.policy = jg_policy_default()};
	it.key = (struct jg_str){key, bench_app_key(plan->vendor, app, key)};
	if (app == plan->apps + BENCH_APP_SHORT_LIVES)
		it.policy.max_lifetime = 60;
	if (app == plan->apps + BENCH_APP_DENIED)
		it.policy.deny = JG_CAPABILITY(JOIN);
	int rc = jg_snapshot_builder_add(builder, &it, &err);
	if (rc != 0)
		(void)fprintf(stderr, "bench: %s\n", err.text);
	return rc;
}

struct jg_snapshot *bench_apps_build(const struct bench_plan *plan, unsigned apps,
	const struct jg_cut_offs *cut_offs, const struct bench_rsa *rsa)
{
	struct jg_error err = {""};
	struct jg_snapshot_builder *builder = jg_snapshot_builder_new();
	if (builder == NULL)
		return NULL;
	for (unsigned app = 0; app < apps; app++) {
		if (add_app(builder, plan, app, rsa) != 0) {
			jg_snapshot_builder_free(builder);
			return NULL;
		}
	}
	if (cut_offs != NULL)
		jg_snapshot_builder_set_cut_offs(builder, cut_offs);
	struct jg_snapshot *snapshot = jg_snapshot_build(builder, 1, &err);
	if (snapshot == NULL)
		(void)fprintf(stderr, "bench: %s\n", err.text);
	return snapshot;
}

static bool set_cut_off(struct jg_cut_offs *cut_offs, const struct bench_plan *plan,
	unsigned number, int64_t before)
{
	struct jg_error err = {""};
	char key[40], name[24];
	struct jg_cut_off it = {.scope = JG_SCOPE_USER,
		.vendor = plan->vendor,
		.app = {key, bench_app_key(plan->vendor, number % plan->apps, key)},
		.user = bench_user(number, name),
		.before = before};
	if (jg_cut_offs_set(cut_offs, &it, &err) == 0)
		return true;
	(void)fprintf(stderr, "bench: %s\n", err.text);
	return false;
}

struct jg_cut_offs *bench_apps_cut_offs(const struct bench_plan *plan)
{
	struct jg_error err = {""};
	struct jg_cut_offs *cut_offs = jg_cut_offs_new(plan->cut_offs, &err);
	if (cut_offs == NULL) {
		(void)fprintf(stderr, "bench: %s\n", err.text);
		return NULL;
	}
	// Every other user from 0 on: half of the tokens' users are found, and let through.
	for (unsigned i = 0; i < plan->cut_offs; i++) {
		bool newer = 2 * i >= plan->tokens && i % 100 < plan->newer_percent;
		if (!set_cut_off(
			    cut_offs, plan, 2 * i, newer ? BENCH_NOW + 1 : BENCH_NOW - 86400)) {
			jg_cut_offs_free(cut_offs);
			return NULL;
		}
		if (i % 1024 == 0)
			jg_cut_offs_reclaim(cut_offs);
	}
	if (plan->bad_reason == JG_REASON_REVOKED) {
		for (unsigned i = 0; i < plan->tokens; i++) {
			if (!set_cut_off(cut_offs, plan, BENCH_REVOKED_USERS + i, BENCH_NOW + 1)) {
				jg_cut_offs_free(cut_offs);
				return NULL;
			}
		}
	}
	jg_cut_offs_reclaim(cut_offs);
	return cut_offs;
}

bool bench_rsa_make(struct bench_rsa *rsa)
{
	EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048);
	BIO *private = BIO_new(BIO_s_mem()), *public = BIO_new(BIO_s_mem());
	bool ok = key != NULL && private != NULL && public != NULL &&
		PEM_write_bio_PrivateKey(private, key, NULL, NULL, 0, NULL, NULL) == 1 &&
		PEM_write_bio_PUBKEY(public, key) == 1;
	int n = ok ? BIO_read(private, rsa->text[0], sizeof(rsa->text[0])) : 0;
	int m = ok ? BIO_read(public, rsa->text[1], sizeof(rsa->text[1])) : 0;
	rsa->private_key = (struct jg_str){rsa->text[0], (uint32_t)n};
	rsa->public_key = (struct jg_str){rsa->text[1], (uint32_t)m};
	BIO_free(private);
	BIO_free(public);
	EVP_PKEY_free(key);
	return n > 0 && m > 0;
}
