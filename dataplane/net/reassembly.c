// SPDX-License-Identifier: BSD-3-Clause
#include "reassembly.h"

#include "bytes.h"
#include "internal/base.h"

#include <assert.h>
#include <stdalign.h>

enum {
	CROWDS = 1024, // a power of two, many more than entries: few sources share a number
	FAIR = 8, // a source may hold this part of a full table before it is the first to lose
};

enum state {
	FREE = 0,
	OPEN, // fragments are missing
	DOOMED, // an overlap or a limit: its other fragments are swallowed too (RFC 5722)
	WHOLE, // with the caller until released
};

struct range {
	uint32_t start;
	uint32_t end;
};

// What a search reads of an entry, all of them close together.
struct slot {
	uint64_t born;
	uint64_t number; // of claims before it: its age, also among those of one burst
	uint32_t key; // hash of the datagram
	uint32_t source; // hash of the source
	uint8_t state; // enum state
};

struct entry {
	uint8_t source[16];
	uint8_t target[16];
	uint32_t id;
	uint32_t total; // bytes of the datagram; 0 before the last fragment came
	uint32_t received;
	uint8_t tags[JG_FRAME_TAGS_MAX * 4];
	uint8_t family;
	uint8_t protocol; // IPv4: part of the key; IPv6: of the first fragment
	uint8_t fragments;
	struct range ranges[JG_REASSEMBLY_FRAGMENTS];
	alignas(JG_CACHE_LINE) uint8_t bytes[JG_REASSEMBLY_BYTES];
};

struct jg_reassembly {
	struct jg_reassembly_options options;
	unsigned used;
	uint64_t claims;
	uint64_t evicted;
	uint16_t crowd[CROWDS]; // entries in use, by hash of the source
	struct slot *slots;
	struct entry *entries;
};

static size_t slots_size(const struct jg_reassembly_options *options)
{
	size_t size = options->entries * sizeof(struct slot);

	return (size + JG_CACHE_LINE - 1) & ~(size_t)(JG_CACHE_LINE - 1);
}

static size_t table_size(void)
{
	return (sizeof(struct jg_reassembly) + JG_CACHE_LINE - 1) & ~(size_t)(JG_CACHE_LINE - 1);
}

size_t jg_reassembly_size(const struct jg_reassembly_options *options)
{
	return table_size() + slots_size(options) + options->entries * sizeof(struct entry);
}

struct jg_reassembly *jg_reassembly_init(void *memory, const struct jg_reassembly_options *options)
{
	assert((uintptr_t)memory % JG_CACHE_LINE == 0);
	assert(options->entries > 0 && options->share > 0);
	struct jg_reassembly *table = memory;
	uint8_t *at = memory;

	*table = (struct jg_reassembly){.options = *options};
	at += table_size();
	table->slots = (void *)at;
	memset(table->slots, 0, slots_size(options));
	at += slots_size(options);
	table->entries = (void *)at; // not touched: untouched pages cost nothing
	return table;
}

// A mixing step of 64 bits (xor-shift-multiply); seeded, so that a sender cannot aim at one slot.
static uint64_t mix(uint64_t h, uint64_t v)
{
	h = (h ^ v) * UINT64_C(0x9fb21c651e98df25);
	return h ^ h >> 29;
}

static uint64_t mix_bytes(uint64_t h, const uint8_t *bytes, unsigned n)
{
	for (unsigned i = 0; i < n; i += 8) {
		uint64_t v;

		memcpy(&v, bytes + i, 8);
		h = mix(h, v);
	}
	return h;
}

static uint32_t hash_source(const struct jg_reassembly *table, const struct jg_frame *frame)
{
	// A host owns a /64 and can send from each of its addresses.
	return (uint32_t)mix_bytes(mix(table->options.seed, frame->family), frame->source, 8);
}

static uint32_t hash_key(const struct jg_reassembly *table, const struct jg_frame *frame)
{
	uint64_t h = mix(table->options.seed, frame->fragment_id);

	h = mix_bytes(h, frame->source, 16);
	h = mix_bytes(h, frame->target, 16);
	return (uint32_t)mix_bytes(h, frame->tags, sizeof(frame->tags));
}

