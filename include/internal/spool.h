// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/**
 * Records of any length from one thread to one other, through a bounded ring of bytes. The writer never
 * waits: a record that finds no room is the writer's to count. What has been read is wiped.
 */

#include <joingate/types.h>

#include <stddef.h>

struct jg_spool;

/** @param bytes a power of two, at least 64; touched at once, so that the writer meets no page fault */
JG_MUST_CHECK struct jg_spool *jg_spool_new(size_t bytes, struct jg_error *err);
/** Wipe and free; NULL is allowed. */
void jg_spool_free(struct jg_spool *spool);

/** Writer: room for one record of len bytes, aligned to 8; NULL: there is none, or len is more than half
 * of the ring. Nobody sees it before jg_spool_commit(); reserving again forgets it. */
JG_MUST_CHECK void *jg_spool_reserve(struct jg_spool *spool, uint32_t len);
void jg_spool_commit(struct jg_spool *spool);

/** Reader: the oldest record, which stays until jg_spool_release(); NULL: none. */
JG_MUST_CHECK void *jg_spool_peek(struct jg_spool *spool, uint32_t *len);
/** Reader: wipe what jg_spool_peek() gave, and make room. */
void jg_spool_release(struct jg_spool *spool);
