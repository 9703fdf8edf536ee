// SPDX-License-Identifier: BSD-3-Clause
// intel-ipsec-mb through its burst interface. Its hash states are words in native order, as ours.
#include "mac_imb.h"

#include "mac_ref.h"
#include "simd/cpu.h"

#include <intel-ipsec-mb.h>

#include <assert.h>
#include <stdlib.h>

static_assert(IMB_MAX_BURST_SIZE == 128, "size of a batch");

struct imb {
	IMB_JOB jobs[IMB_MAX_BURST_SIZE];
	size_t size; // bytes of the manager
	IMB_MGR *manager; // with its lanes behind it
};

// The library crashes when it is initialised for what the CPU lacks, so this comes first.
static bool has(uint64_t library, unsigned own)
{
	return (imb_get_feature_flags() & library) == library && (jg_cpu_features() & own) == own;
}

static bool sse_usable(void)
{
	return has(IMB_CPUFLAGS_SSE, JG_CPU_SSE41);
}

static bool avx_usable(void)
{
	return has(IMB_CPUFLAGS_AVX, JG_CPU_AVX);
}

static bool avx2_usable(void)
{
	return has(IMB_CPUFLAGS_AVX2, JG_CPU_AVX2);
}

static bool avx512_usable(void)
{
	return has(IMB_CPUFLAGS_AVX512, JG_CPU_AVX512);
}

static void imb_close(void *state)
{
	struct imb *imb = state;
	if (imb == NULL)
		return;
	// Its lanes hold midstates and message tails.
	explicit_bzero(imb->manager, imb->size);
	free(imb->manager);
	explicit_bzero(imb, sizeof(*imb));
	free(imb);
}

static void *imb_open(void (*init)(IMB_MGR *))
{
	struct imb *imb = calloc(1, sizeof(*imb));
	if (imb == NULL)
		return NULL;
	imb->size = (imb_get_mb_mgr_size() + JG_CACHE_LINE - 1) / JG_CACHE_LINE * JG_CACHE_LINE;
	void *memory = aligned_alloc(JG_CACHE_LINE, imb->size);
	if (memory == NULL) {
		free(imb);
		return NULL;
	}
	memset(memory, 0, imb->size);
	imb->manager = memory;
	// The flag would keep AES emulation; we hash only.
	if (imb_set_pointers_mb_mgr(memory, 0, 1) != NULL) {
		init(imb->manager);
		if (imb_get_errno(imb->manager) == 0)
			return imb;
	}
	imb_close(imb);
	return NULL;
}

static void *sse_open(void)
{
	return imb_open(init_mb_mgr_sse);
}

static void *avx_open(void)
{
	return imb_open(init_mb_mgr_avx);
}

static void *avx2_open(void)
{
	return imb_open(init_mb_mgr_avx2);
}

static void *avx512_open(void)
{
	return imb_open(init_mb_mgr_avx512);
}

static void imb_batch(struct imb *imb, enum jg_mac_alg alg, struct jg_mac_job *jobs, unsigned n)
{
	unsigned batch = 0;
	for (unsigned i = 0; i < n; i++) {
		// The library refuses empty messages, or here, where it does not check, gets them wrong.
		if (jobs[i].len == 0) {
			jg_ref_burst(NULL, alg, &jobs[i], 1);
			continue;
		}
		IMB_JOB *job = &imb->jobs[batch++];
		job->src = jobs[i].message;
		job->hash_start_src_offset_in_bytes = 0;
		job->msg_len_to_hash_in_bytes = jobs[i].len;
		job->auth_tag_output = jobs[i].digest;
		job->auth_tag_output_len_in_bytes = 4 * jg_mac_words(alg);
		job->u.HMAC._hashed_auth_key_xor_ipad = (const uint8_t *)jobs[i].key->inner;
		job->u.HMAC._hashed_auth_key_xor_opad = (const uint8_t *)jobs[i].key->outer;
	}
	if (batch == 0)
		return;
	IMB_HASH_ALG hash = alg == JG_MAC_SHA256 ? IMB_AUTH_HMAC_SHA_256 : IMB_AUTH_HMAC_SHA_1;
	(void)IMB_SUBMIT_HASH_BURST_NOCHECK(imb->manager, imb->jobs, batch, hash);
}

static void imb_burst(void *state, enum jg_mac_alg alg, struct jg_mac_job *jobs, unsigned n)
{
	for (unsigned done = 0; done < n; done += IMB_MAX_BURST_SIZE) {
		unsigned left = n - done;
		imb_batch(state, alg, jobs + done,
			left < IMB_MAX_BURST_SIZE ? left : IMB_MAX_BURST_SIZE);
	}
}

// One block after the other: the library has no lanes for this.
static void imb_keys(
	void *state, const struct jg_mac_job *jobs, struct jg_mac_key *keys, unsigned n)
{
	const struct imb *imb = state;
	uint8_t block[JG_SHA_BLOCK];
	for (unsigned i = 0; i < n; i++) {
		assert(jobs[i].len <= JG_SHA_BLOCK);
		memset(block, 0x36, sizeof(block));
		for (unsigned b = 0; b < jobs[i].len; b++)
			block[b] ^= jobs[i].message[b];
		IMB_SHA256_ONE_BLOCK(imb->manager, block, keys[i].inner);
		for (unsigned b = 0; b < JG_SHA_BLOCK; b++)
			block[b] ^= 0x36 ^ 0x5c;
		IMB_SHA256_ONE_BLOCK(imb->manager, block, keys[i].outer);
	}
	explicit_bzero(block, sizeof(block));
}

#define ENGINE(level)                                                       \
	const struct jg_mac_engine jg_imb_##level = {.name = "imb-" #level, \
		.usable = level##_usable,                                   \
		.open = level##_open,                                       \
		.close = imb_close,                                         \
		.burst = imb_burst,                                         \
		.keys = imb_keys}

ENGINE(sse);
ENGINE(avx);
ENGINE(avx2);
ENGINE(avx512);
