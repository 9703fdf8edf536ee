// SPDX-License-Identifier: BSD-3-Clause
// Tokens that inflate to far more than they are: verification stops at its limit and takes no memory,
// however long the token and whatever it would become.
#include "mint_world.h"

#include <criterion/criterion.h>

#include <openssl/evp.h>
#include <stdlib.h>
#include <zlib.h>

static unsigned long taken; // allocations of the process, its libraries' among them

// A sanitizer has its own malloc() and tells of each call.
#ifdef __has_feature
#if __has_feature(address_sanitizer)
#define SANITIZED
#endif
#endif
#ifdef __SANITIZE_ADDRESS__
#define SANITIZED
#endif
#ifdef SANITIZED
void __sanitizer_malloc_hook(const volatile void *p, size_t n);
void __sanitizer_malloc_hook(const volatile void *p, size_t n)
{
	(void)p;
	(void)n;
	taken++;
}
#else
void *__libc_malloc(size_t n);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t n);

void *malloc(size_t n)
{
	taken++;
	return __libc_malloc(n);
}

void *calloc(size_t n, size_t size)
{
	taken++;
	return __libc_calloc(n, size);
}

void *realloc(void *p, size_t n)
{
	taken++;
	return __libc_realloc(p, n);
}
#endif

// "007" and the base64 of so many zeros, packed.
static struct jg_str bomb(size_t inflated)
{
	uLongf packed = compressBound(inflated);
	uint8_t *zeros = calloc(1, inflated);
	uint8_t *zip = calloc(1, packed);
	cr_assert_eq(compress2(zip, &packed, zeros, inflated, 9), Z_OK);
	char *token = calloc(1, 3 + (packed + 2) / 3 * 4 + 1);
	memcpy(token, "007", 3);
	int len = EVP_EncodeBlock((uint8_t *)token + 3, zip, (int)packed);
	free(zip);
	free(zeros);
	return (struct jg_str){token, 3 + (uint32_t)len};
}

Test(zip_bomb, what_counts_allocations_counts)
{
	unsigned long before = taken;
	void *volatile p = malloc(1);
	cr_assert_gt(taken, before);
	free(p);
}

Test(zip_bomb, bombs_of_all_sizes_are_refused_without_an_allocation)
{
	static const uint32_t sizes[] = {1u << 12, 1u << 16, 1u << 20, 12u << 20};
	struct world *w = world_new(1, NULL);
	const unsigned n = JG_ARRAY_SIZE(sizes);
	for (unsigned i = 0; i < n; i++)
		w->requests[i] = (struct jg_request){.token = bomb(sizes[i]),
			.app = world_app(JG_VENDOR_AGORA),
			.room = JG_STR("room"),
			.identity = JG_STR("42"),
			.vendor = JG_VENDOR_AGORA,
			.type = JG_REQUEST_JOIN};
	cr_assert_gt(w->requests[n - 1].token.len, 16000, "nearly the longest token there may be");
	cr_assert_leq(w->requests[n - 1].token.len, JG_TOKEN_MAX);
	for (unsigned round = 0; round < 2; round++) {
		unsigned long before = taken;
		jg_verify_burst(w->verifier, w->snapshot, NOW, w->requests, w->verdicts, n);
		cr_assert_eq(taken, before, "%lu allocations", taken - before);
		for (unsigned i = 0; i < n; i++)
			cr_assert_eq(w->verdicts[i].reason, JG_REASON_MALFORMED, "%u: %s", sizes[i],
				jg_reason_name(w->verdicts[i].reason));
	}
	for (unsigned i = 0; i < n; i++)
		free((void *)(uintptr_t)w->requests[i].token.p);
	world_free(w);
}

Test(zip_bomb, tokens_of_every_format_but_rs256_take_no_memory)
{
	static const struct {
		unsigned vendor, format;
	} kinds[] = {{JG_VENDOR_LIVEKIT, JG_FORMAT_JWT_HS256},
		{JG_VENDOR_STREAM, JG_FORMAT_JWT_HS256}, {JG_VENDOR_OPENTOK, JG_FORMAT_JWT_HS256},
		{JG_VENDOR_OPENTOK, JG_FORMAT_T1}, {JG_VENDOR_AGORA, JG_FORMAT_AGORA_007},
		{JG_VENDOR_AGORA, JG_FORMAT_AGORA_006}};
	struct world *w = world_new(2, NULL);
	const unsigned n = JG_ARRAY_SIZE(kinds);
	for (unsigned i = 0; i < n; i++) {
		w->asks[i] = world_ask(kinds[i].vendor, kinds[i].format);
		if (kinds[i].vendor != JG_VENDOR_OPENTOK)
			w->asks[i].identity = JG_STR("42");
		if (kinds[i].vendor != JG_VENDOR_STREAM)
			w->asks[i].room = kinds[i].vendor == JG_VENDOR_OPENTOK ? JG_STR(SESSION)
									       : JG_STR("room");
	}
	world_round_trip(w, n);
	unsigned long before = taken;
	jg_verify_burst(w->verifier, w->snapshot, NOW, w->requests, w->verdicts, n);
	cr_assert_eq(taken, before, "%lu allocations", taken - before);
	for (unsigned i = 0; i < n; i++)
		cr_assert_eq(w->verdicts[i].reason, JG_REASON_OK, "%u: %s", i,
			jg_reason_name(w->verdicts[i].reason));
	world_free(w);
}
