// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/**
 * HMACs of a burst. Shared by token (verification, minting) and wire (request and reply MACs);
 * implemented by dataplane/token/mac*.c and simd/.
 */

#include "internal/base.h"

#include <joingate/types.h>

#include <stdalign.h>

enum jg_mac_alg {
	JG_MAC_SHA256 = 0, /**< HMAC-SHA256, 32 bytes */
	JG_MAC_SHA1 = 1, /**< HMAC-SHA1, 20 bytes */
	JG_MAC_ALG_COUNT
};

/** Chaining values after the ipad and opad blocks (RFC 2104); SHA-1 uses five words of each. As
 * secret as the key. One cache line, native byte order. */
struct jg_mac_key {
	alignas(JG_CACHE_LINE) uint32_t inner[8];
	uint32_t outer[8];
};

struct jg_mac_job {
	const uint8_t *message;
	const struct jg_mac_key *key;
	/** NULL, or what the key's inner state has become after the message's first blocks (SHA-256).
	 * Engines that cannot begin there hash the whole message. */
	const uint32_t *begun;
	uint32_t len; /**< bytes of the message, 0..65535 */
	uint32_t done; /**< bytes of whole blocks that begun stands behind; 0 without it */
	uint8_t digest[32]; /**< out */
};

/** A job from its beginning. */
static inline void jg_mac_job_set(
	struct jg_mac_job *job, const void *message, size_t len, const struct jg_mac_key *key)
{
	job->message = (const uint8_t *)message;
	job->key = key;
	job->begun = NULL;
	job->len = (uint32_t)len;
	job->done = 0;
}

/** The state that a job's hash goes on from. */
static inline const uint32_t *jg_mac_job_state(const struct jg_mac_job *job)
{
	return job->begun != NULL ? job->begun : job->key->inner;
}

struct jg_mac;

/** Midstates of a key of any length (longer than a block: hashed first). Portable code, any thread. */
void jg_mac_key_init(struct jg_mac_key *key, enum jg_mac_alg alg, const void *secret, size_t len);

/** Midstates of n keys of at most 64 bytes, in lanes: job i has its key in message and len, and
 * keys[i] receives the states. SHA-256 only (Agora's chained HMACs). */
void jg_mac_keys_burst(
	struct jg_mac *mac, const struct jg_mac_job *jobs, struct jg_mac_key *keys, unsigned n);

/** HMAC of n messages (0..1024), any mix of lengths and keys; digest is filled in. */
void jg_mac_burst(struct jg_mac *mac, enum jg_mac_alg alg, struct jg_mac_job *jobs, unsigned n);

/**
 * An engine for one thread.
 *
 * @param engine "ref", "imb-sse", "imb-avx", "imb-avx2", "imb-avx512", "shani", "avx512"; NULL = the
 *               fastest here, measured in ten milliseconds; "shani" and "avx512" are for SHA-256,
 *               for SHA-1 another one is added
 * @return NULL with err filled in when the name is unknown or the CPU lacks it
 */
JG_MUST_CHECK struct jg_mac *jg_mac_new(const char *engine, struct jg_error *err);
void jg_mac_free(struct jg_mac *mac);
/** What is used: "imb-avx2", or "avx512+imb-avx" where one is faster for some work. Lives as long as the engine. */
const char *jg_mac_name(const struct jg_mac *mac);
/** Names of the engines this CPU can run, NULL-terminated, static. "ref" is always the first. */
const char *const *jg_mac_engines(void);

/** One-shot SHA-256 (token ids, long keys). Portable code, any thread. */
void jg_sha256(const void *message, size_t len, uint8_t digest[32]);