static bool is_same(const struct entry *entry, const struct jg_frame *frame)
{
	return entry->id == frame->fragment_id && entry->family == frame->family &&
		memcmp(entry->source, frame->source, 16) == 0 &&
		memcmp(entry->target, frame->target, 16) == 0 &&
		memcmp(entry->tags, frame->tags, sizeof(entry->tags)) == 0 &&
		(frame->family == 6 || entry->protocol == frame->protocol);
}

// In use, and not with the caller.
static bool may_go(const struct slot *slot)
{
	return slot->state == OPEN || slot->state == DOOMED;
}

static uint16_t *crowd_of(struct jg_reassembly *table, const struct slot *slot)
{
	return &table->crowd[slot->source % CROWDS];
}

static void let_go(struct jg_reassembly *table, struct slot *slot)
{
	assert(slot->state != FREE);
	slot->state = FREE;
	table->used--;
	--*crowd_of(table, slot);
}

static struct slot *find(struct jg_reassembly *table, const struct jg_frame *frame, uint32_t key)
{
	for (unsigned i = 0; i < table->options.entries; i++) {
		struct slot *slot = &table->slots[i];

		if (slot->key == key && may_go(slot) && is_same(&table->entries[i], frame))
			return slot;
	}
	return NULL;
}

// Who loses its place when there is none left: the oldest of the source that holds the most, if that
// is more than its fair part, else the oldest of all. A sender of ever new sources cannot keep others
// out: they only have to be done before as many claims as the table has entries. NULL: all are with
// the caller.
static struct slot *find_victim(struct jg_reassembly *table)
{
	struct slot *victim = NULL;
	unsigned most = 0;

	for (unsigned i = 0; i < table->options.entries; i++) {
		struct slot *slot = &table->slots[i];

		if (!may_go(slot))
			continue;
		unsigned crowd = *crowd_of(table, slot);
		crowd = crowd > table->options.entries / FAIR ? crowd : 0;
		if (victim != NULL &&
			(crowd < most || (crowd == most && slot->number > victim->number)))
			continue;
		victim = slot;
		most = crowd;
	}
	return victim;
}

// A place for a source's new datagram. Whoever has its share already loses its own oldest, so that
// nobody who sends under its name keeps it out either.
static struct slot *find_place(struct jg_reassembly *table, uint32_t source)
{
	struct slot *place = NULL;
	struct slot *oldest = NULL;
	unsigned of_source = 0;

	for (unsigned i = 0; i < table->options.entries; i++) {
		struct slot *slot = &table->slots[i];

		if (slot->state == FREE) {
			place = slot;
		} else if (slot->source == source) {
			of_source++;
			if (may_go(slot) && (oldest == NULL || slot->number < oldest->number))
				oldest = slot;
		}
	}
	if (of_source >= table->options.share)
		place = oldest;
	else if (place == NULL)
		place = find_victim(table);
	if (place != NULL && place->state != FREE) {
		table->evicted += place->state == OPEN;
		let_go(table, place);
	}
	return place;
}

// NULL: all places are with the caller.
static struct slot *claim(
	struct jg_reassembly *table, const struct jg_frame *frame, uint32_t key, uint64_t now)
{
	uint32_t source = hash_source(table, frame);
	struct slot *slot = find_place(table, source);

	if (slot == NULL)
		return NULL;
	*slot = (struct slot){.born = now,
		.number = table->claims++,
		.key = key,
		.source = source,
		.state = OPEN};
	table->used++;
	++*crowd_of(table, slot);
	struct entry *entry = &table->entries[slot - table->slots];
	memcpy(entry->source, frame->source, 16);
	memcpy(entry->target, frame->target, 16);
	memcpy(entry->tags, frame->tags, sizeof(entry->tags));
	entry->id = frame->fragment_id;
	entry->total = 0;
	entry->received = 0;
	entry->family = frame->family;
	entry->protocol = frame->protocol;
	entry->fragments = 0;
	return slot;
}

