// SPDX-License-Identifier: BSD-3-Clause
#include "beginnings.h"

#include "mac_ref.h"
#include "pages.h"

#define WINDOW 4096 // tokens after which hits are judged
#define WORTH 4 // one in so many has to begin behind a known block
#define REST 16384 // tokens, else, the first time
#define REST_MOST (16 * REST)

// Something is learnt, or may be: it is worth teaching, and looking.
static void take_interest(struct jg_beginnings *beginnings)
{
	beginnings->every = JG_BEGINNINGS_EVERY;
	beginnings->barren = 0;
	beginnings->next_rest = REST;
	if (beginnings->rest > REST)
		beginnings->rest = REST;
}

struct jg_beginnings *jg_beginnings_new(uint64_t seed)
{
	struct jg_hash_seed words;
	size_t size = sizeof(struct jg_beginnings);
	struct jg_beginnings *beginnings = jg_pages_new(&size);
	if (beginnings == NULL)
		return NULL;
	jg_hash_seed_init(&words, seed);
	beginnings->size = size;
	beginnings->seed = words.word[0];
	take_interest(beginnings);
	return beginnings;
}

void jg_beginnings_free(struct jg_beginnings *beginnings)
{
	if (beginnings == NULL)
		return;
	size_t size = beginnings->size;
	explicit_bzero(beginnings, sizeof(*beginnings));
	jg_pages_free(beginnings, size);
}

// Only places that were taken: few, and a caller may go back and forth between snapshots.
void jg_beginnings_forget(struct jg_beginnings *beginnings, uint64_t snapshot)
{
	for (uint32_t i = 0; i < beginnings->taken_n; i++) {
		uint32_t place = beginnings->taken[i];
		explicit_bzero(&beginnings->entry[place], sizeof(beginnings->entry[place]));
		beginnings->used[place] = beginnings->more[place] = 0;
	}
	beginnings->taken_n = 0;
	beginnings->snapshot = snapshot;
	take_interest(beginnings);
}

static void count_barren(struct jg_beginnings *beginnings)
{
	if (++beginnings->barren < JG_BEGINNINGS_BARREN)
		return;
	beginnings->barren = 0;
	if (beginnings->every < JG_BEGINNINGS_SELDOM)
		beginnings->every *= 2;
}

static bool is_free(const struct jg_beginning *entry)
{
	static const struct jg_beginning nothing;
	return memcmp(entry, &nothing, sizeof(nothing)) == 0;
}

static uint64_t hash_of(const uint8_t *block)
{
	uint64_t hash = 0;
	for (unsigned i = 0; i < JG_BEGINNING_BLOCK; i += sizeof(hash)) {
		uint64_t word;
		memcpy(&word, block + i, sizeof(word));
		hash = jg_hash_fold(hash ^ word, UINT64_C(0x9e3779b97f4a7c15));
	}
	return hash;
}

// The entry that the job began with last lets others follow it.
static void open_way(
	struct jg_beginnings *beginnings, uint64_t app_hash, const struct jg_mac_job *job)
{
	if (job->done > 0)
		beginnings->more[jg_beginning_place(
			beginnings, app_hash, job->message + job->done - JG_BEGINNING_BLOCK)] = 1;
}

void jg_beginnings_learn(struct jg_beginnings *beginnings, uint64_t app_hash,
	const struct jg_mac_job *job, uint64_t token)
{
	const uint8_t *block = job->message + job->done;
	if (job->done >= JG_BEGINNING_BLOCKS_MAX * JG_BEGINNING_BLOCK ||
		job->len - job->done < JG_BEGINNING_BLOCK)
		return;
	uint32_t place = jg_beginning_place(beginnings, app_hash, block);
	struct jg_beginning *entry = &beginnings->entry[place];
	struct jg_beginning_candidate *candidate = &beginnings->candidate[place];
	const uint32_t *before = jg_mac_job_state(job);
	uint64_t hash = hash_of(block);
	count_barren(beginnings);
	if (jg_beginning_is(entry, before, block)) { // it was not asked for
		open_way(beginnings, app_hash, job);
		return;
	}
	if (candidate->block != hash || candidate->token == token) {
		*candidate = (struct jg_beginning_candidate){hash, token};
		return;
	}
	// One that is in use is given a second chance.
	if (beginnings->used[place] != 0) {
		beginnings->used[place] = 0;
		return;
	}
	if (is_free(entry))
		beginnings->taken[beginnings->taken_n++] = (uint16_t)place;
	// The job may have begun behind this very entry.
	memmove(entry->before, before, sizeof(entry->before));
	memcpy(entry->block, block, sizeof(entry->block));
	memcpy(entry->behind, entry->before, sizeof(entry->behind));
	jg_ref_blocks(JG_MAC_SHA256, entry->behind, block, 1);
	beginnings->more[place] = 0;
	take_interest(beginnings);
	open_way(beginnings, app_hash, job);
}

void jg_beginnings_count(struct jg_beginnings *beginnings, unsigned looked, unsigned hits)
{
	// The rounds between two that teach are like the one that does.
	beginnings->looked += looked * beginnings->every;
	beginnings->hits += hits * beginnings->every;
	if (beginnings->looked < WINDOW)
		return;
	if (beginnings->hits * WORTH >= beginnings->looked) {
		beginnings->next_rest = REST;
	} else {
		beginnings->rest = beginnings->next_rest;
		if (beginnings->next_rest < REST_MOST)
			beginnings->next_rest *= 2;
	}
	beginnings->looked = beginnings->hits = 0;
}
