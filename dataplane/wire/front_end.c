// SPDX-License-Identifier: BSD-3-Clause
// The table of front ends. Looking one up is one load from an index by id, then the entry itself.
#include "internal/front_end.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#define ID_MAX UINT16_MAX
#define NONE UINT16_MAX

struct jg_front_ends {
	struct jg_front_end *entries;
	struct jg_source *prefixes; /**< of all entries, one after the other */
	uint16_t *index; /**< entry by id, NONE = no such front end */
	uint32_t ids; /**< length of index */
	uint32_t n;
	bool insecure;
};

static_assert(JG_CALLERS_MAX < NONE, "an entry's number fits the index");

static bool is_prefix(const struct jg_address *address)
{
	return (address->family == 4 && address->prefix <= 32) ||
		(address->family == 6 && address->prefix <= 128);
}

static int check_entry(const struct jg_front_end_entry *entry, struct jg_error *err)
{
	if (entry->id < 1 || entry->id > ID_MAX) {
		jg_error_set(err, "front end id %u is outside 1..%u", entry->id, ID_MAX);
		return -EINVAL;
	}
	if (entry->caller < 1 || entry->caller >= JG_CALLERS_MAX) {
		jg_error_set(err, "front end %u: caller %u is outside 1..%u", entry->id,
			entry->caller, JG_CALLERS_MAX - 1);
		return -EINVAL;
	}
	if (entry->key.len < JG_FRONT_END_KEY_MIN) {
		jg_error_set(err, "front end %u: the key has %u bytes, expected %u or more",
			entry->id, entry->key.len, JG_FRONT_END_KEY_MIN);
		return -EINVAL;
	}
	if (entry->from_n == 0) {
		jg_error_set(
			err, "front end %u: no source prefix, expected at least one", entry->id);
		return -EINVAL;
	}
	for (uint32_t i = 0; i < entry->from_n; i++) {
		if (!is_prefix(&entry->from[i])) {
			jg_error_set(err,
				"front end %u: source prefix %u is longer than its address",
				entry->id, i + 1);
			return -EINVAL;
		}
	}
	return 0;
}

static int check_entries(const struct jg_front_end_entry *entries, unsigned n, struct jg_error *err)
{
	uint8_t taken[JG_CALLERS_MAX] = {0};
	if (n >= JG_CALLERS_MAX) {
		jg_error_set(err, "%u front ends, expected at most %u", n, JG_CALLERS_MAX - 1);
		return -EINVAL;
	}
	for (unsigned i = 0; i < n; i++) {
		const int rc = check_entry(&entries[i], err);
		if (rc != 0)
			return rc;
		if (taken[entries[i].caller]++ != 0) {
			jg_error_set(err, "front end %u: caller %u is another front end's",
				entries[i].id, entries[i].caller);
			return -EEXIST;
		}
	}
	return 0;
}

static void *alloc_lines(size_t size)
{
	const size_t line = JG_CACHE_LINE;
	void *p = aligned_alloc(line, (size + line - 1) / line * line + line);
	if (p != NULL)
		memset(p, 0, size);
	return p;
}

static int alloc_tables(
	struct jg_front_ends *table, const struct jg_front_end_entry *entries, unsigned n)
{
	size_t prefixes = 1;
	for (unsigned i = 0; i < n; i++) {
		prefixes += entries[i].from_n;
		table->ids = entries[i].id >= table->ids ? entries[i].id + 1 : table->ids;
	}
	table->entries = alloc_lines(n * sizeof(*table->entries));
	table->prefixes = calloc(prefixes, sizeof(*table->prefixes));
	table->index = calloc(table->ids + 1, sizeof(*table->index));
	if (table->entries == NULL || table->prefixes == NULL || table->index == NULL)
		return -ENOMEM;
	for (uint32_t id = 0; id < table->ids; id++)
		table->index[id] = NONE;
	return 0;
}

static struct jg_source source_of(const struct jg_address *address)
{
	struct jg_source source = {.family = address->family};
	uint8_t mask[16] = {0};

