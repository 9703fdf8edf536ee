// SPDX-License-Identifier: BSD-3-Clause
// Sorts the jobs of a burst by their number of blocks and gives them to the lanes in groups.
#include "mac_lanes.h"

#include "mac_ref.h"
#include "simd/cpu.h"
#ifdef __x86_64__
#include "simd/sha256_avx512.h"
#include "simd/shani.h"

#include <assert.h>

#define BATCH 256u
// Messages of more blocks are sorted no further.
#define BLOCKS_MAX 255u

static const struct jg_shani *kernels(void)
{
	unsigned features = jg_cpu_features();
	if ((features & JG_CPU_SHA) == 0 || (features & JG_CPU_AVX) == 0)
		return NULL;
	return (features & JG_CPU_AVX512) != 0 ? &jg_shani_avx512 : &jg_shani_avx;
}

static bool shani_usable(void)
{
	return kernels() != NULL;
}

// The engine's state is its kernels: nothing to close.
static void *shani_open(void)
{
	return (void *)(uintptr_t)kernels();
}

static void shani_close(void *state)
{
	(void)state;
}

static uint8_t blocks_of(const struct jg_mac_job *job)
{
	uint32_t blocks = (job->len - job->done + 9 + JG_SHA_BLOCK - 1) / JG_SHA_BLOCK;
	return (uint8_t)(blocks < BLOCKS_MAX ? blocks : BLOCKS_MAX);
}

// Numbers of blocks that eight counters of a byte tell apart.
#define BLOCKS_NEAR 8

// A counting sort whose counters are the bytes of a word: what one job adds, the next need not wait for in memory.
// Counters of a burst whose jobs are not all alike do not overflow, but for those behind the last job.
static void sort_near(struct jg_mac_job *jobs, unsigned n, const uint8_t *blocks, uint8_t least,
	struct jg_mac_job *sorted[BATCH])
{
	uint64_t next = 0;
	for (unsigned i = 0; i < n; i++)
		next += UINT64_C(1) << 8 * (blocks[i] - least);
	next = next * UINT64_C(0x0101010101010101) << 8; // how many have fewer blocks
	for (unsigned i = 0; i < n; i++) {
		unsigned shift = 8 * (unsigned)(blocks[i] - least);
		sorted[next >> shift & 0xff] = &jobs[i];
		next += UINT64_C(1) << shift;
	}
}

static void sort_far(struct jg_mac_job *jobs, unsigned n, const uint8_t *blocks, uint8_t least,
	uint8_t most, struct jg_mac_job *sorted[BATCH])
{
	uint16_t next[BLOCKS_MAX + 2];
	for (unsigned b = least; b <= most + 1u; b++)
		next[b] = 0;
	for (unsigned i = 0; i < n; i++)
		next[blocks[i] + 1]++;
	for (unsigned b = least + 1u; b <= most; b++)
		next[b] = (uint16_t)(next[b] + next[b - 1]);
	for (unsigned i = 0; i < n; i++)
		sorted[next[blocks[i]]++] = &jobs[i];
}

// Where all are alike they stay as they are.
static void sort_jobs(struct jg_mac_job *jobs, unsigned n, struct jg_mac_job *sorted[BATCH])
{
	uint8_t blocks[BATCH];
	uint8_t least = BLOCKS_MAX;
	uint8_t most = 0;
	for (unsigned i = 0; i < n; i++) {
		blocks[i] = blocks_of(&jobs[i]);
		sorted[i] = &jobs[i];
		least = blocks[i] < least ? blocks[i] : least;
		most = blocks[i] > most ? blocks[i] : most;
	}
	if (most - least >= BLOCKS_NEAR)
		sort_far(jobs, n, blocks, least, most, sorted);
	else if (most > least)
		sort_near(jobs, n, blocks, least, sorted);
}

// Jobs for the next group, so that no lane is left alone where it can be helped.
static unsigned group_size(unsigned lanes, unsigned left)
{
	if (left <= lanes)
		return left;
	if (left == lanes + 1)
		return lanes == 4 ? 3 : 2;
	return lanes == 4 && left == 6 ? 3 : lanes;
}

