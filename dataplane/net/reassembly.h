// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/**
 * Fragments to datagrams in a bounded table: at most 16 fragments and 24 kB a datagram, a fixed number
 * of entries, a share per source, a fixed life. A full table gives up its oldest datagram, first of a
 * source that holds more than an eighth of it: nobody can keep others out. One thread. Plain bytes, no
 * DPDK.
 * Source: RFC 791, RFC 8200 section 4.5, RFC 5722 (an overlap drops the whole datagram).
 */

#include "frame.h"

#include <stddef.h>

#define JG_REASSEMBLY_FRAGMENTS 16
#define JG_REASSEMBLY_BYTES (24 * 1024)

struct jg_reassembly;

struct jg_reassembly_options {
	unsigned entries; /**< datagrams at once, below 65536 */
	unsigned
		share; /**< of one source (IPv6: one /64) at once; its oldest goes when it wants more */
	uint64_t life; /**< ticks from the first fragment to arrive */
	uint64_t seed; /**< keys the hash */
};

/** Bytes of memory that jg_reassembly_init() needs, and its alignment is JG_CACHE_LINE. */
size_t jg_reassembly_size(const struct jg_reassembly_options *options);
struct jg_reassembly *jg_reassembly_init(void *memory, const struct jg_reassembly_options *options);

/** A whole datagram: what followed the IP headers. Its bytes may be written to. */
struct jg_datagram {
	uint8_t *bytes; /**< JG_REASSEMBLY_BYTES of room */
	uint32_t len;
	uint32_t entry; /**< for jg_reassembly_release() */
	uint8_t protocol; /**< of the first fragment */
};

/**
 * Add one fragment.
 *
 * @param frame parsed, JG_FRAME_FRAGMENT
 * @param bytes the frame
 * @param now   ticks, never going back
 * @param[out] whole filled in when the datagram is complete; valid until it is released
 * @return JG_COUNTER_REASSEMBLED: complete; FRAGMENT_HELD; FRAGMENT_OVERLAP, FRAGMENT_LIMIT,
 *         FRAGMENT_NO_ROOM: this fragment's fate, and its datagram is lost with it
 */
enum jg_counter jg_reassembly_add(struct jg_reassembly *table, const struct jg_frame *frame,
	const uint8_t *bytes, uint64_t now, struct jg_datagram *whole);

/** A complete datagram has been used. */
void jg_reassembly_release(struct jg_reassembly *table, uint32_t entry);

/** Give up what has outlived its time. @return datagrams given up that nothing else had doomed */
unsigned jg_reassembly_expire(struct jg_reassembly *table, uint64_t now);

/** Datagrams given up so far to make room for newer ones. */
uint64_t jg_reassembly_evicted(const struct jg_reassembly *table);

/** Entries in use. */
unsigned jg_reassembly_used(const struct jg_reassembly *table);