	for (unsigned bit = 0; bit < address->prefix; bit++)
		mask[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
	memcpy(source.mask, mask, sizeof(mask));
	memcpy(source.value, address->bytes, sizeof(source.value));
	for (unsigned i = 0; i < 2; i++)
		source.value[i] &= source.mask[i];
	return source;
}

static int fill(struct jg_front_ends *table, const struct jg_front_end_entry *entries, unsigned n,
	struct jg_error *err)
{
	struct jg_source *prefix = table->prefixes;
	for (; table->n < n; table->n++) {
		const struct jg_front_end_entry *entry = &entries[table->n];
		struct jg_front_end *front_end = &table->entries[table->n];
		if (table->index[entry->id] != NONE) {
			jg_error_set(err, "front end id %u is there twice", entry->id);
			return -EEXIST;
		}
		table->index[entry->id] = (uint16_t)table->n;
		jg_mac_key_init(&front_end->key, JG_MAC_SHA256, entry->key.p, entry->key.len);
		front_end->from = prefix;
		for (uint32_t i = 0; i < entry->from_n; i++)
			*prefix++ = source_of(&entry->from[i]);
		front_end->from_n = entry->from_n;
		front_end->id = (uint16_t)entry->id;
		front_end->caller = (uint16_t)entry->caller;
	}
	return 0;
}

struct jg_front_ends *jg_front_ends_new(
	const struct jg_front_end_entry *entries, unsigned n, bool insecure, struct jg_error *err)
{
	if (check_entries(entries, n, err) != 0)
		return NULL;
	struct jg_front_ends *table = calloc(1, sizeof(*table));
	if (table == NULL || alloc_tables(table, entries, n) != 0) {
		jg_error_set(err, "no memory for %u front ends", n);
		jg_front_ends_free(table);
		return NULL;
	}
	table->insecure = insecure;
	if (fill(table, entries, n, err) != 0) {
		jg_front_ends_free(table);
		return NULL;
	}
	return table;
}

void jg_front_ends_free(struct jg_front_ends *front_ends)
{
	if (front_ends == NULL)
		return;
	if (front_ends->entries != NULL)
		explicit_bzero(front_ends->entries, front_ends->n * sizeof(*front_ends->entries));
	free(front_ends->entries);
	free(front_ends->prefixes);
	free(front_ends->index);
	free(front_ends);
}

unsigned jg_front_ends_count(const struct jg_front_ends *front_ends)
{
	return front_ends->n;
}

bool jg_front_ends_insecure(const struct jg_front_ends *front_ends)
{
	return front_ends->insecure;
}

const struct jg_front_end *jg_front_ends_find(const struct jg_front_ends *front_ends, unsigned id)
{
	if (id >= front_ends->ids || front_ends->index[id] == NONE)
		return NULL;
	return &front_ends->entries[front_ends->index[id]];
}

static bool is_inside(const struct jg_source *prefix, unsigned family, const uint8_t address[16])
{
	uint64_t bits[2];

	memcpy(bits, address, sizeof(bits));
	return prefix->family == family && (bits[0] & prefix->mask[0]) == prefix->value[0] &&
		(bits[1] & prefix->mask[1]) == prefix->value[1];
}

enum jg_wire_fate jg_front_ends_admit(const struct jg_front_ends *front_ends,
	const struct jg_wire_request *wire, unsigned family, const uint8_t source[16],
	const struct jg_front_end **found)
{
	*found = NULL;
	if (wire->front_end == 0)
		return front_ends->insecure ? JG_WIRE_FATE_OK : JG_WIRE_FATE_FRONT_END;
	const struct jg_front_end *front_end = jg_front_ends_find(front_ends, wire->front_end);
	if (front_end == NULL)
		return JG_WIRE_FATE_FRONT_END;
	for (uint32_t i = 0; i < front_end->from_n; i++) {
		if (is_inside(&front_end->from[i], family, source)) {
			*found = front_end;
			return JG_WIRE_FATE_OK;
		}
	}
	return JG_WIRE_FATE_SOURCE;
}