static void shani_group(const struct jg_shani *shani, struct jg_mac_job *const *sorted, unsigned n)
{
	for (unsigned at = 0; at < n;) {
		unsigned size = group_size(shani->lanes, n - at), groups = 1;
		while (group_size(shani->lanes, n - at - groups * size) == size)
			groups++;
		shani->hmac[size - 1](sorted + at, groups);
		at += groups * size;
	}
}

static void shani_burst(void *state, enum jg_mac_alg alg, struct jg_mac_job *jobs, unsigned n)
{
	assert(alg == JG_MAC_SHA256);
	(void)alg;
	struct jg_mac_job *sorted[BATCH];
	for (unsigned done = 0; done < n; done += BATCH) {
		unsigned batch = n - done < BATCH ? n - done : BATCH;
		sort_jobs(jobs + done, batch, sorted);
		shani_group(state, sorted, batch);
	}
}

// Sixteen lanes take as long as this many jobs do one after the other on the SHA instructions; a
// group that has not as many blocks to do for each step is better off there.
#define WIDE_WORTH 9u

// Do these sorted jobs fill the wide lanes?
static bool wide_worth(struct jg_mac_job *const *sorted, unsigned n)
{
	unsigned least = blocks_of(sorted[0]) + 1u;
	unsigned wanted = WIDE_WORTH * (blocks_of(sorted[n - 1]) + 1u);
	if (n * least > wanted)
		return true;
	unsigned blocks = 0;
	for (unsigned i = 0; i < n; i++)
		blocks += blocks_of(sorted[i]) + 1u;
	return blocks > wanted;
}

// Does the next group, or the next two, and says of how many jobs.
static unsigned wide_group(
	const struct jg_shani *shani, struct jg_mac_job *const *sorted, unsigned left)
{
	unsigned size = left < JG_WIDE_LANES ? left : JG_WIDE_LANES;
	if (!wide_worth(sorted, size)) {
		shani_group(shani, sorted, size);
		return size;
	}
	unsigned more = left - size < JG_WIDE_LANES ? left - size : JG_WIDE_LANES;
	if (more > 0 && wide_worth(sorted + size, more))
		size += more;
	jg_wide_hmac(sorted, size);
	return size;
}

static void avx512_burst(void *state, enum jg_mac_alg alg, struct jg_mac_job *jobs, unsigned n)
{
	assert(alg == JG_MAC_SHA256);
	(void)alg;
	struct jg_mac_job *sorted[BATCH];
	for (unsigned done = 0; done < n; done += BATCH) {
		unsigned batch = n - done < BATCH ? n - done : BATCH;
		sort_jobs(jobs + done, batch, sorted);
		for (unsigned at = 0; at < batch;)
			at += wide_group(state, sorted + at, batch - at);
	}
}

static bool avx512_usable(void)
{
	return kernels() == &jg_shani_avx512;
}

static void shani_keys(
	void *state, const struct jg_mac_job *jobs, struct jg_mac_key *keys, unsigned n)
{
	const struct jg_shani *shani = state;
	for (unsigned at = 0; at < n;) {
		unsigned size = n - at < shani->lanes ? n - at : shani->lanes;
		while (shani->keys[size - 1] == NULL)
			size--;
		for (unsigned i = 0; i < size; i++)
			assert(jobs[at + i].len <= JG_SHA_BLOCK);
		shani->keys[size - 1](jobs + at, keys + at);
		at += size;
	}
}

const struct jg_mac_engine jg_shani = {.name = "shani",
	.sha256_only = true,
	.usable = shani_usable,
	.open = shani_open,
	.close = shani_close,
	.burst = shani_burst,
	.keys = shani_keys};

const struct jg_mac_engine jg_avx512 = {.name = "avx512",
	.sha256_only = true,
	.usable = avx512_usable,
	.open = shani_open,
	.close = shani_close,
	.burst = avx512_burst,
	.keys = shani_keys};
#else
static bool shani_usable(void)
{
	return false;
}

const struct jg_mac_engine jg_shani = {.name = "shani", .usable = shani_usable};
const struct jg_mac_engine jg_avx512 = {.name = "avx512", .usable = shani_usable};
#endif
