// SPDX-License-Identifier: BSD-3-Clause
#include "reassembly.h"

#include "bytes.h"
#include "internal/base.h"

#include <assert.h>
#include <stdalign.h>

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

struct entry {
	uint8_t source[16];
	uint8_t target[16];
	uint64_t born;
	uint32_t id;
	uint32_t total; // bytes of the datagram; 0 before the last fragment came
	uint32_t received;
	uint8_t tags[JG_FRAME_TAGS_MAX * 4];
	uint8_t family;
	uint8_t protocol; // IPv4: part of the key; IPv6: of the first fragment
	uint8_t fragments;
	uint8_t state; // enum state
	struct range ranges[JG_REASSEMBLY_FRAGMENTS];
	alignas(JG_CACHE_LINE) uint8_t bytes[JG_REASSEMBLY_BYTES];
};

struct jg_reassembly {
	struct jg_reassembly_options options;
	unsigned used;
	uint32_t *
		keys; // per entry: hash of the datagram, so that a look-up reads one line in most cases
	uint32_t *sources; // per entry: hash of the source
	struct entry *entries;
};

static size_t keys_size(const struct jg_reassembly_options *options)
{
	size_t size = 2 * options->entries * sizeof(uint32_t);

	return (size + JG_CACHE_LINE - 1) & ~(size_t)(JG_CACHE_LINE - 1);
}

static size_t table_size(void)
{
	return (sizeof(struct jg_reassembly) + JG_CACHE_LINE - 1) & ~(size_t)(JG_CACHE_LINE - 1);
}

size_t jg_reassembly_size(const struct jg_reassembly_options *options)
{
	return table_size() + keys_size(options) + options->entries * sizeof(struct entry);
}

struct jg_reassembly *jg_reassembly_init(void *memory, const struct jg_reassembly_options *options)
{
	assert((uintptr_t)memory % JG_CACHE_LINE == 0);
	assert(options->entries > 0 && options->share > 0);
	struct jg_reassembly *table = memory;
	uint8_t *at = memory;

	*table = (struct jg_reassembly){.options = *options};
	at += table_size();
	table->keys = (void *)at;
	table->sources = table->keys + options->entries;
	at += keys_size(options);
	table->entries = (void *)at;
	// The content is not touched: untouched pages cost nothing.
	for (unsigned i = 0; i < options->entries; i++)
		table->entries[i].state = FREE;
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

static struct entry *find(struct jg_reassembly *table, const struct jg_frame *frame, uint32_t key)
{
	for (unsigned i = 0; i < table->options.entries; i++) {
		struct entry *entry = &table->entries[i];

		if (table->keys[i] == key && (entry->state == OPEN || entry->state == DOOMED) &&
			is_same(entry, frame))
			return entry;
	}
	return NULL;
}

// NULL: the table is full, or the source has its share.
static struct entry *claim(
	struct jg_reassembly *table, const struct jg_frame *frame, uint32_t key, uint64_t now)
{
	uint32_t source = hash_source(table, frame);
	unsigned of_source = 0;
	unsigned free = table->options.entries;

	for (unsigned i = 0; i < table->options.entries; i++) {
		if (table->entries[i].state == FREE)
			free = i;
		else if (table->sources[i] == source)
			of_source++;
	}
	if (free == table->options.entries || of_source >= table->options.share)
		return NULL;
	struct entry *entry = &table->entries[free];
	table->keys[free] = key;
	table->sources[free] = source;
	table->used++;
	memcpy(entry->source, frame->source, 16);
	memcpy(entry->target, frame->target, 16);
	memcpy(entry->tags, frame->tags, sizeof(entry->tags));
	entry->born = now;
	entry->id = frame->fragment_id;
	entry->total = 0;
	entry->received = 0;
	entry->family = frame->family;
	entry->protocol = frame->protocol;
	entry->fragments = 0;
	entry->state = OPEN;
	return entry;
}

static void let_go(struct jg_reassembly *table, struct entry *entry)
{
	assert(entry->state != FREE);
	entry->state = FREE;
	table->used--;
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
	struct entry *entry = find(table, frame, key);

	if (entry == NULL)
		entry = claim(table, frame, key, now);
	if (entry == NULL)
		return JG_COUNTER_FRAGMENT_NO_ROOM;
	if (entry->state == DOOMED)
		return JG_COUNTER_FRAGMENT_OVERLAP;
	enum jg_counter fate = check(entry, frame, range);
	if (fate != JG_COUNTER_FRAGMENT_HELD) {
		entry->state = DOOMED;
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
	entry->state = WHOLE;
	*whole = (struct jg_datagram){.bytes = entry->bytes,
		.len = entry->total,
		.entry = (uint32_t)(entry - table->entries),
		.protocol = entry->protocol};
	return JG_COUNTER_REASSEMBLED;
}

void jg_reassembly_release(struct jg_reassembly *table, uint32_t entry)
{
	assert(entry < table->options.entries && table->entries[entry].state == WHOLE);
	let_go(table, &table->entries[entry]);
}

unsigned jg_reassembly_expire(struct jg_reassembly *table, uint64_t now)
{
	unsigned given_up = 0;

	if (table->used == 0)
		return 0;
	for (unsigned i = 0; i < table->options.entries; i++) {
		struct entry *entry = &table->entries[i];

		if ((entry->state != OPEN && entry->state != DOOMED) ||
			now - entry->born < table->options.life)
			continue;
		given_up += entry->state == OPEN;
		let_go(table, entry);
	}
	return given_up;
}

unsigned jg_reassembly_used(const struct jg_reassembly *table)
{
	return table->used;
}
