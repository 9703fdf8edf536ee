// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/**
 * Hash states behind message beginnings. The tokens of one SDK and app begin alike: header, key or grants
 * and room come before what differs, so that their first blocks, 64 bytes each, are the same. What such a
 * block makes of a key's inner state is kept, and a message that begins so is hashed from there on.
 *
 * An entry is the state before, the block and the state behind it. It counts only for a message with
 * exactly this block and a key with exactly this state; so it is never wrong, whatever has become of the
 * app, the secret or the token it was learnt from. It is learnt only from tokens whose signature held,
 * when two different ones have the block, and says nothing about the rest of them. States are as secret as
 * keys: all are wiped as the first work under another snapshot begins, and when the table is freed.
 *
 * Of one thread.
 */

#include "hash.h"
#include "internal/mac.h"

#define JG_BEGINNING_BLOCK 64u
#define JG_BEGINNINGS 4096u // a power of two
/** Rounds of MACs for each that teaches, while something is learnt; and when little is. Powers of two. */
#define JG_BEGINNINGS_EVERY 4u
#define JG_BEGINNINGS_SELDOM 64u
/** Lessons in a row that taught nothing, after which half as many are given. */
#define JG_BEGINNINGS_BARREN 16u
/** Blocks of one message, at most. */
#define JG_BEGINNING_BLOCKS_MAX 4u

struct jg_beginning {
	alignas(JG_CACHE_LINE) uint8_t block[JG_BEGINNING_BLOCK];
	uint32_t before[8];
	uint32_t behind[8];
};

/** A block that one token had. */
struct jg_beginning_candidate {
	uint64_t block; /**< hash of it */
	uint64_t token; /**< hash of what else the token is */
};

struct jg_beginnings {
	struct jg_beginning entry[JG_BEGINNINGS]; /**< all zeros: free */
	struct jg_beginning_candidate candidate[JG_BEGINNINGS]; /**< for this place */
	uint16_t taken[JG_BEGINNINGS]; /**< places that have been, the first taken_n */
	uint8_t used[JG_BEGINNINGS]; /**< was asked for since another one wanted the place */
	uint8_t more[JG_BEGINNINGS]; /**< there are entries for the block that follows */
	size_t size; /**< of its pages; those that nobody needs are never touched */
	uint64_t seed; /**< keeps others from aiming at a place */
	uint64_t snapshot; /**< number of the one that all was learnt under */
	uint32_t taken_n;
	uint32_t clock; /**< rounds of MACs */
	uint32_t every; /**< rounds for each that teaches */
	uint32_t barren; /**< lessons since one taught something */
	uint32_t looked; /**< tokens that counted since hits were last judged */
	uint32_t hits;
	uint32_t rest; /**< tokens for which it is not worth looking */
	uint32_t next_rest; /**< how many it will be the next time */
};

/** NULL: no memory. */
JG_MUST_CHECK struct jg_beginnings *jg_beginnings_new(uint64_t seed);
void jg_beginnings_free(struct jg_beginnings *beginnings);

/** Forget what was learnt under another snapshot, before anything is looked for under this one. */
void jg_beginnings_forget(struct jg_beginnings *beginnings, uint64_t snapshot);
static inline void jg_beginnings_under(struct jg_beginnings *beginnings, uint64_t snapshot)
{
	if (__builtin_expect(beginnings->snapshot != snapshot, 0))
		jg_beginnings_forget(beginnings, snapshot);
}

/** Where an entry for this block of an app stands, whatever is before it; the last bytes of a block differ
 * most. */
static inline uint32_t jg_beginning_place(
	const struct jg_beginnings *beginnings, uint64_t app_hash, const uint8_t *block)
{
	uint64_t tail;
	memcpy(&tail, block + JG_BEGINNING_BLOCK - sizeof(tail), sizeof(tail));
	return (uint32_t)(jg_hash_fold(tail ^ beginnings->seed, app_hash) & (JG_BEGINNINGS - 1));
}

static inline bool jg_beginning_is(
	const struct jg_beginning *entry, const uint32_t before[8], const uint8_t *block)
{
	const jg_words16 *a = (const jg_words16 *)entry->block, *b = (const jg_words16 *)block;
	const jg_words16 *c = (const jg_words16 *)entry->before, *d = (const jg_words16 *)before;
	jg_words16 differ = (a[0] ^ b[0]) | (a[1] ^ b[1]) | (a[2] ^ b[2]) | (a[3] ^ b[3]) |
		(c[0] ^ d[0]) | (c[1] ^ d[1]);
	return (differ[0] | differ[1]) == 0;
}

/** Let a job begin behind the blocks that are known. */
static inline void jg_beginnings_find(
	struct jg_beginnings *beginnings, uint64_t app_hash, struct jg_mac_job *job)
{
	for (unsigned i = 0; i < JG_BEGINNING_BLOCKS_MAX; i++) {
		const uint8_t *block = job->message + job->done;
		if (job->len - job->done < JG_BEGINNING_BLOCK)
			return;
		uint32_t place = jg_beginning_place(beginnings, app_hash, block);
		const struct jg_beginning *entry = &beginnings->entry[place];
		if (!jg_beginning_is(entry, jg_mac_job_state(job), block))
			return;
		beginnings->used[place] = 1;
		job->begun = entry->behind;
		job->done += JG_BEGINNING_BLOCK;
		if (beginnings->more[place] == 0)
			return;
	}
}

/**
 * Learn the next block of a message whose MAC held.
 *
 * @param job   as jg_beginnings_find() left it
 * @param token a hash of what makes the token another one than its neighbours
 */
void jg_beginnings_learn(struct jg_beginnings *beginnings, uint64_t app_hash,
	const struct jg_mac_job *job, uint64_t token);

/** Count what came of looking, in a round that teaches, over tokens that were verified or made; where few
 * begin alike it is given up for a while, for longer each time until something is learnt or found. */
void jg_beginnings_count(struct jg_beginnings *beginnings, unsigned looked, unsigned hits);

/** Once per round: the one of its n jobs that may teach, or n: none. Seldom, so that teaching costs the others
 * nothing however many beginnings a key holder makes, and the more so where it leads to nothing: what a lesson
 * looks at has not been near for long. */
static inline unsigned jg_beginnings_turn(struct jg_beginnings *beginnings, unsigned n)
{
	uint32_t turn = ++beginnings->clock;
	return (turn & (beginnings->every - 1)) == 0 ? turn / beginnings->every % n : n;
}

/** Is it worth looking for a burst of n? */
static inline bool jg_beginnings_worth(struct jg_beginnings *beginnings, unsigned n)
{
	if (beginnings->rest == 0)
		return true;
	beginnings->rest -= n < beginnings->rest ? n : beginnings->rest;
	return false;
}