// What is wrong with a fragment of this range, or FRAGMENT_HELD.
static enum jg_counter check(
	const struct entry *entry, const struct jg_frame *frame, struct range range)
{
	for (unsigned i = 0; i < entry->fragments; i++)
		if (range.start < entry->ranges[i].end && entry->ranges[i].start < range.end)
			return JG_COUNTER_FRAGMENT_OVERLAP;
	if (entry->fragments == JG_REASSEMBLY_FRAGMENTS || range.end > JG_REASSEMBLY_BYTES)
		return JG_COUNTER_FRAGMENT_LIMIT;
	if (range.start == range.end || (frame->more_fragments && (range.end & 7) != 0))
		return JG_COUNTER_FRAGMENT_LIMIT;
	// Two ends, or bytes beyond the end.
	if (entry->total != 0 && (!frame->more_fragments || range.end > entry->total))
		return JG_COUNTER_FRAGMENT_OVERLAP;
	if (!frame->more_fragments)
		for (unsigned i = 0; i < entry->fragments; i++)
			if (entry->ranges[i].end > range.end)
				return JG_COUNTER_FRAGMENT_OVERLAP;
	return JG_COUNTER_FRAGMENT_HELD;
}

enum jg_counter jg_reassembly_add(struct jg_reassembly *table, const struct jg_frame *frame,
	const uint8_t *bytes, uint64_t now, struct jg_datagram *whole)
{
	assert(frame->kind == JG_FRAME_FRAGMENT);
	uint32_t key = hash_key(table, frame);
	struct range range = {frame->fragment_offset, frame->fragment_offset + frame->l4_len};
	struct slot *slot = find(table, frame, key);

	if (slot == NULL)
		slot = claim(table, frame, key, now);
	if (slot == NULL)
		return JG_COUNTER_FRAGMENT_NO_ROOM;
	if (slot->state == DOOMED)
		return JG_COUNTER_FRAGMENT_OVERLAP;
	struct entry *entry = &table->entries[slot - table->slots];
	enum jg_counter fate = check(entry, frame, range);
	if (fate != JG_COUNTER_FRAGMENT_HELD) {
		slot->state = DOOMED;
		return fate;
	}
	memcpy(entry->bytes + range.start, bytes + frame->l4, frame->l4_len);
	entry->ranges[entry->fragments++] = range;
	entry->received += frame->l4_len;
	if (range.start == 0)
		entry->protocol = frame->protocol;
	if (!frame->more_fragments)
		entry->total = range.end;
	// No range overlaps another, so that many bytes fill the datagram without a hole.
	if (entry->total == 0 || entry->received != entry->total)
		return JG_COUNTER_FRAGMENT_HELD;
	slot->state = WHOLE;
	*whole = (struct jg_datagram){.bytes = entry->bytes,
		.len = entry->total,
		.entry = (uint32_t)(entry - table->entries),
		.protocol = entry->protocol};
	return JG_COUNTER_REASSEMBLED;
}

void jg_reassembly_release(struct jg_reassembly *table, uint32_t entry)
{
	assert(entry < table->options.entries && table->slots[entry].state == WHOLE);
	let_go(table, &table->slots[entry]);
}

unsigned jg_reassembly_expire(struct jg_reassembly *table, uint64_t now)
{
	unsigned given_up = 0;

	if (table->used == 0)
		return 0;
	for (unsigned i = 0; i < table->options.entries; i++) {
		struct slot *slot = &table->slots[i];

		if (!may_go(slot) || now - slot->born < table->options.life)
			continue;
		given_up += slot->state == OPEN;
		let_go(table, slot);
	}
	return given_up;
}

unsigned jg_reassembly_used(const struct jg_reassembly *table)
{
	return table->used;
}

uint64_t jg_reassembly_evicted(const struct jg_reassembly *table)
{
	return table->evicted;
}
